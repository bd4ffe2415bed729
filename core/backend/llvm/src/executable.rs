//! Programs in machine code, and what they call back.

use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use jaxrs_data::{Error, Result};
use jaxrs_kernel::{HostCall, LibraryCall, MatMul, Place, Program, Sort, Step, TopK};
use jaxrs_routines::{matmul, slow, sort, top_k};
use jaxrs_runtime::{Executable, FloatMode, HostBuffer, LaunchArgs, Pool};
use parking_lot::Mutex;

use crate::loader::Code;

/// What compiled code finds behind its first argument; the fields are those of
/// [`Slot`](crate::table::Slot).
#[repr(C)]
struct Context {
    parallel_for: unsafe extern "C" fn(*const Context, Task, *const u8, i64, i64),
    copy: unsafe extern "C" fn(*const Context, *mut u8, *const u8, i64),
    matmul: unsafe extern "C" fn(*const Context, i64, *mut u8, *const u8, *const u8),
    sort: unsafe extern "C" fn(*const Context, i64, *const *mut u8),
    top_k: unsafe extern "C" fn(*const Context, i64, *const *mut u8),
    host: unsafe extern "C" fn(*const Context, i64, *const *mut u8) -> i32,
    unary_f32: unsafe extern "C" fn(i32, *mut f32, i64),
    unary_f64: unsafe extern "C" fn(i32, *mut f64, i64),
    binary_f32: unsafe extern "C" fn(i32, *mut f32, *const f32, i64),
    binary_f64: unsafe extern "C" fn(i32, *mut f64, *const f64, i64),
    constants: *const *const u8,
    // From here on for the runtime only.
    pool: Arc<Pool>,
    calls: Arc<[Call]>,
    /// The floating-point mode of the caller, in which routines of the host's run.
    mode: u32,
    /// What ended the run; each run of a program with routines of the host's has a context of its own.
    failure: Mutex<Option<Error>>,
}

impl Context {
    /// A context for one run.
    fn of_run(&self) -> Context {
        Context {
            pool: self.pool.clone(),
            calls: self.calls.clone(),
            mode: FloatMode::current(),
            failure: Mutex::new(None),
            ..*self
        }
    }
}

/// A range of a kernel's units.
type Task = unsafe extern "C" fn(*const u8, i64, i64);

/// A library call of the program, in order of emission.
pub(crate) enum Call {
    MatMul(MatMul, jaxrs_data::DType),
    Sort(Sort, Vec<jaxrs_data::DType>),
    TopK(TopK, jaxrs_data::DType),
    Host(HostCall, Vec<usize>),
}

/// A program in machine code.
pub(crate) struct Native {
    code: Code,
    context: Box<Context>,
    program: Arc<Program>,
    arenas: Mutex<Vec<HostBuffer>>,
    streamed_outputs: Vec<usize>,
    keep_denormals: bool,
    text: String,
    /// The addresses that `context.constants` points to, into literals of `program`.
    _constants: Box<[*const u8]>,
}

// SAFETY: code and constants are read-only, the pool is shared between threads by design.
unsafe impl Send for Native {}
// SAFETY: as above; arenas are behind a lock.
unsafe impl Sync for Native {}

impl Native {
    pub(crate) fn new(
        code: Code,
        program: Arc<Program>,
        pool: Arc<Pool>,
        streamed_outputs: Vec<usize>,
        keep_denormals: bool,
        text: String,
    ) -> Native {
        let constants: Box<[*const u8]> = program
            .buffers
            .iter()
            .filter_map(|buffer| match &buffer.place {
                Place::Constant(literal) => Some(literal.bytes().as_ptr()),
                _ => None,
            })
            .collect();
        let calls = calls(&program);
        let context = Box::new(Context {
            parallel_for,
            copy,
            matmul: call_matmul,
            sort: call_sort,
            top_k: call_top_k,
            host: call_host,
            unary_f32,
            unary_f64,
            binary_f32,
            binary_f64,
            constants: constants.as_ptr(),
            pool,
            calls: calls.into(),
            mode: 0,
            failure: Mutex::new(None),
        });
        let arenas = Mutex::new(Vec::new());
        Native {
            code,
            context,
            program,
            arenas,
            streamed_outputs,
            keep_denormals,
            text,
            _constants: constants,
        }
    }

    fn arena(&self) -> Result<Option<HostBuffer>> {
        if self.program.arena_bytes == 0 {
            return Ok(None);
        }
        if let Some(arena) = self.arenas.lock().pop() {
            return Ok(Some(arena));
        }
        HostBuffer::allocate(self.program.arena_bytes).map(Some)
    }

    /// Memory that stands in for outputs that are not aligned as streaming stores need.
    fn stand_ins(&self, outputs: &[*mut u8]) -> Result<Vec<(usize, HostBuffer)>> {
        let mut stand_ins = Vec::new();
        for &number in &self.streamed_outputs {
            if !outputs[number].addr().is_multiple_of(64) {
                let bytes = self.program[self.program.outputs[number]].size_bytes();
                stand_ins.push((number, HostBuffer::allocate(bytes)?));
            }
        }
        Ok(stand_ins)
    }

    /// # Safety
    ///
    /// As for [`Executable::run`].
    unsafe fn enter(&self, inputs: &[*const u8], outputs: &[*mut u8]) -> Result<()> {
        type Entry =
            unsafe extern "C" fn(*const Context, *const *const u8, *const *mut u8, *mut u8);
        let arena = self.arena()?;
        let arena_start = arena.as_ref().map_or(std::ptr::null_mut(), HostBuffer::as_ptr);
        let own_context = self.context.calls.iter().any(|call| matches!(call, Call::Host(..)));
        // SAFETY: the entry function was compiled with this signature.
        let entry: Entry = unsafe { std::mem::transmute(self.code.entry()) };
        let of_run = own_context.then(|| self.context.of_run());
        let context = of_run.as_ref().unwrap_or(&self.context);
        let mode = (!self.keep_denormals).then(FloatMode::flush_denormals);
        // SAFETY: the pointers are as the program says, by the caller's promise.
        unsafe { entry(context, inputs.as_ptr(), outputs.as_ptr(), arena_start) };
        drop(mode);
        if let Some(arena) = arena {
            self.arenas.lock().push(arena);
        }
        match of_run.and_then(|context| context.failure.into_inner()) {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }
}

impl Executable for Native {
    unsafe fn run(&self, args: &LaunchArgs<'_>) -> Result<()> {
        let stand_ins = self.stand_ins(args.outputs)?;
        if stand_ins.is_empty() {
            // SAFETY: by the caller's promise.
            return unsafe { self.enter(args.inputs, args.outputs) };
        }
        let mut outputs = args.outputs.to_vec();
        stand_ins.iter().for_each(|(number, buffer)| outputs[*number] = buffer.as_ptr());
        // SAFETY: by the caller's promise; stand-ins are as large as the outputs.
        unsafe { self.enter(args.inputs, &outputs) }?;
        for (number, buffer) in &stand_ins {
            let to = args.outputs[*number];
            // SAFETY: both have the output's size and do not overlap.
            unsafe { buffer.as_ptr().copy_to_nonoverlapping(to, buffer.len_bytes()) };
        }
        Ok(())
    }

    fn code_bytes(&self) -> usize {
        self.code.len_bytes()
    }

    fn describe(&self) -> String {
        let mut text = self.text.clone();
        if text.is_empty() {
            let _ = write!(text, "machine code at {:p}", self.code.entry());
        }
        text
    }
}

/// The library calls of a program, in order of emission.
pub(crate) fn calls(program: &Program) -> Vec<Call> {
    let mut calls = Vec::new();
    collect_calls(program, &program.steps, &mut calls);
    calls
}

fn collect_calls(program: &Program, steps: &[Step], calls: &mut Vec<Call>) {
    for step in steps {
        match step {
            Step::Library(LibraryCall::MatMul(m)) => {
                calls.push(Call::MatMul(m.clone(), program[m.out.buffer].dtype));
            }
            Step::Library(LibraryCall::Sort(s)) => {
                let dtypes = s.inputs.iter().map(|&id| program[id].dtype).collect();
                calls.push(Call::Sort(s.clone(), dtypes));
            }
            Step::Library(LibraryCall::TopK(top)) => {
                calls.push(Call::TopK(top.clone(), program[top.input].dtype));
            }
            Step::Library(LibraryCall::Host(h)) => {
                let buffers = h.inputs.iter().chain(&h.outputs);
                let bytes = buffers.map(|&id| program[id].size_bytes()).collect();
                calls.push(Call::Host(h.clone(), bytes));
            }
            Step::Repeat { trips: 0, .. } | Step::Kernel(_) | Step::Copy { .. } => {}
            Step::Repeat { body, .. } => collect_calls(program, body, calls),
            Step::While { condition, body, .. } => {
                collect_calls(program, condition, calls);
                collect_calls(program, body, calls);
            }
            Step::Switch { branches, .. } => {
                branches.iter().for_each(|branch| collect_calls(program, branch, calls));
            }
        }
    }
}

/// Pointers that tasks on other threads use.
#[derive(Clone, Copy)]
struct Shared<T>(T);

// SAFETY: what they point to is prepared for use from several threads: kernels' points are independent.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    fn get(&self) -> T {
        self.0
    }
}

/// # Safety
///
/// `context` is live, `task` takes ranges of `units` with `env`.
unsafe extern "C" fn parallel_for(
    context: *const Context,
    task: Task,
    env: *const u8,
    units: i64,
    grain: i64,
) {
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    let env = Shared(env);
    context.pool.parallel_for(units as usize, grain as usize, &|begin, end| {
        // SAFETY: by the caller's promise.
        unsafe { task(env.get(), begin as i64, end as i64) };
    });
}

/// # Safety
///
/// `bytes` may be read from `from` and written to `to`, and either is the same or they don't overlap.
unsafe extern "C" fn copy(context: *const Context, to: *mut u8, from: *const u8, bytes: i64) {
    const TASK_BYTES: usize = 1 << 20;
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    let (to, from) = (Shared(to), Shared(from));
    context.pool.parallel_for(bytes as usize, TASK_BYTES, &|begin, end| {
        let (from, to) = (from.get().wrapping_add(begin), to.get().wrapping_add(begin));
        // SAFETY: the range lies within the bytes that the caller promised.
        unsafe { from.copy_to(to, end - begin) };
    });
}

/// # Safety
///
/// The pointers are to the operands of the call of this number.
unsafe extern "C" fn call_matmul(
    context: *const Context,
    number: i64,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    if let Some(Call::MatMul(m, dtype)) = context.calls.get(number as usize) {
        // SAFETY: by the caller's promise.
        unsafe { matmul::run(&context.pool, m, *dtype, out, lhs, rhs) };
    }
}

/// # Safety
///
/// `pointers` are the inputs, then the outputs, of the call of this number.
unsafe extern "C" fn call_sort(context: *const Context, number: i64, pointers: *const *mut u8) {
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    if let Some(Call::Sort(s, dtypes)) = context.calls.get(number as usize) {
        // SAFETY: there are as many pointers as operands, by the caller's promise.
        let pointers = unsafe { std::slice::from_raw_parts(pointers, 2 * s.inputs.len()) };
        // SAFETY: by the caller's promise.
        unsafe { sort::run(&context.pool, s, dtypes, pointers) };
    }
}

/// # Safety
///
/// `pointers` are the input, the values and the positions of the call of this number.
unsafe extern "C" fn call_top_k(context: *const Context, number: i64, pointers: *const *mut u8) {
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    if let Some(Call::TopK(top, dtype)) = context.calls.get(number as usize) {
        // SAFETY: there are three pointers, by the caller's promise.
        let pointers = unsafe { &*pointers.cast::<[*mut u8; 3]>() };
        // SAFETY: by the caller's promise.
        unsafe { top_k::run(&context.pool, top, *dtype, pointers) };
    }
}

/// Gives 0, or 1 where the program is to end.
///
/// # Safety
///
/// `pointers` are the inputs, then the outputs, of the call of this number.
unsafe extern "C" fn call_host(
    context: *const Context,
    number: i64,
    pointers: *const *mut u8,
) -> i32 {
    // SAFETY: by the caller's promise.
    let context = unsafe { &*context };
    let Some(Call::Host(call, bytes)) = context.calls.get(number as usize) else { return 0 };
    // SAFETY: there are as many pointers as operands, by the caller's promise.
    let pointers = unsafe { std::slice::from_raw_parts(pointers, bytes.len()) };
    let n_inputs = call.inputs.len();
    let slices = || pointers.iter().zip(bytes).map(|(&start, &len)| (non_null(start, len), len));
    let inputs: Vec<&[u8]> = slices()
        .take(n_inputs)
        // SAFETY: an input has this many bytes, and nothing writes to them during the call.
        .map(|(start, len)| unsafe { std::slice::from_raw_parts(start.cast_const(), len) })
        .collect();
    let mut outputs: Vec<&mut [u8]> = slices()
        .skip(n_inputs)
        // SAFETY: an output has this many bytes, and overlaps neither an input nor another output.
        .map(|(start, len)| unsafe { std::slice::from_raw_parts_mut(start, len) })
        .collect();
    let _mode = FloatMode::set(context.mode);
    let pool = &*context.pool;
    let threads = |n: usize, task: &(dyn Fn(usize) + Sync)| pool.for_each(n, task);
    let run = AssertUnwindSafe(|| call.routine.run_on(&threads, &inputs, &mut outputs));
    let done = catch_unwind(run).unwrap_or_else(|_| {
        Err(Error::internal(format_args!("the routine {} panicked", call.routine.name())))
    });
    match done {
        Ok(()) => 0,
        Err(failure) => {
            *context.failure.lock() = Some(failure);
            1
        }
    }
}

/// A pointer that may start a slice, also where there are no bytes.
fn non_null(start: *mut u8, len: usize) -> *mut u8 {
    if len == 0 { std::ptr::NonNull::dangling().as_ptr() } else { start }
}

macro_rules! by_element {
    ($unary:ident, $binary:ident, $float:ty) => {
        /// # Safety
        ///
        /// There are `n` values.
        unsafe extern "C" fn $unary(number: i32, values: *mut $float, n: i64) {
            // SAFETY: by the caller's promise.
            let values = unsafe { std::slice::from_raw_parts_mut(values, n as usize) };
            slow::each(slow::UNARY[number as usize], values);
        }

        /// # Safety
        ///
        /// There are `n` values on both sides.
        unsafe extern "C" fn $binary(number: i32, a: *mut $float, b: *const $float, n: i64) {
            // SAFETY: by the caller's promise.
            let a = unsafe { std::slice::from_raw_parts_mut(a, n as usize) };
            // SAFETY: by the caller's promise.
            let b = unsafe { std::slice::from_raw_parts(b, n as usize) };
            slow::each_pair(slow::BINARY[number as usize], a, b);
        }
    };
}

by_element!(unary_f32, binary_f32, f32);
by_element!(unary_f64, binary_f64, f64);

//! Routines for programs that were compiled ahead of time, as C functions. The archive of this crate is no library of its
//! own: `jaxrs aot` links the functions that a program calls into its object and hides their names.
//!
//! Each takes the table that the program's code finds behind its first argument. Calls are numbered; what a call is
//! stands in the table as a list of numbers, which the emitter writes (`standalone.rs` of the LLVM back end):
//!
//! | call | numbers |
//! | --- | --- |
//! | matrix product | element type, batch, m, n, k; strides (batch, row, column) of left, right and result |
//! | sort | outer, len, inner, keys, operands; element type of each |
//! | top k | element type, outer, len, inner, k, ranking |
//! | routine | inputs, outputs, bytes of its description; bytes of each input and output; the description, 8 bytes a number |

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use jaxrs_data::DType;
use jaxrs_ir::routine::from_description;
use jaxrs_kernel::{BufferId, HostRoutine, MatMul, Operand, Ranking, Sort, TopK};
use jaxrs_routines::{matmul, slow, sort, top_k};
use jaxrs_runtime::{FloatMode, Pool};

/// The fields of the emitter's table, of which this crate uses the last: what each call is, and what the program gives
/// where a routine fails. It is the call's own where there are routines.
#[repr(C)]
pub struct Table {
    functions: [*const u8; 11],
    calls: *const *const i64,
    failed: i64,
}

/// Programs that were compiled ahead of time run on the caller's thread.
fn pool() -> &'static Arc<Pool> {
    static POOL: OnceLock<Arc<Pool>> = OnceLock::new();
    POOL.get_or_init(|| Pool::new(1))
}

/// The numbers of a call.
///
/// # Safety
///
/// The table has such a call, of `n` numbers or more, and outlives them.
unsafe fn numbers<'t>(table: *const Table, call: i64, n: usize) -> &'t [i64] {
    // SAFETY: by the caller's promise.
    let calls = unsafe { (*table).calls };
    let call = calls.wrapping_offset(call as isize);
    // SAFETY: by the caller's promise.
    let numbers = unsafe { *call };
    // SAFETY: by the caller's promise.
    unsafe { std::slice::from_raw_parts(numbers, n) }
}

fn dtype(number: i64) -> DType {
    DType::from_number(number as u32).unwrap_or(DType::F32)
}

const NO_BUFFER: BufferId = BufferId(0);

fn operand(strides: &[i64]) -> Operand {
    let [batch, row, col] = [0, 1, 2].map(|k| strides[k] as isize);
    Operand {
        buffer: NO_BUFFER,
        offset: 0,
        step: None,
        batch_stride: batch,
        row_stride: row,
        col_stride: col,
    }
}

/// # Safety
///
/// The call is a matrix product of this element type, and the pointers are to its operands.
unsafe fn product<T: matmul::Element>(
    table: *const Table,
    call: i64,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 14) };
    let [batch, rows, cols, k] = [1, 2, 3, 4].map(|i| n[i] as usize);
    let (lhs_view, rhs_view, out_view) = (operand(&n[5..]), operand(&n[8..]), operand(&n[11..]));
    let product =
        MatMul { batch, m: rows, n: cols, k, lhs: lhs_view, rhs: rhs_view, out: out_view };
    // SAFETY: by the caller's promise.
    unsafe { matmul::run_of::<T>(pool(), &product, out, lhs, rhs) };
}

/// Each element type has a function of its own, so that a program brings along what it needs and not the others.
macro_rules! product {
    ($name:ident, $element:ty) => {
        /// A matrix product.
        ///
        /// # Safety
        ///
        /// The call is one of this element type, and the pointers are to its operands.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(
            table: *const Table,
            call: i64,
            out: *mut u8,
            lhs: *const u8,
            rhs: *const u8,
        ) {
            // SAFETY: by the caller's promise.
            unsafe { product::<$element>(table, call, out, lhs, rhs) };
        }
    };
}

product!(jaxrs_standalone_matmul_f32, f32);
product!(jaxrs_standalone_matmul_f64, f64);
product!(jaxrs_standalone_matmul_c64, matmul::c32);
product!(jaxrs_standalone_matmul_c128, matmul::c64);

/// A matrix product, in a program that has them of several element types.
///
/// # Safety
///
/// The call is one, and the pointers are to its operands.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_matmul(
    table: *const Table,
    call: i64,
    out: *mut u8,
    lhs: *const u8,
    rhs: *const u8,
) {
    // SAFETY: by the caller's promise.
    let element = unsafe { numbers(table, call, 1) }[0];
    let of = match dtype(element) {
        DType::F32 => jaxrs_standalone_matmul_f32,
        DType::C64 => jaxrs_standalone_matmul_c64,
        DType::C128 => jaxrs_standalone_matmul_c128,
        _ => jaxrs_standalone_matmul_f64,
    };
    // SAFETY: by the caller's promise.
    unsafe { of(table, call, out, lhs, rhs) };
}

/// A sort.
///
/// # Safety
///
/// The call is one, and the pointers are to its operands and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_sort(
    table: *const Table,
    call: i64,
    pointers: *const *mut u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 5) };
    let [outer, len, inner, n_keys, n_operands] = [0, 1, 2, 3, 4].map(|i| n[i] as usize);
    // SAFETY: an element type follows for each operand.
    let dtypes = &unsafe { numbers(table, call, 5 + n_operands) }[5..];
    let dtypes: Vec<DType> = dtypes.iter().map(|&number| dtype(number)).collect();
    let buffers = vec![NO_BUFFER; n_operands];
    let all = Sort { outer, len, inner, n_keys, inputs: buffers.clone(), outputs: buffers };
    // SAFETY: there is a pointer for each operand and each result.
    let pointers = unsafe { std::slice::from_raw_parts(pointers, 2 * n_operands) };
    // SAFETY: by the caller's promise.
    unsafe { sort::run(pool(), &all, &dtypes, pointers) };
}

/// A selection of the first elements.
///
/// # Safety
///
/// The call is one, and the pointers are to its operand and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_top_k(
    table: *const Table,
    call: i64,
    pointers: *const *mut u8,
) {
    // SAFETY: by the caller's promise.
    let n = unsafe { numbers(table, call, 6) };
    let [outer, len, inner, k] = [1, 2, 3, 4].map(|i| n[i] as usize);
    let ranking = match n[5] {
        0 => Ranking::Total,
        1 => Ranking::Largest,
        _ => Ranking::Smallest,
    };
    let (input, values, positions) = (NO_BUFFER, NO_BUFFER, NO_BUFFER);
    let top = TopK { outer, len, inner, k, ranking, input, values, positions };
    // SAFETY: there are three pointers, by the caller's promise.
    let pointers = unsafe { &*pointers.cast::<[*mut u8; 3]>() };
    // SAFETY: by the caller's promise.
    unsafe { top_k::run(pool(), &top, dtype(n[0]), pointers) };
}

/// A routine, which is made at its first call and kept.
fn routine(address: usize, description: &[u8]) -> Option<Arc<dyn HostRoutine>> {
    type Known = Mutex<HashMap<usize, Arc<dyn HostRoutine>>>;
    static KNOWN: OnceLock<Known> = OnceLock::new();
    let mut known =
        KNOWN.get_or_init(Known::default).lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(routine) = known.get(&address) {
        return Some(routine.clone());
    }
    let routine = from_description(description).ok()?;
    known.insert(address, routine.clone());
    Some(routine)
}

/// The bytes of an operand, where there may be none.
fn start(pointer: *mut u8, len: usize) -> *mut u8 {
    if len == 0 { std::ptr::NonNull::dangling().as_ptr() } else { pointer }
}

/// A routine of the library. Gives 0, or 1 where it fails.
///
/// # Safety
///
/// The call is one, and the pointers are to its operands and results.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn jaxrs_standalone_host(
    table: *mut Table,
    call: i64,
    pointers: *const *mut u8,
) -> i32 {
    // SAFETY: by the caller's promise.
    let head = unsafe { numbers(table, call, 3) };
    let [n_inputs, n_outputs, len] = [0, 1, 2].map(|k| head[k] as usize);
    let n = n_inputs + n_outputs;
    // SAFETY: lengths and the description follow.
    let all = unsafe { numbers(table, call, 3 + n + len.div_ceil(8)) };
    let description: Vec<u8> = all[3 + n..].iter().flat_map(|word| word.to_le_bytes()).collect();
    // SAFETY: there is a pointer for each operand and each result.
    let pointers = unsafe { std::slice::from_raw_parts(pointers, n) };
    let parts =
        || pointers.iter().zip(&all[3..]).map(|(&p, &len)| (start(p, len as usize), len as usize));
    let inputs: Vec<&[u8]> = parts()
        .take(n_inputs)
        // SAFETY: an operand has this many bytes, which nobody writes to now.
        .map(|(start, len)| unsafe { std::slice::from_raw_parts(start.cast_const(), len) })
        .collect();
    let mut outputs: Vec<&mut [u8]> = parts()
        .skip(n_inputs)
        // SAFETY: a result has this many bytes, and overlaps nothing else.
        .map(|(start, len)| unsafe { std::slice::from_raw_parts_mut(start, len) })
        .collect();
    // As in the library, where the mode of the program's kernels is not that of routines.
    let _mode = FloatMode::keep_denormals();
    let run = AssertUnwindSafe(|| {
        let routine = routine(head.as_ptr() as usize, &description[..len])?;
        routine.run_on(&|n, task| pool().for_each(n, task), &inputs, &mut outputs).ok()
    });
    // No panic leaves through code that knows none.
    if matches!(catch_unwind(run), Ok(Some(()))) {
        return 0;
    }
    const FAILED: i64 = 2;
    // SAFETY: the table is the call's own, by the emitter's promise.
    unsafe { (*table).failed = FAILED };
    1
}

macro_rules! by_element {
    ($unary:ident, $binary:ident, $float:ty) => {
        /// A function of one operand, in place.
        ///
        /// # Safety
        ///
        /// There are `n` values.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $unary(number: i32, values: *mut $float, n: i64) {
            // SAFETY: by the caller's promise.
            let values = unsafe { std::slice::from_raw_parts_mut(values, n as usize) };
            slow::each(slow::UNARY[number as usize], values);
        }

        /// A function of two operands, in place of the left one.
        ///
        /// # Safety
        ///
        /// There are `n` values on both sides.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $binary(number: i32, a: *mut $float, b: *const $float, n: i64) {
            // SAFETY: by the caller's promise.
            let a = unsafe { std::slice::from_raw_parts_mut(a, n as usize) };
            // SAFETY: by the caller's promise.
            let b = unsafe { std::slice::from_raw_parts(b, n as usize) };
            slow::each_pair(slow::BINARY[number as usize], a, b);
        }
    };
}

by_element!(jaxrs_standalone_unary_f32, jaxrs_standalone_binary_f32, f32);
by_element!(jaxrs_standalone_unary_f64, jaxrs_standalone_binary_f64, f64);

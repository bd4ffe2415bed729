//! Objects that other programs link: a C function, and all that it calls. The table that compiled code finds behind its
//! first argument is a constant of the object here; its functions are emitted where they are simple, functions of the C
//! library where Rust calls the same ones, and otherwise those of the archive `jaxrs_standalone`.

use inkwell::OptimizationLevel;
use inkwell::context::Context;
use jaxrs_data::{DType, Literal, Result, bail};
use jaxrs_kernel::{Place, Program, Ranking, ScalarOp};
use jaxrs_routines::slow;

use crate::executable::{Call, calls};
use crate::ir::{IntCmp, Ir, Ty, V};
use crate::outline::Part;
use crate::program::ENTRY;
use crate::table::{Slot, SlowCalls};
use crate::{LlvmBackend, PASSES};

/// An object file.
#[derive(Debug)]
pub struct Standalone {
    /// Its bytes.
    pub object: Vec<u8>,
    /// The functions of the archive that it needs.
    pub routines: Vec<&'static str>,
}

impl LlvmBackend {
    /// The object of a program: `int SYMBOL(const void *const *inputs, void *const *outputs, void *workspace)`. Its first
    /// inputs are constants, which the object holds. It gives 0, 1 where it needs a workspace and got
    /// none, or 2 where a routine of the library fails.
    pub fn standalone(
        &self,
        program: &Program,
        consts: &[Literal],
        symbol: &str,
    ) -> Result<Standalone> {
        let calls = calls(program);
        let code_of_a_process = calls.iter().find_map(|call| match call {
            Call::Host(host, _) if host.routine.description().is_none() => Some(&host.routine),
            _ => None,
        });
        if let Some(routine) = code_of_a_process {
            let name = routine.name();
            bail!(
                Unimplemented,
                "{name} cannot be compiled ahead of time: it is code of one process"
            );
        }
        let context = Context::create();
        let (module, slow) = self.build_for(&context, program, Part::WHOLE, Vec::new())?;
        let ir = Ir::new(&context, &module);
        let attributes = self.attributes();
        let attributes: Vec<_> = attributes.iter().map(|(k, v)| (*k, v.as_str())).collect();
        let mut emitter = Emitter { ir: &ir, attributes: &attributes, routines: Vec::new() };
        let table = emitter.table(program, &calls, &slow);
        let may_fail = calls.iter().any(|call| matches!(call, Call::Host(..)));
        let settings = Settings { may_fail, keep_denormals: self.options.keep_denormals };
        emitter.entry(program, consts, symbol, table, &settings);
        let routines = emitter.routines;
        let object = self.machines.emit(&module, PASSES, OptimizationLevel::Default, false)?;
        Ok(Standalone { object, routines })
    }
}

/// The entries of the table: those of the library's, what each call is, and what routines say in the end.
const TABLE: usize = FAILED + 1;
const FAILED: usize = Slot::Constants as usize + 2;

struct Settings {
    /// Whether routines are called that may fail.
    may_fail: bool,
    keep_denormals: bool,
}

struct Emitter<'e, 'c> {
    ir: &'e Ir<'c>,
    attributes: &'e [(&'e str, &'e str)],
    routines: Vec<&'static str>,
}

/// The C library's name of a function that [`slow`] calls it for.
fn in_c(op: ScalarOp) -> Option<&'static str> {
    Some(match op {
        ScalarOp::Cbrt => "cbrt",
        ScalarOp::Exp => "exp",
        ScalarOp::Exp2 => "exp2",
        ScalarOp::Expm1 => "expm1",
        ScalarOp::Log => "log",
        ScalarOp::Log1p => "log1p",
        ScalarOp::Sin => "sin",
        ScalarOp::Cos => "cos",
        ScalarOp::Tan => "tan",
        ScalarOp::Asin => "asin",
        ScalarOp::Acos => "acos",
        ScalarOp::Atan => "atan",
        ScalarOp::Sinh => "sinh",
        ScalarOp::Cosh => "cosh",
        ScalarOp::Tanh => "tanh",
        ScalarOp::Rem => "fmod",
        ScalarOp::Pow => "pow",
        ScalarOp::Atan2 => "atan2",
        _ => return None,
    })
}

impl Emitter<'_, '_> {
    /// The table, with what comes after the library's: what each call is.
    fn table(&mut self, program: &Program, calls: &[Call], slow: &SlowCalls) -> V {
        let ir = self.ir;
        let null = ir.zero(ir.ptr());
        let mut table = [null; TABLE];
        table[Slot::ParallelFor as usize] = self.parallel_for();
        table[Slot::Copy as usize] = self.copy();
        for call in calls {
            let (slot, name) = match call {
                Call::MatMul(..) => (Slot::MatMul, product(calls)),
                Call::Sort(..) => (Slot::Sort, "jaxrs_standalone_sort"),
                Call::TopK(..) => (Slot::TopK, "jaxrs_standalone_top_k"),
                Call::Host(..) => (Slot::Host, "jaxrs_standalone_host"),
            };
            table[slot as usize] = self.routine(name);
        }
        for (slot, name) in [
            (Slot::UnaryF32, "jaxrs_standalone_unary_f32"),
            (Slot::UnaryF64, "jaxrs_standalone_unary_f64"),
            (Slot::BinaryF32, "jaxrs_standalone_binary_f32"),
            (Slot::BinaryF64, "jaxrs_standalone_binary_f64"),
        ] {
            let used: Vec<usize> =
                slow.iter().filter(|(s, _)| *s == slot).map(|&(_, number)| number).collect();
            if !used.is_empty() {
                let emitted = self.by_c_library(slot, &used);
                table[slot as usize] = emitted.unwrap_or_else(|| self.routine(name));
            }
        }
        table[Slot::Constants as usize] = self.constants(program);
        table[Slot::Constants as usize + 1] = self.descriptions(calls);
        ir.constant_table(&table)
    }

    fn function(&self, name: &str, params: &[Ty]) -> V {
        let function =
            self.ir.function(name, self.ir.function_type(None, params), true, self.attributes);
        self.ir.go_to(self.ir.block(function));
        function
    }

    /// A function of the archive.
    fn routine(&mut self, name: &'static str) -> V {
        if !self.routines.contains(&name) {
            self.routines.push(name);
        }
        let declared = self.ir.function_named(name);
        declared
            .unwrap_or_else(|| self.ir.function(name, self.ir.function_type(None, &[]), false, &[]))
    }

    /// Runs all units on the caller's thread.
    fn parallel_for(&self) -> V {
        let ir = self.ir;
        let (ptr, int) = (ir.ptr(), ir.int(64));
        let function = self.function("parallel_for", &[ptr, ptr, ptr, int, int]);
        let [task, env, units] = [1, 2, 3].map(|k| ir.param(function, k));
        ir.call(ir.function_type(None, &[ptr, int, int]), task, &[env, ir.i64(0), units]);
        ir.ret();
        function
    }

    fn copy(&self) -> V {
        let ir = self.ir;
        let (ptr, int) = (ir.ptr(), ir.int(64));
        let function = self.function("copy", &[ptr, ptr, ptr, int]);
        let [to, from, bytes] = [1, 2, 3].map(|k| ir.param(function, k));
        ir.intrinsic("llvm.memmove", &[ptr, ptr, int], &[to, from, bytes, ir.bool(false)]);
        ir.ret();
        function
    }

    fn constants(&self, program: &Program) -> V {
        let places = program.buffers.iter().filter_map(|buffer| match &buffer.place {
            Place::Constant(literal) => Some(self.ir.constant_bytes(literal.bytes(), 64)),
            _ => None,
        });
        self.ir.constant_table(&places.collect::<Vec<_>>())
    }

    /// What each call is, as the archive reads it.
    fn descriptions(&self, calls: &[Call]) -> V {
        let description = |call: &Call| {
            let numbers: Vec<V> = numbers(call).into_iter().map(|n| self.ir.i64(n)).collect();
            self.ir.constant_table(&numbers)
        };
        self.ir.constant_table(&calls.iter().map(description).collect::<Vec<_>>())
    }

    /// A function that has the C library compute value by value; none if it does not have all that are used.
    fn by_c_library(&self, slot: Slot, used: &[usize]) -> Option<V> {
        let ir = self.ir;
        let is_binary = matches!(slot, Slot::BinaryF32 | Slot::BinaryF64);
        let ops: &[ScalarOp] = if is_binary { &slow::BINARY } else { &slow::UNARY };
        let names = used.iter().map(|&number| Some((number, in_c(*ops.get(number)?)?)));
        let names: Vec<(usize, &str)> = names.collect::<Option<_>>()?;
        let element =
            ir.float(if matches!(slot, Slot::UnaryF32 | Slot::BinaryF32) { 32 } else { 64 });
        let (ptr, int) = (ir.ptr(), ir.int(64));
        let params =
            if is_binary { vec![ir.int(32), ptr, ptr, int] } else { vec![ir.int(32), ptr, int] };
        let function = self.function("by_c_library", &params);
        let n = ir.param(function, params.len() as u32 - 1);
        let (before, header) = (ir.here(), ir.block(function));
        let (body, exit) = (ir.block(function), ir.block(function));
        ir.br(header);
        ir.go_to(header);
        let i = ir.phi(int, &[(ir.i64(0), before)]);
        ir.cond_br(ir.icmp(IntCmp::LLVMIntSLT, i, n), body, exit);
        ir.go_to(body);
        let pointers: Vec<V> =
            (1..params.len() as u32 - 1).map(|k| ir.param(function, k)).collect();
        let value = self.one_value(function, &names, element, i, &pointers);
        ir.store(value, ir.element(element, pointers[0], i), 4);
        ir.add_incoming(i, ir.add_nsw(i, ir.i64(1)), ir.here());
        ir.br(header);
        ir.go_to(exit);
        ir.ret();
        Some(function)
    }

    /// The result for the values at a position, in double precision inside.
    fn one_value(
        &self,
        function: V,
        names: &[(usize, &str)],
        element: Ty,
        i: V,
        pointers: &[V],
    ) -> V {
        let ir = self.ir;
        let double = ir.float(64);
        let is_single = element != double;
        let operands: Vec<V> = pointers
            .iter()
            .map(|&pointer| {
                let v = ir.load(element, ir.element(element, pointer, i), 4);
                if is_single { ir.fpext(v, double) } else { v }
            })
            .collect();
        let number = ir.param(function, 0);
        let mut result = operands[0];
        for &(known, name) in names {
            let (here, call, next) = (ir.here(), ir.block(function), ir.block(function));
            let is_it = ir.icmp(IntCmp::LLVMIntEQ, number, ir.i32(known as i64));
            ir.cond_br(is_it, call, next);
            ir.go_to(call);
            let ty = ir.function_type(Some(double), &vec![double; operands.len()]);
            let declared = ir.function_named(name);
            let callee = declared.unwrap_or_else(|| {
                let callee = ir.function(name, ty, false, &[]);
                ir.make_public(callee);
                callee
            });
            let value = ir.call(ty, callee, &operands);
            ir.br(next);
            ir.go_to(next);
            result = ir.phi(double, &[(result, here), (value, call)]);
        }
        if is_single { ir.fptrunc(result, element) } else { result }
    }

    /// The function that is called from C.
    fn entry(
        &self,
        program: &Program,
        consts: &[Literal],
        symbol: &str,
        table: V,
        settings: &Settings,
    ) {
        let ir = self.ir;
        let ptr = ir.ptr();
        let ty = ir.function_type(Some(ir.int(32)), &[ptr, ptr, ptr]);
        let function = ir.function(symbol, ty, false, self.attributes);
        ir.make_public(function);
        ir.go_to(ir.block(function));
        let [inputs, outputs, workspace] = [0, 1, 2].map(|k| ir.param(function, k));
        if program.arena_bytes > 0 {
            self.needs(function, workspace);
        }
        let table = if settings.may_fail { self.own_table(function, table) } else { table };
        let mode = (!settings.keep_denormals).then(|| self.flush_denormals(function));
        let all = self.all_inputs(function, program, consts, inputs);
        let run = ir.function_type(None, &[ptr, ptr, ptr, ptr]);
        if let Some(entry) = ir.function_named(ENTRY) {
            ir.make_internal(entry);
            ir.call(run, entry, &[table, all, outputs, workspace]);
        }
        if let Some(mode) = mode {
            ir.intrinsic("llvm.x86.sse.ldmxcsr", &[], &[mode]);
        }
        let failed = ir.element(ir.int(64), table, ir.i64(FAILED as i64));
        let status = if settings.may_fail { ir.load(ir.int(32), failed, 8) } else { ir.i32(0) };
        ir.ret_value(status);
    }

    /// A table of this call's, in which a routine may say that it failed.
    fn own_table(&self, function: V, table: V) -> V {
        let ir = self.ir;
        let (ptr, int) = (ir.ptr(), ir.int(64));
        let own = ir.stack_slot(function, ir.array(int, TABLE), 8);
        let bytes = ir.i64(8 * TABLE as i64);
        ir.intrinsic("llvm.memmove", &[ptr, ptr, int], &[own, table, bytes, ir.bool(false)]);
        own
    }

    /// Gives 1 where a pointer is null.
    fn needs(&self, function: V, pointer: V) {
        let ir = self.ir;
        let (missing, there) = (ir.block(function), ir.block(function));
        ir.cond_br(ir.icmp(IntCmp::LLVMIntEQ, pointer, ir.zero(ir.ptr())), missing, there);
        ir.go_to(missing);
        ir.ret_value(ir.i32(1));
        ir.go_to(there);
    }

    /// Denormal numbers count as zero until the mode that is given is set again.
    fn flush_denormals(&self, function: V) -> V {
        /// Bits of MXCSR: denormal results become zero, and denormal operands count as zero.
        const FLUSH: i64 = 1 << 15 | 1 << 6;
        let ir = self.ir;
        let [before, during] = [(); 2].map(|()| ir.stack_slot(function, ir.int(32), 4));
        ir.intrinsic("llvm.x86.sse.stmxcsr", &[], &[before]);
        ir.store(ir.or(ir.load(ir.int(32), before, 4), ir.i32(FLUSH)), during, 4);
        ir.intrinsic("llvm.x86.sse.ldmxcsr", &[], &[during]);
        before
    }

    /// The inputs of the program: constants, then the caller's.
    fn all_inputs(&self, function: V, program: &Program, consts: &[Literal], inputs: V) -> V {
        if consts.is_empty() {
            return inputs;
        }
        let ir = self.ir;
        let ptr = ir.ptr();
        let all = ir.stack_slot(function, ir.array(ptr, program.inputs.len()), 8);
        for k in 0..program.inputs.len() {
            let pointer = match consts.get(k) {
                Some(literal) => ir.constant_bytes(literal.bytes(), 64),
                None => {
                    let number = ir.i64((k - consts.len()) as i64);
                    ir.load(ptr, ir.element(ptr, inputs, number), 8)
                }
            };
            ir.store(pointer, ir.element(ptr, all, ir.i64(k as i64)), 8);
        }
        all
    }
}

/// The function for the matrix products of a program: that of their element type, if they have the same.
fn product(calls: &[Call]) -> &'static str {
    let mut elements = calls.iter().filter_map(|call| match call {
        Call::MatMul(_, element) => Some(*element),
        _ => None,
    });
    let first = elements.next();
    match first.filter(|first| elements.all(|element| element == *first)) {
        Some(DType::F32) => "jaxrs_standalone_matmul_f32",
        Some(DType::F64) => "jaxrs_standalone_matmul_f64",
        Some(DType::C64) => "jaxrs_standalone_matmul_c64",
        Some(DType::C128) => "jaxrs_standalone_matmul_c128",
        _ => "jaxrs_standalone_matmul",
    }
}

/// What a call is, in numbers; the archive's documentation has their order.
fn numbers(call: &Call) -> Vec<i64> {
    let dtype = |dtype: &DType| i64::from(*dtype as u8);
    match call {
        Call::MatMul(m, element) => {
            let mut numbers = vec![dtype(element)];
            numbers.extend([m.batch, m.m, m.n, m.k].map(|size| size as i64));
            for operand in [&m.lhs, &m.rhs, &m.out] {
                let strides = [operand.batch_stride, operand.row_stride, operand.col_stride];
                numbers.extend(strides.map(|stride| stride as i64));
            }
            numbers
        }
        Call::Sort(s, elements) => {
            let sizes = [s.outer, s.len, s.inner, s.n_keys, s.inputs.len()];
            sizes.into_iter().map(|size| size as i64).chain(elements.iter().map(dtype)).collect()
        }
        Call::TopK(top, element) => {
            let ranking = match top.ranking {
                Ranking::Total => 0,
                Ranking::Largest => 1,
                Ranking::Smallest => 2,
            };
            let sizes = [top.outer, top.len, top.inner, top.k].map(|size| size as i64);
            [dtype(element)].into_iter().chain(sizes).chain([ranking]).collect()
        }
        Call::Host(host, bytes) => {
            let description = host.routine.description().unwrap_or_default();
            let mut numbers = vec![host.inputs.len(), host.outputs.len(), description.len()];
            numbers.extend(bytes);
            let words = description
                .chunks(8)
                .map(|chunk| chunk.iter().rev().fold(0, |word, &byte| word << 8 | i64::from(byte)));
            numbers.into_iter().map(|number| number as i64).chain(words).collect()
        }
    }
}

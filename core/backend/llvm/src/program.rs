//! Emission of programs: steps in order, with native loops and branches between them.

use jaxrs_data::Result;
use jaxrs_kernel::{
    BufferId, Carry, IndexVar, Kernel, LibraryCall, MatMul, Operand, Place, Program, Sort, Step,
};
use rustc_hash::FxHashMap;

use crate::body::Body;
use crate::ir::{IntCmp, Ir, V};
use crate::kernel::Plan;
use crate::lanes::Varying;
use crate::outline::Needs;
use crate::table::{Runtime, Slot};

/// The name of the function that runs a program.
pub(crate) const ENTRY: &str = "jaxrs_entry";

/// Kernels with more instructions become functions, so that no function grows without limit and equal
/// kernels are compiled once.
const MOST_INLINE: usize = 64;
/// Outside of loops, where a call more is nothing, smaller ones do too: then several threads compile.
const MOST_INLINE_OUTSIDE: usize = 12;
/// The instructions that a part of a program should have for another thread to pay.
const PART_SIZE: usize = 60;

/// One of several modules that a program is compiled as, each with some of the kernels; the first has
/// the entry function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    /// Which one.
    pub(crate) index: usize,
    /// How many there are.
    pub(crate) count: usize,
}

impl Part {
    /// A program in one module.
    pub(crate) const WHOLE: Part = Part { index: 0, count: 1 };
}

/// How many parts a program should be compiled in, by its size.
pub(crate) fn n_parts(program: &Program, threads: usize) -> usize {
    fn count(steps: &[Step], kernels: &mut usize, size: &mut usize) {
        for step in steps {
            match step {
                Step::Kernel(kernel) => {
                    let n = Needs::of(kernel).size;
                    if n > MOST_INLINE_OUTSIDE {
                        *kernels += 1;
                        *size += n;
                    }
                }
                Step::Repeat { body, .. } => count(body, kernels, size),
                Step::While { condition, body, .. } => {
                    count(condition, kernels, size);
                    count(body, kernels, size);
                }
                Step::Switch { branches, .. } => {
                    branches.iter().for_each(|branch| count(branch, kernels, size));
                }
                Step::Library(_) | Step::Copy { .. } => {}
            }
        }
    }
    let (mut kernels, mut size) = (0, 0);
    count(&program.steps, &mut kernels, &mut size);
    threads.min(kernels).min(size / PART_SIZE).clamp(1, 8)
}

/// Emits a program.
pub(crate) struct Emitter<'e, 'c> {
    ir: &'e Ir<'c>,
    program: &'e Program,
    vector_bytes: usize,
    attrs: &'e [(&'e str, &'e str)],
    streamed: Vec<BufferId>,
    entry: V,
    runtime: Runtime,
    /// Where each buffer is now: loops exchange the memory of carried ones.
    pointers: Vec<V>,
    index_vars: Vec<Option<V>>,
    n_calls: usize,
    /// The kernels that became functions, by their signatures.
    functions: FxHashMap<String, V>,
    part: Part,
    /// The instructions that each part has got so far.
    part_sizes: Vec<usize>,
    /// The number of loops around the current step.
    depth: usize,
}

impl<'e, 'c> Emitter<'e, 'c> {
    /// Emits the entry function and all that it calls.
    pub(crate) fn emit(
        ir: &'e Ir<'c>,
        program: &'e Program,
        vector_bytes: usize,
        attrs: &'e [(&'e str, &'e str)],
        streamed: Vec<BufferId>,
        part: Part,
    ) -> Result<()> {
        let ptr = ir.ptr();
        let ty = ir.function_type(None, &[ptr, ptr, ptr, ptr]);
        let entry = ir.function(ENTRY, ty, false, attrs);
        ir.go_to(ir.block(entry));
        let runtime = Runtime { ctx: ir.param(entry, 0) };
        let mut emitter = Emitter {
            ir,
            program,
            vector_bytes,
            attrs,
            streamed,
            entry,
            runtime,
            pointers: Vec::new(),
            index_vars: vec![None; program.n_index_vars as usize],
            n_calls: 0,
            functions: FxHashMap::default(),
            part,
            part_sizes: vec![0; part.count],
            depth: 0,
        };
        emitter.find_buffers();
        emitter.steps(&program.steps)?;
        if !emitter.streamed.is_empty() {
            ir.intrinsic("llvm.x86.sse.sfence", &[], &[]);
        }
        ir.ret();
        if part.index > 0 {
            ir.delete_function(entry);
        }
        Ok(())
    }

    fn find_buffers(&mut self) {
        let ir = self.ir;
        let (inputs, outputs) = (ir.param(self.entry, 1), ir.param(self.entry, 2));
        let arena = ir.param(self.entry, 3);
        let slot = |table: V, i: usize| {
            ir.load(ir.ptr(), ir.element(ir.ptr(), table, ir.i64(i as i64)), 8)
        };
        let constants = self.runtime.slot(ir, Slot::Constants);
        let mut n_constants = 0;
        for buffer in &self.program.buffers {
            let pointer = match &buffer.place {
                Place::Input(i) => slot(inputs, *i),
                Place::Output(i) => slot(outputs, *i),
                Place::Arena(offset) => ir.element(ir.int(8), arena, ir.i64(*offset as i64)),
                Place::Constant(_) => {
                    n_constants += 1;
                    slot(constants, n_constants - 1)
                }
                Place::Unassigned => arena,
            };
            self.pointers.push(pointer);
        }
    }

    fn steps(&mut self, steps: &'e [Step]) -> Result<()> {
        steps.iter().try_for_each(|step| self.step(step))
    }

    fn step(&mut self, step: &'e Step) -> Result<()> {
        match step {
            Step::Kernel(kernel) => self.kernel(kernel),
            Step::Library(LibraryCall::MatMul(matmul)) => {
                self.matmul(matmul);
                Ok(())
            }
            Step::Library(LibraryCall::Sort(sort)) => {
                self.sort(sort);
                Ok(())
            }
            Step::Copy { from, to } => {
                self.copy(*from, *to);
                Ok(())
            }
            Step::Repeat { index, trips, carries, body } => {
                self.repeat(*index, *trips, carries, body)
            }
            Step::While { carries, condition, predicate, body } => {
                self.while_(carries, condition, *predicate, body)
            }
            Step::Switch { index, branches } => self.switch(*index, branches),
        }
    }

    fn pointer(&self, buffer: BufferId) -> V {
        self.pointers[buffer.0 as usize]
    }

    fn kernel(&mut self, kernel: &'e Kernel) -> Result<()> {
        if kernel.n_points() == 0 {
            return Ok(());
        }
        let needs = Needs::of(kernel);
        let streams = needs.buffers.iter().any(|buffer| self.streamed.contains(buffer));
        let plan = Plan::new(self.program, kernel, self.vector_bytes, streams);
        let grain = plan.grain(kernel.grain);
        let parallel = kernel.grain > 0 && plan.units() >= 2 * grain;
        let most = if self.depth == 0 { MOST_INLINE_OUTSIDE } else { MOST_INLINE };
        if parallel || needs.size > most {
            return self.outlined(kernel, &needs, &plan, parallel.then_some(grain));
        }
        self.part_sizes[0] += needs.size;
        if self.part.index > 0 {
            return Ok(());
        }
        let (entry, runtime) = (self.entry, self.runtime);
        let pointers = needs.buffers.iter().map(|&id| (id, self.pointer(id))).collect();
        let index_vars = self.index_vars.clone();
        self.body(kernel, entry, runtime, pointers, index_vars).points(&plan, None)
    }

    fn body(
        &self,
        kernel: &'e Kernel,
        function: V,
        runtime: Runtime,
        buffers: FxHashMap<BufferId, V>,
        index_vars: Vec<Option<V>>,
    ) -> Body<'e, 'c> {
        let zero = crate::lanes::Val::Uniform(self.ir.i64(0));
        Body {
            ir: self.ir,
            program: self.program,
            kernel,
            runtime,
            function,
            vector_bytes: self.vector_bytes,
            buffers,
            index_vars,
            streamed: self.streamed.clone(),
            points: vec![zero; kernel.domain.len()],
            values: vec![None; kernel.values.len()],
            hoisted: vec![false; kernel.values.len()],
            decided: FxHashMap::default(),
            varying: Varying::default(),
            width: 1,
            mask: None,
        }
    }

    /// Calls a kernel as a function of a range of its units, with a grain from several threads. What it
    /// needs goes through an environment on the stack: the context, buffers, loop counters.
    fn outlined(
        &mut self,
        kernel: &'e Kernel,
        needs: &Needs,
        plan: &Plan,
        grain: Option<usize>,
    ) -> Result<()> {
        let ir = self.ir;
        let values = needs.buffers.iter().map(|&id| self.pointer(id));
        let zero = ir.i64(0);
        let counters =
            needs.counters.iter().map(|var| self.index_vars[var.0 as usize].unwrap_or(zero));
        let values: Vec<V> = [self.runtime.ctx].into_iter().chain(values).chain(counters).collect();
        let env = ir.stack_slot(self.entry, ir.array(ir.int(64), values.len()), 8);
        for (i, &v) in values.iter().enumerate() {
            ir.store(v, ir.element(ir.int(64), env, ir.i64(i as i64)), 8);
        }
        let mut signature = needs.signature(self.program, kernel, &self.streamed);
        signature.push(if grain.is_some() { 'p' } else { 's' });
        let function = match self.functions.get(&signature) {
            Some(&function) => function,
            None => {
                let function = self.function(kernel, needs, plan, grain.is_some())?;
                self.functions.insert(signature, function);
                function
            }
        };
        let units = ir.i64(plan.units() as i64);
        match grain {
            Some(grain) => {
                let args = [self.runtime.ctx, function, env, units, ir.i64(grain as i64)];
                self.runtime.call(ir, Slot::ParallelFor, &args);
            }
            None => {
                ir.call(self.range_type(), function, &[env, zero, units]);
            }
        }
        Ok(())
    }

    /// The type of a function of a range.
    fn range_type(&self) -> crate::ir::Ty {
        let ir = self.ir;
        ir.function_type(None, &[ir.ptr(), ir.int(64), ir.int(64)])
    }

    /// The function of a kernel; only declared where another part has it.
    fn function(
        &mut self,
        kernel: &'e Kernel,
        needs: &Needs,
        plan: &Plan,
        parallel: bool,
    ) -> Result<V> {
        let ir = self.ir;
        let here = ir.here();
        let name = format!("kernel{}.{}", self.functions.len(), kernel.name);
        let is_whole = self.part == Part::WHOLE;
        let function = ir.function(&name, self.range_type(), is_whole, self.attrs);
        let lightest = (0..self.part.count).min_by_key(|&i| self.part_sizes[i]).unwrap_or(0);
        self.part_sizes[lightest] += needs.size;
        if lightest != self.part.index {
            return Ok(function);
        }
        ir.go_to(ir.block(function));
        let env = ir.param(function, 0);
        let read = |ty, i: usize| ir.load(ty, ir.element(ir.int(64), env, ir.i64(i as i64)), 8);
        let runtime = Runtime { ctx: read(ir.ptr(), 0) };
        let n_buffers = needs.buffers.len();
        let pointer = |(i, &id): (usize, &BufferId)| (id, read(ir.ptr(), 1 + i));
        let pointers = needs.buffers.iter().enumerate().map(pointer).collect();
        let mut index_vars = vec![None; self.index_vars.len()];
        for (i, var) in needs.counters.iter().enumerate() {
            index_vars[var.0 as usize] = Some(read(ir.int(64), 1 + n_buffers + i));
        }
        let range = (ir.param(function, 1), ir.param(function, 2));
        let mut body = self.body(kernel, function, runtime, pointers, index_vars);
        body.points(plan, parallel.then_some(range))?;
        if needs.buffers.iter().any(|buffer| self.streamed.contains(buffer)) {
            ir.intrinsic("llvm.x86.sse.sfence", &[], &[]);
        }
        ir.ret();
        ir.go_to(here);
        Ok(function)
    }

    fn copy(&self, from: BufferId, to: BufferId) {
        let ir = self.ir;
        let bytes = self.program[from].size_bytes();
        let (from, to) = (self.pointer(from), self.pointer(to));
        match bytes {
            0 => {}
            1 | 2 | 4 | 8 | 16 | 32 | 64 => {
                let ty = ir.lanes(ir.int(8), bytes as u32);
                ir.store(ir.load(ty, from, 1), to, 1);
            }
            _ => {
                let bytes = ir.i64(bytes as i64);
                self.runtime.call(ir, Slot::Copy, &[self.runtime.ctx, to, from, bytes]);
            }
        }
    }

    fn operand(&self, operand: &Operand) -> V {
        let ir = self.ir;
        let element = ir.memory(self.program[operand.buffer].dtype);
        let mut offset = ir.i64(operand.offset as i64);
        if let Some((var, step)) = operand.step {
            let counter = self.index_vars[var.0 as usize].unwrap_or_else(|| ir.i64(0));
            offset = ir.add(offset, ir.mul(counter, ir.i64(step as i64)));
        }
        ir.element(element, self.pointer(operand.buffer), offset)
    }

    fn next_call(&mut self) -> V {
        self.n_calls += 1;
        self.ir.i64(self.n_calls as i64 - 1)
    }

    fn matmul(&mut self, matmul: &MatMul) {
        let call = self.next_call();
        let (out, lhs) = (self.operand(&matmul.out), self.operand(&matmul.lhs));
        let rhs = self.operand(&matmul.rhs);
        self.runtime.call(self.ir, Slot::MatMul, &[self.runtime.ctx, call, out, lhs, rhs]);
    }

    fn sort(&mut self, sort: &Sort) {
        let ir = self.ir;
        let call = self.next_call();
        let n = sort.inputs.len();
        let table = ir.stack_slot(self.entry, ir.array(ir.ptr(), 2 * n), 8);
        for (i, &buffer) in sort.inputs.iter().chain(&sort.outputs).enumerate() {
            ir.store(self.pointer(buffer), ir.element(ir.ptr(), table, ir.i64(i as i64)), 8);
        }
        self.runtime.call(ir, Slot::Sort, &[self.runtime.ctx, call, table]);
    }

    fn repeat(
        &mut self,
        index: IndexVar,
        trips: usize,
        carries: &'e [Carry],
        body: &'e [Step],
    ) -> Result<()> {
        if trips == 0 {
            return Ok(());
        }
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.entry));
        ir.br(header);
        ir.go_to(header);
        let counter = ir.phi(ir.int(64), &[(ir.i64(0), before)]);
        let moving = self.moving(carries, body);
        let phis = self.pointer_phis(&moving, before);
        let outer = self.index_vars[index.0 as usize].replace(counter);
        self.depth += 1;
        self.steps(body)?;
        self.depth -= 1;
        self.exchange(carries);
        let latch = ir.here();
        let next = ir.add_nsw(counter, ir.i64(1));
        ir.add_incoming(counter, next, latch);
        phis.iter().for_each(|&(id, phi)| ir.add_incoming(phi, self.pointer(id), latch));
        let exit = ir.block(self.entry);
        let again = ir.icmp(IntCmp::LLVMIntSLT, next, ir.i64(trips as i64));
        ir.cond_br(again, header, exit);
        ir.go_to(exit);
        self.index_vars[index.0 as usize] = outer;
        Ok(())
    }

    fn while_(
        &mut self,
        carries: &'e [Carry],
        condition: &'e [Step],
        predicate: BufferId,
        body: &'e [Step],
    ) -> Result<()> {
        let ir = self.ir;
        let (before, header) = (ir.here(), ir.block(self.entry));
        ir.br(header);
        ir.go_to(header);
        let mut moving = self.moving(carries, body);
        moving.extend(self.moving(&[], condition));
        moving.sort_unstable();
        moving.dedup();
        let phis = self.pointer_phis(&moving, before);
        self.depth += 1;
        self.steps(condition)?;
        let holds = ir.load(ir.int(8), self.pointer(predicate), 1);
        let holds = ir.icmp(IntCmp::LLVMIntNE, holds, ir.const_int(ir.int(8), 0));
        let (then, exit) = (ir.block(self.entry), ir.block(self.entry));
        ir.cond_br(holds, then, exit);
        let after_condition = self.pointers.clone();
        ir.go_to(then);
        self.steps(body)?;
        self.depth -= 1;
        self.exchange(carries);
        let latch = ir.here();
        phis.iter().for_each(|&(id, phi)| ir.add_incoming(phi, self.pointer(id), latch));
        ir.br(header);
        ir.go_to(exit);
        self.pointers = after_condition;
        Ok(())
    }

    fn switch(&mut self, index: BufferId, branches: &'e [Vec<Step>]) -> Result<()> {
        let ir = self.ir;
        let Some(last) = branches.len().checked_sub(1) else { return Ok(()) };
        let number = ir.load(ir.int(32), self.pointer(index), 4);
        let number = ir.same("llvm.smin", &[number, ir.i32(last as i64)]);
        let number = ir.same("llvm.smax", &[number, ir.i32(0)]);
        let labels: Vec<_> = branches.iter().map(|_| ir.block(self.entry)).collect();
        let after = ir.block(self.entry);
        ir.switch(number, labels[last], &labels[..last]);
        let before = self.pointers.clone();
        let mut ends = Vec::new();
        for (branch, &label) in branches.iter().zip(&labels) {
            ir.go_to(label);
            self.steps(branch)?;
            ends.push((ir.here(), std::mem::replace(&mut self.pointers, before.clone())));
            ir.br(after);
        }
        ir.go_to(after);
        for id in 0..before.len() {
            if ends.iter().any(|(_, pointers)| pointers[id] != before[id]) {
                let incoming: Vec<_> = ends.iter().map(|(end, p)| (p[id], *end)).collect();
                self.pointers[id] = ir.phi(ir.ptr(), &incoming);
            }
        }
        Ok(())
    }

    /// The buffers whose memory an iteration exchanges, those of loops inside it too.
    fn moving(&self, carries: &[Carry], steps: &[Step]) -> Vec<BufferId> {
        let mut moving: Vec<BufferId> = carries
            .iter()
            .filter(|c| c.current != c.next)
            .flat_map(|c| [c.current, c.next])
            .collect();
        for step in steps {
            match step {
                Step::Repeat { carries, body, .. } => moving.extend(self.moving(carries, body)),
                Step::While { carries, condition, body, .. } => {
                    moving.extend(self.moving(carries, body));
                    moving.extend(self.moving(&[], condition));
                }
                Step::Switch { branches, .. } => {
                    branches.iter().for_each(|branch| moving.extend(self.moving(&[], branch)));
                }
                Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => {}
            }
        }
        moving.sort_unstable();
        moving.dedup();
        moving
    }

    fn pointer_phis(
        &mut self,
        moving: &[BufferId],
        before: crate::ir::Label,
    ) -> Vec<(BufferId, V)> {
        let ir = self.ir;
        let phi = |&id: &BufferId| (id, ir.phi(ir.ptr(), &[(self.pointer(id), before)]));
        let phis: Vec<(BufferId, V)> = moving.iter().map(phi).collect();
        phis.iter().for_each(|&(id, phi)| self.pointers[id.0 as usize] = phi);
        phis
    }

    fn exchange(&mut self, carries: &[Carry]) {
        carries.iter().for_each(|c| self.pointers.swap(c.current.0 as usize, c.next.0 as usize));
    }
}

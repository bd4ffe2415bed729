//! Kernels as functions: what they need from outside, and which of them are the same.

use jaxrs_data::Result;
use jaxrs_kernel::{Block, BufferId, IndexVar, Inst, Kernel, Program, Step};

use crate::ir::{Ty, V};
use crate::kernel::Plan;
use crate::program::Emitter;
use crate::table::{Runtime, Slot};

/// What a kernel needs from outside, in order of first use.
#[derive(Default)]
pub(crate) struct Needs {
    /// The buffers that it touches.
    pub(crate) buffers: Vec<BufferId>,
    /// The counters of program loops that it reads.
    pub(crate) counters: Vec<IndexVar>,
    /// The number of instructions.
    pub(crate) size: usize,
}

/// Kernels with more instructions become functions, so that no function grows without limit and equal
/// kernels are compiled once.
pub(crate) const MOST_INLINE: usize = 64;
/// Outside of loops, where a call more is nothing, smaller ones do too: then several threads compile.
pub(crate) const MOST_INLINE_OUTSIDE: usize = 12;
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

impl Needs {
    /// Looks through a kernel.
    pub(crate) fn of(kernel: &Kernel) -> Needs {
        let mut needs = Needs::default();
        kernel.visit(&mut |inst| {
            needs.size += 1;
            match inst {
                Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => {
                    insert(&mut needs.buffers, *buffer);
                }
                Inst::Index { var, .. } => insert(&mut needs.counters, *var),
                _ => {}
            }
        });
        needs
    }

    /// A text that is the same for kernels that one function can serve: names are left out, buffers and
    /// counters numbered in order of use, and what code depends on is added.
    pub(crate) fn signature(
        &self,
        program: &Program,
        kernel: &Kernel,
        streamed: &[BufferId],
    ) -> String {
        let mut kernel = kernel.clone();
        kernel.name.clear();
        kernel.grain = 0;
        self.renumber(&mut kernel.body);
        let buffer = |&id: &BufferId| {
            let overlaps = self.buffers.iter().map(|&other| program.may_overlap(id, other));
            let overlaps: Vec<bool> = overlaps.collect();
            (program[id].dtype, program[id].len, streamed.contains(&id), overlaps)
        };
        let buffers: Vec<_> = self.buffers.iter().map(buffer).collect();
        format!("{kernel:?} {buffers:?}")
    }

    fn renumber(&self, block: &mut Block) {
        for inst in &mut block.insts {
            match inst {
                Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => {
                    *buffer = BufferId(position(&self.buffers, *buffer));
                }
                Inst::Index { var, .. } => *var = IndexVar(position(&self.counters, *var)),
                Inst::Loop(l) => self.renumber(&mut l.body),
                Inst::While(w) => {
                    self.renumber(&mut w.condition);
                    self.renumber(&mut w.body);
                }
                Inst::Const { .. } | Inst::Point { .. } | Inst::Op { .. } => {}
            }
        }
    }
}

impl<'e> Emitter<'e, '_> {
    /// Calls a kernel as a function of a range of its units, with a grain from several threads. What it
    /// needs goes through an environment on the stack: the context, buffers, loop counters.
    pub(crate) fn outlined(
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
    fn range_type(&self) -> Ty {
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
}

fn insert<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

fn position<T: PartialEq>(list: &[T], item: T) -> u32 {
    list.iter().position(|known| *known == item).unwrap_or(0) as u32
}

//! What memory holds when: a replay of the program that follows which buffers have content.

use super::Checker;
use crate::body::{Inst, Kernel};
use crate::print::Spot;
use crate::program::{BufferId, LibraryCall, Place, Step};

/// Whether each buffer holds what was written to it last.
type Filled = Vec<bool>;

impl<'a> Checker<'a> {
    pub(super) fn flow(&mut self) {
        let program = self.program;
        let mut filled: Filled = program
            .buffers
            .iter()
            .map(|buffer| matches!(buffer.place, Place::Input(_) | Place::Constant(_)))
            .collect();
        self.flow_steps(&program.steps, &mut filled);
        for &output in &program.outputs {
            let done = filled[output.0 as usize] || program[output].len == 0;
            self.ensure(done, Spot::Buffer(output), format_args!("{output} is never filled"));
        }
    }

    fn flow_steps(&mut self, steps: &'a [Step], filled: &mut Filled) {
        steps.iter().for_each(|step| self.flow_step(step, filled));
    }

    fn flow_step(&mut self, step: &'a Step, filled: &mut Filled) {
        match step {
            Step::Kernel(kernel) => self.flow_kernel(step, kernel, filled),
            Step::Library(LibraryCall::MatMul(call)) => {
                self.reads(step, &[call.lhs.buffer, call.rhs.buffer], filled);
                self.writes(&[call.out.buffer], filled);
            }
            Step::Library(LibraryCall::Sort(call)) => {
                self.reads(step, &call.inputs, filled);
                self.writes(&call.outputs, filled);
            }
            Step::Library(LibraryCall::TopK(call)) => {
                self.reads(step, &[call.input], filled);
                self.writes(&[call.values, call.positions], filled);
            }
            Step::Library(LibraryCall::Host(call)) => {
                self.reads(step, &call.inputs, filled);
                self.writes(&call.outputs, filled);
            }
            Step::Copy { from, to } => {
                self.reads(step, &[*from], filled);
                self.writes(&[*to], filled);
            }
            Step::Repeat { trips, carries, body, .. } => {
                let before = filled.clone();
                // The second time finds what the first has overwritten.
                for _ in 0..(*trips).min(2) {
                    self.reads(step, &current(carries), filled);
                    self.flow_steps(body, filled);
                    self.exchange(step, carries, filled);
                }
                if *trips == 0 {
                    *filled = before;
                }
            }
            Step::While { carries, condition, predicate, body } => {
                let mut after = None;
                for _ in 0..2 {
                    self.reads(step, &current(carries), filled);
                    self.flow_steps(condition, filled);
                    self.reads(step, &[*predicate], filled);
                    after.get_or_insert_with(|| filled.clone());
                    self.flow_steps(body, filled);
                    self.exchange(step, carries, filled);
                }
                meet(filled, &after.unwrap_or_default());
            }
            Step::Switch { index, branches } => {
                self.reads(step, &[*index], filled);
                let before = filled.clone();
                let mut branches = branches.iter().map(|branch| {
                    let mut filled = before.clone();
                    self.flow_steps(branch, &mut filled);
                    filled
                });
                if let Some(first) = branches.next() {
                    *filled = branches.fold(first, |mut all, one| {
                        meet(&mut all, &one);
                        all
                    });
                }
            }
        }
    }

    /// A kernel may read what it writes itself: a loop's earlier iterations have filled it.
    fn flow_kernel(&mut self, step: &'a Step, kernel: &'a Kernel, filled: &mut Filled) {
        let (mut loads, mut stores) = (Vec::new(), Vec::new());
        kernel.visit(&mut |inst| match *inst {
            Inst::Load { buffer, .. } => loads.push(buffer),
            Inst::Store { buffer, .. } => stores.push(buffer),
            _ => {}
        });
        loads.retain(|load| !stores.contains(load));
        self.reads(step, &loads, filled);
        self.writes(&stores, filled);
    }

    fn reads(&mut self, step: &'a Step, buffers: &[BufferId], filled: &Filled) {
        for &id in buffers {
            let full = filled[id.0 as usize] || self.program[id].len == 0;
            let message = format_args!("{id} is read, but holds nothing here");
            self.ensure(full, Spot::Step(step), message);
        }
    }

    fn writes(&self, buffers: &[BufferId], filled: &mut Filled) {
        for &id in buffers {
            for other in (0..filled.len() as u32).map(BufferId) {
                if filled[other.0 as usize] && self.program.may_overlap(id, other) {
                    filled[other.0 as usize] = false;
                }
            }
        }
        buffers.iter().for_each(|id| filled[id.0 as usize] = true);
    }

    fn exchange(&mut self, step: &'a Step, carries: &[crate::program::Carry], filled: &mut Filled) {
        let next: Vec<BufferId> = carries.iter().map(|carry| carry.next).collect();
        self.reads(step, &next, filled);
        for carry in carries.iter().filter(|carry| carry.current != carry.next) {
            filled[carry.current.0 as usize] = true;
            filled[carry.next.0 as usize] = false;
        }
    }
}

fn current(carries: &[crate::program::Carry]) -> Vec<BufferId> {
    carries.iter().map(|carry| carry.current).collect()
}

fn meet(filled: &mut Filled, other: &Filled) {
    filled.iter_mut().zip(other).for_each(|(a, &b)| *a &= b);
}

//! What is done to each kernel once its body stands: dead instructions go, axes that always go together
//! are joined, and lanes and grain are chosen.

mod collapse;
mod cost;
mod dead;
mod lanes;
mod renumber;

use jaxrs_kernel::{Block, Carry};
use jaxrs_kernel::{BufferId, Inst, Kernel, Lanes, LibraryCall, Step, Target};
use rustc_hash::FxHashMap;

/// Brings a kernel into its final form. Lanes are chosen here unless they are given.
pub(crate) fn finish(mut kernel: Kernel, lanes: Option<Lanes>, target: &Target) -> Kernel {
    dead::remove(&mut kernel);
    collapse::collapse(&mut kernel);
    dead::remove(&mut kernel);
    renumber::renumber(&mut kernel);
    kernel.lanes = lanes::choose(&kernel, lanes, target);
    kernel.grain = cost::grain(&kernel, target);
    kernel
}

/// Replaces buffers that turned out to be others.
pub(crate) fn rename(steps: &mut [Step], names: &FxHashMap<BufferId, BufferId>) {
    if names.is_empty() {
        return;
    }
    let new = |id: &mut BufferId| {
        while let Some(&other) = names.get(id) {
            *id = other;
        }
    };
    visit_buffers(steps, &new);
}

/// Calls a function on every mention of a buffer.
fn visit_buffers(steps: &mut [Step], f: &dyn Fn(&mut BufferId)) {
    for step in steps {
        match step {
            Step::Kernel(kernel) => visit_block(&mut kernel.body, f),
            Step::Library(LibraryCall::MatMul(m)) => {
                [&mut m.lhs, &mut m.rhs, &mut m.out].into_iter().for_each(|o| f(&mut o.buffer));
            }
            Step::Library(LibraryCall::Sort(sort)) => {
                sort.inputs.iter_mut().chain(&mut sort.outputs).for_each(f);
            }
            Step::Copy { from, to } => [from, to].into_iter().for_each(f),
            Step::Repeat { carries, body, .. } => {
                visit_carries(carries, f);
                visit_buffers(body, f);
            }
            Step::While { carries, condition, predicate, body } => {
                visit_carries(carries, f);
                f(predicate);
                visit_buffers(condition, f);
                visit_buffers(body, f);
            }
            Step::Switch { index, branches } => {
                f(index);
                branches.iter_mut().for_each(|branch| visit_buffers(branch, f));
            }
        }
    }
}

fn visit_carries(carries: &mut [Carry], f: &dyn Fn(&mut BufferId)) {
    for carry in carries {
        f(&mut carry.current);
        f(&mut carry.next);
    }
}

fn visit_block(block: &mut Block, f: &dyn Fn(&mut BufferId)) {
    for inst in &mut block.insts {
        match inst {
            Inst::Load { buffer, .. } | Inst::Store { buffer, .. } => f(buffer),
            Inst::Loop(l) => visit_block(&mut l.body, f),
            Inst::While(w) => {
                visit_block(&mut w.condition, f);
                visit_block(&mut w.body, f);
            }
            _ => {}
        }
    }
}

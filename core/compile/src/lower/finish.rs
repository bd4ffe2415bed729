//! What is done to each kernel once its body stands: dead instructions go, axes that always go together
//! are joined, reads across rows are tiled, and lanes and grain are chosen.

mod collapse;
mod cost;
mod dead;
mod fuse_loops;
mod hoist;
mod lanes;
mod renumber;
mod tile;

use super::StepList;
use jaxrs_kernel::{
    Block, BufferId, Carry, Inst, Kernel, Lanes, LibraryCall, Step, Target, ValueId,
};
use rustc_hash::FxHashMap;

/// Brings a kernel into its final form. Lanes are chosen here unless they are given.
pub(crate) fn finish(mut kernel: Kernel, lanes: Option<Lanes>, target: &Target) -> Kernel {
    dead::remove(&mut kernel);
    let has_loops = kernel.body.insts.iter().any(|i| matches!(i, Inst::Loop(_) | Inst::While(_)));
    if has_loops {
        hoist::hoist(&mut kernel);
        fuse_loops::fuse_loops(&mut kernel);
        hoist::share(&mut kernel);
    }
    collapse::collapse(&mut kernel);
    dead::remove(&mut kernel);
    if tile::tile(&mut kernel) {
        hoist::hoist(&mut kernel);
    }
    renumber::renumber(&mut kernel);
    kernel.lanes = lanes::choose(&kernel, lanes, target);
    kernel.grain = cost::grain(&kernel, target);
    kernel
}

/// Replaces buffers that turned out to be others.
pub(crate) fn rename(steps: &mut StepList, names: &FxHashMap<BufferId, BufferId>) {
    if names.is_empty() {
        return;
    }
    let new = |id: &mut BufferId| {
        while let Some(&other) = names.get(id) {
            *id = other;
        }
    };
    visit_buffers(steps, &new);
    drop_copies_to_themselves(steps);
}

/// A branch may bring the result of its loop where the loop's own buffer has come to stand.
fn drop_copies_to_themselves(steps: &mut StepList) {
    steps.retain(|step| !matches!(step, Step::Copy { from, to } if from == to));
    for step in steps {
        match step {
            Step::Repeat { body, .. } => drop_copies_to_themselves(body),
            Step::While { condition, body, .. } => {
                drop_copies_to_themselves(condition);
                drop_copies_to_themselves(body);
            }
            Step::Switch { branches, .. } => {
                branches.iter_mut().for_each(drop_copies_to_themselves)
            }
            Step::Kernel(_) | Step::Library(_) | Step::Copy { .. } => {}
        }
    }
}

/// Replaces buffers by others; new names are not looked up again.
pub(crate) fn rename_once(steps: &mut [Step], names: &FxHashMap<BufferId, BufferId>) {
    if !names.is_empty() {
        visit_buffers(steps, &|id| *id = names.get(id).copied().unwrap_or(*id));
    }
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
            Step::Library(LibraryCall::TopK(top)) => {
                [&mut top.input, &mut top.values, &mut top.positions].into_iter().for_each(f);
            }
            Step::Library(LibraryCall::Host(call)) => {
                call.inputs.iter_mut().chain(&mut call.outputs).for_each(f);
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

/// Calls a function on an instruction and all that it encloses.
fn visit_inst<'a>(inst: &'a Inst, f: &mut dyn FnMut(&'a Inst)) {
    f(inst);
    match inst {
        Inst::Loop(l) => l.body.visit(f),
        Inst::While(w) => {
            w.condition.visit(f);
            w.body.visit(f);
        }
        _ => {}
    }
}

/// Calls a function on the values that an instruction reads, and those that its blocks yield.
fn each_operand(inst: &Inst, f: &mut dyn FnMut(ValueId)) {
    match inst {
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => {}
        Inst::Op { args, .. } => args.iter().copied().for_each(f),
        Inst::Load { position, mask, .. } => {
            f(*position);
            mask.iter().copied().for_each(f);
        }
        Inst::Store { position, value, mask, .. } => {
            f(*position);
            f(*value);
            mask.iter().copied().for_each(f);
        }
        Inst::Loop(l) => {
            l.carried.iter().for_each(|c| f(c.init));
            l.body.yields.iter().copied().for_each(f);
        }
        Inst::While(w) => {
            w.carried.iter().for_each(|c| f(c.init));
            w.condition.yields.iter().chain(&w.body.yields).copied().for_each(f);
        }
    }
}

/// Calls a function on the values that an instruction defines for those after it.
fn each_result(inst: &Inst, f: &mut dyn FnMut(ValueId)) {
    match inst {
        Inst::Const { out, .. }
        | Inst::Point { out, .. }
        | Inst::Index { out, .. }
        | Inst::Op { out, .. }
        | Inst::Load { out, .. } => f(*out),
        Inst::Store { .. } => {}
        Inst::Loop(l) => l.carried.iter().for_each(|c| f(c.result)),
        Inst::While(w) => w.carried.iter().for_each(|c| f(c.result)),
    }
}

/// As [`each_operand`], to change them; what blocks yield is left alone.
fn visit_operands(inst: &mut Inst, f: &mut dyn FnMut(&mut ValueId)) {
    match inst {
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => {}
        Inst::Op { args, .. } => args.iter_mut().for_each(f),
        Inst::Load { position, mask, .. } => {
            f(position);
            mask.iter_mut().for_each(f);
        }
        Inst::Store { position, value, mask, .. } => {
            f(position);
            f(value);
            mask.iter_mut().for_each(f);
        }
        Inst::Loop(l) => l.carried.iter_mut().for_each(|c| f(&mut c.init)),
        Inst::While(w) => w.carried.iter_mut().for_each(|c| f(&mut c.init)),
    }
}

/// Replaces values in a block and those inside of it.
fn substitute(block: &mut Block, names: &FxHashMap<ValueId, ValueId>) {
    let mut rename = |value: &mut ValueId| {
        if let Some(&new) = names.get(value) {
            *value = new;
        }
    };
    for inst in &mut block.insts {
        visit_operands(inst, &mut rename);
        match inst {
            Inst::Loop(l) => substitute(&mut l.body, names),
            Inst::While(w) => {
                substitute(&mut w.condition, names);
                substitute(&mut w.body, names);
            }
            _ => {}
        }
    }
    block.yields.iter_mut().for_each(rename);
}

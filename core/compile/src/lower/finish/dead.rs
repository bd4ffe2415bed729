//! Removing instructions that nothing needs.

use jaxrs_kernel::{Block, Inst, Kernel, LoopKind, ValueId};

/// Removes instructions whose results are not used and that store nothing, and values that reductions
/// carry for nobody.
pub(crate) fn remove(kernel: &mut Kernel) {
    let mut live = vec![false; kernel.values.len()];
    clean(&mut kernel.body, &mut live);
}

fn clean(block: &mut Block, live: &mut [bool]) {
    for &value in &block.yields {
        live[value.0 as usize] = true;
    }
    let mut kept = Vec::with_capacity(block.insts.len());
    while let Some(mut inst) = block.insts.pop() {
        if is_needed(&inst, live) {
            mark(&mut inst, live);
            kept.push(inst);
        }
    }
    kept.reverse();
    block.insts = kept;
}

fn is_needed(inst: &Inst, live: &[bool]) -> bool {
    let is_live = |value: ValueId| live[value.0 as usize];
    match inst {
        Inst::Const { out, .. }
        | Inst::Point { out, .. }
        | Inst::Index { out, .. }
        | Inst::Op { out, .. }
        | Inst::Load { out, .. } => is_live(*out),
        Inst::Store { .. } => true,
        Inst::Loop(l) => l.carried.iter().any(|c| is_live(c.result)) || stores(&l.body),
        Inst::While(w) => w.carried.iter().any(|c| is_live(c.result)) || stores(&w.body),
    }
}

/// Whether a block writes to memory.
pub(crate) fn stores(block: &Block) -> bool {
    let mut found = false;
    block.visit(&mut |inst| found |= matches!(inst, Inst::Store { .. }));
    found
}

fn mark(inst: &mut Inst, live: &mut [bool]) {
    let mut use_value = |value: ValueId| live[value.0 as usize] = true;
    match inst {
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => {}
        Inst::Op { args, .. } => args.iter().copied().for_each(use_value),
        Inst::Load { position, mask, .. } => {
            use_value(*position);
            mask.iter().copied().for_each(use_value);
        }
        Inst::Store { position, value, mask, .. } => {
            use_value(*position);
            use_value(*value);
            mask.iter().copied().for_each(use_value);
        }
        Inst::Loop(l) => {
            if let LoopKind::Reduce(ops) = &mut l.kind {
                for k in (0..l.carried.len()).rev() {
                    if !live[l.carried[k].result.0 as usize] {
                        l.carried.remove(k);
                        l.body.yields.remove(k);
                        ops.remove(k);
                    }
                }
                if ops.is_empty() {
                    l.kind = LoopKind::Map;
                }
            }
            l.carried.iter().for_each(|c| live[c.init.0 as usize] = true);
            clean(&mut l.body, live);
        }
        Inst::While(w) => {
            w.carried.iter().for_each(|c| live[c.init.0 as usize] = true);
            // The body may need what only the condition reads, and the other way round: both yield.
            clean(&mut w.body, live);
            clean(&mut w.condition, live);
        }
    }
}

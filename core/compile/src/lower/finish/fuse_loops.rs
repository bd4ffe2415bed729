//! Running loops of one length over one row together, so that what both read is read once.

use jaxrs_kernel::{Block, BufferId, Inst, Kernel, Loop, LoopKind, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Fuses loops of each block.
pub(crate) fn fuse_loops(kernel: &mut Kernel) {
    fuse(&mut kernel.body);
}

fn fuse(block: &mut Block) {
    let mut later = 0;
    while later < block.insts.len() {
        let partner = (0..later).find(|&early| may_fuse(block, early, later));
        match partner {
            // The loops after it moved up by as many places as instructions moved before it.
            Some(early) => fuse_pair(block, early, later),
            None => later += 1,
        }
    }
    for inst in &mut block.insts {
        match inst {
            Inst::Loop(l) => fuse(&mut l.body),
            Inst::While(w) => fuse(&mut w.body),
            _ => {}
        }
    }
}

fn independent(inst: &Inst) -> Option<&Loop> {
    match inst {
        Inst::Loop(l) if l.kind != LoopKind::Sequential && !holds_loops(&l.body) => Some(l),
        _ => None,
    }
}

fn holds_loops(block: &Block) -> bool {
    block.insts.iter().any(|inst| matches!(inst, Inst::Loop(_) | Inst::While(_)))
}

/// Whether two instructions are loops that can run as one, at the place of the earlier.
fn may_fuse(block: &Block, early: usize, later: usize) -> bool {
    let (Some(a), Some(b)) = (independent(&block.insts[early]), independent(&block.insts[later]))
    else {
        return false;
    };
    a.trips == b.trips
        && moves_before(block, early, later).is_some()
        && are_apart(block, early, later)
}

/// Whether no memory that one of the instructions from the earlier loop to the later writes is touched by
/// the later loop, and the other way round.
fn are_apart(block: &Block, early: usize, later: usize) -> bool {
    let moved = &block.insts[later];
    block.insts[early..later].iter().all(|inst| {
        disjoint(&stores(inst), &touched(moved)) && disjoint(&stores(moved), &touched(inst))
    })
}

fn disjoint(a: &FxHashSet<BufferId>, b: &FxHashSet<BufferId>) -> bool {
    a.is_disjoint(b)
}

fn stores(inst: &Inst) -> FxHashSet<BufferId> {
    buffers(inst, false)
}

fn touched(inst: &Inst) -> FxHashSet<BufferId> {
    buffers(inst, true)
}

fn buffers(inst: &Inst, loads_too: bool) -> FxHashSet<BufferId> {
    let mut found = FxHashSet::default();
    super::visit_inst(inst, &mut |inst| match inst {
        Inst::Store { buffer, .. } => _ = found.insert(*buffer),
        Inst::Load { buffer, .. } if loads_too => _ = found.insert(*buffer),
        _ => {}
    });
    found
}

/// The places of the instructions between two loops that the later one needs, if those can all be moved
/// before the earlier one.
fn moves_before(block: &Block, early: usize, later: usize) -> Option<Vec<usize>> {
    let mut needed: FxHashSet<ValueId> = FxHashSet::default();
    super::visit_inst(&block.insts[later], &mut |inst| {
        super::each_operand(inst, &mut |value| _ = needed.insert(value));
    });
    if let Inst::Loop(a) = &block.insts[early]
        && a.carried.iter().any(|c| needed.contains(&c.result))
    {
        return None;
    }
    let mut moved = Vec::new();
    for place in (early + 1..later).rev() {
        let inst = &block.insts[place];
        let mut defines = false;
        super::each_result(inst, &mut |value| defines |= needed.contains(&value));
        if !defines {
            continue;
        }
        if !matches!(
            inst,
            Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } | Inst::Op { .. }
        ) {
            return None;
        }
        super::each_operand(inst, &mut |value| _ = needed.insert(value));
        moved.push(place);
    }
    if let Inst::Loop(a) = &block.insts[early]
        && a.carried.iter().any(|c| needed.contains(&c.result))
    {
        return None;
    }
    moved.reverse();
    Some(moved)
}

fn fuse_pair(block: &mut Block, early: usize, later: usize) {
    let moved = moves_before(block, early, later).unwrap_or_default();
    let Inst::Loop(b) = block.insts.remove(later) else { return };
    let mut first: Vec<Inst> = Vec::with_capacity(moved.len());
    for &place in moved.iter().rev() {
        first.push(block.insts.remove(place));
    }
    first.reverse();
    if let Inst::Loop(a) = &mut block.insts[early] {
        join(a, b);
    }
    block.insts.splice(early..early, first);
}

fn join(a: &mut Loop, b: Loop) {
    let names = FxHashMap::from_iter([(b.index, a.index)]);
    let mut body = b.body;
    super::substitute(&mut body, &names);
    a.body.insts.extend(body.insts);
    a.body.yields.extend(body.yields);
    a.carried.extend(b.carried);
    a.kind = match (std::mem::replace(&mut a.kind, LoopKind::Map), b.kind) {
        (LoopKind::Reduce(mut ops), LoopKind::Reduce(more)) => {
            ops.extend(more);
            LoopKind::Reduce(ops)
        }
        (LoopKind::Reduce(ops), _) | (_, LoopKind::Reduce(ops)) => LoopKind::Reduce(ops),
        _ => LoopKind::Map,
    };
}

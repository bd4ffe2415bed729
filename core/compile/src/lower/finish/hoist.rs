//! Moving what does not change out of counted loops, and computing equal values once.

use jaxrs_data::{DType, Scalar, SmallVec};
use jaxrs_kernel::{Block, BufferId, Carried, Inst, Kernel, ScalarOp, ValueId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Moves pure instructions, and loads from memory that the kernel does not write, out of the loops that
/// they do not depend on.
pub(crate) fn hoist(kernel: &mut Kernel) {
    let written = written(&kernel.body);
    let mut depths = vec![0; kernel.values.len()];
    let mut body = std::mem::take(&mut kernel.body);
    let mut hoister = Hoister { written: &written, depths: &mut depths };
    let left = hoister.block(&mut body, 0, true);
    debug_assert!(left.is_empty(), "nothing leaves the outermost block");
    kernel.body = body;
}

/// The buffers that a block stores to.
pub(crate) fn written(block: &Block) -> FxHashSet<BufferId> {
    let mut found = FxHashSet::default();
    block.visit(&mut |inst| {
        if let Inst::Store { buffer, .. } = inst {
            found.insert(*buffer);
        }
    });
    found
}

struct Hoister<'a> {
    written: &'a FxHashSet<BufferId>,
    /// For each value, how many loops its definition lies in.
    depths: &'a mut [usize],
}

impl Hoister<'_> {
    /// Cleans a block at a depth; gives the instructions that belong before the loop around it.
    fn block(&mut self, block: &mut Block, depth: usize, loads_too: bool) -> Vec<Inst> {
        let (mut kept, mut left) = (Vec::with_capacity(block.insts.len()), Vec::new());
        for mut inst in std::mem::take(&mut block.insts) {
            if let Some(home) = self.home(&inst, depth, loads_too) {
                let out = defined(&inst);
                self.depths[out.0 as usize] = home;
                if home < depth {
                    left.push(inst)
                } else {
                    kept.push(inst)
                }
                continue;
            }
            self.enter(&mut inst, depth, &mut kept, &mut left);
            kept.push(inst);
        }
        block.insts = kept;
        left
    }

    /// Cleans nested blocks. What leaves them goes as far out as it can.
    fn enter(&mut self, inst: &mut Inst, depth: usize, kept: &mut Vec<Inst>, left: &mut Vec<Inst>) {
        let moved = match inst {
            Inst::Loop(l) => {
                self.depths[l.index.0 as usize] = depth + 1;
                self.define(&l.carried, depth);
                self.block(&mut l.body, depth + 1, l.trips > 0)
            }
            Inst::While(w) => {
                self.define(&w.carried, depth);
                let mut moved = self.block(&mut w.condition, depth + 1, false);
                moved.extend(self.block(&mut w.body, depth + 1, false));
                moved
            }
            Inst::Load { out, .. } => {
                self.depths[out.0 as usize] = depth;
                Vec::new()
            }
            _ => Vec::new(),
        };
        for inst in moved {
            let home = self.depths[defined(&inst).0 as usize];
            if home < depth { left.push(inst) } else { kept.push(inst) }
        }
    }

    fn define(&mut self, carried: &[Carried], depth: usize) {
        for c in carried {
            self.depths[c.param.0 as usize] = depth + 1;
            self.depths[c.result.0 as usize] = depth;
        }
    }

    /// The depth that a pure instruction belongs to; none for others.
    fn home(&self, inst: &Inst, depth: usize, loads_too: bool) -> Option<usize> {
        let deepest = |values: &[ValueId]| {
            values.iter().map(|v| self.depths[v.0 as usize]).max().unwrap_or(0)
        };
        match inst {
            Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => Some(0),
            Inst::Op { args, .. } => Some(deepest(args)),
            Inst::Load { buffer, position, mask, .. } if !self.written.contains(buffer) => {
                let needs = deepest(&[*position]).max(deepest(mask.as_slice()));
                // Only the innermost loop is known to run.
                loads_too.then_some(needs.max(depth.saturating_sub(1)))
            }
            _ => None,
        }
    }
}

/// The value that a pure instruction or a load defines.
fn defined(inst: &Inst) -> ValueId {
    match inst {
        Inst::Const { out, .. }
        | Inst::Point { out, .. }
        | Inst::Index { out, .. }
        | Inst::Op { out, .. }
        | Inst::Load { out, .. } => *out,
        _ => unreachable!("stores and loops are not moved"),
    }
}

/// What makes two values equal.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Const(DType, [u64; 2]),
    Point(usize),
    Index(u32),
    Op(ScalarOp, SmallVec<[ValueId; 3]>),
    Load(BufferId, ValueId, Option<ValueId>),
}

/// Lets equal values of one block and those around it be one.
pub(crate) fn share(kernel: &mut Kernel) {
    let written = written(&kernel.body);
    let mut body = std::mem::take(&mut kernel.body);
    let mut sharer =
        Sharer { kernel, written: &written, names: FxHashMap::default(), known: Vec::new() };
    sharer.block(&mut body);
    kernel.body = body;
}

struct Sharer<'a> {
    kernel: &'a Kernel,
    written: &'a FxHashSet<BufferId>,
    names: FxHashMap<ValueId, ValueId>,
    known: Vec<FxHashMap<Key, ValueId>>,
}

impl Sharer<'_> {
    fn block(&mut self, block: &mut Block) {
        self.known.push(FxHashMap::default());
        let insts = std::mem::take(&mut block.insts);
        block.insts = insts.into_iter().filter_map(|inst| self.inst(inst)).collect();
        block.yields.iter_mut().for_each(|value| self.rename(value));
        self.known.pop();
    }

    fn rename(&self, value: &mut ValueId) {
        if let Some(&new) = self.names.get(value) {
            *value = new;
        }
    }

    /// An instruction under new names, unless its value is known.
    fn inst(&mut self, mut inst: Inst) -> Option<Inst> {
        super::visit_operands(&mut inst, &mut |value| self.rename(value));
        match &mut inst {
            Inst::Loop(l) => self.block(&mut l.body),
            Inst::While(w) => {
                self.block(&mut w.condition);
                self.block(&mut w.body);
            }
            _ => {}
        }
        let Some(key) = self.key(&inst) else { return Some(inst) };
        let out = defined(&inst);
        if let Some(&known) = self.known.iter().rev().find_map(|known| known.get(&key)) {
            self.names.insert(out, known);
            return None;
        }
        if let Some(known) = self.known.last_mut() {
            known.insert(key, out);
        }
        Some(inst)
    }

    fn key(&self, inst: &Inst) -> Option<Key> {
        Some(match inst {
            Inst::Const { out, value } => Key::Const(self.kernel.dtype(*out), bits(*value)),
            Inst::Point { axis, .. } => Key::Point(*axis),
            Inst::Index { var, .. } => Key::Index(var.0),
            Inst::Op { op, args, .. } => Key::Op(*op, args.clone()),
            Inst::Load { buffer, position, mask, .. } if !self.written.contains(buffer) => {
                Key::Load(*buffer, *position, *mask)
            }
            _ => return None,
        })
    }
}

fn bits(value: Scalar) -> [u64; 2] {
    match value {
        Scalar::Bool(v) => [v.into(), 0],
        Scalar::Int(v) => [v as u64, 1],
        Scalar::Uint(v) => [v, 2],
        Scalar::Float(v) => [v.to_bits(), 3],
        Scalar::Complex(re, im) => [re.to_bits(), im.to_bits()],
        Scalar::Key(words) => [words as u64, (words >> 64) as u64],
    }
}

//! Branches around what is of effect under one mask only: read, change and write of an element that may not be there.

use jaxrs_data::{DType, Result, Scalar};
use jaxrs_kernel::{Block, Inst, ValueId};

use crate::body::Body;
use crate::ir::V;
use crate::lanes::Val;

impl Body<'_, '_> {
    /// The mask under which alone the first of `insts` matter, and how many they are: from a masked load to the last store
    /// under the same mask, if nothing else needs what they compute.
    ///
    /// One lane at a time; vectors have masks of their own.
    pub(crate) fn guarded(&self, block: &Block, insts: &[Inst]) -> Option<(ValueId, V, usize)> {
        let Some(Inst::Load { mask: Some(mask), .. }) = insts.first() else { return None };
        let Val::Uniform(holds) = self.value(*mask) else { return None };
        if self.width != 1 || self.ir.as_const(holds).is_some() {
            return None;
        }
        let same = |inst: &Inst| match inst {
            Inst::Load { mask: its, .. } | Inst::Store { mask: its, .. } => *its == Some(*mask),
            Inst::Op { .. } | Inst::Const { .. } => true,
            _ => false,
        };
        let simple = insts.iter().take_while(|inst| same(inst)).count();
        let n = 1 + insts[..simple].iter().rposition(|inst| matches!(inst, Inst::Store { .. }))?;
        let (inside, after) = insts.split_at(n);
        let needed = |value: &ValueId| {
            block.yields.contains(value) || after.iter().any(|inst| may_use(inst, *value))
        };
        let alone = !inside.iter().flat_map(Inst::defined).any(|value| needed(&value));
        alone.then_some((*mask, holds, n))
    }

    /// Emits instructions behind a branch on their mask.
    pub(crate) fn behind(&mut self, (mask, holds): (ValueId, V), insts: &[Inst]) -> Result<()> {
        let (then, after) = (self.ir.block(self.function), self.ir.block(self.function));
        self.ir.cond_br(holds, then, after);
        self.ir.go_to(then);
        let open = self.constant(DType::Bool, Scalar::Bool(true));
        self.set(mask, Val::Uniform(open));
        insts.iter().try_for_each(|inst| self.inst(inst))?;
        self.set(mask, Val::Uniform(holds));
        self.ir.br(after);
        self.ir.go_to(after);
        Ok(())
    }
}

/// Whether an instruction may read a value; loops are taken to read all.
fn may_use(inst: &Inst, value: ValueId) -> bool {
    match inst {
        Inst::Const { .. } | Inst::Point { .. } | Inst::Index { .. } => false,
        Inst::Op { args, .. } => args.contains(&value),
        Inst::Load { position, mask, .. } => *position == value || *mask == Some(value),
        Inst::Store { position, value: stored, mask, .. } => {
            *position == value || *stored == value || *mask == Some(value)
        }
        Inst::Loop(_) | Inst::While(_) => true,
    }
}

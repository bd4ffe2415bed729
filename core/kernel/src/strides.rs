//! How positions change from one iteration or point to the next.

use crate::{Inst, Kernel, ScalarOp, ValueId};

/// What a position's change along a loop is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Along {
    /// An axis of the kernel's domain.
    Axis(usize),
    /// The index of a loop.
    Counter(ValueId),
}

/// How values change from one iteration to the next.
#[derive(Debug)]
pub struct Strides<'k>(Vec<Option<&'k Inst>>);

impl<'k> Strides<'k> {
    /// Of a kernel's values.
    pub fn new(kernel: &'k Kernel) -> Strides<'k> {
        let mut defs = vec![None; kernel.values.len()];
        kernel.visit(&mut |inst| match inst {
            Inst::Const { out, .. }
            | Inst::Point { out, .. }
            | Inst::Index { out, .. }
            | Inst::Op { out, .. }
            | Inst::Load { out, .. } => defs[out.0 as usize] = Some(inst),
            _ => {}
        });
        Strides(defs)
    }

    /// By how much a value grows with each step along something, if always by as much.
    pub fn of(&self, value: ValueId, along: Along) -> Option<i64> {
        if along == Along::Counter(value) {
            return Some(1);
        }
        match self.0[value.0 as usize] {
            None | Some(Inst::Const { .. } | Inst::Index { .. }) => Some(0),
            Some(Inst::Point { axis, .. }) => Some((along == Along::Axis(*axis)).into()),
            Some(Inst::Op { op: ScalarOp::Add, args, .. }) => {
                Some(self.of(args[0], along)? + self.of(args[1], along)?)
            }
            Some(Inst::Op { op: ScalarOp::Sub, args, .. }) => {
                Some(self.of(args[0], along)? - self.of(args[1], along)?)
            }
            Some(Inst::Op { op: ScalarOp::Mul, args, .. }) => self
                .product(args[0], args[1], along)
                .or_else(|| self.product(args[1], args[0], along)),
            Some(Inst::Op { args, .. }) => self.fixed(args, along),
            Some(Inst::Load { position, .. }) => self.fixed(&[*position], along),
            Some(_) => None,
        }
    }

    fn product(&self, a: ValueId, b: ValueId, along: Along) -> Option<i64> {
        let step = self.of(a, along)?;
        match self.0[b.0 as usize] {
            Some(Inst::Const { value, .. }) => Some(step * value.as_i64()),
            _ => self.fixed(&[a, b], along),
        }
    }

    /// 0 if nothing of this changes.
    fn fixed(&self, values: &[ValueId], along: Along) -> Option<i64> {
        values.iter().all(|&value| self.of(value, along) == Some(0)).then_some(0)
    }
}

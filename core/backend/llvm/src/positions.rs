//! Positions: numbers that grow by a constant from lane to lane are kept as the scalar of lane 0.

use jaxrs_data::DType;
use jaxrs_kernel::{Compare, ScalarOp, ValueId};

use crate::body::{Body, affine};
use crate::ir::V;
use crate::lanes::Val;
use crate::ops;

impl Body<'_, '_> {
    /// Arithmetic on positions stays scalar where each lane differs from the last by a constant.
    pub(crate) fn affine_op(&mut self, op: ScalarOp, args: &[Val], out: ValueId) -> Option<Val> {
        let ir = self.ir;
        let (&a, &b) = (args.first()?, args.get(1)?);
        if !args.iter().any(|arg| matches!(arg, Val::Affine { .. })) {
            return None;
        }
        match (op, a, b) {
            (ScalarOp::Add, Val::Affine { base, stride, multiple }, Val::Uniform(u))
            | (ScalarOp::Add, Val::Uniform(u), Val::Affine { base, stride, multiple }) => {
                let multiple = gcd(multiple, ir.as_const(u).unwrap_or(1));
                Some(affine(ir.add(base, u), stride, multiple))
            }
            (ScalarOp::Sub, Val::Affine { base, stride, multiple }, Val::Uniform(u)) => {
                let multiple = gcd(multiple, ir.as_const(u).unwrap_or(1));
                Some(affine(ir.sub(base, u), stride, multiple))
            }
            (ScalarOp::Sub, Val::Uniform(u), Val::Affine { base, stride, .. }) => {
                Some(affine(ir.sub(u, base), stride.wrapping_neg(), 1))
            }
            (
                ScalarOp::Add,
                Val::Affine { base: x, stride: s, .. },
                Val::Affine { base: y, stride: t, .. },
            ) => Some(affine(ir.add(x, y), s.wrapping_add(t), 1)),
            (
                ScalarOp::Sub,
                Val::Affine { base: x, stride: s, .. },
                Val::Affine { base: y, stride: t, .. },
            ) => Some(affine(ir.sub(x, y), s.wrapping_sub(t), 1)),
            (ScalarOp::Mul, Val::Affine { base, stride, multiple }, Val::Uniform(u))
            | (ScalarOp::Mul, Val::Uniform(u), Val::Affine { base, stride, multiple }) => {
                let c = ir.as_const(u)?;
                Some(affine(
                    ir.mul(base, u),
                    stride.checked_mul(c)?,
                    multiple.checked_mul(c.checked_abs()?)?,
                ))
            }
            (
                ScalarOp::Div | ScalarOp::Rem,
                Val::Affine { base, stride: 1, multiple },
                Val::Uniform(u),
            ) => self.affine_div(op, base, multiple, u),
            (ScalarOp::Compare(compare), ..) if self.kernel.dtype(out) == DType::Bool => {
                self.affine_compare(compare, a, b)
            }
            _ => None,
        }
    }

    /// Division where the lanes of one vector lie in one row: the row is the same for all.
    fn affine_div(&self, op: ScalarOp, base: V, multiple: i64, by: V) -> Option<Val> {
        let by_const = self.ir.as_const(by)?;
        let width = i64::from(self.width);
        let in_one_row = by_const > 0 && by_const % width == 0 && multiple % width == 0;
        if !in_one_row {
            return None;
        }
        Some(match op {
            ScalarOp::Div => Val::Uniform(self.ir.sdiv(base, by)),
            _ => affine(self.ir.srem(base, by), 1, gcd(multiple, by_const)),
        })
    }

    /// Comparisons of positions need 32-bit lanes only: the bound is put relative to lane 0 and clamped.
    fn affine_compare(&self, compare: Compare, a: Val, b: Val) -> Option<Val> {
        let ir = self.ir;
        let (base, bound, swapped) = match (a, b) {
            (Val::Affine { base: x, stride: s, .. }, Val::Affine { base: y, stride: t, .. })
                if s == t =>
            {
                return Some(Val::Uniform(ir.icmp(ops::signed(compare), x, y)));
            }
            (Val::Affine { base, stride: 1, .. }, Val::Uniform(u)) => (base, u, false),
            (Val::Uniform(u), Val::Affine { base, stride: 1, .. }) => (base, u, true),
            _ => return None,
        };
        let width = i64::from(self.width);
        let ahead = ir.sub(bound, base);
        let ahead = ir.same("llvm.smin", &[ahead, ir.i64(width)]);
        let ahead = ir.same("llvm.smax", &[ahead, ir.i64(-1)]);
        let ahead = ir.splat(ir.trunc(ahead, ir.int(32)), self.width);
        let lanes = ir.iota(ir.int(32), self.width, 1);
        let (x, y) = if swapped { (ahead, lanes) } else { (lanes, ahead) };
        Some(Val::Varying(ir.icmp(ops::signed(compare), x, y)))
    }
}

/// A common divisor, mostly the greatest.
fn gcd(a: i64, b: i64) -> i64 {
    let (mut a, mut b) = (a.checked_abs().unwrap_or(1), b.checked_abs().unwrap_or(1));
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a.max(1)
}

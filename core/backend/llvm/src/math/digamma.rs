//! The digamma function, without branches.

use std::f64::consts::PI;

use jaxrs_kernel::math;

use super::Math;
use crate::ir::V;

/// How far the recurrence goes: from here on the series is exact to a double.
const FAR: usize = 10;

impl Math<'_, '_> {
    /// Γ′(x)/Γ(x) in double precision, as [`math::digamma`] computes it: reflection for negative arguments,
    /// recurrence up to 10, then the asymptotic series.
    pub(super) fn digamma(&self, x: V) -> V {
        let ir = self.e.ir;
        let negative = self.less(x, 0.0);
        let reflected = ir.fsub(self.float(x, 1.0), x);
        let positive = self.digamma_of_positive(ir.select(negative, reflected, x));
        // The fraction first: the tangent of a large multiple of π has no digits left.
        let fraction = ir.fsub(x, ir.same("llvm.rint", &[x]));
        let tangent = self.tan(ir.fmul(fraction, self.float(x, PI)));
        let v = ir.fsub(positive, ir.fdiv(self.float(x, PI), tangent));
        let v = ir.select(negative, v, positive);
        let whole = self.equals(ir.fsub(x, ir.same("llvm.floor", &[x])), 0.0);
        let pole = ir.or(ir.and(negative, whole), self.equals(x, 0.0));
        let pole = ir.or(pole, self.equals(x, f64::NEG_INFINITY));
        ir.select(pole, self.float(x, f64::NAN), v)
    }

    fn digamma_of_positive(&self, x: V) -> V {
        let ir = self.e.ir;
        let (zero, one) = (self.float(x, 0.0), self.float(x, 1.0));
        let (mut shifted, mut sum) = (x, zero);
        for _ in 0..FAR {
            let near = self.less(shifted, FAR as f64);
            sum = ir.fadd(sum, ir.select(near, ir.fdiv(one, shifted), zero));
            shifted = ir.fadd(shifted, ir.select(near, one, zero));
        }
        let square = ir.fdiv(one, ir.fmul(shifted, shifted));
        let series = math::DIGAMMA_SERIES
            .iter()
            .fold(zero, |total, &c| ir.fmul(ir.fadd(total, self.float(x, c)), square));
        let half = ir.fdiv(self.float(x, 0.5), shifted);
        let v = ir.fsub(ir.fsub(self.log(shifted), half), series);
        ir.fsub(v, sum)
    }
}

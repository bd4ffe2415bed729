//! Trigonometric and hyperbolic functions.

use jaxrs_data::DType;

use super::{Formulas, Pair, Reals};
use crate::scalar::{Compare, ScalarOp};

impl<R: Reals> Formulas<'_, R> {
    pub(super) fn complex_sin(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (sin, cos) = (self.apply(ScalarOp::Sin, x), self.apply(ScalarOp::Cos, x));
        let (sinh, cosh) = (self.apply(ScalarOp::Sinh, y), self.apply(ScalarOp::Cosh, y));
        let (re, im) = (self.mul(sin, cosh), self.mul(cos, sinh));
        (self.zero_where_zero(re, x), im)
    }

    pub(super) fn complex_cos(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (sin, cos) = (self.apply(ScalarOp::Sin, x), self.apply(ScalarOp::Cos, x));
        let (sinh, cosh) = (self.apply(ScalarOp::Sinh, y), self.apply(ScalarOp::Cosh, y));
        let sin = self.neg(sin);
        let (re, im) = (self.mul(cos, cosh), self.mul(sin, sinh));
        (re, self.zero_where_zero(im, x))
    }

    /// sinh z = sinh x cos y + i cosh x sin y; sums that are zero are +0.
    pub(super) fn complex_sinh(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (sin, cos) = (self.apply(ScalarOp::Sin, y), self.apply(ScalarOp::Cos, y));
        let (sinh, cosh) = (self.apply(ScalarOp::Sinh, x), self.apply(ScalarOp::Cosh, x));
        let (re, im) = (self.mul(sinh, cos), self.mul(cosh, sin));
        (self.plus(re, 0.0), self.zero_where_zero(im, y))
    }

    pub(super) fn complex_cosh(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (sin, cos) = (self.apply(ScalarOp::Sin, y), self.apply(ScalarOp::Cos, y));
        let (sinh, cosh) = (self.apply(ScalarOp::Sinh, x), self.apply(ScalarOp::Cosh, x));
        let (re, im) = (self.mul(cosh, cos), self.mul(sinh, sin));
        let im = self.plus(im, 0.0);
        (re, self.zero_where_zero(im, y))
    }

    /// Kahan (1987), Branch Cuts for Complex Elementary Functions: with t = tan y, s = sinh x and
    /// β = 1 + t², tanh z = (β √(1 + s²) s + i t)/(1 + β s²); far out ±1 + 4 i sin y cos y e^(−2|x|).
    pub(super) fn complex_tanh(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let far_out = if self.0.dtype() == DType::F32 { 12.0 } else { 22.0 };
        let size = self.abs(x);
        let is_far = self.is(Compare::Gt, size, far_out);
        let tan = self.apply(ScalarOp::Tan, y);
        let sinh = self.apply(ScalarOp::Sinh, x);
        let (tan2, sinh2) = (self.mul(tan, tan), self.mul(sinh, sinh));
        let (beta, cosh2) = (self.plus(tan2, 1.0), self.plus(sinh2, 1.0));
        let rho = self.sqrt(cosh2);
        let scaled = self.mul(beta, sinh2);
        let divisor = self.plus(scaled, 1.0);
        let numerator = self.mul(beta, rho);
        let numerator = self.mul(numerator, sinh);
        let near = (self.div(numerator, divisor), self.div(tan, divisor));
        let far = self.tanh_far_out((x, y), size);
        let (re, im) = self.select_pair(is_far, far, near);
        (re, self.zero_where_zero(im, y))
    }

    fn tanh_far_out(&mut self, (x, y): Pair<R::Value>, size: R::Value) -> Pair<R::Value> {
        let twice = self.times(size, -2.0);
        let decay = self.apply(ScalarOp::Exp, twice);
        let (sin, cos) = (self.apply(ScalarOp::Sin, y), self.apply(ScalarOp::Cos, y));
        let im = self.mul(sin, cos);
        let im = self.mul(im, decay);
        let im = self.times(im, 4.0);
        // At infinity the imaginary part does not matter; before it there is no limit.
        let (is_infinite, is_finite) = (self.is_infinite(x), self.apply(ScalarOp::IsFinite, y));
        let (one, zero, nan) = (self.number(1.0), self.number(0.0), self.number(f64::NAN));
        let re = self.with_sign(one, x);
        let nowhere = self.select_pair(is_infinite, (re, zero), (nan, nan));
        self.select_pair(is_finite, (re, im), nowhere)
    }

    /// tan z = −i tanh iz.
    pub(super) fn complex_tan(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let negated = self.neg(y);
        let (re, im) = self.complex_tanh((negated, x));
        (im, self.neg(re))
    }
}

//! Products and quotients.

use super::{Formulas, Pair, Reals};
use crate::scalar::{Compare, ScalarOp};

impl<R: Reals> Formulas<'_, R> {
    pub(super) fn complex_mul(&mut self, z: Pair<R::Value>, w: Pair<R::Value>) -> Pair<R::Value> {
        // A sum with −b, as compilers contract products into sums, and leave differences rounded.
        let minus_b = self.neg(z.1);
        let (ac, bd) = (self.mul(z.0, w.0), self.mul(minus_b, w.1));
        let (ad, bc) = (self.mul(z.0, w.1), self.mul(z.1, w.0));
        (self.add(ac, bd), self.add(ad, bc))
    }

    /// Smith's method (CACM 5, 1962, algorithm 116), where a quotient of which both parts come out as
    /// NaN is recovered as in C99, annex G.5.1.
    pub(super) fn complex_div(&mut self, z: Pair<R::Value>, w: Pair<R::Value>) -> Pair<R::Value> {
        let quotient = self.smith(z, w);
        let (re_is_nan, im_is_nan) = (self.is_nan(quotient.0), self.is_nan(quotient.1));
        let failed = self.and(re_is_nan, im_is_nan);
        let recovered = self.recovered(z, w, quotient);
        self.select_pair(failed, recovered, quotient)
    }

    fn smith(&mut self, (a, b): Pair<R::Value>, (c, d): Pair<R::Value>) -> Pair<R::Value> {
        let (size_c, size_d) = (self.abs(c), self.abs(d));
        let swap = self.compare(Compare::Lt, size_c, size_d);
        let (large, small) = (self.select(swap, d, c), self.select(swap, c, d));
        let ratio = self.div(small, large);
        let scaled = self.mul(small, ratio);
        let divisor = self.add(large, scaled);
        // (a + b r)/D and (b − a r)/D, or (a r + b)/D and (b r − a)/D.
        let (first, second) = (self.select(swap, b, a), self.select(swap, a, b));
        let scaled = self.mul(second, ratio);
        let re = self.add(first, scaled);
        let (ar, br) = (self.mul(a, ratio), self.mul(b, ratio));
        let (upright, swapped) = (self.sub(b, ar), self.sub(br, a));
        let im = self.select(swap, swapped, upright);
        (self.div(re, divisor), self.div(im, divisor))
    }

    fn recovered(
        &mut self,
        (a, b): Pair<R::Value>,
        (c, d): Pair<R::Value>,
        quotient: Pair<R::Value>,
    ) -> Pair<R::Value> {
        let [z_finite, w_finite] = [(a, b), (c, d)].map(|z| self.is_finite_pair(z));
        let [z_infinite, w_infinite] = [(a, b), (c, d)].map(|z| self.is_infinite_pair(z));
        // A finite number by an infinite one.
        let (unit_c, unit_d) = (self.boxed(c), self.boxed(d));
        let zero = self.number(0.0);
        let small = self.scaled_quotient(zero, (a, b), (unit_c, unit_d));
        let is_small = self.and(z_finite, w_infinite);
        let result = self.select_pair(is_small, small, quotient);
        // An infinite number by a finite one.
        let (unit_a, unit_b) = (self.boxed(a), self.boxed(b));
        let infinity = self.number(f64::INFINITY);
        let large = self.scaled_quotient(infinity, (unit_a, unit_b), (c, d));
        let is_large = self.and(z_infinite, w_finite);
        let result = self.select_pair(is_large, large, result);
        // By zero.
        let (c_zero, d_zero) = (self.is_zero(c), self.is_zero(d));
        let by_zero = self.and(c_zero, d_zero);
        let signed = self.with_sign(infinity, c);
        let pole = (self.mul(signed, a), self.mul(signed, b));
        self.select_pair(by_zero, pole, result)
    }

    fn is_finite_pair(&mut self, z: Pair<R::Value>) -> R::Value {
        let (re, im) = (self.apply(ScalarOp::IsFinite, z.0), self.apply(ScalarOp::IsFinite, z.1));
        self.and(re, im)
    }

    /// Whether either part is infinite.
    pub(super) fn is_infinite_pair(&mut self, z: Pair<R::Value>) -> R::Value {
        let (re, im) = (self.is_infinite(z.0), self.is_infinite(z.1));
        self.or(re, im)
    }

    /// ±1 for infinities, else ±0.
    fn boxed(&mut self, x: R::Value) -> R::Value {
        let is_infinite = self.is_infinite(x);
        let (one, zero) = (self.number(1.0), self.number(0.0));
        let size = self.select(is_infinite, one, zero);
        self.with_sign(size, x)
    }

    /// A factor times z times the conjugate of w.
    fn scaled_quotient(
        &mut self,
        factor: R::Value,
        (a, b): Pair<R::Value>,
        (c, d): Pair<R::Value>,
    ) -> Pair<R::Value> {
        let (ac, bd) = (self.mul(a, c), self.mul(b, d));
        let (bc, ad) = (self.mul(b, c), self.mul(a, d));
        let (re, im) = (self.add(ac, bd), self.sub(bc, ad));
        (self.mul(factor, re), self.mul(factor, im))
    }
}

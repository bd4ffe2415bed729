//! Roots, powers, exponential functions and logarithms.

use std::f64::consts::LN_2;

use super::{Formulas, Pair, Reals};
use crate::scalar::{Compare, ScalarOp};

impl<R: Reals> Formulas<'_, R> {
    /// The parts of the root, neither of them negative, of x + iy in the upper half plane; y is not
    /// negative.
    pub(super) fn root(&mut self, x: R::Value, y: R::Value) -> Pair<R::Value> {
        // Scaled by a power of 4, so that the sum below neither overflows nor loses digits.
        const SHIFT: i32 = 60;
        let size = self.abs(x);
        let largest = self.max(size, y);
        let (is_large, is_small) = (
            self.is(Compare::Gt, largest, self.largest() / 8.0),
            self.is(Compare::Lt, largest, self.smallest() * 2f64.powi(SHIFT)),
        );
        let mut factors = |large: f64, small: f64| {
            let [large, small, one] = [large, small, 1.0].map(|v| self.number(v));
            let factor = self.select(is_small, small, one);
            self.select(is_large, large, factor)
        };
        let (down, up) = (factors(0.25, 2f64.powi(SHIFT)), factors(2.0, 2f64.powi(-SHIFT / 2)));
        let (size, y) = (self.mul(size, down), self.mul(y, down));
        let magnitude = self.magnitude((size, y));
        let sum = self.add(size, magnitude);
        let half = self.times(sum, 0.5);
        let root = self.sqrt(half);
        let twice = self.add(root, root);
        let quotient = self.div(y, twice);
        let other = self.zero_where_zero(quotient, y);
        let (root, other) = (self.mul(root, up), self.mul(other, up));
        let is_right = self.is(Compare::Ge, x, 0.0);
        (self.select(is_right, root, other), self.select(is_right, other, root))
    }

    pub(super) fn complex_sqrt(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let height = self.abs(y);
        let (re, im) = self.root(x, height);
        // On the branch cut both signs of the zero give the upper side.
        let is_below = self.is(Compare::Lt, y, 0.0);
        let lower = self.neg(im);
        let im = self.select(is_below, lower, im);
        // ∞ ± i∞ is the root of all numbers of infinite imaginary part, but of NaN.
        let (is_tall, x_is_nan) = (self.is_infinite(y), self.is_nan(x));
        let result = self.select_pair(is_tall, (height, y), (re, im));
        self.select_pair(x_is_nan, (x, x), result)
    }

    /// One over the root: the conjugate of the root, by the square of its magnitude.
    pub(super) fn complex_rsqrt(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let height = self.abs(y);
        let (p, q) = self.root(x, height);
        let is_steep = self.compare(Compare::Lt, p, q);
        let (large, small) = (self.select(is_steep, q, p), self.select(is_steep, p, q));
        let ratio = self.div(small, large);
        let scaled = self.mul(small, ratio);
        let divisor = self.add(large, scaled);
        let one = self.number(1.0);
        let (inverse, part) = (self.div(one, divisor), self.div(ratio, divisor));
        let re = self.select(is_steep, part, inverse);
        let im = self.select(is_steep, inverse, part);
        let lowered = self.neg(im);
        let below = self.0.is_negative(y);
        let im = self.select(below, im, lowered);
        self.rsqrt_at_ends((x, y), (re, im))
    }

    fn rsqrt_at_ends(&mut self, (x, y): Pair<R::Value>, value: Pair<R::Value>) -> Pair<R::Value> {
        let is_infinite = self.is_infinite_pair((x, y));
        let zero = self.number(0.0);
        let (re, im) = (self.with_sign(zero, x), self.with_sign(zero, y));
        let (is_wide, im) = (self.is_infinite(x), self.neg(im));
        let re = self.select(is_wide, re, zero);
        let value = self.select_pair(is_infinite, (re, im), value);
        let (x_zero, y_zero) = (self.is_zero(x), self.is_zero(y));
        let is_zero = self.and(x_zero, y_zero);
        let pole = (self.number(f64::INFINITY), self.number(f64::NAN));
        self.select_pair(is_zero, pole, value)
    }

    /// The exponential in two factors, so that it overflows only where the result does.
    pub(super) fn complex_exp(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let half = self.times(x, 0.5);
        let half = self.apply(ScalarOp::Exp, half);
        let (cos, sin) = (self.apply(ScalarOp::Cos, y), self.apply(ScalarOp::Sin, y));
        let (re, im) = (self.mul(half, cos), self.mul(half, sin));
        let (re, im) = (self.mul(re, half), self.mul(im, half));
        (re, self.zero_where_zero(im, y))
    }

    pub(super) fn complex_exp2(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let factor = (self.number(LN_2), self.number(0.0));
        let scaled = self.complex_mul(factor, z);
        self.complex_exp(scaled)
    }

    /// eˣ cos y − 1 = (eˣ − 1) cos y − 2 sin²(y/2); a zero is +0.
    pub(super) fn complex_expm1(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let growth = self.apply(ScalarOp::Expm1, x);
        let cos = self.apply(ScalarOp::Cos, y);
        let turned = self.mul(growth, cos);
        let half = self.times(y, 0.5);
        let sin = self.apply(ScalarOp::Sin, half);
        let square = self.mul(sin, sin);
        let fall = self.add(square, square);
        let re = self.sub(turned, fall);
        (self.plus(re, 0.0), self.complex_exp((x, y)).1)
    }

    /// ln |z|. Near the unit circle the logarithm of 1 + (|z|² − 1).
    pub(super) fn log_magnitude(&mut self, z: Pair<R::Value>) -> R::Value {
        let (large, ratio) = self.large_and_ratio(z);
        let square = self.mul(ratio, ratio);
        let rest = self.apply(ScalarOp::Log1p, square);
        let rest = self.times(rest, 0.5);
        let log = self.apply(ScalarOp::Log, large);
        let far = self.add(log, rest);
        let near = self.log_near_one(z, large);
        let (above, below) = (self.is(Compare::Gt, large, 0.5), self.is(Compare::Lt, large, 1.5));
        let is_near = self.and(above, below);
        self.select(is_near, near, far)
    }

    fn log_near_one(&mut self, z: Pair<R::Value>, large: R::Value) -> R::Value {
        let (x, y) = (self.abs(z.0), self.abs(z.1));
        let small = self.min(x, y);
        let (low, high) = (self.plus(large, -1.0), self.plus(large, 1.0));
        let (product, square) = (self.mul(low, high), self.mul(small, small));
        let excess = self.add(product, square);
        let log = self.apply(ScalarOp::Log1p, excess);
        self.times(log, 0.5)
    }

    pub(super) fn complex_log(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        (self.log_magnitude(z), self.atan2(z.1, z.0))
    }

    /// Near zero ln |1 + z| = ½ ln(1 + (x(x + 2) + y²)).
    pub(super) fn complex_log1p(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let shifted = self.plus(x, 1.0);
        let far = self.log_magnitude((shifted, y));
        let (more, square) = (self.plus(x, 2.0), self.mul(y, y));
        let product = self.mul(x, more);
        let excess = self.add(product, square);
        let log = self.apply(ScalarOp::Log1p, excess);
        let near = self.times(log, 0.5);
        let (width, height) = (self.abs(x), self.abs(y));
        let size = self.max(width, height);
        let is_near = self.is(Compare::Lt, size, 0.5);
        (self.select(is_near, near, far), self.atan2(y, shifted))
    }

    pub(super) fn complex_logistic(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let negated = (self.neg(z.0), self.neg(z.1));
        let (re, im) = self.complex_exp(negated);
        let (one, zero) = (self.number(1.0), self.number(0.0));
        let divisor = (self.add(re, one), self.add(im, zero));
        self.complex_div((one, zero), divisor)
    }

    /// In polar form; everything to the 0 is 1, and so is 1 to everything.
    pub(super) fn complex_pow(&mut self, z: Pair<R::Value>, w: Pair<R::Value>) -> Pair<R::Value> {
        let (magnitude, log) = (self.magnitude(z), self.log_magnitude(z));
        let angle = self.atan2(z.1, z.0);
        let power = self.0.op(ScalarOp::Pow, &[magnitude, w.0]);
        let (by_angle, by_log) = (self.mul(w.1, angle), self.mul(w.1, log));
        let decay = self.neg(by_angle);
        let decay = self.apply(ScalarOp::Exp, decay);
        let size = self.mul(power, decay);
        let turn = self.mul(w.0, angle);
        let turn = self.add(turn, by_log);
        let (cos, sin) = (self.apply(ScalarOp::Cos, turn), self.apply(ScalarOp::Sin, turn));
        let value = (self.mul(size, cos), self.mul(size, sin));
        self.pow_at_ends(z, w, value)
    }

    fn pow_at_ends(
        &mut self,
        z: Pair<R::Value>,
        w: Pair<R::Value>,
        value: Pair<R::Value>,
    ) -> Pair<R::Value> {
        let (one, zero) = (self.number(1.0), self.number(0.0));
        let [z_re, z_im] = [z.0, z.1].map(|v| self.is_zero(v));
        let [w_re, w_im] = [w.0, w.1].map(|v| self.is_zero(v));
        let (of_zero, to_zero) = (self.and(z_re, z_im), self.and(w_re, w_im));
        let is_real_power = self.is(Compare::Gt, w.0, 0.0);
        let is_real_power = self.and(is_real_power, w_im);
        let nan = self.number(f64::NAN);
        let at_zero = self.select_pair(is_real_power, (zero, zero), (nan, nan));
        let value = self.select_pair(of_zero, at_zero, value);
        // Infinity to a real power.
        let (is_endless, is_number) = (self.is(Compare::Eq, z.0, f64::INFINITY), self.eq(w.0, w.0));
        let real = self.and(z_im, w_im);
        let of_endless = self.and(is_endless, is_number);
        let of_endless = self.and(of_endless, real);
        let endless = self.0.op(ScalarOp::Pow, &[z.0, w.0]);
        let value = self.select_pair(of_endless, (endless, zero), value);
        let is_one = self.eq(z.0, one);
        let of_one = self.and(is_one, z_im);
        let is_one = self.or(of_one, to_zero);
        self.select_pair(is_one, (one, zero), value)
    }

    /// −i ln((x + iy)/√(x² + y²)) of `atan2(y, x)`.
    pub(super) fn complex_atan2(&mut self, y: Pair<R::Value>, x: Pair<R::Value>) -> Pair<R::Value> {
        let point = (self.sub(x.0, y.1), self.add(x.1, y.0));
        let (xx, yy) = (self.complex_mul(x, x), self.complex_mul(y, y));
        let sum = (self.add(xx.0, yy.0), self.add(xx.1, yy.1));
        let norm = self.complex_sqrt(sum);
        let unit = self.complex_div(point, norm);
        let (re, im) = self.complex_log(unit);
        (im, self.neg(re))
    }
}

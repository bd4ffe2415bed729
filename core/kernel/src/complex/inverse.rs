//! Inverse trigonometric and hyperbolic functions, by Kahan's formulas (1987, Branch Cuts for Complex
//! Elementary Functions), whose sums do not cancel in the first quadrant.

use std::f64::consts::{FRAC_PI_2, LN_2};

use super::{Formulas, Pair, Reals};
use crate::scalar::{Compare, ScalarOp};

impl<R: Reals> Formulas<'_, R> {
    /// Of z: Re √(1 − z²), whose angle with |Re z| is the real part of arc sine and cosine, and the size
    /// of their imaginary part.
    fn arc(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let (x, y) = (self.abs(z.0), self.abs(z.1));
        let one = self.number(1.0);
        let (less, more) = (self.sub(one, x), self.add(one, x));
        let ((p, q), (r, s)) = (self.root(less, y), self.root(more, y));
        let (pr, qs) = (self.mul(p, r), self.mul(q, s));
        let (ps, qr) = (self.mul(p, s), self.mul(q, r));
        let height = self.add(ps, qr);
        let near = (self.add(pr, qs), self.apply(ScalarOp::Asinh, height));
        // Far out, asinh |z| = ln 2|z|.
        let log = self.log_magnitude((x, y));
        let far = (y, self.plus(log, LN_2));
        let size = self.max(x, y);
        let is_far = self.is(Compare::Gt, size, self.largest().powf(0.25));
        self.select_pair(is_far, far, near)
    }

    /// The value, negated where another number is less than zero.
    fn follow(&mut self, value: R::Value, other: R::Value) -> R::Value {
        let (below, negated) = (self.is(Compare::Lt, other, 0.0), self.neg(value));
        self.select(below, negated, value)
    }

    pub(super) fn complex_asin(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let (side, size) = self.arc(z);
        (self.atan2(z.0, side), self.follow(size, z.1))
    }

    pub(super) fn complex_acos(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let (side, size) = self.arc(z);
        let im = self.follow(size, z.1);
        (self.atan2(side, z.0), self.neg(im))
    }

    pub(super) fn complex_acosh(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let (side, size) = self.arc(z);
        let angle = self.atan2(side, z.0);
        (size, self.follow(angle, z.1))
    }

    /// asinh(x + iy) has the parts of asin(y + ix), exchanged.
    pub(super) fn complex_asinh(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (re, im) = self.complex_asin((y, x));
        (im, re)
    }

    /// ¼ ln(1 + 4x/((1 − x)² + y²)) + i/2 atan2(2y, (1 − x)(1 + x) − y²).
    pub(super) fn complex_atanh(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let (width, height) = (self.abs(x), self.abs(y));
        let size = self.max(width, height);
        let is_far = self.is(Compare::Gt, size, self.largest().sqrt() / 16.0);
        let one = self.number(1.0);
        let (less, more) = (self.sub(one, width), self.add(one, width));
        let (less2, square) = (self.mul(less, less), self.mul(y, y));
        let distance = self.add(less2, square);
        let four = self.times(width, 4.0);
        let excess = self.div(four, distance);
        let log = self.apply(ScalarOp::Log1p, excess);
        let re = self.times(log, 0.25);
        let product = self.mul(less, more);
        let (twice, across) = (self.add(y, y), self.sub(product, square));
        let angle = self.atan2(twice, across);
        let im = self.times(angle, 0.5);
        let far = self.atanh_far_out((width, y), size);
        let (re, im) = self.select_pair(is_far, far, (re, im));
        (self.follow(re, x), im)
    }

    /// Re 1/z, and ±π/2.
    fn atanh_far_out(&mut self, (width, y): Pair<R::Value>, size: R::Value) -> Pair<R::Value> {
        let (a, b) = (self.div(width, size), self.div(y, size));
        let (aa, bb) = (self.mul(a, a), self.mul(b, b));
        let norm = self.add(aa, bb);
        let ratio = self.div(a, norm);
        let re = self.div(ratio, size);
        let (is_infinite, zero) = (self.is_infinite(size), self.number(0.0));
        let re = self.select(is_infinite, zero, re);
        let angle = self.number(FRAC_PI_2);
        (re, self.follow(angle, y))
    }

    /// atan z = −i atanh iz.
    pub(super) fn complex_atan(&mut self, (x, y): Pair<R::Value>) -> Pair<R::Value> {
        let negated = self.neg(y);
        let (re, im) = self.complex_atanh((negated, x));
        (im, self.neg(re))
    }
}

//! Exponentials and what is made of them.

use std::f64::consts::{LN_2, LOG2_E};

use super::Math;
use crate::ir::{FloatCmp, V};

/// (eʳ − 1 − r)/r² for |r| ≤ ln 2/2.
const SINGLE: [f64; 5] =
    [0.0013926203361634337, 0.008363194882419041, 0.0416665544984137, 0.166665768946066, 0.5];

/// The same in double precision.
const DOUBLE: [f64; 10] = [
    2.51004110820149e-08,
    2.7620121717381933e-07,
    2.7557268406190795e-06,
    2.4801521225986432e-05,
    0.00019841269863088255,
    0.0013888888917258759,
    0.008333333333330055,
    0.04166666666662404,
    0.16666666666666669,
    0.5000000000000001,
];

/// What ln 2 is beyond its nearest double.
const LN_2_REST: f64 = 2.3190468138462996e-17;

impl Math<'_, '_> {
    /// n and r with x = n·ln 2 + r, |r| ≤ ln 2/2.
    fn reduce_exp(&self, x: V) -> (V, V) {
        let (n, integer) = self.round(x, LOG2_E);
        let (high, low) = match self.is_double() {
            true => (LN_2, LN_2_REST),
            false => (f64::from(LN_2 as f32), LN_2 - f64::from(LN_2 as f32)),
        };
        let r = self.fma(n, self.float(x, -high), x);
        (integer, self.fma(n, self.float(x, -low), r))
    }

    /// eʳ − 1 for small r.
    fn expm1_of_rest(&self, r: V) -> V {
        let q = if self.is_double() { self.poly(r, &DOUBLE) } else { self.poly(r, &SINGLE) };
        self.fma(self.e.ir.fmul(r, r), q, r)
    }

    /// Where results leave the normal numbers: under the first they are zero, over the second infinite.
    fn exp_range(&self) -> (f64, f64) {
        if self.is_double() {
            (-708.3964185322641, 709.782712893384)
        } else {
            (-87.33654475, 88.72283905)
        }
    }

    /// Puts zero, infinity and NaN where the argument is out of range or none.
    fn exp_ends(&self, x: V, v: V, (low, high): (f64, f64)) -> V {
        let ir = self.e.ir;
        let v = ir.select(self.less(x, low), self.float(x, 0.0), v);
        // The sum is infinite for numbers, and NaN for NaN.
        let beyond = ir.fadd(x, self.float(x, f64::INFINITY));
        let too_high = ir.fcmp(FloatCmp::LLVMRealUGT, x, self.float(x, high));
        ir.select(too_high, beyond, v)
    }

    /// eˣ: 1 ulp.
    pub(super) fn exp(&self, x: V) -> V {
        let (n, r) = self.reduce_exp(x);
        let v = self.e.ir.fadd(self.expm1_of_rest(r), self.float(x, 1.0));
        self.exp_ends(x, self.scale(v, n), self.exp_range())
    }

    /// 2ˣ: 1 ulp.
    pub(super) fn exp2(&self, x: V) -> V {
        let ir = self.e.ir;
        let (n, integer) = self.round(x, 1.0);
        let r = ir.fmul(ir.fsub(x, n), self.float(x, LN_2));
        let v = ir.fadd(self.expm1_of_rest(r), self.float(x, 1.0));
        let range = if self.is_double() {
            (-1022.0, 1024.0f64.next_down())
        } else {
            (-126.0, f64::from(128f32.next_down()))
        };
        self.exp_ends(x, self.scale(v, integer), range)
    }

    /// eˣ − 1 where that is neither near −1 nor infinite; no special cases.
    fn expm1_core(&self, x: V) -> V {
        let ir = self.e.ir;
        let (n, r) = self.reduce_exp(x);
        let p = self.expm1_of_rest(r);
        // Half of the result, so that 2ⁿ⁻¹ is finite for the largest arguments.
        let one = ir.const_int(ir.type_of(n), 1);
        let s = self.power_of_two(ir.sub(n, one));
        let half = self.fma(s, p, ir.fsub(s, self.float(x, 0.5)));
        ir.fadd(half, half)
    }

    /// eˣ − 1: 2 ulp.
    pub(super) fn expm1(&self, x: V) -> V {
        let low = if self.is_double() { -45.0 } else { -20.0 };
        let (_, high) = self.exp_range();
        let v = self.expm1_core(self.at_least(x, low));
        let v = self.exp_ends(x, v, (f64::NEG_INFINITY, high));
        // Zero has its sign, and half of the least numbers would be denormal.
        self.e.ir.select(self.equals(v, 0.0), x, v)
    }

    /// Hyperbolic tangent, (e²ˣ − 1)/(e²ˣ + 1): 2 ulp, exactly ±1 for large arguments.
    pub(super) fn tanh(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let twice = self.at_most(ir.fadd(a, a), if self.is_double() { 44.0 } else { 20.0 });
        let t = self.expm1_core(twice);
        let v = ir.fdiv(t, ir.fadd(t, self.float(x, 2.0)));
        self.copysign(v, x)
    }

    /// 1/(1 + e⁻ˣ): 3 ulp.
    pub(super) fn logistic(&self, x: V) -> V {
        let ir = self.e.ir;
        let one = self.float(x, 1.0);
        ir.fdiv(one, ir.fadd(one, self.exp(ir.fneg(x))))
    }

    /// Half of eˣ, finite a little further than eˣ is.
    fn half_exp(&self, x: V) -> V {
        let ir = self.e.ir;
        let direct = ir.fmul(self.exp(x), self.float(x, 0.5));
        let root = self.exp(ir.fmul(x, self.float(x, 0.5)));
        let by_root = ir.fmul(ir.fmul(root, self.float(x, 0.5)), root);
        ir.select(self.greater(x, 700.0), by_root, direct)
    }

    /// Hyperbolic sine, in double precision: 2 ulp.
    pub(super) fn sinh(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let t = self.expm1(a);
        let small = ir.fadd(t, ir.fdiv(t, ir.fadd(t, self.float(x, 1.0))));
        let small = ir.fmul(small, self.float(x, 0.5));
        let v = ir.select(self.greater(a, 22.0), self.half_exp(a), small);
        self.copysign(v, x)
    }

    /// Hyperbolic cosine, in double precision: 2 ulp.
    pub(super) fn cosh(&self, x: V) -> V {
        let half = self.half_exp(self.abs(x));
        self.e.ir.fadd(half, self.e.ir.fdiv(self.float(x, 0.25), half))
    }
}

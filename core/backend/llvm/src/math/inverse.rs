//! Inverse trigonometric functions, in double precision.

use std::f64::consts::{FRAC_PI_2, FRAC_PI_4, PI};

use super::Math;
use crate::ir::{IntCmp, V};

/// (atan t/t − 1)/t² as a polynomial in t², for |t| ≤ tan(π/8).
const ATAN: [f64; 12] = [
    0.016285756855221028,
    -0.034570561981427744,
    0.04551593220626549,
    -0.05230454270650244,
    0.05878928997834775,
    -0.06666424885738255,
    0.07692296375032143,
    -0.09090908753500877,
    0.11111111105155447,
    -0.14285714285659828,
    0.19999999999999804,
    -0.3333333333333333,
];

/// (asin t/t − 1)/t² as a polynomial in t², for |t| ≤ ½.
const ASIN: [f64; 13] = [
    0.02877844261259304,
    -0.014881409392818066,
    0.017419357964884856,
    0.00545087818772055,
    0.010324318288744113,
    0.011478952690257387,
    0.013971235301124539,
    0.017352391265909227,
    0.022372173002005596,
    0.030381944137085216,
    0.04464285714637338,
    0.07499999999998425,
    0.16666666666666669,
];

/// What π/2 is beyond its nearest double.
const FRAC_PI_2_REST: f64 = 6.123233995736766e-17;

impl Math<'_, '_> {
    /// t + t·t²·p(t²).
    fn odd_poly(&self, t: V, coefficients: &[f64]) -> V {
        let ir = self.e.ir;
        let z = ir.fmul(t, t);
        self.fma(ir.fmul(t, z), self.poly(z, coefficients), t)
    }

    /// The arc tangent of a number from 0 to 1.
    fn atan_of_fraction(&self, t: V) -> V {
        let ir = self.e.ir;
        let one = self.float(t, 1.0);
        let upper = self.greater(t, 0.41421356237309503);
        // tan(a − π/4) = (t − 1)/(t + 1).
        let turned = ir.fdiv(ir.fsub(t, one), ir.fadd(t, one));
        let r = self.odd_poly(ir.select(upper, turned, t), &ATAN);
        let turned =
            ir.fadd(self.float(t, FRAC_PI_4), ir.fadd(r, self.float(t, FRAC_PI_2_REST / 2.0)));
        ir.select(upper, turned, r)
    }

    /// Arc tangent: 1 ulp.
    pub(super) fn atan(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let large = self.greater(a, 1.0);
        let t = ir.select(large, ir.fdiv(self.float(x, 1.0), a), a);
        let r = self.atan_of_fraction(t);
        self.copysign(ir.select(large, self.half_turn_less(r), r), x)
    }

    /// π/2 − r.
    fn half_turn_less(&self, r: V) -> V {
        let ir = self.e.ir;
        ir.fsub(self.float(r, FRAC_PI_2), ir.fsub(r, self.float(r, FRAC_PI_2_REST)))
    }

    /// The angle of (x, y): 2 ulp.
    pub(super) fn atan2(&self, y: V, x: V) -> V {
        let ir = self.e.ir;
        let (a, b) = (self.abs(y), self.abs(x));
        let steep = ir.fcmp(crate::ir::FloatCmp::LLVMRealOGT, a, b);
        let (less, more) = (ir.select(steep, b, a), ir.select(steep, a, b));
        // 0/0 counts as 0, ∞/∞ as 1.
        let t = ir.fdiv(less, more);
        let t = ir.select(self.equals(more, 0.0), less, t);
        let t = ir.select(self.equals(less, f64::INFINITY), self.float(t, 1.0), t);
        let r = self.atan_of_fraction(t);
        let r = ir.select(steep, self.half_turn_less(r), r);
        let behind = ir.fsub(self.float(r, PI), ir.fsub(r, self.float(r, 2.0 * FRAC_PI_2_REST)));
        let negative = ir.icmp(IntCmp::LLVMIntSLT, self.bits(x), self.int(x, 0));
        let v = self.copysign(ir.select(negative, behind, r), y);
        let nan = ir.fcmp(crate::ir::FloatCmp::LLVMRealUNO, x, y);
        ir.select(nan, ir.fadd(x, y), v)
    }

    /// For |x| > ½, asin |x| = π/2 − 2 asin √((1 − |x|)/2).
    fn asin_parts(&self, x: V) -> (V, V) {
        let ir = self.e.ir;
        let a = self.abs(x);
        let large = self.greater(a, 0.5);
        let half = ir.fmul(ir.fsub(self.float(x, 1.0), a), self.float(x, 0.5));
        let t = ir.select(large, ir.same("llvm.sqrt", &[half]), a);
        (large, self.odd_poly(t, &ASIN))
    }

    /// Arc sine: 2 ulp.
    pub(super) fn asin(&self, x: V) -> V {
        let ir = self.e.ir;
        let (large, r) = self.asin_parts(x);
        let v = ir.select(large, self.half_turn_less(ir.fadd(r, r)), r);
        let v = self.copysign(v, x);
        ir.select(self.greater(self.abs(x), 1.0), self.float(x, f64::NAN), v)
    }

    /// Arc cosine: 2 ulp.
    pub(super) fn acos(&self, x: V) -> V {
        let ir = self.e.ir;
        let (large, r) = self.asin_parts(x);
        let twice = ir.fadd(r, r);
        let negative = self.less(x, 0.0);
        let behind =
            ir.fsub(self.float(r, PI), ir.fsub(twice, self.float(r, 2.0 * FRAC_PI_2_REST)));
        let outer = ir.select(negative, behind, twice);
        let inner = self.half_turn_less(self.copysign(r, x));
        let v = ir.select(large, outer, inner);
        ir.select(self.greater(self.abs(x), 1.0), self.float(x, f64::NAN), v)
    }
}

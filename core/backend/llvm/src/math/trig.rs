//! Sine, cosine, tangent.

use std::f64::consts::FRAC_2_PI;

use jaxrs_kernel::ScalarOp;

use super::Math;
use crate::ir::{IntCmp, V};

/// (sin r/r − 1)/r² and (cos r − 1 + r²/2)/r⁴ as polynomials in r², for |r| ≤ π/4.
const SINGLE: (&[f64], &[f64]) = (
    &[2.7249314054698804e-06, -0.00019840082012765537, 0.008333331865959415, -0.16666666663832763],
    &[2.45474372101932e-05, -0.00138883006969039, 0.04166666464745738],
);

/// The same in double precision.
const DOUBLE: (&[f64], &[f64]) = (
    &[
        1.5917848524808262e-10,
        -2.5051127944014188e-08,
        2.755731608381636e-06,
        -0.00019841269836722418,
        0.008333333333330925,
        -0.16666666666666666,
    ],
    &[
        -1.1382456778061306e-11,
        2.0876143827993133e-09,
        -2.7557317260008837e-07,
        2.480158729874307e-05,
        -0.0013888888888887382,
        0.041666666666666664,
    ],
);

/// π/2 as a sum of numbers of the type.
const HALF_PI_SINGLE: [f64; 3] =
    [1.5707963705062866, -4.371138828673793e-08, -1.7151245100059307e-15];
const HALF_PI_DOUBLE: [f64; 3] =
    [std::f64::consts::FRAC_PI_2, 6.123233995736766e-17, -1.4973849048591833e-33];

impl Math<'_, '_> {
    /// Up to here the reduction is exact enough; beyond, the runtime takes over.
    fn trig_limit(&self) -> f64 {
        if self.is_double() { 1e9 } else { 4e4 }
    }

    /// The quarter turns in x, and sine and cosine of the rest.
    fn sin_cos(&self, x: V) -> (V, V, V) {
        let ir = self.e.ir;
        let (n, quarter) = self.round(x, FRAC_2_PI);
        let parts = if self.is_double() { HALF_PI_DOUBLE } else { HALF_PI_SINGLE };
        // The first difference is exact: both lie on one grid of 24 (or 53) bits.
        let r = parts.iter().fold(x, |r, part| self.fma(n, self.float(x, -part), r));
        let z = ir.fmul(r, r);
        let (sin, cos) = if self.is_double() { DOUBLE } else { SINGLE };
        let s = self.fma(ir.fmul(r, z), self.poly(z, sin), r);
        let near_one = self.fma(z, self.float(x, -0.5), self.float(x, 1.0));
        let c = self.fma(ir.fmul(z, z), self.poly(z, cos), near_one);
        (quarter, s, c)
    }

    fn is_odd(&self, quarter: V) -> V {
        let ir = self.e.ir;
        let ty = ir.type_of(quarter);
        let low = ir.and(quarter, ir.const_int(ty, 1));
        ir.icmp(IntCmp::LLVMIntNE, low, ir.const_int(ty, 0))
    }

    /// Flips the sign in the third and fourth quarter.
    fn signed(&self, v: V, quarter: V) -> V {
        let ir = self.e.ir;
        let ty = ir.type_of(quarter);
        let second = ir.and(quarter, ir.const_int(ty, 2));
        let sign = ir.shl(second, ir.const_int(ty, i64::from(self.dtype.bits()) - 2));
        self.float_of(ir.xor(self.bits(v), sign))
    }

    fn far(&self, op: ScalarOp, x: V, v: V) -> V {
        let far = self.greater(self.abs(x), self.trig_limit());
        self.unless_any(far, op, x, v)
    }

    /// Sine: 1.5 ulp in single precision, 1 in double.
    pub(super) fn sin(&self, x: V) -> V {
        let ir = self.e.ir;
        let (quarter, s, c) = self.sin_cos(x);
        let v = ir.select(self.is_odd(quarter), c, s);
        let v = self.signed(v, quarter);
        let v = ir.select(self.equals(x, 0.0), x, v);
        self.far(ScalarOp::Sin, x, v)
    }

    /// Cosine: as sine.
    pub(super) fn cos(&self, x: V) -> V {
        let ir = self.e.ir;
        let (quarter, s, c) = self.sin_cos(x);
        let v = ir.select(self.is_odd(quarter), s, c);
        let next = ir.add(quarter, ir.const_int(ir.type_of(quarter), 1));
        self.far(ScalarOp::Cos, x, self.signed(v, next))
    }

    /// Tangent: 3 ulp.
    pub(super) fn tan(&self, x: V) -> V {
        let ir = self.e.ir;
        let (quarter, s, c) = self.sin_cos(x);
        let odd = self.is_odd(quarter);
        let above = ir.select(odd, ir.fneg(c), s);
        let below = ir.select(odd, s, c);
        let v = ir.fdiv(above, below);
        let v = ir.select(self.equals(x, 0.0), x, v);
        self.far(ScalarOp::Tan, x, v)
    }
}

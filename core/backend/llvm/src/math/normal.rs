//! The error function and its inverse, in single precision.

use super::Math;
use crate::ir::V;

/// erf x/x − 1 as a polynomial in x², for |x| ≤ 1.
const SMALL: [f64; 7] = [
    7.875875062685488e-05,
    -0.000801686428716587,
    0.005189087423433974,
    -0.026854212010626412,
    0.11283594715160218,
    -0.37612626666720334,
    0.12837916584835093,
];

/// ln(1 − erf x), for x from 1 to where erf rounds to 1.
const LARGE: [f64; 9] = [
    1.6583205215661658e-06,
    -4.645992365415976e-05,
    0.0006000554789651303,
    -0.004774191028112514,
    0.026460879151718537,
    -0.11014717947379468,
    -0.631757550491118,
    -1.1302720746674073,
    0.00032935708916175096,
];

/// M. Giles, "Approximating the erfinv function", GPU Computing Gems 2 (2010): erf⁻¹ x/x as polynomials
/// in w − 2.5 and √w − 3, with w = −ln(1 − x²).
const CENTRE: [f64; 9] = [
    2.81022636e-08,
    3.43273939e-07,
    -3.5233877e-06,
    -4.39150654e-06,
    0.00021858087,
    -0.00125372503,
    -0.00417768164,
    0.246640727,
    1.50140941,
];

/// For w ≥ 5.
const TAIL: [f64; 9] = [
    -0.000200214257,
    0.000100950558,
    0.00134934322,
    -0.00367342844,
    0.00573950773,
    -0.0076224613,
    0.00943887047,
    1.00167406,
    2.83297682,
];

impl Math<'_, '_> {
    /// The error function: 2 ulp, exactly ±1 for large arguments.
    pub(super) fn erf(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.at_most(self.abs(x), 3.95);
        let small = self.fma(a, self.poly(ir.fmul(a, a), &SMALL), a);
        let large = ir.fsub(self.float(x, 1.0), self.exp(self.poly(a, &LARGE)));
        self.copysign(ir.select(self.greater(a, 1.0), large, small), x)
    }

    /// The inverse error function: 4 ulp.
    pub(super) fn erf_inv(&self, x: V) -> V {
        let ir = self.e.ir;
        // Near ±1 the differences are exact where 1 − x² would lose most of its digits.
        let one = self.float(x, 1.0);
        let w = ir.fneg(self.log(ir.fmul(ir.fsub(one, x), ir.fadd(one, x))));
        let centre = self.poly(ir.fsub(w, self.float(x, 2.5)), &CENTRE);
        let root = ir.same("llvm.sqrt", &[w]);
        let tail = self.poly(ir.fsub(root, self.float(x, 3.0)), &TAIL);
        let v = ir.fmul(ir.select(self.less(w, 5.0), centre, tail), x);
        let end = ir.fmul(x, self.float(x, f64::INFINITY));
        ir.select(self.equals(self.abs(x), 1.0), end, v)
    }
}

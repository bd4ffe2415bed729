//! Powers, in double precision for single-precision arguments.

use std::f64::consts::LOG2_E;

use super::Math;
use crate::ir::V;

/// As in `log`, but for the 40 bits that single precision needs.
const LOG: [f64; 5] = [
    0.19362653714202008,
    0.22191400830308503,
    0.2857175453591449,
    0.3999999879733759,
    0.6666666666737509,
];

impl Math<'_, '_> {
    /// log₂ of a positive number that is a normal single-precision one.
    fn rough_log2(&self, x: V) -> V {
        let ir = self.e.ir;
        let (exponent, m) = self.split(x);
        let f = ir.fsub(m, self.float(x, 1.0));
        let s = ir.fdiv(f, ir.fadd(f, self.float(x, 2.0)));
        let z = ir.fmul(s, s);
        let r = self.fma(ir.fmul(s, z), self.poly(z, &LOG), ir.fadd(s, s));
        self.fma(r, self.float(x, LOG2_E), ir.sitofp(exponent, ir.type_of(x)))
    }

    /// xʸ for arguments that came from single precision, rounded to it later: 1 ulp.
    pub(super) fn pow(&self, x: V, y: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let one = self.float(x, 1.0);
        let log = self.rough_log2(a);
        let log = ir.select(self.equals(a, 0.0), self.float(x, f64::NEG_INFINITY), log);
        let log = ir.select(self.less(a, f64::INFINITY), log, a);
        let v = self.exp2(ir.fmul(y, log));
        // 1 to whatever, even −1 to ±∞.
        let endless = self.equals(self.abs(y), f64::INFINITY);
        let v = ir.select(ir.and(self.equals(a, 1.0), endless), one, v);
        let v = self.signed_power(x, y, v);
        let is_one = ir.or(self.equals(y, 0.0), self.equals(x, 1.0));
        ir.select(is_one, one, v)
    }

    /// For negative bases: negative for odd exponents, NaN for those that are no integers.
    fn signed_power(&self, x: V, y: V, v: V) -> V {
        let ir = self.e.ir;
        let whole = |y: V| {
            let rounded = ir.same("llvm.trunc", &[y]);
            ir.fcmp(crate::ir::FloatCmp::LLVMRealOEQ, rounded, y)
        };
        let is_whole = whole(y);
        let is_even = whole(ir.fmul(y, self.float(y, 0.5)));
        let odd = ir.and(is_whole, ir.not(is_even));
        let v = ir.select(odd, self.copysign(v, x), v);
        let negative = ir.and(self.less(x, 0.0), self.greater(x, f64::NEG_INFINITY));
        ir.select(ir.and(negative, ir.not(is_whole)), self.float(v, f64::NAN), v)
    }
}

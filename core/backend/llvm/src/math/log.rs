//! Logarithms and what is made of them.

use std::f64::consts::LN_2;

use super::Math;
use crate::ir::{FloatCmp, V};

/// (ln(1 + f) − f + f²/2)/f³ for 1 + f from √½ to √2.
const SINGLE: [f64; 9] = [
    0.06971611471451178,
    -0.11479733846637635,
    0.1168541992348674,
    -0.12425687331451106,
    0.1424905764569748,
    -0.16667802319501254,
    0.200007157488921,
    -0.24999996957950882,
    0.33333331180030046,
];

/// (ln((1 + s)/(1 − s))/s − 2)/s² as a polynomial in s², for (1 + s)/(1 − s) from √½ to √2; the form is
/// that of fdlibm's `e_log.c` (Sun Microsystems, 1993).
pub(super) const DOUBLE: [f64; 8] = [
    0.13086626147840102,
    0.13268773138656886,
    0.15386239702814658,
    0.18181795640132906,
    0.22222222391713917,
    0.28571428570803614,
    0.4000000000000088,
    0.6666666666666666,
];

impl Math<'_, '_> {
    /// e and m with x = m·2ᵉ, m from √½ to √2; for normal positive numbers.
    pub(super) fn split(&self, x: V) -> (V, V) {
        let ir = self.e.ir;
        let root_half = match self.is_double() {
            true => std::f64::consts::FRAC_1_SQRT_2.to_bits() as i64,
            false => std::f32::consts::FRAC_1_SQRT_2.to_bits().into(),
        };
        let bits = self.bits(x);
        let shift = self.int(x, self.mantissa());
        let exponent = ir.ashr(ir.sub(bits, self.int(x, root_half)), shift);
        let mantissa = ir.sub(bits, ir.shl(exponent, shift));
        (exponent, self.float_of(mantissa))
    }

    /// ln(1 + f) + e·ln 2.
    fn log_of_parts(&self, f: V, exponent: V) -> V {
        let ir = self.e.ir;
        let e = ir.sitofp(exponent, ir.type_of(f));
        let half_square = ir.fmul(ir.fmul(f, f), self.float(f, 0.5));
        if self.is_double() {
            let s = ir.fdiv(f, ir.fadd(f, self.float(f, 2.0)));
            let z = ir.fmul(s, s);
            let r = ir.fmul(z, self.poly(z, &DOUBLE));
            let (high, low) = (0.6931471803691238, 1.9082149292705877e-10);
            let tail = self.fma(e, self.float(f, low), ir.fmul(s, ir.fadd(half_square, r)));
            let small = ir.fsub(f, ir.fsub(half_square, tail));
            return self.fma(e, self.float(f, high), small);
        }
        let (high, low) = (0.693359375, LN_2 - 0.693359375);
        let p = ir.fmul(self.poly(f, &SINGLE), ir.fmul(f, ir.fmul(f, f)));
        let tail = self.fma(e, self.float(f, low), p);
        let small = ir.fadd(f, ir.fsub(tail, half_square));
        self.fma(e, self.float(f, high), small)
    }

    /// Puts the results of zero, negative numbers, infinity and NaN; under DAZ denormals are zero, of either
    /// sign, as in XLA's vectors. (To take them for what they are costs a third of the time of a logarithm.)
    fn log_ends(&self, x: V, v: V) -> V {
        let ir = self.e.ir;
        let positive = match ir.keeps_denormals {
            true => self.greater(x, 0.0),
            false => ir.fcmp(FloatCmp::LLVMRealOGE, x, self.float(x, self.least_normal())),
        };
        let ordinary = ir.and(positive, self.less(x, f64::INFINITY));
        let nan = self.float(x, f64::NAN);
        let end = ir.select(self.equals(x, 0.0), self.float(x, f64::NEG_INFINITY), nan);
        let end = ir.select(self.greater(x, 0.0), x, end);
        ir.select(ordinary, v, end)
    }

    fn least_normal(&self) -> f64 {
        if self.is_double() { f64::MIN_POSITIVE } else { f32::MIN_POSITIVE.into() }
    }

    /// ln x: 1 ulp.
    pub(super) fn log(&self, x: V) -> V {
        let ir = self.e.ir;
        let (exponent, m) = match ir.keeps_denormals {
            true => self.split_any(x),
            false => self.split(x),
        };
        let f = ir.fsub(m, self.float(x, 1.0));
        self.log_ends(x, self.log_of_parts(f, exponent))
    }

    /// As `split`, for denormal numbers too: they are brought among the normal ones first.
    fn split_any(&self, x: V) -> (V, V) {
        let ir = self.e.ir;
        let places = self.mantissa() + 1;
        let is_denormal = self.less(x, self.least_normal());
        let larger = ir.fmul(x, self.float(x, 2f64.powi(places as i32)));
        let (exponent, m) = self.split(ir.select(is_denormal, larger, x));
        let by = ir.select(is_denormal, self.int(x, places), self.int(x, 0));
        (ir.sub(exponent, by), m)
    }

    /// ln(1 + x): 2 ulp. The rounding error of the sum is known exactly and put back.
    pub(super) fn log1p(&self, x: V) -> V {
        let ir = self.e.ir;
        let one = self.float(x, 1.0);
        let u = ir.fadd(one, x);
        // Knuth's two-sum, kept from contraction by having no products.
        let back = ir.fsub(u, one);
        let error = ir.fadd(ir.fsub(one, ir.fsub(u, back)), ir.fsub(x, back));
        let (exponent, m) = self.split(u);
        // Beyond some exponent the error is nothing; the scale must stay a normal number.
        let most = self.int(x, self.mantissa() + 5);
        let limited = ir.same("llvm.smin", &[exponent, most]);
        let scale = self.power_of_two(ir.sub(self.int(x, 0), limited));
        let f = self.fma(error, scale, ir.fsub(m, one));
        let v = self.log_ends(u, self.log_of_parts(f, exponent));
        self.copysign(v, x)
    }

    /// Inverse hyperbolic sine, in double precision: 3 ulp.
    pub(super) fn asinh(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let one = self.float(x, 1.0);
        let square = ir.fmul(a, a);
        let root = ir.same("llvm.sqrt", &[ir.fadd(square, one)]);
        let small = self.log1p(ir.fadd(a, ir.fdiv(square, ir.fadd(one, root))));
        let large = ir.fadd(self.log(a), self.float(x, LN_2));
        let v = ir.select(self.greater(a, 1e9), large, small);
        self.copysign(v, x)
    }

    /// Inverse hyperbolic cosine, in double precision: 3 ulp.
    pub(super) fn acosh(&self, x: V) -> V {
        let ir = self.e.ir;
        let t = ir.fsub(x, self.float(x, 1.0));
        let root = ir.same("llvm.sqrt", &[self.fma(t, t, ir.fadd(t, t))]);
        let small = self.log1p(ir.fadd(t, root));
        let large = ir.fadd(self.log(x), self.float(x, LN_2));
        let v = ir.select(self.greater(x, 1e9), large, small);
        ir.select(self.less(x, 1.0), self.float(x, f64::NAN), v)
    }

    /// Inverse hyperbolic tangent, in double precision: 3 ulp.
    pub(super) fn atanh(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let quotient = ir.fdiv(ir.fadd(a, a), ir.fsub(self.float(x, 1.0), a));
        let v = ir.fmul(self.log1p(quotient), self.float(x, 0.5));
        // log1p has no meaning for what |x| > 1 gives; −∞ there would become NaN only by chance.
        let v = ir.select(self.greater(a, 1.0), self.float(x, f64::NAN), v);
        self.copysign(v, x)
    }

    /// Cube root, in double precision: the exponential of a third of the logarithm and one step of
    /// Newton's method. 1 ulp.
    pub(super) fn cbrt(&self, x: V) -> V {
        let ir = self.e.ir;
        let a = self.abs(x);
        let third = self.float(x, 1.0 / 3.0);
        let y = self.exp(ir.fmul(self.log(a), third));
        let miss = ir.fsub(y, ir.fdiv(a, ir.fmul(y, y)));
        let v = ir.fsub(y, ir.fmul(miss, third));
        let ordinary = ir.and(self.greater(a, 0.0), self.less(a, f64::INFINITY));
        self.copysign(ir.select(ordinary, v, a), x)
    }
}

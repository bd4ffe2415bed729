//! Elementary functions as vector instructions: the argument is reduced, a polynomial evaluated, and the
//! result put together, all without branches. What is rare or long is done by the runtime, lane by lane.
//!
//! Unless said otherwise, polynomials are our own: interpolated at Chebyshev nodes in 50 digits, where the
//! remaining error is under a tenth of a unit in the last place. Cody–Waite reduction is after W. J. Cody
//! and W. Waite, "Software Manual for the Elementary Functions" (1980), with fused multiply-adds.
//!
//! Results that would be denormal are zero, as the mode that programs run in makes them anyway.

mod digamma;
mod exp;
mod inverse;
mod log;
mod normal;
mod pow;
mod trig;

use jaxrs_data::DType;
use jaxrs_kernel::ScalarOp;

use crate::ir::{FloatCmp, Ty, V};
use crate::ops::Emit;

/// A function of one float.
pub(crate) fn unary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
    let m = Math { e: *e, dtype };
    let v = match op {
        ScalarOp::Exp => m.exp(x),
        ScalarOp::Exp2 => m.exp2(x),
        ScalarOp::Expm1 => m.expm1(x),
        ScalarOp::Logistic => m.logistic(x),
        ScalarOp::Tanh => m.tanh(x),
        ScalarOp::Log => m.log(x),
        ScalarOp::Log1p => m.log1p(x),
        ScalarOp::Sin => m.sin(x),
        ScalarOp::Cos => m.cos(x),
        ScalarOp::Tan => m.tan(x),
        ScalarOp::Erf if dtype == DType::F32 => m.erf(x),
        ScalarOp::ErfInv if dtype == DType::F32 => m.erf_inv(x),
        ScalarOp::Sinh
        | ScalarOp::Cosh
        | ScalarOp::Asinh
        | ScalarOp::Acosh
        | ScalarOp::Atanh
        | ScalarOp::Asin
        | ScalarOp::Acos
        | ScalarOp::Atan
        | ScalarOp::Cbrt => return m.in_double(&[x], |m, x| m.double_unary(op, x[0])),
        _ => return e.rare.unary(e, op, dtype, x),
    };
    Some(v)
}

/// Γ′(x)/Γ(x).
pub(crate) fn digamma(e: &Emit<'_, '_>, dtype: DType, x: V) -> Option<V> {
    Math { e: *e, dtype }.in_double(&[x], |m, x| Some(m.digamma(x[0])))
}

/// A function of two floats.
pub(crate) fn binary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, a: V, b: V) -> Option<V> {
    let m = Math { e: *e, dtype };
    match op {
        ScalarOp::Atan2 => m.in_double(&[a, b], |m, x| Some(m.atan2(x[0], x[1]))),
        ScalarOp::Pow if dtype == DType::F32 => {
            m.in_double(&[a, b], |m, x| Some(m.pow(x[0], x[1])))
        }
        _ => e.rare.binary(e, op, dtype, a, b),
    }
}

/// Emits functions of one float type.
#[derive(Clone, Copy)]
pub(super) struct Math<'e, 'c> {
    pub(super) e: Emit<'e, 'c>,
    pub(super) dtype: DType,
}

impl Math<'_, '_> {
    fn is_double(&self) -> bool {
        self.dtype == DType::F64
    }

    /// Evaluates in double precision, and rounds back to single where that was asked for.
    fn in_double(&self, args: &[V], f: impl Fn(&Self, &[V]) -> Option<V>) -> Option<V> {
        if self.is_double() {
            return f(self, args);
        }
        let ir = self.e.ir;
        let double = Math { e: self.e, dtype: DType::F64 };
        let args: Vec<V> =
            args.iter().map(|&arg| ir.fpext(arg, ir.like(arg, ir.float(64)))).collect();
        let v = f(&double, &args)?;
        Some(ir.fptrunc(v, ir.like(v, ir.float(32))))
    }

    fn double_unary(&self, op: ScalarOp, x: V) -> Option<V> {
        Some(match op {
            ScalarOp::Sinh => self.sinh(x),
            ScalarOp::Cosh => self.cosh(x),
            ScalarOp::Asinh => self.asinh(x),
            ScalarOp::Acosh => self.acosh(x),
            ScalarOp::Atanh => self.atanh(x),
            ScalarOp::Asin => self.asin(x),
            ScalarOp::Acos => self.acos(x),
            ScalarOp::Atan => self.atan(x),
            ScalarOp::Cbrt => self.cbrt(x),
            _ => return None,
        })
    }

    /// A constant in as many lanes as a value has; rounded to the type.
    fn float(&self, like: V, value: f64) -> V {
        self.e.float(like, value)
    }

    fn int_type(&self, like: V) -> Ty {
        self.e.ir.like(like, self.e.ir.int(self.dtype.bits()))
    }

    fn int(&self, like: V, value: i64) -> V {
        self.e.ir.const_int(self.int_type(like), value)
    }

    fn bits(&self, v: V) -> V {
        self.e.ir.bitcast(v, self.int_type(v))
    }

    fn float_of(&self, v: V) -> V {
        let float = self.e.ir.float(self.dtype.bits());
        self.e.ir.bitcast(v, self.e.ir.like(v, float))
    }

    /// Bits of the mantissa.
    fn mantissa(&self) -> i64 {
        if self.is_double() { 52 } else { 23 }
    }

    fn bias(&self) -> i64 {
        if self.is_double() { 1023 } else { 127 }
    }

    /// a·b + c, in one rounding where the machine can.
    fn fma(&self, a: V, b: V, c: V) -> V {
        self.e.ir.same("llvm.fmuladd", &[a, b, c])
    }

    /// A polynomial, highest power first.
    fn poly(&self, x: V, coefficients: &[f64]) -> V {
        let mut terms = coefficients.iter().map(|&c| self.float(x, c));
        let first = terms.next().unwrap_or_else(|| self.float(x, 0.0));
        terms.fold(first, |sum, c| self.fma(sum, x, c))
    }

    fn abs(&self, x: V) -> V {
        self.e.ir.same("llvm.fabs", &[x])
    }

    fn copysign(&self, magnitude: V, sign: V) -> V {
        self.e.ir.same("llvm.copysign", &[magnitude, sign])
    }

    fn less(&self, x: V, bound: f64) -> V {
        self.e.ir.fcmp(FloatCmp::LLVMRealOLT, x, self.float(x, bound))
    }

    fn greater(&self, x: V, bound: f64) -> V {
        self.e.ir.fcmp(FloatCmp::LLVMRealOGT, x, self.float(x, bound))
    }

    fn equals(&self, x: V, value: f64) -> V {
        self.e.ir.fcmp(FloatCmp::LLVMRealOEQ, x, self.float(x, value))
    }

    /// The smaller of a value and a bound; NaN stays.
    fn at_most(&self, x: V, bound: f64) -> V {
        self.e.ir.select(self.greater(x, bound), self.float(x, bound), x)
    }

    /// The larger of a value and a bound; NaN stays.
    fn at_least(&self, x: V, bound: f64) -> V {
        self.e.ir.select(self.less(x, bound), self.float(x, bound), x)
    }

    /// Rounds to an integer of moderate size: as a float, and as the low bits of an integer.
    fn round(&self, x: V, factor: f64) -> (V, V) {
        // Adding 1.5·2ᵐ leaves the integer in the low bits of the mantissa.
        let magic = 1.5 * 2f64.powi(self.mantissa() as i32);
        let magic = self.float(x, magic);
        let shifted = self.fma(x, self.float(x, factor), magic);
        let integer = self.e.ir.sub(self.bits(shifted), self.bits(magic));
        (self.e.ir.fsub(shifted, magic), integer)
    }

    /// 2ⁿ, for n in the range of normal exponents.
    fn power_of_two(&self, n: V) -> V {
        let ir = self.e.ir;
        let ty = ir.type_of(n);
        let biased = ir.add(n, ir.const_int(ty, self.bias()));
        self.float_of(ir.shl(biased, ir.const_int(ty, self.mantissa())))
    }

    /// v·2ⁿ, where both the value and the result are normal.
    fn scale(&self, v: V, n: V) -> V {
        let ir = self.e.ir;
        let shifted = ir.shl(n, ir.const_int(ir.type_of(n), self.mantissa()));
        self.float_of(ir.add(self.bits(v), shifted))
    }

    /// The runtime's result for all lanes if any of them asks for it.
    fn unless_any(&self, rare: V, op: ScalarOp, x: V, v: V) -> V {
        let ir = self.e.ir;
        let (slow, done) = (ir.block(self.e.function), ir.block(self.e.function));
        let any =
            if ir.width_of(rare) == 1 { rare } else { ir.same("llvm.vector.reduce.or", &[rare]) };
        let before = ir.here();
        ir.cond_br(any, slow, done);
        ir.go_to(slow);
        let by_runtime = self.e.rare.unary(&self.e, op, self.dtype, x).unwrap_or(v);
        let after = ir.here();
        ir.br(done);
        ir.go_to(done);
        ir.phi(ir.type_of(v), &[(v, before), (by_runtime, after)])
    }
}

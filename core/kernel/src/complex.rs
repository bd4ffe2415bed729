//! Complex functions in terms of real operations.
//!
//! Kernels compute with real numbers: a complex value is taken apart, and what is done with it becomes
//! operations on its parts. The formulas stand here once, over any [`Reals`]: the builder of kernel
//! bodies emits them, [`Parts`] computes them at once, which is what complex functions are by definition.
//! At zeros, infinities, and on branch cuts they give what XLA gives.

mod circular;
mod elementary;
mod inverse;
mod parts;
mod quotient;

use jaxrs_data::DType;

use crate::scalar::{Compare, ScalarOp};

pub use parts::{Parts, binary, unary};

/// What formulas are written over: values of one real type, and truth values.
pub trait Reals {
    /// A real number or a truth value.
    type Value: Copy;

    /// The real type: `F32` or `F64`.
    fn dtype(&self) -> DType;

    /// A constant.
    fn number(&mut self, value: f64) -> Self::Value;

    /// An operation.
    fn op(&mut self, op: ScalarOp, args: &[Self::Value]) -> Self::Value;

    /// Whether the sign of a number that is not NaN is negative; that of −0 is.
    fn is_negative(&mut self, x: Self::Value) -> Self::Value;
}

/// Real and imaginary part.
pub type Pair<V> = (V, V);

/// Formulas over some reals.
pub(crate) struct Formulas<'r, R: Reals>(pub(crate) &'r mut R);

/// Whether there is such a function of a complex number: a real one, or a complex one.
pub fn takes(op: ScalarOp) -> bool {
    use ScalarOp::*;
    matches!(
        op,
        Neg | Sign
            | Sqrt
            | Rsqrt
            | Exp
            | Exp2
            | Expm1
            | Log
            | Log1p
            | Logistic
            | Sin
            | Cos
            | Tan
            | Asin
            | Acos
            | Atan
            | Sinh
            | Cosh
            | Tanh
            | Asinh
            | Acosh
            | Atanh
            | Add
            | Sub
            | Mul
            | Div
            | Pow
            | Atan2
            | Max
            | Min
    )
}

impl<R: Reals> Formulas<'_, R> {
    /// A function of one complex number.
    pub(crate) fn unary(&mut self, op: ScalarOp, z: Pair<R::Value>) -> Option<Pair<R::Value>> {
        Some(match op {
            ScalarOp::Neg => (self.neg(z.0), self.neg(z.1)),
            ScalarOp::Sign => self.sign(z),
            ScalarOp::Sqrt => self.complex_sqrt(z),
            ScalarOp::Rsqrt => self.complex_rsqrt(z),
            ScalarOp::Exp => self.complex_exp(z),
            ScalarOp::Exp2 => self.complex_exp2(z),
            ScalarOp::Expm1 => self.complex_expm1(z),
            ScalarOp::Log => self.complex_log(z),
            ScalarOp::Log1p => self.complex_log1p(z),
            ScalarOp::Logistic => self.complex_logistic(z),
            ScalarOp::Sin => self.complex_sin(z),
            ScalarOp::Cos => self.complex_cos(z),
            ScalarOp::Tan => self.complex_tan(z),
            ScalarOp::Sinh => self.complex_sinh(z),
            ScalarOp::Cosh => self.complex_cosh(z),
            ScalarOp::Tanh => self.complex_tanh(z),
            ScalarOp::Asin => self.complex_asin(z),
            ScalarOp::Acos => self.complex_acos(z),
            ScalarOp::Atan => self.complex_atan(z),
            ScalarOp::Asinh => self.complex_asinh(z),
            ScalarOp::Acosh => self.complex_acosh(z),
            ScalarOp::Atanh => self.complex_atanh(z),
            _ => return None,
        })
    }

    /// A function of two complex numbers.
    pub(crate) fn binary(
        &mut self,
        op: ScalarOp,
        z: Pair<R::Value>,
        w: Pair<R::Value>,
    ) -> Option<Pair<R::Value>> {
        Some(match op {
            ScalarOp::Add => (self.add(z.0, w.0), self.add(z.1, w.1)),
            ScalarOp::Sub => (self.sub(z.0, w.0), self.sub(z.1, w.1)),
            ScalarOp::Mul => self.complex_mul(z, w),
            ScalarOp::Div => self.complex_div(z, w),
            ScalarOp::Pow => self.complex_pow(z, w),
            ScalarOp::Atan2 => self.complex_atan2(z, w),
            ScalarOp::Max => self.extreme(Compare::Gt, z, w),
            ScalarOp::Min => self.extreme(Compare::Lt, z, w),
            _ => return None,
        })
    }

    /// Whether two complex numbers are equal, or not.
    pub(crate) fn equality(
        &mut self,
        compare: Compare,
        z: Pair<R::Value>,
        w: Pair<R::Value>,
    ) -> Option<R::Value> {
        let joined = match compare {
            Compare::Eq => ScalarOp::And,
            Compare::Ne => ScalarOp::Or,
            _ => return None,
        };
        let (re, im) = (self.compare(compare, z.0, w.0), self.compare(compare, z.1, w.1));
        Some(self.0.op(joined, &[re, im]))
    }

    /// |z|, without overflow on the way; NaN if either part is.
    pub(crate) fn magnitude(&mut self, z: Pair<R::Value>) -> R::Value {
        let (large, ratio) = self.large_and_ratio(z);
        let square = self.mul(ratio, ratio);
        let sum = self.plus(square, 1.0);
        let root = self.sqrt(sum);
        self.mul(large, root)
    }

    /// The larger of the parts' magnitudes, and the smaller one divided by it.
    pub(crate) fn large_and_ratio(&mut self, z: Pair<R::Value>) -> (R::Value, R::Value) {
        let (x, y) = (self.abs(z.0), self.abs(z.1));
        let (large, small) = (self.max(x, y), self.min(x, y));
        let quotient = self.div(small, large);
        // Of equal ones, which may be 0 or infinite, it is 1.
        let is_equal = self.eq(small, large);
        let one = self.number(1.0);
        (large, self.select(is_equal, one, quotient))
    }

    /// The larger or smaller by real part, then imaginary part; of NaNs the second operand.
    fn extreme(&mut self, than: Compare, z: Pair<R::Value>, w: Pair<R::Value>) -> Pair<R::Value> {
        let is_tied = self.eq(z.0, w.0);
        let (by_re, by_im) = (self.compare(than, z.0, w.0), self.compare(than, z.1, w.1));
        let first = self.0.op(ScalarOp::Select, &[is_tied, by_im, by_re]);
        self.select_pair(first, z, w)
    }

    /// z/|z|; zeros stay.
    fn sign(&mut self, z: Pair<R::Value>) -> Pair<R::Value> {
        let magnitude = self.magnitude(z);
        let quotient = (self.div(z.0, magnitude), self.div(z.1, magnitude));
        let is_zero = self.is_zero(magnitude);
        self.select_pair(is_zero, z, quotient)
    }
}

/// Real operations.
impl<R: Reals> Formulas<'_, R> {
    pub(crate) fn number(&mut self, value: f64) -> R::Value {
        self.0.number(value)
    }

    pub(crate) fn add(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Add, &[a, b])
    }

    pub(crate) fn sub(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Sub, &[a, b])
    }

    pub(crate) fn mul(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Mul, &[a, b])
    }

    pub(crate) fn div(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Div, &[a, b])
    }

    pub(crate) fn max(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Max, &[a, b])
    }

    pub(crate) fn min(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Min, &[a, b])
    }

    pub(crate) fn neg(&mut self, a: R::Value) -> R::Value {
        self.0.op(ScalarOp::Neg, &[a])
    }

    pub(crate) fn abs(&mut self, a: R::Value) -> R::Value {
        self.0.op(ScalarOp::Abs, &[a])
    }

    pub(crate) fn sqrt(&mut self, a: R::Value) -> R::Value {
        self.0.op(ScalarOp::Sqrt, &[a])
    }

    pub(crate) fn apply(&mut self, op: ScalarOp, a: R::Value) -> R::Value {
        self.0.op(op, &[a])
    }

    pub(crate) fn atan2(&mut self, y: R::Value, x: R::Value) -> R::Value {
        self.0.op(ScalarOp::Atan2, &[y, x])
    }

    pub(crate) fn compare(&mut self, compare: Compare, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Compare(compare), &[a, b])
    }

    pub(crate) fn eq(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.compare(Compare::Eq, a, b)
    }

    pub(crate) fn and(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::And, &[a, b])
    }

    pub(crate) fn or(&mut self, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Or, &[a, b])
    }

    pub(crate) fn select(&mut self, c: R::Value, a: R::Value, b: R::Value) -> R::Value {
        self.0.op(ScalarOp::Select, &[c, a, b])
    }

    pub(crate) fn select_pair(
        &mut self,
        c: R::Value,
        z: Pair<R::Value>,
        w: Pair<R::Value>,
    ) -> Pair<R::Value> {
        (self.select(c, z.0, w.0), self.select(c, z.1, w.1))
    }

    pub(crate) fn plus(&mut self, a: R::Value, b: f64) -> R::Value {
        let b = self.number(b);
        self.add(a, b)
    }

    pub(crate) fn times(&mut self, a: R::Value, b: f64) -> R::Value {
        let b = self.number(b);
        self.mul(a, b)
    }

    pub(crate) fn is(&mut self, compare: Compare, a: R::Value, b: f64) -> R::Value {
        let b = self.number(b);
        self.compare(compare, a, b)
    }

    pub(crate) fn is_zero(&mut self, a: R::Value) -> R::Value {
        self.is(Compare::Eq, a, 0.0)
    }

    pub(crate) fn is_infinite(&mut self, a: R::Value) -> R::Value {
        let magnitude = self.abs(a);
        self.is(Compare::Eq, magnitude, f64::INFINITY)
    }

    pub(crate) fn is_nan(&mut self, a: R::Value) -> R::Value {
        self.compare(Compare::Ne, a, a)
    }

    /// A number of no sign with the sign of another; NaN counts as positive.
    pub(crate) fn with_sign(&mut self, magnitude: R::Value, of: R::Value) -> R::Value {
        let (is_negative, negated) = (self.0.is_negative(of), self.neg(magnitude));
        self.select(is_negative, negated, magnitude)
    }

    /// The value, with +0 in the place of both zeros where another number is zero.
    pub(crate) fn zero_where_zero(&mut self, value: R::Value, other: R::Value) -> R::Value {
        let (is_zero, zero) = (self.is_zero(other), self.number(0.0));
        self.select(is_zero, zero, value)
    }

    /// The largest finite number.
    pub(crate) fn largest(&self) -> f64 {
        if self.0.dtype() == DType::F32 { f32::MAX.into() } else { f64::MAX }
    }

    /// The smallest positive number of full precision.
    pub(crate) fn smallest(&self) -> f64 {
        if self.0.dtype() == DType::F32 { f32::MIN_POSITIVE.into() } else { f64::MIN_POSITIVE }
    }
}

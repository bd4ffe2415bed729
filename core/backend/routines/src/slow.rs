//! Functions that compiled code leaves to the runtime: rare, long, or only needed for few arguments.

use jaxrs_kernel::{ScalarOp, math};

/// The functions of one operand, by number.
pub const UNARY: [ScalarOp; 28] = [
    ScalarOp::Cbrt,
    ScalarOp::Exp,
    ScalarOp::Exp2,
    ScalarOp::Expm1,
    ScalarOp::Log,
    ScalarOp::Log1p,
    ScalarOp::Logistic,
    ScalarOp::Sin,
    ScalarOp::Cos,
    ScalarOp::Tan,
    ScalarOp::Asin,
    ScalarOp::Acos,
    ScalarOp::Atan,
    ScalarOp::Sinh,
    ScalarOp::Cosh,
    ScalarOp::Tanh,
    ScalarOp::Asinh,
    ScalarOp::Acosh,
    ScalarOp::Atanh,
    ScalarOp::Erf,
    ScalarOp::Erfc,
    ScalarOp::ErfInv,
    ScalarOp::Lgamma,
    ScalarOp::Digamma,
    ScalarOp::Round,
    ScalarOp::Floor,
    ScalarOp::Ceil,
    ScalarOp::RoundTiesEven,
];

/// The functions of two operands, by number.
pub const BINARY: [ScalarOp; 3] = [ScalarOp::Rem, ScalarOp::Pow, ScalarOp::Atan2];

/// A function of one operand in double precision.
pub fn unary(op: ScalarOp, x: f64) -> f64 {
    match op {
        ScalarOp::Cbrt => x.cbrt(),
        ScalarOp::Exp => x.exp(),
        ScalarOp::Exp2 => x.exp2(),
        ScalarOp::Expm1 => x.exp_m1(),
        ScalarOp::Log => x.ln(),
        ScalarOp::Log1p => x.ln_1p(),
        ScalarOp::Logistic => 1.0 / (1.0 + (-x).exp()),
        ScalarOp::Sin => x.sin(),
        ScalarOp::Cos => x.cos(),
        ScalarOp::Tan => x.tan(),
        ScalarOp::Asin => x.asin(),
        ScalarOp::Acos => x.acos(),
        ScalarOp::Atan => x.atan(),
        ScalarOp::Sinh => x.sinh(),
        ScalarOp::Cosh => x.cosh(),
        ScalarOp::Tanh => x.tanh(),
        ScalarOp::Asinh => libm::asinh(x),
        ScalarOp::Acosh if x < 1.0 => f64::NAN,
        ScalarOp::Acosh => libm::acosh(x),
        ScalarOp::Atanh => libm::atanh(x),
        ScalarOp::Erf => math::erf(x),
        ScalarOp::Erfc => math::erfc(x),
        ScalarOp::ErfInv => math::erf_inv(x),
        ScalarOp::Lgamma => math::lgamma(x),
        ScalarOp::Digamma => math::digamma(x),
        ScalarOp::Round => x.round(),
        ScalarOp::Floor => x.floor(),
        ScalarOp::Ceil => x.ceil(),
        ScalarOp::RoundTiesEven => x.round_ties_even(),
        _ => f64::NAN,
    }
}

/// A function of two operands in double precision.
pub fn binary(op: ScalarOp, a: f64, b: f64) -> f64 {
    match op {
        ScalarOp::Rem => a % b,
        ScalarOp::Pow => a.powf(b),
        ScalarOp::Atan2 => a.atan2(b),
        _ => f64::NAN,
    }
}

/// A float that these functions are evaluated for in double precision.
pub trait Real: Copy {
    /// Exactly the same value.
    fn wide(self) -> f64;
    /// The nearest value.
    fn of(wide: f64) -> Self;
}

impl Real for f32 {
    fn wide(self) -> f64 {
        self.into()
    }
    fn of(wide: f64) -> f32 {
        wide as f32
    }
}

impl Real for f64 {
    fn wide(self) -> f64 {
        self
    }
    fn of(wide: f64) -> f64 {
        wide
    }
}

/// A function of each value, in place.
pub fn each<T: Real>(op: ScalarOp, values: &mut [T]) {
    values.iter_mut().for_each(|v| *v = T::of(unary(op, v.wide())));
}

/// A function of each pair, in place of the left one.
pub fn each_pair<T: Real>(op: ScalarOp, a: &mut [T], b: &[T]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a = T::of(binary(op, a.wide(), b.wide())));
}

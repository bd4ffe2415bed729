//! The functions.

use jaxrs_data::{DType, Scalar};
use jaxrs_kernel::{ScalarOp, math};

use super::{Code, Eval, Row, Slope, slope};
use crate::ops;
use crate::prims::Binary;

macro_rules! unary {
    ($($(#[$doc:meta])* $variant:ident,)*) => {
        /// An elementwise function of one operand.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Unary { $($(#[$doc])* $variant,)* }

        impl Unary {
            /// All of them.
            pub const ALL: &[Unary] = &[$(Unary::$variant,)*];
        }
    };
}

unary! {
    /// −x.
    Neg,
    /// −1, 0 or 1; ±0 and NaN stay.
    Sign,
    /// |x|.
    Abs,
    /// Towards −∞.
    Floor,
    /// Towards +∞.
    Ceil,
    /// To the nearest integer, halves away from zero.
    Round,
    /// To the nearest integer, halves to even.
    RoundTiesEven,
    /// Whether the operand is neither infinite nor NaN.
    IsFinite,
    /// eˣ.
    Exp,
    /// 2ˣ.
    Exp2,
    /// eˣ − 1.
    Expm1,
    /// ln x.
    Log,
    /// ln(1 + x).
    Log1p,
    /// √x.
    Sqrt,
    /// 1/√x.
    Rsqrt,
    /// ∛x.
    Cbrt,
    /// 1/(1 + e⁻ˣ).
    Logistic,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Arc sine.
    Asin,
    /// Arc cosine.
    Acos,
    /// Arc tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Inverse hyperbolic sine.
    Asinh,
    /// Inverse hyperbolic cosine.
    Acosh,
    /// Inverse hyperbolic tangent.
    Atanh,
    /// The error function.
    Erf,
    /// 1 − erf x.
    Erfc,
    /// The inverse of the error function.
    ErfInv,
    /// ln |Γ(x)|.
    Lgamma,
    /// Γ′(x)/Γ(x).
    Digamma,
    /// Bitwise complement; negation of truth values.
    Not,
    /// The number of set bits.
    PopulationCount,
    /// The number of leading zero bits.
    Clz,
    /// The operand itself.
    Copy,
    /// x².
    Square,
}

/// A real function that kernels know.
fn real(name: &'static str, f: fn(f64) -> f64, op: ScalarOp, slope: Slope) -> Row {
    Row { name, takes: DType::is_float, value: Eval::Real(f), slope, code: Code::Op(op) }
}

/// A function of real and complex numbers that kernels know.
fn analytic(name: &'static str, f: fn(f64) -> f64, op: ScalarOp, slope: Slope) -> Row {
    Row { takes: DType::is_inexact, ..real(name, f, op, slope) }
}

/// A function whose value is not a matter of real numbers alone.
fn any(
    name: &'static str,
    takes: fn(DType) -> bool,
    f: fn(DType, Scalar) -> Scalar,
    code: Code,
    slope: Slope,
) -> Row {
    Row { name, takes, value: Eval::Any(f), slope, code }
}

impl Unary {
    /// Where the function is smooth, and its values and slopes of moderate size.
    #[cfg(any(test, feature = "testing"))]
    pub(super) fn domain(self) -> (f64, f64) {
        match self {
            Unary::Acosh => (1.5, 4.0),
            Unary::Asin | Unary::Acos | Unary::Atanh | Unary::ErfInv => (-0.8, 0.7),
            Unary::Log | Unary::Sqrt | Unary::Rsqrt | Unary::Cbrt => (0.5, 4.0),
            Unary::Lgamma | Unary::Digamma => (0.5, 4.0),
            Unary::Log1p => (-0.5, 3.0),
            Unary::Tan => (-1.2, 1.1),
            _ => (-2.0, 1.7),
        }
    }

    pub(super) fn row(self) -> Row {
        use Slope::{Divisor, Factor, Flat, Image, Linear};
        use Unary::*;
        let code = Code::Op;
        match self {
            Neg => any("neg", DType::is_number, neg, code(ScalarOp::Neg), Linear),
            Sign => any("sign", DType::is_number, sign, code(ScalarOp::Sign), Flat),
            Abs => any("abs", is_signed_number, abs, code(ScalarOp::Abs), Image(slope::abs)),
            Floor => real("floor", f64::floor, ScalarOp::Floor, Flat),
            Ceil => real("ceil", f64::ceil, ScalarOp::Ceil, Flat),
            Round => real("round", f64::round, ScalarOp::Round, Flat),
            RoundTiesEven => real("round", f64::round_ties_even, ScalarOp::RoundTiesEven, Flat),
            IsFinite => {
                any("is_finite", DType::is_float, is_finite, code(ScalarOp::IsFinite), Flat)
            }
            Exp => analytic("exp", f64::exp, ScalarOp::Exp, Factor(|_, _, y| Ok(y.clone()))),
            Exp2 => {
                let slope = Factor(|cx, _, y| ops::scale(cx, y, std::f64::consts::LN_2));
                analytic("exp2", f64::exp2, ScalarOp::Exp2, slope)
            }
            Expm1 => {
                let slope = Factor(|cx, _, y| ops::offset(cx, y, 1.0));
                analytic("expm1", f64::exp_m1, ScalarOp::Expm1, slope)
            }
            Log => analytic("log", f64::ln, ScalarOp::Log, Divisor(|_, x, _| Ok(x.clone()))),
            Log1p => {
                let slope = Divisor(|cx, x, _| ops::offset(cx, x, 1.0));
                analytic("log1p", f64::ln_1p, ScalarOp::Log1p, slope)
            }
            Sqrt => analytic("sqrt", f64::sqrt, ScalarOp::Sqrt, Factor(slope::sqrt)),
            Rsqrt => analytic("rsqrt", |x| 1.0 / x.sqrt(), ScalarOp::Rsqrt, Factor(slope::rsqrt)),
            Cbrt => real("cbrt", f64::cbrt, ScalarOp::Cbrt, Factor(slope::cbrt)),
            Logistic => analytic("logistic", logistic, ScalarOp::Logistic, Factor(slope::logistic)),
            Sin => {
                let slope = Factor(|cx, x, _| ops::unary(cx, Cos, x));
                analytic("sin", f64::sin, ScalarOp::Sin, slope)
            }
            Cos => {
                let slope = Factor(|cx, x, _| ops::neg(cx, &ops::unary(cx, Sin, x)?));
                analytic("cos", f64::cos, ScalarOp::Cos, slope)
            }
            Tan => {
                let slope = Factor(|cx, _, y| slope::one_plus_square(cx, y));
                analytic("tan", f64::tan, ScalarOp::Tan, slope)
            }
            Asin => analytic("asin", f64::asin, ScalarOp::Asin, Factor(slope::asin)),
            Acos => analytic("acos", f64::acos, ScalarOp::Acos, Factor(slope::acos)),
            Atan => {
                let slope = Divisor(|cx, x, _| slope::one_plus_square(cx, x));
                analytic("atan", f64::atan, ScalarOp::Atan, slope)
            }
            Sinh => {
                let slope = Factor(|cx, x, _| ops::unary(cx, Cosh, x));
                analytic("sinh", f64::sinh, ScalarOp::Sinh, slope)
            }
            Cosh => {
                let slope = Factor(|cx, x, _| ops::unary(cx, Sinh, x));
                analytic("cosh", f64::cosh, ScalarOp::Cosh, slope)
            }
            Tanh => analytic("tanh", f64::tanh, ScalarOp::Tanh, Factor(slope::tanh)),
            Asinh => analytic("asinh", math::asinh, ScalarOp::Asinh, Factor(slope::asinh)),
            Acosh => analytic("acosh", math::acosh, ScalarOp::Acosh, Factor(slope::acosh)),
            Atanh => analytic("atanh", math::atanh, ScalarOp::Atanh, Divisor(slope::atanh)),
            Erf => real("erf", math::erf, ScalarOp::Erf, Factor(slope::erf)),
            Erfc => {
                let slope = Factor(|cx, x, y| ops::neg(cx, &slope::erf(cx, x, y)?));
                real("erfc", math::erfc, ScalarOp::Erfc, slope)
            }
            ErfInv => real("erf_inv", math::erf_inv, ScalarOp::ErfInv, Factor(slope::erf_inv)),
            Lgamma => {
                let slope = Factor(|cx, x, _| ops::unary(cx, Digamma, x));
                real("lgamma", math::lgamma, ScalarOp::Lgamma, slope)
            }
            Digamma => real("digamma", math::digamma, ScalarOp::Digamma, Factor(slope::trigamma)),
            Not => any("not", is_bits, not, code(ScalarOp::Not), Flat),
            PopulationCount => {
                let code = code(ScalarOp::PopulationCount);
                any("population_count", DType::is_integer, population_count, code, Flat)
            }
            Clz => any("clz", DType::is_integer, clz, code(ScalarOp::CountLeadingZeros), Flat),
            Copy => any("copy", |_| true, |_, x| x, Code::Identity, Linear),
            Square => {
                let slope = Factor(|cx, x, _| ops::scale(cx, x, 2.0));
                any("square", DType::is_number, square, Code::Square, slope)
            }
        }
    }
}

fn is_signed_number(dtype: DType) -> bool {
    dtype.is_signed() || dtype.is_inexact()
}

fn is_bits(dtype: DType) -> bool {
    dtype.is_bool() || dtype.is_integer()
}

fn neg(_: DType, x: Scalar) -> Scalar {
    match x {
        Scalar::Int(v) => Scalar::Int(v.wrapping_neg()),
        Scalar::Uint(v) => Scalar::Uint(v.wrapping_neg()),
        Scalar::Float(v) => Scalar::Float(-v),
        Scalar::Complex(..) | Scalar::Bool(_) | Scalar::Key(_) => x,
    }
}

fn sign(_: DType, x: Scalar) -> Scalar {
    match x {
        Scalar::Int(v) => Scalar::Int(v.signum()),
        Scalar::Uint(v) => Scalar::Uint(v.min(1)),
        Scalar::Float(v) if v > 0.0 => Scalar::Float(1.0),
        Scalar::Float(v) if v < 0.0 => Scalar::Float(-1.0),
        Scalar::Float(_) | Scalar::Bool(_) | Scalar::Complex(..) | Scalar::Key(_) => x,
    }
}

fn abs(_: DType, x: Scalar) -> Scalar {
    match x {
        Scalar::Int(v) => Scalar::Int(v.wrapping_abs()),
        Scalar::Float(v) => Scalar::Float(v.abs()),
        Scalar::Uint(_) | Scalar::Bool(_) | Scalar::Complex(..) | Scalar::Key(_) => x,
    }
}

fn is_finite(_: DType, x: Scalar) -> Scalar {
    Scalar::Bool(x.as_f64().is_finite())
}

fn logistic(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn not(_: DType, x: Scalar) -> Scalar {
    match x {
        Scalar::Bool(v) => Scalar::Bool(!v),
        Scalar::Int(v) => Scalar::Int(!v),
        Scalar::Uint(v) => Scalar::Uint(!v),
        Scalar::Float(_) | Scalar::Complex(..) | Scalar::Key(_) => x,
    }
}

fn population_count(dtype: DType, x: Scalar) -> Scalar {
    Scalar::Uint(x.to_bits(dtype).count_ones().into()).cast(dtype)
}

fn clz(dtype: DType, x: Scalar) -> Scalar {
    let above = u64::BITS - dtype.bits();
    Scalar::Uint((x.to_bits(dtype).leading_zeros() - above).into()).cast(dtype)
}

fn square(dtype: DType, x: Scalar) -> Scalar {
    match x {
        Scalar::Int(v) => Scalar::Int(v.wrapping_mul(v)),
        Scalar::Uint(v) => Scalar::Uint(v.wrapping_mul(v)),
        Scalar::Float(v) => Scalar::Float(v * v),
        Scalar::Complex(..) => Binary::Mul.value(dtype, x, x),
        Scalar::Bool(_) | Scalar::Key(_) => x,
    }
}

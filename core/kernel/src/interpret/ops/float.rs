//! Float operations.

use super::Combine;
use crate::interpret::lane::{Lane, Run, binary, unary};
use crate::math;
use crate::scalar::{ReduceOp, ScalarOp};

/// Float arithmetic. Functions that IEEE 754 does not fix are computed in double precision and rounded
/// once, so that `f32` results are correctly rounded but for a few hard cases.
pub(super) trait Float: Lane + PartialOrd {
    fn wide(self) -> f64;
    fn round_from(v: f64) -> Self;
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn is_negative(self) -> bool;
    fn floor(self) -> Self;
    fn ceil(self) -> Self;
    fn round(self) -> Self;
    fn round_ties_even(self) -> Self;
    fn sqrt(self) -> Self;
    fn is_finite(self) -> bool;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    fn rem(self, b: Self) -> Self;
    fn next_after(self, b: Self) -> Self;

    #[inline(always)]
    fn max(self, b: Self) -> Self {
        match () {
            () if self > b => self,
            () if self < b => b,
            () if self == b => {
                if self.is_negative() {
                    b
                } else {
                    self
                }
            }
            () => self.add(b), // NaN
        }
    }
    #[inline(always)]
    fn min(self, b: Self) -> Self {
        match () {
            () if self < b => self,
            () if self > b => b,
            () if self == b => {
                if self.is_negative() {
                    self
                } else {
                    b
                }
            }
            () => self.add(b), // NaN
        }
    }
    #[inline(always)]
    fn sign(self) -> Self {
        match self.wide() {
            v if v > 0.0 => Self::round_from(1.0),
            v if v < 0.0 => Self::round_from(-1.0),
            // Zero, what counts as zero, and NaN.
            _ => self.mul(Self::round_from(0.0)),
        }
    }
}

macro_rules! floats {
    ($($ty:ident, $next_after:path;)*) => {$(
        impl Float for $ty {
            fn wide(self) -> f64 { self.into() }
            fn round_from(v: f64) -> $ty { v as $ty }
            fn neg(self) -> $ty { -self }
            fn abs(self) -> $ty { $ty::abs(self) }
            fn is_negative(self) -> bool { self.is_sign_negative() }
            fn floor(self) -> $ty { $ty::floor(self) }
            fn ceil(self) -> $ty { $ty::ceil(self) }
            fn round(self) -> $ty { $ty::round(self) }
            fn round_ties_even(self) -> $ty { $ty::round_ties_even(self) }
            fn sqrt(self) -> $ty { $ty::sqrt(self) }
            fn is_finite(self) -> bool { $ty::is_finite(self) }
            fn add(self, b: $ty) -> $ty { self + b }
            fn sub(self, b: $ty) -> $ty { self - b }
            fn mul(self, b: $ty) -> $ty { self * b }
            fn div(self, b: $ty) -> $ty { self / b }
            fn rem(self, b: $ty) -> $ty { self % b }
            fn next_after(self, b: $ty) -> $ty { $next_after(self, b) }
        }
    )*};
}

floats! {
    f32, libm::nextafterf;
    f64, libm::nextafter;
}

pub(super) fn float_of<T: Float>(op: ScalarOp) -> Option<Run> {
    Some(match op {
        ScalarOp::Neg => |r, o, n| unary(r, o, n, T::neg),
        ScalarOp::Abs => |r, o, n| unary(r, o, n, T::abs),
        ScalarOp::Sign => |r, o, n| unary(r, o, n, T::sign),
        ScalarOp::Floor => |r, o, n| unary(r, o, n, T::floor),
        ScalarOp::Ceil => |r, o, n| unary(r, o, n, T::ceil),
        ScalarOp::Round => |r, o, n| unary(r, o, n, T::round),
        ScalarOp::RoundTiesEven => |r, o, n| unary(r, o, n, T::round_ties_even),
        ScalarOp::Sqrt => |r, o, n| unary(r, o, n, T::sqrt),
        ScalarOp::IsFinite => |r, o, n| unary(r, o, n, T::is_finite),
        ScalarOp::Add => |r, o, n| binary(r, o, n, T::add),
        ScalarOp::Sub => |r, o, n| binary(r, o, n, T::sub),
        ScalarOp::Mul => |r, o, n| binary(r, o, n, T::mul),
        ScalarOp::Div => |r, o, n| binary(r, o, n, T::div),
        ScalarOp::Rem => |r, o, n| binary(r, o, n, T::rem),
        ScalarOp::Max => |r, o, n| binary(r, o, n, T::max),
        ScalarOp::Min => |r, o, n| binary(r, o, n, T::min),
        ScalarOp::NextAfter => |r, o, n| binary(r, o, n, T::next_after),
        _ => return function_of::<T>(op),
    })
}

fn function_of<T: Float>(op: ScalarOp) -> Option<Run> {
    macro_rules! function {
        (|$x:ident| $value:expr) => {
            |r, o, n| {
                unary(r, o, n, |v: T| {
                    let $x = v.wide();
                    T::round_from($value)
                })
            }
        };
        (|$x:ident, $y:ident| $value:expr) => {
            |r, o, n| {
                binary(r, o, n, |a: T, b: T| {
                    let ($x, $y) = (a.wide(), b.wide());
                    T::round_from($value)
                })
            }
        };
    }
    Some(match op {
        ScalarOp::Rsqrt => function!(|x| x.sqrt().recip()),
        ScalarOp::Cbrt => function!(|x| x.cbrt()),
        ScalarOp::Exp => function!(|x| x.exp()),
        ScalarOp::Exp2 => function!(|x| x.exp2()),
        ScalarOp::Expm1 => function!(|x| x.exp_m1()),
        ScalarOp::Log => function!(|x| x.ln()),
        ScalarOp::Log1p => function!(|x| x.ln_1p()),
        ScalarOp::Logistic => function!(|x| (1.0 + (-x).exp()).recip()),
        ScalarOp::Sin => function!(|x| x.sin()),
        ScalarOp::Cos => function!(|x| x.cos()),
        ScalarOp::Tan => function!(|x| x.tan()),
        ScalarOp::Asin => function!(|x| x.asin()),
        ScalarOp::Acos => function!(|x| x.acos()),
        ScalarOp::Atan => function!(|x| x.atan()),
        ScalarOp::Sinh => function!(|x| x.sinh()),
        ScalarOp::Cosh => function!(|x| x.cosh()),
        ScalarOp::Tanh => function!(|x| x.tanh()),
        ScalarOp::Asinh => function!(|x| math::asinh(x)),
        ScalarOp::Acosh => function!(|x| math::acosh(x)),
        ScalarOp::Atanh => function!(|x| math::atanh(x)),
        ScalarOp::Erf => function!(|x| math::erf(x)),
        ScalarOp::Erfc => function!(|x| math::erfc(x)),
        ScalarOp::ErfInv => function!(|x| math::erf_inv(x)),
        ScalarOp::Lgamma => function!(|x| math::lgamma(x)),
        ScalarOp::Digamma => function!(|x| math::digamma(x)),
        ScalarOp::Pow => function!(|x, y| x.powf(y)),
        ScalarOp::Atan2 => function!(|y, x| y.atan2(x)),
        _ => return None,
    })
}

pub(super) fn combine_floats<T: Float>(op: ReduceOp) -> Option<Combine> {
    Some(match op {
        ReduceOp::Add => combine!(T::add),
        ReduceOp::Mul => combine!(T::mul),
        ReduceOp::Max => combine!(T::max),
        ReduceOp::Min => combine!(T::min),
        ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => return None,
    })
}

//! Which loop an operation runs: one for each scalar operation and element type.

use jaxrs_data::DType;

use super::lane::{Brain, Half, Lane, Run, Wide, accumulate, binary, fold, select, splat, unary};
use crate::math;
use crate::scalar::{Compare, ReduceOp, ScalarOp};

/// Calls a generic function with the Rust type of an arithmetic element type.
macro_rules! for_type {
    ($dtype:expr, $f:ident($arg:expr), $($name:ident: $ty:ty),*) => {
        match $dtype {
            $(DType::$name => $f::<$ty>($arg),)*
            _ => None,
        }
    };
}

/// The loop of an operation on operands of the given type; none where there is no such operation.
pub(super) fn run_of(op: ScalarOp, operand: DType) -> Option<Run> {
    match op {
        ScalarOp::Select => Some(select_of(operand.size_bytes())),
        ScalarOp::Cast(to) => cast_of(operand, to),
        ScalarOp::Bitcast(to) => {
            (operand.size_bytes() == to.size_bytes()).then(|| copy_of(to.size_bytes()))
        }
        ScalarOp::Compare(compare) => for_type!(operand, compare_of(compare), Bool: bool,
            I8: i8, I16: i16, I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64,
            F32: f32, F64: f64),
        _ if operand.is_bool() => bool_of(op),
        _ if operand.is_integer() => for_type!(operand, integer_of(op), I8: i8, I16: i16, I32: i32,
            I64: i64, U8: u8, U16: u16, U32: u32, U64: u64),
        _ => for_type!(operand, float_of(op), F32: f32, F64: f64),
    }
}

/// What a type's value of one lane is combined into another by: lane by lane, or all into one.
pub(super) struct Combine {
    pub(super) accumulate: Run,
    pub(super) fold: Run,
}

/// The loops of a reduction.
pub(super) fn combine_of(op: ReduceOp, dtype: DType) -> Option<Combine> {
    match dtype.is_bool() {
        true => combine_bools(op),
        false if dtype.is_integer() => for_type!(dtype, combine_integers(op), I8: i8, I16: i16,
            I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64),
        false => for_type!(dtype, combine_floats(op), F32: f32, F64: f64),
    }
}

/// Copies lanes of a size.
pub(super) fn copy_of(size: usize) -> Run {
    match size {
        1 => |r, o, n| unary(r, o, n, |v: u8| v),
        2 => |r, o, n| unary(r, o, n, |v: u16| v),
        4 => |r, o, n| unary(r, o, n, |v: u32| v),
        8 => |r, o, n| unary(r, o, n, |v: u64| v),
        _ => |r, o, n| unary(r, o, n, |v: Wide| v),
    }
}

/// Spreads one lane of a size.
pub(super) fn splat_of(size: usize) -> Run {
    match size {
        1 => splat::<u8>,
        2 => splat::<u16>,
        4 => splat::<u32>,
        8 => splat::<u64>,
        _ => splat::<Wide>,
    }
}

/// Selects among lanes of a size.
pub(super) fn select_of(size: usize) -> Run {
    match size {
        1 => select::<u8>,
        2 => select::<u16>,
        4 => select::<u32>,
        8 => select::<u64>,
        _ => select::<Wide>,
    }
}

fn compare_of<T: Lane + PartialOrd>(compare: Compare) -> Option<Run> {
    Some(match compare {
        Compare::Eq => |r, o, n| binary(r, o, n, |a: T, b| a == b),
        Compare::Ne => |r, o, n| binary(r, o, n, |a: T, b| a != b),
        Compare::Lt => |r, o, n| binary(r, o, n, |a: T, b| a < b),
        Compare::Le => |r, o, n| binary(r, o, n, |a: T, b| a <= b),
        Compare::Gt => |r, o, n| binary(r, o, n, |a: T, b| a > b),
        Compare::Ge => |r, o, n| binary(r, o, n, |a: T, b| a >= b),
    })
}

fn bool_of(op: ScalarOp) -> Option<Run> {
    Some(match op {
        ScalarOp::Not => |r, o, n| unary(r, o, n, |v: bool| !v),
        ScalarOp::And | ScalarOp::Min | ScalarOp::Mul => {
            |r, o, n| binary(r, o, n, |a: bool, b: bool| a & b)
        }
        ScalarOp::Or | ScalarOp::Max | ScalarOp::Add => {
            |r, o, n| binary(r, o, n, |a: bool, b: bool| a | b)
        }
        ScalarOp::Xor => |r, o, n| binary(r, o, n, |a: bool, b: bool| a ^ b),
        _ => return None,
    })
}

fn combine_bools(op: ReduceOp) -> Option<Combine> {
    macro_rules! combine {
        ($f:expr) => {
            Combine {
                accumulate: |r, o, n| accumulate(r, o, n, $f),
                fold: |r, o, n| fold(r, o, n, $f),
            }
        };
    }
    Some(match op {
        ReduceOp::And | ReduceOp::Min | ReduceOp::Mul => combine!(|a: bool, b: bool| a & b),
        ReduceOp::Or | ReduceOp::Max | ReduceOp::Add => combine!(|a: bool, b: bool| a | b),
        ReduceOp::Xor => combine!(|a: bool, b: bool| a ^ b),
    })
}

/// Integer arithmetic as [`ScalarOp`] defines it.
trait Integer: Lane + Ord {
    fn neg(self) -> Self;
    fn abs(self) -> Self;
    fn sign(self) -> Self;
    fn not(self) -> Self;
    fn ones(self) -> Self;
    fn leading_zeros(self) -> Self;
    fn add(self, b: Self) -> Self;
    fn sub(self, b: Self) -> Self;
    fn mul(self, b: Self) -> Self;
    fn div(self, b: Self) -> Self;
    fn rem(self, b: Self) -> Self;
    fn and(self, b: Self) -> Self;
    fn or(self, b: Self) -> Self;
    fn xor(self, b: Self) -> Self;
    fn shl(self, b: Self) -> Self;
    fn shr(self, b: Self) -> Self;
    fn sar(self, b: Self) -> Self;
}

macro_rules! integers {
    ($($ty:ident, $signed:ident, $unsigned:ident, $abs:expr, $sign:expr;)*) => {$(
        impl Integer for $ty {
            fn neg(self) -> $ty { self.wrapping_neg() }
            fn abs(self) -> $ty { $abs(self) }
            fn sign(self) -> $ty { $sign(self) }
            fn not(self) -> $ty { !self }
            fn ones(self) -> $ty { self.count_ones() as $ty }
            fn leading_zeros(self) -> $ty { $ty::leading_zeros(self) as $ty }
            fn add(self, b: $ty) -> $ty { self.wrapping_add(b) }
            fn sub(self, b: $ty) -> $ty { self.wrapping_sub(b) }
            fn mul(self, b: $ty) -> $ty { self.wrapping_mul(b) }
            fn div(self, b: $ty) -> $ty { if b == 0 { !0 } else { self.wrapping_div(b) } }
            fn rem(self, b: $ty) -> $ty { if b == 0 { self } else { self.wrapping_rem(b) } }
            fn and(self, b: $ty) -> $ty { self & b }
            fn or(self, b: $ty) -> $ty { self | b }
            fn xor(self, b: $ty) -> $ty { self ^ b }
            // Amounts are read as unsigned, so that negative ones are too large.
            fn shl(self, b: $ty) -> $ty {
                let by = b as $unsigned;
                if u64::from(by) < $ty::BITS.into() { self << by } else { 0 }
            }
            fn shr(self, b: $ty) -> $ty {
                let by = b as $unsigned;
                if u64::from(by) < $ty::BITS.into() { (self as $unsigned >> by) as $ty } else { 0 }
            }
            fn sar(self, b: $ty) -> $ty {
                let by = u64::from(b as $unsigned).min(u64::from($ty::BITS - 1));
                (self as $signed >> by) as $ty
            }
        }
    )*};
}

integers! {
    i8, i8, u8, i8::wrapping_abs, i8::signum;
    i16, i16, u16, i16::wrapping_abs, i16::signum;
    i32, i32, u32, i32::wrapping_abs, i32::signum;
    i64, i64, u64, i64::wrapping_abs, i64::signum;
    u8, i8, u8, |v| v, |v| u8::from(v != 0);
    u16, i16, u16, |v| v, |v| u16::from(v != 0);
    u32, i32, u32, |v| v, |v| u32::from(v != 0);
    u64, i64, u64, |v| v, |v| u64::from(v != 0);
}

fn integer_of<T: Integer>(op: ScalarOp) -> Option<Run> {
    Some(match op {
        ScalarOp::Neg => |r, o, n| unary(r, o, n, T::neg),
        ScalarOp::Abs => |r, o, n| unary(r, o, n, T::abs),
        ScalarOp::Sign => |r, o, n| unary(r, o, n, T::sign),
        ScalarOp::Not => |r, o, n| unary(r, o, n, T::not),
        ScalarOp::PopulationCount => |r, o, n| unary(r, o, n, T::ones),
        ScalarOp::CountLeadingZeros => |r, o, n| unary(r, o, n, T::leading_zeros),
        ScalarOp::Add => |r, o, n| binary(r, o, n, T::add),
        ScalarOp::Sub => |r, o, n| binary(r, o, n, T::sub),
        ScalarOp::Mul => |r, o, n| binary(r, o, n, T::mul),
        ScalarOp::Div => |r, o, n| binary(r, o, n, T::div),
        ScalarOp::Rem => |r, o, n| binary(r, o, n, T::rem),
        ScalarOp::Max => |r, o, n| binary(r, o, n, T::max),
        ScalarOp::Min => |r, o, n| binary(r, o, n, T::min),
        ScalarOp::And => |r, o, n| binary(r, o, n, T::and),
        ScalarOp::Or => |r, o, n| binary(r, o, n, T::or),
        ScalarOp::Xor => |r, o, n| binary(r, o, n, T::xor),
        ScalarOp::ShiftLeft => |r, o, n| binary(r, o, n, T::shl),
        ScalarOp::ShiftRightLogical => |r, o, n| binary(r, o, n, T::shr),
        ScalarOp::ShiftRightArithmetic => |r, o, n| binary(r, o, n, T::sar),
        _ => return None,
    })
}

fn combine_integers<T: Integer>(op: ReduceOp) -> Option<Combine> {
    macro_rules! combine {
        ($f:path) => {
            Combine {
                accumulate: |r, o, n| accumulate(r, o, n, $f),
                fold: |r, o, n| fold(r, o, n, $f),
            }
        };
    }
    Some(match op {
        ReduceOp::Add => combine!(T::add),
        ReduceOp::Mul => combine!(T::mul),
        ReduceOp::Max => combine!(T::max),
        ReduceOp::Min => combine!(T::min),
        ReduceOp::And => combine!(T::and),
        ReduceOp::Or => combine!(T::or),
        ReduceOp::Xor => combine!(T::xor),
    })
}

/// Float arithmetic. Functions that IEEE 754 does not fix are computed in double precision and rounded
/// once, so that `f32` results are correctly rounded but for a few hard cases.
trait Float: Lane + PartialOrd {
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
            _ => self,
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

fn float_of<T: Float>(op: ScalarOp) -> Option<Run> {
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

fn combine_floats<T: Float>(op: ReduceOp) -> Option<Combine> {
    macro_rules! combine {
        ($f:path) => {
            Combine {
                accumulate: |r, o, n| accumulate(r, o, n, $f),
                fold: |r, o, n| fold(r, o, n, $f),
            }
        };
    }
    Some(match op {
        ReduceOp::Add => combine!(T::add),
        ReduceOp::Mul => combine!(T::mul),
        ReduceOp::Max => combine!(T::max),
        ReduceOp::Min => combine!(T::min),
        ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => return None,
    })
}

/// Conversion from one Rust type to all element types.
macro_rules! casts {
    ($to:expr, $a:ty, $v:ident, $truth:expr, $number:expr, $float:expr) => {
        match $to {
            DType::Bool => |r, o, n| unary(r, o, n, |$v: $a| $truth),
            DType::I8 => |r, o, n| unary(r, o, n, |$v: $a| $number as i8),
            DType::I16 => |r, o, n| unary(r, o, n, |$v: $a| $number as i16),
            DType::I32 => |r, o, n| unary(r, o, n, |$v: $a| $number as i32),
            DType::I64 => |r, o, n| unary(r, o, n, |$v: $a| $number as i64),
            DType::U8 => |r, o, n| unary(r, o, n, |$v: $a| $number as u8),
            DType::U16 => |r, o, n| unary(r, o, n, |$v: $a| $number as u16),
            DType::U32 => |r, o, n| unary(r, o, n, |$v: $a| $number as u32),
            DType::U64 => |r, o, n| unary(r, o, n, |$v: $a| $number as u64),
            DType::F32 => |r, o, n| unary(r, o, n, |$v: $a| $number as f32),
            DType::F64 => |r, o, n| unary(r, o, n, |$v: $a| $number as f64),
            DType::F16 => |r, o, n| unary(r, o, n, |$v: $a| Half::from_f64($float)),
            DType::BF16 => |r, o, n| unary(r, o, n, |$v: $a| Brain::from_f64($float)),
            DType::C64 | DType::C128 => return None,
        }
    };
}

fn cast_of(from: DType, to: DType) -> Option<Run> {
    macro_rules! numbers {
        ($($name:ident: $ty:ty, $zero:expr;)*) => {
            match from {
                $(DType::$name => casts!(to, $ty, v, v != $zero, v, v as f64),)*
                DType::Bool => casts!(to, bool, v, v, u8::from(v), f64::from(u8::from(v))),
                DType::F16 => casts!(to, Half, v, v.to_f64() != 0.0, v.to_f64(), v.to_f64()),
                DType::BF16 => casts!(to, Brain, v, v.to_f64() != 0.0, v.to_f64(), v.to_f64()),
                DType::C64 | DType::C128 => return None,
            }
        };
    }
    Some(numbers! {
        I8: i8, 0; I16: i16, 0; I32: i32, 0; I64: i64, 0;
        U8: u8, 0; U16: u16, 0; U32: u32, 0; U64: u64, 0;
        F32: f32, 0.0; F64: f64, 0.0;
    })
}

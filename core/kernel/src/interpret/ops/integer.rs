//! Integer operations.

use super::Combine;
use crate::interpret::lane::{Lane, Run, binary, unary};
use crate::scalar::{ReduceOp, ScalarOp};

/// Integer arithmetic as [`ScalarOp`] defines it.
pub(super) trait Integer: Lane + Ord {
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

pub(super) fn integer_of<T: Integer>(op: ScalarOp) -> Option<Run> {
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

pub(super) fn combine_integers<T: Integer>(op: ReduceOp) -> Option<Combine> {
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

//! Kernel code of functions that are not one scalar operation.

use jaxrs_data::narrow::{Format, Specials};
use jaxrs_data::{DType, Result, Scalar};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

use super::table::high_bits;
use crate::lower::Elements;
use crate::prims::Binary;
use crate::rules::nary;

/// A shift to the right of integers of less than 8 bits: of their own bits, with or without the sign.
pub(super) fn narrow_shift(
    cx: &mut dyn Elements,
    shift: Binary,
    op: ScalarOp,
    index: &[ValueId],
) -> Result<ValueId> {
    let (x, y) = (nary::operand(cx, 0, index)?, nary::operand(cx, 1, index)?);
    let b = cx.builder();
    let dtype = b.dtype(x);
    let signed = shift == Binary::ShiftRightArithmetic;
    let mut wide = [x, y].map(|value| nary::with_sign(b, value, signed));
    for value in &mut wide {
        *value = b.cast(*value, if signed { DType::I8 } else { DType::U8 });
    }
    let shifted = b.op(op, &wide);
    Ok(b.cast(shifted, dtype))
}

/// The next float of at most 16 bits from x towards y. Kernels know no arithmetic on these, so it goes by
/// their bits.
pub(super) fn nextafter(cx: &mut dyn Elements, index: &[ValueId]) -> Result<ValueId> {
    let (x, y) = (nary::operand(cx, 0, index)?, nary::operand(cx, 1, index)?);
    let b = cx.builder();
    let dtype = b.dtype(x);
    let next = next_bits(b, x, y);
    let next = b.op(ScalarOp::Bitcast(dtype), &[next]);
    let (wide_x, wide_y) = (b.cast(x, DType::F32), b.cast(y, DType::F32));
    let next = b.cast(next, DType::F32);
    let is_equal = b.compare(Compare::Eq, wide_x, wide_y);
    let next = b.select(is_equal, wide_y, next);
    let (x_is_nan, y_is_nan) =
        (b.compare(Compare::Ne, wide_x, wide_x), b.compare(Compare::Ne, wide_y, wide_y));
    let next = b.select(x_is_nan, wide_x, next);
    let next = b.select(y_is_nan, wide_y, next);
    Ok(b.cast(next, dtype))
}

/// The bits of the next float, where x and y differ and are numbers.
fn next_bits(b: &mut BodyBuilder, x: ValueId, y: ValueId) -> ValueId {
    let dtype = b.dtype(x);
    let unsigned = if dtype.size_bytes() == 1 { DType::U8 } else { DType::U16 };
    let constant = |b: &mut BodyBuilder, bits| b.constant(unsigned, Scalar::Uint(bits));
    let bits = b.op(ScalarOp::Bitcast(unsigned), &[x]);
    let (x, y) = (b.cast(x, DType::F32), b.cast(y, DType::F32));
    let zero = b.constant(DType::F32, Scalar::Float(0.0));
    let one = constant(b, 1);
    let is_up = b.compare(Compare::Gt, y, x);
    let is_positive = b.compare(Compare::Gt, x, zero);
    // Bits of floats of one sign are ordered as the magnitudes are.
    let away_from_zero = b.compare(Compare::Eq, is_up, is_positive);
    let (more, less) = (b.add(bits, one), b.op(ScalarOp::Sub, &[bits, one]));
    let next = b.select(away_from_zero, more, less);
    let sign = Format::of(dtype).map_or(0x8000, |format| format.sign_bit().into());
    let (least, negative_least) = (one, constant(b, sign | 1));
    let from_zero = b.select(is_up, least, negative_least);
    let is_zero = b.compare(Compare::Eq, x, zero);
    let next = b.select(is_zero, from_zero, next);
    match Format::of(dtype) {
        // What would be −0 is NaN there.
        Some(format) if format.specials == Specials::NanAsNegativeZero => {
            let (nan, zero) = (constant(b, sign), constant(b, 0));
            let is_nan = b.compare(Compare::Eq, next, nan);
            b.select(is_nan, zero, next)
        }
        _ => next,
    }
}

/// The high half of a product of integers.
pub(super) fn mulhi(cx: &mut dyn Elements, index: &[ValueId]) -> Result<ValueId> {
    let (x, y) = (nary::operand(cx, 0, index)?, nary::operand(cx, 1, index)?);
    let b = cx.builder();
    let dtype = b.dtype(x);
    if dtype.bits() == 64 {
        return Ok(high_of_64(b, x, y));
    }
    let (wide, shift) = match dtype.is_signed() {
        true => (DType::I64, ScalarOp::ShiftRightArithmetic),
        false => (DType::U64, ScalarOp::ShiftRightLogical),
    };
    let (x, y) = (b.cast(x, wide), b.cast(y, wide));
    let product = b.mul(x, y);
    let places = b.constant(wide, Scalar::Uint(high_bits(dtype).into()));
    let high = b.op(shift, &[product, places]);
    Ok(b.cast(high, dtype))
}

/// Of 64 bits, by the products of their halves (Warren, Hacker's Delight, 8-2).
fn high_of_64(b: &mut BodyBuilder, x: ValueId, y: ValueId) -> ValueId {
    let signed = b.dtype(x).is_signed();
    let [x_low, x_high] = halves(b, x);
    let [y_low, y_high] = halves(b, y);
    let low = b.mul(x_low, y_low);
    let [_, carry] = halves(b, low);
    let carry = match signed {
        // The carry is below 2³², whatever sign its 64 bits would give it.
        true => without_sign(b, carry),
        false => carry,
    };
    let cross = b.mul(x_high, y_low);
    let cross = b.add(cross, carry);
    let [cross_low, cross_high] = halves(b, cross);
    let other = b.mul(x_low, y_high);
    let other = b.add(other, cross_low);
    let [_, other_high] = halves(b, other);
    let high = b.mul(x_high, y_high);
    let high = b.add(high, cross_high);
    b.add(high, other_high)
}

/// The low 32 bits, and the others shifted down with the sign of the type.
fn halves(b: &mut BodyBuilder, value: ValueId) -> [ValueId; 2] {
    let dtype = b.dtype(value);
    let shift = match dtype.is_signed() {
        true => ScalarOp::ShiftRightArithmetic,
        false => ScalarOp::ShiftRightLogical,
    };
    let places = b.constant(dtype, Scalar::Uint(32));
    [without_sign(b, value), b.op(shift, &[value, places])]
}

/// The low 32 bits.
fn without_sign(b: &mut BodyBuilder, value: ValueId) -> ValueId {
    let mask = b.constant(b.dtype(value), Scalar::Uint(0xffff_ffff));
    b.op(ScalarOp::And, &[value, mask])
}

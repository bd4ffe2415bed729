//! Conversions from and to types of at most 8 bits that no machine computes in, as operations on their
//! bits, so that back ends only move them. What the bits mean is [`jaxrs_data::narrow`]'s.

use jaxrs_data::narrow::{Format, Specials};
use jaxrs_data::{DType, Scalar};

use super::BodyBuilder;
use crate::body::ValueId;
use crate::scalar::{Compare, ScalarOp};

/// A float that conversions go by way of: its type, its bits' type, and the bits of its fraction.
#[derive(Clone, Copy)]
struct Carrier {
    float: DType,
    bits: DType,
    man_bits: u32,
    bias: i32,
}

const SINGLE: Carrier = Carrier { float: DType::F32, bits: DType::U32, man_bits: 23, bias: 127 };
const DOUBLE: Carrier = Carrier { float: DType::F64, bits: DType::U64, man_bits: 52, bias: 1023 };

/// A constant of an unsigned type that instructions are written with.
fn word(b: &mut BodyBuilder, dtype: DType, value: u64) -> ValueId {
    b.constant(dtype, Scalar::Uint(value))
}

fn shift_left(b: &mut BodyBuilder, x: ValueId, places: u32) -> ValueId {
    let places = word(b, b.dtype(x), places.into());
    b.op(ScalarOp::ShiftLeft, &[x, places])
}

fn shift_right(b: &mut BodyBuilder, x: ValueId, places: u32) -> ValueId {
    let places = word(b, b.dtype(x), places.into());
    b.op(ScalarOp::ShiftRightLogical, &[x, places])
}

fn and(b: &mut BodyBuilder, x: ValueId, mask: u64) -> ValueId {
    let mask = word(b, b.dtype(x), mask);
    b.op(ScalarOp::And, &[x, mask])
}

fn compare(b: &mut BodyBuilder, compare: Compare, x: ValueId, with: u64) -> ValueId {
    let with = word(b, b.dtype(x), with);
    b.compare(compare, x, with)
}

/// Converts where either type is narrow; they differ.
pub(super) fn cast(b: &mut BodyBuilder, value: ValueId, to: DType) -> ValueId {
    let from = b.dtype(value);
    if from.is_complex() {
        let re = b.cast(value, from.real_part());
        return b.cast(re, to);
    }
    if from == DType::F8E8M0Fnu && to.is_bool() {
        return b.constant(DType::Bool, Scalar::Bool(true));
    }
    if from.is_narrow() {
        let wide = widen(b, value, from, to);
        return b.cast(wide, to);
    }
    if to.is_narrow_integer() {
        return narrow_integer(b, value, from, to);
    }
    // All values of these integers and 16-bit floats are exact in f32; of wider ones, no conversion to a
    // narrow float depends on what is lost, for it overflows or is one of few bits.
    let carrier = if from == DType::F64 { DOUBLE } else { SINGLE };
    let value = b.cast(value, carrier.float);
    narrow_float(b, value, carrier, to)
}

/// The value in a type that there is arithmetic in: `f64` if that is wanted and the value is a float.
fn widen(b: &mut BodyBuilder, value: ValueId, from: DType, to: DType) -> ValueId {
    let code = b.op(ScalarOp::Bitcast(DType::U8), &[value]);
    match Format::of(from) {
        // Code outside may have put other bits into the byte.
        None if from.is_unsigned() => and(b, code, (1 << from.bits()) - 1),
        None => {
            let code = b.op(ScalarOp::Bitcast(DType::I8), &[code]);
            let places = b.constant(DType::I8, Scalar::Int((8 - from.bits()).into()));
            let high = b.op(ScalarOp::ShiftLeft, &[code, places]);
            b.op(ScalarOp::ShiftRightArithmetic, &[high, places])
        }
        // The smallest of these is subnormal in f32, and conversions of such may flush it.
        Some(format) if format.specials == Specials::PowerOfTwo && to == DType::F64 => {
            widen_power(b, code, DOUBLE)
        }
        Some(format) if format.specials == Specials::PowerOfTwo => widen_power(b, code, SINGLE),
        Some(format) => widen_float(b, code, format),
    }
}

fn widen_power(b: &mut BodyBuilder, code: ValueId, to: Carrier) -> ValueId {
    let code = b.cast(code, to.bits);
    let moved = word(b, to.bits, (to.bias - 127) as u64);
    let exp = b.add(code, moved);
    let mut bits = shift_left(b, exp, to.man_bits);
    if to.bias == 127 {
        let is_lowest = compare(b, Compare::Eq, code, 0);
        let lowest = word(b, to.bits, 1 << (to.man_bits - 1));
        bits = b.select(is_lowest, lowest, bits);
    }
    let is_nan = compare(b, Compare::Eq, code, 0xff);
    let nan = word(b, to.bits, Scalar::Float(f64::NAN).to_bits(to.float));
    let bits = b.select(is_nan, nan, bits);
    b.op(ScalarOp::Bitcast(to.float), &[bits])
}

fn widen_float(b: &mut BodyBuilder, code: ValueId, format: Format) -> ValueId {
    let code = b.cast(code, DType::U32);
    let magnitude = and(b, code, u64::from(format.sign_bit()) - 1);
    let moved = shift_left(b, magnitude, SINGLE.man_bits - format.man_bits);
    let rebias = ((SINGLE.bias - format.bias) as u64) << SINGLE.man_bits;
    let rebias = word(b, DType::U32, rebias);
    let normal = b.add(moved, rebias);
    // Below the smallest normal number the magnitude counts units of the last place.
    let signed = b.cast(magnitude, DType::I32);
    let count = b.cast(signed, DType::F32);
    let unit = 2f64.powi(1 - format.bias - format.man_bits as i32);
    let unit = b.constant(DType::F32, Scalar::Float(unit));
    let subnormal = b.mul(count, unit);
    let subnormal = b.op(ScalarOp::Bitcast(DType::U32), &[subnormal]);
    let is_subnormal = compare(b, Compare::Lt, magnitude, 1 << format.man_bits);
    let bits = b.select(is_subnormal, subnormal, normal);
    let bits = widen_specials(b, magnitude, bits, format);
    let sign = and(b, code, format.sign_bit().into());
    let sign = shift_left(b, sign, 31 - format.exp_bits - format.man_bits);
    let mut bits = b.op(ScalarOp::Or, &[bits, sign]);
    if format.specials == Specials::NanAsNegativeZero {
        // The one NaN has no sign.
        let is_nan = compare(b, Compare::Eq, code, format.nan().into());
        let nan = word(b, DType::U32, 0x7fc0_0000);
        bits = b.select(is_nan, nan, bits);
    }
    b.op(ScalarOp::Bitcast(DType::F32), &[bits])
}

fn widen_specials(
    b: &mut BodyBuilder,
    magnitude: ValueId,
    bits: ValueId,
    format: Format,
) -> ValueId {
    let nan = word(b, DType::U32, 0x7fc0_0000);
    match format.specials {
        Specials::Ieee => {
            let infinite = compare(b, Compare::Eq, magnitude, format.overflow().into());
            let infinity = word(b, DType::U32, 0x7f80_0000);
            let bits = b.select(infinite, infinity, bits);
            let is_nan = compare(b, Compare::Gt, magnitude, format.overflow().into());
            b.select(is_nan, nan, bits)
        }
        Specials::Nan => {
            let is_nan = compare(b, Compare::Eq, magnitude, format.nan().into());
            b.select(is_nan, nan, bits)
        }
        Specials::NanAsNegativeZero | Specials::Finite | Specials::PowerOfTwo => bits,
    }
}

fn narrow_integer(b: &mut BodyBuilder, value: ValueId, from: DType, to: DType) -> ValueId {
    let byte = to.compute();
    let code = if from.is_float() {
        let clamped = clamp(b, value, to);
        b.cast(clamped, byte)
    } else {
        b.cast(value, byte)
    };
    let code = if byte == DType::U8 { code } else { b.op(ScalarOp::Bitcast(DType::U8), &[code]) };
    let code = and(b, code, (1 << to.bits()) - 1);
    b.op(ScalarOp::Bitcast(to), &[code])
}

/// A float moved into the range of an integer type; NaN stays, and becomes 0 later.
fn clamp(b: &mut BodyBuilder, value: ValueId, to: DType) -> ValueId {
    let value = b.cast(value, b.dtype(value).compute());
    let dtype = b.dtype(value);
    let bound = |largest: bool| {
        let infinity = if largest { f64::INFINITY } else { f64::NEG_INFINITY };
        Scalar::Float(Scalar::Float(infinity).cast(to).as_f64())
    };
    let (low, high) = (b.constant(dtype, bound(false)), b.constant(dtype, bound(true)));
    let value = b.op(ScalarOp::Max, &[value, low]);
    b.op(ScalarOp::Min, &[value, high])
}

/// The bits of a float of the carrier's type, rounded once to nearest even.
fn narrow_float(b: &mut BodyBuilder, value: ValueId, carrier: Carrier, to: DType) -> ValueId {
    let Some(format) = Format::of(to) else { return value };
    let bits = b.op(ScalarOp::Bitcast(carrier.bits), &[value]);
    let code = match format.specials {
        Specials::PowerOfTwo => narrow_power(b, bits, carrier),
        _ => narrow_signed(b, bits, carrier, format),
    };
    let code = b.cast(code, DType::U8);
    b.op(ScalarOp::Bitcast(to), &[code])
}

/// Ties go to the larger power; zero and negative numbers are NaN, as in `narrow::encode`.
fn narrow_power(b: &mut BodyBuilder, bits: ValueId, from: Carrier) -> ValueId {
    let half = word(b, from.bits, 1 << (from.man_bits - 1));
    let sum = b.add(bits, half);
    let exp = shift_right(b, sum, from.man_bits);
    let rebias = (from.bias - 127) as u64;
    let code = match rebias {
        0 => exp,
        _ => {
            let rebias = word(b, from.bits, rebias);
            b.op(ScalarOp::Sub, &[exp, rebias])
        }
    };
    let float_bits = |v: f64| Scalar::Float(v).to_bits(from.float);
    let one = word(b, from.bits, 1);
    let zero = word(b, from.bits, 0);
    let above_lowest = compare(b, Compare::Gt, bits, float_bits(2f64.powi(-127)));
    let small = b.select(above_lowest, one, zero);
    let is_small = compare(b, Compare::Lt, bits, float_bits(2f64.powi(-126)));
    let code = b.select(is_small, small, code);
    let nan = word(b, from.bits, 0xff);
    // Negative numbers have the largest bits.
    let too_large = compare(b, Compare::Ge, bits, float_bits(1.5 * 2f64.powi(127)));
    let code = b.select(too_large, nan, code);
    let is_zero = compare(b, Compare::Eq, bits, 0);
    b.select(is_zero, nan, code)
}

fn narrow_signed(b: &mut BodyBuilder, bits: ValueId, from: Carrier, to: Format) -> ValueId {
    let width = from.bits.bits();
    let magnitude = and(b, bits, u64::MAX >> (65 - width));
    let normal = round_normal(b, magnitude, from, to);
    let subnormal = round_subnormal(b, magnitude, from, to);
    let smallest_normal = ((from.bias + 1 - to.bias) as u64) << from.man_bits;
    let is_subnormal = compare(b, Compare::Lt, magnitude, smallest_normal);
    let code = b.select(is_subnormal, subnormal, normal);
    let largest = compare(b, Compare::Gt, code, to.largest().into());
    let overflow = word(b, from.bits, to.overflow().into());
    let code = b.select(largest, overflow, code);
    let infinity = Scalar::Float(f64::INFINITY).to_bits(from.float);
    let is_nan = compare(b, Compare::Gt, magnitude, infinity);
    let nan = word(b, from.bits, to.nan().into());
    let code = b.select(is_nan, nan, code);
    let sign = shift_right(b, bits, width - 1);
    let sign = shift_left(b, sign, to.exp_bits + to.man_bits);
    let signed = b.op(ScalarOp::Or, &[code, sign]);
    match to.specials {
        Specials::NanAsNegativeZero => {
            let is_zero = compare(b, Compare::Eq, code, 0);
            b.select(is_zero, code, signed)
        }
        _ => signed,
    }
}

/// Drops the lower bits of the fraction; a carry goes into the exponent, as it should.
fn round_normal(b: &mut BodyBuilder, magnitude: ValueId, from: Carrier, to: Format) -> ValueId {
    let places = from.man_bits - to.man_bits;
    let kept = shift_right(b, magnitude, places);
    let odd = and(b, kept, 1);
    let almost_half = word(b, from.bits, (1 << (places - 1)) - 1);
    let almost = b.add(magnitude, almost_half);
    let rounded = b.add(almost, odd);
    let rounded = shift_right(b, rounded, places);
    let rebias = ((from.bias - to.bias) as u64) << to.man_bits;
    let rebias = word(b, from.bits, rebias);
    b.op(ScalarOp::Sub, &[rounded, rebias])
}

/// Added to a power of two whose last place is the format's unit, the magnitude is rounded to units.
fn round_subnormal(b: &mut BodyBuilder, magnitude: ValueId, from: Carrier, to: Format) -> ValueId {
    let unit = 1 - to.bias - to.man_bits as i32;
    let power = Scalar::Float(2f64.powi(unit + from.man_bits as i32));
    let value = b.op(ScalarOp::Bitcast(from.float), &[magnitude]);
    let power_value = b.constant(from.float, power);
    let sum = b.add(value, power_value);
    let sum = b.op(ScalarOp::Bitcast(from.bits), &[sum]);
    let power_bits = word(b, from.bits, power.to_bits(from.float));
    b.op(ScalarOp::Sub, &[sum, power_bits])
}

//! What samplers ask of float types.

use jaxrs_data::narrow::Format;
use jaxrs_data::{DType, Scalar};

/// The bits of a float's fraction.
pub(super) fn fraction_bits(dtype: DType) -> u32 {
    match dtype {
        DType::F16 => 10,
        DType::BF16 => 7,
        DType::F32 => 23,
        DType::F64 => 52,
        _ => Format::of(dtype).map_or(0, |format| format.man_bits),
    }
}

/// The distance from 1 to the next larger float.
pub(super) fn epsilon(dtype: DType) -> f64 {
    2f64.powi(-(fraction_bits(dtype) as i32))
}

/// The distance from 1 to the next smaller float.
pub(super) fn lower_epsilon(dtype: DType) -> f64 {
    epsilon(dtype) / 2.0
}

/// The smallest normal float.
pub(super) fn tiny(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2f64.powi(-14),
        DType::BF16 | DType::F32 => 2f64.powi(-126),
        DType::F64 => f64::MIN_POSITIVE,
        _ => Format::of(dtype).map_or(0.0, |format| 2f64.powi(1 - format.bias)),
    }
}

/// A number rounded to a float type.
pub(super) fn rounded(value: f64, dtype: DType) -> f64 {
    Scalar::Float(value).cast(dtype).as_f64()
}

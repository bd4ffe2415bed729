//! What numbers an element type holds.

use crate::DType;
use crate::narrow::{Format, Specials};

/// The limits of a type of floats, as `jax.numpy.finfo` says them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FloatLimits {
    /// The bits of the exponent.
    pub exponent_bits: u32,
    /// The bits of the fraction.
    pub mantissa_bits: u32,
    /// The lowest finite number.
    pub min: f64,
    /// The highest finite number.
    pub max: f64,
    /// From 1 to the next number above.
    pub eps: f64,
    /// From 1 to the next number below.
    pub epsneg: f64,
    /// The smallest positive number of full precision.
    pub smallest_normal: f64,
    /// The smallest positive number.
    pub smallest_subnormal: f64,
}

impl FloatLimits {
    /// The limits of floats, or of the parts of complex numbers; none of other types.
    pub fn of(dtype: DType) -> Option<FloatLimits> {
        let (exponent_bits, mantissa_bits, bias, largest) = match dtype.real_part() {
            DType::F16 => (5, 10, 15, None),
            DType::BF16 => (8, 7, 127, None),
            DType::F32 => (8, 23, 127, None),
            DType::F64 => (11, 52, 1023, None),
            narrow => {
                let format = Format::of(narrow)?;
                let largest = crate::narrow::decode(format.largest() as u8, narrow);
                if format.specials == Specials::PowerOfTwo {
                    return Some(of_powers(format, largest));
                }
                (format.exp_bits, format.man_bits, format.bias, Some(largest))
            }
        };
        let power = |n: i32| 2f64.powi(n);
        let man = mantissa_bits as i32;
        let max = largest.unwrap_or_else(|| (2.0 - power(-man)) * power(bias));
        let smallest_subnormal = power(1 - bias) * power(-man);
        let eps = power(-man);
        Some(FloatLimits {
            exponent_bits,
            mantissa_bits,
            min: -max,
            max,
            eps,
            epsneg: (eps / 2.0).max(smallest_subnormal),
            smallest_normal: power(1 - bias),
            smallest_subnormal,
        })
    }
}

/// The limits of a type of powers of two, which has neither zero nor signs.
fn of_powers(format: Format, max: f64) -> FloatLimits {
    let least = 2f64.powi(-format.bias);
    FloatLimits {
        exponent_bits: format.exp_bits,
        mantissa_bits: 0,
        min: least,
        max,
        eps: 1.0,
        epsneg: 0.5,
        smallest_normal: least,
        smallest_subnormal: least,
    }
}

/// The least and the largest of a type of integers, as `jax.numpy.iinfo` says them; truth values count as 0 and 1. None of
/// other types.
pub fn integer_limits(dtype: DType) -> Option<(i64, u64)> {
    let bits = dtype.bits();
    match dtype {
        DType::Bool => Some((0, 1)),
        _ if dtype.is_signed() => Some((i64::MIN >> (64 - bits), u64::MAX >> (65 - bits))),
        _ if dtype.is_unsigned() => Some((0, u64::MAX >> (64 - bits))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_the_ones_that_ml_dtypes_states() {
        // Fraction bits, eps, epsneg, max, smallest normal, smallest subnormal.
        let stated = [
            (
                DType::F16,
                10,
                0.0009765625,
                0.00048828125,
                65504.0,
                6.103515625e-05,
                5.960464477539063e-08,
            ),
            (
                DType::BF16,
                7,
                0.0078125,
                0.00390625,
                3.3895313892515355e38,
                1.1754943508222875e-38,
                9.183549615799121e-41,
            ),
            (
                DType::F32,
                23,
                f64::from(f32::EPSILON),
                5.960464477539063e-08,
                f64::from(f32::MAX),
                f64::from(f32::MIN_POSITIVE),
                1.401298464324817e-45,
            ),
            (DType::F64, 52, f64::EPSILON, f64::EPSILON / 2.0, f64::MAX, f64::MIN_POSITIVE, 5e-324),
            (DType::F4E2M1Fn, 1, 0.5, 0.5, 6.0, 1.0, 0.5),
            (DType::F6E2M3Fn, 3, 0.125, 0.125, 7.5, 1.0, 0.125),
            (DType::F6E3M2Fn, 2, 0.25, 0.125, 28.0, 0.25, 0.0625),
            (DType::F8E3M4, 4, 0.0625, 0.03125, 15.5, 0.25, 0.015625),
            (DType::F8E4M3B11Fnuz, 3, 0.125, 0.0625, 30.0, 0.0009765625, 0.0001220703125),
            (DType::F8E4M3Fn, 3, 0.125, 0.0625, 448.0, 0.015625, 0.001953125),
            (DType::F8E5M2Fnuz, 2, 0.25, 0.125, 57344.0, 3.0517578125e-05, 7.62939453125e-06),
            (
                DType::F8E8M0Fnu,
                0,
                1.0,
                0.5,
                1.7014118346046923e38,
                5.877471754111438e-39,
                5.877471754111438e-39,
            ),
        ];
        for (dtype, bits, eps, epsneg, max, normal, subnormal) in stated {
            let limits = FloatLimits::of(dtype).unwrap();
            let got = (limits.mantissa_bits, limits.eps, limits.epsneg, limits.max);
            assert_eq!(got, (bits, eps, epsneg, max), "{dtype}");
            assert_eq!(
                (limits.smallest_normal, limits.smallest_subnormal),
                (normal, subnormal),
                "{dtype}"
            );
        }
        assert_eq!(FloatLimits::of(DType::C64), FloatLimits::of(DType::F32));
        assert_eq!(FloatLimits::of(DType::I32), None);
    }

    #[test]
    fn integers_end_where_their_bits_do() {
        assert_eq!(integer_limits(DType::I8), Some((-128, 127)));
        assert_eq!(integer_limits(DType::I64), Some((i64::MIN, i64::MAX as u64)));
        assert_eq!(integer_limits(DType::U64), Some((0, u64::MAX)));
        assert_eq!(integer_limits(DType::I2), Some((-2, 1)));
        assert_eq!(integer_limits(DType::U4), Some((0, 15)));
        assert_eq!(integer_limits(DType::F32), None);
    }
}

//! The two 16-bit floats as bit patterns: conversion with round-to-nearest-even.

/// Rounds a double to a binary float of `exp_bits` and `man_bits` and gives its bits.
fn narrow(v: f64, exp_bits: u32, man_bits: u32) -> u16 {
    let sign = u16::from(v.is_sign_negative()) << (exp_bits + man_bits);
    let max_exp = (1i32 << exp_bits) - 1;
    let infinity = (max_exp as u16) << man_bits;
    if v.is_nan() {
        return sign | infinity | 1 << (man_bits - 1);
    }
    let magnitude = v.abs();
    if magnitude.is_infinite() {
        return sign | infinity;
    }
    let bias = max_exp >> 1;
    let exp = ((magnitude.to_bits() >> 52) as i32 - 1023).max(1 - bias);
    // In units of the last place this is exact, so one rounding to an integer is the whole rounding.
    let ulps = (magnitude * exp2(man_bits as i32 - exp)).round_ties_even() as u32;
    let bits = if exp == 1 - bias {
        ulps
    } else {
        (((exp + bias) as u32) << man_bits) + (ulps - (1 << man_bits))
    };
    sign | bits.min(infinity.into()) as u16
}

/// The value of a binary float of `exp_bits` and `man_bits`.
fn widen(bits: u16, exp_bits: u32, man_bits: u32) -> f64 {
    let is_negative = bits >> (exp_bits + man_bits) & 1 == 1;
    let max_exp = (1i32 << exp_bits) - 1;
    let exp = i32::from(bits >> man_bits) & max_exp;
    let man = f64::from(bits & ((1 << man_bits) - 1));
    let bias = max_exp >> 1;
    let magnitude = match exp {
        0 => man * exp2(1 - bias - man_bits as i32),
        _ if exp == max_exp && man == 0.0 => f64::INFINITY,
        _ if exp == max_exp => f64::NAN,
        _ => (1.0 + man * exp2(-(man_bits as i32))) * exp2(exp - bias),
    };
    // A product would not give NaN a sign.
    if is_negative { -magnitude } else { magnitude }
}

/// A power of two that is a normal number: its exponent's bits, which is quicker than a power.
fn exp2(exp: i32) -> f64 {
    f64::from_bits(((exp + 1023) as u64) << 52)
}

/// IEEE 754 binary16.
pub mod f16_bits {
    /// The nearest value's bits.
    pub fn from_f64(v: f64) -> u16 {
        super::narrow(v, 5, 10)
    }
    /// The value of some bits.
    pub fn to_f64(bits: u16) -> f64 {
        super::widen(bits, 5, 10)
    }
}

/// bfloat16: the upper half of binary32.
pub mod bf16_bits {
    /// The nearest value's bits.
    pub fn from_f64(v: f64) -> u16 {
        super::narrow(v, 8, 7)
    }
    /// The value of some bits.
    pub fn to_f64(bits: u16) -> f64 {
        super::widen(bits, 8, 7)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_keeps_its_sign_and_unless_it_is_nan_survives_the_round_trip() {
        for bits in 0..=u16::MAX {
            let (half, brain) = (f16_bits::to_f64(bits), bf16_bits::to_f64(bits));
            assert_eq!(half.is_sign_negative(), bits >> 15 == 1, "f16 {bits:#06x}");
            assert_eq!(brain.is_sign_negative(), bits >> 15 == 1, "bf16 {bits:#06x}");
            assert!(half.is_nan() || f16_bits::from_f64(half) == bits, "f16 {bits:#06x}");
            assert!(brain.is_nan() || bf16_bits::from_f64(brain) == bits, "bf16 {bits:#06x}");
        }
    }

    #[test]
    fn ties_go_to_even_and_too_large_values_become_infinite() {
        assert_eq!(f16_bits::from_f64(2049.0), f16_bits::from_f64(2048.0));
        assert_eq!(f16_bits::from_f64(2051.0), f16_bits::from_f64(2052.0));
        assert_eq!(f16_bits::from_f64(65520.0), 0x7c00);
        assert_eq!(bf16_bits::from_f64(1.0 + 1.0 / 256.0), 0x3f80);
    }
}

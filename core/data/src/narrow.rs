//! Floats of at most 8 bits as bit patterns.
//!
//! Formats: OCP "8-bit Floating Point Specification" and "Microscaling Formats (MX)"; the `fnuz` forms:
//! Noune et al., "8-bit Numerical Formats for Deep Neural Networks" (2022). What does not fit is rounded to
//! nearest even and becomes what the format has for it: an infinity, else NaN, else the largest value.

use crate::DType;

/// What a format has beside numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Specials {
    /// Infinities and NaNs in the highest exponent, as IEEE 754.
    Ieee,
    /// NaN where all bits but the sign are set.
    Nan,
    /// NaN in place of −0.
    NanAsNegativeZero,
    /// Neither: too large values become the largest, and NaN −0.
    Finite,
    /// Only powers of two, without sign or zero; the highest pattern is NaN.
    PowerOfTwo,
}

/// How the bits of a float of at most 8 bits are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// The bits of the exponent.
    pub exp_bits: u32,
    /// The bits of the fraction.
    pub man_bits: u32,
    /// What the exponent's bits lie above the exponent.
    pub bias: i32,
    /// What the format has beside numbers.
    pub specials: Specials,
}

impl Format {
    /// The format of a float of at most 8 bits; none of other types.
    pub const fn of(dtype: DType) -> Option<Format> {
        use Specials::*;
        let (exp_bits, man_bits, bias, specials) = match dtype {
            DType::F4E2M1Fn => (2, 1, 1, Finite),
            DType::F6E2M3Fn => (2, 3, 1, Finite),
            DType::F6E3M2Fn => (3, 2, 3, Finite),
            DType::F8E3M4 => (3, 4, 3, Ieee),
            DType::F8E4M3 => (4, 3, 7, Ieee),
            DType::F8E4M3B11Fnuz => (4, 3, 11, NanAsNegativeZero),
            DType::F8E4M3Fn => (4, 3, 7, Nan),
            DType::F8E4M3Fnuz => (4, 3, 8, NanAsNegativeZero),
            DType::F8E5M2 => (5, 2, 15, Ieee),
            DType::F8E5M2Fnuz => (5, 2, 16, NanAsNegativeZero),
            DType::F8E8M0Fnu => (8, 0, 127, PowerOfTwo),
            _ => return None,
        };
        Some(Format { exp_bits, man_bits, bias, specials })
    }

    /// The bit of the sign, and so one above the largest magnitude's bits.
    pub const fn sign_bit(self) -> u32 {
        1 << (self.exp_bits + self.man_bits)
    }

    /// The bits of what is larger than all numbers: infinity, NaN, or the largest number.
    pub const fn overflow(self) -> u32 {
        match self.specials {
            Specials::Ieee => ((1 << self.exp_bits) - 1) << self.man_bits,
            Specials::Nan | Specials::Finite => self.sign_bit() - 1,
            Specials::NanAsNegativeZero => self.sign_bit(),
            Specials::PowerOfTwo => 0xff,
        }
    }

    /// The bits of the largest number.
    pub const fn largest(self) -> u32 {
        match self.specials {
            Specials::Ieee | Specials::Nan => self.overflow() - 1,
            Specials::Finite | Specials::NanAsNegativeZero => self.sign_bit() - 1,
            Specials::PowerOfTwo => 0xfe,
        }
    }

    /// The bits of NaN without sign, or of what stands for it.
    pub const fn nan(self) -> u32 {
        match self.specials {
            Specials::Ieee => self.overflow() | 1 << (self.man_bits - 1),
            Specials::Finite => self.sign_bit(),
            Specials::Nan | Specials::NanAsNegativeZero | Specials::PowerOfTwo => self.overflow(),
        }
    }
}

/// 2ⁿ, where that is a normal number.
fn exp2(n: i32) -> f64 {
    f64::from_bits(((n + 1023) as u64) << 52)
}

/// The bits of the power of two that is nearest, the larger one of two; as `ml_dtypes` has it, what is
/// below the smallest is rounded up to it, and subnormals of binary32 above it to twice as much.
fn encode_power(v: f64) -> u8 {
    if v.is_nan() || v <= 0.0 || v >= 1.5 * exp2(127) {
        return 0xff;
    }
    if v < exp2(-126) {
        return u8::from(v > exp2(-127));
    }
    let exp = ((v.to_bits() >> 52) as i32) - 1023;
    (exp + 127 + i32::from(v >= 1.5 * exp2(exp))) as u8
}

/// The bits of the nearest value of a type of at most 8 bits; 0 for other types.
pub fn encode(v: f64, dtype: DType) -> u8 {
    let Some(format) = Format::of(dtype) else { return 0 };
    if format.specials == Specials::PowerOfTwo {
        return encode_power(v);
    }
    let sign = if v.is_sign_negative() { format.sign_bit() } else { 0 };
    if v.is_nan() {
        return (sign | format.nan()) as u8;
    }
    let magnitude = v.abs();
    let lowest = 1 - format.bias;
    let exp = ((magnitude.to_bits() >> 52) as i32 - 1023).max(lowest);
    let man_bits = format.man_bits as i32;
    // In units of the last place this is exact, so one rounding to an integer is the whole rounding.
    let ulps = (magnitude * exp2((man_bits - exp).clamp(-1000, 1000))).round_ties_even();
    let bits = f64::from((exp - lowest) << man_bits) + ulps;
    let bits = if bits > f64::from(format.largest()) { format.overflow() } else { bits as u32 };
    match format.specials {
        Specials::NanAsNegativeZero if bits == 0 => 0,
        _ => (sign | bits) as u8,
    }
}

/// The value of some bits of a type of at most 8 bits; NaN for other types.
pub fn decode(bits: u8, dtype: DType) -> f64 {
    let Some(format) = Format::of(dtype) else { return f64::NAN };
    let bits = u32::from(bits);
    if format.specials == Specials::PowerOfTwo {
        return if bits == 0xff { f64::NAN } else { exp2(bits as i32 - format.bias) };
    }
    let (sign, magnitude) = (bits & format.sign_bit(), bits & (format.sign_bit() - 1));
    let signed = |v: f64| if sign == 0 { v } else { -v };
    match format.specials {
        Specials::NanAsNegativeZero if sign != 0 && magnitude == 0 => return f64::NAN,
        Specials::Ieee if magnitude == format.overflow() => return signed(f64::INFINITY),
        Specials::Ieee | Specials::Nan if magnitude > format.largest() => {
            return f64::NAN.copysign(signed(1.0));
        }
        _ => {}
    }
    let exp = (magnitude >> format.man_bits) as i32;
    let man = magnitude & ((1 << format.man_bits) - 1);
    let implied = if exp == 0 { 0 } else { 1 << format.man_bits };
    let scale = exp.max(1) - format.bias - format.man_bits as i32;
    signed(f64::from(man + implied) * exp2(scale))
}

/// The nearest value of a type of at most 8 bits.
pub fn round(v: f64, dtype: DType) -> f64 {
    decode(encode(v, dtype), dtype)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrow_floats() -> impl Iterator<Item = DType> {
        DType::ALL.into_iter().filter(|dtype| dtype.is_narrow_float())
    }

    #[test]
    fn every_code_survives_the_round_trip() {
        for dtype in narrow_floats() {
            for code in 0..(1u32 << dtype.bits()) as u16 {
                let value = decode(code as u8, dtype);
                let back = encode(value, dtype);
                assert!(value.is_nan() || u16::from(back) == code, "{dtype} {code:#x}: {back:#x}");
            }
        }
    }

    #[test]
    fn between_neighbours_the_nearer_one_is_taken_and_the_even_one_of_two() {
        for dtype in narrow_floats().filter(|&dtype| dtype != DType::F8E8M0Fnu) {
            let largest = Format::of(dtype).map_or(0, Format::largest) as u8;
            for code in 0..largest {
                let (low, high) = (decode(code, dtype), decode(code + 1, dtype));
                let middle = (low + high) / 2.0;
                let near = 1e-12 * (high - low);
                let even = code + code % 2;
                let got = [middle - near, middle, middle + near].map(|v| encode(v, dtype));
                assert_eq!(got, [code, even, code + 1], "{dtype} {middle}");
            }
        }
    }
}

//! One element, whatever its type: what the evaluators compute with.

use std::fmt;

use crate::{DType, DTypeKind, bf16_bits, f16_bits, narrow};

/// One element. Real floats are held as `f64`, which holds every narrower float exactly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    /// A truth value.
    Bool(bool),
    /// A signed integer of any width.
    Int(i64),
    /// An unsigned integer of any width.
    Uint(u64),
    /// A real float of any width.
    Float(f64),
    /// A complex float of any width: real and imaginary part.
    Complex(f64, f64),
    /// A key of a random number generator: its words, the first in the lowest bits.
    Key(u128),
}

impl Scalar {
    /// Zero, or false.
    pub fn zero(dtype: DType) -> Scalar {
        Scalar::Int(0).cast(dtype)
    }

    /// One, or true.
    pub fn one(dtype: DType) -> Scalar {
        Scalar::Int(1).cast(dtype)
    }

    /// The value rounded or wrapped to an element type that its kind already fits: what a machine
    /// operation of that type would have stored.
    #[must_use]
    pub fn rounded(self, dtype: DType) -> Scalar {
        match self {
            Scalar::Bool(_) | Scalar::Key(_) => self,
            Scalar::Int(v) => Scalar::Int(match dtype {
                DType::I2 => v << 62 >> 62,
                DType::I4 => v << 60 >> 60,
                DType::I8 => v as i8 as i64,
                DType::I16 => v as i16 as i64,
                DType::I32 => v as i32 as i64,
                _ => v,
            }),
            Scalar::Uint(v) => Scalar::Uint(match dtype {
                DType::U2 => v & 0b11,
                DType::U4 => v & 0xf,
                DType::U8 => v as u8 as u64,
                DType::U16 => v as u16 as u64,
                DType::U32 => v as u32 as u64,
                _ => v,
            }),
            Scalar::Float(v) => Scalar::Float(round_float(v, dtype)),
            Scalar::Complex(re, im) => {
                let part = dtype.real_part();
                Scalar::Complex(round_float(re, part), round_float(im, part))
            }
        }
    }

    /// Conversion with JAX's meaning: integers wrap, floats saturate into integers with NaN as 0,
    /// complex numbers lose their imaginary part first, and everything that is not zero is true. Keys
    /// convert to nothing but keys; what else becomes one is its bits.
    #[must_use]
    pub fn cast(self, dtype: DType) -> Scalar {
        match dtype.kind() {
            DTypeKind::Bool => match self {
                Scalar::Complex(re, _) => Scalar::Bool(re != 0.0),
                _ => Scalar::Bool(self.is_nonzero()),
            },
            DTypeKind::Signed => Scalar::Int(self.to_signed(dtype.bits())).rounded(dtype),
            DTypeKind::Unsigned => Scalar::Uint(self.to_unsigned(dtype.bits())).rounded(dtype),
            DTypeKind::Float => match self {
                // From 64-bit integers straight to f32: two roundings would differ.
                Scalar::Int(v) if dtype == DType::F32 => Scalar::Float((v as f32).into()),
                Scalar::Uint(v) if dtype == DType::F32 => Scalar::Float((v as f32).into()),
                Scalar::Int(_) | Scalar::Uint(_) if dtype.is_narrow_float() => {
                    self.cast(DType::F32).cast(dtype)
                }
                // One rounding, where arithmetic takes two.
                _ if dtype.is_narrow_float() => Scalar::Float(narrow::round(self.as_f64(), dtype)),
                _ => Scalar::Float(self.as_f64()).rounded(dtype),
            },
            DTypeKind::Complex => match self {
                Scalar::Complex(..) => self.rounded(dtype),
                _ => match self.cast(dtype.real_part()) {
                    Scalar::Float(re) => Scalar::Complex(re, 0.0),
                    _ => unreachable!("a cast to a float type gives a float"),
                },
            },
            DTypeKind::Key => match self {
                Scalar::Key(_) => self,
                other => Scalar::Key(other.to_unsigned(64).into()),
            },
        }
    }

    /// Whether the value differs from zero; NaN does.
    pub fn is_nonzero(self) -> bool {
        match self {
            Scalar::Bool(v) => v,
            Scalar::Int(v) => v != 0,
            Scalar::Uint(v) => v != 0,
            Scalar::Float(v) => v != 0.0,
            Scalar::Complex(re, im) => re != 0.0 || im != 0.0,
            Scalar::Key(words) => words != 0,
        }
    }

    /// The real value as a float.
    pub fn as_f64(self) -> f64 {
        match self {
            Scalar::Bool(v) => f64::from(u8::from(v)),
            Scalar::Int(v) => v as f64,
            Scalar::Uint(v) => v as f64,
            Scalar::Float(v) => v,
            Scalar::Complex(re, _) => re,
            Scalar::Key(words) => words as f64,
        }
    }

    /// The value as a 64-bit signed integer; floats saturate.
    pub fn as_i64(self) -> i64 {
        self.to_signed(64)
    }

    /// Real and imaginary part.
    pub fn as_complex(self) -> (f64, f64) {
        match self {
            Scalar::Complex(re, im) => (re, im),
            _ => (self.as_f64(), 0.0),
        }
    }

    fn to_signed(self, bits: u32) -> i64 {
        match self {
            Scalar::Bool(v) => v.into(),
            Scalar::Int(v) => v,
            Scalar::Uint(v) => v as i64,
            Scalar::Key(words) => words as i64,
            Scalar::Float(v) | Scalar::Complex(v, _) => match bits {
                2 => v.clamp(-2.0, 1.0) as i64,
                4 => v.clamp(-8.0, 7.0) as i64,
                8 => (v as i8).into(),
                16 => (v as i16).into(),
                32 => (v as i32).into(),
                _ => v as i64,
            },
        }
    }

    fn to_unsigned(self, bits: u32) -> u64 {
        match self {
            Scalar::Bool(v) => v.into(),
            Scalar::Int(v) => v as u64,
            Scalar::Uint(v) => v,
            Scalar::Key(words) => words as u64,
            Scalar::Float(v) | Scalar::Complex(v, _) => match bits {
                2 => v.clamp(0.0, 3.0) as u64,
                4 => v.clamp(0.0, 15.0) as u64,
                8 => (v as u8).into(),
                16 => (v as u16).into(),
                32 => (v as u32).into(),
                _ => v as u64,
            },
        }
    }

    /// Reads one element from its bytes in memory (native byte order).
    pub fn from_bytes(dtype: DType, bytes: &[u8]) -> Scalar {
        fn take<const N: usize>(bytes: &[u8]) -> [u8; N] {
            std::array::from_fn(|i| bytes[i])
        }
        match dtype {
            DType::Bool => Scalar::Bool(bytes[0] != 0),
            DType::I8 => Scalar::Int(i8::from_ne_bytes(take(bytes)).into()),
            DType::I16 => Scalar::Int(i16::from_ne_bytes(take(bytes)).into()),
            DType::I32 => Scalar::Int(i32::from_ne_bytes(take(bytes)).into()),
            DType::I64 => Scalar::Int(i64::from_ne_bytes(take(bytes))),
            DType::U8 => Scalar::Uint(bytes[0].into()),
            DType::U16 => Scalar::Uint(u16::from_ne_bytes(take(bytes)).into()),
            DType::U32 => Scalar::Uint(u32::from_ne_bytes(take(bytes)).into()),
            DType::U64 => Scalar::Uint(u64::from_ne_bytes(take(bytes))),
            DType::F16 => Scalar::Float(f16_bits::to_f64(u16::from_ne_bytes(take(bytes)))),
            DType::BF16 => Scalar::Float(bf16_bits::to_f64(u16::from_ne_bytes(take(bytes)))),
            DType::F32 => Scalar::Float(f32::from_ne_bytes(take(bytes)).into()),
            DType::F64 => Scalar::Float(f64::from_ne_bytes(take(bytes))),
            DType::C64 => {
                let (re, im) =
                    (f32::from_ne_bytes(take(bytes)), f32::from_ne_bytes(take(&bytes[4..])));
                Scalar::Complex(re.into(), im.into())
            }
            DType::C128 => Scalar::Complex(
                f64::from_ne_bytes(take(bytes)),
                f64::from_ne_bytes(take(&bytes[8..])),
            ),
            _ => Scalar::from_other_bytes(dtype, bytes),
        }
    }

    /// The same for narrow types, of which only the low bits of a byte count, and keys.
    fn from_other_bytes(dtype: DType, bytes: &[u8]) -> Scalar {
        match dtype.kind() {
            DTypeKind::Signed => Scalar::Int(bytes[0].into()).rounded(dtype),
            DTypeKind::Unsigned => Scalar::Uint(bytes[0].into()).rounded(dtype),
            DTypeKind::Key => {
                let mut words = [0; 16];
                words[..dtype.size_bytes()].copy_from_slice(&bytes[..dtype.size_bytes()]);
                Scalar::Key(u128::from_le_bytes(words))
            }
            _ => Scalar::Float(narrow::decode(bytes[0], dtype)),
        }
    }

    /// The bits of the element as one of a type of at most 64 bits, in the low end.
    pub fn to_bits(self, dtype: DType) -> u64 {
        let mut bytes = Vec::with_capacity(8);
        self.write_bytes(dtype, &mut bytes);
        let bits = |at: usize| bytes.get(at).copied().unwrap_or(0);
        match bytes.len() {
            1 => bits(0).into(),
            2 => u16::from_ne_bytes(std::array::from_fn(bits)).into(),
            4 => u32::from_ne_bytes(std::array::from_fn(bits)).into(),
            _ => u64::from_ne_bytes(std::array::from_fn(bits)),
        }
    }

    /// The element of a type of at most 64 bits that has these bits in the low end.
    pub fn from_bits(dtype: DType, bits: u64) -> Scalar {
        match dtype.size_bytes() {
            1 => Scalar::from_bytes(dtype, &[bits as u8]),
            2 => Scalar::from_bytes(dtype, &(bits as u16).to_ne_bytes()),
            4 => Scalar::from_bytes(dtype, &(bits as u32).to_ne_bytes()),
            _ => Scalar::from_bytes(dtype, &bits.to_ne_bytes()),
        }
    }

    /// Appends the bytes of the element, converted to `dtype`, to `out` (native byte order).
    pub fn write_bytes(self, dtype: DType, out: &mut Vec<u8>) {
        match (dtype, self.cast(dtype)) {
            (DType::F16, Scalar::Float(v)) => out.extend(f16_bits::from_f64(v).to_ne_bytes()),
            (DType::BF16, Scalar::Float(v)) => out.extend(bf16_bits::from_f64(v).to_ne_bytes()),
            (DType::F32, Scalar::Float(v)) => out.extend((v as f32).to_ne_bytes()),
            (_, Scalar::Float(v)) if dtype.is_narrow() => out.push(narrow::encode(v, dtype)),
            (_, Scalar::Float(v)) => out.extend(v.to_ne_bytes()),
            (DType::C64, Scalar::Complex(re, im)) => {
                out.extend((re as f32).to_ne_bytes());
                out.extend((im as f32).to_ne_bytes());
            }
            (_, Scalar::Complex(re, im)) => {
                out.extend(re.to_ne_bytes());
                out.extend(im.to_ne_bytes());
            }
            (_, Scalar::Bool(v)) => out.push(v.into()),
            (_, Scalar::Key(words)) => out.extend(&words.to_le_bytes()[..dtype.size_bytes()]),
            (_, Scalar::Int(v)) => write_integer(v as u64, dtype, out),
            (_, Scalar::Uint(v)) => write_integer(v, dtype, out),
        }
    }
}

fn write_integer(v: u64, dtype: DType, out: &mut Vec<u8>) {
    match dtype.size_bytes() {
        1 => out.push(v as u8 & (0xff >> (8 - dtype.bits()))),
        2 => out.extend((v as u16).to_ne_bytes()),
        4 => out.extend((v as u32).to_ne_bytes()),
        _ => out.extend(v.to_ne_bytes()),
    }
}

fn round_float(v: f64, dtype: DType) -> f64 {
    match dtype {
        DType::F16 => f16_bits::to_f64(f16_bits::from_f64(v)),
        DType::BF16 => bf16_bits::to_f64(bf16_bits::from_f64(v)),
        DType::F32 => (v as f32).into(),
        DType::F64 | DType::C128 => v,
        // XLA computes powers of two as f32 and the other narrow floats as f16.
        DType::F8E8M0Fnu => narrow::round((v as f32).into(), dtype),
        _ if dtype.is_narrow() => narrow::round(round_float((v as f32).into(), DType::F16), dtype),
        _ => v,
    }
}

/// As programs print them: `true`, `3`, `2.0`, `nan`, `inf`, `(1.0-2.0j)`.
impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::Bool(v) => write!(f, "{v}"),
            Scalar::Int(v) => write!(f, "{v}"),
            Scalar::Uint(v) => write!(f, "{v}"),
            Scalar::Float(v) => f.write_str(&float_text(*v)),
            Scalar::Complex(re, im) => {
                f.write_str(&complex_text(&float_text(*re), &float_text(*im)))
            }
            Scalar::Key(words) => write!(f, "{words:#x}"),
        }
    }
}

impl Scalar {
    /// The shortest text that reads back as this element of the given type.
    pub fn to_text(self, dtype: DType) -> String {
        let narrow = |v: f64| {
            if v.is_nan() { "nan".to_owned() } else { format!("{:?}", v as f32) }
        };
        match self {
            Scalar::Float(v) if dtype != DType::F64 => narrow(v),
            Scalar::Complex(re, im) if dtype == DType::C64 => {
                complex_text(&narrow(re), &narrow(im))
            }
            _ => self.to_string(),
        }
    }
}

fn complex_text(re: &str, im: &str) -> String {
    let sign = if im.starts_with('-') { "" } else { "+" };
    format!("({re}{sign}{im}j)")
}

/// Reads `(1.0-2.0j)`: the texts of both parts.
pub fn complex_parts(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('(')?.strip_suffix("j)")?;
    let is_between = |&(at, c): &(usize, char)| {
        let in_exponent = inner[..at].ends_with(['e', 'E']);
        matches!(c, '+' | '-') && at > 0 && !in_exponent
    };
    let (at, sign) = inner.char_indices().rfind(is_between)?;
    let im = if sign == '+' { &inner[at + 1..] } else { &inner[at..] };
    Some((&inner[..at], im))
}

fn float_text(v: f64) -> String {
    if v.is_nan() { "nan".to_owned() } else { format!("{v:?}") }
}

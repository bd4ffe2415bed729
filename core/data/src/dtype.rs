//! Element types.

use std::fmt;

/// The type of one array element. The numbers are those of the C API and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum DType {
    /// One byte, 0 or 1.
    Bool = 1,
    /// Signed, 8 bits.
    I8 = 2,
    /// Signed, 16 bits.
    I16 = 3,
    /// Signed, 32 bits.
    I32 = 4,
    /// Signed, 64 bits.
    I64 = 5,
    /// Unsigned, 8 bits.
    U8 = 6,
    /// Unsigned, 16 bits.
    U16 = 7,
    /// Unsigned, 32 bits.
    U32 = 8,
    /// Unsigned, 64 bits.
    U64 = 9,
    /// IEEE 754 binary16.
    F16 = 10,
    /// The upper half of binary32.
    BF16 = 11,
    /// IEEE 754 binary32.
    F32 = 12,
    /// IEEE 754 binary64.
    F64 = 13,
    /// Two binary32, real part first.
    C64 = 14,
    /// Two binary64, real part first.
    C128 = 15,
    /// Signed, 2 bits; in memory one byte, whose other bits are 0.
    I2 = 16,
    /// Signed, 4 bits; in memory one byte, whose other bits are 0.
    I4 = 17,
    /// Unsigned, 2 bits; in memory one byte.
    U2 = 18,
    /// Unsigned, 4 bits; in memory one byte.
    U4 = 19,
    /// 2 bits of exponent, 1 of fraction; neither infinity nor NaN. One byte in memory.
    F4E2M1Fn = 20,
    /// 2 bits of exponent, 3 of fraction; neither infinity nor NaN. One byte in memory.
    F6E2M3Fn = 21,
    /// 3 bits of exponent, 2 of fraction; neither infinity nor NaN. One byte in memory.
    F6E3M2Fn = 22,
    /// 3 bits of exponent, 4 of fraction, as IEEE 754 would have it.
    F8E3M4 = 23,
    /// 4 bits of exponent, 3 of fraction, as IEEE 754 would have it.
    F8E4M3 = 24,
    /// 4 bits of exponent with bias 11, 3 of fraction; no infinity, one NaN, no −0.
    F8E4M3B11Fnuz = 25,
    /// 4 bits of exponent, 3 of fraction; no infinity, two NaNs (OCP).
    F8E4M3Fn = 26,
    /// 4 bits of exponent, 3 of fraction; no infinity, one NaN, no −0.
    F8E4M3Fnuz = 27,
    /// 5 bits of exponent, 2 of fraction, as IEEE 754 would have it (OCP).
    F8E5M2 = 28,
    /// 5 bits of exponent, 2 of fraction; no infinity, one NaN, no −0.
    F8E5M2Fnuz = 29,
    /// A power of two from 2⁻¹²⁷ to 2¹²⁷, or NaN (OCP).
    F8E8M0Fnu = 30,
    /// A key of Threefry-2x32: two words.
    KeyFry = 31,
    /// A key of the generator of the machine: four words.
    KeyRbg = 32,
    /// The same with quicker, less independent splits: four words.
    KeyUrbg = 33,
    /// A key of Threefry-4x32: four words.
    KeyFry4 = 34,
    /// A key of Philox-2x32: one word.
    KeyPhx2 = 35,
    /// A key of Philox-4x32: two words.
    KeyPhx4 = 36,
}

/// The family that an element type belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DTypeKind {
    /// Truth values.
    Bool,
    /// Signed integers.
    Signed,
    /// Unsigned integers.
    Unsigned,
    /// Real floating point.
    Float,
    /// Complex floating point.
    Complex,
    /// Keys of random number generators: without arithmetic.
    Key,
}

impl DType {
    /// Every element type, in the order of their numbers.
    pub const ALL: [DType; 36] = [
        DType::Bool,
        DType::I8,
        DType::I16,
        DType::I32,
        DType::I64,
        DType::U8,
        DType::U16,
        DType::U32,
        DType::U64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
        DType::C64,
        DType::C128,
        DType::I2,
        DType::I4,
        DType::U2,
        DType::U4,
        DType::F4E2M1Fn,
        DType::F6E2M3Fn,
        DType::F6E3M2Fn,
        DType::F8E3M4,
        DType::F8E4M3,
        DType::F8E4M3B11Fnuz,
        DType::F8E4M3Fn,
        DType::F8E4M3Fnuz,
        DType::F8E5M2,
        DType::F8E5M2Fnuz,
        DType::F8E8M0Fnu,
        DType::KeyFry,
        DType::KeyRbg,
        DType::KeyUrbg,
        DType::KeyFry4,
        DType::KeyPhx2,
        DType::KeyPhx4,
    ];

    /// The short name of printed programs: `f32`, `bool`, `c64`.
    pub fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::I8 => "i8",
            DType::I16 => "i16",
            DType::I32 => "i32",
            DType::I64 => "i64",
            DType::U8 => "u8",
            DType::U16 => "u16",
            DType::U32 => "u32",
            DType::U64 => "u64",
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
            DType::C64 => "c64",
            DType::C128 => "c128",
            DType::I2 => "i2",
            DType::I4 => "i4",
            DType::U2 => "u2",
            DType::U4 => "u4",
            DType::F4E2M1Fn => "f4_e2m1fn",
            DType::F6E2M3Fn => "f6_e2m3fn",
            DType::F6E3M2Fn => "f6_e3m2fn",
            DType::F8E3M4 => "f8_e3m4",
            DType::F8E4M3 => "f8_e4m3",
            DType::F8E4M3B11Fnuz => "f8_e4m3b11fnuz",
            DType::F8E4M3Fn => "f8_e4m3fn",
            DType::F8E4M3Fnuz => "f8_e4m3fnuz",
            DType::F8E5M2 => "f8_e5m2",
            DType::F8E5M2Fnuz => "f8_e5m2fnuz",
            DType::F8E8M0Fnu => "f8_e8m0fnu",
            DType::KeyFry => "key<fry>",
            DType::KeyRbg => "key<rbg>",
            DType::KeyUrbg => "key<urbg>",
            DType::KeyFry4 => "key<fry4>",
            DType::KeyPhx2 => "key<phx2>",
            DType::KeyPhx4 => "key<phx4>",
        }
    }

    /// Reads a short name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.name() == name)
    }

    /// Reads the number that the C API uses.
    pub fn from_number(number: u32) -> Option<DType> {
        DType::ALL.into_iter().find(|&dtype| dtype as u32 == number)
    }

    /// The bytes that one element takes in memory.
    pub const fn size_bytes(self) -> usize {
        match self {
            DType::Bool | DType::I8 | DType::U8 => 1,
            DType::I16 | DType::U16 | DType::F16 | DType::BF16 => 2,
            DType::I32 | DType::U32 | DType::F32 | DType::KeyPhx2 => 4,
            DType::I64 | DType::U64 | DType::F64 | DType::C64 => 8,
            DType::KeyFry | DType::KeyPhx4 => 8,
            DType::C128 | DType::KeyRbg | DType::KeyUrbg | DType::KeyFry4 => 16,
            _ => 1,
        }
    }

    /// The bits of one element's value: those of narrow types fill a byte in part.
    pub const fn bits(self) -> u32 {
        match self {
            DType::I2 | DType::U2 => 2,
            DType::I4 | DType::U4 | DType::F4E2M1Fn => 4,
            DType::F6E2M3Fn | DType::F6E3M2Fn => 6,
            _ => self.size_bytes() as u32 * 8,
        }
    }

    /// The family of this type.
    pub const fn kind(self) -> DTypeKind {
        match self {
            DType::Bool => DTypeKind::Bool,
            DType::I2 | DType::I4 | DType::I8 | DType::I16 | DType::I32 | DType::I64 => {
                DTypeKind::Signed
            }
            DType::U2 | DType::U4 | DType::U8 | DType::U16 | DType::U32 | DType::U64 => {
                DTypeKind::Unsigned
            }
            DType::C64 | DType::C128 => DTypeKind::Complex,
            DType::KeyFry
            | DType::KeyRbg
            | DType::KeyUrbg
            | DType::KeyFry4
            | DType::KeyPhx2
            | DType::KeyPhx4 => DTypeKind::Key,
            _ => DTypeKind::Float,
        }
    }

    /// Whether this is a key of a random number generator.
    pub const fn is_key(self) -> bool {
        matches!(self.kind(), DTypeKind::Key)
    }

    /// Whether there is arithmetic on this type: it is neither a truth value nor a key.
    pub const fn is_number(self) -> bool {
        !self.is_bool() && !self.is_key()
    }

    /// Whether elements of this type have an order: they are neither complex nor keys.
    pub const fn is_ordered(self) -> bool {
        !self.is_complex() && !self.is_key()
    }

    /// Whether this is one of the types of at most 8 bits that no machine computes in: all floats below
    /// 16 bits and integers below 8.
    pub const fn is_narrow(self) -> bool {
        self.is_narrow_float() || self.is_narrow_integer()
    }

    /// Whether this is a float of at most 8 bits.
    pub const fn is_narrow_float(self) -> bool {
        self.is_float() && self.size_bytes() == 1
    }

    /// Whether this is an integer of less than 8 bits.
    pub const fn is_narrow_integer(self) -> bool {
        self.is_integer() && self.bits() < 8
    }

    /// The machine type that arithmetic on this one goes by way of; itself, where there is arithmetic.
    pub const fn compute(self) -> DType {
        match self {
            DType::I2 | DType::I4 => DType::I8,
            DType::U2 | DType::U4 => DType::U8,
            _ if self.is_float() && self.size_bytes() < 4 => DType::F32,
            _ => self,
        }
    }

    /// Whether this is a truth value.
    pub const fn is_bool(self) -> bool {
        matches!(self.kind(), DTypeKind::Bool)
    }

    /// Whether this is a signed or unsigned integer.
    pub const fn is_integer(self) -> bool {
        matches!(self.kind(), DTypeKind::Signed | DTypeKind::Unsigned)
    }

    /// Whether this is a signed integer.
    pub const fn is_signed(self) -> bool {
        matches!(self.kind(), DTypeKind::Signed)
    }

    /// Whether this is an unsigned integer.
    pub const fn is_unsigned(self) -> bool {
        matches!(self.kind(), DTypeKind::Unsigned)
    }

    /// Whether this is a real floating-point type.
    pub const fn is_float(self) -> bool {
        matches!(self.kind(), DTypeKind::Float)
    }

    /// Whether this is a complex type.
    pub const fn is_complex(self) -> bool {
        matches!(self.kind(), DTypeKind::Complex)
    }

    /// Whether values of this type have tangents: real or complex floating point.
    pub const fn is_inexact(self) -> bool {
        self.is_float() || self.is_complex()
    }

    /// The real type of a complex one's parts; every other type is its own.
    pub const fn real_part(self) -> DType {
        match self {
            DType::C64 => DType::F32,
            DType::C128 => DType::F64,
            other => other,
        }
    }

    /// The unsigned integer of the same width; none for complex types and
    /// keys, and types of 6 bits.
    pub const fn unsigned_of_same_width(self) -> Option<DType> {
        match self.bits() {
            _ if self.is_complex() || self.is_key() => None,
            2 => Some(DType::U2),
            4 => Some(DType::U4),
            8 => Some(DType::U8),
            16 => Some(DType::U16),
            32 => Some(DType::U32),
            64 => Some(DType::U64),
            _ => None,
        }
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

//! Conversions by value.

use jaxrs_data::DType;

use crate::interpret::lane::{Brain, Half, Run, unary};

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
            _ => return None,
        }
    };
}

pub(super) fn cast_of(from: DType, to: DType) -> Option<Run> {
    macro_rules! numbers {
        ($($name:ident: $ty:ty, $zero:expr;)*) => {
            match from {
                $(DType::$name => casts!(to, $ty, v, v != $zero, v, v as f64),)*
                DType::Bool => casts!(to, bool, v, v, u8::from(v), f64::from(u8::from(v))),
                DType::F16 => casts!(to, Half, v, v.to_f64() != 0.0, v.to_f64(), v.to_f64()),
                DType::BF16 => casts!(to, Brain, v, v.to_f64() != 0.0, v.to_f64(), v.to_f64()),
                _ => return None,
            }
        };
    }
    Some(numbers! {
        I8: i8, 0; I16: i16, 0; I32: i32, 0; I64: i64, 0;
        U8: u8, 0; U16: u16, 0; U32: u32, 0; U64: u64, 0;
        F32: f32, 0.0; F64: f64, 0.0;
    })
}

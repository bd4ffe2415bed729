//! Which loop an operation runs: one for each scalar operation and element type.

/// Both loops of one function.
macro_rules! combine {
    ($f:expr) => {
        $crate::interpret::ops::Combine {
            accumulate: |r, o, n| $crate::interpret::lane::accumulate(r, o, n, $f),
            fold: |r, o, n| $crate::interpret::lane::fold(r, o, n, $f),
        }
    };
}

mod cast;
mod float;
mod integer;

use jaxrs_data::DType;

use cast::cast_of;
use float::{combine_floats, float_of};
use integer::{combine_integers, integer_of};

use super::lane::{Double, Halves, Lane, Run, Single, Wide, binary, select, splat, unary};
use crate::scalar::{Compare, ReduceOp, ScalarOp};

/// Calls a generic function with the Rust type of an arithmetic element type.
macro_rules! for_type {
    ($dtype:expr, $f:ident($arg:expr), $($name:ident: $ty:ty),*) => {
        match $dtype {
            $(DType::$name => $f::<$ty>($arg),)*
            _ => None,
        }
    };
}

/// The loop of an operation on operands of the given type; none where there is no such operation.
pub(super) fn run_of(op: ScalarOp, operand: DType) -> Option<Run> {
    match op {
        ScalarOp::Select => Some(select_of(operand.size_bytes())),
        ScalarOp::Cast(to) => cast_of(operand, to),
        ScalarOp::Bitcast(to) => {
            (operand.size_bytes() == to.size_bytes()).then(|| copy_of(to.size_bytes()))
        }
        ScalarOp::Complex | ScalarOp::Re | ScalarOp::Im => parts_of(op, operand),
        ScalarOp::Join(_) | ScalarOp::Low | ScalarOp::High => halves_of(op, operand),
        ScalarOp::Compare(compare) => for_type!(operand, compare_of(compare), Bool: bool,
            I8: i8, I16: i16, I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64,
            F32: f32, F64: f64),
        _ if operand.is_bool() => bool_of(op),
        _ if operand.is_integer() => for_type!(operand, integer_of(op), I8: i8, I16: i16, I32: i32,
            I64: i64, U8: u8, U16: u16, U32: u32, U64: u64),
        _ => for_type!(operand, float_of(op), F32: f32, F64: f64),
    }
}

/// Putting complex numbers together and taking them apart.
fn parts_of(op: ScalarOp, operand: DType) -> Option<Run> {
    Some(match (op, operand) {
        (ScalarOp::Complex, DType::F32) => |r, o, n| binary(r, o, n, Single),
        (ScalarOp::Complex, DType::F64) => |r, o, n| binary(r, o, n, Double),
        (ScalarOp::Re, DType::C64) => |r, o, n| unary(r, o, n, |z: Single| z.0),
        (ScalarOp::Re, DType::C128) => |r, o, n| unary(r, o, n, |z: Double| z.0),
        (ScalarOp::Im, DType::C64) => |r, o, n| unary(r, o, n, |z: Single| z.1),
        (ScalarOp::Im, DType::C128) => |r, o, n| unary(r, o, n, |z: Double| z.1),
        _ => return None,
    })
}

/// Putting keys of 16 bytes together and taking them apart.
fn halves_of(op: ScalarOp, operand: DType) -> Option<Run> {
    let run: Run = match op {
        ScalarOp::Join(_) => |r, o, n| binary(r, o, n, Halves),
        ScalarOp::Low => |r, o, n| unary(r, o, n, |key: Halves| key.0),
        _ => |r, o, n| unary(r, o, n, |key: Halves| key.1),
    };
    op.takes(operand).then_some(run)
}

/// What a type's value of one lane is combined into another by: lane by lane, or all into one.
pub(super) struct Combine {
    pub(super) accumulate: Run,
    pub(super) fold: Run,
}

/// The loops of a reduction.
pub(super) fn combine_of(op: ReduceOp, dtype: DType) -> Option<Combine> {
    match dtype.is_bool() {
        true => combine_bools(op),
        false if dtype.is_integer() => for_type!(dtype, combine_integers(op), I8: i8, I16: i16,
            I32: i32, I64: i64, U8: u8, U16: u16, U32: u32, U64: u64),
        false => for_type!(dtype, combine_floats(op), F32: f32, F64: f64),
    }
}

/// Copies lanes of a size.
pub(super) fn copy_of(size: usize) -> Run {
    match size {
        1 => |r, o, n| unary(r, o, n, |v: u8| v),
        2 => |r, o, n| unary(r, o, n, |v: u16| v),
        4 => |r, o, n| unary(r, o, n, |v: u32| v),
        8 => |r, o, n| unary(r, o, n, |v: u64| v),
        _ => |r, o, n| unary(r, o, n, |v: Wide| v),
    }
}

/// Spreads one lane of a size.
pub(super) fn splat_of(size: usize) -> Run {
    match size {
        1 => splat::<u8>,
        2 => splat::<u16>,
        4 => splat::<u32>,
        8 => splat::<u64>,
        _ => splat::<Wide>,
    }
}

/// Selects among lanes of a size.
pub(super) fn select_of(size: usize) -> Run {
    match size {
        1 => select::<u8>,
        2 => select::<u16>,
        4 => select::<u32>,
        8 => select::<u64>,
        _ => select::<Wide>,
    }
}

fn compare_of<T: Lane + PartialOrd>(compare: Compare) -> Option<Run> {
    Some(match compare {
        Compare::Eq => |r, o, n| binary(r, o, n, |a: T, b| a == b),
        Compare::Ne => |r, o, n| binary(r, o, n, |a: T, b| a != b),
        Compare::Lt => |r, o, n| binary(r, o, n, |a: T, b| a < b),
        Compare::Le => |r, o, n| binary(r, o, n, |a: T, b| a <= b),
        Compare::Gt => |r, o, n| binary(r, o, n, |a: T, b| a > b),
        Compare::Ge => |r, o, n| binary(r, o, n, |a: T, b| a >= b),
    })
}

fn bool_of(op: ScalarOp) -> Option<Run> {
    Some(match op {
        ScalarOp::Not => |r, o, n| unary(r, o, n, |v: bool| !v),
        ScalarOp::And | ScalarOp::Min | ScalarOp::Mul => {
            |r, o, n| binary(r, o, n, |a: bool, b: bool| a & b)
        }
        ScalarOp::Or | ScalarOp::Max | ScalarOp::Add => {
            |r, o, n| binary(r, o, n, |a: bool, b: bool| a | b)
        }
        ScalarOp::Xor => |r, o, n| binary(r, o, n, |a: bool, b: bool| a ^ b),
        _ => return None,
    })
}

fn combine_bools(op: ReduceOp) -> Option<Combine> {
    Some(match op {
        ReduceOp::And | ReduceOp::Min | ReduceOp::Mul => combine!(|a: bool, b: bool| a & b),
        ReduceOp::Or | ReduceOp::Max | ReduceOp::Add => combine!(|a: bool, b: bool| a | b),
        ReduceOp::Xor => combine!(|a: bool, b: bool| a ^ b),
    })
}

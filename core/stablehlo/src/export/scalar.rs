//! Operations of kernels, on whole arrays.

use jaxrs_data::{DType, Error, Result, Type};
use jaxrs_ir::prims::{Binary, BitcastConvertType, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ScalarOp;

use super::emitter::{Emitter, physical};
use super::keys::words;

/// What an operation gives, of this element type.
pub(super) fn emit(e: &Emitter<'_>, op: ScalarOp, x: &[Value], out: DType) -> Result<Value> {
    if let (Some(op), [x]) = (unary(op), x) {
        return ops::unary(e, op, x);
    }
    if let (Some(op), [a, b]) = (binary(op), x) {
        return ops::binary(e, op, a, b);
    }
    match (op, x) {
        (ScalarOp::Compare(compare), [a, b]) => ops::compare(e, compare, a, b),
        (ScalarOp::Select, [condition, a, b]) => ops::select(e, condition, a, b),
        (ScalarOp::Cast(_), [x]) => ops::convert(e, x, out),
        (ScalarOp::Bitcast(_), [x]) if x.ty().dtype.is_key() => halves(e, x, 0),
        (ScalarOp::Bitcast(keys), [x]) if keys.is_key() => key(e, x.ty().with_dtype(keys), &[x]),
        (ScalarOp::Bitcast(new_dtype), [x]) => {
            ops::bind1(e, BitcastConvertType { new_dtype }, std::slice::from_ref(x))
        }
        (ScalarOp::Complex, [re, im]) => ops::complex(e, re, im),
        (ScalarOp::Re, [z]) => ops::real(e, z),
        (ScalarOp::Im, [z]) => ops::imag(e, z),
        (ScalarOp::Join(keys), [low, high]) => {
            let shape = if low.ty().rank() == 0 { high.shape() } else { low.shape() }.clone();
            let (low, high) = (e.spread(low, &shape)?, e.spread(high, &shape)?);
            key(e, Type::new(keys, shape), &[&low, &high])
        }
        (ScalarOp::Low, [key]) => halves(e, key, 0),
        (ScalarOp::High, [key]) => halves(e, key, 2),
        _ => {
            Err(Error::internal(format_args!("{} of {} operands is exported", op.name(), x.len())))
        }
    }
}

/// The word of a key at some place, or that and the next as one number.
fn halves(e: &Emitter<'_>, key: &Value, first: usize) -> Result<Value> {
    let (words, rank) = (words(e, key)?, key.ty().rank());
    let n = words.shape()[rank];
    let word = |k: usize| {
        let part = ops::slice_in_dim(e, &words, rank, k, k + 1)?;
        ops::squeeze(e, &part, [rank])
    };
    if n == 1 {
        return word(0);
    }
    let (low, high) = (wide(e, &word(first)?)?, wide(e, &word(first + 1)?)?);
    let high = ops::binary(e, Binary::ShiftLeft, &high, &ops::scalar(DType::U64, 32.0))?;
    ops::binary(e, Binary::Or, &low, &high)
}

fn wide(e: &Emitter<'_>, word: &Value) -> Result<Value> {
    ops::convert(e, word, DType::U64)
}

/// The key of these numbers, each of one word or of two.
fn key(e: &Emitter<'_>, ty: Type, numbers: &[&Value]) -> Result<Value> {
    let mut words = Vec::new();
    for number in numbers {
        words.push(ops::convert(e, number, DType::U32)?);
        if number.ty().dtype == DType::U64 {
            let places = ops::scalar(DType::U64, 32.0);
            let high = ops::binary(e, Binary::ShiftRightLogical, number, &places)?;
            words.push(ops::convert(e, &high, DType::U32)?);
        }
    }
    let rank = ty.rank();
    let columns =
        words.iter().map(|word| ops::expand_dim(e, word, rank)).collect::<Result<Vec<_>>>()?;
    let joined = ops::concatenate(e, &columns, rank)?;
    debug_assert!(joined.ty().same_ignoring_weak(&physical(&ty)), "{ty} has other words");
    e.retyped(&joined, ty)
}

fn unary(op: ScalarOp) -> Option<Unary> {
    Some(match op {
        ScalarOp::Neg => Unary::Neg,
        ScalarOp::Abs => Unary::Abs,
        ScalarOp::Sign => Unary::Sign,
        ScalarOp::Floor => Unary::Floor,
        ScalarOp::Ceil => Unary::Ceil,
        ScalarOp::Round => Unary::Round,
        ScalarOp::RoundTiesEven => Unary::RoundTiesEven,
        ScalarOp::Sqrt => Unary::Sqrt,
        ScalarOp::Rsqrt => Unary::Rsqrt,
        ScalarOp::Cbrt => Unary::Cbrt,
        ScalarOp::Exp => Unary::Exp,
        ScalarOp::Exp2 => Unary::Exp2,
        ScalarOp::Expm1 => Unary::Expm1,
        ScalarOp::Log => Unary::Log,
        ScalarOp::Log1p => Unary::Log1p,
        ScalarOp::Logistic => Unary::Logistic,
        ScalarOp::Sin => Unary::Sin,
        ScalarOp::Cos => Unary::Cos,
        ScalarOp::Tan => Unary::Tan,
        ScalarOp::Asin => Unary::Asin,
        ScalarOp::Acos => Unary::Acos,
        ScalarOp::Atan => Unary::Atan,
        ScalarOp::Sinh => Unary::Sinh,
        ScalarOp::Cosh => Unary::Cosh,
        ScalarOp::Tanh => Unary::Tanh,
        ScalarOp::Asinh => Unary::Asinh,
        ScalarOp::Acosh => Unary::Acosh,
        ScalarOp::Atanh => Unary::Atanh,
        ScalarOp::Erf => Unary::Erf,
        ScalarOp::Erfc => Unary::Erfc,
        ScalarOp::ErfInv => Unary::ErfInv,
        ScalarOp::Lgamma => Unary::Lgamma,
        ScalarOp::Digamma => Unary::Digamma,
        ScalarOp::Not => Unary::Not,
        ScalarOp::PopulationCount => Unary::PopulationCount,
        ScalarOp::CountLeadingZeros => Unary::Clz,
        ScalarOp::IsFinite => Unary::IsFinite,
        _ => return None,
    })
}

fn binary(op: ScalarOp) -> Option<Binary> {
    Some(match op {
        ScalarOp::Add => Binary::Add,
        ScalarOp::Sub => Binary::Sub,
        ScalarOp::Mul => Binary::Mul,
        ScalarOp::Div => Binary::Div,
        ScalarOp::Rem => Binary::Rem,
        ScalarOp::Pow => Binary::Pow,
        ScalarOp::Atan2 => Binary::Atan2,
        ScalarOp::Max => Binary::Max,
        ScalarOp::Min => Binary::Min,
        ScalarOp::NextAfter => Binary::Nextafter,
        ScalarOp::And => Binary::And,
        ScalarOp::Or => Binary::Or,
        ScalarOp::Xor => Binary::Xor,
        ScalarOp::ShiftLeft => Binary::ShiftLeft,
        ScalarOp::ShiftRightLogical => Binary::ShiftRightLogical,
        ScalarOp::ShiftRightArithmetic => Binary::ShiftRightArithmetic,
        _ => return None,
    })
}

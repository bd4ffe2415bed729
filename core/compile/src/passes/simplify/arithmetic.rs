//! Elementwise arithmetic.

use jaxrs_data::{DType, DTypeKind, Scalar, SmallVec, Type};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Atom, Prim};

use super::{Known, Simpler};

/// `x·1`, `x/1`, `x−0` are `x`, and `x+0` for integers; so are conversions to `x`'s own type.
pub(crate) fn drop_neutral(
    known: &Known,
    prim: &Prim,
    inputs: &[Atom],
    out: &Type,
) -> Option<Simpler> {
    let same =
        |atom: &Atom| known.ty(atom).same_ignoring_weak(out).then(|| Simpler::Same(atom.clone()));
    match prim {
        Prim::Binary(op) => {
            let is_float = matches!(out.dtype.kind(), DTypeKind::Float | DTypeKind::Complex);
            let right = scalar(&inputs[1]).is_some_and(|value| match op {
                Binary::Mul | Binary::Div => is_one(value),
                Binary::Sub => is_positive_zero(value),
                Binary::Add | Binary::AddAny => !is_float && !value.is_nonzero(),
                _ => false,
            });
            let left = scalar(&inputs[0]).is_some_and(|value| match op {
                Binary::Mul => is_one(value),
                Binary::Add | Binary::AddAny => !is_float && !value.is_nonzero(),
                _ => false,
            });
            match (left, right) {
                (_, true) => same(&inputs[0]),
                (true, false) => same(&inputs[1]),
                (false, false) => None,
            }
        }
        Prim::ConvertElementType(_) | Prim::StopGradient(_) => same(&inputs[0]),
        Prim::IntegerPow(power) if power.y == 1 => same(&inputs[0]),
        Prim::SelectN(_) => match scalar(&inputs[0]) {
            Some(Scalar::Bool(which)) => same(&inputs[1 + usize::from(which)]),
            _ if inputs[1..].iter().all(|case| *case == inputs[1]) => same(&inputs[1]),
            _ => None,
        },
        _ => None,
    }
}

/// `−(−x)` is `x`; of two conversions the first goes if it loses nothing.
pub(crate) fn cancel(known: &Known, prim: &Prim, inputs: &[Atom], out: &Type) -> Option<Simpler> {
    let inner = known.def(inputs.first()?)?;
    match (prim, &inner.prim) {
        (Prim::Unary(Unary::Neg), Prim::Unary(Unary::Neg)) => {
            let x = &inner.inputs[0];
            known.ty(x).same_ignoring_weak(out).then(|| Simpler::Same(x.clone()))
        }
        (Prim::ConvertElementType(_), Prim::ConvertElementType(first)) => {
            let x = &inner.inputs[0];
            holds(first.new_dtype, known.ty(x).dtype)
                .then(|| Simpler::becomes(prim.clone(), SmallVec::from_iter([x.clone()])))
        }
        _ => None,
    }
}

/// Whether an element type holds all values of another.
fn holds(wide: DType, narrow: DType) -> bool {
    use DType::*;
    match narrow {
        F16 | BF16 => matches!(wide, F32 | F64),
        F32 => wide == F64,
        I8 => matches!(wide, I16 | I32 | I64),
        I16 => matches!(wide, I32 | I64),
        I32 => wide == I64,
        U8 => matches!(wide, U16 | U32 | U64 | I16 | I32 | I64),
        U16 => matches!(wide, U32 | U64 | I32 | I64),
        U32 => matches!(wide, U64 | I64),
        _ => false,
    }
}

/// An operand that repeats a scalar becomes the scalar, where another operand gives the shape.
pub(crate) fn use_scalars(
    known: &Known,
    prim: &Prim,
    inputs: &[Atom],
    out: &Type,
) -> Option<Simpler> {
    let first = match prim {
        Prim::Binary(_) | Prim::Compare(_) | Prim::Complex(_) | Prim::Clamp(_) => 0,
        // All cases of a selection have the result's shape.
        _ => return None,
    };
    if out.rank() == 0 {
        return None;
    }
    let repeated = |atom: &Atom| {
        let eqn = known.def(atom)?;
        let is_scalar = known.ty(eqn.inputs.first()?).rank() == 0;
        (matches!(eqn.prim, Prim::BroadcastInDim(_)) && is_scalar).then(|| eqn.inputs[0].clone())
    };
    let scalars: SmallVec<[Option<Atom>; 3]> = inputs.iter().map(repeated).collect();
    // Bounds of `clamp` go together, and its operand keeps the shape.
    let is_clamp = matches!(prim, Prim::Clamp(_));
    let keeps_shape = |k: usize| known.ty(&inputs[k]).shape == out.shape && scalars[k].is_none();
    let may_replace = match is_clamp {
        true => keeps_shape(1),
        false => (first..inputs.len()).any(keeps_shape),
    };
    if !may_replace || scalars.iter().all(Option::is_none) {
        return None;
    }
    let new = scalars.iter().zip(inputs).map(|(s, input)| s.clone().unwrap_or(input.clone()));
    Some(Simpler::becomes(prim.clone(), new.collect()))
}

/// A constant scalar.
fn scalar(atom: &Atom) -> Option<Scalar> {
    match atom {
        Atom::Literal(literal) => Some(literal.get(0)),
        Atom::Var(_) => None,
    }
}

fn is_one(value: Scalar) -> bool {
    match value {
        Scalar::Int(v) => v == 1,
        Scalar::Uint(v) => v == 1,
        Scalar::Float(v) => v == 1.0,
        Scalar::Bool(_) | Scalar::Complex(..) | Scalar::Key(_) => false,
    }
}

fn is_positive_zero(value: Scalar) -> bool {
    match value {
        Scalar::Float(v) => v == 0.0 && v.is_sign_positive(),
        Scalar::Int(v) => v == 0,
        Scalar::Uint(v) => v == 0,
        Scalar::Complex(re, im) => re.to_bits() == 0 && im.to_bits() == 0,
        Scalar::Bool(_) | Scalar::Key(_) => false,
    }
}

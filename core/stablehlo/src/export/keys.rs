//! Keys of random number generators: arrays of their words.
//!
//! An operation that moves keys moves each of their words: it is its own batching, over the words.

use jaxrs_data::{Axes, Result, Type};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::Outputs;
use super::emitter::{Emitter, physical};

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    match (prim, x) {
        (Prim::RandomWrap(_) | Prim::RandomUnwrap(_), [x]) => {
            Some(e.retyped(x, out[0].clone()).map(|y| vec![y]))
        }
        (
            Prim::RandomSeed(_)
            | Prim::RandomSplit(_)
            | Prim::RandomFoldIn(_)
            | Prim::RandomBits(_)
            | Prim::RandomGamma(_),
            _,
        ) => None,
        (Prim::Annotate(_), _) => None,
        _ if x.iter().map(Value::ty).chain(out).any(|ty| ty.dtype.is_key()) => {
            Some(moved(e, prim, x, out))
        }
        _ => None,
    }
}

/// An array of words, and of how many: along the last axis.
pub(super) fn words(e: &Emitter<'_>, keys: &Value) -> Result<Value> {
    e.retyped(keys, physical(keys.ty()))
}

fn moved(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &[Type]) -> Result<Outputs> {
    let Some(key) = x.iter().map(Value::ty).chain(out).find(|ty| ty.dtype.is_key()) else {
        return Ok(Vec::new());
    };
    let n = key.dtype.size_bytes() / 4;
    if let Prim::Empty(_) = prim {
        let zeros = ops::full(e, &physical(&out[0]), jaxrs_data::Scalar::Uint(0))?;
        return Ok(vec![e.retyped(&zeros, out[0].clone())?]);
    }
    let (mut operands, mut axes) = (Vec::new(), Vec::new());
    for x in x {
        let is_key = x.ty().dtype.is_key();
        axes.push(is_key.then(|| x.ty().rank()));
        operands.push(if is_key { words(e, x)? } else { x.clone() });
    }
    let batched = prim.batch(e, n, &operands, &axes)?;
    let mut outputs = Vec::new();
    for ((y, axis), ty) in batched.outputs.iter().zip(&batched.axes).zip(out) {
        let last = match axis {
            Some(axis) => ops::move_axis(e, y, *axis, y.ty().rank() - 1)?,
            None => {
                let shape = y.shape().with(y.ty().rank(), n);
                ops::broadcast_in_dim(e, y, &shape, 0..y.ty().rank())?
            }
        };
        outputs.push(match (prim, ty.dtype.is_key()) {
            (_, true) => e.retyped(&last, ty.clone())?,
            // Keys are equal if all words are.
            (Prim::Compare(compare), false) => {
                let op = if compare.0 == Cmp::Eq { ReduceOp::And } else { ReduceOp::Or };
                ops::reduce(e, op, &last, Axes::from_distinct([last.ty().rank() - 1]))?
            }
            (_, false) => y.clone(),
        });
    }
    Ok(outputs)
}

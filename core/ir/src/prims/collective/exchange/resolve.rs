//! Exchanges as operations on the array of all examples.

use jaxrs_data::{Result, Scalar, Shape, bail, smallvec};

use super::Exchange;
use crate::rules::{axes, linear};
use crate::{Batched, Cx, MappedAxis, Value, ops};

/// What all examples get, from what all of them give.
pub(super) fn resolve(
    how: &Exchange,
    cx: Cx<'_>,
    axis: &MappedAxis,
    value: &Value,
    from: Option<usize>,
) -> Result<Batched> {
    let n = axis.size;
    let all = || axes::to_front(cx, n, value, from);
    match *how {
        Exchange::Gather { dimension, tiled } => {
            let joined = ops::move_axis(cx, &all()?, 0, dimension)?;
            let joined = if tiled { merge(cx, &joined, dimension)? } else { joined };
            Ok(Batched { outputs: smallvec![joined], axes: smallvec![None] })
        }
        Exchange::ReduceScatter { dimension, tiled } => {
            let sum = match from {
                Some(from) => ops::reduce_sum(cx, value, [from])?,
                None => ops::scale(cx, value, n as f64)?,
            };
            let parts = if tiled { cut(cx, &sum, dimension, n)? } else { sum };
            Ok(linear::batched(parts, dimension))
        }
        Exchange::AllToAll { split, concat } => {
            // From [sender, …, receiver, part, …] to [receiver, …, sender, part, …].
            let parts = cut(cx, &all()?, split + 1, n)?;
            let parts = ops::move_axis(cx, &parts, split + 1, 0)?;
            let parts = ops::move_axis(cx, &parts, 1, concat + 1)?;
            Ok(linear::batched(merge(cx, &parts, concat + 1)?, 0))
        }
        Exchange::Permute { ref pairs } => {
            let is_full = pairs.len() == n;
            if !is_full && !axis.is_spmd {
                bail!(
                    InvalidArgument,
                    "ppermute under vmap needs a permutation of all {n} examples, got {} pairs",
                    pairs.len()
                );
            }
            if is_full && from.is_none() {
                return Ok(Batched { outputs: smallvec![value.clone()], axes: smallvec![None] });
            }
            Ok(linear::batched(permute(cx, &all()?, pairs, n)?, 0))
        }
    }
}

/// One axis of `n` times as many elements as two, the first of size `n`.
fn cut(cx: Cx<'_>, value: &Value, axis: usize, n: usize) -> Result<Value> {
    let mut sizes = value.shape().to_vec();
    sizes[axis] /= n.max(1);
    sizes.insert(axis, n);
    ops::reshape(cx, value, &Shape::from(sizes.as_slice()))
}

/// An axis and the next as one.
fn merge(cx: Cx<'_>, value: &Value, axis: usize) -> Result<Value> {
    let mut sizes = value.shape().to_vec();
    let outer = sizes.remove(axis);
    sizes[axis] *= outer;
    ops::reshape(cx, value, &Shape::from(sizes.as_slice()))
}

/// Rows where they are sent; rows that nobody sends are zero. Neighbours that stay neighbours are moved
/// together.
fn permute(cx: Cx<'_>, value: &Value, pairs: &[(usize, usize)], n: usize) -> Result<Value> {
    let mut sources = vec![None; n];
    pairs.iter().for_each(|&(from, to)| sources[to] = Some(from));
    let mut pieces = Vec::new();
    let mut first = 0;
    while first < n {
        let next = |k: usize| match (sources[first], sources[k]) {
            (Some(a), Some(b)) => b == a + (k - first),
            (a, b) => a.is_none() && b.is_none(),
        };
        let last = (first + 1..n).find(|&k| !next(k)).unwrap_or(n);
        pieces.push(match sources[first] {
            Some(from) => ops::slice_in_dim(cx, value, 0, from, from + last - first)?,
            None => {
                let mut sizes = value.shape().to_vec();
                sizes[0] = last - first;
                let ty = value.ty().with_shape(Shape::from(sizes.as_slice()));
                ops::full(cx, &ty, Scalar::zero(ty.dtype))?
            }
        });
        first = last;
    }
    match &pieces[..] {
        [] => Ok(value.clone()),
        [piece] => Ok(piece.clone()),
        _ => ops::concatenate(cx, &pieces, 0),
    }
}

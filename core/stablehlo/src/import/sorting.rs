//! Sorting by a comparator.
//!
//! JAX's comparators, and plain ones, are orders that the primitive `sort` has. Any other is sorted by rank: each element
//! is compared with each of its row.

use std::sync::Arc;

use jaxrs_data::{DType, ErrorKind, Result, SmallVec, smallvec};
use jaxrs_ir::prims::{Binary, BroadcastInDim, Slice, Sort, TopK, Unary};
use jaxrs_ir::{Context as _, Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_kernel::Ranking;
use jaxrs_transform::{VmapOptions, vmap};

use super::calls::option;
use super::comparator::{Key, keys};
use super::elementwise::short_name;
use super::{Env, Outputs, unsupported_form};
use crate::tree::{Attr, Op, Region, Ty, ValueId};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    Some(match short_name(op) {
        "sort" => sort(env, op, x),
        "top_k" => top_k(env, op, x),
        _ => return None,
    })
}

fn top_k(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let k = match op.attribute("composite_attributes") {
        Some(Attr::Dict(entries)) => {
            entries.iter().find(|(name, _)| name == "k").and_then(|(_, k)| {
                if let Attr::Int(k) = k { usize::try_from(*k).ok() } else { None }
            })
        }
        _ => None,
    };
    let k = k.map_or_else(|| op.size("k"), Ok)?;
    let Some(axis) = x.first().and_then(|x| x.ty().rank().checked_sub(1)) else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs an array with an axis"));
    };
    let prim = TopK { k, axis, ranking: Ranking::Total };
    Ok(env.scope.bind(&prim.into(), x)?.into_iter().collect())
}

fn sort(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let dimension = op.size("dimension")?;
    sorted(env, op, x, dimension, op.region(0)?)
}

fn sorted(
    env: &Env<'_>,
    op: &Op,
    x: &[Value],
    dimension: usize,
    comparator: &Arc<Region>,
) -> Result<Outputs> {
    if let Some(keys) = keys(comparator) {
        return by_keys(env, x, dimension, &keys);
    }
    by_rank(env, op, x, dimension, comparator)
}

/// The first elements in the order of a comparator: XLA's approximate top-k is exact on a CPU. The operands come with
/// as many values that stand for none.
pub(super) fn approx_top_k(env: &Env<'_>, op: &Op, x: &[Value]) -> Result<Vec<Option<Value>>> {
    let axis = match option(op, "reduction_dim") {
        Some(Attr::Int(axis)) => usize::try_from(*axis).ok(),
        _ => None,
    };
    let comparator = match op.attribute("called_computations") {
        Some(Attr::List(names)) => match &names[..] {
            [Attr::Symbol(name) | Attr::Text(name)] => env.module.function(name)?.body.clone(),
            _ => return Err(unsupported_form(op, "other than one comparator")),
        },
        _ => return Err(unsupported_form(op, "no comparator")),
    };
    let operands = &x[..x.len() / 2];
    let Some(axis) = axis.filter(|&axis| operands.iter().all(|x| axis < x.ty().rank())) else {
        return Err(unsupported_form(op, "no reduction_dim"));
    };
    let all = sorted(env, op, operands, axis, &comparator)?;
    let first = |(value, (_, ty)): (&Value, &(ValueId, Ty))| {
        let Ty::Tensor(ty) = ty else { return Err(unsupported_form(op, format_args!("{ty}"))) };
        let limit_indices = ty.shape.iter().copied().collect();
        let (start_indices, strides) = (smallvec![0; ty.rank()], smallvec![1; ty.rank()]);
        let slice = Slice { start_indices, limit_indices, strides };
        ops::bind1(env.scope, slice, std::slice::from_ref(value)).map(Some)
    };
    all.iter().zip(&op.results).map(first).collect()
}

/// Sorts by some of the operands, the first counting most.
fn by_keys(env: &Env<'_>, x: &[Value], dimension: usize, keys: &[Key]) -> Result<Outputs> {
    let falls = |k: usize| keys.contains(&Key { operand: k, descending: true });
    let turned = |k: usize, x: &Value| if falls(k) { opposite(env, x) } else { Ok(x.clone()) };
    let mut order: Vec<usize> = keys.iter().map(|key| key.operand).collect();
    order.extend((0..x.len()).filter(|&k| keys.iter().all(|key| key.operand != k)));
    let operands = order.iter().map(|&k| turned(k, &x[k])).collect::<Result<Vec<Value>>>()?;
    let prim = Sort { dimension, num_keys: keys.len(), is_stable: true };
    let sorted = env.scope.bind(&prim.into(), &operands)?;
    let place = |k: usize| order.iter().position(|&other| other == k).unwrap_or(k);
    (0..x.len()).map(|k| turned(k, &sorted[place(k)])).collect()
}

/// What is ordered the other way round, and is its own inverse.
fn opposite(env: &Env<'_>, x: &Value) -> Result<Value> {
    let exact = x.ty().dtype.is_integer() || x.ty().dtype.is_bool();
    ops::unary(env.scope, if exact { Unary::Not } else { Unary::Neg }, x)
}

/// Sorts by any comparator: an element's rank is the number of those of its row that come before it, or are its equals
/// and stand before it.
fn by_rank(
    env: &Env<'_>,
    op: &Op,
    x: &[Value],
    dimension: usize,
    comparator: &Arc<Region>,
) -> Result<Outputs> {
    let Some(shape) = x.first().map(|x| x.shape().clone()) else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs operands"));
    };
    let (cx, n) = (env.scope, shape[dimension]);
    let square: Vec<usize> = [shape.as_ref(), &[n]].concat();
    let mut pairs = Vec::new();
    for operand in x {
        // Axis `dimension` runs over the first of two elements, the last axis over the second.
        let axes: SmallVec<[usize; 4]> = (0..shape.rank()).collect();
        let mut turned = axes.clone();
        turned[dimension] = shape.rank();
        for broadcast_dimensions in [axes, turned] {
            let moved = broadcast(cx, operand, &square, broadcast_dimensions)?;
            pairs.push(ops::reshape(cx, &moved, &[square.iter().product()].as_slice().into())?);
        }
    }
    let comparator = vmap(&env.closure("comparator", comparator), VmapOptions::default());
    let before = comparator.call(cx, &pairs)?;
    let before = ops::reshape(cx, &before[0], &square.as_slice().into())?;
    let mut swap: SmallVec<[usize; 4]> = (0..square.len()).collect();
    swap.swap(dimension, shape.rank());
    let after = ops::transpose(cx, &before, &swap)?;
    let stands_before = earlier(cx, &square, dimension)?;
    let not = |v: &Value| ops::unary(cx, Unary::Not, v);
    let and = |a: &Value, b: &Value| ops::binary(cx, Binary::And, a, b);
    let tied = and(&and(&not(&before)?, &not(&after)?)?, &stands_before)?;
    let comes_first = ops::binary(cx, Binary::Or, &before, &tied)?;
    let counted = ops::convert(cx, &comes_first, DType::I32)?;
    let rank = ops::reduce_sum(cx, &counted, [dimension])?;
    // The last axis is that of the second element: the rank's own goes back to its place.
    let rank = ops::move_axis(cx, &rank, shape.rank() - 1, dimension)?;
    let operands: Vec<Value> = std::iter::once(rank).chain(x.iter().cloned()).collect();
    let prim = Sort { dimension, num_keys: 1, is_stable: true };
    Ok(cx.bind(&prim.into(), &operands)?.into_iter().skip(1).collect())
}

fn broadcast(
    cx: &jaxrs_transform::Scope,
    x: &Value,
    shape: &[usize],
    broadcast_dimensions: SmallVec<[usize; 4]>,
) -> Result<Value> {
    if broadcast_dimensions.is_sorted() {
        let prim = BroadcastInDim { shape: shape.into(), broadcast_dimensions };
        return ops::bind1(cx, prim, std::slice::from_ref(x));
    }
    // The turned axis goes last, where it belongs.
    let from = broadcast_dimensions.iter().position(|&d| d == shape.len() - 1).unwrap_or(0);
    let moved = ops::move_axis(cx, x, from, x.ty().rank() - 1)?;
    let mut sorted = broadcast_dimensions;
    sorted.sort_unstable();
    let prim = BroadcastInDim { shape: shape.into(), broadcast_dimensions: sorted };
    ops::bind1(cx, prim, &[moved])
}

/// Whether the first of two elements stands before the second.
fn earlier(cx: &jaxrs_transform::Scope, square: &[usize], dimension: usize) -> Result<Value> {
    let last = square.len() - 1;
    let first = ops::iota(cx, DType::I32, &square.into(), dimension)?;
    let second = ops::iota(cx, DType::I32, &square.into(), last)?;
    ops::compare(cx, Compare::Lt, &first, &second)
}

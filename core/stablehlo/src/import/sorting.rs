//! Sorting by a comparator.
//!
//! JAX's comparators, and plain ones, are orders that the primitive `sort` has. Any other is sorted by rank: each element
//! is compared with each of its row.

use jaxrs_data::{DType, ErrorKind, Result, Scalar, SmallVec};
use jaxrs_ir::prims::{Binary, BroadcastInDim, Sort, TopK, Unary};
use jaxrs_ir::{Context as _, Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_kernel::Ranking;
use jaxrs_transform::{VmapOptions, vmap};

use super::elementwise::short_name;
use super::{Env, Outputs};
use crate::tree::{Attr, Op, Region, ValueId};

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
    let comparator = op.region(0)?;
    if let Some(keys) = keys(comparator) {
        return by_keys(env, x, dimension, &keys);
    }
    by_rank(env, op, x, dimension)
}

/// Sorts by some of the operands, the first counting most.
fn by_keys(env: &Env<'_>, x: &[Value], dimension: usize, keys: &[usize]) -> Result<Outputs> {
    let mut order: Vec<usize> = keys.to_vec();
    order.extend((0..x.len()).filter(|k| !keys.contains(k)));
    let operands: Vec<Value> = order.iter().map(|&k| x[k].clone()).collect();
    let prim = Sort { dimension, num_keys: keys.len(), is_stable: true };
    let sorted = env.scope.bind(&prim.into(), &operands)?;
    let place = |k: usize| order.iter().position(|&other| other == k).unwrap_or(k);
    Ok((0..x.len()).map(|k| sorted[place(k)].clone()).collect())
}

/// The operands that a comparator orders by, if it is lexicographic and ascending.
fn keys(region: &Region) -> Option<Vec<usize>> {
    let found = less(region, *region.returned().ok()?.first()?)?;
    let mut keys: Vec<usize> = Vec::new();
    for part in found {
        match part {
            Part::Whole(k) => keys.push(k),
            // A complex number is compared by its real part, then by its imaginary one.
            Part::Real(k) => keys.push(k),
            Part::Imag(k) if keys.last() == Some(&k) => {}
            Part::Imag(_) => return None,
        }
    }
    let distinct = keys.iter().enumerate().all(|(k, key)| !keys[..k].contains(key));
    distinct.then_some(keys)
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    Whole(usize),
    Real(usize),
    Imag(usize),
}

/// The parts that `value` compares: `a < b`, or `a < b or (a = b and …)`.
fn less(region: &Region, value: ValueId) -> Option<Vec<Part>> {
    let op = region.defining(value)?;
    match short_name(op) {
        "compare" if op.word("comparison_direction").ok()? == "LT" => {
            Some(vec![compared(region, op)?])
        }
        "or" => {
            let [first, rest] = op.operands[..] else { return None };
            let mut parts = less(region, first)?;
            let [part] = parts[..] else { return None };
            let and = region.defining(rest).filter(|op| short_name(op) == "and")?;
            let [equal, rest] = and.operands[..] else { return None };
            let equal = region.defining(equal).filter(|op| short_name(op) == "compare")?;
            let is_same = equal.word("comparison_direction").ok()? == "EQ"
                && compared(region, equal)? == part;
            if !is_same {
                return None;
            }
            parts.extend(less(region, rest)?);
            Some(parts)
        }
        _ => None,
    }
}

/// The part that a comparison is of, if both sides are the same part of the two elements of an operand. The total order
/// of floats tells −0 from +0 and one NaN from another, so there both have to be made alike first.
fn compared(region: &Region, op: &Op) -> Option<Part> {
    let [a, b] = op.operands[..] else { return None };
    let ((a, a_alike), (b, b_alike)) = (source(region, a)?, source(region, b)?);
    let is_total = matches!(op.attribute("compare_type"), Some(Attr::Word(w)) if w == "TOTALORDER");
    let is_float = region.ops.iter().any(|op| op.name == "stablehlo.select");
    let (a, b) = match (a, b) {
        (Part::Whole(a), Part::Whole(b)) if b == a + 1 => (Part::Whole(a / 2), a),
        (Part::Real(a), Part::Real(b)) if b == a + 1 => (Part::Real(a / 2), a),
        (Part::Imag(a), Part::Imag(b)) if b == a + 1 => (Part::Imag(a / 2), a),
        _ => return None,
    };
    let fits = !is_total || (a_alike && b_alike) || !is_float && is_integer(region, b);
    (b.is_multiple_of(2) && fits).then_some(a)
}

fn is_integer(region: &Region, argument: usize) -> bool {
    region
        .arguments
        .get(argument)
        .and_then(|(_, ty)| ty.dtype())
        .is_some_and(|dtype| !dtype.is_inexact())
}

/// The argument that a value is, and whether zeros and NaNs were made alike: `select(x ≠ x, NaN, select(x = 0, 0, x))`.
fn source(region: &Region, value: ValueId) -> Option<(Part, bool)> {
    if let Some(part) = part(region, value) {
        return Some((part, false));
    }
    let (condition, if_true, if_false) = select(region, value)?;
    let not_number = comparison(region, condition, "NE")?;
    let nan = constant(region, if_true)?;
    let (condition, if_true, x) = select(region, if_false)?;
    let zero = comparison(region, condition, "EQ")?;
    let part = part(region, x)?;
    let is_zero = |id| constant(region, id).is_some_and(|v| v.as_f64() == 0.0);
    let alike = not_number == (x, x)
        && nan.as_f64().is_nan()
        && zero.0 == x
        && is_zero(zero.1)
        && is_zero(if_true);
    alike.then_some((part, true))
}

fn part(region: &Region, value: ValueId) -> Option<Part> {
    let argument = |id: ValueId| region.arguments.iter().position(|(other, _)| *other == id);
    if let Some(k) = argument(value) {
        return Some(Part::Whole(k));
    }
    let op = region.defining(value)?;
    let k = argument(*op.operands.first()?)?;
    match short_name(op) {
        "real" => Some(Part::Real(k)),
        "imag" => Some(Part::Imag(k)),
        _ => None,
    }
}

fn select(region: &Region, value: ValueId) -> Option<(ValueId, ValueId, ValueId)> {
    let op = region.defining(value).filter(|op| short_name(op) == "select")?;
    let [condition, if_true, if_false] = op.operands[..] else { return None };
    Some((condition, if_true, if_false))
}

fn comparison(region: &Region, value: ValueId, direction: &str) -> Option<(ValueId, ValueId)> {
    let op = region.defining(value).filter(|op| short_name(op) == "compare")?;
    let [a, b] = op.operands[..] else { return None };
    (op.word("comparison_direction").ok()? == direction).then_some((a, b))
}

fn constant(region: &Region, value: ValueId) -> Option<Scalar> {
    match region.defining(value)?.attribute("value")? {
        Attr::Dense(literal) => literal.item(),
        _ => None,
    }
}

/// Sorts by any comparator: an element's rank is the number of those of its row that come before it, or are its equals
/// and stand before it.
fn by_rank(env: &Env<'_>, op: &Op, x: &[Value], dimension: usize) -> Result<Outputs> {
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
    let comparator = vmap(&env.closure("comparator", op.region(0)?), VmapOptions::default());
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

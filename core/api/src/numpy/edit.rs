//! Elements put in and taken out.

use super::index::{Index, at};
use super::shapes::{ALL, WRITING, along, part};
use crate::operands::{broadcast_shape, constant_like, host};
use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::ScatterKind;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// `x` and values after it along an axis, or both flattened.
pub fn append(cx: &Scope, x: &Value, values: &Value, axis: Option<i64>) -> Result<Value> {
    match axis {
        Some(axis) => super::concatenate(cx, &[x.clone(), values.clone()], axis),
        None => super::concatenate(cx, &[super::ravel(cx, x)?, super::ravel(cx, values)?], 0),
    }
}

/// All elements in their order, repeated or cut to another shape.
pub fn resize(cx: &Scope, x: &Value, shape: &Shape) -> Result<Value> {
    let (from, to) = (x.ty().numel(), shape.numel());
    if from == 0 || to == 0 {
        return ops::full(cx, &x.ty().with_shape(shape.clone()), Scalar::Int(0));
    }
    let tiled = super::tile(cx, &super::ravel(cx, x)?, &[to.div_ceil(from) as i64])?;
    ops::reshape(cx, &ops::slice_in_dim(cx, &tiled, 0, 0, to)?, shape)
}

/// `x` without elements of zeros at its ends, which have to be known; `trim` names them: `f` front, `b` back.
pub fn trim_zeros(cx: &Scope, x: &Value, trim: &str) -> Result<Value> {
    let known = host(x)?;
    let rank = x.ty().rank();
    let mut index = Vec::new();
    let nonzero: Vec<_> = (0..known.len())
        .filter(|&i| known.get(i).is_nonzero())
        .map(|i| x.shape().unravel(i))
        .collect();
    for axis in 0..rank {
        let places = nonzero.iter().map(|place| place[axis] as i64);
        let (low, high) = (places.clone().min(), places.max());
        let (Some(low), Some(high)) = (low, high) else {
            index.push(Index::Slice(Some(0), Some(0), None));
            continue;
        };
        let start = trim.contains(['f', 'F']).then_some(low);
        let stop = trim.contains(['b', 'B']).then_some(high + 1);
        index.push(Index::Slice(start, stop, None));
    }
    if !trim.contains(['f', 'F', 'b', 'B']) {
        return Ok(x.clone());
    }
    part(cx, x, &index)
}

/// `x` without the elements at positions along an axis, or with truth values where those are false; both have to be
/// known, or, for positions, promised to be distinct.
pub fn delete(
    cx: &Scope,
    x: &Value,
    positions: &Value,
    axis: Option<i64>,
    assume_unique_indices: bool,
) -> Result<Value> {
    let (x, axis) = along(cx, "delete", x, axis)?;
    let n = x.shape()[axis];
    let kept = if assume_unique_indices && positions.ty().dtype.is_integer() {
        left_over(cx, n, &super::ravel(cx, positions)?)?
    } else {
        let known = host(positions)?;
        let goes = |i: usize| match known.ty().dtype.is_bool() {
            true => known.get(i).is_nonzero(),
            false => {
                known.iter().any(|at| at.as_i64() == i as i64 || at.as_i64() + n as i64 == i as i64)
            }
        };
        let fits = match known.ty().dtype.is_bool() {
            true => known.ty().shape[..] == [n],
            false => known.iter().all(|at| (-(n as i64)..n as i64).contains(&at.as_i64())),
        };
        if !fits {
            bail!(
                InvalidArgument,
                "delete needs positions along axis {axis} of {}, got others in {}",
                x.ty(),
                known.ty()
            );
        }
        let kept: Vec<i64> = (0..n).filter(|&i| !goes(i)).map(|i| i as i64).collect();
        let ty = Type::new(DType::I32, [kept.len()]);
        Value::literal(Literal::from_fn(ty, |i| Scalar::Int(kept[i])))
    };
    super::take(cx, &x, &kept, axis as i64, "clip")
}

/// The positions below `n` that distinct ones leave, in order.
fn left_over(cx: &Scope, n: usize, gone: &Value) -> Result<Value> {
    let count = gone.shape()[0];
    let from_end = ops::compare(cx, jaxrs_kernel::Compare::Lt, gone, &constant_like(gone, 0.0))?;
    let gone = super::select(cx, &from_end, &ops::offset(cx, gone, n as f64)?, gone)?;
    let gone = super::clip(
        cx,
        &gone,
        Some(&constant_like(&gone, 0.0)),
        Some(&constant_like(&gone, n as f64)),
    )?;
    let sorted = super::sort(cx, &gone, 0, false)?;
    let before = ops::sub(cx, &sorted, &ops::iota(cx, sorted.ty().dtype, &[count].into(), 0)?)?;
    let kept = ops::iota(cx, sorted.ty().dtype, &[n.saturating_sub(count)].into(), 0)?;
    let rows = super::expand_dims(cx, &kept, &[0])?;
    let passed = super::greater_equal(cx, &rows, &super::expand_dims(cx, &before, &[1])?)?;
    let passed = super::astype(cx, &passed, sorted.ty().dtype)?;
    ops::add(cx, &kept, &ops::reduce_sum(cx, &passed, [0])?)
}

/// `x` with values put in before positions along an axis.
pub fn insert(
    cx: &Scope,
    x: &Value,
    positions: &Value,
    values: &Value,
    axis: Option<i64>,
) -> Result<Value> {
    let (x, axis) = along(cx, "insert", x, axis)?;
    if positions.ty().rank() > 1 || !positions.ty().dtype.is_integer() {
        bail!(
            InvalidArgument,
            "insert needs integer positions with at most 1 axis, got {}",
            positions.ty()
        );
    }
    let mut values = super::astype(cx, values, x.ty().dtype)?;
    let missing = x.ty().rank().saturating_sub(values.ty().rank()) as i64;
    values = super::expand_dims(cx, &values, &(0..missing).collect::<Vec<_>>())?;
    let mut places = super::ravel(cx, positions)?;
    if places.shape()[0] == 1 {
        if positions.ty().rank() == 0 {
            values = super::moveaxis(cx, &values, &[0], &[axis as i64])?;
        }
        places = super::broadcast_to(cx, &places, &[values.shape()[axis]].into())?;
    }
    let n = x.shape()[axis];
    let count = broadcast_shape("insert", &[places.shape(), &[values.shape()[axis]].into()])?[0];
    let places = super::broadcast_to(cx, &places, &[count].into())?;
    let from_end =
        ops::compare(cx, jaxrs_kernel::Compare::Lt, &places, &constant_like(&places, 0.0))?;
    let places = super::select(cx, &from_end, &ops::offset(cx, &places, n as f64)?, &places)?;
    let zero = constant_like(&places, 0.0);
    let places = super::clip(cx, &places, Some(&zero), Some(&constant_like(&places, n as f64)))?;
    // The k-th in order stands k further on; all others keep their order.
    let order = super::argsort(cx, &places, 0, false)?;
    let counted = ops::iota(cx, places.ty().dtype, &[count].into(), 0)?;
    let places = at(cx, ScatterKind::Add, &places, &[Index::Array(order)], &counted, WRITING)?;
    let ones = super::full(cx, &[n + count].into(), 1.0, DType::Bool)?;
    let old = at(
        cx,
        ScatterKind::Set,
        &ones,
        &[Index::Array(places.clone())],
        &constant_like(&ones, 0.0),
        WRITING,
    )?;
    let old = super::nonzero(cx, &old, Some(n), &[])?.swap_remove(0);
    let mut shape = x.shape().clone();
    shape[axis] += count;
    let out = ops::full(cx, &x.ty().with_shape(shape), Scalar::Int(0))?;
    let there = |places: Value| [vec![ALL; axis], vec![Index::Array(places)]].concat();
    let out = at(cx, ScatterKind::Set, &out, &there(places), &values, WRITING)?;
    at(cx, ScatterKind::Set, &out, &there(old), &x, WRITING)
}

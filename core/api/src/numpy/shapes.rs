//! More shapes and orders: arrays stacked, turned, put into others and taken out.

use jaxrs_data::{Result, Shape, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::index::{AtOptions, GetOptions, Index, getitem};
use crate::operands::broadcast_shape;

pub(crate) const ALL: Index = Index::Slice(None, None, None);
pub(crate) const READING: GetOptions = GetOptions { mode: None, fill_value: None, size: None };
pub(crate) const WRITING: AtOptions = AtOptions { mode: None, unique_indices: false, size: None };

/// The part of `x` at an index, as `x[index]`.
pub(crate) fn part(cx: &Scope, x: &Value, index: &[Index]) -> Result<Value> {
    getitem(cx, x, index, READING)
}

/// The elements from `start` to `stop` along an axis, as a slice says it.
pub(crate) fn part_along(
    cx: &Scope,
    x: &Value,
    axis: usize,
    start: Option<i64>,
    stop: Option<i64>,
) -> Result<Value> {
    let mut index = vec![ALL; axis];
    index.push(Index::Slice(start, stop, None));
    part(cx, x, &index)
}

/// An axis, or the flattened array and its only axis.
pub(crate) fn along(
    cx: &Scope,
    name: &str,
    x: &Value,
    axis: Option<i64>,
) -> Result<(Value, usize)> {
    match axis {
        None => Ok((super::ravel(cx, x)?, 0)),
        Some(axis) => Ok((x.clone(), normalize_axis(name, axis, x.ty().rank())?)),
    }
}

/// At least `rank` axes: of vectors the last but one where there are to be three, else new ones come first.
fn atleast(cx: &Scope, x: &Value, rank: usize) -> Result<Value> {
    let new: &[i64] = match (x.ty().rank(), rank) {
        (0, 1) => &[0],
        (0, 2) => &[0, 1],
        (0, 3) => &[0, 1, 2],
        (1, 2) => &[0],
        (1, 3) => &[0, 2],
        (2, 3) => &[2],
        _ => &[],
    };
    super::expand_dims(cx, x, new)
}

/// `x` with at least one axis.
pub fn atleast_1d(cx: &Scope, x: &Value) -> Result<Value> {
    atleast(cx, x, 1)
}

/// `x` with at least two axes.
pub fn atleast_2d(cx: &Scope, x: &Value) -> Result<Value> {
    atleast(cx, x, 2)
}

/// `x` with at least three axes.
pub fn atleast_3d(cx: &Scope, x: &Value) -> Result<Value> {
    atleast(cx, x, 3)
}

fn stacked(cx: &Scope, arrays: &[Value], rank: usize, axis: i64) -> Result<Value> {
    let arrays = arrays.iter().map(|x| atleast(cx, x, rank)).collect::<Result<Vec<_>>>()?;
    super::concatenate(cx, &arrays, axis)
}

/// Arrays side by side: along axis 1, or 0 of vectors.
pub fn hstack(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    let axis = i64::from(arrays.first().is_some_and(|x| x.ty().rank() > 1));
    stacked(cx, arrays, 1, axis)
}

/// Arrays on top of each other; vectors are rows.
pub fn vstack(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    stacked(cx, arrays, 2, 0)
}

/// Arrays one behind the other, along axis 2.
pub fn dstack(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    stacked(cx, arrays, 3, 2)
}

/// Arrays side by side; vectors are columns.
pub fn column_stack(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    let column = |x: &Value| match x.ty().rank() {
        rank if rank < 2 => super::transpose(cx, &atleast(cx, x, 2)?, &[]),
        _ => Ok(x.clone()),
    };
    super::concatenate(cx, &arrays.iter().map(column).collect::<Result<Vec<_>>>()?, 1)
}

/// A matrix of blocks, row by row; `rows` says how many blocks each row has.
pub fn block(cx: &Scope, arrays: &[Value], rows: &[i64]) -> Result<Value> {
    if rows.iter().any(|&n| n < 1)
        || (!rows.is_empty() && rows.iter().sum::<i64>() != arrays.len() as i64)
    {
        bail!(
            InvalidArgument,
            "block needs rows that hold {} arrays in all, got {rows:?}",
            arrays.len()
        );
    }
    let depth = if rows.is_empty() { 1 } else { 2 };
    let rank = arrays.iter().map(|x| x.ty().rank()).max().unwrap_or(0).max(depth);
    let full = |x: &Value| {
        let new: Vec<i64> = (0..(rank - x.ty().rank()) as i64).collect();
        super::expand_dims(cx, x, &new)
    };
    let mut rest = arrays.iter().map(full).collect::<Result<Vec<_>>>()?;
    if rows.is_empty() {
        return super::concatenate(cx, &rest, -1);
    }
    let mut joined = Vec::new();
    for &n in rows {
        let later = rest.split_off(n as usize);
        joined.push(super::concatenate(cx, &rest, -1)?);
        rest = later;
    }
    super::concatenate(cx, &joined, -2)
}

/// Arrays broadcast to one shape.
pub fn broadcast_arrays(cx: &Scope, arrays: &[Value]) -> Result<Vec<Value>> {
    let shapes: Vec<&Shape> = arrays.iter().map(Value::shape).collect();
    let shape = broadcast_shape("broadcast_arrays", &shapes)?;
    arrays.iter().map(|x| super::broadcast_to(cx, x, &shape)).collect()
}

/// The last two axes exchanged.
pub fn matrix_transpose(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().rank() < 2 {
        bail!(Shape, "matrix_transpose needs at least 2 axes, got {}", x.ty());
    }
    super::swapaxes(cx, x, -1, -2)
}

/// `x` turned by `k` quarters in the plane of two axes, from the first to the second.
pub fn rot90(cx: &Scope, x: &Value, k: i64, axes: [i64; 2]) -> Result<Value> {
    let rank = x.ty().rank();
    let (first, second) =
        (normalize_axis("rot90", axes[0], rank)?, normalize_axis("rot90", axes[1], rank)?);
    if first == second {
        bail!(InvalidArgument, "rot90 needs two axes, got {axes:?}");
    }
    let swapped = |x: &Value| super::swapaxes(cx, x, axes[0], axes[1]);
    match k.rem_euclid(4) {
        0 => Ok(x.clone()),
        1 => swapped(&ops::rev(cx, x, [second])?),
        2 => ops::rev(cx, x, [first, second]),
        _ => ops::rev(cx, &swapped(x)?, [second]),
    }
}

/// An axis moved back to before another.
pub fn rollaxis(cx: &Scope, x: &Value, axis: i64, start: i64) -> Result<Value> {
    let rank = x.ty().rank() as i64;
    let axis = normalize_axis("rollaxis", axis, rank as usize)? as i64;
    if !(-rank..=rank).contains(&start) {
        bail!(InvalidArgument, "rollaxis needs a start from {} to {rank}, got {start}", -rank);
    }
    let start = if start < 0 { start + rank } else { start };
    super::moveaxis(cx, x, &[axis], &[if start > axis { start - 1 } else { start }])
}

/// An array cut into parts as equal as can be.
pub fn array_split(cx: &Scope, x: &Value, sections: i64, axis: i64) -> Result<Vec<Value>> {
    let axis_number = normalize_axis("array_split", axis, x.ty().rank())?;
    if sections < 1 {
        bail!(InvalidArgument, "array_split needs at least 1 part, got {sections}");
    }
    let size = x.shape()[axis_number] as i64;
    let (each, more) = (size / sections, size % sections);
    let cuts: Vec<i64> = (1..sections).map(|i| i * each + i.min(more)).collect();
    super::split_at(cx, x, &cuts, axis)
}

//! Slices along one axis, and other shorthands.

use jaxrs_data::{Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{dynamic_slice, dynamic_update_slice};
use crate::operands::constant_like;

/// Starts that are 0 but along one axis.
fn starts(x: &Value, start: &Value, axis: usize) -> Vec<Value> {
    let zero = constant_like(start, 0.0);
    (0..x.ty().rank()).map(|i| if i == axis { start.clone() } else { zero.clone() }).collect()
}

/// A start that counts from the end where it is negative.
fn counted(cx: &Scope, start: &Value, size: usize) -> Result<Value> {
    if start.ty().dtype.is_unsigned() {
        return Ok(start.clone());
    }
    let negative = ops::compare(cx, jaxrs_kernel::Compare::Lt, start, &constant_like(start, 0.0))?;
    ops::select(cx, &negative, &ops::offset(cx, start, size as f64)?, start)
}

/// A window along one axis at a computed start, moved so that it fits.
pub fn dynamic_slice_in_dim(
    cx: &Scope,
    x: &Value,
    start: &Value,
    slice_size: i64,
    axis: i64,
) -> Result<Value> {
    let axis = normalize_axis("dynamic_slice_in_dim", axis, x.ty().rank())?;
    let mut sizes: Vec<i64> = x.shape().iter().map(|&dim| dim as i64).collect();
    let start = counted(cx, start, x.shape()[axis])?;
    sizes[axis] = slice_size;
    dynamic_slice(cx, x, &starts(x, &start, axis), &sizes)
}

/// The elements at a computed position along one axis, which goes unless `keepdims`.
pub fn dynamic_index_in_dim(
    cx: &Scope,
    x: &Value,
    index: &Value,
    axis: i64,
    keepdims: bool,
) -> Result<Value> {
    let slice = dynamic_slice_in_dim(cx, x, index, 1, axis)?;
    let axis = normalize_axis("dynamic_index_in_dim", axis, x.ty().rank())?;
    if keepdims { Ok(slice) } else { ops::squeeze(cx, &slice, [axis]) }
}

/// `x` with a window along one axis replaced.
pub fn dynamic_update_slice_in_dim(
    cx: &Scope,
    x: &Value,
    update: &Value,
    start: &Value,
    axis: i64,
) -> Result<Value> {
    let axis = normalize_axis("dynamic_update_slice_in_dim", axis, x.ty().rank())?;
    let start = counted(cx, start, x.shape()[axis])?;
    dynamic_update_slice(cx, x, update, &starts(x, &start, axis))
}

/// `x` with the elements at one position along an axis replaced; the update may lack that axis.
pub fn dynamic_update_index_in_dim(
    cx: &Scope,
    x: &Value,
    update: &Value,
    index: &Value,
    axis: i64,
) -> Result<Value> {
    let at = normalize_axis("dynamic_update_index_in_dim", axis, x.ty().rank())?;
    let update = match update.ty().rank() + 1 == x.ty().rank() {
        true => ops::expand_dim(cx, update, at)?,
        false => update.clone(),
    };
    dynamic_update_slice_in_dim(cx, x, &update, index, axis)
}

/// The elements at one position along an axis, which goes unless `keepdims`.
pub fn index_in_dim(cx: &Scope, x: &Value, index: i64, axis: i64, keepdims: bool) -> Result<Value> {
    let axis = normalize_axis("index_in_dim", axis, x.ty().rank())?;
    let at = normalize_axis("index_in_dim", index, x.shape()[axis])?;
    let slice = ops::slice_in_dim(cx, x, axis, at, at + 1)?;
    if keepdims { Ok(slice) } else { ops::squeeze(cx, &slice, [axis]) }
}

/// Every `stride`-th element from `start` to `limit` (the end if missing) along one axis; negative numbers count from the
/// end.
pub fn slice_in_dim(
    cx: &Scope,
    x: &Value,
    (start, limit, stride): (i64, Option<i64>, i64),
    axis: i64,
) -> Result<Value> {
    let axis = normalize_axis("slice_in_dim", axis, x.ty().rank())?;
    let size = x.shape()[axis] as i64;
    let place = |at: i64| if at < 0 { at + size } else { at };
    let (start, limit) = (place(start), place(limit.unwrap_or(size)));
    let (mut starts, mut limits) = (vec![0; x.ty().rank()], Vec::new());
    limits.extend(x.shape().iter().map(|&dim| dim as i64));
    let mut strides = vec![1; x.ty().rank()];
    (starts[axis], limits[axis], strides[axis]) = (start, limit, stride);
    super::slice(cx, x, &starts, &limits, &strides)
}

/// `x` repeated along new axes, which come first.
pub fn broadcast(cx: &Scope, x: &Value, sizes: &[i64]) -> Result<Value> {
    let all: Vec<i64> =
        sizes.iter().copied().chain(x.shape().iter().map(|&dim| dim as i64)).collect();
    let shape = jaxrs_data::Shape::from_user("broadcast", &all, x.ty().dtype.size_bytes())?;
    ops::broadcast_in_dim(cx, x, &shape, sizes.len()..shape.rank())
}

/// Axes from `start` up to, not including, `stop` made one.
pub fn collapse(cx: &Scope, x: &Value, start: i64, stop: Option<i64>) -> Result<Value> {
    let rank = x.ty().rank() as i64;
    let place = |at: i64| (if at < 0 { at + rank } else { at }).clamp(0, rank) as usize;
    let (start, stop) = (place(start), place(stop.unwrap_or(rank)));
    if start > stop {
        bail!(InvalidArgument, "collapse needs axes in order, got {start} and {stop}");
    }
    let dims = x.shape();
    let joined = dims[start..stop].iter().product();
    ops::reshape(
        cx,
        x,
        &dims[..start].iter().chain([&joined]).chain(&dims[stop..]).copied().collect(),
    )
}

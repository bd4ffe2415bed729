//! Sorting.

use jaxrs_data::{DType, Result, normalize_axis};
use jaxrs_ir::prims::Sort;
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

/// Elements in ascending order along an axis, NaNs last.
pub fn sort(cx: &Scope, x: &Value, axis: i64, descending: bool) -> Result<Value> {
    let dimension = normalize_axis("sort", axis, x.ty().rank())?;
    let sort = Sort { dimension, num_keys: 1, is_stable: true };
    let sorted = ops::bind1(cx, sort, std::slice::from_ref(x))?;
    if descending { ops::rev(cx, &sorted, [dimension]) } else { Ok(sorted) }
}

/// The positions that would sort along an axis; equal elements keep their order.
pub fn argsort(cx: &Scope, x: &Value, axis: i64, descending: bool) -> Result<Value> {
    let dimension = normalize_axis("argsort", axis, x.ty().rank())?;
    // Reversed before and after, so that equal elements keep their order when descending, too.
    let positions = ops::iota(cx, DType::I32, x.shape(), dimension)?;
    let turn = |value: Value| match descending {
        true => ops::rev(cx, &value, [dimension]),
        false => Ok(value),
    };
    let operands = [turn(x.clone())?, turn(positions)?];
    let sort = Sort { dimension, num_keys: 1, is_stable: true };
    let sorted = cx.bind(&sort.into(), &operands)?;
    turn(sorted[1].clone())
}

//! Cutting, joining and repeating along an axis.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::{Empty, Split, Stack, Tile, Unstack};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

/// An array cut along an axis into pieces of given sizes, which make up the axis.
pub fn split(cx: &Scope, x: &Value, sizes: &[usize], axis: i64) -> Result<Vec<Value>> {
    let axis = normalize_axis("split", axis, x.ty().rank())?;
    let split = Split { sizes: sizes.into(), axis };
    Ok(cx.bind(&split.into(), std::slice::from_ref(x))?.into_vec())
}

/// The arrays that an array consists of along an axis.
pub fn unstack(cx: &Scope, x: &Value, axis: i64) -> Result<Vec<Value>> {
    let axis = normalize_axis("unstack", axis, x.ty().rank())?;
    Ok(cx.bind(&Unstack { axis }.into(), std::slice::from_ref(x))?.into_vec())
}

/// Arrays of one shape and element type, joined along a new axis.
pub fn stack(cx: &Scope, arrays: &[Value], axis: i64) -> Result<Value> {
    let Some(first) = arrays.first() else {
        bail!(InvalidArgument, "stack takes 1 operand or more, got 0");
    };
    let axis = normalize_axis("stack", axis, first.ty().rank() + 1)?;
    ops::bind1(cx, Stack { axis }, arrays)
}

/// An array repeated along each of its axes.
pub fn tile(cx: &Scope, x: &Value, reps: &[usize]) -> Result<Value> {
    ops::bind1(cx, Tile { reps: reps.into() }, std::slice::from_ref(x))
}

/// An array whose elements do not matter; they are zeros.
pub fn empty(cx: &Scope, shape: &Shape, dtype: DType) -> Result<Value> {
    ops::bind1(cx, Empty { dtype, shape: shape.clone() }, &[])
}

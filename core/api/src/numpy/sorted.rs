//! Orders of rows, and places in sorted arrays.

use super::index::Index;
use super::shapes::part;
use crate::operands::{constant, constant_like, promoted};
use jaxrs_data::{DType, Result, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::{Binary, Sort};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

/// The positions that sort by the last key, then by the one before, and so on.
pub fn lexsort(cx: &Scope, keys: &[Value], axis: i64) -> Result<Value> {
    let Some(first) = keys.first() else {
        bail!(InvalidArgument, "lexsort needs at least one key, got none");
    };
    let int = cx.defaults().int();
    if first.ty().rank() == 0 {
        return Ok(constant(int, 0.0));
    }
    let dimension = normalize_axis("lexsort", axis, first.ty().rank())?;
    let mut operands: SmallVec<[Value; 4]> = keys.iter().rev().cloned().collect();
    operands.push(ops::iota(cx, int, first.shape(), dimension)?);
    let sort = Sort { dimension, num_keys: keys.len(), is_stable: true };
    let mut sorted = cx.bind(&sort.into(), &operands)?;
    sorted.pop().ok_or_else(|| jaxrs_data::Error::internal("a sort gave no result"))
}

/// The positions in one sorted array that keep it sorted: before equal elements (`left`), or after (`right`).
pub fn searchsorted(cx: &Scope, x: &Value, values: &Value, side: &str) -> Result<Value> {
    let [x, values] = promoted(cx, [x, values])?;
    if x.ty().rank() != 1 {
        bail!(Shape, "searchsorted needs an array with 1 axis, got {}", x.ty());
    }
    let is_left = match side {
        "left" => true,
        "right" => false,
        _ => bail!(InvalidArgument, "searchsorted takes side left or right, got {side:?}"),
    };
    let n = x.shape()[0];
    let int = if n > i32::MAX as usize { DType::I64 } else { DType::I32 };
    let bounds = |value: f64| super::full(cx, values.shape(), value, int);
    let (mut low, mut high) = (bounds(0.0)?, bounds(n as f64)?);
    // NaN comes last, as in sorting.
    let precedes = |a: &Value, b: &Value| -> Result<Value> {
        let less = super::less(cx, a, b)?;
        if !a.ty().dtype.is_inexact() {
            return Ok(less);
        }
        let last = super::logical_and(
            cx,
            &super::isnan(cx, b)?,
            &super::logical_not(cx, &super::isnan(cx, a)?)?,
        )?;
        super::logical_or(cx, &less, &last)
    };
    for _ in 0..usize::BITS - n.leading_zeros() {
        let middle = ops::binary(
            cx,
            Binary::ShiftRightLogical,
            &ops::add(cx, &low, &high)?,
            &constant(int, 1.0),
        )?;
        let element = part(cx, &x, &[Index::Array(middle.clone())])?;
        let goes_right = match is_left {
            true => precedes(&element, &values)?,
            false => super::logical_not(cx, &precedes(&values, &element)?)?,
        };
        let open = super::less(cx, &low, &high)?;
        let goes_right = super::logical_and(cx, &goes_right, &open)?;
        let next = ops::offset(cx, &middle, 1.0)?;
        let new_low = super::select(cx, &goes_right, &next, &low)?;
        high = super::select(cx, &goes_right, &high, &super::select(cx, &open, &middle, &high)?)?;
        low = new_low;
    }
    Ok(low)
}

/// In which bin each element is: behind how many of the edges, which go up or down.
pub fn digitize(cx: &Scope, x: &Value, bins: &Value, right: bool) -> Result<Value> {
    if bins.ty().rank() != 1 {
        bail!(Shape, "digitize needs bins with 1 axis, got {}", bins.ty());
    }
    let n = bins.shape()[0];
    if n == 0 {
        return super::zeros(cx, x.shape(), DType::I32);
    }
    let side = if right { "left" } else { "right" };
    let up = searchsorted(cx, bins, x, side)?;
    let down = searchsorted(cx, &ops::rev(cx, bins, [0])?, x, side)?;
    let down = ops::sub(cx, &constant_like(&down, n as f64), &down)?;
    let (first, last) = (part(cx, bins, &[Index::At(0)])?, part(cx, bins, &[Index::At(-1)])?);
    super::select(cx, &super::greater_equal(cx, &last, &first)?, &up, &down)
}

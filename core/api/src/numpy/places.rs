//! Positions as numbers, and elements put at them.

use super::index::{Index, at};
use super::shapes::WRITING;
use crate::operands::{constant, constant_like, convert, host};
use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::prims::ScatterKind;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// Positions in a flattened array as positions along its axes; those out of range become the nearest.
pub fn unravel_index(cx: &Scope, x: &Value, shape: &Shape) -> Result<Vec<Value>> {
    let mut rest = x.clone();
    let mut places = Vec::new();
    for &size in shape.iter().rev() {
        let divided = super::divmod(cx, &rest, &constant_like(&rest, size as f64))?;
        rest = divided[0].clone();
        places.push((divided[1].clone(), size));
    }
    let beyond = super::greater(cx, &rest, &constant_like(&rest, 0.0))?;
    let before = match rest.ty().dtype.is_unsigned() {
        true => constant(DType::Bool, 0.0),
        false => super::less(cx, &rest, &constant_like(&rest, -1.0))?,
    };
    let bounded = |(place, size): (Value, usize)| {
        let low = super::select(cx, &before, &constant_like(&place, 0.0), &place)?;
        super::select(cx, &beyond, &constant_like(&place, size as f64 - 1.0), &low)
    };
    places.into_iter().rev().map(bounded).collect()
}

/// Positions along axes as positions in the flattened array. `mode` says what happens out of range: `raise` (which
/// needs positions that are known), `wrap`, `clip` or `ignore`; `order` is `C` or `F`.
pub fn ravel_multi_index(
    cx: &Scope,
    arrays: &[Value],
    dims: &[i64],
    mode: &str,
    order: &str,
) -> Result<Value> {
    if arrays.len() != dims.len() {
        bail!(
            InvalidArgument,
            "ravel_multi_index needs positions along {} axes, got {}",
            dims.len(),
            arrays.len()
        );
    }
    if !["C", "F"].contains(&order) {
        bail!(InvalidArgument, "ravel_multi_index takes order C or F, got {order:?}");
    }
    let int = cx.defaults().int();
    let mut sum = constant(int, 0.0);
    for (axis, (x, &dim)) in arrays.iter().zip(dims).enumerate() {
        if !x.ty().dtype.is_integer() {
            bail!(Dtype, "ravel_multi_index needs integers, got {}", x.ty());
        }
        let last = constant_like(x, dim as f64 - 1.0);
        let x = match mode {
            "clip" => super::clip(cx, x, Some(&constant_like(x, 0.0)), Some(&last))?,
            "wrap" => super::remainder(cx, x, &constant_like(x, dim as f64))?,
            "ignore" => x.clone(),
            "raise" if host(x)?.iter().all(|at| (0..dim).contains(&at.as_i64())) => x.clone(),
            "raise" => bail!(
                InvalidArgument,
                "ravel_multi_index got a position out of range of axis {axis} of {dims:?}"
            ),
            _ => bail!(
                InvalidArgument,
                "ravel_multi_index takes mode raise, wrap, clip or ignore, got {mode:?}"
            ),
        };
        let others = if order == "C" { &dims[axis + 1..] } else { &dims[..axis] };
        let stride = others.iter().map(|&dim| dim as f64).product();
        let scaled = ops::scale(cx, &convert(cx, &x, int, false)?, stride)?;
        sum = super::add(cx, &sum, &scaled)?;
    }
    Ok(sum)
}

/// `x` with values at positions along an axis, element by element.
pub fn put_along_axis(
    cx: &Scope,
    x: &Value,
    positions: &Value,
    values: &Value,
    (axis, mode): (Option<i64>, Option<jaxrs_ir::prims::IndexMode>),
) -> Result<Value> {
    let shape = x.shape().clone();
    let (x, axis) = super::shapes::along(cx, "put_along_axis", x, axis)?;
    if positions.ty().rank() != x.ty().rank() {
        bail!(Shape, "put_along_axis needs as many axes, got {} and {}", x.ty(), positions.ty());
    }
    let values = super::broadcast_to(cx, values, positions.shape())?;
    let place = |i: usize| match i == axis {
        true => Ok(Index::Array(positions.clone())),
        false => {
            let n = x.shape()[i];
            let counted = ops::iota(cx, DType::I32, &[n].into(), 0)?;
            let alone: Shape = (0..x.ty().rank()).map(|k| if k == i { n } else { 1 }).collect();
            ops::reshape(cx, &counted, &alone).map(Index::Array)
        }
    };
    let index = (0..x.ty().rank()).map(place).collect::<Result<Vec<_>>>()?;
    let options = super::index::AtOptions { mode, ..WRITING };
    ops::reshape(cx, &at(cx, ScatterKind::Set, &x, &index, &values, options)?, &shape)
}

/// `x` with values, repeated as needed, where a mask is true.
pub fn place(cx: &Scope, x: &Value, mask: &Value, values: &Value) -> Result<Value> {
    let n = x.ty().numel();
    if mask.ty().numel() != n || (values.ty().numel() == 0 && n > 0) {
        bail!(
            Shape,
            "place needs a mask as large as {} and values, got {} and {}",
            x.ty(),
            mask.ty(),
            values.ty()
        );
    }
    if n == 0 {
        return Ok(x.clone());
    }
    let places = super::nonzero(cx, &super::ravel(cx, mask)?, Some(n), &[n as f64])?.swap_remove(0);
    let values = super::resize(cx, values, &[n].into())?;
    let flat =
        at(cx, ScatterKind::Set, &super::ravel(cx, x)?, &[Index::Array(places)], &values, WRITING)?;
    ops::reshape(cx, &flat, x.shape())
}

/// `x` with values, repeated as needed, at positions of its flattened elements; `mode` says what happens out of range:
/// `drop`, `clip` or `wrap`.
pub fn put(cx: &Scope, x: &Value, positions: &Value, values: &Value, mode: &str) -> Result<Value> {
    let n = x.ty().numel();
    let count = positions.ty().numel();
    if n == 0 || count == 0 || values.ty().numel() == 0 {
        return Ok(x.clone());
    }
    let positions = super::ravel(cx, positions)?;
    let values = super::resize(cx, values, &[count].into())?;
    let positions = match mode {
        // Beyond the ends positions become the last and the first, as those along axes do.
        "drop" => super::ravel_multi_index(
            cx,
            &unravel_index(cx, &positions, x.shape())?,
            &dims(x),
            "ignore",
            "C",
        )?,
        "clip" => super::clip(
            cx,
            &positions,
            Some(&constant_like(&positions, 0.0)),
            Some(&constant_like(&positions, n as f64 - 1.0)),
        )?,
        "wrap" => super::remainder(cx, &positions, &constant_like(&positions, n as f64))?,
        _ => bail!(InvalidArgument, "put takes mode drop, clip or wrap, got {mode:?}"),
    };
    let flat = at(
        cx,
        ScatterKind::Set,
        &super::ravel(cx, x)?,
        &[Index::Array(positions)],
        &values,
        WRITING,
    )?;
    ops::reshape(cx, &flat, x.shape())
}

fn dims(x: &Value) -> Vec<i64> {
    x.shape().iter().map(|&dim| dim as i64).collect()
}

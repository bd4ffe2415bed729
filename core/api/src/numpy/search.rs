//! Where elements are.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{constant_like, convert, host};

/// How many elements differ from zero, over some axes.
pub fn count_nonzero(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    super::sum(cx, &super::to_bool(cx, x)?, axes, keepdims)
}

/// The positions of elements that differ from zero, an array for each axis; as many as `size` says, or as there
/// are (which has to be known). Beyond those that there are, `fill` (zeros if empty).
pub fn nonzero(cx: &Scope, x: &Value, size: Option<usize>, fill: &[f64]) -> Result<Vec<Value>> {
    let rank = x.ty().rank();
    if rank == 0 {
        bail!(Shape, "nonzero needs at least 1 axis, got {}", x.ty());
    }
    if !fill.is_empty() && fill.len() != rank {
        bail!(InvalidArgument, "nonzero needs a fill value for each of {rank} axes, got {fill:?}");
    }
    let mask = super::to_bool(cx, x)?;
    let size = match size {
        Some(size) => size,
        None => host(&mask)?.iter().filter(|holds| holds.is_nonzero()).count(),
    };
    let int = cx.defaults().int();
    let flat = flat_positions(cx, &mask, size, int)?;
    let found = super::sum(cx, &convert(cx, &mask, int, false)?, &[], false)?;
    let counted = ops::iota(cx, int, &[size].into(), 0)?;
    let beyond = super::greater_equal(cx, &counted, &found)?;
    let strides = x.shape().strides();
    let along = |axis: usize| {
        let (stride, dim) = (strides[axis].max(1), x.shape()[axis].max(1));
        let row = ops::div(cx, &flat, &constant_like(&flat, stride as f64))?;
        let position = super::remainder(cx, &row, &constant_like(&flat, dim as f64))?;
        let fill = fill.get(axis).copied().unwrap_or(0.0);
        super::select(cx, &beyond, &constant_like(&position, fill), &position)
    };
    (0..rank).map(along).collect()
}

/// For k below `size` the position of the k-th true element of the flattened mask: how many positions have at
/// most k true elements up to them.
fn flat_positions(cx: &Scope, mask: &Value, size: usize, int: DType) -> Result<Value> {
    let seen = super::cumsum(cx, &convert(cx, mask, int, false)?, None, false)?;
    let counts = super::bincount(cx, &seen, None, size)?;
    super::cumsum(cx, &counts, None, false)
}

/// How often each number below `length` occurs, or the sums of their weights. Negative numbers count as 0, others beyond as
/// none.
pub fn bincount(cx: &Scope, x: &Value, weights: Option<&Value>, length: usize) -> Result<Value> {
    if !x.ty().dtype.is_integer() && !x.ty().dtype.is_bool() {
        bail!(Dtype, "bincount needs integers, got {}", x.ty());
    }
    let int = cx.defaults().int();
    let x = if x.ty().dtype.is_bool() { convert(cx, x, int, false)? } else { x.clone() };
    let x = super::maximum(cx, &super::ravel(cx, &x)?, &constant_like(&x, 0.0))?;
    let (weights, dtype) = match weights {
        Some(weights) => (super::ravel(cx, weights)?, weights.ty().dtype),
        None => (crate::operands::constant(int, 1.0), int),
    };
    let zeros = super::zeros(cx, &[length].into(), dtype)?;
    if length == 0 {
        return Ok(zeros);
    }
    super::scatter_at(cx, jaxrs_ir::prims::ScatterKind::Add, &zeros, &x, &weights, "drop")
}

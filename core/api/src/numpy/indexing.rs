//! Reading and writing at positions.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::{Gather, IndexMode, Scatter, ScatterKind};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{broadcast, constant_like, convert};

/// Reads the name of an index mode.
pub(crate) fn index_mode(name: &str, mode: &str) -> Result<IndexMode> {
    match mode {
        "clip" => Ok(IndexMode::Clip),
        "fill" | "drop" => Ok(IndexMode::FillOrDrop),
        "promise_in_bounds" => Ok(IndexMode::PromiseInBounds),
        _ => bail!(
            InvalidArgument,
            "{name} takes mode clip, fill, drop or promise_in_bounds, got {mode:?}"
        ),
    }
}

/// Indices with negative ones counted from the end.
fn wrapped(cx: &Scope, name: &str, indices: &Value, size: usize) -> Result<Value> {
    if !indices.ty().dtype.is_integer() {
        bail!(Dtype, "{name} needs integer indices, got {}", indices.ty());
    }
    if indices.ty().dtype.is_unsigned() {
        return Ok(indices.clone());
    }
    let zero = constant_like(indices, 0.0);
    let negative = ops::compare(cx, jaxrs_kernel::Compare::Lt, indices, &zero)?;
    let shifted = ops::add(cx, indices, &constant_like(indices, size as f64))?;
    super::select(cx, &negative, &shifted, indices)
}

/// The elements of `x` at `indices` along an axis. Out of range gives NaN (mode `fill`) or the nearest
/// element (`clip`).
pub fn take(cx: &Scope, x: &Value, indices: &Value, axis: i64, mode: &str) -> Result<Value> {
    let axis = normalize_axis("take", axis, x.ty().rank())?;
    let size = x.shape()[axis];
    let (indices, mode) = match mode {
        "wrap" => {
            // There is nothing to wrap to in an empty axis; indices are out of range then.
            let size = Value::literal(Literal::scalar(DType::I32, Scalar::Int(size.max(1) as i64)));
            (super::remainder(cx, indices, &size)?, IndexMode::PromiseInBounds)
        }
        _ => (wrapped(cx, "take", indices, size)?, index_mode("take", mode)?),
    };
    let index_rank = indices.ty().rank();
    let components = ops::expand_dim(cx, &indices, index_rank)?;
    let mut slice_sizes = x.shape().clone();
    slice_sizes[axis] = 1;
    let rank = x.ty().rank();
    let offset_dims = (0..axis).chain(axis + index_rank..rank - 1 + index_rank).collect();
    let gather = Gather {
        offset_dims,
        collapsed_slice_dims: SmallVec::from_slice(&[axis]),
        start_index_map: SmallVec::from_slice(&[axis]),
        operand_batching_dims: SmallVec::new(),
        start_indices_batching_dims: SmallVec::new(),
        slice_sizes,
        mode,
        fill_value: None,
    };
    ops::bind1(cx, gather, &[x.clone(), components])
}

/// Element by element, the element of `x` at the position along an axis that `indices` holds.
pub fn take_along_axis(
    cx: &Scope,
    x: &Value,
    indices: &Value,
    axis: i64,
    mode: &str,
) -> Result<Value> {
    let rank = x.ty().rank();
    let axis = normalize_axis("take_along_axis", axis, rank)?;
    let mode = index_mode("take_along_axis", mode)?;
    if indices.ty().rank() != rank {
        bail!(Shape, "take_along_axis needs as many axes, got {} and {}", x.ty(), indices.ty());
    }
    let mut shape: Shape = x.shape().clone();
    for (i, &dim) in indices.shape().iter().enumerate() {
        shape[i] = if i == axis || shape[i] == 1 { dim } else { shape[i] };
    }
    let mut source = shape.clone();
    source[axis] = x.shape()[axis];
    let x = broadcast(cx, "take_along_axis", x, &source)?;
    let indices = broadcast(cx, "take_along_axis", indices, &shape)?;
    let indices = wrapped(cx, "take_along_axis", &indices, source[axis])?;
    let batch: SmallVec<[usize; 4]> = (0..rank).filter(|&i| i != axis).collect();
    let gather = Gather {
        offset_dims: SmallVec::new(),
        collapsed_slice_dims: SmallVec::from_slice(&[axis]),
        start_index_map: SmallVec::from_slice(&[axis]),
        operand_batching_dims: batch.clone(),
        start_indices_batching_dims: batch,
        slice_sizes: (0..rank).map(|_| 1).collect(),
        mode,
        fill_value: None,
    };
    ops::bind1(cx, gather, &[x, ops::expand_dim(cx, &indices, rank)?])
}

/// `x` with `updates` combined in at `indices` along axis 0: JAX's `x.at[indices].add(updates)` and its
/// kin. Indices out of range write nothing.
pub fn scatter_at(
    cx: &Scope,
    kind: ScatterKind,
    x: &Value,
    indices: &Value,
    updates: &Value,
    mode: &str,
) -> Result<Value> {
    if x.ty().rank() == 0 {
        bail!(Shape, "index_update needs at least 1 axis, got {}", x.ty());
    }
    let mode = index_mode("index_update", mode)?;
    let indices = wrapped(cx, "index_update", indices, x.shape()[0])?;
    let index_rank = indices.ty().rank();
    let window = &x.shape()[1..];
    let shape: Shape = indices.shape().iter().chain(window).copied().collect();
    let updates = convert(cx, updates, x.ty().dtype, x.ty().weak)?;
    let updates = broadcast(cx, "index_update", &updates, &shape)?;
    let scatter = Scatter {
        kind,
        update_window_dims: (index_rank..shape.rank()).collect(),
        inserted_window_dims: SmallVec::from_slice(&[0]),
        scatter_dims_to_operand_dims: SmallVec::from_slice(&[0]),
        operand_batching_dims: SmallVec::new(),
        scatter_indices_batching_dims: SmallVec::new(),
        mode,
        unique_indices: false,
    };
    ops::bind1(cx, scatter, &[x.clone(), ops::expand_dim(cx, &indices, index_rank)?, updates])
}

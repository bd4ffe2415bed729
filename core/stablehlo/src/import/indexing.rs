//! Reading and writing windows.

use jaxrs_data::{Result, Shape, SmallVec};
use jaxrs_ir::prims::{Gather, IndexMode};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::elementwise::short_name;
use crate::tree::Op;

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    match (short_name(op), x) {
        ("gather", [operand, indices]) => {
            let sizes = op.sizes("slice_sizes").map(|sizes| sizes.into_iter().collect());
            Some(sizes.and_then(|sizes| gather(cx, op, operand, indices, sizes)))
        }
        _ => None,
    }
}

/// Windows of these sizes.
pub(super) fn gather(
    cx: &Scope,
    op: &Op,
    operand: &Value,
    indices: &Value,
    slice_sizes: Shape,
) -> Result<Value> {
    let (indices, vector) = indices_last(cx, op, indices)?;
    let gather = Gather {
        offset_dims: op.sizes("offset_dims")?,
        collapsed_slice_dims: op.sizes("collapsed_slice_dims")?,
        start_index_map: op.sizes("start_index_map")?,
        operand_batching_dims: op.sizes("operand_batching_dims")?,
        start_indices_batching_dims: without(op.sizes("start_indices_batching_dims")?, vector),
        slice_sizes,
        mode: IndexMode::Clip,
        fill_value: None,
    };
    ops::bind1(cx, gather, &[operand.clone(), indices])
}

/// The indices with the axis of their components last, where JAX has it, and where that axis was.
pub(super) fn indices_last(cx: &Scope, op: &Op, indices: &Value) -> Result<(Value, usize)> {
    // The pretty form leaves out a 0.
    let vector =
        if op.attribute("index_vector_dim").is_some() { op.size("index_vector_dim")? } else { 0 };
    let rank = indices.ty().rank();
    let moved = match vector {
        _ if vector >= rank => ops::expand_dim(cx, indices, rank)?,
        _ if vector + 1 == rank => indices.clone(),
        _ => ops::move_axis(cx, indices, vector, rank - 1)?,
    };
    Ok((moved, vector))
}

/// Axes of indices by their numbers once the axis of components is gone from before them.
pub(super) fn without(axes: SmallVec<[usize; 4]>, vector: usize) -> SmallVec<[usize; 4]> {
    axes.into_iter().map(|axis| axis - usize::from(axis > vector)).collect()
}

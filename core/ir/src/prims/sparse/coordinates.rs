//! Indices as arrays: reading and writing blocks at them, and what they are in other layouts.

use jaxrs_data::{DType, Result, Scalar, Shape, Type};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::SparseLayout;
use crate::prims::{Cumulative, Gather, IndexMode, Scatter, ScatterKind};
use crate::{Cx, Value, ops};

/// A value with batch axes of size 1 repeated.
pub fn with_batch(cx: Cx<'_>, x: &Value, batch: &[usize]) -> Result<Value> {
    let rest = &x.shape()[batch.len()..];
    let shape: Shape = batch.iter().chain(rest).copied().collect();
    ops::broadcast_in_dim(cx, x, &shape, 0..shape.rank())
}

/// The sums over axes that an operand of this type has size 1 along.
pub fn unbroadcast(cx: Cx<'_>, x: &Value, ty: &Type) -> Result<Value> {
    let axes: Vec<usize> =
        (0..ty.rank()).filter(|&i| ty.shape[i] == 1 && x.shape()[i] != 1).collect();
    let sum = ops::reduce_sum(cx, x, axes.iter().copied())?;
    ops::reshape(cx, &sum, &ty.shape)
}

/// Some of the last axis' components.
pub fn components(cx: Cx<'_>, indices: &Value, which: &[usize]) -> Result<Value> {
    let axis = indices.ty().rank() - 1;
    if which.iter().copied().eq(0..indices.shape()[axis]) {
        return Ok(indices.clone());
    }
    if which.is_empty() {
        return ops::slice_in_dim(cx, indices, axis, 0, 0);
    }
    let parts = which.iter().map(|&k| ops::slice_in_dim(cx, indices, axis, k, k + 1));
    ops::concatenate(cx, &parts.collect::<Result<Vec<Value>>>()?, axis)
}

/// One component, without the last axis.
pub fn component(cx: Cx<'_>, indices: &Value, which: usize) -> Result<Value> {
    let axis = indices.ty().rank() - 1;
    ops::squeeze(cx, &components(cx, indices, &[which])?, [axis])
}

/// Arrays of one shape as components along a new last axis.
pub fn stacked(cx: Cx<'_>, parts: &[Value]) -> Result<Value> {
    let axis = parts[0].ty().rank();
    let parts = parts.iter().map(|part| ops::expand_dim(cx, part, axis));
    ops::concatenate(cx, &parts.collect::<Result<Vec<Value>>>()?, axis)
}

/// An array of the indices' shape whose components are these numbers.
pub fn repeated(cx: Cx<'_>, indices: &Type, numbers: &[usize]) -> Result<Value> {
    let axis = indices.rank() - 1;
    let part = indices.with_shape(indices.shape.without(axis).with(axis, 1));
    let full = |&number: &usize| ops::full(cx, &part, Scalar::Int(number as i64));
    let parts = numbers.iter().map(full).collect::<Result<Vec<Value>>>()?;
    match &*parts {
        [] => ops::full(cx, indices, Scalar::Int(0)),
        [one] => Ok(one.clone()),
        parts => ops::concatenate(cx, parts, axis),
    }
}

/// Indices where −1 stands for the last position.
pub fn wrapped(cx: Cx<'_>, indices: &Value, sizes: &[usize]) -> Result<Value> {
    if !indices.ty().dtype.is_signed() || sizes.is_empty() {
        return Ok(indices.clone());
    }
    let negative = ops::compare(cx, Cmp::Lt, indices, &ops::scalar_like(indices, 0.0))?;
    let moved = ops::add(cx, indices, &repeated(cx, indices.ty(), sizes)?)?;
    ops::select(cx, &negative, &moved, indices)
}

/// The blocks of an array at indices of its axes from `n_batch` on; axes before go along with those of the
/// indices. The result has the indices' axes but the last, then those of a block. Out of bounds there are
/// zeros, or the nearest blocks if the mode is to clip.
pub fn blocks(cx: Cx<'_>, x: &Value, n_batch: usize, indices: &Value, clip: bool) -> Result<Value> {
    let last = indices.ty().rank() - 1;
    let (n_sparse, over) = (indices.shape()[last], &indices.shape()[..last]);
    let end = n_batch + n_sparse;
    let shape: Shape = over.iter().chain(&x.shape()[end..]).copied().collect();
    if n_sparse == 0 {
        let dims = (0..n_batch).chain(last..shape.rank());
        return ops::broadcast_in_dim(cx, x, &shape, dims);
    }
    if x.shape().numel() == 0 || shape.numel() == 0 {
        return ops::full(cx, &x.ty().with_shape(shape), Scalar::Int(0));
    }
    let window = |axis: usize| if axis < end { 1 } else { x.shape()[axis] };
    let gather = Gather {
        offset_dims: (last..shape.rank()).collect(),
        collapsed_slice_dims: (n_batch..end).collect(),
        start_index_map: (n_batch..end).collect(),
        operand_batching_dims: (0..n_batch).collect(),
        start_indices_batching_dims: (0..n_batch).collect(),
        slice_sizes: (0..x.ty().rank()).map(window).collect(),
        mode: if clip { IndexMode::Clip } else { IndexMode::FillOrDrop },
        fill_value: (!clip).then_some(0),
    };
    let indices = wrapped(cx, indices, &x.shape()[n_batch..end])?;
    ops::bind1(cx, gather, &[x.clone(), indices])
}

/// The sums of blocks of `data` at indices, in an array of this shape that is zero elsewhere; the opposite of
/// [`blocks`]. What is out of bounds is dropped.
pub fn sums(
    cx: Cx<'_>,
    shape: &[usize],
    n_batch: usize,
    indices: &Value,
    data: &Value,
) -> Result<Value> {
    let last = indices.ty().rank() - 1;
    if indices.shape()[last] == 0 {
        return ops::reduce_sum(cx, data, n_batch..last);
    }
    let zeros = ops::full(cx, &data.ty().with_shape(Shape::new(shape)), Scalar::Int(0))?;
    let end = n_batch + indices.shape()[last];
    let indices = wrapped(cx, indices, &shape[n_batch..end])?;
    written(cx, ScatterKind::Add, &zeros, n_batch, &indices, data)
}

/// An array with blocks written at indices, which count as they are.
pub fn written(
    cx: Cx<'_>,
    kind: ScatterKind,
    x: &Value,
    n_batch: usize,
    indices: &Value,
    data: &Value,
) -> Result<Value> {
    let last = indices.ty().rank() - 1;
    let end = n_batch + indices.shape()[last];
    if x.shape().numel() == 0 || data.shape().numel() == 0 {
        return Ok(x.clone());
    }
    let scatter = Scatter {
        kind,
        update_window_dims: (last..data.ty().rank()).collect(),
        inserted_window_dims: (n_batch..end).collect(),
        scatter_dims_to_operand_dims: (n_batch..end).collect(),
        operand_batching_dims: (0..n_batch).collect(),
        scatter_indices_batching_dims: (0..n_batch).collect(),
        mode: IndexMode::FillOrDrop,
        unique_indices: false,
    };
    ops::bind1(cx, scatter, &[x.clone(), indices.clone(), data.clone()])
}

/// A running sum along an axis.
pub fn running_sum(cx: Cx<'_>, x: &Value, axis: usize) -> Result<Value> {
    let sum = Cumulative { op: ReduceOp::Add, axis, reverse: false };
    ops::bind1(cx, sum, std::slice::from_ref(x))
}

/// The rows of stored elements of compressed rows, of which `indptr` says where each starts.
fn rows(cx: Cx<'_>, indptr: &Value, nse: usize, dtype: DType) -> Result<Value> {
    let axis = indptr.ty().rank() - 1;
    let shape = indptr.shape().without(axis).with(axis, nse);
    let one = ops::full(cx, &Type::new(dtype, indptr.shape().clone()), Scalar::Int(1))?;
    let at = ops::expand_dim(cx, indptr, axis + 1)?;
    let starts = sums(cx, &shape, axis, &at, &one)?;
    ops::offset(cx, &running_sum(cx, &starts, axis)?, -1.0)
}

/// Where the rows of elements start and the last one ends, for elements in the order of their rows; those
/// whose rows are out of bounds do not count.
pub fn row_starts(cx: Cx<'_>, rows: &Value, n_rows: usize) -> Result<Value> {
    let axis = rows.ty().rank() - 1;
    let shape = rows.shape().without(axis).with(axis, n_rows);
    let one = ops::full(cx, rows.ty(), Scalar::Int(1))?;
    let zeros = ops::full(cx, &rows.ty().with_shape(shape), Scalar::Int(0))?;
    let at = ops::expand_dim(cx, rows, axis + 1)?;
    let counts = written(cx, ScatterKind::Add, &zeros, axis, &at, &one)?;
    let first = rows.ty().with_shape(rows.shape().without(axis).with(axis, 1));
    let first = ops::full(cx, &first, Scalar::Int(0))?;
    ops::concatenate(cx, &[first, running_sum(cx, &counts, axis)?], axis)
}

impl SparseLayout {
    /// The indices of stored elements as [`SparseLayout::Bcoo`] has them.
    pub fn coordinates(self, cx: Cx<'_>, indices: &[Value]) -> Result<Value> {
        match (self, indices) {
            (SparseLayout::Coo, [row, col]) => stacked(cx, &[row.clone(), col.clone()]),
            (SparseLayout::Bcsr | SparseLayout::Csr, [columns, indptr]) => {
                let n_batch = columns.ty().rank() - 1;
                let pairs = columns.shape().iter().zip(indptr.shape().iter());
                let batch: Vec<usize> = pairs.map(|(a, b)| *a.max(b)).take(n_batch).collect();
                let (nse, dtype) = (columns.shape()[n_batch], columns.ty().dtype);
                let rows = rows(cx, indptr, nse, dtype)?;
                stacked(cx, &[with_batch(cx, &rows, &batch)?, with_batch(cx, columns, &batch)?])
            }
            (_, indices) => Ok(indices[0].clone()),
        }
    }
}

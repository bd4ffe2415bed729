//! Reading and writing at positions, and sorting.

use jaxrs_ir::prims::{Gather, Scatter, ScatterKind};

use super::*;
use crate::lax::{self, sizes};
use crate::numpy::{self, index_mode};

const ALONG: &str = "along which axis";
const READ: &str = "what happens out of range: `fill`, `clip`, `promise_in_bounds`";
const TAKE: &str = "what happens out of range: `fill`, `clip`, `wrap`, `promise_in_bounds`";
const WRITE: &str = "what happens out of range: `drop`, `clip`, `promise_in_bounds`";

fn scatter_kind(kind: &str) -> Result<ScatterKind> {
    Ok(match kind {
        "set" => ScatterKind::Set,
        "add" => ScatterKind::Add,
        "mul" => ScatterKind::Mul,
        "min" => ScatterKind::Min,
        "max" => ScatterKind::Max,
        _ => bail!(InvalidArgument, "scatter takes kind set, add, mul, min or max, got {kind:?}"),
    })
}

pub(super) static OPS: &[Op] = &[
    op!("take", "The elements of x at indices along an axis; negative indices count from the end.", (x, indices)
    { axis: Axis = None, "along which axis; of the flattened array if none"; mode: Str = "fill", TAKE; }
    => |cx| match axis {
        Some(axis) => numpy::take(cx, x, indices, axis, mode),
        None => numpy::take(cx, &numpy::ravel(cx, x)?, indices, 0, mode),
    }),
    op!("take_along_axis", "Element by element, that of x at the position that indices hold.", (x, indices)
        { axis: I64 = -1, ALONG; mode: Str = "fill", READ; }
        => |cx| numpy::take_along_axis(cx, x, indices, axis, mode)),
    op!("index_set", "x with updates put at indices along axis 0; the last one wins.", (x, indices, updates)
        { mode: Str = "drop", WRITE; }
        => |cx| numpy::scatter_at(cx, ScatterKind::Set, x, indices, updates, mode)),
    op!("index_add", "x with updates added at indices along axis 0.", (x, indices, updates)
        { mode: Str = "drop", WRITE; }
        => |cx| numpy::scatter_at(cx, ScatterKind::Add, x, indices, updates, mode)),
    op!("index_mul", "x multiplied by updates at indices along axis 0.", (x, indices, updates)
        { mode: Str = "drop", WRITE; }
        => |cx| numpy::scatter_at(cx, ScatterKind::Mul, x, indices, updates, mode)),
    op!("index_min", "x or updates at indices along axis 0, whichever is smaller.", (x, indices, updates)
        { mode: Str = "drop", WRITE; }
        => |cx| numpy::scatter_at(cx, ScatterKind::Min, x, indices, updates, mode)),
    op!("index_max", "x or updates at indices along axis 0, whichever is larger.", (x, indices, updates)
        { mode: Str = "drop", WRITE; }
        => |cx| numpy::scatter_at(cx, ScatterKind::Max, x, indices, updates, mode)),
    op!("gather", "Windows of x at many positions; dimension numbers are those of StableHLO.", (x, indices)
    { offset_dims: I64s, "axes of the result that run over windows";
      collapsed_slice_dims: I64s, "axes of x, of window size 1, that the result does not have";
      start_index_map: I64s, "for each component of an index, the axis of x";
      operand_batching_dims: I64s = &[], "axes of x that go along with axes of indices";
      start_indices_batching_dims: I64s = &[], "those axes of indices";
      slice_sizes: I64s, "the sizes of a window"; mode: Str = "fill", READ; }
    => |cx| lax::gather(cx, x, indices, Gather {
        offset_dims: sizes("gather", "offset_dims", offset_dims)?,
        collapsed_slice_dims: sizes("gather", "collapsed_slice_dims", collapsed_slice_dims)?,
        start_index_map: sizes("gather", "start_index_map", start_index_map)?,
        operand_batching_dims: sizes("gather", "operand_batching_dims", operand_batching_dims)?,
        start_indices_batching_dims:
            sizes("gather", "start_indices_batching_dims", start_indices_batching_dims)?,
        slice_sizes: sizes("gather", "slice_sizes", slice_sizes)?.into_iter().collect(),
        mode: index_mode("gather", mode)?, fill_value: None })),
    op!("scatter", "x with windows of updates combined in at many positions; dimension numbers are those of StableHLO.",
    (x, indices, updates)
    { kind: Str = "set", "how updates are combined: `set`, `add`, `mul`, `min`, `max`";
      update_window_dims: I64s, "axes of updates that run over windows";
      inserted_window_dims: I64s, "axes of x, of window size 1, that updates do not have";
      scatter_dims_to_operand_dims: I64s, "for each component of an index, the axis of x";
      operand_batching_dims: I64s = &[], "axes of x that go along with axes of indices";
      scatter_indices_batching_dims: I64s = &[], "those axes of indices";
      mode: Str = "drop", WRITE;
      unique_indices: Bool = false, "whether the caller promises that no two windows overlap"; }
    => |cx| lax::scatter(cx, x, indices, updates, Scatter {
        kind: scatter_kind(kind)?,
        update_window_dims: sizes("scatter", "update_window_dims", update_window_dims)?,
        inserted_window_dims: sizes("scatter", "inserted_window_dims", inserted_window_dims)?,
        scatter_dims_to_operand_dims:
            sizes("scatter", "scatter_dims_to_operand_dims", scatter_dims_to_operand_dims)?,
        operand_batching_dims: sizes("scatter", "operand_batching_dims", operand_batching_dims)?,
        scatter_indices_batching_dims:
            sizes("scatter", "scatter_indices_batching_dims", scatter_indices_batching_dims)?,
        mode: index_mode("scatter", mode)?,
        unique_indices,
    })),
    op!("dynamic_slice", "A window of fixed sizes at computed positions, moved so that it fits.", (x [starts])
        { slice_sizes: I64s, "the sizes of the window"; }
        => |cx| lax::dynamic_slice(cx, x, starts, slice_sizes)),
    op!("dynamic_update_slice", "x with a window replaced at computed positions, moved so that it fits.", (x, update [starts])
        => |cx| lax::dynamic_update_slice(cx, x, update, starts)),
    op!("sort", "Elements in ascending order along an axis, NaNs last.", (x)
        { axis: I64 = -1, ALONG; descending: Bool = false, "whether in descending order"; }
        => |cx| numpy::sort(cx, x, axis, descending)),
    op!("argsort", "The positions that would sort along an axis; equal elements keep their order.", (x)
        { axis: I64 = -1, ALONG; descending: Bool = false, "whether in descending order"; }
        => |cx| numpy::argsort(cx, x, axis, descending)),
    op!("sort_by_keys", "Arrays of one shape sorted alike, by the first of them.", ([arrays])
        { dimension: I64 = -1, ALONG; num_keys: I64 = 1, "how many arrays are compared"; }
        => list |cx| lax::sort(cx, arrays, dimension, num_keys)),
    op!("top_k", "The k largest elements along an axis, largest first, and their positions; of equal elements the first comes first.", (x)
        { k: I64, "how many"; axis: I64 = -1, ALONG; }
        => list |cx| Ok(lax::top_k(cx, x, k, axis)?.into())),
    op!("approx_max_k", "The k largest elements along an axis and their positions, where other devices may miss some; NaN last.", (x)
        { k: I64, "how many"; reduction_dimension: I64 = -1, ALONG; }
        => list |cx| Ok(lax::approx_max_k(cx, x, k, reduction_dimension)?.into())),
    op!("approx_min_k", "The k smallest elements along an axis and their positions, where other devices may miss some; NaN last.", (x)
        { k: I64, "how many"; reduction_dimension: I64 = -1, ALONG; }
        => list |cx| Ok(lax::approx_min_k(cx, x, k, reduction_dimension)?.into())),
];

//! Sparse arrays, as data, indices and shapes.

use jaxrs_data::{Axes, DType, Shape, SmallVec};
use jaxrs_ir::prims::{DotGeneral, Gather, IndexMode, SparseLayout};

use super::window::{PADDING, PadPairs};
use super::*;
use crate::lax;
use crate::sparse::{self, Bcoo, Kinds, OnInefficient, Range, Storage, given_nse, sizes};

const SHAPE: &str = "the shape of the sparse array";
const NSE: &str = "how many elements the result stores, in each batch; -1 stands for as many as are needed, which \
    the operands have to be known for";
const INDEX: &str = "the element type of indices";
const BATCH: &str = "how many axes are batches";
const DENSE: &str = "how many axes are stored whole";
const LHS: &str = "contracted axes of the left operand";
const RHS: &str = "the axes of the right operand that they meet";
const LHS_BATCH: &str = "batch axes of the left operand";
const RHS_BATCH: &str = "the axes of the right operand that go along with them";
const PREFERRED: &str = "the element type of the result; the operands' own if none";
const TRANSPOSE: &str = "whether it is the transpose of the sparse matrix";

/// Data and indices as a list.
fn both(pair: Result<sparse::DataAndIndices>) -> Result<Vec<Value>> {
    pair.map(|(data, indices)| vec![data, indices])
}

/// Runs `f` on a sparse array.
fn with<T>(
    name: &str,
    (data, indices): (&Value, &Value),
    shape: &[i64],
    f: impl FnOnce(Bcoo<'_>) -> Result<T>,
) -> Result<T> {
    f(Bcoo { data, indices, shape: &sizes(name, "sizes", shape)? })
}

fn dot(
    name: &str,
    ranks: (usize, usize),
    contracting: (&[i64], &[i64]),
    batch: (&[i64], &[i64]),
    preferred_element_type: Option<DType>,
) -> Result<DotGeneral> {
    Ok(DotGeneral {
        lhs_contracting: lax::axes_in_order(name, contracting.0, ranks.0)?,
        rhs_contracting: lax::axes_in_order(name, contracting.1, ranks.1)?,
        lhs_batch: lax::axes_in_order(name, batch.0, ranks.0)?,
        rhs_batch: lax::axes_in_order(name, batch.1, ranks.1)?,
        preferred_element_type,
    })
}

/// Numbers of axes as a caller gives them, of which -1 stands for those that there are.
fn kinds(x: &Bcoo<'_>, n_batch: i64, n_dense: i64) -> Result<Kinds> {
    let name = "bcoo_update_layout";
    let now = x.kinds();
    let count = |what: &str, given: i64, now: usize| match usize::try_from(given) {
        Ok(given) => Ok(given),
        Err(_) if given == -1 => Ok(now),
        Err(_) => bail!(InvalidArgument, "{name} needs {what} of at least 0, or -1, got {given}"),
    };
    Ok(Kinds {
        n_batch: count("n_batch", n_batch, now.n_batch)?,
        n_dense: count("n_dense", n_dense, now.n_dense)?,
    })
}

/// What is stored how.
fn storage(
    name: &str,
    layout: SparseLayout,
    nse: i64,
    (n_batch, n_dense): (i64, i64),
    index_dtype: Option<DType>,
) -> Result<Storage> {
    let kinds = sizes(name, "numbers of axes", &[n_batch, n_dense])?;
    Ok(Storage {
        layout,
        nse: given_nse(name, nse)?,
        n_batch: kinds[0],
        n_dense: kinds[1],
        index_dtype: index_dtype.unwrap_or(DType::I32),
    })
}

/// Ranges of axes.
fn ranges(starts: &[i64], limits: &[i64], strides: &[i64]) -> Result<SmallVec<[Range; 4]>> {
    let name = "bcoo_slice";
    let (starts, limits) = (sizes(name, "starts", starts)?, sizes(name, "limits", limits)?);
    let strides = match strides {
        [] => starts.iter().map(|_| 1).collect(),
        strides => sizes(name, "strides", strides)?,
    };
    if starts.len() != limits.len() || starts.len() != strides.len() {
        bail!(
            InvalidArgument,
            "{name} needs as many starts, limits and strides, got {starts:?}, {limits:?} and {strides:?}"
        );
    }
    let ranges = starts.iter().zip(&limits).zip(&strides);
    Ok(ranges.map(|((&start, &limit), &stride)| Range { start, limit, stride }).collect())
}

/// Data, indices, data, indices, …, and their shapes one after another.
fn joined(
    cx: &Scope,
    arrays: &[Value],
    shapes: &[i64],
    dimension: i64,
) -> Result<sparse::DataAndIndices> {
    let name = "bcoo_concatenate";
    let shapes = sizes(name, "sizes", shapes)?;
    let n = arrays.len() / 2;
    if n == 0
        || !arrays.len().is_multiple_of(2)
        || !shapes.len().is_multiple_of(n)
        || shapes.is_empty()
    {
        bail!(
            InvalidArgument,
            "{name} needs data, indices and a shape for each array, got {} and {shapes:?}",
            arrays.len()
        );
    }
    let rank = shapes.len() / n;
    let pairs = arrays.chunks_exact(2).zip(shapes.chunks_exact(rank));
    let arrays: Vec<Bcoo<'_>> =
        pairs.map(|(pair, shape)| Bcoo { data: &pair[0], indices: &pair[1], shape }).collect();
    sparse::bcoo_concatenate(cx, &arrays, jaxrs_data::normalize_axis(name, dimension, rank)?)
}

macro_rules! from_dense {
    ($name:literal, $layout:ident, $doc:literal) => {
        op!($name, $doc, (x)
            { nse: I64 = -1, NSE; n_batch: I64 = 0, BATCH; n_dense: I64 = 0, DENSE; index_dtype: DType = None, INDEX; }
            => list |cx| {
                let kinds = (n_batch, n_dense);
                sparse::from_dense(cx, x, storage($name, SparseLayout::$layout, nse, kinds, index_dtype)?)
            })
    };
    (matrix $name:literal, $layout:ident, $doc:literal) => {
        op!($name, $doc, (x) { nse: I64 = -1, NSE; index_dtype: DType = None, INDEX; }
            => list |cx| sparse::from_dense(cx, x, storage($name, SparseLayout::$layout, nse, (0, 0), index_dtype)?))
    };
}

macro_rules! compressed {
    ($todense:literal, $layout:ident, ($a:ident, $b:ident), $doc:literal) => {
        op!($todense, $doc, (data, $a, $b) { shape: I64s, SHAPE; } => |cx| {
            let arrays = [data.clone(), $a.clone(), $b.clone()];
            sparse::to_dense(cx, SparseLayout::$layout, &arrays, &sizes($todense, "sizes", shape)?)
        })
    };
}

macro_rules! matmul {
    ($name:literal, $layout:ident, ($a:ident, $b:ident), $doc:literal) => {
        op!($name, $doc, (data, $a, $b, x) { shape: I64s, SHAPE; transpose: Bool = false, TRANSPOSE; } => |cx| {
            let rank = if $name.ends_with("vec") { 1 } else { 2 };
            if x.ty().rank() != rank {
                bail!(Shape, "{} needs an array of {rank} axes on the right, got {}", $name, x.ty());
            }
            let shape = sizes($name, "sizes", shape)?;
            sparse::matmul(cx, SparseLayout::$layout, [data, $a, $b], &shape, x, transpose)
        })
    };
}

macro_rules! arranged {
    ($name:literal, $doc:literal, { $($attrs:tt)* }, |$cx:ident, $x:ident| $body:expr) => {
        op!($name, $doc, (data, indices) { shape: I64s, SHAPE; $($attrs)* }
            => list |$cx| both(with($name, (data, indices), shape, |$x| $body)))
    };
}

pub(super) static OPS: &[Op] = &[
    from_dense!(
        "bcoo_fromdense",
        Bcoo,
        "Data and indices of the elements of an array that are not zero, or of the blocks of its last axes."
    ),
    op!("bcoo_todense", "The dense array.", (data, indices) { shape: I64s, SHAPE; } => |cx| {
        let arrays = [data.clone(), indices.clone()];
        sparse::to_dense(cx, SparseLayout::Bcoo, &arrays, &sizes("bcoo_todense", "sizes", shape)?)
    }),
    op!("bcoo_extract", "The elements of a dense array at indices.", (indices, x)
        { assume_unique: Bool = true, "whether each index gets its element; else the first of equal ones gets it, and the others zero"; }
        => |cx| sparse::extract(cx, SparseLayout::Bcoo, std::slice::from_ref(indices), x, assume_unique)),
    op!("bcoo_dot_general", "The general dot product of a sparse array and a dense one.", (data, indices, rhs)
    { shape: I64s, SHAPE; lhs_contracting: I64s, LHS; rhs_contracting: I64s, RHS; lhs_batch: I64s = &[], LHS_BATCH;
      rhs_batch: I64s = &[], RHS_BATCH; preferred_element_type: DType = None, PREFERRED; }
    => |cx| {
        let shape = sizes("bcoo_dot_general", "sizes", shape)?;
        let ranks = (shape.len(), rhs.ty().rank());
        let (met, batch) = ((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch));
        let dot = dot("bcoo_dot_general", ranks, met, batch, preferred_element_type)?;
        sparse::dot_general(cx, SparseLayout::Bcoo, &[data.clone(), indices.clone()], &shape, rhs, dot)
    }),
    op!("bcoo_rdot_general", "The general dot product of a dense array and a sparse one.", (lhs, data, indices)
    { shape: I64s, SHAPE; lhs_contracting: I64s, LHS; rhs_contracting: I64s, RHS; lhs_batch: I64s = &[], LHS_BATCH;
      rhs_batch: I64s = &[], RHS_BATCH; preferred_element_type: DType = None, PREFERRED; }
    => |cx| with("bcoo_rdot_general", (data, indices), shape, |rhs| {
        let ranks = (lhs.ty().rank(), rhs.shape.len());
        let (met, batch) = ((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch));
        let dot = dot("bcoo_rdot_general", ranks, met, batch, preferred_element_type)?;
        sparse::bcoo_rdot_general(cx, lhs, rhs, dot)
    })),
    op!("bcoo_spdot_general", "The general dot product of two sparse arrays, as a sparse one.", (lhs_data, lhs_indices, rhs_data, rhs_indices)
    { lhs_shape: I64s, "the shape of the left operand"; rhs_shape: I64s, "the shape of the right operand";
      lhs_contracting: I64s, LHS; rhs_contracting: I64s, RHS; lhs_batch: I64s = &[], LHS_BATCH;
      rhs_batch: I64s = &[], RHS_BATCH; preferred_element_type: DType = None, PREFERRED; }
    => list |cx| {
        let name = "bcoo_spdot_general";
        let (left, right) = (sizes(name, "sizes", lhs_shape)?, sizes(name, "sizes", rhs_shape)?);
        let lhs = Bcoo { data: lhs_data, indices: lhs_indices, shape: &left };
        let rhs = Bcoo { data: rhs_data, indices: rhs_indices, shape: &right };
        let (met, batch) = ((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch));
        let dot = dot(name, (left.len(), right.len()), met, batch, preferred_element_type)?;
        both(sparse::bcoo_spdot_general(cx, lhs, rhs, dot))
    }),
    op!("bcoo_dot_general_sampled", "The elements of the general dot product of two dense arrays at indices.", (lhs, rhs, indices)
    { lhs_contracting: I64s, LHS; rhs_contracting: I64s, RHS; lhs_batch: I64s = &[], LHS_BATCH; rhs_batch: I64s = &[], RHS_BATCH; }
    => |cx| {
        let ranks = (lhs.ty().rank(), rhs.ty().rank());
        let (met, batch) = ((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch));
        let dot = dot("bcoo_dot_general_sampled", ranks, met, batch, None)?;
        sparse::bcoo_dot_general_sampled(cx, lhs, rhs, indices, dot)
    }),
    op!("bcoo_multiply_dense", "The data of the product, element by element, of a sparse array and a dense one that broadcasts to it.", (data, indices, v)
        { shape: I64s, SHAPE; }
        => |cx| with("bcoo_multiply_dense", (data, indices), shape, |x| sparse::bcoo_multiply_dense(cx, x, v))),
    op!("bcoo_multiply_sparse", "The product, element by element, of two sparse arrays.", (lhs_data, lhs_indices, rhs_data, rhs_indices)
    { lhs_shape: I64s, "the shape of the left operand"; rhs_shape: I64s, "the shape of the right operand"; }
    => list |cx| both(with("bcoo_multiply_sparse", (lhs_data, lhs_indices), lhs_shape, |x| {
        with("bcoo_multiply_sparse", (rhs_data, rhs_indices), rhs_shape, |y| sparse::bcoo_multiply_sparse(cx, x, y))
    }))),
    arranged!("bcoo_transpose", "The array with its axes permuted, batch, sparse and dense ones each among themselves.",
        { permutation: I64s, "which axis comes where"; },
        |cx, x| sparse::bcoo_transpose(cx, x, &lax::axes_in_order("bcoo_transpose", permutation, x.shape.len())?)),
    arranged!(
        "bcoo_sort_indices",
        "The array with its elements in the order of their indices.",
        {},
        |cx, x| sparse::bcoo_sort_indices(cx, x)
    ),
    arranged!("bcoo_sum_duplicates", "The array with one element for each index, in order.", { nse: I64 = -1, NSE; },
        |cx, x| sparse::bcoo_sum_duplicates(cx, x, given_nse("bcoo_sum_duplicates", nse)?)),
    arranged!("bcoo_eliminate_zeros", "The array without elements that are zero, and with one for each index.", { nse: I64 = -1, NSE; },
        |cx, x| sparse::bcoo_eliminate_zeros(cx, x, given_nse("bcoo_eliminate_zeros", nse)?)),
    arranged!("bcoo_reduce_sum", "The sums over axes.", { axes: I64s, "which axes"; },
        |cx, x| sparse::bcoo_reduce_sum(cx, x, &Axes::new("bcoo_reduce_sum", axes, x.shape.len())?)),
    arranged!("bcoo_rev", "The array reversed along axes.", { dimensions: I64s, "which axes"; },
        |cx, x| sparse::bcoo_rev(cx, x, &Axes::new("bcoo_rev", dimensions, x.shape.len())?)),
    arranged!("bcoo_squeeze", "The array without axes of size 1.", { dimensions: I64s, "which axes"; },
        |cx, x| sparse::bcoo_squeeze(cx, x, dimensions)),
    arranged!("bcoo_reshape", "The array with other sizes, where batch, sparse and dense axes do not mix.",
        { new_sizes: I64s, "the sizes"; },
        |cx, x| sparse::bcoo_reshape(cx, x, &sizes("bcoo_reshape", "sizes", new_sizes)?)),
    arranged!("bcoo_broadcast_in_dim", "The array repeated along new axes, and along batch and dense axes of size 1.",
    { new_sizes: I64s, "the sizes of the result"; broadcast_dimensions: I64s, "which axis of the result each axis becomes"; },
    |cx, x| {
        let name = "bcoo_broadcast_in_dim";
        let dims = sizes(name, "axes", broadcast_dimensions)?;
        sparse::bcoo_broadcast_in_dim(cx, x, &sizes(name, "sizes", new_sizes)?, &dims)
    }),
    arranged!("bcoo_slice", "A static part of the array.",
        { start_indices: I64s, "where it starts"; limit_indices: I64s, "where it ends"; strides: I64s = &[], "how far from one to the next; 1 if the list is empty"; },
        |cx, x| sparse::bcoo_slice(cx, x, &ranges(start_indices, limit_indices, strides)?)),
    op!("bcoo_dynamic_slice", "A part of the array from scalar starts, one for each axis, moved so that it fits.", (data, indices [starts])
    { shape: I64s, SHAPE; slice_sizes: I64s, "the sizes of the part"; }
    => list |cx| both(with("bcoo_dynamic_slice", (data, indices), shape, |x| {
        sparse::bcoo_dynamic_slice(cx, x, starts, &sizes("bcoo_dynamic_slice", "sizes", slice_sizes)?)
    }))),
    op!("bcoo_gather", "Windows of the array at many positions, all of which fit; dimension numbers are those of StableHLO.", (data, indices, start_indices)
    { shape: I64s, SHAPE; offset_dims: I64s, "axes of the result that run over windows";
      collapsed_slice_dims: I64s, "axes of the array, of window size 1, that the result does not have";
      start_index_map: I64s, "for each component of an index, the axis of the array"; slice_sizes: I64s, "the sizes of a window"; }
    => list |cx| both(with("bcoo_gather", (data, indices), shape, |x| {
        let axes = |what: &str, list: &[i64]| lax::sizes("bcoo_gather", what, list);
        sparse::bcoo_gather(cx, x, start_indices, &Gather {
            offset_dims: axes("offset_dims", offset_dims)?,
            collapsed_slice_dims: axes("collapsed_slice_dims", collapsed_slice_dims)?,
            start_index_map: axes("start_index_map", start_index_map)?,
            operand_batching_dims: SmallVec::new(),
            start_indices_batching_dims: SmallVec::new(),
            slice_sizes: axes("slice_sizes", slice_sizes)?.into_iter().collect(),
            mode: IndexMode::PromiseInBounds,
            fill_value: None,
        })
    }))),
    op!("bcoo_conv_general_dilated", "The convolution, along the last of three axes, of arrays whose first two have size 1, n + low + high - m + 1 long for sizes n and m; the kernel is not turned around.",
    (lhs_data, lhs_indices, rhs_data, rhs_indices)
    { lhs_shape: I64s, "the shape of the array"; rhs_shape: I64s, "the shape of the kernel";
      padding: Str = "VALID", PADDING; pads: I64s = &[], "low and high padding, instead of `padding`"; }
    => list |cx| both(with("bcoo_conv_general_dilated", (lhs_data, lhs_indices), lhs_shape, |x| {
        with("bcoo_conv_general_dilated", (rhs_data, rhs_indices), rhs_shape, |y| {
            sparse::bcoo_conv_general_dilated(cx, x, y, PadPairs::new(padding, pads)?.padding()?)
        })
    }))),
    arranged!("bcoo_update_layout", "The same array with other numbers of batch and dense axes.",
    { n_batch: I64 = -1, "how many axes are batches; as many as now if -1"; n_dense: I64 = -1, "how many axes are stored whole; as many as now if -1";
      on_inefficient: Str = "error", "what happens where many zeros would be stored: `error`, `warn` or `none`"; },
    |cx, x| {
        x.check("bcoo_update_layout")?;
        let to = kinds(&x, n_batch, n_dense)?;
        sparse::bcoo_update_layout(cx, x, to, OnInefficient::from_name(on_inefficient)?)
    }),
    op!("bcoo_concatenate", "Arrays joined along a batch or sparse axis: data and indices of each in turn.", ([arrays])
        { shapes: I64s, "the shapes of all, one after another"; dimension: I64, "along which axis"; }
        => list |cx| both(joined(cx, arrays, shapes, dimension))),
    from_dense!(
        "bcsr_fromdense",
        Bcsr,
        "Data, columns and starts of rows of the elements of an array that are not zero."
    ),
    compressed!("bcsr_todense", Bcsr, (indices, indptr), "The dense array."),
    op!("bcsr_extract", "The elements of a dense array at indices.", (indices, indptr, x)
        => |cx| sparse::extract(cx, SparseLayout::Bcsr, &[indices.clone(), indptr.clone()], x, true)),
    op!("bcsr_dot_general", "The general dot product of a sparse array and a dense one.", (data, indices, indptr, rhs)
    { shape: I64s, SHAPE; lhs_contracting: I64s, LHS; rhs_contracting: I64s, RHS; lhs_batch: I64s = &[], LHS_BATCH;
      rhs_batch: I64s = &[], RHS_BATCH; preferred_element_type: DType = None, PREFERRED; }
    => |cx| {
        let shape = sizes("bcsr_dot_general", "sizes", shape)?;
        let ranks = (shape.len(), rhs.ty().rank());
        let (met, batch) = ((lhs_contracting, rhs_contracting), (lhs_batch, rhs_batch));
        let dot = dot("bcsr_dot_general", ranks, met, batch, preferred_element_type)?;
        let arrays = [data.clone(), indices.clone(), indptr.clone()];
        sparse::dot_general(cx, SparseLayout::Bcsr, &arrays, &shape, rhs, dot)
    }),
    op!("bcsr_to_bcoo", "The indices of bcsr as bcoo has them.", (indices, indptr) => |cx| sparse::bcsr_to_bcoo(cx, indices, indptr)),
    op!("bcoo_to_bcsr", "Indices of bcoo, in order, as bcsr has them: columns and starts of rows.", (indices) { shape: I64s, SHAPE; }
        => list |cx| sparse::bcoo_to_bcsr(cx, indices, &sizes("bcoo_to_bcsr", "sizes", shape)?).map(Vec::from)),
    from_dense!(matrix "coo_fromdense", Coo, "Data, rows and columns of the elements of a matrix that are not zero."),
    compressed!("coo_todense", Coo, (row, col), "The dense matrix."),
    matmul!("coo_matvec", Coo, (row, col), "The product of a sparse matrix and a vector."),
    matmul!("coo_matmat", Coo, (row, col), "The product of a sparse matrix and a dense one."),
    from_dense!(matrix "csr_fromdense", Csr, "Data, columns and starts of rows of the elements of a matrix that are not zero."),
    compressed!("csr_todense", Csr, (indices, indptr), "The dense matrix."),
    matmul!("csr_matvec", Csr, (indices, indptr), "The product of a sparse matrix and a vector."),
    matmul!(
        "csr_matmat",
        Csr,
        (indices, indptr),
        "The product of a sparse matrix and a dense one."
    ),
    op!("spsolve", "The solution of linear equations whose matrix is sparse.", (data, indices, indptr, b)
        { tol: F64 = 1e-6, "from which size on a pivot counts as zero; nothing here heeds it"; reorder: I64 = 1, "how columns are ordered, from 0 to 3; nothing here heeds it"; }
        => |cx| sparse::spsolve(cx, [data, indices, indptr], b, tol, reorder)),
    op!("todense", "The dense array of data and indices of any layout, or of a dense array as it is.", ([arrays])
    { layout: Str, "`bcoo`, `bcsr`, `coo`, `csr` or `dense`"; shape: I64s, SHAPE; }
    => |cx| {
        let shape: Shape = sizes("todense", "sizes", shape)?.into_iter().collect();
        sparse::any_to_dense(cx, layout, arrays, &shape)
    }),
];

//! From dense arrays, to dense ones, and from one layout to another.

use jaxrs_data::{Axes, DType, Result, Shape, bail};
use jaxrs_ir::prims::{
    SparseExtract, SparseFromDense, SparseInfo, SparseLayout, SparseToDense, coordinates,
};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::Scope;

use super::number;
use crate::operands::constant_like;

/// The dense array of data and indices of some layout.
pub fn to_dense(
    cx: &Scope,
    layout: SparseLayout,
    arrays: &[Value],
    shape: &[usize],
) -> Result<Value> {
    ops::bind1(cx, SparseToDense { layout, info: SparseInfo::of(shape), any: false }, arrays)
}

/// The dense array of data and indices of any layout, or a dense array as it is.
pub fn any_to_dense(cx: &Scope, layout: &str, arrays: &[Value], shape: &[usize]) -> Result<Value> {
    let Some(layout) = SparseLayout::from_name(layout) else {
        bail!(
            InvalidArgument,
            "todense needs layout bcoo, bcsr, coo, csr or dense, got {layout:?}"
        );
    };
    ops::bind1(cx, SparseToDense { layout, info: SparseInfo::of(shape), any: true }, arrays)
}

/// How a dense array is to be stored.
#[derive(Clone, Copy, Debug)]
pub struct Storage {
    /// With which arrays of indices.
    pub layout: SparseLayout,
    /// How many elements, in each batch; as many as there are, which the array has to be known for, if none.
    pub nse: Option<usize>,
    /// How many axes are batches.
    pub n_batch: usize,
    /// How many axes are stored whole.
    pub n_dense: usize,
    /// The element type of indices.
    pub index_dtype: DType,
}

/// The data and indices of a dense array.
pub fn from_dense(cx: &Scope, x: &Value, storage: Storage) -> Result<Vec<Value>> {
    let Storage { layout, n_batch, n_dense, index_dtype, .. } = storage;
    if n_batch + n_dense > x.ty().rank() {
        bail!(Shape, "{n_batch} batch and {n_dense} dense axes are more than {} has", x.ty());
    }
    let nse = match storage.nse {
        Some(nse) => nse,
        None => number(
            cx,
            "nse",
            "a sparse array of a dense one",
            &count_stored(cx, x, n_batch, n_dense)?,
        )?,
    };
    let prim = SparseFromDense { layout, nse, n_batch, n_dense, index_dtype };
    Ok(cx.bind(&prim.into(), std::slice::from_ref(x))?.into_vec())
}

/// How many elements, or blocks, of each batch are not zero.
fn count_stored(cx: &Scope, x: &Value, n_batch: usize, n_dense: usize) -> Result<Value> {
    let rank = x.ty().rank();
    let differs = ops::compare(cx, Compare::Ne, x, &constant_like(x, 0.0))?;
    let any = ops::reduce(cx, ReduceOp::Or, &differs, Axes::from_distinct(rank - n_dense..rank))?;
    let count = ops::convert(cx, &any, DType::I32)?;
    ops::reduce_sum(cx, &count, n_batch..rank - n_dense)
}

/// The elements of a dense array at indices.
pub fn extract(
    cx: &Scope,
    layout: SparseLayout,
    indices: &[Value],
    x: &Value,
    assume_unique: bool,
) -> Result<Value> {
    let operands: Vec<Value> = indices.iter().chain([x]).cloned().collect();
    ops::bind1(cx, SparseExtract { layout, assume_unique }, &operands)
}

/// The indices of `bcsr` as `bcoo` has them.
pub fn bcsr_to_bcoo(cx: &Scope, indices: &Value, indptr: &Value) -> Result<Value> {
    let (n, m) = (indices.ty(), indptr.ty());
    if n.rank() == 0 || n.rank() != m.rank() || !n.dtype.is_integer() || !m.dtype.is_integer() {
        bail!(Shape, "bcsr_to_bcoo needs integers with the same batches, got {n} and {m}");
    }
    SparseLayout::Bcsr.coordinates(cx, &[indices.clone(), indptr.clone()])
}

/// The indices of `bcoo`, in order, as `bcsr` has them.
pub fn bcoo_to_bcsr(cx: &Scope, indices: &Value, shape: &[usize]) -> Result<[Value; 2]> {
    let ty = indices.ty();
    let n_batch = ty.rank().saturating_sub(2);
    if ty.rank() < 2 || ty.shape[n_batch + 1] != 2 || shape.len() < n_batch + 2 {
        let shape = Shape::new(shape);
        bail!(
            Shape,
            "bcoo_to_bcsr needs indices of 2 sparse axes of an array of shape {shape}, got {ty}"
        );
    }
    let rows = coordinates::component(cx, indices, 0)?;
    let columns = coordinates::component(cx, indices, 1)?;
    Ok([columns, coordinates::row_starts(cx, &rows, shape[n_batch])?])
}

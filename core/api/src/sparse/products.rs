//! Products with sparse arrays.

use jaxrs_data::{Result, Shape, SmallVec, bail};
use jaxrs_ir::prims::{
    BcooDotGeneralSampled, BcooSpdotGeneral, DotGeneral, SparseDotGeneral, SparseInfo,
    SparseLayout, SparseMatmul, Spsolve, coordinates,
};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

use super::{Bcoo, DataAndIndices, extract};
use crate::operands::promoted;

/// `dot_general` of a sparse array, as data and indices of layout `bcoo` or `bcsr`, and a dense one.
pub fn dot_general(
    cx: &Scope,
    layout: SparseLayout,
    arrays: &[Value],
    shape: &[usize],
    rhs: &Value,
    dot: DotGeneral,
) -> Result<Value> {
    let [data, rhs] = promoted(cx, [&arrays[0], rhs])?;
    let operands: Vec<Value> =
        [data].into_iter().chain(arrays[1..].iter().cloned()).chain([rhs]).collect();
    ops::bind1(cx, SparseDotGeneral { layout, dot, info: SparseInfo::of(shape) }, &operands)
}

/// `dot_general` of a dense array and a sparse one.
pub fn bcoo_rdot_general(cx: &Scope, lhs: &Value, rhs: Bcoo<'_>, dot: DotGeneral) -> Result<Value> {
    let n_batch = dot.lhs_batch.len();
    let n_right = rhs.shape.len().saturating_sub(dot.rhs_contracting.len());
    let reversed = DotGeneral {
        lhs_contracting: dot.rhs_contracting,
        rhs_contracting: dot.lhs_contracting,
        lhs_batch: dot.rhs_batch,
        rhs_batch: dot.lhs_batch,
        preferred_element_type: dot.preferred_element_type,
    };
    let arrays = [rhs.data.clone(), rhs.indices.clone()];
    let product = dot_general(cx, SparseLayout::Bcoo, &arrays, rhs.shape, lhs, reversed)?;
    let order = (0..n_batch).chain(n_right..product.ty().rank()).chain(n_batch..n_right);
    ops::transpose(cx, &product, &order.collect::<SmallVec<[usize; 4]>>())
}

/// `dot_general` of two sparse arrays, as a sparse one.
pub fn bcoo_spdot_general(
    cx: &Scope,
    lhs: Bcoo<'_>,
    rhs: Bcoo<'_>,
    dot: DotGeneral,
) -> Result<DataAndIndices> {
    let [left, right] = promoted(cx, [lhs.data, rhs.data])?;
    let prim = BcooSpdotGeneral { dot, lhs: lhs.info(), rhs: rhs.info() };
    let operands = [left, lhs.indices.clone(), right, rhs.indices.clone()];
    let mut outputs = cx.bind(&prim.into(), &operands)?;
    let indices = outputs.swap_remove(1);
    Ok((outputs.swap_remove(0), indices))
}

/// The elements of `dot_general` of two dense arrays at indices.
pub fn bcoo_dot_general_sampled(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    indices: &Value,
    dot: DotGeneral,
) -> Result<Value> {
    let [lhs, rhs] = promoted(cx, [lhs, rhs])?;
    ops::bind1(cx, BcooDotGeneralSampled { dot }, &[lhs, rhs, indices.clone()])
}

/// The product of a sparse matrix of layout `coo` or `csr`, or its transpose, with a vector or matrix.
pub fn matmul(
    cx: &Scope,
    layout: SparseLayout,
    arrays: [&Value; 3],
    shape: &[usize],
    other: &Value,
    transpose: bool,
) -> Result<Value> {
    let matrix = other.ty().rank() == 2;
    let [data, other] = promoted(cx, [arrays[0], other])?;
    let prim = SparseMatmul { layout, matrix, transpose, info: SparseInfo::of(shape) };
    ops::bind1(cx, prim, &[data, arrays[1].clone(), arrays[2].clone(), other])
}

/// The data of the product, element by element, of a sparse array and a dense one that broadcasts to it.
pub fn bcoo_multiply_dense(cx: &Scope, x: Bcoo<'_>, v: &Value) -> Result<Value> {
    let name = "bcoo_multiply_dense";
    x.check(name)?;
    let [data, v] = promoted(cx, [x.data, v])?;
    if v.ty().rank() == 0 {
        return ops::mul(cx, &data, &v);
    }
    let skipped = x.shape.len().checked_sub(v.ty().rank());
    let fits = skipped.is_some_and(|n| {
        v.shape().iter().zip(&x.shape[n..]).all(|(&have, &need)| have == 1 || have == need)
    });
    let Some(skipped) = skipped.filter(|_| fits) else {
        let shape = Shape::new(x.shape);
        bail!(Shape, "{name} needs an array that broadcasts to {shape}, got {}", v.ty());
    };
    let shape = Shape::new(x.shape);
    let v = ops::broadcast_in_dim(cx, &v, &shape, skipped..shape.rank())?;
    let met = extract(cx, SparseLayout::Bcoo, std::slice::from_ref(x.indices), &v, true)?;
    let data = coordinates::with_batch(cx, &data, &x.shape[..x.n_batch()])?;
    ops::mul(cx, &data, &met)
}

/// The solution of equations whose matrix has the layout `csr`.
pub fn spsolve(
    cx: &Scope,
    arrays: [&Value; 3],
    b: &Value,
    tol: f64,
    reorder: i64,
) -> Result<Value> {
    let tol = format!("{tol:e}").into();
    let operands = [arrays[0].clone(), arrays[1].clone(), arrays[2].clone(), b.clone()];
    ops::bind1(cx, Spsolve { tol, reorder }, &operands)
}

//! What derivatives of factorisations are written with: operations on the last two axes of arrays.

use jaxrs_data::{DType, Result, Shape, SmallVec};
use jaxrs_kernel::Compare;
use jaxrs_linalg::Triangular;

use super::{Lu, TriangularSolve};
use crate::prims::DotGeneral;
use crate::prims::sort::take_along;
use crate::{Cx, Value, ops};

/// The sizes of the last two axes.
pub fn dims(x: &Value) -> (usize, usize) {
    let rank = x.ty().rank();
    (x.shape()[rank - 2], x.shape()[rank - 1])
}

/// The transposes.
pub fn transpose(cx: Cx<'_>, x: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let mut permutation: SmallVec<[usize; 4]> = (0..rank).collect();
    permutation.swap(rank - 2, rank - 1);
    ops::transpose(cx, x, &permutation)
}

/// The conjugates; real numbers are theirs.
pub fn conj(cx: Cx<'_>, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() { ops::conj(cx, x) } else { Ok(x.clone()) }
}

/// The conjugate transposes.
pub fn adjoint(cx: Cx<'_>, x: &Value) -> Result<Value> {
    conj(cx, &transpose(cx, x)?)
}

/// The real parts; real numbers are theirs.
pub fn real(cx: Cx<'_>, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() { ops::real(cx, x) } else { Ok(x.clone()) }
}

/// The matrix products; leading axes are the same.
pub fn matmul(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let batch: SmallVec<[usize; 4]> = (0..rank - 2).collect();
    let dot = DotGeneral {
        lhs_contracting: SmallVec::from_slice(&[rank - 1]),
        rhs_contracting: SmallVec::from_slice(&[rank - 2]),
        lhs_batch: batch.clone(),
        rhs_batch: batch,
        preferred_element_type: None,
    };
    ops::dot_general(cx, dot, x, y)
}

/// Where `row + offset` compares so with the column.
fn mask(cx: Cx<'_>, shape: &Shape, compare: Compare, offset: i64) -> Result<Value> {
    let rank = shape.rank();
    let rows = ops::iota(cx, DType::I32, shape, rank - 2)?;
    let rows = ops::offset(cx, &rows, offset as f64)?;
    ops::compare(cx, compare, &rows, &ops::iota(cx, DType::I32, shape, rank - 1)?)
}

fn masked(cx: Cx<'_>, x: &Value, compare: Compare, offset: i64) -> Result<Value> {
    let mask = mask(cx, x.shape(), compare, offset)?;
    let zero = ops::full(cx, &x.ty().with_weak(false), jaxrs_data::Scalar::Int(0))?;
    ops::select(cx, &mask, x, &zero)
}

/// The elements on and below a diagonal.
pub fn tril(cx: Cx<'_>, x: &Value, k: i64) -> Result<Value> {
    masked(cx, x, Compare::Ge, k)
}

/// The elements on and above a diagonal.
pub fn triu(cx: Cx<'_>, x: &Value, k: i64) -> Result<Value> {
    masked(cx, x, Compare::Le, k)
}

/// The elements on the diagonals.
pub fn diagonal(cx: Cx<'_>, x: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let (m, n) = dims(x);
    let only = masked(cx, x, Compare::Eq, 0)?;
    ops::reduce_sum(cx, &only, [if m <= n { rank - 1 } else { rank - 2 }])
}

/// Identity matrices in an array of a shape.
pub fn eye(cx: Cx<'_>, dtype: DType, shape: &Shape) -> Result<Value> {
    ops::convert(cx, &mask(cx, shape, Compare::Eq, 0)?, dtype)
}

/// A vector for each matrix, as the rows of an array of `n` rows.
pub fn as_rows(cx: Cx<'_>, x: &Value, n: usize) -> Result<Value> {
    let rank = x.ty().rank();
    let shape = x.shape().with(rank - 1, n);
    ops::broadcast_in_dim(cx, x, &shape, (0..=rank).filter(|&axis| axis != rank - 1))
}

/// A vector for each matrix, as the columns of an array of `n` columns.
pub fn as_columns(cx: Cx<'_>, x: &Value, n: usize) -> Result<Value> {
    let rank = x.ty().rank();
    let shape = x.shape().with(rank, n);
    ops::broadcast_in_dim(cx, x, &shape, 0..rank)
}

/// Some rows and columns.
pub fn block(
    cx: Cx<'_>,
    x: &Value,
    rows: std::ops::Range<usize>,
    cols: std::ops::Range<usize>,
) -> Result<Value> {
    let rank = x.ty().rank();
    let x = ops::slice_in_dim(cx, x, rank - 2, rows.start, rows.end)?;
    ops::slice_in_dim(cx, &x, rank - 1, cols.start, cols.end)
}

/// Rows in another order, for each matrix its own.
pub fn take_rows(cx: Cx<'_>, x: &Value, order: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    let (_, n) = dims(x);
    take_along(cx, rank - 2, x, &as_columns(cx, order, n)?)
}

/// Columns in another order, for each matrix its own.
pub fn take_columns(cx: Cx<'_>, x: &Value, order: &Value) -> Result<Value> {
    let (m, _) = dims(x);
    take_along(cx, x.ty().rank() - 1, x, &as_rows(cx, order, m)?)
}

/// The system with the upper triangle, unknowns on the right.
pub const UPPER: Triangular = Triangular {
    left_side: true,
    lower: false,
    transpose_a: false,
    conjugate_a: false,
    unit_diagonal: false,
};

/// The system with the lower triangle, unknowns on the right.
pub const LOWER: Triangular = Triangular { lower: true, ..UPPER };

/// The solution of a triangular system.
pub fn triangular_solve(cx: Cx<'_>, how: Triangular, a: &Value, b: &Value) -> Result<Value> {
    ops::bind1(cx, TriangularSolve(how), &[a.clone(), b.clone()])
}

/// How a matrix is turned before a system with it is solved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    /// It is not.
    Plain,
    /// It is transposed.
    Transpose,
    /// It is transposed and conjugated.
    Adjoint,
}

/// The solution of `op(A) X = B` by the factors of `A` and the order of its rows.
pub fn lu_solve(
    cx: Cx<'_>,
    factors: &Value,
    permutation: &Value,
    b: &Value,
    op: Op,
) -> Result<Value> {
    let unit = Triangular { unit_diagonal: true, ..LOWER };
    if op == Op::Plain {
        let b = take_rows(cx, b, permutation)?;
        let b = triangular_solve(cx, unit, factors, &b)?;
        return triangular_solve(cx, UPPER, factors, &b);
    }
    let turned = |how| Triangular { transpose_a: true, conjugate_a: op == Op::Adjoint, ..how };
    let b = triangular_solve(cx, turned(UPPER), factors, b)?;
    let b = triangular_solve(cx, turned(unit), factors, &b)?;
    take_rows(cx, &b, &inverse_order(cx, permutation)?)
}

/// The permutation that undoes each.
pub fn inverse_order(cx: Cx<'_>, permutation: &Value) -> Result<Value> {
    let dimension = permutation.ty().rank() - 1;
    let places = ops::iota(cx, permutation.ty().dtype, permutation.shape(), dimension)?;
    let sort = crate::prims::Sort { dimension, num_keys: 1, is_stable: true };
    Ok(cx.bind(&sort.into(), &[permutation.clone(), places])?.swap_remove(1))
}

/// The solution of `A X = B`.
pub fn solve(cx: Cx<'_>, a: &Value, b: &Value) -> Result<Value> {
    let outputs = cx.bind(&Lu.into(), std::slice::from_ref(a))?;
    lu_solve(cx, &outputs[0], &outputs[2], b, Op::Plain)
}

//! `jax.lax.linalg`: factorisations and solvers as the primitives have them, on the last axes of arrays.

use jaxrs_data::{Result, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::prims::{
    self, Eig, Eigh, Geqp3, Geqrf, Hessenberg, HouseholderProduct, Lu, LuPivotsToPermutation,
    Ormqr, Prim, Qr, Schur, Svd, TriangularSolve, Tridiagonal, TridiagonalSolve,
};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_linalg::Triangular;
use jaxrs_transform::Scope;

/// Several results of a primitive.
fn all(cx: &Scope, prim: impl Into<Prim>, operands: &[&Value]) -> Result<Vec<Value>> {
    let operands: Vec<Value> = operands.iter().map(|&x| x.clone()).collect();
    Ok(cx.bind(&prim.into(), &operands)?.into_iter().collect())
}

fn one(cx: &Scope, prim: impl Into<Prim>, operands: &[&Value]) -> Result<Value> {
    let operands: Vec<Value> = operands.iter().map(|&x| x.clone()).collect();
    ops::bind1(cx, prim, &operands)
}

/// `(X + Xᴴ) / 2`.
pub(crate) fn symmetrize(cx: &Scope, name: &str, x: &Value) -> Result<Value> {
    let ty = x.ty();
    if ty.rank() < 2 || ty.shape[ty.rank() - 1] != ty.shape[ty.rank() - 2] {
        bail!(Shape, "{name} needs square matrices, got {ty}");
    }
    let sum = ops::add(cx, x, &formula::adjoint(cx, x)?)?;
    ops::div(cx, &sum, &ops::scalar_like(&sum, 2.0))
}

/// The lower triangular factor of a positive definite matrix, which is made Hermitian first if so.
pub fn cholesky(cx: &Scope, x: &Value, symmetrize_input: bool) -> Result<Value> {
    let x = if symmetrize_input { symmetrize(cx, "cholesky", x)? } else { x.clone() };
    formula::tril(cx, &one(cx, prims::Cholesky, &[&x])?, 0)
}

/// Both factors in one matrix, the rows that rows were exchanged with, and the order of rows.
pub fn lu(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    all(cx, Lu, &[x])
}

/// The order of rows that exchanges lead to.
pub fn lu_pivots_to_permutation(
    cx: &Scope,
    pivots: &Value,
    permutation_size: usize,
) -> Result<Value> {
    one(cx, LuPivotsToPermutation { permutation_size }, &[pivots])
}

/// The solution of a system with a triangle of a matrix.
pub fn triangular_solve(cx: &Scope, a: &Value, b: &Value, how: Triangular) -> Result<Value> {
    one(cx, TriangularSolve(how), &[a, b])
}

/// The solution of a system with a tridiagonal matrix, which may be moved a little where it is singular.
pub fn tridiagonal_solve(
    cx: &Scope,
    [dl, d, du]: [&Value; 3],
    b: &Value,
    perturb_singular: bool,
) -> Result<Value> {
    one(cx, TridiagonalSolve { perturb_singular }, &[dl, d, du, b])
}

/// `Q` and `R`, and with pivoting the order of columns.
pub fn qr(cx: &Scope, x: &Value, pivoting: bool, full_matrices: bool) -> Result<Vec<Value>> {
    all(cx, Qr { full_matrices, pivoting }, &[x])
}

/// `R` with reflectors below the diagonal, and their factors.
pub fn geqrf(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    all(cx, Geqrf, &[x])
}

/// The same with columns in order, and that order, counted from 1, between the two.
pub fn geqp3(cx: &Scope, x: &Value, jpvt: &Value) -> Result<Vec<Value>> {
    all(cx, Geqp3, &[x, jpvt])
}

/// The first columns of a product of reflectors.
pub fn householder_product(cx: &Scope, a: &Value, taus: &Value) -> Result<Value> {
    one(cx, HouseholderProduct, &[a, taus])
}

/// The product of a product of reflectors and a matrix.
pub fn ormqr(
    cx: &Scope,
    a: &Value,
    taus: &Value,
    c: &Value,
    left: bool,
    transpose: bool,
) -> Result<Value> {
    one(cx, Ormqr { left, transpose }, &[a, taus, c])
}

/// Eigenvectors and eigenvalues of a matrix, which is made Hermitian first if so.
pub fn eigh(cx: &Scope, x: &Value, lower: bool, symmetrize_input: bool) -> Result<Vec<Value>> {
    let x = if symmetrize_input { symmetrize(cx, "eigh", x)? } else { x.clone() };
    all(cx, Eigh { lower, sort_eigenvalues: true, subset_by_index: None }, &[&x])
}

/// Eigenvalues, and left and right eigenvectors, if they are asked for.
pub fn eig(cx: &Scope, x: &Value, eig: Eig) -> Result<Vec<Value>> {
    all(cx, eig, &[x])
}

/// `U`, the singular values and `Vᴴ`; or the values alone.
pub fn svd(cx: &Scope, x: &Value, full_matrices: bool, compute_uv: bool) -> Result<Vec<Value>> {
    let mut results = all(cx, Svd { compute_uv, full_matrices, subset_by_index: None }, &[x])?;
    if compute_uv {
        results.swap(0, 1);
    }
    Ok(results)
}

/// The Schur form, and the vectors, if they are asked for.
pub fn schur(cx: &Scope, x: &Value, compute_schur_vectors: bool) -> Result<Vec<Value>> {
    all(cx, Schur { compute_schur_vectors }, &[x])
}

/// The Hessenberg form with reflectors below the subdiagonal, and their factors.
pub fn hessenberg(cx: &Scope, x: &Value) -> Result<Vec<Value>> {
    all(cx, Hessenberg, &[x])
}

/// The tridiagonal form with reflectors, its diagonal, what lies beside it, and the reflectors' factors.
pub fn tridiagonal(cx: &Scope, x: &Value, lower: bool) -> Result<Vec<Value>> {
    all(cx, Tridiagonal { lower }, &[x])
}

/// The upper triangular factor of `RᵀR + w wᵀ`, by a rotation for each row.
pub fn cholesky_update(cx: &Scope, r: &Value, w: &Value) -> Result<Value> {
    let n = w.shape().first().copied().unwrap_or(0);
    let is_real = r.ty().dtype.is_float() && r.ty().dtype == w.ty().dtype;
    if w.ty().rank() != 1 || r.shape()[..] != [n, n] || !is_real {
        let (r, w) = (r.ty(), w.ty());
        bail!(
            Shape,
            "cholesky_update needs a square matrix and a vector of its size, real, got {r} and {w}"
        );
    }
    let (mut rows, mut rest) = (Vec::new(), w.clone());
    for k in 0..n {
        let row = ops::squeeze(cx, &ops::slice_in_dim(cx, r, 0, k, k + 1)?, [0])?;
        let at = |x: &Value| ops::squeeze(cx, &ops::slice_in_dim(cx, x, 0, k, k + 1)?, [0]);
        let [c, s] = rotation(cx, &at(&row)?, &at(&rest)?)?;
        let rotated = ops::sub(cx, &ops::mul(cx, &c, &row)?, &ops::mul(cx, &s, &rest)?)?;
        rest = ops::add(cx, &ops::mul(cx, &c, &rest)?, &ops::mul(cx, &s, &row)?)?;
        rows.push(ops::reshape(cx, &rotated, &[1, n].into())?);
    }
    if rows.is_empty() { Ok(r.clone()) } else { ops::concatenate(cx, &rows, 0) }
}

/// Cosine and negated sine of the rotation that makes `y` 0.
fn rotation(cx: &Scope, x: &Value, y: &Value) -> Result<[Value; 2]> {
    let (one, zero) = (ops::scalar_like(x, 1.0), ops::scalar_like(x, 0.0));
    let size = |x: &Value| ops::unary(cx, prims::Unary::Abs, x);
    let larger = ops::binary(cx, prims::Binary::Max, &size(x)?, &size(y)?)?;
    let is_zero = ops::compare(cx, Compare::Eq, y, &zero)?;
    let safe = ops::select(cx, &is_zero, &one, &larger)?;
    let (x, y) = (ops::div(cx, x, &safe)?, ops::div(cx, y, &safe)?);
    let length = ops::add(cx, &ops::mul(cx, &x, &x)?, &ops::mul(cx, &y, &y)?)?;
    let length = ops::select(cx, &is_zero, &one, &length)?;
    let inverse = ops::div(cx, &one, &ops::unary(cx, prims::Unary::Sqrt, &length)?)?;
    let c = ops::select(cx, &is_zero, &one, &ops::mul(cx, &x, &inverse)?)?;
    let s = ops::neg(cx, &ops::mul(cx, &y, &inverse)?)?;
    Ok([c, ops::select(cx, &is_zero, &zero, &s)?])
}

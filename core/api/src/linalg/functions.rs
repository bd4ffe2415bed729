//! Square roots, polar decompositions, and eigenvalues of tridiagonal matrices.

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, fori_loop};

use super::schur::{element, index, part, schur};
use crate::lax;
use crate::numpy;
use crate::numpy::linalg::{matrix_dims, square};
use crate::operands::{constant_like, to_inexact};

/// The principal square root of a matrix, which is complex (Björck & Hammarling 1983).
pub fn sqrtm(cx: &Scope, a: &Value) -> Result<Value> {
    if a.ty().rank() != 2 {
        bail!(Shape, "sqrtm needs a square matrix, got {}", a.ty());
    }
    square("sqrtm", a)?;
    let results = schur(cx, a, "complex")?;
    let (t, z) = (&results[0], &results[1]);
    let root = root_of_triangle(cx, t)?;
    let product = formula::matmul(cx, z, &root)?;
    formula::matmul(cx, &product, &formula::adjoint(cx, z)?)
}

/// Column after column, each from the diagonal upwards.
fn root_of_triangle(cx: &Scope, t: &Value) -> Result<Value> {
    let (n, _) = formula::dims(t);
    let roots = numpy::sqrt(cx, &formula::diagonal(cx, t)?)?;
    let start = numpy::diag(cx, &roots, 0)?;
    let column = Function::new("column", move |cx: &Scope, x: &[Value]| match x {
        [j, u, t] => {
            let step = Function::new("element", move |cx: &Scope, x: &[Value]| match x {
                [l, u, t, j] => {
                    let i = ops::sub(cx, &ops::offset(cx, j, -1.0)?, l)?;
                    let u = root_element(cx, [u, t], [&i, j], n)?;
                    Ok(vec![u, t.clone(), j.clone()])
                }
                _ => Err(Error::internal("a step of sqrtm takes 4 operands")),
            });
            let mut results =
                fori_loop(cx, &index(0), j, &step, &[u.clone(), t.clone(), j.clone()], None)?;
            results.truncate(2);
            Ok(results)
        }
        _ => Err(Error::internal("a column of sqrtm takes 3 operands")),
    });
    let operands = [start, t.clone()];
    Ok(fori_loop(cx, &index(0), &index(n as i64), &column, &operands, None)?.swap_remove(0))
}

/// `u_ij = (t_ij − Σ u_ik u_kj) / (u_ii + u_jj)`; elements that are not known yet are 0.
fn root_element(cx: &Scope, [u, t]: [&Value; 2], [i, j]: [&Value; 2], n: usize) -> Result<Value> {
    let (row, column) =
        (part(cx, u, [i, &index(0)], [1, n])?, part(cx, u, [&index(0), j], [n, 1])?);
    let sum = ops::squeeze(cx, &formula::matmul(cx, &row, &column)?, [0, 1])?;
    let own = element(cx, t, i, j)?;
    let divisor = ops::add(cx, &element(cx, u, i, i)?, &element(cx, u, j, j)?)?;
    let value = ops::div(cx, &ops::sub(cx, &own, &sum)?, &divisor)?;
    let is_zero = ops::compare(cx, Compare::Eq, &own, &sum)?;
    let value = numpy::select(cx, &is_zero, &constant_like(&value, 0.0), &value)?;
    let value = ops::reshape(cx, &value, &[1, 1].into())?;
    lax::dynamic_update_slice(cx, u, &value, &[i.clone(), j.clone()])
}

/// A unitary and a positive semidefinite matrix whose product a matrix is, the latter on the `right` or `left`.
/// Both follow from singular vectors; the method `qdwh` takes the shapes that JAX's iteration of that name does.
pub fn polar(cx: &Scope, a: &Value, side: &str, method: &str) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    let (m, n) = matrix_dims("polar", &a)?;
    let right = match side {
        "right" => true,
        "left" => false,
        _ => bail!(InvalidArgument, "polar takes side right or left, got {side:?}"),
    };
    match method {
        "svd" => {}
        "qdwh" if (m >= n) == right => {}
        "qdwh" => bail!(
            Unimplemented,
            "polar by qdwh on the {side} needs {} columns than rows, got {}",
            if right { "no more" } else { "more" },
            a.ty()
        ),
        _ => bail!(InvalidArgument, "polar takes method qdwh or svd, got {method:?}"),
    }
    let usv = lax::linalg::svd(cx, &a, false, true)?;
    let (u, vh) = (&usv[0], &usv[2]);
    let s = ops::convert(cx, &usv[1], u.ty().dtype)?;
    let unitary = formula::matmul(cx, u, vh)?;
    let basis = if right { formula::adjoint(cx, vh)? } else { u.clone() };
    let scaled = ops::mul(cx, &basis, &formula::as_rows(cx, &s, formula::dims(&basis).0)?)?;
    Ok(vec![unitary, formula::matmul(cx, &scaled, &formula::adjoint(cx, &basis)?)?])
}

/// Eigenvalues, ascending, and eigenvectors, unless the values alone are asked for, of a Hermitian tridiagonal
/// matrix with a diagonal `d` and `e` beside it: all, or those of the numbers `first..=last`.
pub fn eigh_tridiagonal(
    cx: &Scope,
    d: &Value,
    e: &Value,
    eigvals_only: bool,
    range: Option<(usize, usize)>,
) -> Result<Vec<Value>> {
    let (dd, ee) = (d.ty(), e.ty());
    let fits = dd.rank() == 1 && ee.rank() == 1 && dd.dtype == ee.dtype;
    let n = dd.shape.first().copied().unwrap_or(0);
    if !fits || ee.shape[0] + 1 != n.max(1) || !dd.dtype.is_inexact() {
        bail!(
            Shape,
            "eigh_tridiagonal needs vectors of n and n - 1 numbers of one type, got {dd} and {ee}"
        );
    }
    let (first, last) = range.unwrap_or((0, n.max(1) - 1));
    if first > last || last >= n.max(1) {
        bail!(
            InvalidArgument,
            "eigh_tridiagonal needs a range within 0..={n}, got {first}..={last}"
        );
    }
    let diagonal = numpy::diag(cx, &ops::convert(cx, &numpy::real(cx, d)?, dd.dtype)?, 0)?;
    let beside = if n > 1 { numpy::diag(cx, &numpy::conj(cx, e)?, -1)? } else { diagonal.clone() };
    let lower = if n > 1 { ops::add(cx, &diagonal, &beside)? } else { diagonal };
    let results = lax::linalg::eigh(cx, &lower, true, false)?;
    let count = n.min(last + 1);
    let w = ops::slice_in_dim(cx, &results[1], 0, first, count)?;
    if eigvals_only {
        return Ok(vec![w]);
    }
    Ok(vec![w, ops::slice_in_dim(cx, &results[0], 1, first, count)?])
}

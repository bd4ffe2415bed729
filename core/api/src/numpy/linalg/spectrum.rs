//! Eigenvalues and singular values.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::prims::{Eig, Sort};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

use super::square;
use crate::operands::to_inexact;
use crate::{lax, numpy};

/// Eigenvalues and right eigenvectors, which are complex.
pub fn eig(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let eig = Eig {
        compute_left_eigenvectors: false,
        compute_right_eigenvectors: true,
        enable_eigvec_derivs: false,
    };
    lax::linalg::eig(cx, &to_inexact(cx, a)?, eig)
}

/// Eigenvalues alone.
pub fn eigvals(cx: &Scope, a: &Value) -> Result<Value> {
    let eig = Eig {
        compute_left_eigenvectors: false,
        compute_right_eigenvectors: false,
        enable_eigvec_derivs: false,
    };
    Ok(lax::linalg::eig(cx, &to_inexact(cx, a)?, eig)?.swap_remove(0))
}

/// Eigenvalues, ascending, and eigenvectors of Hermitian matrices, of which the triangle `L` or `U` is read.
pub fn eigh(cx: &Scope, a: &Value, uplo: &str, symmetrize_input: bool) -> Result<Vec<Value>> {
    let lower = match uplo {
        "L" => true,
        "U" => false,
        _ => bail!(InvalidArgument, "eigh takes uplo L or U, got {uplo:?}"),
    };
    let a = to_inexact(cx, a)?;
    square("eigh", &a)?;
    let mut results = lax::linalg::eigh(cx, &a, lower, symmetrize_input)?;
    results.reverse();
    Ok(results)
}

/// Eigenvalues of Hermitian matrices alone.
pub fn eigvalsh(cx: &Scope, a: &Value, uplo: &str, symmetrize_input: bool) -> Result<Value> {
    Ok(eigh(cx, a, uplo, symmetrize_input)?.swap_remove(0))
}

/// `U`, the singular values, descending, and `Vᴴ`; or the values alone. Those of Hermitian matrices follow from
/// eigenvalues, if it is said that matrices are.
pub fn svd(
    cx: &Scope,
    a: &Value,
    full_matrices: bool,
    compute_uv: bool,
    hermitian: bool,
) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    if !hermitian {
        return lax::linalg::svd(cx, &a, full_matrices, compute_uv);
    }
    if !compute_uv {
        return Ok(vec![singular_values(cx, &a, true)?]);
    }
    let results = lax::linalg::eigh(cx, &a, true, true)?;
    let (v, w) = (&results[0], &results[1]);
    let (dimension, n) = (w.ty().rank() - 1, formula::dims(v).0);
    let places = ops::iota(cx, DType::I32, w.shape(), dimension)?;
    let operands = [numpy::abs(cx, w)?, places, numpy::sign(cx, w)?];
    let sort = Sort { dimension, num_keys: 1, is_stable: true };
    let sorted = cx.bind(&sort.into(), &operands)?;
    let back = |x: &Value| ops::rev(cx, x, [dimension]);
    let (s, order, sign) = (back(&sorted[0])?, back(&sorted[1])?, back(&sorted[2])?);
    let u = formula::take_columns(cx, v, &order)?;
    let sign = ops::convert(cx, &formula::as_rows(cx, &sign, n)?, u.ty().dtype)?;
    let vh = formula::adjoint(cx, &ops::mul(cx, &u, &sign)?)?;
    Ok(vec![u, s, vh])
}

/// The singular values, descending.
pub fn svdvals(cx: &Scope, a: &Value) -> Result<Value> {
    singular_values(cx, &to_inexact(cx, a)?, false)
}

pub(super) fn singular_values(cx: &Scope, a: &Value, hermitian: bool) -> Result<Value> {
    super::matrix_dims("svd", a)?;
    if !hermitian {
        return Ok(lax::linalg::svd(cx, a, true, false)?.swap_remove(0));
    }
    let w = lax::linalg::eigh(cx, a, true, true)?.swap_remove(1);
    let last = w.ty().rank() - 1;
    let sorted = numpy::sort(cx, &numpy::abs(cx, &w)?, last as i64, false)?;
    ops::rev(cx, &sorted, [last])
}

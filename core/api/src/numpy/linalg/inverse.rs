//! Inverses in the sense of least squares.

use jaxrs_data::{DType, Error, Result, Scalar, Type, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, custom_jvp};

use super::norms::epsilon;
use super::{matrix_dims, svd};
use crate::lax::linalg::symmetrize;
use crate::numpy;
use crate::operands::{constant_like, promoted_inexact, to_inexact};

/// The pseudo-inverses. Singular values count as 0 that are not larger than the largest times `rtol`; by default
/// ten times the size and the precision of the type.
pub fn pinv(cx: &Scope, a: &Value, rtol: Option<f64>, hermitian: bool) -> Result<Value> {
    let a = to_inexact(cx, a)?;
    let (m, n) = matrix_dims("pinv", &a)?;
    if m == 0 || n == 0 {
        return formula::transpose(cx, &a);
    }
    let rtol = rtol.unwrap_or_else(|| 10.0 * m.max(n) as f64 * epsilon(&a));
    let value = Function::new("pinv", move |cx: &Scope, x: &[Value]| match x {
        [a] => Ok(vec![by_svd(cx, a, rtol, hermitian)?]),
        _ => Err(Error::internal("pinv takes 1 operand")),
    });
    let rule = Function::new("pinv_jvp", move |cx: &Scope, x: &[Value]| match x {
        [a, da] => with_tangent(cx, a, da, rtol, hermitian),
        _ => Err(Error::internal("the derivative of pinv takes 2 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &[a])?.swap_remove(0))
}

fn by_svd(cx: &Scope, a: &Value, rtol: f64, hermitian: bool) -> Result<Value> {
    let usv = svd(cx, &numpy::conj(cx, a)?, false, true, hermitian)?;
    let (u, s, vh) = (&usv[0], &usv[1], &usv[2]);
    let (last, m) = (s.ty().rank() - 1, formula::dims(a).0);
    let cutoff = ops::scale(cx, &ops::slice_in_dim(cx, s, last, 0, 1)?, rtol)?;
    let counts = numpy::greater(cx, s, &cutoff)?;
    let s = numpy::select(cx, &counts, s, &constant_like(s, f64::INFINITY))?;
    let s = ops::convert(cx, &s, u.ty().dtype)?;
    let scaled = ops::div(cx, &formula::transpose(cx, u)?, &formula::as_columns(cx, &s, m)?)?;
    formula::matmul(cx, &formula::transpose(cx, vh)?, &scaled)
}

/// Golub & Pereyra 1973.
fn with_tangent(
    cx: &Scope,
    a: &Value,
    da: &Value,
    rtol: f64,
    hermitian: bool,
) -> Result<Vec<Value>> {
    let p = pinv(cx, a, Some(rtol), hermitian)?;
    let prepared = |x: &Value| match hermitian {
        true => symmetrize(cx, "pinv", x),
        false => Ok(x.clone()),
    };
    let (a, da) = (&prepared(a)?, &prepared(da)?);
    let product = |factors: &[&Value]| -> Result<Value> {
        let [first, rest @ ..] = factors else { return Err(Error::internal("an empty product")) };
        rest.iter().try_fold((*first).clone(), |x, y| formula::matmul(cx, &x, y))
    };
    let (ph, dah) = (formula::adjoint(cx, &p)?, formula::adjoint(cx, da)?);
    let (m, n) = formula::dims(a);
    let terms = if m >= n {
        let (s, t) = (product(&[&p, &ph, &dah])?, product(&[&dah, &ph, &p])?);
        let own = product(&[&p, da, &p])?;
        [own, s.clone(), product(&[&s, a, &p])?, t.clone(), product(&[&p, a, &t])?]
    } else {
        let s = formula::matmul(cx, &p, &formula::matmul(cx, &ph, &dah)?)?;
        let t = formula::matmul(cx, &dah, &formula::matmul(cx, &ph, &p)?)?;
        let own = formula::matmul(cx, &p, &formula::matmul(cx, da, &p)?)?;
        let of_s = formula::matmul(cx, &s, &formula::matmul(cx, a, &p)?)?;
        let of_t = formula::matmul(cx, &p, &formula::matmul(cx, a, &t)?)?;
        [own, s, of_s, t, of_t]
    };
    let [own, s, of_s, t, of_t] = terms;
    let mut tangent = ops::sub(cx, &s, &own)?;
    tangent = ops::sub(cx, &tangent, &of_s)?;
    tangent = ops::add(cx, &tangent, &t)?;
    Ok(vec![p, ops::sub(cx, &tangent, &of_t)?])
}

/// The solution of least squares, the squared residuals of each right side, the rank, and the singular values.
/// Of these some count as 0 that are below the largest times `rcond`, by default the size times the precision of
/// the type.
pub fn lstsq(cx: &Scope, a: &Value, b: &Value, rcond: Option<f64>) -> Result<Vec<Value>> {
    let [a, b] = promoted_inexact(cx, [a, b])?;
    let (ranks, is_vector) = ((a.ty().rank(), b.ty().rank()), b.ty().rank() == 1);
    if ranks.0 != 2 || !matches!(ranks.1, 1 | 2) || a.shape()[0] != b.shape()[0] {
        bail!(
            Shape,
            "lstsq needs a matrix and right sides of as many rows, got {} and {}",
            a.ty(),
            b.ty()
        );
    }
    let b = if is_vector { ops::expand_dim(cx, &b, 1)? } else { b };
    let [x, rank, s] = least_squares(cx, &a, &b, rcond)?;
    let rest = ops::sub(cx, &b, &formula::matmul(cx, &a, &x)?)?;
    let residuals = numpy::norm(cx, &rest, &[0], false)?;
    let residuals = ops::integer_pow(cx, &residuals, 2)?;
    let x = if is_vector { numpy::ravel(cx, &x)? } else { x };
    Ok(vec![x, residuals, rank, s])
}

fn least_squares(cx: &Scope, a: &Value, b: &Value, rcond: Option<f64>) -> Result<[Value; 3]> {
    let ((m, n), dtype) = (formula::dims(a), a.ty().dtype);
    let (_, cols) = formula::dims(b);
    if m == 0 || n == 0 {
        let zeros = |ty: Type| ops::full(cx, &ty, Scalar::Int(0));
        return Ok([
            zeros(Type::new(dtype, [n, cols]))?,
            zeros(Type::scalar(cx.defaults().int()))?,
            zeros(Type::new(dtype, [0]))?,
        ]);
    }
    let rcond = match rcond {
        None => epsilon(a) * m.max(n) as f64,
        Some(rcond) if rcond < 0.0 => epsilon(a),
        Some(rcond) => rcond,
    };
    let usv = svd(cx, a, false, true, false)?;
    let (u, s, vh) = (&usv[0], &usv[1], &usv[2]);
    let is_positive = ops::compare(cx, Compare::Gt, s, &constant_like(s, 0.0))?;
    let least = ops::scale(cx, &ops::slice_in_dim(cx, s, 0, 0, 1)?, rcond)?;
    let mask = numpy::logical_and(cx, &is_positive, &numpy::greater_equal(cx, s, &least)?)?;
    let rank = numpy::sum(cx, &mask, &[], false)?;
    let safe = numpy::select(cx, &mask, s, &constant_like(s, 1.0))?;
    let safe = ops::convert(cx, &safe, dtype)?;
    let inverse = ops::div(cx, &constant_like(&safe, 1.0), &safe)?;
    let inverse = numpy::select(cx, &mask, &inverse, &constant_like(&safe, 0.0))?;
    let by_u = formula::matmul(cx, &formula::adjoint(cx, u)?, b)?;
    let scaled = ops::mul(cx, &formula::as_columns(cx, &inverse, cols)?, &by_u)?;
    let x = formula::matmul(cx, &formula::adjoint(cx, vh)?, &scaled)?;
    debug_assert_ne!(rank.ty().dtype, DType::Bool);
    Ok([x, rank, s.clone()])
}

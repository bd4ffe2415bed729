//! Polynomials from points, and the roots of polynomials.

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::linalg;
use crate::formula::Term;
use crate::operands::{constant, constant_like, host, to_inexact};

/// What [`polyfit`] gives beside the coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FitReport {
    /// Nothing.
    Nothing,
    /// Residuals, rank, singular values, and what counts as 0 among these.
    Full,
    /// The covariance, scaled by the residuals.
    Covariance,
    /// The covariance for weights that are reciprocal standard deviations.
    Unscaled,
}

/// The polynomial of a degree that comes nearest to points, weighted, in the sense of least squares; the coefficient of
/// the highest power first. Powers are scaled to length 1 before [`linalg::lstsq`].
pub fn polyfit(
    cx: &Scope,
    [x, y]: [&Value; 2],
    w: Option<&Value>,
    degree: i64,
    (rcond, report): (Option<f64>, FitReport),
) -> Result<Vec<Value>> {
    let (&[n], [_] | [_, _]) = (&x.shape()[..], &y.shape()[..]) else {
        bail!(
            Shape,
            "polyfit needs an x with 1 axis and a y with 1 or 2, got {} and {}",
            x.ty(),
            y.ty()
        );
    };
    if degree < 0 || n == 0 || y.shape()[0] != n {
        bail!(
            InvalidArgument,
            "polyfit needs a degree of at least 0 and as many y as x, at least one, got {degree}, {} and {}",
            y.ty(),
            x.ty()
        );
    }
    let precision = if to_inexact(cx, x)?.ty().dtype == DType::F64 {
        f64::EPSILON
    } else {
        f32::EPSILON.into()
    };
    let rcond = rcond.unwrap_or(n as f64 * precision);
    let order = degree + 1;
    let mut powers = to_inexact(cx, &super::vander(cx, x, Some(order), false)?)?;
    let mut right = y.clone();
    if let Some(w) = w {
        if *w.shape() != *x.shape() {
            bail!(Shape, "polyfit needs as many weights as points, got {} for {}", w.ty(), x.ty());
        }
        let w = to_inexact(cx, w)?;
        let column = super::expand_dims(cx, &w, &[1])?;
        powers = super::multiply(cx, &powers, &column)?;
        right = super::multiply(cx, &right, if y.ty().rank() == 2 { &column } else { &w })?;
    }
    let scale = super::norm(cx, &powers, &[0], false)?;
    let scaled = super::divide(cx, &powers, &super::expand_dims(cx, &scale, &[0])?)?;
    let mut fit = linalg::lstsq(cx, &scaled, &right, Some(rcond))?;
    let by = if y.ty().rank() == 2 { super::expand_dims(cx, &scale, &[1])? } else { scale.clone() };
    fit[0] = super::divide(cx, &fit[0], &by)?;
    match report {
        FitReport::Nothing => fit.truncate(1),
        FitReport::Full => fit.push(constant(cx.defaults().float(), rcond)),
        FitReport::Covariance | FitReport::Unscaled => {
            let residuals = (report == FitReport::Covariance).then(|| fit.swap_remove(1));
            fit.truncate(1);
            fit.push(covariance(cx, &scaled, &scale, residuals, (n as i64, y.ty().rank()))?);
        }
    }
    Ok(fit)
}

fn covariance(
    cx: &Scope,
    scaled: &Value,
    scale: &Value,
    residuals: Option<Value>,
    (n, rank): (i64, usize),
) -> Result<Value> {
    let transposed = super::transpose(cx, scaled, &[])?;
    let inverse = linalg::inv(cx, &super::matmul(cx, &transposed, scaled)?)?;
    let inverse = super::divide(cx, &inverse, &super::outer(cx, scale, scale)?)?;
    let order = scale.shape()[0] as i64;
    let factor = match residuals {
        None => {
            return if rank == 1 { Ok(inverse) } else { super::expand_dims(cx, &inverse, &[2]) };
        }
        Some(_) if n <= order => bail!(
            InvalidArgument,
            "polyfit needs more points than coefficients to scale the covariance, got {n} and {order}"
        ),
        Some(residuals) => (Term::new(cx, &residuals) / (n - order) as f64).done()?,
    };
    let inverse = if rank == 1 { inverse } else { super::expand_dims(cx, &inverse, &[2])? };
    super::multiply(cx, &inverse, &factor)
}

/// The roots of a polynomial, the coefficient of the highest power first: the eigenvalues of its companion matrix. With
/// `strip_zeros`, leading zeros are left out, for which the coefficients must be known; without it, the roots that they
/// take away are NaN, at the end.
pub fn roots(cx: &Scope, p: &Value, strip_zeros: bool) -> Result<Value> {
    let p = super::atleast_1d(cx, &to_inexact(cx, p)?)?;
    let &[n] = &p.shape()[..] else {
        bail!(Shape, "roots needs coefficients along 1 axis, got {}", p.ty());
    };
    if n < 2 {
        return no_roots(cx, &p);
    }
    if strip_zeros {
        let known = host(&p)?;
        let is_zero = |i: &usize| !known.get(*i).is_nonzero();
        let zeros = (0..n).take_while(is_zero).count();
        return match n - zeros {
            0 | 1 => no_roots(cx, &p),
            _ => eigenvalues(cx, &ops::slice_in_dim(cx, &p, 0, zeros, n)?),
        };
    }
    with_leading_zeros(cx, &p)
}

fn no_roots(cx: &Scope, p: &Value) -> Result<Value> {
    let dtype =
        if matches!(p.ty().dtype, DType::F64 | DType::C128) { DType::C128 } else { DType::C64 };
    super::zeros(cx, &[0].into(), dtype)
}

fn eigenvalues(cx: &Scope, p: &Value) -> Result<Value> {
    linalg::eigvals(cx, &crate::linalg::companion(cx, p)?)
}

/// Leading zeros become trailing ones, which give roots of 0; these are put last and become NaN.
fn with_leading_zeros(cx: &Scope, p: &Value) -> Result<Value> {
    let n = p.shape()[0] as i64;
    let is_zero = super::equal(cx, p, &constant_like(p, 0.0))?;
    let all = super::all(cx, &is_zero, &[], false)?;
    let first = super::argmin(cx, &is_zero, None, false, DType::I32)?;
    let leading = super::select(cx, &all, &constant(DType::I32, n as f64), &first)?;
    let some = super::select(cx, &all, &constant_like(p, 1.0), p)?;
    let numbers = super::arange(cx, 0.0, n as f64, 1.0, DType::I32)?;
    let places = super::remainder(
        cx,
        &super::add(cx, &numbers, &leading)?,
        &constant(DType::I32, n as f64),
    )?;
    let found = eigenvalues(cx, &super::take(cx, &some, &places, 0, "fill")?)?;
    let zero = super::equal(cx, &found, &constant_like(&found, 0.0))?;
    let sorted = crate::lax::sort(cx, &[zero, found], 0, 1)?.swap_remove(1);
    let count = super::subtract(cx, &constant(DType::I32, (n - 1) as f64), &leading)?;
    let is_root =
        super::less(cx, &super::arange(cx, 0.0, (n - 1) as f64, 1.0, DType::I32)?, &count)?;
    let nan = Scalar::Complex(f64::NAN, f64::NAN);
    let nan = Value::literal(Literal::full(Type::scalar(sorted.ty().dtype), nan));
    super::select(cx, &is_root, &sorted, &nan)
}

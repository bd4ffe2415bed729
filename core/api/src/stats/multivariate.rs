//! Distributions of vectors.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Binary;
use jaxrs_transform::Scope;

use super::{gammaln, through, xlogy};
use crate::formula::Term;
use crate::numpy;
use crate::operands::promoted_inexact;

/// The logarithm of Dirichlet's density of vectors along axis 0, which add up to 1; the last element may be missing.
pub fn dirichlet_logpdf(cx: &Scope, x: &Value, alpha: &Value) -> Result<Value> {
    let [mut x, alpha] = promoted_inexact(cx, [x, alpha])?;
    let (1, Some(&n), Some(&given)) = (alpha.ty().rank(), alpha.shape().first(), x.shape().first())
    else {
        bail!(
            Shape,
            "dirichlet_logpdf needs vectors along axis 0 and an alpha with 1 axis, got {} and {}",
            x.ty(),
            alpha.ty()
        );
    };
    if given != n && given + 1 != n {
        bail!(
            Shape,
            "dirichlet_logpdf needs as many elements as alpha or one fewer, got {} and {}",
            x.ty(),
            alpha.ty()
        );
    }
    if given != n {
        let rest = 1.0 - Term::new(cx, &numpy::sum(cx, &x, &[0], true)?);
        x = numpy::concatenate(cx, &[x, rest.done()?], 0)?;
    }
    let total = |x: &Term<'_>| x.map(|cx, x| numpy::sum(cx, x, &[], false)).done();
    let a = Term::new(cx, &alpha);
    let normal = Term::new(cx, &total(&gammaln(&a))?) - gammaln(&Term::new(cx, &total(&a)?));
    let new: Vec<i64> = (1..x.ty().rank() as i64).collect();
    let alpha = numpy::expand_dims(cx, &alpha, &new)?;
    let (x, a) = (Term::new(cx, &x), Term::new(cx, &alpha));
    let log = xlogy(&(a - 1.0), &x).map(|cx, x| numpy::sum(cx, x, &[0], false)) - normal;
    let sum = x.map(|cx, x| numpy::sum(cx, x, &[0], false));
    let positive = x.above(0.0).map(|cx, x| numpy::all(cx, x, &[0], false));
    let inside = positive.binary(Binary::And, &(sum - 1.0).abs().below(1e-6));
    inside.choose(&log, &log.constant(f64::NEG_INFINITY)).done()
}

/// The logarithm of the normal density of vectors along the last axis, of a mean and a covariance: a matrix, or a number
/// for all elements.
pub fn multivariate_normal_logpdf(
    cx: &Scope,
    x: &Value,
    mean: &Value,
    cov: &Value,
) -> Result<Value> {
    let [x, mean, cov] = promoted_inexact(cx, [x, mean, cov])?;
    let difference = Term::new(cx, &numpy::subtract(cx, &x, &mean)?);
    let log_turn = difference.constant(std::f64::consts::TAU).map(numpy::log);
    let term = Term::new(cx, &cov);
    let Some(&n) = mean.shape().last() else {
        return (-0.5 * difference.square() / &term - 0.5 * (log_turn + term.ln())).done();
    };
    let half = n as f64 / 2.0;
    if cov.ty().rank() == 0 {
        return (-0.5 * squared_length(&difference) / &term - half * (log_turn + term.ln())).done();
    }
    if !cov.shape().ends_with(&[n, n]) {
        bail!(
            Shape,
            "multivariate_normal_logpdf needs a cov of {n}×{n} for a mean of {n} elements, got {}",
            cov.ty()
        );
    }
    let factor = crate::lax::linalg::cholesky(cx, &cov, true)?;
    let unit = difference.map(|cx, y| whitened(cx, &factor, y));
    let roots = Term::new(cx, &numpy::diagonal(cx, &factor, 0, -2, -1)?).ln();
    let log_root = roots.map(|cx, x| numpy::sum(cx, x, &[-1], false));
    (-0.5 * squared_length(&unit) - half * log_turn - log_root).done()
}

fn squared_length<'a>(y: &Term<'a>) -> Term<'a> {
    y.map(|cx, y| numpy::sum(cx, &numpy::square(cx, y)?, &[-1], false))
}

/// What the lower triangular factor makes of these vectors, undone.
fn whitened(cx: &Scope, factor: &Value, y: &Value) -> Result<Value> {
    let column = numpy::expand_dims(cx, y, &[-1])?;
    let [factor, column] =
        numpy::linalg::aligned_matrices(cx, "multivariate_normal_logpdf", factor, &column)?;
    let how = jaxrs_ir::prims::linalg::formula::LOWER;
    numpy::squeeze(cx, &crate::lax::linalg::triangular_solve(cx, &factor, &column, how)?, &[-1])
}

through! {
    /// The normal density of vectors.
    multivariate_normal_pdf(x, mean, cov) => multivariate_normal_logpdf: exp;
    /// Dirichlet's density.
    dirichlet_pdf(x, alpha) => dirichlet_logpdf: exp;
}

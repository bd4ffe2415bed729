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

through! {
    /// Dirichlet's density.
    dirichlet_pdf(x, alpha) => dirichlet_logpdf: exp;
}

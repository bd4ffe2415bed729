//! The normal distribution, and the part of it between bounds.

use std::f64::consts::PI;

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use super::{floats, through};
use crate::formula::Term;
use crate::{numpy, special};

/// The logarithm of the normal density.
pub fn norm_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "norm_logpdf", [x, loc, scale])?;
    let square = scale.square();
    let normal = (&square * (2.0 * PI)).ln();
    ((normal + (x - loc).square() / square) / -2.0).done()
}

/// The normal distribution function.
pub fn norm_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "norm_cdf", [x, loc, scale])?;
    ((x - loc) / scale).map(special::ndtr).done()
}

fn log_ndtr<'a>(x: &Term<'a>) -> Term<'a> {
    x.map(|cx, x| special::log_ndtr(cx, x, 3))
}

/// The logarithm of the normal distribution function.
pub fn norm_logcdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "norm_logcdf", [x, loc, scale])?;
    log_ndtr(&((x - loc) / scale)).done()
}

/// One less the normal distribution function.
pub fn norm_sf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "norm_sf", [x, loc, scale])?;
    ((loc - x) / scale).map(special::ndtr).done()
}

/// The logarithm of one less the normal distribution function.
pub fn norm_logsf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "norm_logsf", [x, loc, scale])?;
    log_ndtr(&((loc - x) / scale)).done()
}

/// The inverse of the normal distribution function, as default floats.
pub fn norm_ppf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let unscaled = special::ndtri(cx, q)?;
    let result = numpy::add(cx, &numpy::multiply(cx, &unscaled, scale)?, loc)?;
    crate::operands::convert(cx, &result, cx.defaults().float(), false)
}

/// The inverse of [`norm_sf`].
pub fn norm_isf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let q = crate::operands::to_inexact(cx, q)?;
    norm_ppf(cx, &(1.0 - Term::new(cx, &q)).done()?, loc, scale)
}

/// `log(exp(x) − exp(y))`.
fn log_difference<'a>(x: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    // Where the larger one is −∞, both are, and nothing is taken away.
    let top = x.unless(&x.is(f64::NEG_INFINITY), 0.0);
    let sum = (x - &top).exp() - (y - &top).exp();
    let size = sum.abs().ln() + top;
    size.unless(&sum.below(0.0), f64::NAN)
}

/// The logarithm of the normal probability between two bounds.
fn log_mass<'a>(a: &Term<'a>, b: &Term<'a>) -> Term<'a> {
    let left = b.at_most(&b.constant(0.0));
    let right = a.above(0.0);
    let tail = log_difference(&log_ndtr(&right.choose(&-a, b)), &log_ndtr(&right.choose(&-b, a)));
    let central = (-a.map(special::ndtr) - (-b).map(special::ndtr)).log1p();
    left.or(&right).choose(&tail, &central)
}

/// The logarithm of the density of the part of the normal distribution between bounds.
pub fn truncnorm_logpdf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "truncnorm_logpdf", [x, a, b, loc, scale])?;
    let values = [&x, &loc, &scale].map(|x| x.clone().done());
    let [value, at, width] = values;
    let log = Term::new(cx, &norm_logpdf(cx, &value?, &at?, &width?)?) - log_mass(&a, &b);
    let y = (x - loc) / scale;
    let outside = y.less(&a).or(&y.greater(&b));
    log.unless(&outside, f64::NEG_INFINITY).unless(&a.no_less(&b), f64::NAN).done()
}

/// The logarithm of the distribution function of that part.
pub fn truncnorm_logcdf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "truncnorm_logcdf", [x, a, b, loc, scale])?;
    let x = (x - loc) / scale;
    let all = log_mass(&a, &b);
    let (log, rest) = (log_mass(&a, &x) - &all, log_mass(&x, &b) - &all);
    // Near 1 what is missing is known more exactly.
    let near = log
        .above(-0.1)
        .choose(&(-rest.exp()).log1p(), &x.greater(&a).choose(&log, &x.constant(0.0)));
    let low = x.at_most(&a).choose(&x.constant(f64::NEG_INFINITY), &near);
    low.unless(&x.no_less(&b), 0.0).unless(&a.no_less(&b), f64::NAN).done()
}

/// The logarithm of one less the distribution function of that part.
pub fn truncnorm_logsf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "truncnorm_logsf", [x, a, b, loc, scale])?;
    let turned = [-x, -b, -a, -loc].map(Term::done);
    let [x, a, b, loc] = turned;
    truncnorm_logcdf(cx, &x?, &a?, &b?, &loc?, &scale.done()?)
}

through! {
    /// The normal density.
    norm_pdf(x, loc, scale) => norm_logpdf: exp;
    /// The density of the part of the normal distribution between bounds.
    truncnorm_pdf(x, a, b, loc, scale) => truncnorm_logpdf: exp;
    /// The distribution function of that part.
    truncnorm_cdf(x, a, b, loc, scale) => truncnorm_logcdf: exp;
    /// One less the distribution function of that part.
    truncnorm_sf(x, a, b, loc, scale) => truncnorm_logsf: exp;
}

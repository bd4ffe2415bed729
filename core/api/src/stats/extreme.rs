//! Gumbel's distributions of smallest (`l`) and largest (`r`) elements, and Pareto's.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use super::{floats, no_probability, through, xlog1py, xlogy};
use crate::formula::Term;

/// A result where the scale is one.
fn scaled<'a>(scale: &Term<'a>, result: &Term<'a>) -> Result<Value> {
    scale.above(0.0).choose(result, &scale.constant(f64::NAN)).done()
}

/// The logarithm of the density for smallest elements.
pub fn gumbel_l_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_l_logpdf", [x, loc, scale])?;
    let z = (&x - loc) / &scale;
    scaled(&scale, &(xlogy(&x.constant(-1.0), &scale) + (&z - z.exp())))
}

/// The logarithm of the distribution function of smallest elements.
pub fn gumbel_l_logcdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_l_logcdf", [x, loc, scale])?;
    let z = (x - loc) / &scale;
    scaled(&scale, &(-(-z.exp()).expm1()).ln())
}

/// The logarithm of one less that.
pub fn gumbel_l_logsf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_l_logsf", [x, loc, scale])?;
    let z = (x - loc) / &scale;
    scaled(&scale, &-z.exp())
}

/// The inverse of the distribution function of smallest elements.
pub fn gumbel_l_ppf(cx: &Scope, p: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [p, loc, scale] = floats(cx, "gumbel_l_ppf", [p, loc, scale])?;
    let quantile = loc + scale * xlog1py(&p.constant(-1.0), &-&p).ln();
    p.above(0.0).and(&p.below(1.0)).choose(&quantile, &p.constant(f64::NAN)).done()
}

/// The logarithm of the density for largest elements.
pub fn gumbel_r_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_r_logpdf", [x, loc, scale])?;
    let z = (&x - loc) / &scale;
    scaled(&scale, &(xlogy(&x.constant(-1.0), &scale) + -(&z + (-&z).exp())))
}

/// The logarithm of the distribution function of largest elements.
pub fn gumbel_r_logcdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_r_logcdf", [x, loc, scale])?;
    let z = (x - loc) / &scale;
    scaled(&scale, &-(-z).exp())
}

/// One less the distribution function of largest elements.
pub fn gumbel_r_sf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_r_sf", [x, loc, scale])?;
    let z = (loc - x) / &scale;
    scaled(&scale, &(1.0 - (-z.exp()).exp()))
}

/// The logarithm of that.
pub fn gumbel_r_logsf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "gumbel_r_logsf", [x, loc, scale])?;
    let z = (loc - x) / &scale;
    scaled(&scale, &z.exp().map(crate::nn::log1mexp))
}

/// The inverse of the distribution function of largest elements.
pub fn gumbel_r_ppf(cx: &Scope, p: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [p, loc, scale] = floats(cx, "gumbel_r_ppf", [p, loc, scale])?;
    let quantile = loc - scale * xlogy(&p.constant(-1.0), &p).ln();
    p.above(0.0).and(&p.below(1.0)).choose(&quantile, &p.constant(f64::NAN)).done()
}

/// The logarithm of Pareto's density.
pub fn pareto_logpdf(
    cx: &Scope,
    x: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, b, loc, scale] = floats(cx, "pareto_logpdf", [x, b, loc, scale])?;
    let y = (&x - &loc) / &scale;
    let log = -((&scale / &b).ln() + (b + 1.0) * y.ln());
    log.unless(&x.less(&(loc + scale)), f64::NEG_INFINITY).done()
}

/// Pareto's distribution function.
pub fn pareto_cdf(cx: &Scope, x: &Value, b: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, b, loc, scale] = floats(cx, "pareto_cdf", [x, b, loc, scale])?;
    let y = (&x - &loc) / &scale;
    (1.0 - y.power(&-b)).unless(&x.less(&(loc + scale)), 0.0).done()
}

/// The logarithm of Pareto's distribution function.
pub fn pareto_logcdf(
    cx: &Scope,
    x: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, b, loc, scale] = floats(cx, "pareto_logcdf", [x, b, loc, scale])?;
    let y = (&x - &loc) / &scale;
    (-y.power(&-b)).log1p().unless(&x.less(&(loc + scale)), f64::NEG_INFINITY).done()
}

/// The logarithm of one less Pareto's distribution function.
pub fn pareto_logsf(cx: &Scope, x: &Value, b: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, b, loc, scale] = floats(cx, "pareto_logsf", [x, b, loc, scale])?;
    let y = (&x - &loc) / &scale;
    (-(b * y.ln())).unless(&x.less(&(loc + scale)), 0.0).done()
}

/// The inverse of Pareto's distribution function.
pub fn pareto_ppf(cx: &Scope, q: &Value, b: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, b, loc, scale] = floats(cx, "pareto_ppf", [q, b, loc, scale])?;
    let quantile = loc + scale * (1.0 - &q).power(&-(1.0 / b));
    quantile.unless(&no_probability(&q), f64::NAN).done()
}

through! {
    /// The density for smallest elements.
    gumbel_l_pdf(x, loc, scale) => gumbel_l_logpdf: exp;
    /// The distribution function of smallest elements.
    gumbel_l_cdf(x, loc, scale) => gumbel_l_logcdf: exp;
    /// One less that.
    gumbel_l_sf(x, loc, scale) => gumbel_l_logsf: exp;
    /// The density for largest elements.
    gumbel_r_pdf(x, loc, scale) => gumbel_r_logpdf: exp;
    /// The distribution function of largest elements.
    gumbel_r_cdf(x, loc, scale) => gumbel_r_logcdf: exp;
    /// Pareto's density.
    pareto_pdf(x, b, loc, scale) => pareto_logpdf: exp;
    /// One less Pareto's distribution function.
    pareto_sf(x, b, loc, scale) => pareto_logsf: exp;
}

//! Beta, Cauchy, chi-squared, exponential, gamma, Laplace, logistic, Pareto, Student's t, uniform and other densities.

use std::f64::consts::{FRAC_PI_2, PI};

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{betaln, both, floats, gammaln, no_probability, through, xlog1py, xlogy};
use crate::formula::Term;
use crate::{numpy, special};

/// The logarithm of the beta density.
pub fn beta_logpdf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "beta_logpdf", [x, a, b, loc, scale])?;
    let y = (&x - &loc) / &scale;
    let linear = xlogy(&(&a - 1.0), &y) + xlog1py(&(&b - 1.0), &-&y);
    let log = -betaln(&a, &b) + linear - scale.ln();
    let outside = x.greater(&(&loc + &scale)).or(&x.less(&loc));
    let wrong = a
        .at_most(&a.constant(0.0))
        .or(&b.at_most(&b.constant(0.0)))
        .or(&scale.at_most(&scale.constant(0.0)));
    log.unless(&outside, f64::NEG_INFINITY).unless(&wrong, f64::NAN).done()
}

fn beta_of<'a>(x: &Term<'a>, [a, b, loc, scale]: [&Term<'a>; 4], upper: bool) -> Result<Value> {
    let y = ((x - loc) / scale).max(&x.constant(0.0)).min(&x.constant(1.0));
    let (a, b, y) = if upper { (b, a, 1.0 - &y) } else { (a, b, y) };
    let (a, b) = (a.clone().done()?, b.clone().done()?);
    y.map(|cx, y| special::betainc(cx, &a, &b, y)).done()
}

/// The beta distribution function.
pub fn beta_cdf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "beta_cdf", [x, a, b, loc, scale])?;
    beta_of(&x, [&a, &b, &loc, &scale], false)
}

/// One less the beta distribution function.
pub fn beta_sf(
    cx: &Scope,
    x: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
    scale: &Value,
) -> Result<Value> {
    let [x, a, b, loc, scale] = floats(cx, "beta_sf", [x, a, b, loc, scale])?;
    beta_of(&x, [&a, &b, &loc, &scale], true)
}

/// The logarithm of the Cauchy density.
pub fn cauchy_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "cauchy_logpdf", [x, loc, scale])?;
    let y = (x - loc) / &scale;
    (-((&scale * PI).ln() + (&y * &y).log1p())).done()
}

/// The Cauchy distribution function.
pub fn cauchy_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "cauchy_cdf", [x, loc, scale])?;
    (0.5 + (1.0 / x.constant(PI)) * ((x - loc) / scale).unary(Unary::Atan)).done()
}

/// One less the Cauchy distribution function.
pub fn cauchy_sf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "cauchy_sf", [x, loc, scale])?;
    cauchy_cdf(cx, &(-x).done()?, &(-loc).done()?, &scale.done()?)
}

/// The inverse of the Cauchy distribution function.
pub fn cauchy_ppf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "cauchy_ppf", [q, loc, scale])?;
    ((q * PI - FRAC_PI_2).unary(Unary::Tan) * scale + loc).done()
}

/// The inverse of [`cauchy_sf`].
pub fn cauchy_isf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "cauchy_isf", [q, loc, scale])?;
    ((FRAC_PI_2 - q * PI).unary(Unary::Tan) * scale + loc).done()
}

/// The logarithm of the chi-squared density.
pub fn chi2_logpdf(cx: &Scope, x: &Value, df: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, df, loc, scale] = floats(cx, "chi2_logpdf", [x, df, loc, scale])?;
    let y = (&x - &loc) / &scale;
    let half = &df / 2.0;
    let kernel = (&half - 1.0) * y.ln() - y / 2.0;
    let constant = -(half.lgamma() + x.constant(2.0).ln() * df / 2.0);
    (constant - scale.ln() + kernel).unless(&x.less(&loc), f64::NEG_INFINITY).done()
}

fn chi2_of<'a>(x: &Term<'a>, [df, loc, scale]: [&Term<'a>; 3]) -> [Term<'a>; 2] {
    let y = (x - loc) / (scale * 2.0);
    [df / 2.0, y.max(&x.constant(0.0)).min(&x.constant(f64::INFINITY))]
}

/// The chi-squared distribution function.
pub fn chi2_cdf(cx: &Scope, x: &Value, df: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, df, loc, scale] = floats(cx, "chi2_cdf", [x, df, loc, scale])?;
    let [half, y] = chi2_of(&x, [&df, &loc, &scale]);
    both(special::gammainc, &half, &y).done()
}

/// One less the chi-squared distribution function.
pub fn chi2_sf(cx: &Scope, x: &Value, df: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, df, loc, scale] = floats(cx, "chi2_sf", [x, df, loc, scale])?;
    let [half, y] = chi2_of(&x, [&df, &loc, &scale]);
    both(special::gammaincc, &half, &y).done()
}

/// The logarithm of the exponential density.
pub fn expon_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "expon_logpdf", [x, loc, scale])?;
    let log = -((&x - &loc) / &scale + scale.ln());
    log.unless(&x.less(&loc), f64::NEG_INFINITY).done()
}

/// The exponential distribution function.
pub fn expon_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "expon_cdf", [x, loc, scale])?;
    (-((&loc - &x) / scale).expm1()).unless(&x.less(&loc), 0.0).done()
}

/// The logarithm of one less the exponential distribution function.
pub fn expon_logsf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "expon_logsf", [x, loc, scale])?;
    ((&loc - &x) / scale).unless(&x.less(&loc), 0.0).done()
}

/// The logarithm of the exponential distribution function.
pub fn expon_logcdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let sf = numpy::exp(cx, &expon_logsf(cx, x, loc, scale)?)?;
    (-Term::new(cx, &sf)).log1p().done()
}

/// The inverse of the exponential distribution function.
pub fn expon_ppf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "expon_ppf", [q, loc, scale])?;
    (loc - scale * (-&q).log1p()).unless(&no_probability(&q), f64::NAN).done()
}

/// The logarithm of the gamma density.
pub fn gamma_logpdf(cx: &Scope, x: &Value, a: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, a, loc, scale] = floats(cx, "gamma_logpdf", [x, a, loc, scale])?;
    let inside = x.no_less(&loc);
    let y = inside.choose(&((&x - &loc) / &scale), &x.constant(1.0));
    let log = xlogy(&(&a - 1.0), &y) - y - (gammaln(&a) + scale.ln());
    inside.choose(&log, &x.constant(f64::NEG_INFINITY)).done()
}

/// The gamma distribution function.
pub fn gamma_cdf(cx: &Scope, x: &Value, a: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, a, loc, scale] = floats(cx, "gamma_cdf", [x, a, loc, scale])?;
    let y = ((&x - loc) / scale).max(&x.constant(0.0)).min(&x.constant(f64::INFINITY));
    both(special::gammainc, &a, &y).done()
}

/// One less the gamma distribution function.
pub fn gamma_sf(cx: &Scope, x: &Value, a: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, a, loc, scale] = floats(cx, "gamma_sf", [x, a, loc, scale])?;
    let y = (x - loc) / scale;
    both(special::gammaincc, &a, &y).unless(&y.below(0.0), 1.0).done()
}

/// The logarithm of the generalised normal density.
pub fn gennorm_logpdf(cx: &Scope, x: &Value, beta: &Value) -> Result<Value> {
    let [x, beta] = floats(cx, "gennorm_logpdf", [x, beta])?;
    ((0.5 * &beta).ln() - (1.0 / &beta).lgamma() - x.abs().power(&beta)).done()
}

/// The generalised normal distribution function.
pub fn gennorm_cdf(cx: &Scope, x: &Value, beta: &Value) -> Result<Value> {
    let [x, beta] = floats(cx, "gennorm_cdf", [x, beta])?;
    let part = both(special::gammainc, &(1.0 / &beta), &x.abs().power(&beta));
    (0.5 * (1.0 + x.unary(Unary::Sign) * part)).done()
}

/// The logarithm of the Laplace density.
pub fn laplace_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "laplace_logpdf", [x, loc, scale])?;
    (-((x - loc).abs() / &scale + (scale * 2.0).ln())).done()
}

/// The Laplace distribution function.
pub fn laplace_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "laplace_cdf", [x, loc, scale])?;
    let y = (x - loc) / scale;
    let (low, high) = (0.5 * y.exp(), 1.0 - 0.5 * (-&y).exp());
    y.at_most(&y.constant(0.0)).choose(&low, &high).done()
}

/// The logarithm of the logistic density.
pub fn logistic_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "logistic_logpdf", [x, loc, scale])?;
    let half = (x - loc) / &scale / 2.0;
    (both(numpy::logaddexp, &half, &-&half) * -2.0 - scale.ln()).done()
}

/// The logistic distribution function.
pub fn logistic_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "logistic_cdf", [x, loc, scale])?;
    ((x - loc) / scale).unary(Unary::Logistic).done()
}

/// One less the logistic distribution function.
pub fn logistic_sf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "logistic_sf", [x, loc, scale])?;
    (-((x - loc) / scale)).unary(Unary::Logistic).done()
}

/// The inverse of the logistic distribution function.
pub fn logistic_ppf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "logistic_ppf", [q, loc, scale])?;
    (q.map(special::logit) * scale + loc).done()
}

/// The inverse of [`logistic_sf`].
pub fn logistic_isf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "logistic_isf", [q, loc, scale])?;
    (-q.map(special::logit) * scale + loc).done()
}

/// The logarithm of the density of Student's t.
pub fn t_logpdf(cx: &Scope, x: &Value, df: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, df, loc, scale] = floats(cx, "t_logpdf", [x, df, loc, scale])?;
    let y = (x - loc) / &scale;
    let half = &df / 2.0;
    let more = &half + 0.5;
    let normal = half.lgamma() + (&scale * &scale * PI * &df).ln() / 2.0 - more.lgamma();
    (-(normal + more * (&y * &y / df).log1p())).done()
}

/// The logarithm of the uniform density.
pub fn uniform_logpdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "uniform_logpdf", [x, loc, scale])?;
    let outside = x.greater(&(&loc + &scale)).or(&x.less(&loc));
    (-scale.ln()).unless(&outside, f64::NEG_INFINITY).done()
}

/// The uniform distribution function.
pub fn uniform_cdf(cx: &Scope, x: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [x, loc, scale] = floats(cx, "uniform_cdf", [x, loc, scale])?;
    let inside = x.no_less(&loc).and(&x.at_most(&(&loc + &scale)));
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    let part = inside.choose(&((&x - &loc) / &scale), &zero);
    x.less(&loc).choose(&zero, &x.greater(&(&loc + &scale)).choose(&one, &part)).done()
}

/// The inverse of the uniform distribution function.
pub fn uniform_ppf(cx: &Scope, q: &Value, loc: &Value, scale: &Value) -> Result<Value> {
    let [q, loc, scale] = floats(cx, "uniform_ppf", [q, loc, scale])?;
    (loc + scale * &q).unless(&no_probability(&q), f64::NAN).done()
}

/// The logarithm of von Mises' density.
pub fn vonmises_logpdf(cx: &Scope, x: &Value, kappa: &Value) -> Result<Value> {
    let [x, kappa] = floats(cx, "vonmises_logpdf", [x, kappa])?;
    let log = &kappa * (x.cos() - 1.0) - (kappa.map(special::i0e) * (2.0 * PI)).ln();
    kappa.above(0.0).choose(&log, &kappa.constant(f64::NAN)).done()
}

/// The logarithm of the wrapped Cauchy density.
pub fn wrapcauchy_logpdf(cx: &Scope, x: &Value, c: &Value) -> Result<Value> {
    let [x, c] = floats(cx, "wrapcauchy_logpdf", [x, c])?;
    let square = &c * &c;
    let log =
        (1.0 - &square).ln() - c.constant(2.0 * PI).ln() - (1.0 + square - 2.0 * &c * x.cos()).ln();
    let inside = x.at_least(0.0).and(&x.at_most(&x.constant(2.0 * PI)));
    let log = inside.choose(&log, &x.constant(f64::NEG_INFINITY));
    c.above(0.0).and(&c.below(1.0)).choose(&log, &c.constant(f64::NAN)).done()
}

through! {
    /// The beta density.
    beta_pdf(x, a, b, loc, scale) => beta_logpdf: exp;
    /// The logarithm of the beta distribution function.
    beta_logcdf(x, a, b, loc, scale) => beta_cdf: log;
    /// The logarithm of one less the beta distribution function.
    beta_logsf(x, a, b, loc, scale) => beta_sf: log;
    /// The Cauchy density.
    cauchy_pdf(x, loc, scale) => cauchy_logpdf: exp;
    /// The logarithm of the Cauchy distribution function.
    cauchy_logcdf(x, loc, scale) => cauchy_cdf: log;
    /// The logarithm of one less the Cauchy distribution function.
    cauchy_logsf(x, loc, scale) => cauchy_sf: log;
    /// The chi-squared density.
    chi2_pdf(x, df, loc, scale) => chi2_logpdf: exp;
    /// The logarithm of the chi-squared distribution function.
    chi2_logcdf(x, df, loc, scale) => chi2_cdf: log;
    /// The logarithm of one less the chi-squared distribution function.
    chi2_logsf(x, df, loc, scale) => chi2_sf: log;
    /// The exponential density.
    expon_pdf(x, loc, scale) => expon_logpdf: exp;
    /// One less the exponential distribution function.
    expon_sf(x, loc, scale) => expon_logsf: exp;
    /// The gamma density.
    gamma_pdf(x, a, loc, scale) => gamma_logpdf: exp;
    /// The logarithm of the gamma distribution function.
    gamma_logcdf(x, a, loc, scale) => gamma_cdf: log;
    /// The logarithm of one less the gamma distribution function.
    gamma_logsf(x, a, loc, scale) => gamma_sf: log;
    /// The generalised normal density.
    gennorm_pdf(x, beta) => gennorm_logpdf: exp;
    /// The Laplace density.
    laplace_pdf(x, loc, scale) => laplace_logpdf: exp;
    /// The logistic density.
    logistic_pdf(x, loc, scale) => logistic_logpdf: exp;
    /// The density of Student's t.
    t_pdf(x, df, loc, scale) => t_logpdf: exp;
    /// The uniform density.
    uniform_pdf(x, loc, scale) => uniform_logpdf: exp;
    /// Von Mises' density.
    vonmises_pdf(x, kappa) => vonmises_logpdf: exp;
    /// The wrapped Cauchy density.
    wrapcauchy_pdf(x, c) => wrapcauchy_logpdf: exp;
}

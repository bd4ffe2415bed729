//! The gamma distribution and those that come of it.

use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::prims::{RandomGamma, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::keys::{children, sampler_key};
use super::quantiles::{exponential, normal};
use super::{check_float, parameters, rademacher, sample_shape};
use crate::formula::Term;
use crate::operands::{broadcast, convert};
use crate::{nn, numpy};

/// Samples, or their logarithms, for the shapes `a`, of a typed key.
fn drawn(
    cx: &Scope,
    name: &str,
    key: &Value,
    a: &Value,
    (shape, dtype): (&Shape, DType),
    log_space: bool,
) -> Result<Value> {
    check_float(name, dtype)?;
    let a = broadcast(cx, name, &convert(cx, a, dtype, false)?, shape)?;
    ops::bind1(
        cx,
        RandomGamma { log_space, is_original: cx.settings().original_threefry },
        &[key.clone(), a],
    )
}

/// Floats from the gamma distribution of shape `a`; they have derivatives by it.
pub fn gamma(
    cx: &Scope,
    key: &Value,
    a: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_gamma", key)?;
    let shape = sample_shape("random_gamma", shape, &[a])?;
    drawn(cx, "random_gamma", &key, a, (&shape, dtype), false)
}

/// The logarithms of floats from the gamma distribution, which are exact for small `a` too.
pub fn loggamma(
    cx: &Scope,
    key: &Value,
    a: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_loggamma", key)?;
    let shape = sample_shape("random_loggamma", shape, &[a])?;
    drawn(cx, "random_loggamma", &key, a, (&shape, dtype), true)
}

/// Floats from the beta distribution.
pub fn beta(
    cx: &Scope,
    key: &Value,
    [a, b]: [&Value; 2],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_beta", key)?;
    let shape = sample_shape("random_beta", shape, &[a, b])?;
    let [a, b] = parameters(cx, "random_beta", [a, b], dtype, &shape)?;
    let [key_a, key_b] = children(cx, &key)?;
    let log = |key: &Value, a: &Value| -> Result<Term<'_>> {
        let sample = drawn(cx, "random_beta", key, a, (&shape, dtype), true)?;
        Ok(Term::new(cx, &sample))
    };
    let (log_a, log_b) = (log(&key_a, &a)?, log(&key_b, &b)?);
    let largest = log_a.max(&log_b);
    let (a, b) = ((log_a - &largest).exp(), (log_b - &largest).exp());
    (&a / (&a + b)).done()
}

/// Vectors along a last axis from the Dirichlet distribution, whose parameters lie along that of `alpha`.
pub fn dirichlet(
    cx: &Scope,
    key: &Value,
    alpha: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_dirichlet", key)?;
    let Some(last) = alpha.ty().rank().checked_sub(1) else {
        bail!(Shape, "random_dirichlet needs alpha with an axis, got {}", alpha.ty());
    };
    let batch = alpha.shape().without(last);
    let shape = super::joint_shape("random_dirichlet", shape, &[&batch])?;
    let full = shape.with(shape.rank(), alpha.shape()[last]);
    let samples = drawn(cx, "random_dirichlet", &key, alpha, (&full, dtype), true)?;
    nn::softmax(cx, &samples, &[-1])
}

/// Floats from the chi-square distribution with `df` degrees of freedom.
pub fn chisquare(
    cx: &Scope,
    key: &Value,
    df: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let name = "random_chisquare";
    let key = sampler_key(cx, name, key)?;
    let shape = sample_shape(name, shape, &[df])?;
    let [df] = parameters(cx, name, [df], dtype, &shape)?;
    let half = (Term::new(cx, &df) / 2.0).done()?;
    let log = drawn(cx, name, &key, &half, (&shape, dtype), true)?;
    (Term::new(cx, &log).exp() * 2.0).done()
}

/// Floats from the F distribution.
pub fn f(
    cx: &Scope,
    key: &Value,
    [dfnum, dfden]: [&Value; 2],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_f", key)?;
    let shape = sample_shape("random_f", shape, &[dfnum, dfden])?;
    let [dfnum, dfden] = parameters(cx, "random_f", [dfnum, dfden], dtype, &shape)?;
    let [key_den, key_num] = children(cx, &key)?;
    let part = |key: &Value, df: &Value| -> Result<Term<'_>> {
        let sample = chisquare(cx, key, df, Some(&shape), dtype)?;
        Ok(Term::new(cx, &sample) / Term::new(cx, df))
    };
    (part(&key_num, &dfnum)? / part(&key_den, &dfden)?).done()
}

/// Floats from Student's t distribution with `df` degrees of freedom.
pub fn t(
    cx: &Scope,
    key: &Value,
    df: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_t", key)?;
    let shape = sample_shape("random_t", shape, &[df])?;
    let [df] = parameters(cx, "random_t", [df], dtype, &shape)?;
    let [key_n, key_g] = children(cx, &key)?;
    let n = Term::new(cx, &normal(cx, &key_n, &shape, dtype)?);
    let half = Term::new(cx, &df) / 2.0;
    let sample = drawn(cx, "random_t", &key_g, &half.clone().done()?, (&shape, dtype), false)?;
    (n * (half / Term::new(cx, &sample)).unary(Unary::Sqrt)).done()
}

/// Floats whose density goes with e^−|x|ᵖ.
pub fn generalized_normal(
    cx: &Scope,
    key: &Value,
    p: f64,
    shape: &Shape,
    dtype: DType,
) -> Result<Value> {
    let name = "random_generalized_normal";
    check_float(name, dtype)?;
    let key = sampler_key(cx, name, key)?;
    let [first, second] = children(cx, &key)?;
    let inverse = ops::scalar(dtype, 1.0 / p);
    let size = Term::new(cx, &drawn(cx, name, &first, &inverse, (shape, dtype), false)?);
    let sign = Term::new(cx, &rademacher(cx, &second, shape, dtype)?);
    (sign * size.power(&Term::new(cx, &inverse))).done()
}

/// Points from the ball of the p-norm in `d` dimensions, along a last axis.
pub fn ball(
    cx: &Scope,
    key: &Value,
    (d, p): (usize, f64),
    shape: &Shape,
    dtype: DType,
) -> Result<Value> {
    check_float("random_ball", dtype)?;
    let key = sampler_key(cx, "random_ball", key)?;
    let rank = shape.rank();
    let [first, second] = children(cx, &key)?;
    let g = Term::new(cx, &generalized_normal(cx, &first, p, &shape.with(rank, d), dtype)?);
    let e = Term::new(cx, &exponential(cx, &second, shape, dtype)?);
    let powers = g.abs().power(&g.constant(p)).done()?;
    let sum = Term::new(cx, &numpy::sum(cx, &powers, &[rank as i64], false)?) + e;
    let length = sum.power(&sum.constant(1.0 / p)).done()?;
    let length = ops::expand_dim(cx, &length, rank)?;
    numpy::divide(cx, &g.done()?, &length)
}

//! Samplers that are formulas in uniform and normal samples.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::float::{epsilon, lower_epsilon, rounded, tiny};
use super::keys::{children, sampler_key};
use super::uniform::{uniform, uniform_between};
use super::{check_float, parameters, sample_shape};
use crate::formula::Term;
use crate::operands::{broadcast, broadcast_shape, convert};
use crate::{lax, numpy};

/// A uniform sample for a formula.
fn drawn<'a>(
    cx: &'a Scope,
    name: &str,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    low: f64,
) -> Result<Term<'a>> {
    check_float(name, dtype)?;
    let key = sampler_key(cx, name, key)?;
    Ok(Term::new(cx, &uniform(cx, &key, shape, dtype, low, 1.0)?))
}

/// Floats from the standard normal distribution; complex numbers whose parts share its variance.
pub fn normal(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let key = sampler_key(cx, "random_normal", key)?;
    if dtype.is_complex() {
        return complex_normal(cx, &key, shape, dtype.real_part());
    }
    if !dtype.is_float() {
        bail!(Dtype, "dtype argument to normal must be a float or complex dtype, got {dtype}");
    }
    // The float after −1, so that the inverse error function stays finite.
    let unit = uniform(cx, &key, shape, dtype, -1.0 + lower_epsilon(dtype), 1.0)?;
    let quantiles = Term::new(cx, &unit).unary(Unary::ErfInv);
    (std::f64::consts::SQRT_2 * quantiles).done()
}

fn complex_normal(cx: &Scope, key: &Value, shape: &Shape, part: DType) -> Result<Value> {
    let [re, im] = children(cx, key)?;
    let half = |key: &Value| -> Result<Value> {
        let sample = Term::new(cx, &normal(cx, key, shape, part)?);
        (sample / std::f64::consts::SQRT_2).done()
    };
    ops::complex(cx, &half(&re)?, &half(&im)?)
}

/// Floats from the standard normal distribution between bounds.
pub fn truncated_normal(
    cx: &Scope,
    key: &Value,
    [lower, upper]: [&Value; 2],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_truncated_normal", key)?;
    check_float("random_truncated_normal", dtype)?;
    let shape = sample_shape("random_truncated_normal", shape, &[lower, upper])?;
    let bound = |bound: &Value| -> Result<Value> {
        let bound = convert(cx, bound, dtype, false)?;
        broadcast(cx, "random_truncated_normal", &bound, &shape)
    };
    let (lower, upper) = (bound(lower)?, bound(upper)?);
    let level =
        |bound: &Value| (Term::new(cx, bound) / std::f64::consts::SQRT_2).unary(Unary::Erf).done();
    let unit = uniform_between(cx, &key, Some(&shape), dtype, [&level(&lower)?, &level(&upper)?])?;
    let out = std::f64::consts::SQRT_2 * Term::new(cx, &unit).unary(Unary::ErfInv);
    let inside = |bound: &Value, towards: f64| -> Result<Value> {
        let bound = lax::stop_gradient(cx, bound)?;
        let towards = Literal::scalar(dtype, Scalar::Float(towards));
        ops::binary(cx, Binary::Nextafter, &bound, &Value::literal(towards))
    };
    let (low, high) = (inside(&lower, f64::INFINITY)?, inside(&upper, f64::NEG_INFINITY)?);
    numpy::clip(cx, &out.done()?, Some(&low), Some(&high))
}

/// Floats from the exponential distribution.
pub fn exponential(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let unit = drawn(cx, "random_exponential", key, shape, dtype, 0.0)?;
    (-(-unit).unary(Unary::Log1p)).done()
}

/// Floats from the Laplace distribution.
pub fn laplace(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let unit = drawn(cx, "random_laplace", key, shape, dtype, -1.0 + lower_epsilon(dtype))?;
    let size = (-unit.abs()).unary(Unary::Log1p);
    (unit.unary(Unary::Sign) * size).done()
}

/// Floats from the logistic distribution.
pub fn logistic(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let unit = drawn(cx, "random_logistic", key, shape, dtype, tiny(dtype))?;
    (unit.ln() - (-&unit).unary(Unary::Log1p)).done()
}

/// Floats from the Cauchy distribution.
pub fn cauchy(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let unit = drawn(cx, "random_cauchy", key, shape, dtype, epsilon(dtype))?;
    (rounded(std::f64::consts::PI, dtype) * (unit - 0.5)).unary(Unary::Tan).done()
}

/// Floats from the Pareto distribution with exponent `b`.
pub fn pareto(
    cx: &Scope,
    key: &Value,
    b: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let shape = sample_shape("random_pareto", shape, &[b])?;
    let [b] = parameters(cx, "random_pareto", [b], dtype, &shape)?;
    let sample = Term::new(cx, &exponential(cx, key, &shape, dtype)?);
    (sample / Term::new(cx, &b)).exp().done()
}

/// Floats from the Rayleigh distribution.
pub fn rayleigh(
    cx: &Scope,
    key: &Value,
    scale: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let shape = sample_shape("random_rayleigh", shape, &[scale])?;
    let [scale] = parameters(cx, "random_rayleigh", [scale], dtype, &shape)?;
    let unit = drawn(cx, "random_rayleigh", key, &shape, dtype, 0.0)?;
    (Term::new(cx, &scale) * (unit.ln() * -2.0).unary(Unary::Sqrt)).done()
}

/// Floats from the Weibull distribution.
pub fn weibull_min(
    cx: &Scope,
    key: &Value,
    [scale, concentration]: [&Value; 2],
    shape: &Shape,
    dtype: DType,
) -> Result<Value> {
    let unit = drawn(cx, "random_weibull_min", key, shape, dtype, 0.0)?;
    let size = (-(-unit).unary(Unary::Log1p)).done()?;
    let one = Value::literal(Literal::full(
        jaxrs_data::Type::scalar(cx.defaults().float()).with_weak(true),
        Scalar::Float(1.0),
    ));
    let power = numpy::power(cx, &size, &numpy::divide(cx, &one, concentration)?)?;
    numpy::multiply(cx, &power, scale)
}

/// Floats from the triangular distribution between `left` and `right`, the likeliest `mode`.
pub fn triangular(
    cx: &Scope,
    key: &Value,
    [left, mode, right]: [&Value; 3],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let name = "random_triangular";
    let shape = sample_shape(name, shape, &[left, mode, right])?;
    let params = parameters(cx, name, [left, mode, right], dtype, &shape)?;
    let [left, mode, right] = params.each_ref().map(|x| Term::new(cx, x));
    let unit = drawn(cx, name, key, &shape, dtype, 0.0)?;
    let turn = (&mode - &left) / (&right - &left);
    let rising = &unit * (&right - &left) * (&mode - &left);
    let falling = (1.0 - &unit) * (&right - &left) * (&right - &mode);
    let rising = left + rising.unary(Unary::Sqrt);
    let falling = right - falling.unary(Unary::Sqrt);
    unit.less(&turn).choose(&rising, &falling).done()
}

/// Floats from the distribution of eˢˣ, x normal and s `sigma`.
pub fn lognormal(
    cx: &Scope,
    key: &Value,
    sigma: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let shape = sample_shape("random_lognormal", shape, &[sigma])?;
    if !dtype.is_inexact() {
        bail!(Dtype, "dtype argument to lognormal must be a float or complex dtype, got {dtype}");
    }
    super::check_safe("random_lognormal", sigma, dtype)?;
    let sigma = broadcast(cx, "random_lognormal", &convert(cx, sigma, dtype, false)?, &shape)?;
    (Term::new(cx, &normal(cx, key, &shape, dtype)?) * Term::new(cx, &sigma)).exp().done()
}

/// Floats from the Wald (inverse Gaussian) distribution of scale 1.
pub fn wald(
    cx: &Scope,
    key: &Value,
    mean: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_wald", key)?;
    let shape = sample_shape("random_wald", shape, &[mean])?;
    let [mean] = parameters(cx, "random_wald", [mean], dtype, &shape)?;
    let [first, second] = children(cx, &key)?;
    let power2 = |x: &Term<'_>| x.map(|cx, x| ops::integer_pow(cx, x, 2)).done();
    let (v, mean) = (Term::new(cx, &normal(cx, &first, &shape, dtype)?), Term::new(cx, &mean));
    let z = drawn(cx, "random_wald", &second, &shape, dtype, 0.0)?;
    let y = Term::new(cx, &power2(&v)?);
    let (y_sq, mean_sq) = (Term::new(cx, &power2(&y)?), Term::new(cx, &power2(&mean)?));
    let root = (4.0 * &mean * &y + &mean_sq * y_sq).unary(Unary::Sqrt);
    let x = &mean + &mean_sq * &y / 2.0 - &mean / 2.0 * root;
    let first = z.at_most(&(&mean / (&mean + &x)));
    first.choose(&x, &(mean_sq / &x)).done()
}

/// Floats from the Maxwell distribution: lengths of normal vectors of three numbers.
pub fn maxwell(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    check_float("random_maxwell", dtype)?;
    let rank = shape.rank();
    let vectors = normal(cx, key, &shape.with(rank, 3), dtype)?;
    let squares = ops::mul(cx, &vectors, &vectors)?;
    ops::unary(cx, Unary::Sqrt, &numpy::sum(cx, &squares, &[rank as i64], false)?)
}

/// Floats from the Maxwell distribution with random sign, moved by `loc` and stretched by `scale`. As in
/// JAX, the axes of the parameters come behind those of the shape, or alone for an empty shape twice.
pub fn double_sided_maxwell(
    cx: &Scope,
    key: &Value,
    [loc, scale]: [&Value; 2],
    shape: &Shape,
    dtype: DType,
) -> Result<Value> {
    let name = "random_double_sided_maxwell";
    check_float(name, dtype)?;
    let key = sampler_key(cx, name, key)?;
    let params = broadcast_shape(name, &[loc.shape(), scale.shape()])?;
    let leading = if shape.rank() == 0 { &params } else { shape };
    let shape: Shape = leading.iter().chain(params.iter()).copied().collect();
    let [first, second] = children(cx, &key)?;
    let sizes = maxwell(cx, &first, &shape, dtype)?;
    let signs = super::rademacher(cx, &second, &shape, dtype)?;
    let sample = numpy::multiply(cx, &ops::mul(cx, &signs, &sizes)?, scale)?;
    numpy::add(cx, &sample, loc)
}

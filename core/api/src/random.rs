//! Random numbers, bit for bit JAX's.
//!
//! A key is a scalar of one of the types of keys, as [`key()`] gives it, or the `u32` words of one, as
//! [`prng_key`] does, which count as a key of the default generator, Threefry-2x32. Every function takes a
//! key and is pure: the same key gives the same numbers.

mod binomial;
mod categorical;
mod cipher;
mod counts;
mod float;
mod gamma;
mod integers;
mod keys;
mod matrices;
mod order;
mod poisson;
mod quantiles;
mod uniform;

use jaxrs_data::{DType, Result, Shape, bail, promote};
use jaxrs_ir::prims::{RandomAlgorithm, RngBitGenerator, RngUniform};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

pub use binomial::{binomial, multinomial};
pub use categorical::{Draws, categorical, gumbel};
pub use cipher::threefry_2x32;
pub use counts::{geometric, rademacher};
pub use gamma::{ball, beta, chisquare, dirichlet, f, gamma, generalized_normal, loggamma, t};
pub use integers::randint;
pub(crate) use keys::seed;
pub use keys::{
    bits, clone, fold_in, generator, key, key_data, prng_key, split, split_shape, wrap_key_data,
};
pub use matrices::{multivariate_normal, orthogonal};
pub use order::{Choice, choice, permutation, shuffle};
pub use poisson::poisson;
pub use quantiles::{
    cauchy, double_sided_maxwell, exponential, laplace, logistic, lognormal, maxwell, normal,
    pareto, rayleigh, triangular, truncated_normal, wald, weibull_min,
};
pub use uniform::{bernoulli, uniform, uniform_between};

use crate::operands::{broadcast, broadcast_shape, convert};

/// The next state of a generator, and random integers.
pub fn rng_bit_generator(
    cx: &Scope,
    state: &Value,
    shape: &Shape,
    dtype: DType,
    algorithm: &str,
) -> Result<[Value; 2]> {
    let algorithm = match algorithm {
        "default" => RandomAlgorithm::Default,
        "three_fry" => RandomAlgorithm::ThreeFry,
        "philox" => RandomAlgorithm::Philox,
        _ => bail!(
            InvalidArgument,
            "rng_bit_generator takes an algorithm of default, three_fry or philox, got {algorithm:?}"
        ),
    };
    let generator = RngBitGenerator { algorithm, dtype, shape: shape.clone() };
    let results = cx.bind(&generator.into(), std::slice::from_ref(state))?;
    results
        .into_vec()
        .try_into()
        .map_err(|_| jaxrs_data::Error::internal("a generator gives 2 results"))
}

/// Numbers from `a` up to, not including, `b` that no key names: others with each run.
pub fn rng_uniform(cx: &Scope, a: &Value, b: &Value, shape: &Shape) -> Result<Value> {
    ops::bind1(cx, RngUniform { shape: shape.clone() }, &[a.clone(), b.clone()])
}

/// Checks that a sampler is to give floats.
fn check_float(name: &str, dtype: DType) -> Result<()> {
    if !dtype.is_float() {
        bail!(Dtype, "dtype argument to {name} must be a float dtype, got {dtype}");
    }
    Ok(())
}

/// The shape of a sample: that which parameters broadcast to, unless another is given, which must be it.
fn sample_shape(name: &str, shape: Option<&Shape>, params: &[&Value]) -> Result<Shape> {
    let shapes: Vec<&Shape> = params.iter().map(|param| param.shape()).collect();
    joint_shape(name, shape, &shapes)
}

/// The same of the parameters' shapes.
fn joint_shape(name: &str, shape: Option<&Shape>, params: &[&Shape]) -> Result<Shape> {
    let shapes: Vec<&Shape> = params.iter().copied().chain(shape).collect();
    let joint = broadcast_shape(name, &shapes)?;
    match shape {
        Some(shape) if *shape != joint => bail!(
            Shape,
            "{name} needs parameters that broadcast to its shape, but they and {shape} broadcast to {joint}"
        ),
        _ => Ok(joint),
    }
}

/// Parameters at the element type of a sample and its shape. A type that holds more is refused, as in JAX.
fn parameters<const N: usize>(
    cx: &Scope,
    name: &str,
    params: [&Value; N],
    dtype: DType,
    shape: &Shape,
) -> Result<[Value; N]> {
    check_float(name, dtype)?;
    let mut results = params.map(Value::clone);
    for param in &mut results {
        check_safe(name, param, dtype)?;
        *param = broadcast(cx, name, &convert(cx, param, dtype, false)?, shape)?;
    }
    Ok(results)
}

fn check_safe(name: &str, param: &Value, dtype: DType) -> Result<()> {
    let target = param.ty().with_dtype(dtype);
    let defaults = promote::Defaults::NARROW;
    let is_safe =
        promote::promote([param.ty(), &target], defaults).is_ok_and(|(joint, _)| joint == dtype);
    if !is_safe {
        let from = param.ty().dtype;
        bail!(
            Dtype,
            "in arguments to {name}, cannot safely cast argument of type {from} to {dtype}"
        );
    }
    Ok(())
}

/// The arrays along the leading axis.
fn rows<const N: usize>(cx: &Scope, x: &Value) -> Result<[Value; N]> {
    let mut rows = [const { None }; N];
    for (i, row) in rows.iter_mut().enumerate() {
        *row = Some(ops::squeeze(cx, &ops::slice_in_dim(cx, x, 0, i, i + 1)?, [0])?);
    }
    let missing = || jaxrs_data::Error::internal("an array has fewer rows than it was made with");
    let mut values = Vec::with_capacity(N);
    for row in rows {
        values.push(row.ok_or_else(missing)?);
    }
    values.try_into().map_err(|_| missing())
}

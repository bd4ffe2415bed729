//! Integers that count something.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::keys::sampler_key;
use super::sample_shape;
use super::uniform::{bernoulli, uniform};
use crate::formula::Term;
use crate::operands::{broadcast, convert, to_inexact};

/// −1 or 1, equally likely.
pub fn rademacher(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    if !dtype.is_number() {
        bail!(Dtype, "dtype argument to rademacher must be a number, got {dtype}");
    }
    let half = Type::scalar(cx.defaults().float()).with_weak(true);
    let half = Value::literal(Literal::full(half, Scalar::Float(0.5)));
    let heads = bernoulli(cx, key, &half, Some(shape), "low")?;
    let heads = Term::new(cx, &convert(cx, &heads, dtype, false)?);
    (2.0 * heads - 1.0).done()
}

/// How often a trial is repeated until it succeeds, which it does with probability `p`.
pub fn geometric(
    cx: &Scope,
    key: &Value,
    p: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    if !dtype.is_integer() {
        bail!(Dtype, "dtype argument to geometric must be an int dtype, got {dtype}");
    }
    let key = sampler_key(cx, "random_geometric", key)?;
    let shape = sample_shape("random_geometric", shape, &[p])?;
    let p = to_inexact(cx, p)?;
    let p = broadcast(cx, "random_geometric", &p, &shape)?;
    let unit = Term::new(cx, &uniform(cx, &key, &shape, p.ty().dtype, 0.0, 1.0)?);
    let unit = unit.unless(&unit.is(0.0), 1.0);
    let failure = (-Term::new(cx, &p)).unary(Unary::Log1p);
    let trials = (unit.ln() / failure).unary(Unary::Floor) + 1.0;
    convert(cx, &trials.done()?, dtype, false)
}

//! Floats that are distributed uniformly, and truth values.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::{Binary, BitcastConvertType};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::float::{fraction_bits, rounded};
use super::keys::{draw, sampler_key};
use super::{check_float, rows, sample_shape};
use crate::formula::Term;
use crate::numpy;
use crate::operands::{broadcast, constant, convert};

/// Uniformly distributed floats in `[low, high)`.
///
/// Random bits become the fraction of a float between 1 and 2.
pub fn uniform(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    low: f64,
    high: f64,
) -> Result<Value> {
    let key = sampler_key(cx, "random_uniform", key)?;
    let [low, high] = [low, high].map(|bound| rounded(bound, dtype));
    let unit = Term::new(cx, &unit_floats(cx, &key, shape, dtype)?);
    let bound = unit.constant(low);
    bound.max(&(unit * rounded(high - low, dtype) + &bound)).done()
}

/// The same between bounds, which broadcast to the shape.
pub fn uniform_between(
    cx: &Scope,
    key: &Value,
    shape: Option<&Shape>,
    dtype: DType,
    [low, high]: [&Value; 2],
) -> Result<Value> {
    let key = sampler_key(cx, "random_uniform", key)?;
    check_float("random_uniform", dtype)?;
    let shape = sample_shape("random_uniform", shape, &[low, high])?;
    let bound = |bound: &Value| match bound.ty().rank() {
        0 => convert(cx, bound, dtype, false),
        _ => broadcast(cx, "random_uniform", &convert(cx, bound, dtype, false)?, &shape),
    };
    let (low, high) = (Term::new(cx, &bound(low)?), Term::new(cx, &bound(high)?));
    let unit = Term::new(cx, &unit_floats(cx, &key, &shape, dtype)?);
    low.max(&(unit * (high - &low) + &low)).done()
}

/// Floats from 0 up to 1, of a typed key.
fn unit_floats(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    check_float("random_uniform", dtype)?;
    let (fraction, unsigned) = (fraction_bits(dtype), dtype.unsigned_of_same_width());
    let Some(unsigned) = unsigned.filter(|unsigned| !unsigned.is_narrow()) else {
        bail!(Dtype, "uniform only accepts 8-, 16-, 32-, or 64-bit dtypes, got {dtype}");
    };
    // bf16 has too few bits of fraction for 16 random ones.
    let width = if fraction < 8 { 8 } else { dtype.bits() };
    let bits = convert(cx, &draw(cx, key, width, shape)?, unsigned, false)?;
    let shift = constant(unsigned, f64::from(width - fraction));
    let fraction_only = ops::binary(cx, Binary::ShiftRightLogical, &bits, &shift)?;
    let one = Scalar::Uint(Scalar::Float(1.0).to_bits(dtype));
    let one = Value::literal(Literal::scalar(unsigned, one));
    let float_bits = ops::binary(cx, Binary::Or, &fraction_only, &one)?;
    let floats = ops::bind1(cx, BitcastConvertType { new_dtype: dtype }, &[float_bits])?;
    ops::sub(cx, &floats, &constant(dtype, 1.0))
}

/// `true` with probability `p`, a float; the shape of `p` unless another is given. Mode `high` draws twice as
/// many bits, for probabilities near 0.
pub fn bernoulli(
    cx: &Scope,
    key: &Value,
    p: &Value,
    shape: Option<&Shape>,
    mode: &str,
) -> Result<Value> {
    let dtype = p.ty().dtype;
    if !dtype.is_float() {
        bail!(Dtype, "bernoulli probability p must have a floating dtype, got {dtype}");
    }
    let shape = sample_shape("random_bernoulli", shape, &[p])?;
    match mode {
        "low" => numpy::less(cx, &uniform(cx, key, &shape, dtype, 0.0, 1.0)?, p),
        "high" => {
            let both = uniform(cx, key, &shape.with(0, 2), dtype, 0.0, 1.0)?;
            let [first, second] = rows(cx, &both)?;
            let unit = 2f64.powi(-(fraction_bits(dtype) as i32));
            let second = (Term::new(cx, &second) * unit).done()?;
            numpy::less(cx, &second, &numpy::subtract(cx, p, &first)?)
        }
        _ => bail!(InvalidArgument, "random_bernoulli takes mode 'high' or 'low', got {mode:?}"),
    }
}

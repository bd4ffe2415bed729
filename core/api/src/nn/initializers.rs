//! Starting values of parameters, as `jax.nn.initializers` has them.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::operands::constant;
use crate::{numpy, random};

/// Uniform numbers from 0 to `scale`.
pub fn uniform(cx: &Scope, key: &Value, shape: &Shape, dtype: DType, scale: f64) -> Result<Value> {
    (Term::new(cx, &random::uniform(cx, key, shape, dtype, 0.0, 1.0)?) * scale).done()
}

/// Normal numbers of a standard deviation.
pub fn normal(cx: &Scope, key: &Value, shape: &Shape, dtype: DType, stddev: f64) -> Result<Value> {
    (Term::new(cx, &random::normal(cx, key, shape, dtype)?) * stddev).done()
}

/// Normal numbers between bounds, times a standard deviation.
pub fn truncated_normal(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    (stddev, lower, upper): (f64, f64, f64),
) -> Result<Value> {
    (truncated(cx, key, shape, dtype, [lower, upper])? * stddev).done()
}

fn truncated<'a>(
    cx: &'a Scope,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    bounds: [f64; 2],
) -> Result<Term<'a>> {
    use std::f64::consts::SQRT_2;
    let [lower, upper] = bounds.map(|bound| Term::new(cx, &constant(dtype, bound)));
    let (low, high) = ((&lower / SQRT_2).unary(Unary::Erf), (&upper / SQRT_2).unary(Unary::Erf));
    let unit = Term::new(cx, &random::uniform(cx, key, shape, dtype, 0.0, 1.0)?);
    let level = (unit * (high - &low) + &low).max(&low);
    let sample = level.unary(Unary::ErfInv) * SQRT_2;
    let next = |bound: &Term<'_>, towards: f64| {
        bound.map(|cx, x| numpy::nextafter(cx, x, &constant(dtype, towards))).done()
    };
    let (least, most) = (next(&lower, f64::INFINITY)?, next(&upper, f64::NEG_INFINITY)?);
    Ok(sample.map(|cx, x| numpy::clip(cx, x, Some(&least), Some(&most))))
}

/// How variances follow shapes.
#[derive(Clone, Copy, Debug)]
pub struct VarianceScaling<'a> {
    /// The variance times what `mode` says.
    pub scale: f64,
    /// `fan_in`, `fan_out`, `fan_avg` or `fan_geo_avg`.
    pub mode: &'a str,
    /// `normal`, `truncated_normal` or `uniform`.
    pub distribution: &'a str,
    /// The axes of inputs.
    pub in_axis: &'a [i64],
    /// The axes of outputs.
    pub out_axis: &'a [i64],
    /// The axes of separate parameters.
    pub batch_axis: &'a [i64],
}

fn size(shape: &Shape, axes: &[i64]) -> Result<f64> {
    let of =
        |&axis: &i64| Ok(shape[normalize_axis("variance_scaling", axis, shape.rank())?] as f64);
    axes.iter().map(of).product()
}

/// Numbers whose variance is `scale` by the number of inputs, of outputs, or a mean of both.
pub fn variance_scaling(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    options: VarianceScaling<'_>,
) -> Result<Value> {
    let (inputs, outputs) = (size(shape, options.in_axis)?, size(shape, options.out_axis)?);
    let field = shape.numel() as f64 / inputs / outputs / size(shape, options.batch_axis)?;
    let (fan_in, fan_out) = (inputs * field, outputs * field);
    let denominator = match options.mode {
        "fan_in" => fan_in,
        "fan_out" => fan_out,
        "fan_avg" => (fan_in + fan_out) / 2.0,
        "fan_geo_avg" => (fan_in * fan_out).sqrt(),
        mode => bail!(
            InvalidArgument,
            "variance_scaling takes mode fan_in, fan_out, fan_avg or fan_geo_avg, got {mode:?}"
        ),
    };
    let variance = Term::new(cx, &constant(dtype, options.scale / denominator));
    let result = match options.distribution {
        // The standard deviation of a normal number between −2 and 2.
        "truncated_normal" => {
            truncated(cx, key, shape, dtype, [-2.0, 2.0])?
                * (variance.sqrt() / 0.879_625_661_034_239_8)
        }
        "normal" => Term::new(cx, &random::normal(cx, key, shape, dtype)?) * variance.sqrt(),
        "uniform" => {
            Term::new(cx, &random::uniform(cx, key, shape, dtype, -1.0, 1.0)?)
                * (variance * 3.0).sqrt()
        }
        other => bail!(
            InvalidArgument,
            "variance_scaling takes distribution normal, truncated_normal or uniform, got {other:?}"
        ),
    };
    result.done()
}

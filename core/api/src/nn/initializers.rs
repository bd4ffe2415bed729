//! Starting values of parameters, as `jax.nn.initializers` has them.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
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

/// Orthonormal columns of `column_axis`, times a scale; orthonormal rows where those are more than what is left.
pub fn orthogonal(
    cx: &Scope,
    key: &Value,
    (shape, dtype): (&Shape, DType),
    (scale, column_axis): (f64, i64),
) -> Result<Value> {
    let rank = shape.rank();
    if rank < 2 {
        bail!(Shape, "initializers_orthogonal needs a shape of at least 2 axes, got {shape}");
    }
    let axis = normalize_axis("initializers_orthogonal", column_axis, rank)?;
    if shape.numel() == 0 {
        return numpy::zeros(cx, shape, dtype);
    }
    let columns = shape[axis];
    let matrix =
        random::orthogonal(cx, key, [shape.numel() / columns, columns], &Shape::scalar(), dtype)?;
    let rows: Shape = shape.without(axis).iter().copied().chain([columns]).collect();
    let matrix = numpy::moveaxis(cx, &ops::reshape(cx, &matrix, &rows)?, &[-1], &[axis as i64])?;
    (Term::new(cx, &matrix) * scale).done()
}

/// A convolution's window of zeros with orthogonal matrices in its middle (Xiao et al., "Dynamical isometry and a mean
/// field theory of CNNs", 2018).
pub fn delta_orthogonal(
    cx: &Scope,
    key: &Value,
    (shape, dtype): (&Shape, DType),
    (scale, column_axis): (f64, i64),
) -> Result<Value> {
    let &[ref window @ .., fan_in, fan_out] = &shape[..] else {
        bail!(Shape, "initializers_delta_orthogonal needs a shape of 3 to 5 axes, got {shape}");
    };
    if !(1..=3).contains(&window.len()) || fan_out < fan_in {
        bail!(
            Shape,
            "initializers_delta_orthogonal needs a shape of 3 to 5 axes, no fewer outputs than inputs, got {shape}"
        );
    }
    let matrix = orthogonal(cx, key, (&[fan_in, fan_out].into(), dtype), (scale, column_axis))?;
    let before = |size: usize| size.saturating_sub(1) / 2;
    let low: Vec<i64> = window.iter().map(|&size| before(size) as i64).chain([0, 0]).collect();
    let high = window.iter().map(|&size| size as i64 - 1 - before(size) as i64).chain([0, 0]);
    let full = window.iter().map(|_| 1).chain([fan_in, fan_out]).collect();
    let config: Vec<_> = low.into_iter().zip(high).map(|(low, high)| (low, high, 0)).collect();
    ops::pad_zeros(cx, &ops::reshape(cx, &matrix, &full)?, &config)
}

//! Starting values of parameters.

use super::arrange::shape_of;
use super::*;
use crate::nn::initializers::{self, VarianceScaling};

const SHAPE: &str = "the shape of the result";
const FLOAT: &str = "the element type; the default float if none";
const IN: &str = "the axes of inputs";
const OUT: &str = "the axes of outputs";
const BATCH: &str = "the axes of separate parameters";

type Axes<'a> = (&'a [i64], &'a [i64], &'a [i64]);

fn scaled(
    cx: &Scope,
    key: &Value,
    (shape, dtype): (&[i64], Option<DType>),
    (scale, mode, distribution): (f64, &str, &str),
    (in_axis, out_axis, batch_axis): Axes<'_>,
) -> Result<Value> {
    let dtype = dtype.unwrap_or(cx.defaults().float());
    let options = VarianceScaling { scale, mode, distribution, in_axis, out_axis, batch_axis };
    initializers::variance_scaling(
        cx,
        key,
        &shape_of("variance_scaling", shape, dtype)?,
        dtype,
        options,
    )
}

macro_rules! scaling {
    ($name:literal, $scale:literal, $mode:literal, $distribution:literal, $doc:literal) => {
        op!($name, $doc, (key)
            { shape: I64s, SHAPE; dtype: DType = None, FLOAT; in_axis: I64s = &[-2], IN; out_axis: I64s = &[-1], OUT; batch_axis: I64s = &[], BATCH; }
            => |cx| scaled(cx, key, (shape, dtype), ($scale, $mode, $distribution), (in_axis, out_axis, batch_axis)))
    };
}

macro_rules! orthogonal {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (key)
        { shape: I64s, SHAPE; scale: F64 = 1.0, "the length of columns"; column_axis: I64 = -1, "the axis of columns"; dtype: DType = None, FLOAT; }
        => |cx| {
            let dtype = dtype.unwrap_or(cx.defaults().float());
            $function(cx, key, (&shape_of($name, shape, dtype)?, dtype), (scale, column_axis))
        })
    };
}

pub(super) static OPS: &[Op] = &[
    op!("initializers_uniform", "Uniform numbers from 0 to a scale.", (key)
    { shape: I64s, SHAPE; scale: F64 = 0.01, "the scale"; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = dtype.unwrap_or(cx.defaults().float());
        initializers::uniform(cx, key, &shape_of("uniform", shape, dtype)?, dtype, scale)
    }),
    op!("initializers_normal", "Normal numbers of a standard deviation.", (key)
    { shape: I64s, SHAPE; stddev: F64 = 0.01, "the standard deviation"; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = dtype.unwrap_or(cx.defaults().float());
        initializers::normal(cx, key, &shape_of("normal", shape, dtype)?, dtype, stddev)
    }),
    op!("initializers_truncated_normal", "Normal numbers between bounds, times a standard deviation.", (key)
    { shape: I64s, SHAPE; stddev: F64 = 0.01, "the standard deviation"; lower: F64 = -2.0, "the lower bound"; upper: F64 = 2.0, "the upper bound"; dtype: DType = None, FLOAT; }
    => |cx| {
        let dtype = dtype.unwrap_or(cx.defaults().float());
        initializers::truncated_normal(cx, key, &shape_of("truncated_normal", shape, dtype)?, dtype, (stddev, lower, upper))
    }),
    op!("initializers_variance_scaling", "Numbers whose variance is a scale by the number of inputs, of outputs, or a mean of both.", (key)
        { shape: I64s, SHAPE; scale: F64, "the scale"; mode: Str, "`fan_in`, `fan_out`, `fan_avg` or `fan_geo_avg`"; distribution: Str, "`normal`, `truncated_normal` or `uniform`";
          dtype: DType = None, FLOAT; in_axis: I64s = &[-2], IN; out_axis: I64s = &[-1], OUT; batch_axis: I64s = &[], BATCH; }
        => |cx| scaled(cx, key, (shape, dtype), (scale, mode, distribution), (in_axis, out_axis, batch_axis))),
    scaling!("initializers_glorot_uniform", 1.0, "fan_avg", "uniform", "Glorot's uniform numbers."),
    scaling!(
        "initializers_glorot_normal",
        1.0,
        "fan_avg",
        "truncated_normal",
        "Glorot's normal numbers."
    ),
    scaling!("initializers_lecun_uniform", 1.0, "fan_in", "uniform", "LeCun's uniform numbers."),
    scaling!(
        "initializers_lecun_normal",
        1.0,
        "fan_in",
        "truncated_normal",
        "LeCun's normal numbers."
    ),
    scaling!("initializers_he_uniform", 2.0, "fan_in", "uniform", "He's uniform numbers."),
    scaling!("initializers_he_normal", 2.0, "fan_in", "truncated_normal", "He's normal numbers."),
    orthogonal!(
        "initializers_orthogonal",
        initializers::orthogonal,
        "Matrices with orthonormal columns, or rows if those are fewer, times a scale."
    ),
    orthogonal!(
        "initializers_delta_orthogonal",
        initializers::delta_orthogonal,
        "Windows of zeros with an orthogonal matrix in the middle."
    ),
];

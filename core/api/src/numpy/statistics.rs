//! Averages, order statistics and histograms.

use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::axes_of;
use crate::formula::Term;
use crate::operands::{constant_like, convert, promoted_inexact, to_inexact};

/// The mean over some axes, with weights for each element or for each place along the axes; and the sum of weights.
pub fn average(
    cx: &Scope,
    x: &Value,
    weights: Option<&Value>,
    axes: &[i64],
    keepdims: bool,
) -> Result<[Value; 2]> {
    let all = axes_of("average", axes, x.ty().rank())?;
    let Some(weights) = weights else {
        let mean = super::mean(cx, x, axes, keepdims)?;
        let count: f64 = all.iter().map(|&axis| x.shape()[axis] as f64).product();
        let sum = super::full_like(cx, &mean, count, None)?;
        return Ok([mean, sum]);
    };
    let [x, mut weights] = promoted_inexact(cx, [x, weights])?;
    if weights.shape() != x.shape() {
        // The weights' axes are in the order in which axes are listed.
        let listed = crate::lax::axes_in_order("average", axes, x.ty().rank())?;
        let along: Shape = listed.iter().map(|&axis| x.shape()[axis]).collect();
        if axes.is_empty() || *weights.shape() != along {
            bail!(
                Shape,
                "average needs a weight for each element of {} or for each place along {axes:?}, got {}",
                x.ty(),
                weights.ty()
            );
        }
        let mut order: Vec<usize> = (0..listed.len()).collect();
        order.sort_by_key(|&i| listed[i]);
        weights = ops::transpose(cx, &weights, &order)?;
        weights = ops::broadcast_in_dim(cx, &weights, x.shape(), all.iter().copied())?;
    }
    let sum = super::sum(cx, &weights, axes, keepdims)?;
    let weighted = super::sum(cx, &ops::mul(cx, &x, &weights)?, axes, keepdims)?;
    Ok([ops::div(cx, &weighted, &sum)?, sum])
}

/// The largest element less the smallest over some axes.
pub fn ptp(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    super::subtract(cx, &super::max(cx, x, axes, keepdims)?, &super::min(cx, x, axes, keepdims)?)
}

/// `x` with a number in the place of NaN.
pub(super) fn without_nan(cx: &Scope, x: &Value, number: f64) -> Result<Value> {
    if !x.ty().dtype.is_inexact() {
        return Ok(x.clone());
    }
    super::select(cx, &super::isnan(cx, x)?, &constant_like(x, number), x)
}

type Reduction = fn(&Scope, &Value, &[i64], bool) -> Result<Value>;

fn nan_or(
    cx: &Scope,
    reduction: Reduction,
    x: &Value,
    number: f64,
    axes: &[i64],
    keepdims: bool,
) -> Result<Value> {
    let reduced = reduction(cx, &without_nan(cx, x, number)?, axes, keepdims)?;
    if !x.ty().dtype.is_inexact() {
        return Ok(reduced);
    }
    let none = super::all(cx, &super::isnan(cx, x)?, axes, keepdims)?;
    super::select(cx, &none, &constant_like(&reduced, f64::NAN), &reduced)
}

/// The largest element that is not NaN; NaN if there is none.
pub fn nanmax(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    nan_or(cx, super::max, x, f64::NEG_INFINITY, axes, keepdims)
}

/// The smallest element that is not NaN; NaN if there is none.
pub fn nanmin(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    nan_or(cx, super::min, x, f64::INFINITY, axes, keepdims)
}

/// The sum of elements that are not NaN.
pub fn nansum(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    super::sum(cx, &without_nan(cx, x, 0.0)?, axes, keepdims)
}

/// The product of elements that are not NaN.
pub fn nanprod(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    super::prod(cx, &without_nan(cx, x, 1.0)?, axes, keepdims)
}

/// How many elements are not NaN.
fn count(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    super::sum(cx, &super::logical_not(cx, &super::isnan(cx, x)?)?, axes, keepdims)
}

/// The mean of elements that are not NaN.
pub fn nanmean(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    if !x.ty().dtype.is_inexact() {
        return super::mean(cx, x, axes, keepdims);
    }
    let sum = nansum(cx, x, axes, keepdims)?;
    let count = convert(cx, &count(cx, x, axes, keepdims)?, sum.ty().dtype, false)?;
    ops::div(cx, &sum, &count)
}

/// The variance of elements that are not NaN; NaN if there are no more than `ddof`.
pub fn nanvar(cx: &Scope, x: &Value, axes: &[i64], ddof: f64, keepdims: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let half = matches!(x.ty().dtype, DType::F16 | DType::BF16);
    let wide = if half { convert(cx, &x, DType::F32, x.ty().weak)? } else { x.clone() };
    let centred = super::subtract(cx, &wide, &nanmean(cx, &wide, axes, true)?)?;
    let squares = super::complex::squared_magnitude(cx, &without_nan(cx, &centred, 0.0)?)?;
    let sum = super::sum(cx, &squares, axes, keepdims)?;
    let n = convert(cx, &count(cx, &wide, axes, keepdims)?, sum.ty().dtype, false)?;
    let n = Term::new(cx, &ops::offset(cx, &n, -ddof)?);
    let none = n.at_most(&n.constant(0.0));
    let sum = Term::new(cx, &sum);
    let variance = (sum.unless(&none, f64::NAN) / n.unless(&none, 1.0)).done()?;
    if half { convert(cx, &variance, x.ty().dtype, x.ty().weak) } else { Ok(variance) }
}

/// The square root of [`nanvar`].
pub fn nanstd(cx: &Scope, x: &Value, axes: &[i64], ddof: f64, keepdims: bool) -> Result<Value> {
    super::sqrt(cx, &nanvar(cx, x, axes, ddof, keepdims)?)
}

/// The sums of elements up to each one, NaN counting as 0.
pub fn nancumsum(cx: &Scope, x: &Value, axis: Option<i64>) -> Result<Value> {
    super::cumsum(cx, &without_nan(cx, x, 0.0)?, axis, false)
}

/// The products of elements up to each one, NaN counting as 1.
pub fn nancumprod(cx: &Scope, x: &Value, axis: Option<i64>) -> Result<Value> {
    super::cumprod(cx, &without_nan(cx, x, 1.0)?, axis, false)
}

fn nanarg(
    cx: &Scope,
    is_max: bool,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    dtype: DType,
) -> Result<Value> {
    let number = if is_max { f64::NEG_INFINITY } else { f64::INFINITY };
    let clean = without_nan(cx, x, number)?;
    let position = match is_max {
        true => super::argmax(cx, &clean, axis, keepdims, dtype)?,
        false => super::argmin(cx, &clean, axis, keepdims, dtype)?,
    };
    if !x.ty().dtype.is_inexact() {
        return Ok(position);
    }
    let axes: Vec<i64> = axis.into_iter().collect();
    let none = super::all(cx, &super::isnan(cx, x)?, &axes, keepdims)?;
    super::select(cx, &none, &constant_like(&position, -1.0), &position)
}

/// The position of the largest element that is not NaN; −1 if there is none.
pub fn nanargmax(
    cx: &Scope,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    dtype: DType,
) -> Result<Value> {
    nanarg(cx, true, x, axis, keepdims, dtype)
}

/// The position of the smallest element that is not NaN; −1 if there is none.
pub fn nanargmin(
    cx: &Scope,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    dtype: DType,
) -> Result<Value> {
    nanarg(cx, false, x, axis, keepdims, dtype)
}

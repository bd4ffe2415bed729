//! Softmax and its like over the elements that a mask picks.

use jaxrs_data::{DType, Result};
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use super::activations::standardized;
use crate::numpy::{self, Among};
use crate::operands::{constant, constant_like, to_inexact};

/// The picked elements of `x` less the largest of them, which counts as constant; −∞ elsewhere.
fn shifted(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    let lowest = constant(DType::F32, f64::NEG_INFINITY);
    let largest = numpy::max_where(cx, x, among, &lowest)?;
    let picked = numpy::select(cx, among.mask, x, &constant_like(x, f64::NEG_INFINITY))?;
    numpy::subtract(cx, &picked, &crate::lax::stop_gradient(cx, &largest)?)
}

fn along<'a>(axes: &'a [i64], mask: &'a Value) -> Among<'a> {
    Among { axes, keepdims: true, mask }
}

/// The softmax of picked elements over some axes; 0 elsewhere.
pub fn softmax_where(cx: &Scope, x: &Value, axes: &[i64], mask: &Value) -> Result<Value> {
    let (x, among) = (to_inexact(cx, x)?, along(axes, mask));
    let exp = numpy::exp(cx, &shifted(cx, &x, among)?)?;
    let sum = numpy::sum_where(cx, &exp, among, None)?;
    let result = numpy::true_divide(cx, &exp, &sum)?;
    numpy::select(cx, mask, &result, &constant_like(&result, 0.0))
}

/// The logarithm of the softmax of picked elements over some axes; −∞ elsewhere.
pub fn log_softmax_where(cx: &Scope, x: &Value, axes: &[i64], mask: &Value) -> Result<Value> {
    let (x, among) = (to_inexact(cx, x)?, along(axes, mask));
    let shifted = shifted(cx, &x, among)?;
    let sum = numpy::sum_where(cx, &numpy::exp(cx, &shifted)?, among, None)?;
    let result = numpy::subtract(cx, &shifted, &numpy::log(cx, &sum)?)?;
    numpy::select(cx, mask, &result, &constant_like(&result, f64::NEG_INFINITY))
}

/// The logarithm of the mean of picked exponentials.
pub fn logmeanexp_where(cx: &Scope, x: &Value, among: Among<'_>) -> Result<Value> {
    let sum = numpy::logsumexp_where(cx, x, among, (None, false))?.swap_remove(0);
    let count = among.count(cx, "logmeanexp_where", x, sum.ty().dtype)?;
    numpy::subtract(cx, &sum, &numpy::log(cx, &count)?)
}

/// `x` less the mean of picked elements over some axes, by the square root of their variance and a little more; mean and
/// variance may be given.
pub fn standardize_where(
    cx: &Scope,
    x: &Value,
    given: (Option<&Value>, Option<&Value>),
    (axes, mask): (&[i64], &Value),
    epsilon: f64,
) -> Result<Value> {
    let among = along(axes, mask);
    standardized(cx, x, given, epsilon, |x| numpy::mean_where(cx, x, among))
}

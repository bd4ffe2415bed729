//! More activations.

use jaxrs_data::{Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy;
use crate::operands::{constant_like, promoted, to_inexact, weak_constant};

fn with_inexact(
    cx: &Scope,
    x: &Value,
    formula: impl FnOnce(Term<'_>) -> Term<'_>,
) -> Result<Value> {
    formula(Term::new(cx, &to_inexact(cx, x)?)).done()
}

/// `min(max(x, 0), 6)`, as a float.
pub fn relu6(cx: &Scope, x: &Value) -> Result<Value> {
    // Selections, since the slope is 0 at both bounds, and not half of what is beside them.
    let [x, six] = promoted(cx, [x, &weak_constant(cx, 6.0)])?;
    let zero = constant_like(&x, 0.0);
    let below = ops::compare(cx, Compare::Le, &x, &zero)?;
    let above = ops::compare(cx, Compare::Ge, &x, &six)?;
    numpy::select(cx, &above, &six, &numpy::select(cx, &below, &zero, &x)?)
}

/// A sigmoid of three straight pieces.
pub fn hard_sigmoid(cx: &Scope, x: &Value) -> Result<Value> {
    let shifted = numpy::add(cx, x, &weak_constant(cx, 3.0))?;
    numpy::true_divide(cx, &relu6(cx, &shifted)?, &weak_constant(cx, 6.0))
}

/// `x` times its hard sigmoid.
pub fn hard_silu(cx: &Scope, x: &Value) -> Result<Value> {
    numpy::multiply(cx, x, &hard_sigmoid(cx, x)?)
}

/// `x` between −1 and 1.
pub fn hard_tanh(cx: &Scope, x: &Value) -> Result<Value> {
    let x = Term::new(cx, x);
    x.unless(&x.below(-1.0), -1.0).unless(&x.above(1.0), 1.0).done()
}

/// `max(x, 0) + α (exp(min(x, 0) / α) − 1)`.
pub fn celu(cx: &Scope, x: &Value, alpha: f64) -> Result<Value> {
    with_inexact(cx, x, |x| {
        let zero = x.constant(0.0);
        x.max(&zero) + (x.min(&zero) / alpha).expm1() * alpha
    })
}

/// A scaled `elu` that keeps mean and variance (Klambauer et al. 2017).
pub fn selu(cx: &Scope, x: &Value) -> Result<Value> {
    let elu = super::elu(cx, x, 1.673_263_242_354_377_2)?;
    ops::scale(cx, &elu, 1.050_700_987_355_480_5)
}

/// One half along an axis times the sigmoid of the other.
pub fn glu(cx: &Scope, x: &Value, axis: i64) -> Result<Value> {
    let along = normalize_axis("glu", axis, x.ty().rank())?;
    if !x.shape()[along].is_multiple_of(2) {
        bail!(Shape, "glu needs an even size along axis {axis}, got {}", x.ty());
    }
    let halves = numpy::split(cx, x, 2, axis)?;
    numpy::multiply(cx, &halves[0], &super::sigmoid(cx, &halves[1])?)
}

/// The logarithm of the sigmoid.
pub fn log_sigmoid(cx: &Scope, x: &Value) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    ops::neg(cx, &super::softplus(cx, &ops::neg(cx, &x)?)?)
}

/// `x tanh(softplus(x))`.
pub fn mish(cx: &Scope, x: &Value) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    ops::mul(cx, &x, &numpy::tanh(cx, &super::softplus(cx, &x)?)?)
}

/// `x / (|x| + 1)`.
pub fn soft_sign(cx: &Scope, x: &Value) -> Result<Value> {
    with_inexact(cx, x, |x| &x / (x.abs() + 1.0))
}

/// 0 up to −1, `x` from 1 on, a parabola between.
pub fn sparse_plus(cx: &Scope, x: &Value) -> Result<Value> {
    with_inexact(cx, x, |x| {
        let curve = (&x + 1.0).square() / 4.0;
        x.at_least(1.0).choose(&x, &curve).unless(&x.at_most(&x.constant(-1.0)), 0.0)
    })
}

/// 0 up to −1, 1 from 1 on, a line between.
pub fn sparse_sigmoid(cx: &Scope, x: &Value) -> Result<Value> {
    with_inexact(cx, x, |x| {
        (x + 1.0).map(|cx, x| {
            let bound = |value| crate::operands::constant_like(x, value);
            numpy::clip(cx, x, Some(&bound(0.0)), Some(&bound(2.0)))
        }) * 0.5
    })
}

/// `(x + √(x² + b)) / 2`.
pub fn squareplus(cx: &Scope, x: &Value, b: f64) -> Result<Value> {
    with_inexact(cx, x, |x| (&x + (x.square() + b).sqrt()) / 2.0)
}

/// The logarithm of the mean of exponentials.
pub fn logmeanexp(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let sum = numpy::logsumexp(cx, x, axes, keepdims)?;
    let over = numpy::axes_of("logmeanexp", axes, x.ty().rank())?;
    let count: f64 = over.iter().map(|&axis| x.shape()[axis] as f64).product();
    let log = numpy::log(cx, &crate::operands::constant_like(&sum, count))?;
    ops::sub(cx, &sum, &log)
}

/// `x` less its mean over some axes, by the square root of its variance and a little more; mean and variance may be
/// given.
pub fn standardize(
    cx: &Scope,
    x: &Value,
    given: (Option<&Value>, Option<&Value>),
    axes: &[i64],
    epsilon: f64,
) -> Result<Value> {
    standardized(cx, x, given, epsilon, |x| numpy::mean(cx, x, axes, true))
}

/// [`standardize`] by a mean of elements.
pub(super) fn standardized(
    cx: &Scope,
    x: &Value,
    (mean, variance): (Option<&Value>, Option<&Value>),
    epsilon: f64,
    mean_of: impl Fn(&Value) -> Result<Value>,
) -> Result<Value> {
    let mean = match mean {
        Some(mean) => mean.clone(),
        None => mean_of(x)?,
    };
    let variance = match variance {
        Some(variance) => variance.clone(),
        None => {
            let squares = mean_of(&numpy::square(cx, x)?)?;
            let variance = numpy::subtract(cx, &squares, &numpy::square(cx, &mean)?)?;
            numpy::clip(cx, &variance, Some(&crate::operands::constant_like(&variance, 0.0)), None)?
        }
    };
    let scale = crate::lax::rsqrt(cx, &ops::offset(cx, &to_inexact(cx, &variance)?, epsilon)?)?;
    numpy::multiply(cx, &numpy::subtract(cx, x, &mean)?, &scale)
}

//! Functions of neural networks.

mod activations;
mod attention;
pub mod initializers;
mod masked;

pub use activations::*;
pub use attention::*;
use jaxrs_data::{Error, Result};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, custom_jvp};
pub use masked::*;

use crate::formula::Term;
use crate::numpy;
use crate::operands::{constant_like, promoted, to_inexact, weak_constant};

/// `max(x, 0)`, with derivative 0 at 0.
pub fn relu(cx: &Scope, x: &Value) -> Result<Value> {
    let zero = constant_like(x, 0.0);
    let off = ops::compare(cx, Compare::Le, x, &zero)?;
    numpy::select(cx, &off, &zero, x)
}

/// 1/(1 + e⁻ˣ).
pub fn sigmoid(cx: &Scope, x: &Value) -> Result<Value> {
    crate::lax::logistic(cx, &to_inexact(cx, x)?)
}

/// `x · sigmoid(x)`.
pub fn silu(cx: &Scope, x: &Value) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    ops::mul(cx, &x, &sigmoid(cx, &x)?)
}

/// `ln(1 + eˣ)`.
pub fn softplus(cx: &Scope, x: &Value) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    numpy::logaddexp(cx, &x, &constant_like(&x, 0.0))
}

/// The Gaussian error linear unit; by default in its `tanh` approximation.
pub fn gelu(cx: &Scope, x: &Value, approximate: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    if !approximate {
        let scaled = ops::scale(cx, &ops::neg(cx, &x)?, std::f64::consts::FRAC_1_SQRT_2)?;
        return ops::mul(cx, &ops::scale(cx, &x, 0.5)?, &crate::lax::erfc(cx, &scaled)?);
    }
    let cube = crate::lax::integer_pow(cx, &x, 3)?;
    let inner = ops::add(cx, &x, &ops::scale(cx, &cube, 0.044715)?)?;
    let slope = (2.0 / std::f64::consts::PI).sqrt();
    let tanh = numpy::tanh(cx, &ops::scale(cx, &inner, slope)?)?;
    ops::mul(cx, &x, &ops::scale(cx, &ops::offset(cx, &tanh, 1.0)?, 0.5)?)
}

/// `x` above zero and `eˣ − 1` below.
pub fn elu(cx: &Scope, x: &Value, alpha: f64) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let zero = constant_like(&x, 0.0);
    let above = ops::compare(cx, Compare::Gt, &x, &zero)?;
    // Where the branch is not taken its operand is 0, so that no infinity spoils the derivative.
    let safe = numpy::select(cx, &above, &zero, &x)?;
    let below = ops::scale(cx, &numpy::expm1(cx, &safe)?, alpha)?;
    numpy::select(cx, &above, &x, &below)
}

/// `x` above zero and `slope · x` below.
pub fn leaky_relu(cx: &Scope, x: &Value, slope: f64) -> Result<Value> {
    let [x, slope] = promoted(cx, [x, &weak_constant(cx, slope)])?;
    let above = ops::compare(cx, Compare::Ge, &x, &constant_like(&x, 0.0))?;
    numpy::select(cx, &above, &x, &ops::mul(cx, &slope, &x)?)
}

/// `x` less its largest element over some axes, which counts as constant.
fn shifted(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let largest = numpy::max(cx, x, axes, true)?;
    numpy::subtract(cx, x, &crate::lax::stop_gradient(cx, &largest)?)
}

/// `exp(x)` divided by its sum over some axes.
pub fn softmax(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let exp = numpy::exp(cx, &shifted(cx, &x, axes)?)?;
    let sum = numpy::sum(cx, &exp, axes, true)?;
    numpy::true_divide(cx, &exp, &sum)
}

/// The logarithm of the softmax over some axes.
pub fn log_softmax(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let shifted = shifted(cx, &x, axes)?;
    let sum = numpy::sum(cx, &numpy::exp(cx, &shifted)?, axes, true)?;
    numpy::subtract(cx, &shifted, &numpy::log(cx, &sum)?)
}

/// `log(1 − e⁻ˣ)` for positive `x`.
pub fn log1mexp(cx: &Scope, x: &Value) -> Result<Value> {
    let value = Function::new("log1mexp", |cx: &Scope, x: &[Value]| match x {
        [x] => {
            let x = Term::new(cx, x);
            // M. Mächler, "Accurately computing log(1 − exp(−|a|))" (2012): either formula is exact on its
            // side of log 2.
            let (small, large) = ((-(-&x).expm1()).ln(), (-(-&x).exp()).log1p());
            Ok(vec![x.below(std::f64::consts::LN_2).choose(&small, &large).done()?])
        }
        _ => Err(Error::internal("log1mexp takes 1 operand")),
    });
    let rule = Function::new("log1mexp_jvp", |cx: &Scope, x: &[Value]| match x {
        [x, dx] => {
            Ok(vec![log1mexp(cx, x)?, (Term::new(cx, dx) / Term::new(cx, x).expm1()).done()?])
        }
        _ => Err(Error::internal("log1mexp's derivative takes 2 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &[to_inexact(cx, x)?])?.swap_remove(0))
}

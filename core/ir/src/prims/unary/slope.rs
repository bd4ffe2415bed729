//! Derivatives, written as JAX writes them, so that they agree at singular points too.

use std::f64::consts::PI;

use jaxrs_data::Result;
use jaxrs_kernel::Compare;

use super::Unary;
use crate::prims::{Binary, Special};
use crate::{Cx, Value, ops};

/// The tangent of |x|: the slope at ±0 is 1; of complex numbers Re(dx · x̄/|x|), and 0 at 0.
pub(super) fn abs(cx: Cx<'_>, x: &Value, y: &Value, dx: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() {
        let size = ops::convert(cx, &ops::nonzero(cx, y)?, x.ty().dtype)?;
        let direction = ops::div(cx, &ops::conj(cx, x)?, &size)?;
        return ops::real(cx, &ops::mul(cx, dx, &direction)?);
    }
    let is_positive = ops::compare(cx, Compare::Ge, x, &ops::scalar_like(x, 0.0))?;
    ops::select(cx, &is_positive, dx, &ops::neg(cx, dx)?)
}

pub(super) fn sqrt(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    ops::div(cx, &ops::scalar_like(x, 0.5), y)
}

pub(super) fn rsqrt(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    ops::scale(cx, &ops::div(cx, y, x)?, -0.5)
}

pub(super) fn cbrt(cx: Cx<'_>, _x: &Value, y: &Value) -> Result<Value> {
    ops::scale(cx, &ops::integer_pow(cx, y, -2)?, 1.0 / 3.0)
}

pub(super) fn logistic(cx: Cx<'_>, _x: &Value, y: &Value) -> Result<Value> {
    ops::mul(cx, y, &one_minus(cx, y)?)
}

/// (1 + y)(1 − y), which does not cancel as 1 − y² does.
pub(super) fn tanh(cx: Cx<'_>, _x: &Value, y: &Value) -> Result<Value> {
    ops::mul(cx, &ops::offset(cx, y, 1.0)?, &one_minus(cx, y)?)
}

pub(super) fn asin(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Rsqrt, &one_minus(cx, &ops::unary(cx, Unary::Square, x)?)?)
}

pub(super) fn acos(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    ops::neg(cx, &asin(cx, x, y)?)
}

pub(super) fn asinh(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Rsqrt, &one_plus_square(cx, x)?)
}

/// x² − 1 rather than (x + 1)(x − 1): the domain is x ≥ 1.
pub(super) fn acosh(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    let square = ops::unary(cx, Unary::Square, x)?;
    ops::unary(cx, Unary::Rsqrt, &ops::offset(cx, &square, -1.0)?)
}

pub(super) fn atanh(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    ops::mul(cx, &ops::offset(cx, x, 1.0)?, &one_minus(cx, x)?)
}

pub(super) fn erf(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    let bell = ops::unary(cx, Unary::Exp, &ops::neg(cx, &ops::unary(cx, Unary::Square, x)?)?)?;
    ops::scale(cx, &bell, 2.0 / PI.sqrt())
}

pub(super) fn erf_inv(cx: Cx<'_>, _x: &Value, y: &Value) -> Result<Value> {
    let inverse_bell = ops::unary(cx, Unary::Exp, &ops::unary(cx, Unary::Square, y)?)?;
    ops::scale(cx, &inverse_bell, PI.sqrt() / 2.0)
}

/// The derivative of digamma.
pub(super) fn trigamma(cx: Cx<'_>, x: &Value, _y: &Value) -> Result<Value> {
    ops::bind1(cx, Special::Polygamma, &[ops::scalar_like(x, 1.0), x.clone()])
}

pub(super) fn one_plus_square(cx: Cx<'_>, x: &Value) -> Result<Value> {
    ops::offset(cx, &ops::unary(cx, Unary::Square, x)?, 1.0)
}

fn one_minus(cx: Cx<'_>, x: &Value) -> Result<Value> {
    ops::binary(cx, Binary::Sub, &ops::scalar_like(x, 1.0), x)
}

//! Partial derivatives, written as JAX writes them, so that they agree at singular points too.

use jaxrs_data::Result;
use jaxrs_kernel::Compare;

use crate::prims::{Binary, Unary};
use crate::{Cx, Value, ops};

/// ∂(x/y)/∂y = −x y⁻².
pub(super) fn quotient(cx: Cx<'_>, x: &Value, y: &Value, _z: &Value) -> Result<Value> {
    ops::mul(cx, &ops::neg(cx, x)?, &ops::integer_pow(cx, y, -2)?)
}

/// ∂(x rem y)/∂y = −(x/y, truncated).
pub(super) fn remainder(cx: Cx<'_>, x: &Value, y: &Value, _z: &Value) -> Result<Value> {
    let ratio = ops::div(cx, x, y)?;
    let sign = ops::unary(cx, Unary::Sign, &ratio)?;
    let whole = ops::unary(cx, Unary::Floor, &ops::unary(cx, Unary::Abs, &ratio)?)?;
    ops::neg(cx, &ops::mul(cx, &sign, &whole)?)
}

/// ∂xʸ/∂x = y xʸ⁻¹; for whole exponents 0 where y = 0, whatever x is.
pub(super) fn base(cx: Cx<'_>, x: &Value, y: &Value, z: &Value) -> Result<Value> {
    // As in JAX, where the slope is strong even where both operands are weak.
    let x = &ops::convert(cx, x, z.ty().dtype)?;
    if y.ty().dtype.is_integer() {
        let y = ops::convert(cx, y, z.ty().dtype)?;
        let factor = ops::mul(cx, &ops::nonzero(cx, &y)?, &lowered_power(cx, x, &y)?)?;
        let is_zero = ops::compare(cx, Compare::Eq, &y, &ops::scalar_like(&y, 0.0))?;
        return ops::select(cx, &is_zero, &ops::scalar_like(&factor, 0.0), &factor);
    }
    let y = &ops::convert(cx, y, z.ty().dtype)?;
    ops::mul(cx, y, &lowered_power(cx, x, y)?)
}

fn lowered_power(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    ops::binary(cx, Binary::Pow, x, &ops::offset(cx, y, -1.0)?)
}

/// ∂xʸ/∂y = ln x · xʸ, and 0 where x = 0.
pub(super) fn exponent(cx: Cx<'_>, x: &Value, _y: &Value, z: &Value) -> Result<Value> {
    ops::mul(cx, &ops::unary(cx, Unary::Log, &ops::nonzero(cx, x)?)?, z)
}

/// ∂atan2(x, y)/∂x = y/(x² + y²).
pub(super) fn opposite(cx: Cx<'_>, x: &Value, y: &Value, _z: &Value) -> Result<Value> {
    ops::div(cx, y, &norm(cx, x, y)?)
}

/// ∂atan2(x, y)/∂y = −x/(x² + y²).
pub(super) fn adjacent(cx: Cx<'_>, x: &Value, y: &Value, _z: &Value) -> Result<Value> {
    ops::div(cx, &ops::neg(cx, x)?, &norm(cx, x, y)?)
}

fn norm(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    ops::add(cx, &ops::unary(cx, Unary::Square, x)?, &ops::unary(cx, Unary::Square, y)?)
}

/// The part of the first operand in a maximum or minimum: ties share it.
pub(super) fn chosen_first(cx: Cx<'_>, x: &Value, y: &Value, z: &Value) -> Result<Value> {
    share(cx, x, y, z)
}

/// The part of the second operand.
pub(super) fn chosen_second(cx: Cx<'_>, x: &Value, y: &Value, z: &Value) -> Result<Value> {
    share(cx, y, x, z)
}

/// 1 where `x` is the chosen one, ½ where `other` is it too, else 0.
pub(crate) fn share(cx: Cx<'_>, x: &Value, other: &Value, chosen: &Value) -> Result<Value> {
    let constant = |value: f64| ops::scalar_like(chosen, value);
    let is_chosen = ops::compare(cx, Compare::Eq, x, chosen)?;
    let is_tied = ops::compare(cx, Compare::Eq, other, chosen)?;
    let part = ops::select(cx, &is_tied, &constant(0.5), &constant(1.0))?;
    ops::select(cx, &is_chosen, &part, &constant(0.0))
}

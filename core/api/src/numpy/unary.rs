//! Elementwise functions of one operand.

use jaxrs_data::{Result, bail};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{constant_like, to_inexact};

macro_rules! inexact {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value) -> Result<Value> {
            ops::unary(cx, Unary::$op, &to_inexact(cx, x)?)
        })*
    };
}

inexact! {
    /// eˣ.
    exp => Exp,
    /// 2ˣ.
    exp2 => Exp2,
    /// eˣ − 1, exact near 0.
    expm1 => Expm1,
    /// The natural logarithm.
    log => Log,
    /// ln(1 + x), exact near 0.
    log1p => Log1p,
    /// √x.
    sqrt => Sqrt,
    /// ∛x.
    cbrt => Cbrt,
    /// Sine.
    sin => Sin,
    /// Cosine.
    cos => Cos,
    /// Tangent.
    tan => Tan,
    /// Arc sine.
    arcsin => Asin,
    /// Arc cosine.
    arccos => Acos,
    /// Arc tangent.
    arctan => Atan,
    /// Hyperbolic sine.
    sinh => Sinh,
    /// Hyperbolic cosine.
    cosh => Cosh,
    /// Hyperbolic tangent.
    tanh => Tanh,
    /// Inverse hyperbolic sine.
    arcsinh => Asinh,
    /// Inverse hyperbolic cosine.
    arccosh => Acosh,
    /// Inverse hyperbolic tangent.
    arctanh => Atanh,
}

/// −x.
pub fn negative(cx: &Scope, x: &Value) -> Result<Value> {
    ops::neg(cx, x)
}

/// |x|. Unsigned integers and truth values are their own.
pub fn abs(cx: &Scope, x: &Value) -> Result<Value> {
    let dtype = x.ty().dtype;
    if dtype.is_unsigned() || dtype.is_bool() {
        return Ok(x.clone());
    }
    ops::unary(cx, Unary::Abs, x)
}

/// −1, ±0 or 1 by the sign; NaN stays.
pub fn sign(cx: &Scope, x: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Sign, x)
}

/// x².
pub fn square(cx: &Scope, x: &Value) -> Result<Value> {
    ops::unary(cx, Unary::Square, x)
}

/// 1/x.
pub fn reciprocal(cx: &Scope, x: &Value) -> Result<Value> {
    crate::lax::integer_pow(cx, &to_inexact(cx, x)?, -1)
}

macro_rules! rounding {
    ($($(#[$doc:meta])* $name:ident => $op:ident,)*) => {
        $($(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value) -> Result<Value> {
            if x.ty().dtype.is_integer() || x.ty().dtype.is_bool() {
                return Ok(x.clone());
            }
            ops::unary(cx, Unary::$op, x)
        })*
    };
}

rounding! {
    /// Rounds towards −∞. Integers stay.
    floor => Floor,
    /// Rounds towards +∞. Integers stay.
    ceil => Ceil,
}

/// Rounds to the nearest integer, halves to even; complex numbers part by part. Integers stay.
pub fn round(cx: &Scope, x: &Value) -> Result<Value> {
    match x.ty().dtype {
        dtype if dtype.is_integer() || dtype.is_bool() => Ok(x.clone()),
        dtype if dtype.is_complex() => super::complex::by_parts(cx, x, round),
        _ => ops::unary(cx, Unary::RoundTiesEven, x),
    }
}

/// Rounds towards 0. Integers stay.
pub fn trunc(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_integer() || x.ty().dtype.is_bool() {
        return Ok(x.clone());
    }
    let negative = ops::compare(cx, jaxrs_kernel::Compare::Lt, x, &constant_like(x, 0.0))?;
    super::select(cx, &negative, &ceil(cx, x)?, &floor(cx, x)?)
}

/// `x` between bounds; a bound that is missing does not bound. Complex numbers are refused, as in JAX.
pub fn clip(cx: &Scope, x: &Value, min: Option<&Value>, max: Option<&Value>) -> Result<Value> {
    let operands = [Some(x), min, max];
    if let Some(z) = operands.into_iter().flatten().find(|z| z.ty().dtype.is_complex()) {
        bail!(Dtype, "clip needs real numbers, got {}", z.ty());
    }
    let mut result = x.clone();
    if let Some(min) = min {
        result = super::maximum(cx, min, &result)?;
    }
    if let Some(max) = max {
        result = super::minimum(cx, max, &result)?;
    }
    Ok(result)
}

fn log_to_base(cx: &Scope, x: &Value, base_log: f64) -> Result<Value> {
    let log = log(cx, x)?;
    let scale = constant_like(&log, base_log);
    ops::div(cx, &log, &scale)
}

/// The logarithm to base 2.
pub fn log2(cx: &Scope, x: &Value) -> Result<Value> {
    log_to_base(cx, x, std::f64::consts::LN_2)
}

/// The logarithm to base 10.
pub fn log10(cx: &Scope, x: &Value) -> Result<Value> {
    log_to_base(cx, x, std::f64::consts::LN_10)
}

//! Elementwise functions of two operands.

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, custom_jvp, is_tracer};

use crate::operands::{aligned, constant_like, promoted, promoted_inexact, promoted_numeric};

fn binary(cx: &Scope, op: Binary, name: &str, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, name, promoted(cx, [x, y])?)?;
    ops::binary(cx, op, &x, &y)
}

/// `x + y`; of truth values, or.
pub fn add(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let both_bool = x.ty().dtype.is_bool() && y.ty().dtype.is_bool();
    binary(cx, if both_bool { Binary::Or } else { Binary::Add }, "add", x, y)
}

/// `x - y`.
pub fn subtract(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Sub, "sub", x, y)
}

/// `x * y`; of truth values, and.
pub fn multiply(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let both_bool = x.ty().dtype.is_bool() && y.ty().dtype.is_bool();
    binary(cx, if both_bool { Binary::And } else { Binary::Mul }, "mul", x, y)
}

/// `x / y`, where integers truncate towards zero, as [`crate::lax::div`] does.
pub fn div(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Div, "div", x, y)
}

/// The remainder with the dividend's sign.
pub fn fmod(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Rem, "rem", x, y)
}

/// `x / y` as a float.
pub fn true_divide(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "true_divide", promoted_inexact(cx, [x, y])?)?;
    ops::binary(cx, Binary::Div, &x, &y)
}

/// `x / y`; another name of [`true_divide`].
pub fn divide(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    true_divide(cx, x, y)
}

/// `x / y` rounded towards −∞.
pub fn floor_divide(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "floor_divide", promoted_numeric(cx, [x, y])?)?;
    let dtype = x.ty().dtype;
    if dtype.is_complex() {
        bail!(Dtype, "floor_divide does not take {} and {}", x.ty(), y.ty());
    }
    if dtype.is_float() {
        return Ok(float_divmod(cx, &x, &y)?.0);
    }
    let quotient = ops::div(cx, &x, &y)?;
    if dtype.is_unsigned() {
        return Ok(quotient);
    }
    let (sign_x, sign_y) = (super::sign(cx, &x)?, super::sign(cx, &y)?);
    let signs_differ = super::not_equal(cx, &sign_x, &sign_y)?;
    let remains = is_nonzero(cx, &ops::binary(cx, Binary::Rem, &x, &y)?)?;
    let lower = ops::binary(cx, Binary::And, &signs_differ, &remains)?;
    let less = ops::sub(cx, &quotient, &constant_like(&x, 1.0))?;
    super::select(cx, &lower, &less, &quotient)
}

fn is_nonzero(cx: &Scope, x: &Value) -> Result<Value> {
    ops::compare(cx, Compare::Ne, x, &constant_like(x, 0.0))
}

/// Quotient rounded towards −∞ and remainder with the divisor's sign, of floats, as CPython has them.
pub(crate) fn float_divmod(cx: &Scope, x: &Value, y: &Value) -> Result<(Value, Value)> {
    let rem = ops::binary(cx, Binary::Rem, x, y)?;
    let by_zero = ops::compare(cx, Compare::Eq, y, &constant_like(y, 0.0))?;
    let whole = super::select(cx, &by_zero, x, &ops::sub(cx, x, &rem)?)?;
    let quotient = ops::div(cx, &whole, y)?;
    let signs_differ = super::not_equal(cx, &super::sign(cx, y)?, &super::sign(cx, &rem)?)?;
    let lower = ops::binary(cx, Binary::And, &is_nonzero(cx, &rem)?, &signs_differ)?;
    let rem = super::select(cx, &lower, &ops::add(cx, &rem, y)?, &rem)?;
    let less = ops::offset(cx, &quotient, -1.0)?;
    let quotient = super::select(cx, &lower, &less, &quotient)?;
    Ok((crate::lax::round(cx, &quotient)?, rem))
}

/// The remainder with the divisor's sign.
pub fn remainder(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, mut y] = aligned(cx, "mod", promoted_numeric(cx, [x, y])?)?;
    let zero = constant_like(&x, 0.0);
    if y.ty().dtype.is_integer() {
        let by_zero = ops::compare(cx, Compare::Eq, &y, &zero)?;
        y = super::select(cx, &by_zero, &constant_like(&y, 1.0), &y)?;
    }
    let rem = ops::binary(cx, Binary::Rem, &x, &y)?;
    let negative =
        [ops::compare(cx, Compare::Lt, &rem, &zero)?, ops::compare(cx, Compare::Lt, &y, &zero)?];
    let signs_differ = super::not_equal(cx, &negative[0], &negative[1])?;
    let correct = ops::binary(cx, Binary::And, &signs_differ, &is_nonzero(cx, &rem)?)?;
    super::select(cx, &correct, &super::add(cx, &rem, &y)?, &rem)
}

/// Another name of [`remainder`].
pub fn r#mod(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    remainder(cx, x, y)
}

/// `x` to the power `y`. Integers to integers stay integers.
pub fn power(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    if let Some(y) = known_exponent(y) {
        let [x] = promoted_numeric(cx, [x])?;
        return ops::integer_pow(cx, &x, y);
    }
    // An integer exponent stays one: the power is then differentiable at 0.
    if x.ty().dtype.is_inexact() && y.ty().dtype.is_integer() {
        let [x, y] = aligned(cx, "pow", [x.clone(), y.clone()])?;
        return ops::binary(cx, Binary::Pow, &x, &y);
    }
    let [x, y] = aligned(cx, "pow", promoted_numeric(cx, [x, y])?)?;
    if x.ty().dtype.is_inexact() {
        return ops::binary(cx, Binary::Pow, &x, &y);
    }
    integer_power(cx, x, y)
}

/// A whole number that is known now: the power is then a product, which is more precise, and differentiable
/// everywhere.
fn known_exponent(y: &Value) -> Option<i32> {
    if !y.ty().dtype.is_integer() || y.ty().rank() != 0 || is_tracer(y) {
        return None;
    }
    i32::try_from(crate::operands::host(y).ok()?.item()?.as_i64()).ok()
}

/// By repeated squaring; exponents above 63 overflow for every base but 0, 1 and −1.
fn integer_power(cx: &Scope, mut x: Value, mut y: Value) -> Result<Value> {
    let (zero, one) = (constant_like(&x, 0.0), constant_like(&x, 1.0));
    let x_is_zero = ops::compare(cx, Compare::Eq, &x, &zero)?;
    let y_is_not = ops::compare(cx, Compare::Ne, &y, &zero)?;
    let vanishes = ops::binary(cx, Binary::And, &x_is_zero, &y_is_not)?;
    let mut result = super::select(cx, &vanishes, &zero, &one)?;
    for _ in 0..6 {
        let bit = ops::binary(cx, Binary::And, &y, &one)?;
        let is_set = ops::compare(cx, Compare::Ne, &bit, &zero)?;
        let product = ops::mul(cx, &result, &x)?;
        result = super::select(cx, &is_set, &product, &result)?;
        x = ops::mul(cx, &x, &x)?;
        y = ops::binary(cx, Binary::ShiftRightLogical, &y, &one)?;
    }
    Ok(result)
}

/// The larger; NaN if either is.
pub fn maximum(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Max, "max", x, y)
}

/// The smaller; NaN if either is.
pub fn minimum(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    binary(cx, Binary::Min, "min", x, y)
}

/// The angle of the point `(x, y)`.
pub fn arctan2(cx: &Scope, y: &Value, x: &Value) -> Result<Value> {
    let [y, x] = aligned(cx, "atan2", promoted_inexact(cx, [y, x])?)?;
    ops::binary(cx, Binary::Atan2, &y, &x)
}

/// The next float after `x` towards `y`.
pub fn nextafter(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "nextafter", promoted_inexact(cx, [x, y])?)?;
    ops::binary(cx, Binary::Nextafter, &x, &y)
}

/// `log(exp(x) + exp(y))` without overflow.
pub fn logaddexp(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let operands = aligned(cx, "logaddexp", promoted_inexact(cx, [x, y])?)?;
    let value = Function::new("logaddexp", |cx: &Scope, x: &[Value]| match x {
        [x, y] => Ok(vec![log_of_sum(cx, x, y)?]),
        _ => Err(Error::internal("logaddexp takes 2 operands")),
    });
    let rule = Function::new("logaddexp_jvp", |cx: &Scope, x: &[Value]| match x {
        [x, y, dx, dy] => log_of_sum_jvp(cx, [x, y], [dx, dy]),
        _ => Err(Error::internal("logaddexp's derivative takes 4 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &operands)?.swap_remove(0))
}

fn log_of_sum(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let largest = ops::binary(cx, Binary::Max, x, y)?;
    if x.ty().dtype.is_complex() {
        let (sum, twice) = (ops::add(cx, x, y)?, ops::scale(cx, &largest, 2.0)?);
        let ratio = super::exp(cx, &ops::sub(cx, &sum, &twice)?)?;
        let log = ops::add(cx, &largest, &super::log1p(cx, &ratio)?)?;
        return ops::complex(
            cx,
            &ops::real(cx, &log)?,
            &wrapped(cx, &ops::imag(cx, &log)?, std::f64::consts::PI)?,
        );
    }
    let delta = ops::sub(cx, x, y)?;
    let tail = super::log1p(cx, &super::exp(cx, &ops::neg(cx, &super::abs(cx, &delta)?)?)?)?;
    let is_nan = ops::compare(cx, Compare::Ne, &delta, &delta)?;
    // Infinities of one sign: their difference is NaN, their sum is the answer.
    super::select(cx, &is_nan, &ops::add(cx, x, y)?, &ops::add(cx, &largest, &tail)?)
}

/// The number from −`half` to `half` that differs from the given one by whole turns, which are twice as long.
pub(crate) fn wrapped(cx: &Scope, angle: &Value, half: f64) -> Result<Value> {
    let (turn, zero) = (constant_like(angle, 2.0 * half), constant_like(angle, 0.0));
    let rem = ops::binary(cx, Binary::Rem, &ops::offset(cx, angle, half)?, &turn)?;
    let is_below = ops::compare(cx, Compare::Lt, &rem, &zero)?;
    let rem = super::select(cx, &is_below, &ops::add(cx, &rem, &turn)?, &rem)?;
    ops::offset(cx, &rem, -half)
}

/// The maximum's own derivative would be wrong by its share at ties, so the whole has one.
fn log_of_sum_jvp(cx: &Scope, x: [&Value; 2], dx: [&Value; 2]) -> Result<Vec<Value>> {
    let value = log_of_sum(cx, x[0], x[1])?;
    let finite = |x: &Value| -> Result<Value> {
        let infinite = ops::compare(cx, Compare::Eq, x, &constant_like(x, f64::INFINITY))?;
        super::select(cx, &infinite, &constant_like(x, 0.0), x)
    };
    let top = finite(&value)?;
    let share = |x: &Value, dx: &Value| -> Result<Value> {
        ops::mul(cx, dx, &super::exp(cx, &super::subtract(cx, &finite(x)?, &top)?)?)
    };
    let tangent = super::add(cx, &share(x[0], dx[0])?, &share(x[1], dx[1])?)?;
    Ok(vec![value, tangent])
}

/// `√(x² + y²)` without overflow.
pub fn hypot(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "hypot", promoted_inexact(cx, [x, y])?)?;
    if x.ty().dtype.is_complex() {
        bail!(Dtype, "hypot needs real numbers, got {} and {}", x.ty(), y.ty());
    }
    let (x, y) = (super::abs(cx, &x)?, super::abs(cx, &y)?);
    let (high, low) = (maximum(cx, &x, &y)?, minimum(cx, &x, &y)?);
    let is_zero = ops::compare(cx, Compare::Eq, &high, &constant_like(&high, 0.0))?;
    let safe = super::select(cx, &is_zero, &constant_like(&high, 1.0), &high)?;
    let ratio = ops::div(cx, &low, &safe)?;
    let root = super::sqrt(cx, &ops::offset(cx, &ops::mul(cx, &ratio, &ratio)?, 1.0)?)?;
    super::select(cx, &is_zero, &high, &ops::mul(cx, &high, &root)?)
}

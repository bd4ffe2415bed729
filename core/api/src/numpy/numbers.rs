//! More functions of two operands: of whole numbers, and comparisons up to a tolerance.

use jaxrs_data::{DType, Error, Result, bail};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, custom_jvp, while_loop};

use crate::formula::Term;
use crate::operands::{
    aligned, broadcast_shape, constant_like, promoted, promoted_inexact, promoted_numeric,
};

/// `x` to the power `y` as a float.
pub fn float_power(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, "float_power", promoted_inexact(cx, [x, y])?)?;
    ops::binary(cx, Binary::Pow, &x, &y)
}

fn ignoring_nan(cx: &Scope, name: &str, op: Binary, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = aligned(cx, name, promoted(cx, [x, y])?)?;
    let extremum = ops::binary(cx, op, &x, &y)?;
    if !x.ty().dtype.is_inexact() {
        return Ok(extremum);
    }
    let [x, y, extremum] = [&x, &y, &extremum].map(|x| Term::new(cx, x));
    let nan = |x: &Term<'_>| x.map(super::isnan).done();
    let (x_nan, y_nan) = (Term::new(cx, &nan(&x)?), Term::new(cx, &nan(&y)?));
    x_nan.choose(&y, &y_nan.choose(&x, &extremum)).done()
}

/// The larger; the other where one is NaN.
pub fn fmax(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ignoring_nan(cx, "fmax", Binary::Max, x, y)
}

/// The smaller; the other where one is NaN.
pub fn fmin(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ignoring_nan(cx, "fmin", Binary::Min, x, y)
}

/// Quotient rounded towards −∞, and remainder with the divisor's sign.
pub fn divmod(cx: &Scope, x: &Value, y: &Value) -> Result<Vec<Value>> {
    let [x, y] = aligned(cx, "divmod", promoted_numeric(cx, [x, y])?)?;
    if x.ty().dtype.is_float() {
        let (quotient, remainder) = super::float_divmod(cx, &x, &y)?;
        return Ok(vec![quotient, remainder]);
    }
    Ok(vec![super::floor_divide(cx, &x, &y)?, super::remainder(cx, &x, &y)?])
}

fn whole(cx: &Scope, name: &str, x: &Value, y: &Value) -> Result<[Value; 2]> {
    let [x, y] = promoted(cx, [x, y])?;
    if !x.ty().dtype.is_integer() {
        bail!(Dtype, "{name} needs integers, got {} and {}", x.ty(), y.ty());
    }
    let shape = broadcast_shape(name, &[x.shape(), y.shape()])?;
    let full = |x: &Value| super::broadcast_to(cx, &super::abs(cx, x)?, &shape);
    Ok([full(&x)?, full(&y)?])
}

/// The greatest common divisor, by Euclid's algorithm.
pub fn gcd(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let init = whole(cx, "gcd", x, y)?;
    let goes_on = Function::new("gcd_cond", |cx: &Scope, x: &[Value]| match x {
        [_, y] => Ok(vec![super::any(cx, &super::to_bool(cx, y)?, &[], false)?]),
        _ => Err(Error::internal("gcd carries 2 numbers")),
    });
    let step = Function::new("gcd_body", |cx: &Scope, x: &[Value]| match x {
        [x, y] => {
            let [x, y] = [x, y].map(|x| Term::new(cx, x));
            let (open, zero) = (y.map(super::to_bool), y.constant(0.0));
            let safe = open.choose(&y, &y.constant(1.0));
            let (large, small) =
                (open.choose(&y, &x), open.choose(&x.binary(Binary::Rem, &safe), &zero));
            let turned = large.less(&small);
            Ok(vec![turned.choose(&small, &large).done()?, turned.choose(&large, &small).done()?])
        }
        _ => Err(Error::internal("gcd carries 2 numbers")),
    });
    Ok(while_loop(cx, &goes_on, &step, &init)?.swap_remove(0))
}

/// The least common multiple.
pub fn lcm(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = whole(cx, "lcm", x, y)?;
    let divisor = gcd(cx, &x, &y)?;
    let product = ops::mul(cx, &x, &super::floor_divide(cx, &y, &divisor)?)?;
    let zero = constant_like(&divisor, 0.0);
    super::select(cx, &ops::compare(cx, Compare::Eq, &divisor, &zero)?, &zero, &product)
}

/// `log2(2ˣ + 2ʸ)` without overflow.
pub fn logaddexp2(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let operands = aligned(cx, "logaddexp2", promoted_inexact(cx, [x, y])?)?;
    let value = Function::new("logaddexp2", |cx: &Scope, x: &[Value]| match x {
        [x, y] => Ok(vec![log2_of_sum(cx, x, y)?]),
        _ => Err(Error::internal("logaddexp2 takes 2 operands")),
    });
    let rule = Function::new("logaddexp2_jvp", |cx: &Scope, x: &[Value]| match x {
        [x, y, dx, dy] => {
            let value = log2_of_sum(cx, x, y)?;
            let finite = |x: &Value| {
                let x = Term::new(cx, x);
                x.unless(&x.is(f64::INFINITY), 0.0)
            };
            let share = |x: &Value, dx: &Value| {
                Term::new(cx, dx) * (finite(x) - finite(&value)).unary(Unary::Exp2)
            };
            Ok(vec![value.clone(), (share(x, dx) + share(y, dy)).done()?])
        }
        _ => Err(Error::internal("logaddexp2's derivative takes 4 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &operands)?.swap_remove(0))
}

fn log2_of_sum(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    use std::f64::consts::LN_2;
    let [x, y] = [x, y].map(|x| Term::new(cx, x));
    let largest = x.max(&y);
    let tail = |delta: Term<'_>| delta.unary(Unary::Exp2).log1p().done();
    if x.clone().done()?.ty().dtype.is_complex() {
        let tail = tail(&x + &y - &largest * 2.0)?;
        let log = (&largest + Term::new(cx, &tail) * (1.0 / LN_2)).done()?;
        let angle = super::wrapped(cx, &ops::imag(cx, &log)?, std::f64::consts::PI / LN_2)?;
        return ops::complex(cx, &ops::real(cx, &log)?, &angle);
    }
    let delta = &x - &y;
    let tail = tail(-delta.abs())?;
    // Infinities of one sign: their difference is NaN, their sum is the answer.
    delta.is_nan().choose(&(&x + &y), &(&largest + Term::new(cx, &tail) * (1.0 / LN_2))).done()
}

/// Degrees as radians.
pub fn deg2rad(cx: &Scope, x: &Value) -> Result<Value> {
    let x = crate::operands::to_inexact(cx, x)?;
    ops::scale(cx, &x, std::f64::consts::PI / 180.0)
}

/// Radians as degrees.
pub fn rad2deg(cx: &Scope, x: &Value) -> Result<Value> {
    let x = crate::operands::to_inexact(cx, x)?;
    ops::scale(cx, &x, 180.0 / std::f64::consts::PI)
}

/// How near is near.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// As a part of the second operand.
    pub rtol: f64,
    /// As such.
    pub atol: f64,
    /// Whether NaN is near NaN.
    pub equal_nan: bool,
}

/// Whether elements are equal, or finite and near the second operand's.
pub fn isclose(cx: &Scope, x: &Value, y: &Value, tolerance: Tolerance) -> Result<Value> {
    let [x, y] = aligned(cx, "isclose", promoted_inexact(cx, [x, y])?)?;
    let [x, y] = [&x, &y].map(|x| Term::new(cx, x));
    let bound = y.abs() * tolerance.rtol + tolerance.atol;
    let near = y.map(super::isfinite).and(&(&x - &y).abs().at_most(&bound));
    let result = x.equals(&y).or(&near);
    let close = match tolerance.equal_nan {
        true => result.or(&x.map(super::isnan).and(&y.map(super::isnan))).done(),
        false => result.done(),
    }?;
    // Not weak, whatever the operands are: JAX computes it of arrays.
    crate::operands::convert(cx, &close, DType::Bool, false)
}

/// Whether all elements are close.
pub fn allclose(cx: &Scope, x: &Value, y: &Value, tolerance: Tolerance) -> Result<Value> {
    super::all(cx, &isclose(cx, x, y, tolerance)?, &[], false)
}

/// Whether shapes and all elements are equal.
pub fn array_equal(cx: &Scope, x: &Value, y: &Value, equal_nan: bool) -> Result<Value> {
    if x.shape() != y.shape() {
        return Ok(crate::operands::constant(DType::Bool, 0.0));
    }
    let equal = super::equal(cx, x, y)?;
    if !equal_nan {
        return super::all(cx, &equal, &[], false);
    }
    let both = super::logical_and(cx, &super::isnan(cx, x)?, &super::isnan(cx, y)?)?;
    super::all(cx, &super::logical_or(cx, &equal, &both)?, &[], false)
}

/// Whether shapes broadcast together and all elements are then equal.
pub fn array_equiv(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    match broadcast_shape("array_equiv", &[x.shape(), y.shape()]) {
        Ok(_) => super::all(cx, &super::equal(cx, x, y)?, &[], false),
        Err(_) => Ok(crate::operands::constant(DType::Bool, 0.0)),
    }
}

//! The normal distribution function, its logarithm and its inverse.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::with_rule;
use crate::formula::Term;

/// What these functions take, as JAX does: single or double precision.
fn check(name: &str, x: &Value) -> Result<()> {
    match x.ty().dtype {
        DType::F32 | DType::F64 => Ok(()),
        _ => bail!(Dtype, "{name} needs f32 or f64, got {}", x.ty()),
    }
}

fn distribution<'a>(x: &Term<'a>) -> Term<'a> {
    let half_root = std::f64::consts::FRAC_1_SQRT_2;
    let w = x * half_root;
    let z = w.abs();
    let tail = z.unary(Unary::Erfc);
    let far = w.above(0.0).choose(&(2.0 - &tail), &tail);
    z.below(half_root).choose(&(1.0 + w.unary(Unary::Erf)), &far) * 0.5
}

/// The distribution function of the normal distribution.
pub fn ndtr(cx: &Scope, x: &Value) -> Result<Value> {
    check("ndtr", x)?;
    distribution(&Term::new(cx, x)).done()
}

/// The logarithm of the distribution function of the normal distribution, with `series_order` terms of its
/// asymptotic series for very small numbers.
pub fn log_ndtr(cx: &Scope, x: &Value, series_order: i64) -> Result<Value> {
    check("log_ndtr", x)?;
    if !(0..=30).contains(&series_order) {
        bail!(InvalidArgument, "log_ndtr needs series_order from 0 to 30, got {series_order}");
    }
    let (lower, upper) = if x.ty().dtype == DType::F64 { (-20.0, 8.0) } else { (-10.0, 5.0) };
    with_rule(
        cx,
        "log_ndtr",
        std::slice::from_ref(x),
        move |x| log_distribution(&x[0], series_order, lower, upper),
        move |x, dx| {
            let y = log_distribution(&x[0], series_order, lower, upper);
            let tangent = slope(&x[0], &y) * &dx[0];
            [y, tangent]
        },
    )
}

/// The density over the distribution function.
fn slope<'a>(x: &Term<'a>, log: &Term<'a>) -> Term<'a> {
    let density = x.square() * -0.5 - (2.0 * std::f64::consts::PI).sqrt().ln();
    (density - log).exp()
}

/// Above `upper` ln(1 − t) is −t; below `lower` the asymptotic series is used.
fn log_distribution<'a>(x: &Term<'a>, order: i64, lower: f64, upper: f64) -> Term<'a> {
    let (is_high, is_low) = (x.above(upper), x.above(lower).unary(Unary::Not));
    let argument = is_high.choose(&-x, &x.max(&x.constant(lower)));
    let middle = distribution(&argument);
    let low = log_lower(&x.min(&x.constant(lower)), order);
    is_high.choose(&-&middle, &is_low.choose(&low, &middle.ln()))
}

/// −x²/2 − ln(−x √2π) + ln(1 − 1/x² + 3/x⁴ − 15/x⁶ + …), up to a term.
fn log_lower<'a>(x: &Term<'a>, order: i64) -> Term<'a> {
    let square = x.square();
    let scale = &square * -0.5 - (-x).ln() - 0.5 * (2.0 * std::f64::consts::PI).ln();
    let (mut sum, mut term) = (x.constant(1.0), x.constant(1.0));
    for n in 1..=order {
        term = &term * -((2 * n - 1) as f64) / &square;
        sum = &sum + &term;
    }
    scale + sum.ln()
}

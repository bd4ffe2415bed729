//! Special functions: `jax.scipy.special`. Operands are promoted to one float type and broadcast to one shape.

mod bessel;
mod dawson;
mod entropy;
mod faddeeva;
mod fresnel;
mod gamma;
mod gauss;
mod harmonics;
mod hypergeometric;
mod integrals;
mod normal;
mod owens;
mod rational;
mod zeta;

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::prims::{Special, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, custom_jvp};

use crate::formula::Term;
use crate::operands::{aligned, promoted_inexact, to_inexact};

pub use crate::nn::{log_softmax, softmax};
pub use crate::numpy::logsumexp;
pub use bessel::*;
pub use dawson::*;
pub use entropy::*;
pub use faddeeva::*;
pub use fresnel::*;
pub use gamma::*;
pub use gauss::*;
pub use harmonics::*;
pub use hypergeometric::*;
pub use integrals::*;
pub use normal::*;
pub use owens::*;
pub use rational::*;
pub use zeta::*;

/// An operand as a real float.
fn real(cx: &Scope, name: &str, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() {
        bail!(Dtype, "{name} needs real numbers, got {}", x.ty());
    }
    to_inexact(cx, x)
}

/// Operands as real floats of one type and shape.
fn reals<const N: usize>(cx: &Scope, name: &str, operands: [&Value; N]) -> Result<[Value; N]> {
    for x in operands {
        if x.ty().dtype.is_complex() {
            bail!(Dtype, "{name} needs real numbers, got {}", x.ty());
        }
    }
    aligned(cx, name, promoted_inexact(cx, operands)?)
}

/// A formula over one real float.
fn formula(
    cx: &Scope,
    name: &str,
    x: &Value,
    f: impl for<'a> FnOnce(&Term<'a>) -> Term<'a>,
) -> Result<Value> {
    f(&Term::new(cx, &real(cx, name, x)?)).done()
}

/// A formula over two real floats.
fn formula2(
    cx: &Scope,
    name: &str,
    x: &Value,
    y: &Value,
    f: impl for<'a> FnOnce(&Term<'a>, &Term<'a>) -> Term<'a>,
) -> Result<Value> {
    let [x, y] = reals(cx, name, [x, y])?;
    f(&Term::new(cx, &x), &Term::new(cx, &y)).done()
}

/// A formula whose derivative is written down: from operands, and from operands and their tangents to the value
/// and its tangent.
fn with_rule(
    cx: &Scope,
    name: &'static str,
    operands: &[Value],
    value: impl for<'a> Fn(&[Term<'a>]) -> Term<'a> + Send + Sync + 'static,
    rule: impl for<'a> Fn(&[Term<'a>], &[Term<'a>]) -> [Term<'a>; 2] + Send + Sync + 'static,
) -> Result<Value> {
    let [result] = with_rules(
        cx,
        name,
        operands,
        move |x| [value(x)],
        move |x, dx| {
            let [y, dy] = rule(x, dx);
            ([y], [dy])
        },
    )?;
    Ok(result)
}

/// As [`with_rule`], with several values and their tangents.
fn with_rules<const N: usize>(
    cx: &Scope,
    name: &'static str,
    operands: &[Value],
    values: impl for<'a> Fn(&[Term<'a>]) -> [Term<'a>; N] + Send + Sync + 'static,
    rule: impl for<'a> Fn(&[Term<'a>], &[Term<'a>]) -> ([Term<'a>; N], [Term<'a>; N])
    + Send
    + Sync
    + 'static,
) -> Result<[Value; N]> {
    let function = Function::new(name, move |cx: &Scope, x: &[Value]| {
        values(&terms(cx, x)).map(Term::done).into_iter().collect()
    });
    let derivative = Function::new(name, move |cx: &Scope, x: &[Value]| {
        let all = terms(cx, x);
        let (x, dx) = all.split_at(all.len() / 2);
        let (y, dy) = rule(x, dx);
        y.into_iter().chain(dy).map(Term::done).collect()
    });
    let results = custom_jvp(&function, &derivative).call(cx, operands)?;
    results.try_into().map_err(|_| Error::internal("a formula gave another number of results"))
}

/// Numerator and denominator, highest power first.
type Ratio = (&'static [f64], &'static [f64]);

fn ratio<'a>(x: &Term<'a>, (numerator, denominator): Ratio) -> Term<'a> {
    x.polynomial(numerator) / x.polynomial(denominator)
}

fn terms<'a>(cx: &'a Scope, values: &[Value]) -> Vec<Term<'a>> {
    values.iter().map(|x| Term::new(cx, x)).collect()
}

macro_rules! of_one {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(cx: &Scope, x: &Value) -> Result<Value> {
            ops::bind1(cx, $op, &[real(cx, stringify!($name), x)?])
        }
    )*};
}

of_one! {
    /// ln |Γ(x)|.
    gammaln => Unary::Lgamma;
    /// Γ′(x)/Γ(x).
    digamma => Unary::Digamma;
    /// The error function.
    erf => Unary::Erf;
    /// 1 − erf x.
    erfc => Unary::Erfc;
    /// The inverse of the error function.
    erfinv => Unary::ErfInv;
    /// 1/(1 + e⁻ˣ).
    expit => Unary::Logistic;
    /// e^−|x| I₀(x), I₀ the modified Bessel function.
    i0e => Special::BesselI0e;
    /// e^−|x| I₁(x), I₁ the modified Bessel function.
    i1e => Special::BesselI1e;
}

macro_rules! of_two {
    ($($(#[$doc:meta])* $name:ident => $op:expr;)*) => {$(
        $(#[$doc])*
        pub fn $name(cx: &Scope, a: &Value, x: &Value) -> Result<Value> {
            ops::bind1(cx, $op, &reals(cx, stringify!($name), [a, x])?)
        }
    )*};
}

of_two! {
    /// The regularized lower incomplete gamma function.
    gammainc => Special::Igamma;
    /// The regularized upper incomplete gamma function.
    gammaincc => Special::Igammac;
}

/// The regularized incomplete beta function.
pub fn betainc(cx: &Scope, a: &Value, b: &Value, x: &Value) -> Result<Value> {
    ops::bind1(cx, Special::RegularizedIncompleteBeta, &reals(cx, "betainc", [a, b, x])?)
}

/// The n-th derivative of digamma, for whole numbers n: integers, or floats as `jax.lax.polygamma` takes them. It
/// is NaN where a float is no whole number.
pub fn polygamma(cx: &Scope, n: &Value, x: &Value) -> Result<Value> {
    ops::bind1(cx, Special::Polygamma, &reals(cx, "polygamma", [n, x])?)
}

/// I₀(x), the modified Bessel function.
pub fn i0(cx: &Scope, x: &Value) -> Result<Value> {
    formula(cx, "i0", x, |x| x.abs().exp() * x.map(i0e))
}

/// I₁(x), the modified Bessel function.
pub fn i1(cx: &Scope, x: &Value) -> Result<Value> {
    formula(cx, "i1", x, |x| x.abs().exp() * x.map(i1e))
}

/// ln(x/(1 − x)).
pub fn logit(cx: &Scope, x: &Value) -> Result<Value> {
    fn value<'a>(x: &[Term<'a>]) -> Term<'a> {
        (&x[0] / (1.0 - &x[0])).ln()
    }
    let x = real(cx, "logit", x)?;
    with_rule(cx, "logit", &[x], value, |x, dx| [value(x), &dx[0] / (&x[0] * (1.0 - &x[0]))])
}

/// sin(πx)/(πx).
pub fn sinc(cx: &Scope, x: &Value) -> Result<Value> {
    fn value<'a>(x: &Term<'a>) -> Term<'a> {
        let is_zero = x.is(0.0);
        let angle = x * std::f64::consts::PI;
        let safe = angle.unless(&is_zero, 1.0);
        // The Maclaurin series, so that derivatives at 0 are right as far as they are asked for.
        let square = angle.square();
        let series = square.polynomial(&[-1.0 / 5040.0, 1.0 / 120.0, -1.0 / 6.0, 1.0]);
        is_zero.choose(&series, &(safe.unary(Unary::Sin) / &safe))
    }
    formula(cx, "sinc", x, value)
}

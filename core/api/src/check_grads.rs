//! Derivatives against differences of values, as `jax.test_util.check_grads` holds them.

use jaxrs_data::{DType, Result, Scalar, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope, jvp, vjp};

use crate::formula::Term;
use crate::operands::{constant, host};
use crate::{numpy, random};

/// What is held against differences, and how closely.
#[derive(Clone, Copy, Debug)]
pub struct GradCheck {
    /// How many times derivatives are taken.
    pub order: u32,
    /// Whether forward mode is checked.
    pub forward: bool,
    /// Whether reverse mode is checked.
    pub reverse: bool,
    /// How far both may be apart; that of the least precise operand if missing.
    pub atol: Option<f64>,
    /// The same as a part of the difference quotient.
    pub rtol: Option<f64>,
    /// The step of differences.
    pub eps: Option<f64>,
}

impl Default for GradCheck {
    fn default() -> GradCheck {
        GradCheck { order: 2, forward: true, reverse: true, atol: None, rtol: None, eps: None }
    }
}

/// Compares derivatives of `f` in a random direction with differences of its values, up to an order; an error of kind `Check`
/// says where both are apart. `f` takes and gives floats; others stay as they are.
pub fn check_grads(cx: &Scope, f: &Function, inputs: &[Value], check: GradCheck) -> Result<()> {
    if check.order == 0 || check.order > 8 {
        bail!(InvalidArgument, "check_grads takes an order from 1 to 8, got {}", check.order);
    }
    if !inputs.iter().any(|x| x.ty().dtype.is_inexact()) {
        bail!(InvalidArgument, "check_grads of {} needs an operand of floats", f.name());
    }
    let precise = |x: &Value| (x.ty().dtype.real_part() == DType::F64, x.ty().dtype);
    let least = inputs.iter().filter(|x| x.ty().dtype.is_inexact()).map(precise).min();
    let (tolerance, eps) = match least.map(|(_, dtype)| dtype.real_part()) {
        Some(DType::F64) => (1e-5, 1e-6),
        Some(DType::F32) => (2e-3, 1e-3),
        _ => (1e-1, 1e-2),
    };
    let check = GradCheck {
        atol: Some(check.atol.unwrap_or(tolerance)),
        rtol: Some(check.rtol.unwrap_or(tolerance)),
        eps: Some(check.eps.unwrap_or(eps)),
        ..check
    };
    checked(cx, f, inputs, check, 1)
}

fn checked(cx: &Scope, f: &Function, inputs: &[Value], check: GradCheck, order: u32) -> Result<()> {
    let tangents = directions(cx, inputs, 2 * i64::from(order))?;
    let outputs = f.call(cx, inputs)?;
    let quotients = differences(cx, f, inputs, &tangents, check.eps.unwrap_or(1e-4))?;
    let along = order_name(order);
    if check.forward {
        let all = [inputs, &tangents[..]].concat();
        let derivatives = jvp(f).call(cx, &all)?.split_off(outputs.len());
        for (k, (got, expected)) in derivatives.iter().zip(&quotients).enumerate() {
            if outputs[k].ty().dtype.is_inexact() {
                close(
                    got,
                    expected,
                    check,
                    format_args!("forward mode gives for result {k} of {} {along}", f.name()),
                )?;
            }
        }
    }
    let cotangents = directions(cx, &outputs, 2 * i64::from(order) + 1)?;
    if check.reverse {
        let (_, pullback) = vjp(f, cx, inputs)?;
        let gradients = pullback.call(cx, &cotangents)?;
        let got = inner(cx, &tangents, &gradients)?;
        let expected = inner(cx, &cotangents, &quotients)?;
        close(&got, &expected, check, format_args!("reverse mode gives for {} {along}", f.name()))?;
    }
    if order == check.order {
        return Ok(());
    }
    if check.forward {
        let forward = with_fixed(&jvp(f), &tangents);
        checked(cx, &forward, inputs, check, order + 1)?;
    }
    if check.reverse {
        let f = f.clone();
        let backward =
            Function::new(format!("vjp({})", f.name()), move |cx: &Scope, x: &[Value]| {
                let (mut outputs, pullback) = vjp(&f, cx, x)?;
                outputs.extend(pullback.call(cx, &cotangents)?);
                Ok(outputs)
            });
        checked(cx, &backward, inputs, check, order + 1)?;
    }
    Ok(())
}

fn order_name(order: u32) -> String {
    match order {
        1 => "of order 1".to_owned(),
        _ => format!("of order {order}"),
    }
}

/// The function of its first operands.
fn with_fixed(f: &Function, fixed: &[Value]) -> Function {
    let (f, fixed) = (f.clone(), fixed.to_vec());
    Function::new(f.name().to_owned(), move |cx: &Scope, x: &[Value]| {
        f.call(cx, &[x, &fixed].concat())
    })
}

/// Random numbers of the values' types; zeros where there are no derivatives.
fn directions(cx: &Scope, values: &[Value], seed: i64) -> Result<Vec<Value>> {
    let seed = constant(DType::I32, seed as f64);
    let key = random::key(cx, &seed, random::generator("threefry2x32")?)?;
    let normal = |(k, x): (usize, &Value)| {
        let ty = x.ty();
        if !ty.dtype.is_inexact() {
            return numpy::full_like(cx, x, 0.0, None);
        }
        let key = random::fold_in(cx, &key, &constant(DType::U32, k as f64))?;
        let part = |key: &Value| random::normal(cx, key, &ty.shape, ty.dtype.real_part());
        if !ty.dtype.is_complex() {
            return part(&key);
        }
        let imag = part(&random::fold_in(cx, &key, &constant(DType::U32, 1.0))?)?;
        jaxrs_ir::ops::complex(cx, &part(&key)?, &imag)
    };
    values.iter().enumerate().map(normal).collect()
}

/// `(f(x + ε t) − f(x − ε t)) / 2ε`.
fn differences(cx: &Scope, f: &Function, x: &[Value], t: &[Value], eps: f64) -> Result<Vec<Value>> {
    let moved = |eps: f64| -> Result<Vec<Value>> {
        let step = |(x, t): (&Value, &Value)| {
            if !x.ty().dtype.is_inexact() {
                return Ok(x.clone());
            }
            (Term::new(cx, x) + Term::new(cx, t) * eps).done()
        };
        f.call(cx, &x.iter().zip(t).map(step).collect::<Result<Vec<_>>>()?)
    };
    let quotient = |(high, low): (&Value, &Value)| {
        if !high.ty().dtype.is_inexact() {
            return numpy::full_like(cx, high, 0.0, None);
        }
        ((Term::new(cx, high) - Term::new(cx, low)) * (0.5 / eps)).done()
    };
    moved(eps)?.iter().zip(&moved(-eps)?).map(quotient).collect()
}

/// The sum of products of parts, without conjugation; parts without derivatives are left out.
fn inner(cx: &Scope, x: &[Value], y: &[Value]) -> Result<Value> {
    let mut total = constant(DType::F64, 0.0);
    for (x, y) in x.iter().zip(y).filter(|(x, _)| x.ty().dtype.is_inexact()) {
        let products = numpy::multiply(cx, x, y)?;
        let sum = numpy::real(cx, &numpy::sum(cx, &products, &[], false)?)?;
        total = numpy::add(cx, &total, &sum)?;
    }
    Ok(total)
}

fn close(
    got: &Value,
    expected: &Value,
    check: GradCheck,
    what: std::fmt::Arguments<'_>,
) -> Result<()> {
    let (atol, rtol) = (check.atol.unwrap_or(0.0), check.rtol.unwrap_or(0.0));
    let (got, expected) = (host(got)?, host(expected)?);
    let parts = |x: Scalar| match x {
        Scalar::Complex(re, im) => [re, im],
        x => [x.as_f64(), 0.0],
    };
    for i in 0..got.ty().numel() {
        for (x, y) in parts(got.get(i)).into_iter().zip(parts(expected.get(i))) {
            let is_close = (x - y).abs() <= atol + rtol * y.abs();
            if !(is_close || x.is_nan() && y.is_nan()) {
                bail!(Check, "check_grads: {what} {x} at element {i}, differences give {y}");
            }
        }
    }
    Ok(())
}

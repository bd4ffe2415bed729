//! Polynomials, the coefficient of the highest power first.

use jaxrs_data::{Error, Result, Scalar, bail};
use jaxrs_ir::prims::ScatterKind;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, Scope, scan};

use super::index::{Index, at};
use super::shapes::{WRITING, part, part_along};
use crate::operands::{
    broadcast_shape, constant_like, convert, promoted, promoted_inexact, to_inexact,
};

fn length(name: &str, p: &Value) -> Result<usize> {
    match p.shape()[..] {
        [n] => Ok(n),
        _ => bail!(Shape, "{name} needs coefficients along 1 axis, got {}", p.ty()),
    }
}

/// The values of a polynomial, by Horner's rule; further axes of `p` hold further polynomials.
pub fn polyval(cx: &Scope, p: &Value, x: &Value) -> Result<Value> {
    if p.ty().rank() == 0 {
        bail!(Shape, "polyval needs coefficients along axis 0, got {}", p.ty());
    }
    let [p, x] = promoted(cx, [p, x])?;
    let shape = broadcast_shape("polyval", &[&p.shape().without(0), x.shape()])?;
    let x = super::broadcast_to(cx, &x, &shape)?;
    let zeros = ops::full(cx, &x.ty().with_shape(shape), Scalar::Int(0))?;
    let body = Function::new("polyval", move |cx: &Scope, inputs: &[Value]| match inputs {
        [y, p] => Ok(vec![super::add(cx, &ops::mul(cx, y, &x)?, p)?]),
        _ => Err(Error::internal("polyval carries 1 value")),
    });
    let options = ScanOptions { unroll: 16, ..ScanOptions::default() };
    Ok(scan(cx, &body, &[zeros], &[p], options)?.swap_remove(0))
}

/// The sum.
pub fn polyadd(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = promoted(cx, [x, y])?;
    let (m, n) = (length("polyadd", &x)?, length("polyadd", &y)?);
    let (long, short) = if n <= m { (x, y) } else { (y, x) };
    let tail = [Index::Slice(Some((m.max(n) - m.min(n)) as i64), None, None)];
    at(cx, ScatterKind::Add, &long, &tail, &short, WRITING)
}

/// The difference.
pub fn polysub(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = promoted(cx, [x, y])?;
    polyadd(cx, &x, &ops::neg(cx, &y)?)
}

/// The product.
pub fn polymul(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = promoted_inexact(cx, [x, y])?;
    let some = |x: &Value| match length("polymul", x)? {
        0 => super::zeros(cx, &[1].into(), x.ty().dtype),
        _ => Ok(x.clone()),
    };
    super::convolve(cx, &some(&x)?, &some(&y)?, "full", None)
}

/// Quotient and remainder.
pub fn polydiv(cx: &Scope, u: &Value, v: &Value) -> Result<[Value; 2]> {
    let [mut u, v] = promoted_inexact(cx, [u, v])?;
    let (m, n) = (length("polydiv", &u)?, length("polydiv", &v)?);
    if m == 0 || n == 0 {
        bail!(Shape, "polydiv needs coefficients, got {} and {}", u.ty(), v.ty());
    }
    let scale = super::reciprocal(cx, &part(cx, &v, &[Index::At(0)])?)?;
    let mut quotient = Vec::new();
    for k in 0..(m + 1).saturating_sub(n) {
        let digit = ops::mul(cx, &scale, &part(cx, &u, &[Index::At(k as i64)])?)?;
        let less = super::multiply(cx, &ops::neg(cx, &digit)?, &v)?;
        let window = [Index::Slice(Some(k as i64), Some((k + n) as i64), None)];
        u = at(cx, ScatterKind::Add, &u, &window, &less, WRITING)?;
        quotient.push(digit);
    }
    if quotient.is_empty() {
        quotient.push(constant_like(&u, 0.0));
    }
    Ok([super::stack(cx, &quotient, 0)?, u])
}

/// The product over k below `m` of the numbers `numbers − k`, none of them below `least`.
fn falling(numbers: impl Iterator<Item = usize>, m: i64, least: f64) -> Vec<f64> {
    numbers.map(|i| (0..m).map(|k| (i as f64 - k as f64).max(least)).product()).collect()
}

/// Numbers as an array of the element type of `like`.
fn numbers(like: &Value, values: &[f64]) -> Value {
    let ty = jaxrs_data::Type::new(like.ty().dtype, [values.len()]);
    Value::literal(jaxrs_data::Literal::from_fn(ty, |i| Scalar::Float(values[i])))
}

/// The `m`-th derivative.
pub fn polyder(cx: &Scope, p: &Value, m: i64) -> Result<Value> {
    let p = to_inexact(cx, p)?;
    let n = length("polyder", &p)?;
    if m < 0 {
        bail!(InvalidArgument, "polyder needs an order of at least 0, got {m}");
    }
    if m == 0 {
        return Ok(p);
    }
    let factors = falling((m as usize..n.max(m as usize)).rev(), m, f64::NEG_INFINITY);
    let kept = part_along(cx, &p, 0, None, Some(-m))?;
    ops::mul(cx, &kept, &numbers(&p, &factors))
}

/// The `m`-th integral, with a constant for all or for each integration.
pub fn polyint(cx: &Scope, p: &Value, k: Option<&Value>, m: i64) -> Result<Value> {
    let [p, k] = match k {
        Some(k) => promoted_inexact(cx, [p, k])?,
        None => {
            let p = to_inexact(cx, p)?;
            let zero = constant_like(&p, 0.0);
            [p, zero]
        }
    };
    let n = length("polyint", &p)?;
    if m < 0 || k.ty().rank() > 1 || ![1, m as usize].contains(&k.ty().numel()) {
        bail!(
            InvalidArgument,
            "polyint needs an order of at least 0 and 1 constant or as many, got {m} and {}",
            k.ty()
        );
    }
    if m == 0 {
        return Ok(p);
    }
    let constants = super::broadcast_to(cx, &k, &[m as usize].into())?;
    let all = super::concatenate(cx, &[p.clone(), constants], 0)?;
    let divisors = falling((0..n + m as usize).rev(), m, 1.0);
    ops::div(cx, &all, &numbers(&p, &divisors))
}

/// The polynomial with these roots.
pub fn poly(cx: &Scope, roots: &Value) -> Result<Value> {
    let roots = super::atleast_1d(cx, &to_inexact(cx, roots)?)?;
    let n = length("poly", &roots)?;
    if n == 0 {
        return Ok(constant_like(&roots, 1.0));
    }
    let one = super::ones(cx, &[1].into(), roots.ty().dtype)?;
    let mut result = one.clone();
    for k in 0..n as i64 {
        let root = part_along(cx, &roots, 0, Some(k), Some(k + 1))?;
        let factor = super::concatenate(cx, &[one.clone(), ops::neg(cx, &root)?], 0)?;
        result = super::convolve(cx, &result, &factor, "full", None)?;
    }
    convert(cx, &result, roots.ty().dtype, false)
}

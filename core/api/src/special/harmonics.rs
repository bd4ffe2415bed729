//! Spherical harmonics.

use std::f64::consts::PI;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::{Binary, Unary, coordinates};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::reals;
use crate::formula::Term;
use crate::operands::convert;
use crate::sparse::number;

/// The spherical harmonics of degree n and order m at colatitudes theta and longitudes phi: vectors of one length,
/// or scalars. Degrees beyond `n_max` count as that; without it they have to be known.
pub fn sph_harm_y(
    cx: &Scope,
    [n, m]: [&Value; 2],
    [theta, phi]: [&Value; 2],
    n_max: Option<usize>,
) -> Result<Value> {
    let name = "sph_harm_y";
    for x in [n, m] {
        if !x.ty().dtype.is_integer() {
            bail!(Dtype, "{name} needs whole numbers as degrees and orders, got {}", x.ty());
        }
    }
    let n_max = match n_max {
        Some(n_max) => n_max,
        None => number(cx, "n_max", name, n)?,
    };
    let [theta, phi] = reals(cx, name, [theta, phi])?;
    let len =
        [n, m, &theta, &phi].iter().map(|x| x.ty().numel()).find(|&len| len != 1).unwrap_or(1);
    let line = |x: &Value| -> Result<Value> {
        if x.ty().rank() > 1 || ![1, len].contains(&x.ty().numel()) {
            bail!(Shape, "{name} needs vectors of one length, got {} with others of {len}", x.ty());
        }
        let x = ops::reshape(cx, x, &Shape::from([x.ty().numel()]))?;
        ops::broadcast_in_dim(cx, &x, &Shape::from([len]), [0])
    };
    let [n, theta, phi] = [line(n)?, line(&theta)?, line(&phi)?];
    let [n, m] = [convert(cx, &n, DType::I32, false)?, convert(cx, &line(m)?, DType::I32, false)?];
    let order = ops::unary(cx, Unary::Abs, &m)?;
    let place = ops::iota(cx, DType::I32, &Shape::from([len]), 0)?;
    let at = coordinates::stacked(cx, &[n, order.clone(), place])?;
    let table = legendre(&Term::new(cx, &theta).cos(), n_max).done()?;
    let value = coordinates::blocks(cx, &table, 0, &at, true)?;
    turned(cx, &value, (&m, &order), &phi)
}

/// A value times e^(i m φ); orders below zero are led back to those above.
fn turned(cx: &Scope, value: &Value, (m, order): (&Value, &Value), phi: &Value) -> Result<Value> {
    let value = Term::new(cx, value);
    let angle = Term::new(cx, &convert(cx, order, phi.ty().dtype, false)?) * Term::new(cx, phi);
    let (re, im) = (&value * angle.cos(), &value * angle.unary(Unary::Sin));
    let one = ops::full(cx, order.ty(), Scalar::Int(1))?;
    let is_odd = ops::binary(cx, Binary::And, order, &one)?;
    let is_odd = ops::convert(cx, &is_odd, DType::Bool)?;
    let is_below = ops::compare(cx, Compare::Lt, m, &ops::scalar_like(m, 0.0))?;
    let (is_odd, is_below) = (Term::new(cx, &is_odd), Term::new(cx, &is_below));
    // (−1)^|m| times the conjugate.
    let re = is_below.and(&is_odd).choose(&-&re, &re);
    let im = is_below.and(&is_odd.not()).choose(&-&im, &im);
    ops::complex(cx, &re.done()?, &im.done()?)
}

/// A column of a number for each order.
fn column<'a>(like: &Term<'a>, n_max: usize, number: impl Fn(f64) -> f64) -> Term<'a> {
    like.map(|_, x| {
        let ty = Type::new(x.ty().dtype, [n_max + 1, 1]);
        Ok(Value::literal(Literal::from_fn(ty, |m| Scalar::Float(number(m as f64)))))
    })
}

/// The normalised associated Legendre functions at a vector of cosines, by degree, order and place: from those of
/// orders as large as degrees by the recurrence over degrees.
fn legendre<'a>(x: &Term<'a>, n_max: usize) -> Term<'a> {
    let x = x.map(|cx, x| ops::expand_dim(cx, x, 0));
    let sine = (1.0 - x.square()).sqrt();
    let mut diagonal = x.map(|cx, x| ops::full(cx, x.ty(), Scalar::Float(0.5 / PI.sqrt())));
    let mut rows = vec![column(&x, n_max, |m| f64::from(m == 0.0)) * &diagonal];
    for l in 1..=n_max {
        let degree = l as f64;
        diagonal = &diagonal * &sine * -(1.0 + 0.5 / degree).sqrt();
        let first = |m: f64| ((4.0 * degree * degree - 1.0) / (degree * degree - m * m)).sqrt();
        let second = |m: f64| {
            let above = (2.0 * degree + 1.0) * ((degree - 1.0).powi(2) - m * m);
            (above / ((2.0 * degree - 3.0) * (degree * degree - m * m))).sqrt()
        };
        let last = column(&x, n_max, |m| if m < degree { first(m) } else { 0.0 });
        let mut row = last * &x * &rows[l - 1];
        if l > 1 {
            let before = column(&x, n_max, |m| if m < degree - 1.0 { second(m) } else { 0.0 });
            row = row - before * &rows[l - 2];
        }
        rows.push(row + column(&x, n_max, |m| f64::from(m == degree)) * &diagonal);
    }
    x.map(|cx, _| {
        let expanded = rows.iter().map(|row| ops::expand_dim(cx, &row.clone().done()?, 0));
        ops::concatenate(cx, &expanded.collect::<Result<Vec<Value>>>()?, 0)
    })
}

//! Gauss' hypergeometric function, element by element (J. Pearson, S. Olver and M. Porter, "Numerical methods for
//! the computation of the confluent and Gauss hypergeometric functions", 2014).

use jaxrs_data::{DType, Result, Shape};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, VmapOptions, vmap, while_loop};

use super::{gamma, reals, terms, with_rule};
use crate::formula::Term;
use crate::operands::constant_like;

/// The most terms of a series.
const MOST: f64 = 250.0;

/// ₂F₁(a, b; c; x).
pub fn hyp2f1(cx: &Scope, a: &Value, b: &Value, c: &Value, x: &Value) -> Result<Value> {
    let operands = reals(cx, "hyp2f1", [a, b, c, x])?;
    let shape = operands.iter().map(|x| x.shape()).find(|shape| shape.rank() > 0).cloned();
    let shape = shape.unwrap_or_default();
    let full = |x: &Value| match x.shape() == &shape {
        true => Ok(x.clone()),
        false => ops::broadcast_in_dim(cx, x, &shape, []),
    };
    let operands = operands.iter().map(full).collect::<Result<Vec<Value>>>()?;
    with_rule(
        cx,
        "hyp2f1",
        &operands,
        |x| each(x, function),
        |x, dx| {
            let next = [&x[0] + 1.0, &x[1] + 1.0, &x[2] + 1.0, x[3].clone()];
            let by_x = &x[0] * &x[1] / &x[2] * again(&next);
            let by_a = each(x, |x| by_parameter(x, |x, k| psi(&(&x[0] + k)) - psi(&x[0])));
            let by_b = each(x, |x| by_parameter(x, |x, k| psi(&(&x[1] + k)) - psi(&x[1])));
            let by_c = each(x, |x| by_parameter(x, |x, k| psi(&x[2]) - psi(&(&x[2] + k))));
            let tangent = by_a * &dx[0] + by_b * &dx[1] + by_c * &dx[2] + by_x * &dx[3];
            [each(x, function), tangent]
        },
    )
}

/// The function with its rule.
fn again<'a>(x: &[Term<'a>]) -> Term<'a> {
    x[0].map(|cx, a| {
        let rest: Vec<Value> =
            x[1..].iter().map(|term| term.clone().done()).collect::<Result<_>>()?;
        hyp2f1(cx, a, &rest[0], &rest[1], &rest[2])
    })
}

/// A function of scalars for each element: loops run for as long as an element needs.
fn each<'a>(
    x: &[Term<'a>],
    f: impl for<'b> Fn(&[Term<'b>]) -> Term<'b> + Send + Sync + 'static,
) -> Term<'a> {
    x[0].map(|cx, first| {
        let shape = first.shape().clone();
        let scalar = Function::new("hyp2f1", move |cx: &Scope, x: &[Value]| {
            Ok(vec![f(&terms(cx, x)).done()?])
        });
        let all: Vec<Value> = x.iter().map(|term| term.clone().done()).collect::<Result<_>>()?;
        if shape.rank() == 0 {
            return Ok(scalar.call(cx, &all)?.swap_remove(0));
        }
        let line = Shape::from([shape.numel()]);
        let flat: Vec<Value> =
            all.iter().map(|x| ops::reshape(cx, x, &line)).collect::<Result<_>>()?;
        let results = vmap(&scalar, VmapOptions::default()).call(cx, &flat)?;
        ops::reshape(cx, &results[0], &shape)
    })
}

/// A loop over scalars; the last carried value is its result.
fn repeat<'a>(
    init: &[Term<'a>],
    condition: impl for<'b> Fn(&[Term<'b>]) -> Term<'b> + Send + Sync + 'static,
    body: impl for<'b> Fn(&[Term<'b>]) -> Vec<Term<'b>> + Send + Sync + 'static,
) -> Vec<Term<'a>> {
    let looped = |cx: &Scope| {
        let init: Vec<Value> = init.iter().map(|x| x.clone().done()).collect::<Result<_>>()?;
        let goes_on = Function::new("goes_on", move |cx: &Scope, x: &[Value]| {
            Ok(vec![condition(&terms(cx, x)).done()?])
        });
        let step = Function::new("step", move |cx: &Scope, x: &[Value]| {
            body(&terms(cx, x)).into_iter().map(Term::done).collect()
        });
        while_loop(cx, &goes_on, &step, &init)
    };
    init[0].several(init.len(), looped)
}

fn psi<'a>(x: &Term<'a>) -> Term<'a> {
    x.unary(Unary::Digamma)
}

fn round<'a>(x: &Term<'a>) -> Term<'a> {
    x.unary(Unary::RoundTiesEven)
}

fn is_whole<'a>(x: &Term<'a>) -> Term<'a> {
    x.equals(&x.floor())
}

/// Half a unit in the last place of 1, twice.
fn epsilon<'a>(x: &Term<'a>) -> Term<'a> {
    x.map(|_, value| {
        let epsilon = match value.ty().dtype {
            DType::F64 => f64::EPSILON,
            DType::F16 => 2f64.powi(-10),
            DType::BF16 => 2f64.powi(-7),
            _ => f32::EPSILON.into(),
        };
        Ok(constant_like(value, epsilon))
    })
}

/// Whether a number is as good as whole, for the choice of a method.
fn is_nearly<'a>(x: &Term<'a>, whole: &Term<'a>) -> Term<'a> {
    (x - whole).abs().less(&(epsilon(x) * 50.0))
}

fn function<'a>(x: &[Term<'a>]) -> Term<'a> {
    let [a, b, c, x] = [0, 1, 2, 3].map(|k| x[k].clone());
    let (zero, one) = (x.constant(0.0), x.constant(1.0));
    let (d, s) = (&c - &a - &b, 1.0 - &x);
    let (ca, cb) = (&c - &a, &c - &b);
    let below_one = x.below(1.0);
    let mut result = methods(&[a.clone(), b.clone(), c.clone(), x.clone()]);
    let at_one = c.map(gamma) * d.map(gamma) / (ca.map(gamma) * cb.map(gamma));
    result = x.is(1.0).choose(&at_one, &result).unless(&x.above(1.0), f64::INFINITY);
    result = below_one.and(&a.equals(&c)).choose(&s.power(&-&b), &result);
    result = below_one.and(&b.equals(&c)).choose(&s.power(&-&a), &result);
    result = result.unless(&d.at_most(&zero).and(&x.is(1.0)), f64::INFINITY);
    // Euler's transformation.
    let is_transformed = d.at_most(&-&one).and(&is_nearly(&d, &round(&d)).or(&s.below(0.0).not()));
    let transformed = s.power(&d) * methods(&[ca, cb, c.clone(), x.clone()]);
    result = is_transformed.choose(&transformed, &result);
    let is_pole = c.is(0.0).or(&c.below(0.0).and(&is_whole(&c)));
    result = result.unless(&is_pole, f64::INFINITY);
    let is_empty = a.is(0.0).or(&b.is(0.0)).and(&c.is(0.0).not());
    result.unless(&x.is(0.0).or(&is_empty), 1.0)
}

fn methods<'a>(x: &[Term<'a>]) -> Term<'a> {
    let (a, b, c, at) = (&x[0], &x[1], &x[2], &x[3]);
    let zero = at.constant(0.0);
    let d = c - a - b;
    let ends = |a: &Term<'a>| a.at_most(&zero).and(&is_nearly(a, &round(a)));
    let ends = ends(a).or(&ends(b));
    let series = series(x);
    let near_one = is_nearly(&d, &round(&d)).choose(&near_one(x), &series);
    let elsewhere = ends.choose(&polynomial(x), &series);
    at.above(0.9).and(&ends.not()).choose(&near_one, &elsewhere)
}

/// Taylor's series where it ends.
fn polynomial<'a>(x: &[Term<'a>]) -> Term<'a> {
    let (a, b, c) = (&x[0], &x[1], &x[2]);
    // The larger of two whole numbers tells its end, unless the pole of c comes before.
    let pole = is_whole(c).and(&c.at_most(&c.constant(0.0))).and(&c.greater(b));
    let swaps = b.less(a).and(&is_nearly(b, &round(b))).and(&pole.not());
    let (a, b) = (swaps.choose(b, a).abs(), swaps.choose(a, b));
    let one = a.constant(1.0);
    let init = [a, b, c.clone(), x[3].clone(), one.clone(), one.clone(), one];
    let found = repeat(
        &init,
        |x| x[6].less(&(&x[0] + 1.0)),
        |x| {
            let (a, b, c, at, sum, term, i) = (&x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[6]);
            let term = term * (-(a - i + 1.0) / (c + i - 1.0) * (b + i - 1.0) / i * at);
            let sum = sum + &term;
            vec![a.clone(), b.clone(), c.clone(), at.clone(), sum, term, i + 1.0]
        },
    );
    found[4].clone()
}

fn series<'a>(x: &[Term<'a>]) -> Term<'a> {
    let one = x[3].constant(1.0);
    let more = [x[3].constant(0.0), one.clone(), one];
    let init: Vec<Term<'a>> = x.iter().cloned().chain(more).collect();
    let found = repeat(
        &init,
        |x| x[5].below(MOST).and(&x[6].abs().greater(&(epsilon(&x[4]) * x[4].abs()))),
        |x| {
            let (a, b, c, k) = (&x[0], &x[1], &x[2], &x[5]);
            let sum = &x[4] + &x[6];
            let factor = (a + k - 1.0) * (b + k - 1.0) / (c + k - 1.0) / k * &x[3];
            let rest = [sum, k + 1.0, &x[6] * factor];
            x[..4].iter().cloned().chain(rest).collect()
        },
    );
    found[4].clone()
}

/// The derivative by a parameter, of which the terms of the series have a factor each.
fn by_parameter<'a>(
    x: &[Term<'a>],
    factor: impl for<'b> Fn(&[Term<'b>], &Term<'b>) -> Term<'b> + Send + Sync + 'static,
) -> Term<'a> {
    let (a, b, c, at) = (&x[0], &x[1], &x[2], &x[3]);
    let more = [at.constant(0.0), at.constant(1.0), a * b / c * at];
    let init: Vec<Term<'a>> = x.iter().cloned().chain(more).collect();
    let found = repeat(
        &init,
        |x| x[5].below(MOST).and(&(x[6].abs() / x[4].abs()).greater(&epsilon(&x[4]))),
        move |x| {
            let (a, b, c, k) = (&x[0], &x[1], &x[2], &x[5]);
            let sum = &x[4] + &x[6] * factor(x, k);
            let next = (a + k) * (b + k) / (c + k) / (k + 1.0) * &x[3];
            let rest = [sum, k + 1.0, &x[6] * next];
            x[..4].iter().cloned().chain(rest).collect()
        },
    );
    found[4].clone()
}

/// Near 1 where c − a − b is whole (M. Abramowitz and I. Stegun, 15.3.10 to 15.3.12).
fn near_one<'a>(x: &[Term<'a>]) -> Term<'a> {
    let (a, b, c) = (&x[0], &x[1], &x[2]);
    let (d, s) = (c - a - b, 1.0 - &x[3]);
    let rounded = round(&d);
    let is_up = rounded.at_least(0.0);
    let zero = d.constant(0.0);
    let e = is_up.choose(&d, &-&d);
    let (d1, d2) = (is_up.choose(&d, &zero), is_up.choose(&zero, &d));
    let whole = rounded.abs();
    let log = s.ln();
    let (a1, b1, one) = (a + &d1, b + &d1, d.constant(1.0));
    let y = psi(&one) + psi(&(1.0 + &e)) - psi(&a1) - psi(&b1) - &log;
    let y = y / (&e + 1.0).map(gamma);
    let p = &a1 * &b1 * &s / (&e + 2.0).map(gamma);
    let y = logarithmic(&[a1.clone(), b1.clone(), e.clone(), s.clone(), log, p, y, one.clone()]);
    let finite = finite_sum(&[a + &d2, b + &d2, e.clone(), s.clone(), whole.clone()]);
    let of_c = c.map(gamma);
    let finite = finite * (e.map(gamma) * &of_c / (a1.map(gamma) * b1.map(gamma)));
    let scaled = &y * (&of_c / ((a + &d2).map(gamma) * (b + &d2).map(gamma)));
    let is_odd = whole.binary(Binary::Rem, &one.constant(2.0)).is(1.0);
    let scaled = is_odd.choose(&-&scaled, &scaled);
    let q = s.power(&rounded);
    let both = rounded.above(0.0).choose(&(&scaled * &q + &finite), &(&scaled + &finite * &q));
    let alone = &y * &of_c / (a.map(gamma) * b.map(gamma));
    rounded.is(0.0).choose(&alone, &both)
}

/// The part with logarithms, of (a + d, b + d, e, s, ln s, first factor, first term, 1).
fn logarithmic<'a>(x: &[Term<'a>]) -> Term<'a> {
    let init: Vec<Term<'a>> = x.iter().cloned().chain([x[6].clone()]).collect();
    let found = repeat(
        &init,
        |x| x[7].below(MOST).and(&x[8].abs().no_less(&(epsilon(&x[6]) * x[6].abs()))),
        |x| {
            let (a, b, e, s, log, p, t) = (&x[0], &x[1], &x[2], &x[3], &x[4], &x[5], &x[7]);
            let r = psi(&(1.0 + t)) + psi(&(1.0 + t + e)) - psi(&(a + t)) - psi(&(b + t)) - log;
            let q = p * r;
            let y = &x[6] + &q;
            let p = p * (s * (a + t) / (t + 1.0)) * ((b + t) / (t + 1.0 + e));
            x[..5].iter().cloned().chain([p, y, t + 1.0, q]).collect()
        },
    );
    found[6].clone()
}

/// The part of as many terms as c − a − b, of (a + d, b + d, e, s, how many).
fn finite_sum<'a>(x: &[Term<'a>]) -> Term<'a> {
    let one = x[0].constant(1.0);
    let more = [one.clone(), one, x[0].constant(0.0)];
    let init: Vec<Term<'a>> = x.iter().cloned().chain(more).collect();
    let found = repeat(
        &init,
        |x| (&x[7] + 1.0).less(&x[4]),
        |x| {
            let (a, b, e, s, t) = (&x[0], &x[1], &x[2], &x[3], &x[7]);
            let p = &x[6] * (s * (a + t) * (b + t) / (1.0 - e + t)) / (t + 1.0);
            let sum = &x[5] + &p;
            x[..5].iter().cloned().chain([sum, p, t + 1.0]).collect()
        },
    );
    found[5].clone()
}

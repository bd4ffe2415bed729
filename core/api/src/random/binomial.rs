//! The binomial distribution, and how many of several trials have each of several outcomes.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::{Function, ScanOptions, Scope, scan, while_loop};

use super::keys::{children, sampler_key, split};
use super::poisson::{filled, goes_on, next_round};
use super::uniform::uniform;
use super::{check_float, sample_shape};
use crate::formula::Term;
use crate::operands::{broadcast, constant, convert, promoted_inexact, to_inexact};
use crate::{lax, numpy};

/// How often `n` trials succeed with probability `p`, as floats; NaN where either is none.
pub fn binomial(
    cx: &Scope,
    key: &Value,
    [n, p]: [&Value; 2],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_binomial", key)?;
    check_float("random_binomial", dtype)?;
    let shape = sample_shape("random_binomial", shape, &[n, p])?;
    let prob = to_inexact(cx, p)?;
    let at_shape = |x: &Value| -> Result<Term<'_>> {
        let x = convert(cx, x, prob.ty().dtype, false)?;
        Ok(Term::new(cx, &broadcast(cx, "random_binomial", &x, &shape)?))
    };
    let (count, prob) = (at_shape(n)?, at_shape(&prob)?);
    let is_low = prob.below(0.5);
    let q = is_low.choose(&prob, &(1.0 - &prob));
    let no_count = count.is_nan().or(&count.below(0.0));
    let is_infinite = count.map(numpy::isinf);
    let (no_q, negative) = (q.is_nan(), q.below(0.0));
    let q = q.unless(&no_q.or(&negative), 0.01);
    let few = no_count.or(&(&count * &q).at_most(&q.constant(10.0)));
    let count = count.unary(Unary::Floor);
    let count_few = few.choose(&count, &count.constant(0.0));
    let count_many = few.choose(&count.constant(1e4), &count);
    let q_many = few.choose(&q.constant(0.5), &q);
    let limit = Scalar::Float(f64::MAX).cast(dtype).as_i64();
    let by_waiting = inversion(cx, &key, [&count_few, &q], dtype, limit)?;
    let by_rejection = rejection(cx, &key, [&count_many, &q_many], dtype, limit)?;
    let samples = few.choose(&by_waiting, &by_rejection);
    let invalid = negative.or(&no_q).or(&no_count);
    let samples = samples.unless(&invalid, f64::NAN);
    let infinite = is_infinite.and(&invalid.unary(Unary::Not));
    let samples = samples.unless(&infinite, f64::INFINITY);
    let rest = count.map(|cx, x| convert(cx, x, dtype, false)) - &samples;
    is_low.or(&no_count).or(&no_q).or(&is_infinite).choose(&samples, &rest).done()
}

/// How many waits for a success fit into the trials.
fn inversion<'a>(
    cx: &'a Scope,
    key: &Value,
    [count, prob]: [&Term<'a>; 2],
    dtype: DType,
    limit: i64,
) -> Result<Term<'a>> {
    let log = (-prob).unary(Unary::Log1p).done()?;
    let (count, prob) = (count.clone().done()?, prob.clone().done()?);
    let (count_there, of) = (count.clone(), prob.ty().dtype);
    let condition = Function::new("binomial_inversion", move |cx: &Scope, x: &[Value]| {
        let open = Term::new(cx, &x[2]).at_most(&Term::new(cx, &count_there)).done()?;
        goes_on(cx, &open, &x[0], limit)
    });
    let shape = prob.shape().clone();
    let step = Function::new("binomial_inversion", move |cx: &Scope, x: &[Value]| {
        let [own, next] = children(cx, &x[3])?;
        let (n, sum) = (Term::new(cx, &x[1]), Term::new(cx, &x[2]));
        let n = sum.at_most(&Term::new(cx, &count)).choose(&(&n + 1.0), &n).done()?;
        let u = Term::new(cx, &uniform(cx, &own, &shape, of, 0.0, 1.0)?);
        let wait = (u.ln() / Term::new(cx, &log)).unary(Unary::Ceil);
        Ok(vec![next_round(cx, &x[0])?, n, (sum + wait).done()?, next])
    });
    let zero = filled(cx, &prob, of, 0.0)?;
    let init = [constant(DType::I64, 0.0), zero.clone(), zero, key.clone()];
    let end = while_loop(cx, &condition, &step, &init)?;
    Ok((Term::new(cx, &end[1]) - 1.0).map(|cx, x| convert(cx, x, dtype, false)))
}

/// Hörmann's way, "The generation of binomial random variates" (1993), BTRS.
fn rejection<'a>(
    cx: &'a Scope,
    key: &Value,
    [count, prob]: [&Term<'a>; 2],
    dtype: DType,
    limit: i64,
) -> Result<Term<'a>> {
    let condition = Function::new("binomial_rejection", move |cx: &Scope, x: &[Value]| {
        goes_on(cx, &ops::unary(cx, Unary::Not, &x[2])?, &x[0], limit)
    });
    let (count, prob) = (count.clone().done()?, prob.clone().done()?);
    let none = filled(cx, &prob, DType::Bool, 0.0)?;
    let start = filled(cx, &prob, prob.ty().dtype, -1.0)?;
    let step = Function::new("binomial_rejection", move |cx: &Scope, x: &[Value]| {
        let [next, first, second] = children(cx, &x[3])?;
        let (k, accepts) = proposal(cx, [&count, &prob], [&first, &second])?;
        let k = accepts.choose(&k, &Term::new(cx, &x[1])).done()?;
        let accepted = Term::new(cx, &x[2]).or(&accepts).done()?;
        Ok(vec![next_round(cx, &x[0])?, k, accepted, next])
    });
    let init = [constant(DType::I64, 0.0), start, none, key.clone()];
    let end = while_loop(cx, &condition, &step, &init)?;
    Ok(Term::new(cx, &end[1]).map(|cx, x| convert(cx, x, dtype, false)))
}

/// A proposed count, and whether it is accepted.
fn proposal<'a>(
    cx: &'a Scope,
    [count, prob]: [&Value; 2],
    keys: [&Value; 2],
) -> Result<(Term<'a>, Term<'a>)> {
    let [u, v] = keys.map(|key| uniform(cx, key, prob.shape(), prob.ty().dtype, 0.0, 1.0));
    let (u, v) = (Term::new(cx, &u?) - 0.5, Term::new(cx, &v?));
    let (count, prob) = (Term::new(cx, count), Term::new(cx, prob));
    let stddev = (&count * &prob * (1.0 - &prob)).unary(Unary::Sqrt);
    let b = 1.15 + 2.53 * &stddev;
    let a = -0.0873 + 0.0248 * &b + 0.01 * &prob;
    let c = &count * &prob + 0.5;
    let v_r = 0.92 - 4.2 / &b;
    let r = &prob / (1.0 - &prob);
    let alpha = (2.83 + 5.1 / &b) * stddev;
    let m = ((&count + 1.0) * &prob).unary(Unary::Floor);
    let us = 0.5 - u.abs();
    let at_once = us.at_least(0.07).and(&v.at_most(&v_r));
    let k = ((2.0 * &a / &us + &b) * u + c).unary(Unary::Floor);
    let outside = k.below(0.0).or(&count.less(&k));
    let v = (v * alpha / (a / (&us * &us) + b)).ln();
    let (left, other) = (&count - &m + 1.0, &count - &k + 1.0);
    let bound = (&m + 0.5) * ((&m + 1.0) / (&r * &left)).ln()
        + (&count + 1.0) * (&left / &other).ln()
        + (&k + 0.5) * (r * &other / (&k + 1.0)).ln()
        + stirling_tail(&m)
        + stirling_tail(&(&count - &m))
        - stirling_tail(&k)
        - stirling_tail(&(&count - &k));
    let accepts = at_once.or(&outside.unary(Unary::Not).and(&v.at_most(&bound)));
    Ok((k, accepts))
}

/// What Stirling's formula lacks of ln k!: exact for small k.
const STIRLING_TAIL: [f64; 10] = [
    0.0810614667953272,
    0.0413406959554092,
    0.0276779256849983,
    0.02079067210376509,
    0.0166446911898211,
    0.0138761288230707,
    0.0118967099458917,
    0.0104112652619720,
    0.00925546218271273,
    0.00833056343336287,
];

fn stirling_tail<'a>(k: &Term<'a>) -> Term<'a> {
    let is_small = k.at_most(&k.constant(9.0));
    let k = k.max(&k.constant(0.0)).min(&k.constant(9.0));
    let next = &k + 1.0;
    let square = &next * &next;
    let inner = 1.0 / 360.0 - (1.0 / 1260.0) / &square;
    let series = (1.0 / 12.0 - inner / square) / next;
    let exact = k.unary(Unary::Floor).map(|cx, k| {
        let ty = Type::new(k.ty().dtype, [STIRLING_TAIL.len()]);
        let table = Value::literal(Literal::from_fn(ty, |i| Scalar::Float(STIRLING_TAIL[i])));
        numpy::take(cx, &table, &convert(cx, k, DType::I32, false)?, 0, "clip")
    });
    is_small.choose(&exact, &series)
}

/// How many of `n` trials have each of the outcomes whose probabilities lie along the last axis of `p`.
pub fn multinomial(
    cx: &Scope,
    key: &Value,
    [n, p]: [&Value; 2],
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let name = "random_multinomial";
    let key = sampler_key(cx, name, key)?;
    let [n, p] = promoted_inexact(cx, [n, p])?;
    let shape = shape.unwrap_or(p.shape()).clone();
    let Some(last) = shape.rank().checked_sub(1) else {
        bail!(Shape, "{name} needs probabilities along an axis, got {}", p.ty());
    };
    let n = broadcast(cx, name, &n, &shape.without(last))?;
    let p = ops::move_axis(cx, &broadcast(cx, name, &p, &shape)?, last, 0)?;
    let left = lax::cumulative(cx, ReduceOp::Add, &p, 0, true)?;
    let left = Term::new(cx, &left);
    let ratios = (Term::new(cx, &p) / left.unless(&left.is(0.0), 1.0)).done()?;
    let keys = split(cx, &key, shape[last] as i64)?;
    let body = Function::new(name, |cx: &Scope, x: &[Value]| {
        let (rest, ratio) = (&x[0], Term::new(cx, &x[1]));
        let ratio = ratio.max(&ratio.constant(0.0));
        let ratio = ratio.min(&ratio.constant(1.0)).done()?;
        let count = binomial(cx, &x[2], [rest, &ratio], None, rest.ty().dtype)?;
        Ok(vec![ops::sub(cx, rest, &count)?, count])
    });
    let n = convert(cx, &n, n.ty().dtype, false)?;
    let counts = scan(cx, &body, &[n], &[ratios, keys], ScanOptions::default())?;
    let counts = ops::move_axis(cx, &counts[1], 0, last)?;
    convert(cx, &counts, dtype, false)
}

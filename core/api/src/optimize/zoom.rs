//! A point between two others that fulfils the strong Wolfe conditions (Nocedal and Wright, "Numerical Optimization",
//! algorithm 3.6), by cubic and quadratic interpolation and bisection.

use jaxrs_data::{DType, Result};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope, while_loop};

use super::line_search::{Line, Point, Wolfe, head};
use super::unless_any;
use crate::formula::Term;
use crate::operands::constant;

/// How far from either end a cubic's and a quadratic's minimum must lie, in parts of the interval.
const MARGINS: [f64; 2] = [0.2, 0.1];
/// How many steps there may be.
const STEPS: f64 = 30.0;

/// Where a search between two points ended.
pub(super) struct Zoomed<'a> {
    pub(super) point: Point<'a>,
    pub(super) failed: Term<'a>,
    pub(super) evaluations: Term<'a>,
}

/// Searches between `low`, which has the lower value, and `high`, if `is_wanted`.
pub(super) fn zoom<'a>(
    cx: &'a Scope,
    line: &Line,
    wolfe: &Wolfe,
    [low, high]: [&Point<'a>; 2],
    (origin, is_wanted): (&Value, &Term<'a>),
) -> Result<Zoomed<'a>> {
    let int = cx.defaults().int();
    let (no, zero) = (constant(DType::Bool, 0.0), constant(int, 0.0));
    let middle = Point {
        a: (&low.a + &high.a) / 2.0,
        value: (&low.value + &high.value) / 2.0,
        ..low.clone()
    };
    let star = Point { a: low.a.constant(1.0), gradient: Term::new(cx, origin), ..low.clone() };
    let unwanted = is_wanted.not().done()?;
    // A search that is not wanted is over before it begins.
    let init = [
        vec![unwanted, no, zero.clone(), zero],
        low.clone().carry()?,
        high.clone().carry()?,
        middle.carry()?,
        star.carry()?,
    ]
    .concat();
    let goes_on = Function::new("zoom_goes_on", move |cx: &Scope, carry: &[Value]| {
        Ok(vec![unless_any(carry, cx, 2)?])
    });
    let (line, wolfe) = (line.clone(), wolfe.clone());
    let body = Function::new("zoom_step", move |cx: &Scope, carry: &[Value]| {
        step(cx, &line, &wolfe, carry)
    });
    let last = while_loop(cx, &goes_on, &body, &init)?;
    let [_, failed, _, evaluations] = head(cx, &last)?;
    Ok(Zoomed { point: Point::read(cx, &last[16..20])?, failed, evaluations })
}

fn step(cx: &Scope, line: &Line, wolfe: &Wolfe, carry: &[Value]) -> Result<Vec<Value>> {
    let [done, failed, steps, evaluations] = head(cx, carry)?;
    let part = |k: usize| Point::read(cx, &carry[4 * k..4 * k + 4]);
    let (low, high, recent, star) = (part(1)?, part(2)?, part(3)?, part(4)?);
    let width = &high.a - &low.a;
    let shortest = if carry[4].ty().dtype == DType::F64 { 1e-10 } else { 1e-5 };
    let failed = failed.or(&width.at_most(&width.constant(shortest)));
    let point = line.at(cx, next(&steps, [&low, &high, &recent]))?;

    let is_high = wolfe.is_high(cx, &point).or(&point.value.no_less(&low.value));
    let fits = wolfe.is_flat(cx, &point).and(&is_high.not());
    let climbs = (&point.slope * width).no_less(&point.slope.constant(0.0));
    let turns = climbs.and(&is_high.not()).and(&fits.not());
    let is_low = is_high.not().and(&fits.not());

    let moved = is_high.or(&turns);
    let recent = high.clone().when(&moved, &low.clone().when(&is_low, &recent));
    let high = point.clone().when(&is_high, &low.clone().when(&turns, &high));
    let low = point.clone().when(&is_low, &low);
    let star = point.when(&fits, &star);
    let steps = steps + 1.0;
    let failed = failed.or(&steps.no_less(&steps.constant(STEPS)));
    let head = [done.or(&fits), failed, steps, evaluations + 1.0].map(Term::done);
    let head: Result<Vec<Value>> = head.into_iter().collect();
    Ok([head?, low.carry()?, high.carry()?, recent.carry()?, star.carry()?].concat())
}

/// The next place: a cubic's minimum, else a quadratic's, else the middle.
fn next<'a>(steps: &Term<'a>, [low, high, recent]: [&Point<'a>; 3]) -> Term<'a> {
    let width = &high.a - &low.a;
    let (left, right) = (high.a.min(&low.a), high.a.max(&low.a));
    let inside = |x: &Term<'a>, part: f64| {
        let margin = part * &width;
        x.greater(&(&left + &margin)).and(&x.less(&(&right - margin)))
    };
    let cubic = cubic_minimum(low, high, recent);
    let quadratic = quadratic_minimum(low, high);
    let use_cubic = steps.above(0.0).and(&inside(&cubic, MARGINS[0]));
    let use_quadratic = inside(&quadratic, MARGINS[1]);
    let middle = (&low.a + &high.a) / 2.0;
    use_cubic.choose(&cubic, &use_quadratic.choose(&quadratic, &middle))
}

/// Of the cubic through three points with the first one's slope.
fn cubic_minimum<'a>(p: &Point<'a>, q: &Point<'a>, r: &Point<'a>) -> Term<'a> {
    let (db, dc) = (&q.a - &p.a, &r.a - &p.a);
    let denominator = (&db * &dc).square() * (&db - &dc);
    let rest = |point: &Point<'a>, d: &Term<'a>| &point.value - &p.value - &p.slope * d;
    let (fb, fc) = (rest(q, &db), rest(r, &dc));
    let cube = |x: &Term<'a>| x.square() * x;
    let a = (dc.square() * &fb - db.square() * &fc) / &denominator;
    let b = (cube(&db) * fc - cube(&dc) * fb) / denominator;
    let radical = b.square() - 3.0 * &a * &p.slope;
    &p.a + (radical.sqrt() - b) / (3.0 * a)
}

/// Of the parabola through two points with the first one's slope.
fn quadratic_minimum<'a>(p: &Point<'a>, q: &Point<'a>) -> Term<'a> {
    let d = &q.a - &p.a;
    let b = (&q.value - &p.value - &p.slope * &d) / d.square();
    &p.a - &p.slope / (2.0 * b)
}

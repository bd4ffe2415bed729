//! A step along a direction that fulfils the strong Wolfe conditions (Nocedal and Wright, "Numerical Optimization",
//! algorithm 3.5).

use jaxrs_data::{DType, Error, Result};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope, while_loop};

use super::zoom::zoom;
use super::{evaluate, unless_any};
use crate::formula::Term;
use crate::numpy;
use crate::operands::constant;

/// How much of what the slope promises a step has to give.
const C1: f64 = 1e-4;
/// Which part of the slope there may still be.
const C2: f64 = 0.9;

/// A line through the domain of a function.
#[derive(Clone)]
pub(super) struct Line {
    /// Gives value and gradient.
    pub(super) gradient: Function,
    pub(super) x: Value,
    pub(super) direction: Value,
}

/// A point of a line.
#[derive(Clone)]
pub(super) struct Point<'a> {
    /// How many times the direction it is away.
    pub(super) a: Term<'a>,
    pub(super) value: Term<'a>,
    /// The derivative along the line.
    pub(super) slope: Term<'a>,
    pub(super) gradient: Term<'a>,
}

/// Where a search ended.
pub(super) struct Found<'a> {
    pub(super) point: Point<'a>,
    pub(super) failed: Term<'a>,
    pub(super) evaluations: Term<'a>,
    /// 0 for a point that fulfils the conditions, 1 where none was found between two points, 3 after too many steps.
    pub(super) status: Term<'a>,
}

impl<'a> Point<'a> {
    pub(super) fn read(cx: &'a Scope, values: &[Value]) -> Result<Point<'a>> {
        let [a, value, slope, gradient] = values else {
            return Err(Error::internal("a point has 4 parts"));
        };
        let [a, value, slope, gradient] = [a, value, slope, gradient].map(|x| Term::new(cx, x));
        Ok(Point { a, value, slope, gradient })
    }

    pub(super) fn carry(self) -> Result<Vec<Value>> {
        [self.a, self.value, self.slope, self.gradient].map(Term::done).into_iter().collect()
    }

    /// This point where something holds, else another one.
    pub(super) fn when(self, condition: &Term<'a>, other: &Point<'a>) -> Point<'a> {
        Point {
            a: condition.choose(&self.a, &other.a),
            value: condition.choose(&self.value, &other.value),
            slope: condition.choose(&self.slope, &other.slope),
            gradient: condition.choose(&self.gradient, &other.gradient),
        }
    }
}

/// The conditions that a step has to fulfil, by value and slope at the start.
#[derive(Clone)]
pub(super) struct Wolfe {
    value: Value,
    slope: Value,
}

impl Wolfe {
    /// Whether the value is still too high.
    pub(super) fn is_high<'a>(&self, cx: &'a Scope, point: &Point<'a>) -> Term<'a> {
        let [value, slope] = [&self.value, &self.slope].map(|x| Term::new(cx, x));
        point.value.greater(&(value + C1 * &point.a * slope))
    }

    /// Whether the slope has become flat.
    pub(super) fn is_flat<'a>(&self, cx: &'a Scope, point: &Point<'a>) -> Term<'a> {
        point.slope.abs().at_most(&(-C2 * Term::new(cx, &self.slope)))
    }
}

impl Line {
    pub(super) fn at<'a>(&self, cx: &'a Scope, a: Term<'a>) -> Result<Point<'a>> {
        let direction = Term::new(cx, &self.direction);
        let x = (Term::new(cx, &self.x) + &a * &direction).done()?;
        let [value, gradient] = evaluate(cx, &self.gradient, &x)?;
        let slope = gradient.with(&direction, numpy::dot);
        Ok(Point { a, value, slope, gradient })
    }

    /// Steps that double until the conditions hold, or must hold between two of them.
    pub(super) fn search<'a>(
        &self,
        cx: &'a Scope,
        [value, gradient, last_value]: [Term<'a>; 3],
        maxiter: usize,
    ) -> Result<Found<'a>> {
        let slope = gradient.with(&Term::new(cx, &self.direction), numpy::dot);
        let guess = 1.01 * 2.0 * (&value - last_value) / &slope;
        let guess = guess.unless(&guess.above(1.0), 1.0).done()?;
        let start = Point { a: value.constant(0.0), value, slope, gradient };
        let wolfe =
            Wolfe { value: start.value.clone().done()?, slope: start.slope.clone().done()? };
        let (no, int) = (constant(DType::Bool, 0.0), cx.defaults().int());
        let last = start.clone().carry()?;
        let init =
            [vec![no.clone(), no, constant(int, 1.0), constant(int, 0.0)], last.clone(), last]
                .concat();
        let goes_on = Function::new("line_search_goes_on", move |cx: &Scope, carry: &[Value]| {
            let steps = Term::new(cx, &carry[2]);
            let is_over = Term::new(cx, &unless_any(carry, cx, 2)?);
            Ok(vec![is_over.and(&steps.at_most(&steps.constant(maxiter as f64))).done()?])
        });
        let origin = start.gradient.done()?;
        let line = self.clone();
        let body = Function::new("line_search_step", move |cx: &Scope, carry: &[Value]| {
            line.step(cx, carry, (&wolfe, &guess, &origin))
        });
        let last = while_loop(cx, &goes_on, &body, &init)?;
        ended(cx, &last, maxiter)
    }

    fn step(
        &self,
        cx: &Scope,
        carry: &[Value],
        (wolfe, guess, origin): (&Wolfe, &Value, &Value),
    ) -> Result<Vec<Value>> {
        let [done, failed, steps, evaluations] = head(cx, carry)?;
        let (last, star) = (Point::read(cx, &carry[4..8])?, Point::read(cx, &carry[8..12])?);
        let is_first = steps.at_most(&steps.constant(1.0));
        let a = is_first.choose(&Term::new(cx, guess), &(&last.a * 2.0));
        let point = self.at(cx, a)?;
        let rises = point.value.no_less(&last.value).and(&is_first.not());
        let between = wolfe.is_high(cx, &point).or(&rises);
        let fits = wolfe.is_flat(cx, &point).and(&between.not());
        let climbs = point.slope.no_less(&point.slope.constant(0.0));
        let beyond = climbs.and(&between.not()).and(&fits.not());
        let first = zoom(cx, self, wolfe, [&last, &point], (origin, &between))?;
        let second = zoom(cx, self, wolfe, [&point, &last], (origin, &beyond))?;
        let star = first.point.when(&between, &star);
        let star = point.clone().when(&fits, &star);
        let star = second.point.when(&beyond, &star);
        let failed = failed.or(&between.and(&first.failed)).or(&beyond.and(&second.failed));
        let done = done.or(&between).or(&fits).or(&beyond);
        let evaluations = evaluations + 1.0 + first.evaluations + second.evaluations;
        let head = [done, failed, steps + 1.0, evaluations].map(Term::done);
        let head: Result<Vec<Value>> = head.into_iter().collect();
        Ok([head?, point.carry()?, star.carry()?].concat())
    }
}

/// Whether a loop is done, whether it failed, how often it went round, how often the function was evaluated.
pub(super) fn head<'a>(cx: &'a Scope, carry: &[Value]) -> Result<[Term<'a>; 4]> {
    match carry {
        [done, failed, steps, evaluations, ..] => {
            Ok([done, failed, steps, evaluations].map(|x| Term::new(cx, x)))
        }
        _ => Err(Error::internal("a search carries 4 values and points")),
    }
}

fn ended<'a>(cx: &'a Scope, carry: &[Value], maxiter: usize) -> Result<Found<'a>> {
    let [done, failed, steps, evaluations] = head(cx, carry)?;
    let mut point = Point::read(cx, &carry[8..12])?;
    // In single precision steps that are too short lead nowhere.
    if carry[8].ty().dtype != DType::F64 {
        let shortest = 1e-8;
        let sign = point.a.unary(jaxrs_ir::prims::Unary::Sign);
        point.a = point.a.abs().below(shortest).choose(&(sign * shortest), &point.a);
    }
    let code = |value: f64| steps.constant(value);
    let is_last = steps.greater(&steps.constant(maxiter as f64));
    let status = failed.choose(&code(1.0), &is_last.choose(&code(3.0), &code(0.0)));
    Ok(Found { point, failed: failed.or(&done.not()), evaluations, status })
}

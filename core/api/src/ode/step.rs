//! Steps: the classical Runge–Kutta method, and that of Dormand and Prince with its error and interpolation, as
//! `jax.experimental.ode` has it.

use jaxrs_data::{Error, Literal, Result, Scalar, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, Scope, scan};

use super::flat::Flat;
use crate::formula::Term;
use crate::numpy;
use crate::operands::{constant, convert};

/// The nodes of stages 2 to 7.
const ALPHA: [f64; 6] = [1.0 / 5.0, 3.0 / 10.0, 4.0 / 5.0, 8.0 / 9.0, 1.0, 1.0];
/// The weights of earlier stages in each stage. The last row are those of the solution.
const BETA: [[f64; 7]; 6] = [
    [1.0 / 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [3.0 / 40.0, 9.0 / 40.0, 0.0, 0.0, 0.0, 0.0, 0.0],
    [44.0 / 45.0, -56.0 / 15.0, 32.0 / 9.0, 0.0, 0.0, 0.0, 0.0],
    [19372.0 / 6561.0, -25360.0 / 2187.0, 64448.0 / 6561.0, -212.0 / 729.0, 0.0, 0.0, 0.0],
    [9017.0 / 3168.0, -355.0 / 33.0, 46732.0 / 5247.0, 49.0 / 176.0, -5103.0 / 18656.0, 0.0, 0.0],
    [35.0 / 384.0, 0.0, 500.0 / 1113.0, 125.0 / 192.0, -2187.0 / 6784.0, 11.0 / 84.0, 0.0],
];
/// The weights of the difference to the solution of order 4.
const ERROR: [f64; 7] = [
    35.0 / 384.0 - 1951.0 / 21600.0,
    0.0,
    500.0 / 1113.0 - 22642.0 / 50085.0,
    125.0 / 192.0 - 451.0 / 720.0,
    -2187.0 / 6784.0 - -12231.0 / 42400.0,
    11.0 / 84.0 - 649.0 / 6300.0,
    -1.0 / 60.0,
];
/// The weights of the solution halfway.
const MIDDLE: [f64; 7] = [
    6025192743.0 / 30085553152.0 / 2.0,
    0.0,
    51252292925.0 / 65400821598.0 / 2.0,
    -2691868925.0 / 45128329728.0 / 2.0,
    187940372067.0 / 1594534317056.0 / 2.0,
    -1776094331.0 / 19743644256.0 / 2.0,
    11237099.0 / 235043384.0 / 2.0,
];

/// What errors steps may have, and how long they may be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tolerances {
    pub(super) rtol: f64,
    pub(super) atol: f64,
    pub(super) hmax: f64,
}

/// Where the solution stands.
#[derive(Clone)]
pub(super) struct State {
    value: Value,
    slope: Value,
    pub(super) time: Value,
    /// The length of the next step.
    pub(super) step: Value,
    last_time: Value,
    /// The polynomial between the last time and this, highest power first, along axis 0.
    polynomial: Value,
}

fn numbers(like: &Value, values: &[f64]) -> Value {
    let ty = Type::new(like.ty().dtype, [values.len()]);
    Value::literal(Literal::from_fn(ty, |i| Scalar::Float(values[i])))
}

impl State {
    /// At the first time.
    pub(super) fn first(
        cx: &Scope,
        flat: &Flat,
        value: &Value,
        time: &Value,
        (arguments, tolerances): (&[Value], Tolerances),
    ) -> Result<State> {
        let slope = flat.call(cx, value, time, arguments)?;
        let step = first_step(cx, flat, (value, &slope, time), arguments, tolerances)?;
        let step = super::fixed(cx, &bounded(cx, &step, tolerances.hmax)?)?;
        let polynomial = numpy::stack(cx, &vec![value.clone(); 5], 0)?;
        Ok(State {
            value: value.clone(),
            slope,
            time: time.clone(),
            step: convert(cx, &step, time.ty().dtype, false)?,
            last_time: time.clone(),
            polynomial,
        })
    }

    pub(super) fn carry(&self) -> Vec<Value> {
        let State { value, slope, time, step, last_time, polynomial } = self.clone();
        vec![value, slope, time, step, last_time, polynomial]
    }

    pub(super) fn from_carry(carry: &[Value]) -> Result<State> {
        match carry {
            [value, slope, time, step, last_time, polynomial] => Ok(State {
                value: value.clone(),
                slope: slope.clone(),
                time: time.clone(),
                step: step.clone(),
                last_time: last_time.clone(),
                polynomial: polynomial.clone(),
            }),
            _ => Err(Error::internal("a state of a solution has 6 parts")),
        }
    }

    /// The value at a time in the last step.
    pub(super) fn at(&self, cx: &Scope, time: &Value) -> Result<Value> {
        let [time, last, now] = [time, &self.last_time, &self.time].map(|x| Term::new(cx, x));
        let part = ((time - &last) / (now - &last)).done()?;
        let part = convert(cx, &part, self.value.ty().dtype, false)?;
        numpy::polyval(cx, &self.polynomial, &part)
    }

    /// After another step, or after none but with a shorter one to come, where its error is too large.
    pub(super) fn next(
        &self,
        cx: &Scope,
        flat: &Flat,
        arguments: &[Value],
        tolerances: Tolerances,
    ) -> Result<State> {
        let slopes = stages(cx, flat, self, arguments)?;
        let dt = convert(cx, &self.step, self.value.ty().dtype, false)?;
        let sum = |weights: &[f64]| {
            numpy::dot(cx, &numbers(&self.value, weights), &slopes).map(|x| Term::new(cx, &x))
        };
        let (y, dt) = (Term::new(cx, &self.value), Term::new(cx, &dt));
        let next = (&dt * sum(&BETA[5])? + &y).done()?;
        let error = (&dt * sum(&ERROR)?).done()?;
        let ratio = error_ratio(cx, &error, [&self.value, &next], tolerances)?;
        let middle = (&y + &dt * sum(&MIDDLE)?).done()?;
        let last_slope = numpy::shapes::part(cx, &slopes, &[numpy::index::Index::At(6)])?;
        let polynomial =
            quartic(cx, [&self.value, &next, &middle], [&self.slope, &last_slope], &dt.done()?)?;
        let step = super::fixed(
            cx,
            &bounded(cx, &next_length(cx, &self.step, &ratio)?, tolerances.hmax)?,
        )?;
        let step = convert(cx, &step, self.step.ty().dtype, false)?;
        let accepted = Term::new(cx, &ratio);
        let accepted = super::fixed(cx, &accepted.at_most(&accepted.constant(1.0)).done()?)?;
        let chosen = |new: &Value, old: &Value| numpy::select(cx, &accepted, new, old);
        Ok(State {
            value: chosen(&next, &self.value)?,
            slope: chosen(&last_slope, &self.slope)?,
            time: chosen(&ops::add(cx, &self.time, &self.step)?, &self.time)?,
            step,
            last_time: chosen(&self.time, &self.last_time)?,
            polynomial: chosen(&polynomial, &self.polynomial)?,
        })
    }
}

/// The slopes of all seven stages, one below the other.
fn stages(cx: &Scope, flat: &Flat, state: &State, arguments: &[Value]) -> Result<Value> {
    let n = state.slope.shape()[0];
    let start = numpy::expand_dims(cx, &state.slope, &[0])?;
    let zeros =
        ops::full(cx, &state.slope.ty().with_shape([6, n]).with_weak(false), Scalar::Int(0))?;
    let slopes = numpy::concatenate(cx, &[start, zeros], 0)?;
    let weights = numbers(&state.value, &BETA.concat());
    let weights = ops::reshape(cx, &weights, &[6, 7].into())?;
    let nodes = numbers(&state.time, &ALPHA);
    let places = ops::offset(cx, &ops::iota(cx, jaxrs_data::DType::I32, &[6].into(), 0)?, 1.0)?;
    let (flat, arguments, state) = (flat.clone(), arguments.to_vec(), state.clone());
    let body = Function::new("odeint_stage", move |cx: &Scope, inputs: &[Value]| match inputs {
        [slopes, node, weights, place] => {
            let t = (Term::new(cx, &state.step) * Term::new(cx, node) + Term::new(cx, &state.time))
                .done()?;
            let dt = convert(cx, &state.step, state.value.ty().dtype, false)?;
            let change = Term::new(cx, &dt) * Term::new(cx, &numpy::dot(cx, weights, slopes)?);
            let y = (change + Term::new(cx, &state.value)).done()?;
            let slope = numpy::expand_dims(cx, &flat.call(cx, &y, &t, &arguments)?, &[0])?;
            let zero = constant(place.ty().dtype, 0.0);
            Ok(vec![crate::lax::dynamic_update_slice(cx, slopes, &slope, &[place.clone(), zero])?])
        }
        _ => Err(Error::internal("a stage takes slopes, a node, weights and a place")),
    });
    Ok(scan(cx, &body, &[slopes], &[nodes, weights, places], ScanOptions::default())?
        .swap_remove(0))
}

/// The polynomial of order 4 through both ends and the middle, with these slopes at the ends.
fn quartic(
    cx: &Scope,
    [y0, y1, middle]: [&Value; 3],
    [dy0, dy1]: [&Value; 2],
    dt: &Value,
) -> Result<Value> {
    let [y0, y1, middle, dy0, dy1, dt] = [y0, y1, middle, dy0, dy1, dt].map(|x| Term::new(cx, x));
    let (d0, d1) = (&dt * dy0, &dt * dy1);
    let a = &d0 * -2.0 + &d1 * 2.0 - &y0 * 8.0 - &y1 * 8.0 + &middle * 16.0;
    let b = &d0 * 5.0 - &d1 * 3.0 + &y0 * 18.0 + &y1 * 14.0 - &middle * 32.0;
    let c = &d0 * -4.0 + &d1 - &y0 * 11.0 - &y1 * 5.0 + &middle * 16.0;
    let all = [a, b, c, d0, y0].map(Term::done).into_iter().collect::<Result<Vec<_>>>()?;
    numpy::stack(cx, &all, 0)
}

/// The error by what it may be, over all elements.
fn error_ratio(
    cx: &Scope,
    error: &Value,
    [y0, y1]: [&Value; 2],
    tolerances: Tolerances,
) -> Result<Value> {
    let size = numpy::maximum(cx, &numpy::abs(cx, y0)?, &numpy::abs(cx, y1)?)?;
    let bound = (Term::new(cx, &size) * tolerances.rtol + tolerances.atol).done()?;
    let squares = numpy::complex::squared_magnitude(cx, &numpy::divide(cx, error, &bound)?)?;
    numpy::sqrt(cx, &numpy::mean(cx, &squares, &[], false)?)
}

/// The length of the next step: that of this one by the fifth root of its error, within bounds.
fn next_length(cx: &Scope, step: &Value, ratio: &Value) -> Result<Value> {
    let ratio = convert(cx, ratio, step.ty().dtype, false)?;
    let (ratio, step) = (Term::new(cx, &ratio), Term::new(cx, step));
    let least = ratio.below(1.0).choose(&ratio.constant(1.0), &ratio.constant(0.2));
    let root = ratio.power(&ratio.constant(-1.0 / 5.0)) * 0.9;
    let factor = root.max(&least).min(&ratio.constant(10.0));
    let exact = ratio.is(0.0);
    exact.choose(&(&step * 10.0), &(&step * factor)).done()
}

fn bounded(cx: &Scope, step: &Value, hmax: f64) -> Result<Value> {
    let step = Term::new(cx, step);
    step.max(&step.constant(0.0)).min(&step.constant(hmax)).done()
}

/// The length of the first step (Hairer, Nørsett, Wanner, "Solving ordinary differential equations I", II.4).
fn first_step(
    cx: &Scope,
    flat: &Flat,
    (value, slope, time): (&Value, &Value, &Value),
    arguments: &[Value],
    tolerances: Tolerances,
) -> Result<Value> {
    let size = Term::new(cx, &numpy::abs(cx, value)?);
    let scale = (size * tolerances.rtol + tolerances.atol).done()?;
    let norm = |x: &Value| -> Result<Value> {
        numpy::norm(cx, &numpy::divide(cx, x, &scale)?, &[], false)
    };
    let (d0, d1) = (norm(value)?, norm(slope)?);
    let (d0, d1) = (Term::new(cx, &d0), Term::new(cx, &d1));
    let flat_start = d0.below(1e-5).or(&d1.below(1e-5));
    let h0 = (&d0 * 0.01 / &d1).unless(&flat_start, 1e-6).done()?;
    let h0_of = |dtype| convert(cx, &h0, dtype, false);
    let moved = numpy::multiply(cx, &h0_of(value.ty().dtype)?, slope)?;
    let later = numpy::add(cx, time, &h0_of(time.ty().dtype)?)?;
    let next = flat.call(cx, &numpy::add(cx, value, &moved)?, &later, arguments)?;
    let h0 = Term::new(cx, &h0);
    let d2 = Term::new(cx, &norm(&numpy::subtract(cx, &next, slope)?)?) / &h0;
    let still = d1.at_most(&d1.constant(1e-15)).and(&d2.at_most(&d2.constant(1e-15)));
    let small = (&h0 * 1e-3).max(&h0.constant(1e-6));
    let largest = d1.max(&d2);
    let root = (0.01 / &largest).power(&largest.constant(1.0 / 5.0));
    let h1 = still.choose(&small, &root);
    (h0 * 100.0).min(&h1).done()
}

/// A step of the classical Runge–Kutta method.
pub(super) fn classical(
    cx: &Scope,
    flat: &Flat,
    y: &Value,
    (t, dt): (&Value, &Value),
    arguments: &[Value],
) -> Result<Value> {
    let h = convert(cx, dt, y.ty().dtype, false)?;
    let slope = |k: Option<&Value>, part: f64| -> Result<Value> {
        let at = (Term::new(cx, dt) * part + Term::new(cx, t)).done()?;
        let y = match k {
            Some(k) => (Term::new(cx, &h) * part * Term::new(cx, k) + Term::new(cx, y)).done()?,
            None => y.clone(),
        };
        flat.call(cx, &y, &at, arguments)
    };
    let k1 = slope(None, 0.0)?;
    let k2 = slope(Some(&k1), 0.5)?;
    let k3 = slope(Some(&k2), 0.5)?;
    let k4 = slope(Some(&k3), 1.0)?;
    let [k1, k2, k3, k4] = [&k1, &k2, &k3, &k4].map(|k| Term::new(cx, k));
    (Term::new(cx, &h) / 6.0 * (k1 + k2 * 2.0 + k3 * 2.0 + k4) + Term::new(cx, y)).done()
}

//! Ordinary differential equations: fixed steps of the classical Runge–Kutta method, and adaptive steps of Dormand's and
//! Prince's, whose derivative is that of the equation for the adjoint, solved backwards.
//!
//! A right-hand side takes (state…, time, arguments…) and gives the state's derivatives.

mod adjoint;
mod flat;
mod step;

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{
    Function, ScanOptions, Scope, checkpoint, closure_convert, scan, stop_gradient, while_loop,
};

use crate::formula::Term;
use crate::numpy;
use flat::Flat;
use step::{State, Tolerances};

/// How an equation is solved.
#[derive(Clone, Copy, Debug)]
pub struct OdeOptions {
    /// The error of a step as a part of the state.
    pub rtol: f64,
    /// The error of a step as such.
    pub atol: f64,
    /// How many steps there may be to each time; there is no bound if missing.
    pub mxstep: Option<usize>,
    /// The longest step.
    pub hmax: f64,
    /// How derivatives are had.
    pub adjoint: Adjoint,
}

/// How derivatives of a solution are had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Adjoint {
    /// In reverse mode, by the equation for the adjoint, solved backwards along with the state: memory does not grow.
    Backsolve,
    /// In either mode, through the steps themselves, of which reverse mode keeps the states and computes the rest again;
    /// needs a bound on their number.
    Checkpointed,
}

impl Default for OdeOptions {
    fn default() -> OdeOptions {
        OdeOptions {
            rtol: 1.4e-8,
            atol: 1.4e-8,
            mxstep: None,
            hmax: f64::INFINITY,
            adjoint: Adjoint::Backsolve,
        }
    }
}

/// The equation `y′ = f(y, t, arguments)` and where it starts.
pub struct Problem<'a> {
    /// The right-hand side; see above.
    pub function: &'a Function,
    /// The first state.
    pub state: &'a [Value],
    /// The times, in ascending order, of which the first belongs to the first state.
    pub times: &'a Value,
    /// What the right-hand side takes beyond state and time.
    pub arguments: &'a [Value],
}

/// The right-hand side with all that it captures among its arguments, on flat states.
fn prepared(cx: &Scope, name: &str, problem: &Problem<'_>) -> Result<(Flat, Value, Vec<Value>)> {
    let times = problem.times.ty();
    if times.rank() != 1
        || !times.dtype.is_float()
        || times.shape[0] == 0
        || problem.state.is_empty()
    {
        bail!(
            InvalidArgument,
            "{name} needs a state and times, floats along 1 axis, got {} and {times}",
            problem.state.len()
        );
    }
    let first = numpy::index::getitem(
        cx,
        problem.times,
        &[numpy::index::Index::At(0)],
        numpy::shapes::READING,
    )?;
    let all = problem.state.iter().chain([&first]).chain(problem.arguments);
    let types: Vec<_> = all.map(|x| x.ty().with_weak(false)).collect();
    let (function, captured) = closure_convert(problem.function, cx, &types)?;
    let flat = Flat::new(cx, name, function, problem.state)?;
    let start = flat.join(cx, problem.state)?;
    Ok((flat, start, [problem.arguments, &captured].concat()))
}

/// The states at all times, along a new first axis. Steps are as many as there are to be had the asked for accuracy.
pub fn odeint(cx: &Scope, problem: &Problem<'_>, options: OdeOptions) -> Result<Vec<Value>> {
    let (flat, start, arguments) = prepared(cx, "odeint", problem)?;
    let operands = [vec![start, problem.times.clone()], arguments].concat();
    let states = match options.adjoint {
        Adjoint::Backsolve => adjoint::with_backsolve(&flat, options).call(cx, &operands)?,
        Adjoint::Checkpointed => vec![integrate(cx, &flat, &operands, options)?],
    };
    flat.parts(cx, &states[0], 1)
}

/// The flat states at all times; operands are the first one, times, arguments.
fn integrate(cx: &Scope, flat: &Flat, operands: &[Value], options: OdeOptions) -> Result<Value> {
    let [start, times, arguments @ ..] = operands else {
        return Err(Error::internal("an equation without a state"));
    };
    let first = numpy::shapes::part(cx, times, &[numpy::index::Index::At(0)])?;
    let tolerances = Tolerances { rtol: options.rtol, atol: options.atol, hmax: options.hmax };
    let state = State::first(cx, flat, start, &first, (arguments, tolerances))?;
    let body = {
        let (flat, arguments) = (flat.clone(), arguments.to_vec());
        Function::new("odeint_to", move |cx: &Scope, inputs: &[Value]| {
            let Some((target, carry)) = inputs.split_last() else {
                return Err(Error::internal("odeint lost its carry"));
            };
            let stepper = Stepper {
                flat: flat.clone(),
                arguments: arguments.clone(),
                tolerances,
                target: target.clone(),
            };
            let carry = match options.adjoint {
                Adjoint::Backsolve => stepper.while_needed(cx, carry, options.mxstep)?,
                Adjoint::Checkpointed => stepper.at_most(cx, carry, options.mxstep)?,
            };
            let state = State::from_carry(&carry)?;
            let value = state.at(cx, target)?;
            Ok([carry, vec![value]].concat())
        })
    };
    let later = numpy::shapes::part_along(cx, times, 0, Some(1), None)?;
    let carry = state.carry();
    let n_carry = carry.len();
    let results = scan(cx, &body, &carry, &[later], ScanOptions::default())?;
    let rows = numpy::expand_dims(cx, start, &[0])?;
    numpy::concatenate(cx, &[rows, results[n_carry].clone()], 0)
}

/// Steps to one time.
#[derive(Clone)]
struct Stepper {
    flat: Flat,
    arguments: Vec<Value>,
    tolerances: Tolerances,
    target: Value,
}

impl Stepper {
    /// Whether there is another step to be taken.
    fn goes_on(&self, cx: &Scope, state: &State) -> Result<Value> {
        let before = numpy::less(cx, &state.time, &self.target)?;
        let moves = Term::new(cx, &state.step).above(0.0).done()?;
        numpy::logical_and(cx, &before, &moves)
    }

    fn while_needed(&self, cx: &Scope, carry: &[Value], most: Option<usize>) -> Result<Vec<Value>> {
        let zero = crate::operands::constant(jaxrs_data::DType::I32, 0.0);
        let init: Vec<Value> = [zero].into_iter().chain(carry.iter().cloned()).collect();
        let this = self.clone();
        let condition = Function::new("odeint_goes_on", move |cx: &Scope, inputs: &[Value]| {
            let goes_on = this.goes_on(cx, &State::from_carry(&inputs[1..])?)?;
            let Some(most) = most else { return Ok(vec![goes_on]) };
            let in_bounds = Term::new(cx, &inputs[0]).below(most as f64).done()?;
            Ok(vec![numpy::logical_and(cx, &goes_on, &in_bounds)?])
        });
        let this = self.clone();
        let body = Function::new("odeint_step", move |cx: &Scope, inputs: &[Value]| {
            let state = State::from_carry(&inputs[1..])?;
            let next = state.next(cx, &this.flat, &this.arguments, this.tolerances)?;
            let count = jaxrs_ir::ops::offset(cx, &inputs[0], 1.0)?;
            Ok([vec![count], next.carry()].concat())
        });
        Ok(while_loop(cx, &condition, &body, &init)?.split_off(1))
    }

    fn at_most(&self, cx: &Scope, carry: &[Value], most: Option<usize>) -> Result<Vec<Value>> {
        let Some(length) = most else {
            bail!(
                InvalidArgument,
                "odeint needs mxstep, the most steps to each time, to go through steps in reverse"
            );
        };
        let this = self.clone();
        let step = Function::new("odeint_step", move |cx: &Scope, inputs: &[Value]| {
            let state = State::from_carry(inputs)?;
            let next = state.next(cx, &this.flat, &this.arguments, this.tolerances)?;
            let goes_on = this.goes_on(cx, &state)?;
            let chosen = inputs
                .iter()
                .zip(next.carry())
                .map(|(old, new)| numpy::select(cx, &goes_on, &new, old));
            chosen.collect()
        });
        let options = ScanOptions { length: Some(length), ..ScanOptions::default() };
        scan(cx, &checkpoint(&step), carry, &[], options)
    }
}

/// The states at all times, with one step of the classical Runge–Kutta method from each to the next (or `substeps` of
/// them); of steps reverse mode keeps the states only if `checkpointed`.
pub fn rk4(
    cx: &Scope,
    problem: &Problem<'_>,
    substeps: usize,
    checkpointed: bool,
) -> Result<Vec<Value>> {
    let (flat, start, arguments) = prepared(cx, "rk4", problem)?;
    if substeps == 0 {
        bail!(InvalidArgument, "rk4 needs at least 1 step from each time to the next");
    }
    let body = {
        let (flat, arguments) = (flat.clone(), arguments);
        Function::new("rk4_step", move |cx: &Scope, inputs: &[Value]| match inputs {
            [y, from, to] => {
                let span = numpy::subtract(cx, to, from)?;
                let dt = jaxrs_ir::ops::scale(cx, &span, 1.0 / substeps as f64)?;
                let mut y = y.clone();
                for k in 0..substeps {
                    let t = (Term::new(cx, &dt) * k as f64 + Term::new(cx, from)).done()?;
                    y = step::classical(cx, &flat, &y, (&t, &dt), &arguments)?;
                }
                Ok(vec![y.clone(), y])
            }
            _ => Err(Error::internal("rk4 carries 1 state")),
        })
    };
    let body = if checkpointed { checkpoint(&body) } else { body };
    let from = numpy::shapes::part_along(cx, problem.times, 0, None, Some(-1))?;
    let to = numpy::shapes::part_along(cx, problem.times, 0, Some(1), None)?;
    let results =
        scan(cx, &body, std::slice::from_ref(&start), &[from, to], ScanOptions::default())?;
    let rows = numpy::expand_dims(cx, &start, &[0])?;
    let all = numpy::concatenate(cx, &[rows, results[1].clone()], 0)?;
    flat.parts(cx, &all, 1)
}

/// A value that derivatives do not go through.
fn fixed(cx: &Scope, x: &Value) -> Result<Value> {
    stop_gradient(cx, x)
}

//! Minima of functions, as `jax.scipy.optimize` finds them.

mod line_search;
mod zoom;

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{DiffOptions, Function, Scope, value_and_grad, while_loop};

use crate::formula::Term;
use crate::numpy;
use line_search::Line;

/// When to stop.
#[derive(Clone, Copy, Debug)]
pub struct MinimizeOptions {
    /// How many steps there may be; 200 for each unknown if missing.
    pub maxiter: Option<usize>,
    /// Below which norm of the gradient a point is a minimum.
    pub gtol: f64,
    /// Which norm: the one of this exponent, or the largest magnitude for infinity.
    pub norm: f64,
    /// How many steps the search along each direction may take.
    pub line_search_maxiter: usize,
}

impl Default for MinimizeOptions {
    fn default() -> MinimizeOptions {
        MinimizeOptions { maxiter: None, gtol: 1e-5, norm: f64::INFINITY, line_search_maxiter: 10 }
    }
}

/// What a search carries from step to step, in this order.
struct State<'a> {
    converged: Term<'a>,
    failed: Term<'a>,
    steps: Term<'a>,
    evaluations: Term<'a>,
    x: Term<'a>,
    value: Term<'a>,
    gradient: Term<'a>,
    /// The inverse of the approximate second derivative.
    inverse: Term<'a>,
    last_value: Term<'a>,
    search_status: Term<'a>,
}

impl<'a> State<'a> {
    fn read(cx: &'a Scope, carry: &[Value]) -> Result<State<'a>> {
        let [
            converged,
            failed,
            steps,
            evaluations,
            x,
            value,
            gradient,
            inverse,
            last_value,
            status,
        ] = carry
        else {
            return Err(Error::internal("minimize carries 10 values"));
        };
        let term = |x: &Value| Term::new(cx, x);
        Ok(State {
            converged: term(converged),
            failed: term(failed),
            steps: term(steps),
            evaluations: term(evaluations),
            x: term(x),
            value: term(value),
            gradient: term(gradient),
            inverse: term(inverse),
            last_value: term(last_value),
            search_status: term(status),
        })
    }

    fn carry(self) -> Result<Vec<Value>> {
        [
            self.converged,
            self.failed,
            self.steps,
            self.evaluations,
            self.x,
            self.value,
            self.gradient,
            self.inverse,
            self.last_value,
            self.search_status,
        ]
        .map(Term::done)
        .into_iter()
        .collect()
    }
}

/// The minimum of `f`, which takes a vector and `arguments` and gives a scalar, by the method of Broyden, Fletcher, Goldfarb
/// and Shanno (Nocedal and Wright, "Numerical Optimization", algorithm 6.1) with a search for the strong Wolfe
/// conditions along each direction. Gives `(x, success, status, fun, jac, hess_inv, nfev, njev, nit)`: status is 0 at
/// a minimum, 1 after too many steps, 3 or 5 where a search failed, -1 otherwise.
pub fn minimize(
    cx: &Scope,
    f: &Function,
    x0: &Value,
    arguments: &[Value],
    options: MinimizeOptions,
) -> Result<Vec<Value>> {
    let &[n] = &x0.shape()[..] else {
        bail!(Shape, "minimize needs a vector to begin with, got {}", x0.ty());
    };
    if !x0.ty().dtype.is_float() {
        bail!(Dtype, "minimize needs real numbers to begin with, got {}", x0.ty());
    }
    let maxiter = options.maxiter.unwrap_or(200 * n);
    let gradient = along(value_and_grad(f, DiffOptions::default()), arguments);
    let init = first(cx, &gradient, x0, options)?;
    let goes_on = Function::new("minimize_goes_on", move |cx: &Scope, carry: &[Value]| {
        let state = State::read(cx, carry)?;
        let is_over = state.converged.or(&state.failed);
        Ok(vec![is_over.not().and(&state.steps.below(maxiter as f64)).done()?])
    });
    let body = Function::new("minimize_step", move |cx: &Scope, carry: &[Value]| {
        step(cx, &gradient, State::read(cx, carry)?, options)?.carry()
    });
    let last = while_loop(cx, &goes_on, &body, &init)?;
    results(State::read(cx, &last)?, maxiter)
}

/// A function of a point alone; the others stay as they are.
fn along(f: Function, arguments: &[Value]) -> Function {
    let arguments = arguments.to_vec();
    Function::new(f.name().to_owned(), move |cx: &Scope, x: &[Value]| {
        f.call(cx, &[x, &arguments].concat())
    })
}

/// Value and gradient, without anything else that the function gives.
fn evaluate<'a>(cx: &'a Scope, gradient: &Function, x: &Value) -> Result<[Term<'a>; 2]> {
    let results = gradient.call(cx, std::slice::from_ref(x))?;
    match &results[..] {
        [value, gradient] => Ok([Term::new(cx, value), Term::new(cx, gradient)]),
        _ => bail!(
            InvalidArgument,
            "minimize needs a function that gives a scalar and nothing else, got {} results",
            results.len().saturating_sub(1)
        ),
    }
}

fn converged<'a>(gradient: &Term<'a>, options: MinimizeOptions) -> Term<'a> {
    let norm = match options.norm {
        f64::INFINITY => gradient.abs().map(|cx, g| numpy::max(cx, g, &[], false)),
        exponent => {
            let powers = gradient.abs().power(&gradient.constant(exponent));
            let sum = powers.map(|cx, g| numpy::sum(cx, g, &[], false));
            sum.power(&sum.constant(1.0 / exponent))
        }
    };
    norm.below(options.gtol)
}

fn first(cx: &Scope, f: &Function, x0: &Value, options: MinimizeOptions) -> Result<Vec<Value>> {
    let x0 = crate::operands::convert(cx, x0, x0.ty().dtype, false)?;
    let [value, gradient] = evaluate(cx, f, &x0)?;
    let n = x0.shape()[0] as i64;
    let length = gradient.map(|cx, g| numpy::norm(cx, g, &[], false));
    let number = |value: f64| Term::new(cx, &crate::operands::constant(cx.defaults().int(), value));
    let no = Term::new(cx, &crate::operands::constant(jaxrs_data::DType::Bool, 0.0));
    State {
        converged: converged(&gradient, options),
        failed: no,
        steps: number(0.0),
        evaluations: number(1.0),
        last_value: &value + length / 2.0,
        value,
        gradient,
        inverse: Term::new(cx, &numpy::eye(cx, n, n, 0, x0.ty().dtype)?),
        x: Term::new(cx, &x0),
        search_status: number(0.0),
    }
    .carry()
}

fn step<'a>(
    cx: &'a Scope,
    f: &Function,
    state: State<'a>,
    options: MinimizeOptions,
) -> Result<State<'a>> {
    let direction = -state.inverse.with(&state.gradient, numpy::dot);
    let line = Line {
        gradient: f.clone(),
        x: state.x.clone().done()?,
        direction: direction.clone().done()?,
    };
    let start = [&state.value, &state.gradient, &state.last_value].map(Term::clone);
    let found = line.search(cx, start, options.line_search_maxiter)?;
    let change = &found.point.a * &direction;
    let turn = &found.point.gradient - &state.gradient;
    Ok(State {
        converged: converged(&found.point.gradient, options),
        failed: found.failed,
        steps: state.steps + 1.0,
        evaluations: state.evaluations + found.evaluations,
        inverse: updated(&state.inverse, &change, &turn),
        x: state.x + change,
        value: found.point.value,
        gradient: found.point.gradient,
        last_value: state.value,
        search_status: found.status,
    })
}

/// The inverse of the second derivative after a change of the point and of the gradient (equation 6.17), where that
/// exists.
fn updated<'a>(inverse: &Term<'a>, change: &Term<'a>, turn: &Term<'a>) -> Term<'a> {
    let rho = 1.0 / turn.with(change, numpy::dot);
    let outer = |x: &Term<'a>, y: &Term<'a>| x.with(y, numpy::outer);
    let one = inverse.map(|cx, h| {
        let n = h.shape()[0] as i64;
        numpy::eye(cx, n, n, 0, h.ty().dtype)
    });
    let w = one - &rho * outer(change, turn);
    let transposed = w.map(|cx, w| numpy::transpose(cx, w, &[]));
    let product = w.with(inverse, numpy::matmul).with(&transposed, numpy::matmul);
    let next = product + &rho * outer(change, change);
    rho.map(numpy::isfinite).choose(&next, inverse)
}

fn results(state: State<'_>, maxiter: usize) -> Result<Vec<Value>> {
    let code = |value: f64| state.search_status.constant(value);
    let is_last = state.steps.no_less(&state.steps.constant(maxiter as f64));
    let failed = state.failed.choose(&(&state.search_status + 2.0), &code(-1.0));
    let status = state.converged.choose(&code(0.0), &is_last.choose(&code(1.0), &failed));
    let success = state.converged.and(&state.failed.not());
    [
        state.x,
        success,
        status,
        state.value,
        state.gradient,
        state.inverse,
        state.evaluations.clone(),
        state.evaluations,
        state.steps,
    ]
    .map(Term::done)
    .into_iter()
    .collect()
}

/// Conditions for a loop that carries truth values first.
fn unless_any(carry: &[Value], cx: &Scope, flags: usize) -> Result<Value> {
    let mut over = carry[0].clone();
    for flag in &carry[1..flags] {
        over = numpy::logical_or(cx, &over, flag)?;
    }
    ops::unary(cx, jaxrs_ir::prims::Unary::Not, &over)
}

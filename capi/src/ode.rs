//! Ordinary differential equations.

use jaxrs_api::ode::{self, Adjoint, OdeOptions, Problem};
use jaxrs_data::bail;

use crate::args::{Handles, In, Shared, flag};
use crate::array::ArrayBody;
use crate::control::{function, run, value};
use crate::function::{FnBody, values};
use crate::gate::Status;
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// A number that 0 stands for the default of.
fn or_default(number: f64, default: f64) -> f64 {
    if number == 0.0 { default } else { number }
}

/// Solves y' = f(y, t, args) by adaptive steps of Dormand's and Prince's method, as jax.experimental.ode.odeint does;
/// for each part of the state its values at all times, along a new first axis, are appended to `r`.
///
/// `f` takes (state..., time, args...) and gives the derivative of each part of the state. `times` are floats in
/// ascending order; the first belongs to `state`. `rtol` and `atol` bound the error of a step (1.4e-8 each if 0),
/// `mxstep` the steps to each time (0 for no bound), `hmax` their length (0 for no bound). Reverse mode solves the
/// equation for the adjoint backwards; with `checkpointed` 1 both modes go through the steps, which needs `mxstep`.
/// Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_odeint(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    state: Handles<ArrayBody>,
    n_state: usize,
    times: In<ArrayBody>,
    args: Handles<ArrayBody>,
    n_args: usize,
    rtol: f64,
    atol: f64,
    mxstep: u64,
    hmax: f64,
    checkpointed: u32,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let function = function(engine, &f, "f")?;
        let state = values(engine, &state, n_state, "state")?;
        let times = value(engine, &times, "times")?;
        let arguments = values(engine, &args, n_args, "args")?;
        let default = OdeOptions::default();
        let checkpointed = flag(checkpointed, "checkpointed")?;
        let options = OdeOptions {
            rtol: or_default(rtol, default.rtol),
            atol: or_default(atol, default.atol),
            mxstep: (mxstep > 0).then(|| usize::try_from(mxstep).unwrap_or(usize::MAX)),
            hmax: or_default(hmax, default.hmax),
            adjoint: if checkpointed { Adjoint::Checkpointed } else { Adjoint::Backsolve },
        };
        let problem = Problem { function, state: &state, times, arguments: &arguments };
        ode::odeint(scope, &problem, options)
    })
}

/// Solves y' = f(y, t, args) by fixed steps of the classical Runge-Kutta method, `substeps` of them from each time to
/// the next; for each part of the state its values at all times, along a new first axis, are appended to `r`.
///
/// `f`, `state`, `times` and `args` are as of jaxrs_odeint. With `checkpointed` 1 reverse mode keeps the states only
/// and computes steps again. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_rk4(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    state: Handles<ArrayBody>,
    n_state: usize,
    times: In<ArrayBody>,
    args: Handles<ArrayBody>,
    n_args: usize,
    substeps: u64,
    checkpointed: u32,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let function = function(engine, &f, "f")?;
        let state = values(engine, &state, n_state, "state")?;
        let times = value(engine, &times, "times")?;
        let arguments = values(engine, &args, n_args, "args")?;
        let Some(substeps) = usize::try_from(substeps).ok().filter(|&n| n <= 1 << 16) else {
            bail!(
                InvalidArgument,
                "rk4 takes at most 65536 steps from each time to the next, got {substeps}"
            );
        };
        let problem = Problem { function, state: &state, times, arguments: &arguments };
        ode::rk4(scope, &problem, substeps, flag(checkpointed, "checkpointed")?)
    })
}

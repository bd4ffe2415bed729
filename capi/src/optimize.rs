//! Minima of functions, and derivatives held against differences.

use jaxrs_api::check_grads::{self, GradCheck};
use jaxrs_api::optimize::{self, MinimizeOptions};
use jaxrs_data::bail;

use crate::args::{Handles, In, Shared, Text, flag};
use crate::array::ArrayBody;
use crate::control::{function, run, value};
use crate::function::{FnBody, values};
use crate::gate::{Status, gate};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// Finds a minimum of `f`, as jax.scipy.optimize.minimize does; (x, success, status, fun, jac, hess_inv, nfev, njev, nit)
/// are appended to `r`.
///
/// `f` takes (x, args...), x being a vector of floats, and gives a scalar. `method` is "BFGS": the method of Broyden,
/// Fletcher, Goldfarb and Shanno with a search for the strong Wolfe conditions (Nocedal and Wright, "Numerical
/// Optimization", algorithms 6.1, 3.5, 3.6). It ends where the largest element of the gradient is below `gtol` (1e-5 if
/// 0) or after `maxiter` steps (200 for each unknown if 0). status is 0 at a minimum, 1 after too many steps, 3 or 5
/// where a search failed, -1 otherwise. It can be compiled and batched, not reversed. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_minimize(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    x0: In<ArrayBody>,
    args: Handles<ArrayBody>,
    n_args: usize,
    method: Text,
    method_len: usize,
    maxiter: u64,
    gtol: f64,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let f = function(engine, &f, "f")?;
        let x0 = value(engine, &x0, "x0")?;
        let arguments = values(engine, &args, n_args, "args")?;
        let method = method.get(method_len, "method")?;
        if !method.eq_ignore_ascii_case("bfgs") {
            bail!(InvalidArgument, "minimize takes the method BFGS, got {method:?}");
        }
        let default = MinimizeOptions::default();
        let options = MinimizeOptions {
            maxiter: (maxiter > 0).then(|| usize::try_from(maxiter).unwrap_or(usize::MAX)),
            gtol: if gtol == 0.0 { default.gtol } else { gtol },
            ..default
        };
        optimize::minimize(scope, f, x0, &arguments, options)
    })
}

/// Holds derivatives of `f` at `inputs` against differences of its values, as jax.test_util.check_grads does: for custom
/// rules and for functions that call host code.
///
/// Derivatives are taken `order` times (1 to 8), in forward mode if `forward` is 1, in reverse mode if `reverse` is, in
/// the direction of random numbers that are always the same. Both may be `atol + rtol |difference quotient|` apart;
/// these and the step `eps` are by the operands' element types where they are 0. Where they are farther apart the error
/// is JAXRS_ERR_CHECK and says what was got and expected. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_check_grads(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    inputs: Handles<ArrayBody>,
    n: usize,
    order: u32,
    forward: u32,
    reverse: u32,
    atol: f64,
    rtol: f64,
    eps: f64,
) -> Status {
    gate(|| {
        let s = s.get("s")?;
        let engine = s.engine();
        let f = function(engine, &f, "f")?;
        let inputs = values(engine, &inputs, n, "inputs")?;
        let given = |number: f64| (number != 0.0).then_some(number);
        let check = GradCheck {
            order,
            forward: flag(forward, "forward")?,
            reverse: flag(reverse, "reverse")?,
            atol: given(atol),
            rtol: given(rtol),
            eps: given(eps),
        };
        check_grads::check_grads(s.scope()?, f, &inputs, check)
    })
}

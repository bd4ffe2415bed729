//! Linear functions, equations that are differentiated as such, and Taylor mode.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{
    self as transform, Function, JetOptions, KrylovOptions, Scope, SolveOptions, Solver,
};

use crate::args::{Handles, List, Opaque, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::Engine;
use crate::control::{function, run};
use crate::drops::{DropFn, Userdata};
use crate::error::{ErrorHandle, take_error};
use crate::function::{FnBody, FnHandle, values};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::program::{Aval, types};
use crate::results::{ResultsBody, ResultsHandle};
use crate::scope::{ScopeBody, ScopeHandle};
use crate::transforms::transformed;

/// The transpose of a function that is linear in arguments of these types: from cotangents of its results to
/// cotangents of its arguments.
///
/// What is not linear gives JAXRS_ERR_UNIMPLEMENTED when the transpose is called. The caller owns `*out`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_linear_transpose(
    f: Shared<FnBody>,
    avals: List<Aval>,
    n: usize,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| Ok(transform::linear_transpose(f, &types(&avals, n, "avals")?)))
}

/// `f` of (residual..., x...), which is linear in x, with `transpose` of (residual..., ct...) for its transpose;
/// results are appended to `r`.
///
/// There is no derivative with respect to residuals, nor to what either function captured. Everything is
/// borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_linear_call(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    transpose: Shared<FnBody>,
    residuals: Handles<ArrayBody>,
    n_residuals: usize,
    xs: Handles<ArrayBody>,
    n_xs: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let f = function(engine, &f, "f")?;
        let transpose = function(engine, &transpose, "transpose")?;
        let residuals = values(engine, &residuals, n_residuals, "residuals")?;
        let xs = values(engine, &xs, n_xs, "xs")?;
        transform::linear_call(scope, f, transpose, &residuals, &xs)
    })
}

/// `f` as a function of (x..., captured...): values of enclosing scopes that `f` captured, and that a derivative
/// may go through, become arguments, and are appended to `captured`.
///
/// For arguments of these types. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_closure_convert(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    avals: List<Aval>,
    n: usize,
    captured: Shared<ResultsBody>,
    out: Out<*mut FnHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let (f, s) = (f.get("f")?, s.get("s")?);
        let captured = captured.get("captured")?;
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let types = types(&avals, n, "avals")?;
        let (converted, hoisted) = transform::closure_convert(f.function(), s.scope()?, &types)?;
        captured.extend(hoisted, engine);
        out.set(FnBody::handle(converted, engine).into_raw());
        Ok(())
    })
}

/// `jaxrs_solve_fn`: solves an equation in a function that it is given.
pub type SolveFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    scope: *mut ScopeHandle,
    f: *mut FnHandle,
    args: *const *mut ArrayHandle,
    n_args: usize,
    results: *mut ResultsHandle,
) -> *mut ErrorHandle;

/// A callback with what belongs to it.
struct SolveCallback {
    call: SolveFn,
    userdata: Arc<Userdata>,
    engine: Weak<Engine>,
}

impl SolveCallback {
    fn call(&self, scope: &Scope, f: &Function, inputs: &[Value]) -> Result<Vec<Value>> {
        let Some(engine) = self.engine.upgrade() else {
            bail!(InvalidArgument, "a solver is called after its context is gone");
        };
        let scope = Owned::new(ScopeBody::new(scope.clone(), engine.clone()));
        let f = FnBody::handle(f.clone(), &engine);
        let args: Vec<Owned<ArrayBody>> =
            inputs.iter().map(|value| ArrayBody::handle(value.clone(), &engine)).collect();
        let raw: Vec<*mut ArrayHandle> = args.iter().map(Owned::as_ptr).collect();
        let results = Owned::new(ResultsBody::default());
        // SAFETY: the caller promised a function of this type; all handles live until it returns.
        let error = unsafe {
            (self.call)(
                self.userdata.object(),
                scope.as_ptr(),
                f.as_ptr(),
                raw.as_ptr(),
                raw.len(),
                results.as_ptr(),
            )
        };
        if !error.is_null() {
            return Err(take_error(error).context("in a solver"));
        }
        results.take(&engine)
    }
}

fn solver(
    name: &str,
    call: Option<SolveFn>,
    userdata: &Arc<Userdata>,
    engine: &Arc<Engine>,
) -> Result<Solver> {
    let Some(call) = call else {
        bail!(InvalidArgument, "{name} is NULL, but a callback is needed");
    };
    let (userdata, engine) = (userdata.clone(), Arc::downgrade(engine));
    let callback = SolveCallback { call, userdata, engine };
    Ok(Solver::new(name, move |scope: &Scope, f: &Function, inputs: &[Value]| {
        callback.call(scope, f, inputs)
    }))
}

const SOLVE_SYMMETRIC: u32 = 1;
const SOLVE_HAS_AUX: u32 = 2;

fn no_other_flags(flags: u32, known: u32) -> Result<()> {
    if flags & !known != 0 {
        bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
    }
    Ok(())
}

/// The x of matvec(x) = b, as `solve` finds it; appended to `r`. Its derivatives are those of the solution: nobody
/// goes through the solver.
///
/// `matvec` is linear, and gives as many values as `b` has, of the same types. `solve` gets it and b...; reverse
/// mode needs `transpose_solve`, which gets the transpose of `matvec` and b..., or JAXRS_SOLVE_SYMMETRIC in `flags`,
/// where `matvec` is its own transpose; otherwise it may be NULL. With JAXRS_SOLVE_HAS_AUX solvers may give further
/// results behind the solution, which have no derivative. `drop(userdata)` runs exactly once, as for jaxrs_fn_new;
/// it may be NULL. Everything else is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_linear_solve(
    s: Shared<ScopeBody>,
    matvec: Shared<FnBody>,
    b: Handles<ArrayBody>,
    n: usize,
    solve: Option<SolveFn>,
    transpose_solve: Option<SolveFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    flags: u32,
    r: Shared<ResultsBody>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    run(&s, &r, |scope, engine| {
        let userdata = Arc::new(userdata.queued(&engine.drops));
        let matvec = function(engine, &matvec, "matvec")?;
        let b = values(engine, &b, n, "b")?;
        no_other_flags(flags, SOLVE_SYMMETRIC | SOLVE_HAS_AUX)?;
        let solve = solver("solve", solve, &userdata, engine)?;
        let back = transpose_solve
            .map(|call| solver("transpose_solve", Some(call), &userdata, engine))
            .transpose()?;
        let options = SolveOptions {
            symmetric: flags & SOLVE_SYMMETRIC != 0,
            has_aux: flags & SOLVE_HAS_AUX != 0,
        };
        transform::custom_linear_solve(scope, matvec, &b, &solve, back.as_ref(), options)
    })
}

/// A root of `f`, as `solve` finds it from `guess`; appended to `r`. Its derivative with respect to what `f`
/// captured follows from the equation f(x) = 0.
///
/// `f` gives as many values as `guess` has, of the same types. `solve` gets it and the guess; `tangent_solve` gets
/// `f` linearized at the root, and a right hand side. `flags` is 0, or JAXRS_SOLVE_HAS_AUX where `solve` may give
/// further results behind the root, which have no derivative. `drop(userdata)` runs exactly once, as for
/// jaxrs_fn_new; it may be NULL. Everything else is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_root(
    s: Shared<ScopeBody>,
    f: Shared<FnBody>,
    guess: Handles<ArrayBody>,
    n: usize,
    solve: Option<SolveFn>,
    tangent_solve: Option<SolveFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    flags: u32,
    r: Shared<ResultsBody>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    run(&s, &r, |scope, engine| {
        let userdata = Arc::new(userdata.queued(&engine.drops));
        let f = function(engine, &f, "f")?;
        let guess = values(engine, &guess, n, "guess")?;
        let solve = solver("solve", solve, &userdata, engine)?;
        let tangent_solve = solver("tangent_solve", tangent_solve, &userdata, engine)?;
        no_other_flags(flags, SOLVE_HAS_AUX)?;
        let has_aux = flags & SOLVE_HAS_AUX != 0;
        transform::custom_root(scope, f, &guess, &solve, &tangent_solve, has_aux)
    })
}

const JET_COEFFICIENTS: u32 = 1;

/// Taylor mode: from (x..., terms of x...) to (y..., terms of y...), the values and series of `f` along a curve.
///
/// There are `order` terms for each argument and each result, from order 1 on, those of the first argument first:
/// derivatives, or with JAXRS_JET_COEFFICIENTS in `flags` coefficients of powers, which are derivatives over
/// factorials. Terms of integers are there, and are ignored or zero. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_jet(
    f: Shared<FnBody>,
    order: u32,
    flags: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        no_other_flags(flags, JET_COEFFICIENTS)?;
        let factorial_scaled = flags & JET_COEFFICIENTS == 0;
        Ok(transform::jet(f, JetOptions { order: order as usize, factorial_scaled }))
    })
}

/// Which iterative solver, and what it starts from.
struct Iterative<'a> {
    s: &'a Shared<ScopeBody>,
    a: &'a Shared<FnBody>,
    b: (&'a Handles<ArrayBody>, usize),
    x0: (&'a Handles<ArrayBody>, usize),
    preconditioner: &'a Shared<FnBody>,
    options: KrylovOptions,
    r: &'a Shared<ResultsBody>,
}

type Krylov = fn(
    &Scope,
    &Function,
    &[Value],
    Option<&[Value]>,
    Option<&Function>,
    KrylovOptions,
) -> Result<Vec<Value>>;

fn krylov_options(tol: f64, atol: f64, maxiter: i64, restart: u32) -> KrylovOptions {
    let maxiter = usize::try_from(maxiter).ok();
    let restart = if restart == 0 { KrylovOptions::default().restart } else { restart as usize };
    KrylovOptions { tol, atol, maxiter, restart }
}

impl Iterative<'_> {
    fn run(self, solve: Krylov) -> Status {
        run(self.s, self.r, |scope, engine| {
            let a = function(engine, self.a, "a")?;
            let b = values(engine, self.b.0, self.b.1, "b")?;
            let x0 = values(engine, self.x0.0, self.x0.1, "x0")?;
            let preconditioner = match self.preconditioner.optional("preconditioner")? {
                Some(_) => Some(function(engine, self.preconditioner, "preconditioner")?),
                None => None,
            };
            let x0 = (!x0.is_empty()).then_some(x0);
            solve(scope, a, &b, x0.as_deref(), preconditioner, self.options)
        })
    }
}

/// The x of a(x) = b by conjugate gradients, for `a` that is Hermitian and positive definite; appended to `r`.
///
/// `a` takes and gives as many values as `b` has, and so does `preconditioner`, which is roughly its inverse, and may
/// be NULL. `x0` is where it starts: at zero where there is none (`n_x0` is 0). It stops when the norm of the residual
/// is not above the larger of `atol` and `tol` times that of `b`, or after `maxiter` iterations (-1: ten for each
/// unknown). Derivatives are those of the solution. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_cg(
    s: Shared<ScopeBody>,
    a: Shared<FnBody>,
    b: Handles<ArrayBody>,
    n: usize,
    x0: Handles<ArrayBody>,
    n_x0: usize,
    preconditioner: Shared<FnBody>,
    tol: f64,
    atol: f64,
    maxiter: i64,
    r: Shared<ResultsBody>,
) -> Status {
    let options = krylov_options(tol, atol, maxiter, 0);
    let (b, x0, preconditioner) = ((&b, n), (&x0, n_x0), &preconditioner);
    Iterative { s: &s, a: &a, b, x0, preconditioner, options, r: &r }.run(transform::cg)
}

/// As jaxrs_cg, by stabilized biconjugate gradients: for any linear `a`. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_bicgstab(
    s: Shared<ScopeBody>,
    a: Shared<FnBody>,
    b: Handles<ArrayBody>,
    n: usize,
    x0: Handles<ArrayBody>,
    n_x0: usize,
    preconditioner: Shared<FnBody>,
    tol: f64,
    atol: f64,
    maxiter: i64,
    r: Shared<ResultsBody>,
) -> Status {
    let options = krylov_options(tol, atol, maxiter, 0);
    let (b, x0, preconditioner) = ((&b, n), (&x0, n_x0), &preconditioner);
    Iterative { s: &s, a: &a, b, x0, preconditioner, options, r: &r }.run(transform::bicgstab)
}

/// As jaxrs_cg, by generalized minimal residuals: for any linear `a`. Starts again after `restart` directions (0: 20),
/// at most `maxiter` times.
///
/// Behind the solution comes an i32: -1 if none was found, else 0. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_gmres(
    s: Shared<ScopeBody>,
    a: Shared<FnBody>,
    b: Handles<ArrayBody>,
    n: usize,
    x0: Handles<ArrayBody>,
    n_x0: usize,
    preconditioner: Shared<FnBody>,
    tol: f64,
    atol: f64,
    maxiter: i64,
    restart: u32,
    r: Shared<ResultsBody>,
) -> Status {
    let options = krylov_options(tol, atol, maxiter, restart);
    let (b, x0, preconditioner) = ((&b, n), (&x0, n_x0), &preconditioner);
    Iterative { s: &s, a: &a, b, x0, preconditioner, options, r: &r }.run(transform::gmres)
}

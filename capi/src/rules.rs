//! Functions with derivatives of their own: their options, and derivatives by argument; passes apart.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{self as transform, CustomOptions, Function};

use crate::args::{Handles, In, List, Out, Shared};
use crate::array::{ArrayBody, ArrayHandle};
use crate::function::{FnBody, FnHandle, values};
use crate::gate::{Status, gate, guard};
use crate::program::{Aval, types};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;
use crate::transforms::{DiffOptionsC, diff_options, distinct, transformed};

const SYMBOLIC_ZEROS: u32 = 1;

fn custom_options(nondiff: &List<u32>, n_nondiff: usize, flags: u32) -> Result<CustomOptions> {
    let nondiff = distinct(nondiff.get(n_nondiff, "nondiff")?, "nondiff")?;
    if flags & !SYMBOLIC_ZEROS != 0 {
        bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
    }
    Ok(CustomOptions { nondiff, symbolic_zeros: flags & SYMBOLIC_ZEROS != 0 })
}

/// As jaxrs_custom_jvp, with options.
///
/// Arguments in `nondiff` have no derivative; `rule` takes them first: (nondiff..., x..., dx...). With
/// JAXRS_SYMBOLIC_ZEROS in `flags` it gets tangents that are known to be zero as such: jaxrs_array_is_symbolic_zero
/// tells, and it may give such ones too. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_jvp_with(
    f: Shared<FnBody>,
    rule: Shared<FnBody>,
    nondiff: List<u32>,
    n_nondiff: usize,
    flags: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let rule = rule.get("rule")?.function();
        let options = custom_options(&nondiff, n_nondiff, flags)?;
        Ok(transform::custom_jvp_with(f, rule, options))
    })
}

/// As jaxrs_custom_vjp, with options.
///
/// Arguments in `nondiff` have no derivative, and must not be tracers; `bwd` takes them first: (nondiff...,
/// residual..., ct...), and gives a cotangent for each other argument. With JAXRS_SYMBOLIC_ZEROS in `flags`, `fwd`
/// gets a truth value for each of those behind all arguments, which says whether it moves, and `bwd` gets cotangents
/// that are known to be zero as such: jaxrs_array_is_symbolic_zero tells, and it may give such ones too. The caller
/// owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_vjp_with(
    f: Shared<FnBody>,
    fwd: Shared<FnBody>,
    bwd: Shared<FnBody>,
    n_outputs: usize,
    nondiff: List<u32>,
    n_nondiff: usize,
    flags: u32,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let (fwd, bwd) = (fwd.get("fwd")?.function(), bwd.get("bwd")?.function());
        let options = custom_options(&nondiff, n_nondiff, flags)?;
        Ok(transform::custom_vjp_with(f, fwd, bwd, n_outputs, options))
    })
}

/// `f` with a forward derivative for each of its `n` arguments: (dx, y..., x...) to dy..., or NULL where the results
/// do not depend on the argument. Those of all arguments are summed.
///
/// The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_jvps(
    f: Shared<FnBody>,
    jvps: Handles<FnBody>,
    n: usize,
    out: Out<*mut FnHandle>,
) -> Status {
    transformed(&f, &out, |f| {
        let mut functions: Vec<Option<Function>> = Vec::with_capacity(n);
        for jvp in jvps.optional(n, "jvps")? {
            functions.push(jvp?.map(|jvp| jvp.function().clone()));
        }
        Ok(transform::custom_jvps(f, &functions))
    })
}

/// 1 for what a rule with JAXRS_SYMBOLIC_ZEROS got for a known zero, which may stand wherever an array of zeros may;
/// else 0. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_is_symbolic_zero(a: In<ArrayBody>) -> u32 {
    guard(0, || a.live().map_or(0, |a| a.value().is_symbolic_zero().into()))
}

/// A known zero like `a`, for rules to give. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_array_symbolic_zero(
    a: In<ArrayBody>,
    out: Out<*mut ArrayHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let a = a.get("a")?;
        let zero = Value::symbolic_zero(a.value().ty().clone());
        out.set(ArrayBody::handle(zero, a.engine()).into_raw());
        Ok(())
    })
}

/// The forward and the backward pass of `f` for arguments of these types, as two functions: `*fwd` from x... to
/// (y..., residual...), and `*bwd` from (residual..., ct...) to cotangents of `o->argnums`.
///
/// There is a cotangent for each result that is not auxiliary (`o->n_aux`); `o` may be NULL. `*n_outputs` and
/// `*n_residuals` say how many results and residuals there are. Nothing is computed. The caller owns both functions.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fwd_and_bwd(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    avals: List<Aval>,
    n: usize,
    o: List<DiffOptionsC>,
    n_outputs: Out<usize>,
    n_residuals: Out<usize>,
    fwd: Out<*mut FnHandle>,
    bwd: Out<*mut FnHandle>,
) -> Status {
    gate(|| {
        let (fwd, bwd) = (fwd.null("fwd")?, bwd.null("bwd")?);
        let n_outputs = n_outputs.cleared("n_outputs", 0)?;
        let n_residuals = n_residuals.cleared("n_residuals", 0)?;
        let (f, s) = (f.get("f")?, s.get("s")?);
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let (types, options) = (types(&avals, n, "avals")?, diff_options(&o)?);
        let passes = transform::fwd_and_bwd(f.function(), s.scope()?, &types, &options)?;
        n_outputs.set(passes.n_outputs);
        n_residuals.set(passes.n_residuals);
        fwd.set(FnBody::handle(passes.fwd, engine).into_raw());
        bwd.set(FnBody::handle(passes.bwd, engine).into_raw());
        Ok(())
    })
}

/// As jaxrs_vjp, of which the last `n_aux` results are only passed on: the pullback takes no cotangents of them.
///
/// The pullback may be called any number of times, as long as `s` is active. The caller owns `*pullback`. Any
/// thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_vjp_with_aux(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    x: Handles<ArrayBody>,
    n: usize,
    n_aux: usize,
    y: Shared<ResultsBody>,
    pullback: Out<*mut FnHandle>,
) -> Status {
    gate(|| {
        let place = pullback.null("pullback")?;
        let (f, s, y) = (f.get("f")?, s.get("s")?, y.get("y")?);
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let inputs = values(engine, &x, n, "x")?;
        let (outputs, linear) = transform::vjp_with_aux(f.function(), s.scope()?, &inputs, n_aux)?;
        y.extend(outputs, engine);
        place.set(FnBody::handle(linear, engine).into_raw());
        Ok(())
    })
}

/// As jaxrs_linearize, of which the last `n_aux` results are only passed on: the pushforward gives no tangents of
/// them.
///
/// The pushforward may be called any number of times, as long as `s` is active. The caller owns `*pushforward`.
/// Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_linearize_with_aux(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    x: Handles<ArrayBody>,
    n: usize,
    n_aux: usize,
    y: Shared<ResultsBody>,
    pushforward: Out<*mut FnHandle>,
) -> Status {
    gate(|| {
        let place = pushforward.null("pushforward")?;
        let (f, s, y) = (f.get("f")?, s.get("s")?, y.get("y")?);
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let inputs = values(engine, &x, n, "x")?;
        let (outputs, linear) =
            transform::linearize_with_aux(f.function(), s.scope()?, &inputs, n_aux)?;
        y.extend(outputs, engine);
        place.set(FnBody::handle(linear, engine).into_raw());
        Ok(())
    })
}

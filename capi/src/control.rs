//! Control flow over functions, which may close over tracers of enclosing scopes.

use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{self as transform, AssociativeScanOptions, Function, ScanOptions, Scope};

use crate::args::{Handles, In, Shared};
use crate::array::ArrayBody;
use crate::context::Engine;
use crate::function::{FnBody, values};
use crate::gate::{Status, gate};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// Runs an operation in a scope and appends what it gives.
pub(crate) fn run(
    s: &Shared<ScopeBody>,
    r: &Shared<ResultsBody>,
    body: impl FnOnce(&Scope, &Arc<Engine>) -> Result<Vec<Value>>,
) -> Status {
    gate(|| {
        let (s, r) = (s.get("s")?, r.get("r")?);
        let outputs = body(s.scope()?, s.engine())?;
        r.extend(outputs, s.engine());
        Ok(())
    })
}

pub(crate) fn function<'a>(
    engine: &Engine,
    f: &Shared<FnBody>,
    name: &str,
) -> Result<&'a Function> {
    let f = f.get(name)?;
    engine.check_same(f.engine()?, name)?;
    Ok(f.function())
}

pub(crate) fn value<'a>(engine: &Engine, a: &In<ArrayBody>, name: &str) -> Result<&'a Value> {
    let a = a.get(name)?;
    engine.check_same(a.engine(), name)?;
    Ok(a.value())
}

/// `on_true` or `on_false` of `ops`, by a boolean or integer scalar; results are appended to `r`.
///
/// Both functions give results of the same types. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_cond(
    s: Shared<ScopeBody>,
    pred: In<ArrayBody>,
    on_true: Shared<FnBody>,
    on_false: Shared<FnBody>,
    ops: Handles<ArrayBody>,
    n: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let pred = value(engine, &pred, "pred")?;
        let on_true = function(engine, &on_true, "on_true")?;
        let on_false = function(engine, &on_false, "on_false")?;
        let ops = values(engine, &ops, n, "ops")?;
        transform::cond(scope, pred, on_true, on_false, &ops)
    })
}

/// One of several functions of `ops`, by an integer scalar, clamped; results are appended to `r`.
///
/// Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_switch(
    s: Shared<ScopeBody>,
    index: In<ArrayBody>,
    branches: Handles<FnBody>,
    n_branches: usize,
    ops: Handles<ArrayBody>,
    n: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let index = value(engine, &index, "index")?;
        let mut functions = Vec::new();
        for branch in branches.get(n_branches, "branches")? {
            let branch = branch?;
            engine.check_same(branch.engine()?, "branches")?;
            functions.push(branch.function().clone());
        }
        if functions.is_empty() {
            bail!(InvalidArgument, "branches has no elements, but jaxrs_switch needs at least one");
        }
        let ops = values(engine, &ops, n, "ops")?;
        transform::switch(scope, index, &functions, &ops)
    })
}

/// Applies `body` to the carried values while `cond` of them holds; the last ones are appended to `r`.
///
/// Forward mode only. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_while(
    s: Shared<ScopeBody>,
    cond: Shared<FnBody>,
    body: Shared<FnBody>,
    init: Handles<ArrayBody>,
    n: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let cond = function(engine, &cond, "cond")?;
        let body = function(engine, &body, "body")?;
        let init = values(engine, &init, n, "init")?;
        transform::while_loop(scope, cond, body, &init)
    })
}

const SCAN_REVERSE: u32 = 1;

/// How many iterations may become one: 0 stands for 1, the largest number for all.
fn unrolled(unroll: u32) -> usize {
    match unroll {
        u32::MAX => transform::UNROLL_ALL,
        _ => unroll.max(1) as usize,
    }
}

/// Runs `body`, from (carry..., x...) to (carry..., y...), over the slices of `xs` along axis 0; appends the
/// last carry, then each y stacked, to `r`.
///
/// `length` is the number of slices, needed only where `xs` is empty, else -1 will do. `flags` is 0 or
/// JAXRS_SCAN_REVERSE. `unroll` (0 stands for 1; JAXRS_UNROLL_ALL) is how many iterations the compiler may
/// put into one. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_scan(
    s: Shared<ScopeBody>,
    body: Shared<FnBody>,
    carry: Handles<ArrayBody>,
    n_carry: usize,
    xs: Handles<ArrayBody>,
    n_xs: usize,
    length: i64,
    flags: u32,
    unroll: u32,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let body = function(engine, &body, "body")?;
        let carry = values(engine, &carry, n_carry, "carry")?;
        let xs = values(engine, &xs, n_xs, "xs")?;
        if flags & !SCAN_REVERSE != 0 {
            bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
        }
        let options = ScanOptions {
            length: usize::try_from(length).ok(),
            reverse: flags & SCAN_REVERSE != 0,
            unroll: unrolled(unroll),
        };
        transform::scan(scope, body, &carry, &xs, options)
    })
}

/// Runs `body`, from (i, carry...) to carry..., for i from `lower` up to, not including, `upper`; the last carry
/// is appended to `r`.
///
/// Where the bounds are known, reverse mode goes through it, and `unroll` (0 for none given;
/// JAXRS_UNROLL_ALL) says how many iterations the compiler may put into one. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fori_loop(
    s: Shared<ScopeBody>,
    lower: In<ArrayBody>,
    upper: In<ArrayBody>,
    body: Shared<FnBody>,
    init: Handles<ArrayBody>,
    n: usize,
    unroll: u32,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let lower = value(engine, &lower, "lower")?;
        let upper = value(engine, &upper, "upper")?;
        let body = function(engine, &body, "body")?;
        let init = values(engine, &init, n, "init")?;
        let unroll = (unroll > 0).then(|| unrolled(unroll));
        transform::fori_loop(scope, lower, upper, body, &init, unroll)
    })
}

/// All prefixes of the elements of `xs` along `axis` under an associative operation; appended to `r`.
///
/// `combine` takes (a..., b...), many pairs at once along the axis, and gives one value like each a. `flags` is
/// 0 or JAXRS_SCAN_REVERSE. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_associative_scan(
    s: Shared<ScopeBody>,
    combine: Shared<FnBody>,
    xs: Handles<ArrayBody>,
    n_xs: usize,
    axis: i64,
    flags: u32,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let combine = function(engine, &combine, "combine")?;
        let xs = values(engine, &xs, n_xs, "xs")?;
        if flags & !SCAN_REVERSE != 0 {
            bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
        }
        let options = AssociativeScanOptions { reverse: flags & SCAN_REVERSE != 0, axis };
        transform::associative_scan(scope, combine, &xs, options)
    })
}

/// Applies `body` to each slice of `xs` along axis 0; what it gives is stacked and appended to `r`.
///
/// `batch_size` is how many slices to take at a time, as jaxrs_vmap does; 0 for one after the other. Everything
/// is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_map(
    s: Shared<ScopeBody>,
    body: Shared<FnBody>,
    xs: Handles<ArrayBody>,
    n_xs: usize,
    batch_size: usize,
    r: Shared<ResultsBody>,
) -> Status {
    run(&s, &r, |scope, engine| {
        let body = function(engine, &body, "body")?;
        let xs = values(engine, &xs, n_xs, "xs")?;
        transform::map(scope, body, &xs, (batch_size > 0).then_some(batch_size))
    })
}

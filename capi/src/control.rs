//! Control flow over functions, which may close over tracers of enclosing scopes.

use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{self as transform, Function, ScanOptions, Scope};

use crate::args::{Handles, In, Shared};
use crate::array::ArrayBody;
use crate::context::Engine;
use crate::function::{FnBody, values};
use crate::gate::{Status, gate};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// Runs an operation in a scope and appends what it gives.
fn run(
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

fn function<'a>(engine: &Engine, f: &Shared<FnBody>, name: &str) -> Result<&'a Function> {
    let f = f.get(name)?;
    engine.check_same(f.engine()?, name)?;
    Ok(f.function())
}

fn value<'a>(engine: &Engine, a: &In<ArrayBody>, name: &str) -> Result<&'a Value> {
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

/// Runs `body`, from (carry..., x...) to (carry..., y...), over the slices of `xs` along axis 0; appends the
/// last carry, then each y stacked, to `r`.
///
/// `length` is the number of slices, needed only where `xs` is empty, else -1 will do. `flags` is 0 or
/// JAXRS_SCAN_REVERSE. `unroll` (at least 1; 0 stands for 1) is how many iterations the compiler may put into
/// one. Everything is borrowed. Any thread.
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
            unroll: unroll.max(1) as usize,
        };
        transform::scan(scope, body, &carry, &xs, options)
    })
}

//! Loops, branches and calls.

use jaxrs_data::{ErrorKind, Literal, Result, Scalar};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{ScanOptions, cond, scan, switch, while_loop};

use super::elementwise::known_int;
use super::{Env, MAX_CALLS, Outputs};
use crate::tree::{Attr, Op, Region, ValueId};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    Some(match op.name.as_str() {
        "stablehlo.while" => repeat(env, op, x),
        "stablehlo.case" => choose(env, op, x),
        "stablehlo.if" => branch(env, op, x),
        "func.call" => op.word("callee").map(str::to_owned).and_then(|f| call(env, op, &f, x)),
        "stablehlo.composite" => {
            op.word("decomposition").map(str::to_owned).and_then(|f| call(env, op, &f, x))
        }
        "stablehlo.optimization_barrier" => Ok(x.iter().cloned().collect()),
        _ => return None,
    })
}

/// The body of another function, here: calls are no boundary for the compiler.
fn call(env: &mut Env<'_>, op: &Op, name: &str, x: &[Value]) -> Result<Outputs> {
    if env.calls == MAX_CALLS {
        let text = format_args!("nests deeper than {MAX_CALLS} calls: a recursion?");
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    let module = env.module.clone();
    let function = module.function(name)?;
    let (calls, is_dynamic) = (env.calls + 1, env.is_dynamic);
    let mut inner =
        Env { module: env.module, scope: env.scope, values: Default::default(), calls, is_dynamic };
    Ok(inner.run(&function.body, x)?.into_iter().collect())
}

fn choose(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let [index] = x else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs the number of a branch"));
    };
    let branches: Vec<_> = op.regions.iter().map(|region| env.closure("branch", region)).collect();
    // StableHLO takes the last branch for any number that is none; JAX clamps.
    let last = branches.len().saturating_sub(1);
    let index = last_if_none(env, index, last)?;
    Ok(switch(env.scope, &index, &branches, &[])?.into_iter().collect())
}

fn last_if_none(env: &Env<'_>, index: &Value, last: usize) -> Result<Value> {
    let constant =
        |value: i64| Value::literal(Literal::full(index.ty().clone(), Scalar::Int(value)));
    let is_none = ops::compare(env.scope, Compare::Lt, index, &constant(0))?;
    ops::select(env.scope, &is_none, &constant(last as i64), index)
}

fn branch(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let [predicate] = x else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs a condition"));
    };
    let (on_true, on_false) =
        (env.closure("true", op.region(0)?), env.closure("false", op.region(1)?));
    Ok(cond(env.scope, predicate, &on_true, &on_false, &[])?.into_iter().collect())
}

/// A loop. Where it counts up to a number that is known, it becomes one of fixed length, through which reverse mode
/// goes: JAX writes `scan` and `fori_loop` as such loops.
fn repeat(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let (condition, body) = (op.region(0)?, op.region(1)?);
    let run = env.closure("body", body);
    if let Some(length) = counted(env, condition, body, x) {
        let options = ScanOptions { length: Some(length), ..ScanOptions::default() };
        return Ok(scan(env.scope, &run, x, &[], options)?.into_iter().collect());
    }
    let holds = env.closure("cond", condition);
    Ok(while_loop(env.scope, &holds, &run, x)?.into_iter().collect())
}

/// How often a loop runs whose condition is `i < n`, with `i` going up by one from a known number to a known `n`.
fn counted(env: &Env<'_>, condition: &Region, body: &Region, init: &[Value]) -> Option<usize> {
    let test = condition.defining(*condition.returned().ok()?.first()?)?;
    let is_less =
        test.name == "stablehlo.compare" && test.word("comparison_direction").ok()? == "LT";
    let [i, n] = test.operands[..] else { return None };
    let counter = condition.arguments.iter().position(|(id, _)| *id == i).filter(|_| is_less)?;
    let end = match condition.arguments.iter().position(|(id, _)| *id == n) {
        // One that the loop carries along, and leaves as it is.
        Some(k) if body.returned().ok()?.get(k)? == &body.arguments.get(k)?.0 => {
            known_int(init.get(k)?)?
        }
        _ => number(env, condition, n)?,
    };
    let start = known_int(init.get(counter)?)?;
    let step = body.defining(*body.returned().ok()?.get(counter)?)?;
    let argument = body.arguments.get(counter)?.0;
    let [a, b] = step.operands[..] else { return None };
    let by = if a == argument { b } else { a };
    let counts = step.name == "stablehlo.add" && (a == argument || b == argument) && a != b;
    if !counts || number(env, body, by)? != 1 {
        return None;
    }
    // The difference of two numbers of 64 bits fits into 128.
    usize::try_from((i128::from(end) - i128::from(start)).max(0)).ok()
}

/// A whole number that is known: a constant of the region, or a value from around it.
fn number(env: &Env<'_>, region: &Region, id: ValueId) -> Option<i64> {
    match region.defining(id) {
        None => known_int(env.values.get(&id)?),
        Some(op) => match op.attribute("value")? {
            Attr::Dense(literal) if op.name == "stablehlo.constant" => {
                known_int(&Value::literal(literal.clone()))
            }
            _ => None,
        },
    }
}

//! Functions with derivatives of their own.

mod jvp;
mod vjp;

use jaxrs_data::{Error, ErrorKind, Result, Type};
use jaxrs_ir::prims::Rule;
use jaxrs_ir::{MappedAxis, Tangent, Value, ops};
use parking_lot::Mutex;

use self::jvp::WithJvp;
use self::vjp::{WithVjp, complete};
use crate::batch::{batched_first, map};
use crate::bind::is_differentiable;
use crate::tracer::Origin;
use crate::{Function, Scope};

/// `function` with the forward derivative `rule`: `(x…, dx…) → (y…, dy…)`. Values of traces that either
/// captures are constants to it.
pub fn custom_jvp(function: &Function, rule: &Function) -> Function {
    let custom = WithJvp { function: function.clone(), rule: rule.clone() };
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        custom.call(scope, inputs)
    })
}

/// `function` with its own reverse derivative: `fwd` is `x… → (y…, residual…)` with `n_outputs` results
/// `y`, and `bwd` is `(residual…, ct…) → dx…`, with a cotangent for each argument or for each that is
/// differentiable.
pub fn custom_vjp(
    function: &Function,
    fwd: &Function,
    bwd: &Function,
    n_outputs: usize,
) -> Function {
    let (function, fwd, bwd) = (function.clone(), fwd.clone(), bwd.clone());
    // One backward rule for each combination of types, so that equal calls hold equal rules.
    let complete_rules: Mutex<Vec<(Vec<Type>, Function)>> = Mutex::default();
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let mut rules = complete_rules.lock();
        let known = rules.iter().find(|(of, _)| *of == types).map(|(_, rule)| rule.clone());
        let bwd = known.unwrap_or_else(|| {
            let rule = complete(&function, &bwd, types.clone());
            rules.push((types, rule.clone()));
            rule
        });
        drop(rules);
        let custom = WithVjp { function: function.clone(), fwd: fwd.clone(), bwd, n_outputs };
        custom.call(scope, inputs)
    })
}

/// A function as a rule that programs can hold. Rules of one function are equal.
pub(crate) fn rule(function: &Function) -> Rule {
    Rule::new(function.name().clone(), function.identity())
}

/// The function behind a rule.
pub(crate) fn rule_function(rule: &Rule) -> Result<Function> {
    let missing = || {
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!("the derivative rule {} is known by its name only", rule.name()),
        )
    };
    rule.function().and_then(Function::of).ok_or_else(missing)
}

/// Calls a rule in a partial evaluation, with operands of which some belong to the linear program.
pub(crate) fn call_partially(
    partial: &Scope,
    function: &Function,
    inputs: &[Value],
    is_linear: impl Fn(&Value) -> bool,
) -> Result<Vec<Value>> {
    let arguments: Vec<Value> = inputs
        .iter()
        .enumerate()
        .map(|(k, value)| match is_linear(value) {
            true => partial.with_linear(value.clone(), Origin::Argument(k)),
            false => value.clone(),
        })
        .collect();
    let outputs = function.call(partial, &arguments)?;
    outputs.iter().map(|value| partial.without_linear(value)).collect()
}

/// The function for `size` examples: inputs that are `batched` (all, where the list is empty) have them
/// along axis 0, and so have results, but those that are `summed` over the examples.
pub(crate) fn batched(
    function: &Function,
    axis: &MappedAxis,
    batched: &[bool],
    summed: &[bool],
) -> Function {
    let (function, batched, summed) = (function.clone(), batched.to_vec(), summed.to_vec());
    let mapped = axis.clone();
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let is_batched = |k: usize| batched.get(k).copied().unwrap_or(true);
        let axes: Vec<Option<usize>> =
            (0..inputs.len()).map(|k| is_batched(k).then_some(0)).collect();
        let size = mapped.size;
        let outputs = map(scope, &function, &mapped, inputs, &axes)?;
        let results = outputs.iter().enumerate().map(|(k, (value, axis))| {
            match (summed.get(k).copied().unwrap_or(false), *axis) {
                (false, axis) => batched_first(scope, size, value, axis),
                (true, Some(axis)) => ops::reduce_sum(scope, value, [axis]),
                (true, None) if is_differentiable(value.ty()) => {
                    ops::scale(scope, value, size as f64)
                }
                (true, None) => Ok(value.clone()),
            }
        });
        results.collect()
    })
}

/// Operands of a vmap, with all examples along axis 0, and which have any.
fn unbatched(scope: &Scope, name: &str, inputs: &[Value]) -> Result<(Vec<Value>, Vec<bool>)> {
    let mut values = Vec::with_capacity(inputs.len());
    let mut flags = Vec::with_capacity(inputs.len());
    for value in inputs {
        let (value, axis) = scope.unbatch(name, value)?;
        flags.push(axis.is_some());
        values.push(match axis {
            Some(axis) => ops::move_axis(&scope.parent(), &value, axis, 0)?,
            None => value,
        });
    }
    Ok((values, flags))
}

fn duals(scope: &Scope, name: &str, inputs: &[Value]) -> Result<(Vec<Value>, Vec<Tangent>)> {
    let duals = inputs.iter().map(|value| scope.dual(name, value));
    Ok(duals.collect::<Result<Vec<_>>>()?.into_iter().unzip())
}

/// Gives the results of a call in an inner vmap to its outer one.
fn rebatched(scope: &Scope, outputs: Vec<Value>) -> Vec<Value> {
    let origin = Origin::Made("custom_call");
    outputs.into_iter().map(|value| scope.with_axis(value, Some(0), origin)).collect()
}

//! Functions with derivatives of their own.

mod fixed;
mod gradient;
mod jvp;
mod vjp;

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::prims::Rule;
use jaxrs_ir::{MappedAxis, Tangent, Value, ops};
use parking_lot::Mutex;

use self::fixed::Fixed;
pub use self::gradient::custom_gradient;
use self::jvp::WithJvp;
use self::vjp::{WithVjp, complete};
use crate::batch::{batched_first, map};
use crate::bind::is_differentiable;
use crate::frame::check_count;
use crate::tracer::Origin;
use crate::{ClosedJaxpr, Function, Scope, function_from_jaxpr};

/// How rules are called.
#[derive(Clone, Debug, Default)]
pub struct CustomOptions {
    /// Arguments that have no derivative: a jvp rule and a backward rule get them first, and a backward rule gives
    /// cotangents of the others only. Those of a custom_vjp must not be tracers.
    pub nondiff: Vec<usize>,
    /// Whether rules see what is known to be zero. A jvp rule gets it as [`Value::symbolic_zero`]; a forward rule
    /// gets, behind the arguments, truth values that say which of them move, and a backward rule gets cotangents
    /// that are known zeros as such. Rules may give such zeros too.
    pub symbolic_zeros: bool,
}

/// `function` with the forward derivative `rule`: `(x…, dx…) → (y…, dy…)`. Values of traces that either
/// captures are constants to it.
pub fn custom_jvp(function: &Function, rule: &Function) -> Function {
    custom_jvp_with(function, rule, CustomOptions::default())
}

/// As [`custom_jvp`], with options.
pub fn custom_jvp_with(function: &Function, rule: &Function, options: CustomOptions) -> Function {
    let fixed = Fixed(options.nondiff);
    let rule = fixed.jvp(rule);
    let symbolic_zeros = options.symbolic_zeros;
    let custom = WithJvp { function: function.clone(), rule, symbolic_zeros };
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        custom.call(scope, &fixed.stopped(custom.function.name(), scope, inputs)?)
    })
}

/// `function` with a forward derivative for each argument, `(dx, y…, x…) → dy…`, or none where the result does
/// not depend on it; those of all arguments are summed.
pub fn custom_jvps(function: &Function, jvps: &[Option<Function>]) -> Function {
    let (function, jvps) = (function.clone(), jvps.to_vec());
    let plain = function.clone();
    let rule =
        Function::new(format!("jvps({})", function.name()), move |s: &Scope, x: &[Value]| {
            let (x, dx) = x.split_at(x.len() / 2);
            if x.len() != jvps.len() {
                bail!(
                    InvalidArgument,
                    "'{}' has {} derivatives, one for each argument, but got {} arguments",
                    plain.name(),
                    jvps.len(),
                    x.len()
                );
            }
            let outputs = custom_jvps(&plain, &jvps).call(s, x)?;
            let zero = |y: &Value| Tangent::Zero(y.ty().clone());
            let mut sums: Vec<Tangent> = outputs.iter().map(zero).collect();
            for (jvp, dx) in jvps.iter().zip(dx) {
                let Some(jvp) = jvp.as_ref().filter(|_| !dx.is_symbolic_zero()) else { continue };
                let found = jvp.call(s, &[std::slice::from_ref(dx), &outputs, x].concat())?;
                check_count("the number of tangents", sums.len(), found.len())?;
                for (sum, found) in sums.iter_mut().zip(found) {
                    *sum = sum.add(s, &Tangent::Value(found))?;
                }
            }
            let tangents = sums.iter().map(|sum| sum.for_rule(s, true));
            outputs.iter().cloned().map(Ok).chain(tangents).collect()
        });
    custom_jvp_with(
        &function,
        &rule,
        CustomOptions { symbolic_zeros: true, ..CustomOptions::default() },
    )
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
    custom_vjp_with(function, fwd, bwd, n_outputs, CustomOptions::default())
}

/// As [`custom_vjp`], with options.
pub fn custom_vjp_with(
    function: &Function,
    fwd: &Function,
    bwd: &Function,
    n_outputs: usize,
    options: CustomOptions,
) -> Function {
    let fixed = Fixed(options.nondiff);
    let fwd = fixed.fwd(fwd, n_outputs, options.symbolic_zeros);
    let bwd = fixed.bwd(bwd);
    let custom = plain_vjp(function, &fwd, &bwd, n_outputs, options.symbolic_zeros);
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        fixed.refuse_tracers(custom.name(), inputs)?;
        custom.call(scope, inputs)
    })
}

fn plain_vjp(
    function: &Function,
    fwd: &Function,
    bwd: &Function,
    n_outputs: usize,
    symbolic_zeros: bool,
) -> Function {
    let (function, fwd, bwd) = (function.clone(), fwd.clone(), bwd.clone());
    // One backward rule for each combination of types, so that equal calls hold equal rules.
    let complete_rules: Mutex<Vec<(Vec<Type>, Function)>> = Mutex::default();
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let mut rules = complete_rules.lock();
        let known = rules.iter().find(|(of, _)| *of == types).map(|(_, rule)| rule.clone());
        let bwd = known.unwrap_or_else(|| {
            let rule = complete(function.name().clone(), &bwd, types.clone());
            rules.push((types, rule.clone()));
            rule
        });
        drop(rules);
        let (function, fwd) = (function.clone(), fwd.clone());
        WithVjp { function, fwd, bwd, n_outputs, symbolic_zeros }.call(scope, inputs)
    })
}

/// A function as a rule that programs can hold. Rules of one function are equal.
pub(crate) fn rule(function: &Function) -> Rule {
    Rule::new(function.name().clone(), function.identity())
}

/// The function behind a rule.
pub(crate) fn rule_function(rule: &Rule) -> Result<Function> {
    if let Some(program) = rule.program() {
        let program = ClosedJaxpr { jaxpr: program.clone(), consts: Vec::new() };
        return Ok(function_from_jaxpr(rule.name(), program));
    }
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
        let axes: Vec<Option<usize>> = (inputs.iter().enumerate())
            .map(|(k, value)| (is_batched(k) && !value.is_symbolic_zero()).then_some(0))
            .collect();
        let size = mapped.size;
        // Zeros stay known: those of one example.
        let one = |(k, value): (usize, &Value)| match is_batched(k) && value.is_symbolic_zero() {
            true => Value::symbolic_zero(value.ty().with_shape(value.shape().without(0))),
            false => value.clone(),
        };
        let inputs: Vec<Value> = inputs.iter().enumerate().map(one).collect();
        let outputs = map(scope, &function, &mapped, &inputs, &axes)?;
        let results = outputs.iter().enumerate().map(|(k, (value, axis))| {
            if value.is_symbolic_zero() {
                let is_summed = summed.get(k).copied().unwrap_or(false);
                let shape = value.shape();
                let shape = if is_summed { shape.clone() } else { shape.with(0, size) };
                return Ok(Value::symbolic_zero(value.ty().with_shape(shape)));
            }
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

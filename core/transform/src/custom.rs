//! Functions with derivatives of their own.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::prims::{CustomJvp, CustomLinear, CustomVjp, Rule};
use jaxrs_ir::{Context as _, Tangent, Value, ops};

use crate::batch::{batched_first, map};
use crate::bind::is_differentiable;
use crate::frame::Kind;
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
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let types = inputs.iter().map(|value| value.ty().clone()).collect();
        let bwd = complete(&function, &bwd, types);
        let custom = WithVjp { function: function.clone(), fwd: fwd.clone(), bwd, n_outputs };
        custom.call(scope, inputs)
    })
}

/// A function as a rule that programs can hold.
pub(crate) fn rule(function: &Function) -> Rule {
    Rule::new(function.name().clone(), Arc::new(function.clone()))
}

/// The function behind a rule.
pub(crate) fn rule_function(rule: &Rule) -> Result<&Function> {
    let missing = || {
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!("the derivative rule {} is known by its name only", rule.name()),
        )
    };
    rule.function().and_then(|function| function.downcast_ref()).ok_or_else(missing)
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
    size: usize,
    batched: &[bool],
    summed: &[bool],
) -> Function {
    let (function, batched, summed) = (function.clone(), batched.to_vec(), summed.to_vec());
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let is_batched = |k: usize| batched.get(k).copied().unwrap_or(true);
        let axes: Vec<Option<usize>> =
            (0..inputs.len()).map(|k| is_batched(k).then_some(0)).collect();
        let outputs = map(scope, &function, size, inputs, &axes)?;
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

struct WithJvp {
    function: Function,
    rule: Function,
}

impl WithJvp {
    fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        scope.frame.check_open(name)?;
        match &scope.frame.kind {
            Kind::Eval => self.function.call(scope, inputs),
            Kind::Stage(_) => {
                let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
                let traced = scope.trace(&self.function, &types)?;
                let operands = traced.operands(inputs);
                let num_consts = traced.consts.len();
                let jvp = rule(&self.rule);
                let prim = CustomJvp { call_jaxpr: traced.jaxpr, jvp, num_consts };
                Ok(scope.bind(&prim.into(), &operands)?.into_vec())
            }
            Kind::Jvp | Kind::Linearize(_) => self.differentiate(scope, inputs),
            Kind::Partial(_) => self.function.call(scope, inputs),
            Kind::Batch(size) => {
                let (values, flags) = unbatched(scope, name, inputs)?;
                if !flags.contains(&true) {
                    return self.call(&scope.parent(), &values);
                }
                let both = [flags.as_slice(), &flags].concat();
                let inner = WithJvp {
                    function: batched(&self.function, *size, &flags, &[]),
                    rule: batched(&self.rule, *size, &both, &[]),
                };
                Ok(rebatched(scope, inner.call(&scope.parent(), &values)?))
            }
        }
    }

    fn differentiate(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        let parent = scope.parent();
        let (primals, tangents) = duals(scope, name, inputs)?;
        if tangents.iter().all(Tangent::is_zero) {
            return self.call(&parent, &primals);
        }
        let mut operands = primals;
        for tangent in &tangents {
            operands.push(tangent.instantiate(&parent)?);
        }
        let results = match &scope.frame.kind {
            Kind::Linearize(linear) => {
                let partial = parent.enter(Kind::Partial(linear.clone()), self.rule.name());
                let is_linear = |value: &Value| linear.is_of(value);
                let results = call_partially(&partial, &self.rule, &operands, is_linear)?;
                if results[..results.len() / 2].iter().any(is_linear) {
                    bail!(
                        InvalidArgument,
                        "the jvp rule of '{name}' gives a result that depends on a tangent"
                    );
                }
                results
            }
            _ => self.rule.call(&parent, &operands)?,
        };
        CustomJvp::check_rule(name, &results)?;
        let (outputs, tangents) = results.split_at(results.len() / 2);
        let origin = Origin::Made("custom_jvp");
        let pairs = outputs.iter().zip(tangents);
        Ok(pairs
            .map(|(y, dy)| scope.with_tangent(y.clone(), Tangent::Value(dy.clone()), origin))
            .collect())
    }
}

struct WithVjp {
    function: Function,
    fwd: Function,
    bwd: Function,
    n_outputs: usize,
}

impl WithVjp {
    fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        scope.frame.check_open(name)?;
        match &scope.frame.kind {
            Kind::Eval | Kind::Partial(_) => self.function.call(scope, inputs),
            Kind::Stage(_) => {
                let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
                let traced = scope.trace(&self.function, &types)?;
                let operands = traced.operands(inputs);
                let prim = CustomVjp {
                    num_consts: traced.consts.len(),
                    call_jaxpr: traced.jaxpr,
                    fwd: rule(&self.fwd),
                    bwd: rule(&self.bwd),
                };
                Ok(scope.bind(&prim.into(), &operands)?.into_vec())
            }
            Kind::Jvp => {
                let (primals, tangents) = duals(scope, name, inputs)?;
                if tangents.iter().all(Tangent::is_zero) {
                    return self.call(&scope.parent(), &primals);
                }
                Err(CustomVjp::refuse_jvp(name))
            }
            Kind::Linearize(linear) => self.linearize(scope, linear, inputs),
            Kind::Batch(size) => self.batch(scope, *size, inputs),
        }
    }

    fn linearize(&self, scope: &Scope, linear: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        let parent = scope.parent();
        let (primals, tangents) = duals(scope, name, inputs)?;
        if tangents.iter().all(Tangent::is_zero) {
            return self.call(&parent, &primals);
        }
        let mut outputs = self.fwd.call(&parent, &primals)?;
        CustomVjp::check_fwd(name, self.n_outputs, outputs.len())?;
        let residuals = outputs.split_off(self.n_outputs);
        let bwd = rule(&self.bwd);
        let out_types = outputs.iter().map(|value| value.ty().clone()).collect();
        let tangents = CustomLinear::bind(linear, bwd, out_types, &residuals, &tangents)?;
        let origin = Origin::Made("custom_vjp");
        let pairs = outputs.into_iter().zip(tangents);
        Ok(pairs.map(|(y, dy)| scope.with_tangent(y, Tangent::Value(dy), origin)).collect())
    }

    fn batch(&self, scope: &Scope, size: usize, inputs: &[Value]) -> Result<Vec<Value>> {
        let (values, flags) = unbatched(scope, self.function.name(), inputs)?;
        if !flags.contains(&true) {
            return self.call(&scope.parent(), &values);
        }
        let shared: Vec<bool> = flags.iter().map(|batched| !batched).collect();
        let inner = WithVjp {
            function: batched(&self.function, size, &flags, &[]),
            fwd: batched(&self.fwd, size, &flags, &[]),
            bwd: batched(&self.bwd, size, &[], &shared),
            n_outputs: self.n_outputs,
        };
        Ok(rebatched(scope, inner.call(&scope.parent(), &values)?))
    }
}

/// The backward rule, with a cotangent for every argument, checked.
fn complete(function: &Function, bwd: &Function, types: Vec<Type>) -> Function {
    let (name, bwd) = (function.name().clone(), bwd.clone());
    Function::new(bwd.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let given = bwd.call(scope, inputs)?;
        let n_differentiable = types.iter().filter(|ty| is_differentiable(ty)).count();
        if given.len() != types.len() && given.len() != n_differentiable {
            bail!(
                InvalidArgument,
                "the backward rule of '{name}' must give a cotangent for each of {} arguments, got {}",
                types.len(),
                given.len()
            );
        }
        let mut given = given.into_iter();
        let all_given = given.len() == types.len();
        let mut cotangents = Vec::with_capacity(types.len());
        for (k, ty) in types.iter().enumerate() {
            let value = if all_given || is_differentiable(ty) { given.next() } else { None };
            let value = value.filter(|_| is_differentiable(ty));
            match &value {
                Some(ct) if !ct.ty().same_ignoring_weak(ty) => bail!(
                    Shape,
                    "the backward rule of '{name}' needs a cotangent like {ty} for argument {k}, got {}",
                    ct.ty()
                ),
                Some(ct) => cotangents.push(ct.clone()),
                None => cotangents.push(Tangent::Zero(ty.clone()).instantiate(scope)?),
            }
        }
        Ok(cotangents)
    })
}

//! Linearization: a function's value, and the linear function that is its derivative there.

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::{Jaxpr, Tangent, Value};

use crate::backward::backward_pass;
use crate::bind::{eval_jaxpr, is_differentiable};
use crate::frame::{Kind, check_count, during};
use crate::jvp::{check_tangent, typed_tangent};
use crate::tracer::{Data, Origin};
use crate::{DiffOptions, Function, Scope};

/// A function's results at a point, and the linear program of its derivative there.
pub(crate) struct Linearized {
    pub(crate) outputs: Vec<Value>,
    /// `(residuals…, tangents…) → tangents…`, of those inputs and results that have one.
    pub(crate) linear: Jaxpr,
    pub(crate) residuals: Vec<Value>,
    pub(crate) in_has_tangent: Vec<bool>,
    pub(crate) out_has_tangent: Vec<bool>,
}

impl Linearized {
    /// Linearizes with respect to the inputs that `has_tangent`.
    pub(crate) fn new(
        scope: &Scope,
        function: &Function,
        inputs: &[Value],
        has_tangent: &[bool],
    ) -> Result<Linearized> {
        let linear = scope.enter_stage(function.name());
        let trace = scope.enter(Kind::Linearize(linear.clone()), function.name());
        let mut arguments = Vec::with_capacity(inputs.len());
        for (k, (value, &has_tangent)) in inputs.iter().zip(has_tangent).enumerate() {
            arguments.push(if has_tangent {
                let tangent = Tangent::Value(linear.add_argument(value.ty())?);
                let data = Data::Dual(value.clone(), tangent);
                trace.frame.tracer(value.ty().clone(), data, Origin::Argument(k))
            } else {
                value.clone()
            });
        }
        let results = function.call(&trace, &arguments)?;
        let duals = results.iter().map(|value| trace.dual("a result", value)).map(typed_tangent);
        let (outputs, tangents): (Vec<Value>, Vec<Tangent>) =
            duals.collect::<Result<Vec<_>>>()?.into_iter().unzip();
        let kept: Vec<Value> = tangents.iter().filter_map(Tangent::value).cloned().collect();
        let (program, consts) = linear.finish_stage(&kept)?;
        let (linear, residuals) = without_dead_code(program, consts);
        Ok(Linearized {
            outputs,
            linear,
            residuals,
            in_has_tangent: has_tangent.to_vec(),
            out_has_tangent: tangents.iter().map(|tangent| !tangent.is_zero()).collect(),
        })
    }

    /// Tangents of all results from those of all inputs.
    fn push_forward(&self, scope: &Scope, tangents: &[Value]) -> Result<Vec<Value>> {
        let mut operands = self.residuals.clone();
        let linear = tangents.iter().zip(&self.in_has_tangent).filter(|&(_, &has)| has);
        operands.extend(linear.map(|(tangent, _)| tangent.clone()));
        let mut results = eval_jaxpr(scope, &self.linear, &operands)?.into_iter();
        let types = self.outputs.iter().map(Value::ty).zip(&self.out_has_tangent);
        types
            .map(|(ty, &has_tangent)| match results.next_if_some(has_tangent) {
                Some(tangent) => Ok(tangent),
                None => Tangent::Zero(ty.clone()).instantiate(scope),
            })
            .collect()
    }

    /// Cotangents of those inputs that have a tangent, from cotangents of all results.
    pub(crate) fn pull_back(&self, scope: &Scope, cotangents: &[Tangent]) -> Result<Vec<Tangent>> {
        let kept: Vec<Tangent> = cotangents
            .iter()
            .zip(&self.out_has_tangent)
            .filter(|&(_, &has)| has)
            .map(|(cotangent, _)| cotangent.clone())
            .collect();
        backward_pass(scope, &self.linear, &self.residuals, &kept)
    }
}

/// Takes the next item only where there is one.
trait NextIfSome: Iterator {
    fn next_if_some(&mut self, wanted: bool) -> Option<Self::Item> {
        if wanted { self.next() } else { None }
    }
}

impl<I: Iterator> NextIfSome for I {}

/// The program without equations and constants that no result needs.
pub(crate) fn without_dead_code(program: Jaxpr, consts: Vec<Value>) -> (Jaxpr, Vec<Value>) {
    let used = program.used_inputs();
    let keep: Vec<bool> =
        used.iter().enumerate().map(|(k, &used)| used || k >= consts.len()).collect();
    let kept = consts.into_iter().zip(&keep).filter(|&(_, &keep)| keep);
    let consts = kept.map(|(value, _)| value).collect();
    (program.without_dead_code(&keep), consts)
}

fn differentiable(inputs: &[Value]) -> Vec<bool> {
    inputs.iter().map(|value| is_differentiable(value.ty())).collect()
}

/// The results at `inputs`, and the function from tangents of the inputs to tangents of the results. That
/// function can be used as long as the scope.
pub fn linearize(
    function: &Function,
    scope: &Scope,
    inputs: &[Value],
) -> Result<(Vec<Value>, Function)> {
    linearize_with_aux(function, scope, inputs, 0)
}

/// As [`linearize`], of which the last `n_aux` results are only passed on: there are no tangents of them.
pub fn linearize_with_aux(
    function: &Function,
    scope: &Scope,
    inputs: &[Value],
    n_aux: usize,
) -> Result<(Vec<Value>, Function)> {
    let linearized = Linearized::new(scope, function, inputs, &differentiable(inputs))
        .map_err(during("linearize", function.name()))?;
    let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
    let outputs = linearized.outputs.clone();
    let n = with_aux(n_aux).n_outputs("linearize", outputs.len())?;
    let name: Arc<str> = format!("linearized({})", function.name()).into();
    let forward = Function::new(name.clone(), move |scope: &Scope, tangents: &[Value]| {
        check_count(&name, types.len(), tangents.len())?;
        for (k, (ty, tangent)) in types.iter().zip(tangents).enumerate() {
            check_tangent("linearize", k, ty, tangent.ty())?;
        }
        let mut found = linearized.push_forward(scope, tangents)?;
        found.truncate(n);
        Ok(found)
    });
    Ok((outputs, forward))
}

/// The results at `inputs`, and the function from cotangents of the results to cotangents of the inputs.
/// Cotangents of integers and booleans are there, and are ignored or zero. That function can be used as
/// long as the scope.
pub fn vjp(function: &Function, scope: &Scope, inputs: &[Value]) -> Result<(Vec<Value>, Function)> {
    vjp_with_aux(function, scope, inputs, 0)
}

/// As [`vjp`], of which the last `n_aux` results are only passed on: there are no cotangents of them.
pub fn vjp_with_aux(
    function: &Function,
    scope: &Scope,
    inputs: &[Value],
    n_aux: usize,
) -> Result<(Vec<Value>, Function)> {
    let linearized = Linearized::new(scope, function, inputs, &differentiable(inputs))
        .map_err(during("vjp", function.name()))?;
    let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
    let outputs = linearized.outputs.clone();
    let n = with_aux(n_aux).n_outputs("vjp", outputs.len())?;
    let name: Arc<str> = format!("vjp({})", function.name()).into();
    let pullback = Function::new(name.clone(), move |scope: &Scope, cotangents: &[Value]| {
        check_count(&name, n, cotangents.len())?;
        for (k, (output, ct)) in linearized.outputs.iter().zip(cotangents).enumerate() {
            check_cotangent(k, output.ty(), ct.ty())?;
        }
        let given = cotangents.iter().cloned().map(Tangent::Value);
        let aux = linearized.outputs[n..].iter().map(|y| Tangent::Zero(y.ty().clone()));
        let cotangents: Vec<Tangent> = given.chain(aux).collect();
        let mut results = linearized.pull_back(scope, &cotangents)?.into_iter();
        let types = types.iter().zip(&linearized.in_has_tangent);
        types
            .map(|(ty, &has_tangent)| match results.next_if_some(has_tangent) {
                Some(ct) => ct.instantiate(scope),
                None => Tangent::Zero(ty.clone()).instantiate(scope),
            })
            .collect()
    });
    Ok((outputs, pullback))
}

fn with_aux(n_aux: usize) -> DiffOptions {
    DiffOptions { n_aux, ..DiffOptions::default() }
}

fn check_cotangent(k: usize, output: &Type, cotangent: &Type) -> Result<()> {
    if output.shape != cotangent.shape {
        bail!(Shape, "vjp needs a cotangent like {output} for result {k}, got {cotangent}");
    }
    if output.dtype != cotangent.dtype {
        bail!(Dtype, "vjp needs a cotangent like {output} for result {k}, got {cotangent}");
    }
    Ok(())
}

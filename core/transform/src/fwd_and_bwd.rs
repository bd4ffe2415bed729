//! Forward and backward passes as two functions.

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::prims::Call;
use jaxrs_ir::{Context as _, Jaxpr, LinearizedJaxpr, Residual, Tangent, Value};

use crate::backward::backward_pass;
use crate::frame::{check_count, during};
use crate::jvp::check_tangent;
use crate::{DiffOptions, Function, Scope};

/// Two functions that together are a function and its pullback.
#[derive(Clone, Debug)]
pub struct FwdAndBwd {
    /// `x… → (y…, residual…)`.
    pub fwd: Function,
    /// `(residual…, ct y…) → ct x…`, of results that are not auxiliary and arguments that are asked for.
    pub bwd: Function,
    /// How many results there are.
    pub n_outputs: usize,
    /// How many residuals there are.
    pub n_residuals: usize,
}

/// The forward and the backward pass of a function for inputs of these types. Either can be called any number of
/// times, and staged apart from the other; what passes between them are arrays.
pub fn fwd_and_bwd(
    function: &Function,
    scope: &Scope,
    types: &[Type],
    options: &DiffOptions,
) -> Result<FwdAndBwd> {
    let argnums = options.arguments("fwd_and_bwd", types)?;
    let traced = scope.trace(function, types).map_err(during("fwd_and_bwd", function.name()))?;
    let n_consts = traced.consts.len();
    let has_tangent: Vec<bool> = (0..traced.jaxpr.invars.len())
        .map(|k| k.checked_sub(n_consts).is_some_and(|k| argnums.contains(&k)))
        .collect();
    let parts = scope.linearize_jaxpr(&traced.jaxpr, &has_tangent, &[])?;
    let n_outputs = traced.jaxpr.outputs.len();
    let n_primary = options.n_outputs("fwd_and_bwd", n_outputs)?;
    let out_types: Vec<Type> = traced.jaxpr.out_types().take(n_primary).cloned().collect();
    let n_residuals = parts.residuals.len();
    let name: Arc<str> = function.name().clone();
    let forward = Call { name: name.clone(), jaxpr: Arc::new(with_residuals(&parts, n_outputs)) };
    let (consts, needed) = (traced.consts, types.to_vec());
    let fwd = Function::new(format!("fwd({name})"), move |scope: &Scope, inputs: &[Value]| {
        check_count(&forward.name, needed.len(), inputs.len())?;
        let operands: Vec<Value> = consts.iter().chain(inputs).cloned().collect();
        Ok(scope.bind(&forward.clone().into(), &operands)?.into_vec())
    });
    let backward = Backward { parts, argnums, types: types.to_vec(), out_types };
    let bwd = Function::new(format!("bwd({name})"), move |scope: &Scope, inputs: &[Value]| {
        backward.run(scope, inputs)
    });
    Ok(FwdAndBwd { fwd, bwd, n_outputs, n_residuals })
}

/// The program of results and all residuals, those included that are inputs.
fn with_residuals(parts: &LinearizedJaxpr, n_outputs: usize) -> Jaxpr {
    let primal = &*parts.primal;
    let residuals = parts.residuals.iter().map(|residual| match *residual {
        Residual::Input(k) => jaxrs_ir::Atom::Var(primal.invars[k]),
        Residual::Saved(k) => primal.outputs[n_outputs + k].clone(),
    });
    let outputs = primal.outputs[..n_outputs].iter().cloned().chain(residuals).collect();
    Jaxpr { outputs, ..primal.clone() }
}

struct Backward {
    parts: LinearizedJaxpr,
    argnums: Vec<usize>,
    types: Vec<Type>,
    out_types: Vec<Type>,
}

impl Backward {
    fn run(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let n_residuals = self.parts.residuals.len();
        let needed = n_residuals + self.out_types.len();
        if inputs.len() != needed {
            bail!(
                InvalidArgument,
                "a backward pass takes {n_residuals} residuals and {} cotangents, got {} values in all",
                self.out_types.len(),
                inputs.len()
            );
        }
        let (residuals, cotangents) = inputs.split_at(n_residuals);
        let mut kept = Vec::new();
        for (k, &has_tangent) in self.parts.has_tangent.iter().enumerate() {
            let cotangent = match (self.out_types.get(k), cotangents.get(k)) {
                (Some(ty), Some(ct)) => {
                    check_tangent("fwd_and_bwd", k, ty, ct.ty())?;
                    Tangent::Value(ct.clone())
                }
                // An auxiliary result.
                _ => Tangent::Zero(
                    self.parts
                        .linear
                        .out_types()
                        .nth(kept.len())
                        .cloned()
                        .unwrap_or(Type::scalar(jaxrs_data::DType::F32)),
                ),
            };
            if has_tangent {
                kept.push(cotangent);
            }
        }
        let found = backward_pass(scope, &self.parts.linear, residuals, &kept)?;
        let mut order: Vec<usize> = self.argnums.clone();
        order.sort_unstable();
        let of_argument = |k: &usize| {
            let position = order.iter().position(|other| other == k);
            let zero = || Tangent::Zero(self.types[*k].clone());
            let found = position.and_then(|position| found.get(position).cloned());
            found.unwrap_or_else(zero).instantiate(scope)
        };
        self.argnums.iter().map(of_argument).collect()
    }
}

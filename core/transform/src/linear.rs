//! Linear functions: their transposes, and equations in them.

mod implicit;
mod solver;

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::prims::LinearCall;
use jaxrs_ir::{Context as _, Tangent, Value};

pub use self::implicit::{SolveOptions, custom_linear_solve, custom_root};
pub use self::solver::Solver;
use crate::backward::backward_pass;
use crate::bind::is_differentiable;
use crate::frame::{check_count, during};
use crate::jvp::check_tangent;
use crate::tracer::{Data, Tracer};
use crate::{Function, Scope};

/// The transpose of a function that is linear in inputs of these types: from cotangents of its results to
/// cotangents of its inputs. What the function captures is known to it.
pub fn linear_transpose(function: &Function, types: &[Type]) -> Function {
    let (function, types) = (function.clone(), types.to_vec());
    let name: Arc<str> = format!("transpose({})", function.name()).into();
    Function::new(name, move |scope: &Scope, cotangents: &[Value]| {
        let during = during("linear_transpose", function.name());
        check_inputs(&types)?;
        let traced = scope.trace(&function, &types).map_err(&during)?;
        let n_outputs = traced.jaxpr.outputs.len();
        check_count("the transpose of a linear function", n_outputs, cotangents.len())?;
        for (k, (ty, ct)) in traced.jaxpr.out_types().zip(cotangents).enumerate() {
            check_tangent("linear_transpose", k, ty, ct.ty())?;
        }
        let cotangents: Vec<Tangent> = cotangents.iter().cloned().map(Tangent::Value).collect();
        let found = backward_pass(scope, &traced.jaxpr, &traced.consts, &cotangents);
        let found = found.map_err(|err| during(not_linear(err)))?;
        found.iter().map(|ct| ct.instantiate(scope)).collect()
    })
}

/// The refusal of a function with an operation that has no transpose.
fn not_linear(err: Error) -> Error {
    match err.kind() {
        ErrorKind::Unimplemented => Error::new(
            ErrorKind::Unimplemented,
            format_args!("linear_transpose needs a linear function, but {}", err.message()),
        ),
        _ => err,
    }
}

fn check_inputs(types: &[Type]) -> Result<()> {
    for (k, ty) in types.iter().enumerate() {
        if !is_differentiable(ty) {
            bail!(
                Dtype,
                "linear_transpose needs inputs of float or complex type, got {ty} as input {k}"
            );
        }
    }
    Ok(())
}

/// `function` of `(residuals…, x…)`, which is linear in `x`, with `transpose` of `(residuals…, ct y…)` for its
/// transpose. Results are cotangents of `x`. There is no derivative with respect to residuals, nor to what the
/// functions capture.
pub fn linear_call(
    scope: &Scope,
    function: &Function,
    transpose: &Function,
    residuals: &[Value],
    x: &[Value],
) -> Result<Vec<Value>> {
    let types = |values: &[Value]| values.iter().map(|x| x.ty().clone()).collect::<Vec<Type>>();
    let of_residuals = types(residuals);
    let forward = scope
        .trace(function, &[of_residuals.as_slice(), &types(x)].concat())
        .map_err(during("linear_call", function.name()))?;
    let out_types: Vec<Type> = forward.jaxpr.out_types().cloned().collect();
    let backward = scope
        .trace(transpose, &[of_residuals.as_slice(), &out_types].concat())
        .map_err(during("linear_call", transpose.name()))?;
    let consts = [forward.consts.as_slice(), &backward.consts].concat();
    // Either program takes what both captured, then the residuals.
    let with_consts = |jaxpr: &jaxrs_ir::Jaxpr, before: &[Value], after: &[Value]| {
        let mut program = jaxpr.clone();
        let rest = program.invars.split_off(jaxpr.n_consts);
        let own = std::mem::take(&mut program.invars);
        for value in before {
            program.add_invar(value.ty().clone());
        }
        program.invars.extend(own);
        for value in after {
            program.add_invar(value.ty().clone());
        }
        program.invars.extend(rest);
        program.n_consts = 0;
        Arc::new(program)
    };
    let prim = LinearCall {
        callee: with_consts(&forward.jaxpr, &[], &backward.consts),
        transpose: with_consts(&backward.jaxpr, &forward.consts, &[]),
        num_res: consts.len() + residuals.len(),
    };
    let operands = [consts.as_slice(), residuals, x].concat();
    Ok(scope.bind(&prim.into(), &operands)?.into_vec())
}

/// The function with what it captures and a derivative may go through as further inputs, and the values of
/// those. For inputs of these types.
pub fn closure_convert(
    function: &Function,
    scope: &Scope,
    types: &[Type],
) -> Result<(Function, Vec<Value>)> {
    let traced =
        scope.trace(function, types).map_err(during("closure_convert", function.name()))?;
    let is_hoisted: Vec<bool> = traced.consts.iter().map(may_be_perturbed).collect();
    let hoisted: Vec<Value> = (traced.consts.iter().zip(&is_hoisted))
        .filter(|&(_, &is_hoisted)| is_hoisted)
        .map(|(value, _)| value.clone())
        .collect();
    let n_needed = types.len() + hoisted.len();
    let name = function.name().clone();
    let converted = Function::new(name.clone(), move |scope: &Scope, inputs: &[Value]| {
        check_count(&name, n_needed, inputs.len())?;
        let (arguments, hoisted) =
            inputs.split_at(n_needed - is_hoisted.iter().filter(|&&h| h).count());
        let mut hoisted = hoisted.iter();
        let consts = traced.consts.iter().zip(&is_hoisted).map(|(value, &is_hoisted)| {
            if is_hoisted { hoisted.next().unwrap_or(value).clone() } else { value.clone() }
        });
        let operands: Vec<Value> = consts.chain(arguments.iter().cloned()).collect();
        scope.eval_jaxpr(&traced.jaxpr, &operands)
    });
    Ok((converted, hoisted))
}

/// Whether a value may have a tangent: arrays have none.
fn may_be_perturbed(value: &Value) -> bool {
    let Some(tracer) = value.downcast_ref::<Tracer>() else { return false };
    match &tracer.data {
        Data::Var(_) => is_differentiable(value.ty()),
        Data::Dual(primal, tangent) => !tangent.is_zero() || may_be_perturbed(primal),
        Data::Linear(_) => true,
        Data::Batched(value, _) => may_be_perturbed(value),
    }
}

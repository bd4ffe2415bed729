//! Forward mode.

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::{Tangent, Value};

use crate::bind::is_differentiable;
use crate::frame::{Kind, during};
use crate::tracer::Origin;
use crate::{Function, Scope};

/// `(x…, dx…) → (y…, dy…)`. Tangents of integers and booleans are there, and ignored.
pub fn jvp(function: &Function) -> Function {
    let function = function.clone();
    Function::new(format!("jvp({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        if !inputs.len().is_multiple_of(2) {
            bail!(
                InvalidArgument,
                "jvp takes a tangent for each input, got {} values in all",
                inputs.len()
            );
        }
        let (primals, tangents) = inputs.split_at(inputs.len() / 2);
        for (k, (primal, tangent)) in primals.iter().zip(tangents).enumerate() {
            check_tangent("jvp", k, primal.ty(), tangent.ty())?;
        }
        let tangents: Vec<Tangent> = tangents.iter().cloned().map(Tangent::Value).collect();
        let (mut outputs, tangents) = push_forward(scope, &function, primals, &tangents)?;
        for tangent in tangents {
            outputs.push(tangent.instantiate(scope)?);
        }
        Ok(outputs)
    })
}

/// A tangent is of its primal's type.
pub(crate) fn check_tangent(what: &str, k: usize, primal: &Type, tangent: &Type) -> Result<()> {
    if primal.shape != tangent.shape {
        bail!(Shape, "{what} needs a tangent like {primal} for argument {k}, got {tangent}");
    }
    if primal.dtype != tangent.dtype {
        bail!(Dtype, "{what} needs a tangent like {primal} for argument {k}, got {tangent}");
    }
    Ok(())
}

/// Results and their tangents.
pub(crate) fn push_forward(
    scope: &Scope,
    function: &Function,
    primals: &[Value],
    tangents: &[Tangent],
) -> Result<(Vec<Value>, Vec<Tangent>)> {
    let trace = scope.enter(Kind::Jvp, function.name());
    let pairs = primals.iter().zip(tangents).enumerate();
    let arguments: Vec<Value> = pairs
        .map(|(k, (primal, tangent))| {
            trace.with_tangent(primal.clone(), tangent.clone(), Origin::Argument(k))
        })
        .collect();
    let outputs = function.call(&trace, &arguments).map_err(during("jvp", function.name()))?;
    outputs.iter().map(|value| trace.dual("a result", value)).map(typed_tangent).collect()
}

/// Results that are not of a continuous type have no tangent, whatever a rule said.
pub(crate) fn typed_tangent(dual: Result<(Value, Tangent)>) -> Result<(Value, Tangent)> {
    let (primal, tangent) = dual?;
    if is_differentiable(primal.ty()) {
        Ok((primal, tangent))
    } else {
        let ty = primal.ty().clone();
        Ok((primal, Tangent::Zero(ty)))
    }
}

//! Recomputation, and stopping derivatives.

use jaxrs_data::{Result, Type};
use jaxrs_ir::prims::{Checkpoint, StopGradient};
use jaxrs_ir::{Context as _, Value, ops};

use crate::frame::during;
use crate::{Function, Scope};

/// The same function, of which reverse mode keeps the operands only and computes again what it needs.
pub fn checkpoint(function: &Function) -> Function {
    let function = function.clone();
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let traced =
            scope.trace(&function, &types).map_err(during("checkpoint", function.name()))?;
        let operands = traced.operands(inputs);
        let prim = Checkpoint::new(traced.jaxpr).into();
        Ok(scope.bind(&prim, &operands)?.into_vec())
    })
}

/// The value, as if it depended on nothing that is being differentiated.
pub fn stop_gradient(scope: &Scope, value: &Value) -> Result<Value> {
    if crate::bind::is_differentiable(value.ty()) {
        ops::bind1(scope, StopGradient, std::slice::from_ref(value))
    } else {
        Ok(value.clone())
    }
}

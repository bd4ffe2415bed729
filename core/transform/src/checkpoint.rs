//! Recomputation, and stopping derivatives.

mod saved;

use std::sync::Arc;

use jaxrs_data::{Result, Type};
use jaxrs_ir::prims::{Annotate, Checkpoint, Policy, Remark, StopGradient};
use jaxrs_ir::{Context as _, Value, ops};

pub use self::saved::{SavedFrom, SavedResidual, saved_residuals};
use crate::frame::during;
use crate::{Function, Scope, reference};

/// What reverse mode keeps of a function that it computes again.
#[derive(Clone, Debug)]
pub struct CheckpointOptions {
    /// Which values it may keep; only arguments without one.
    pub policy: Option<Policy>,
    /// Whether what is computed again is kept apart from what was computed before. It may be off where
    /// that is so anyway, as in the body of a scan.
    pub prevent_cse: bool,
}

impl Default for CheckpointOptions {
    fn default() -> CheckpointOptions {
        CheckpointOptions { policy: None, prevent_cse: true }
    }
}

/// The same function, of which reverse mode keeps the operands only and computes again what it needs.
pub fn checkpoint(function: &Function) -> Function {
    checkpoint_with(function, CheckpointOptions::default())
}

/// As [`checkpoint`], with a choice of what is kept.
pub fn checkpoint_with(function: &Function, options: CheckpointOptions) -> Function {
    let function = function.clone();
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let (traced, refs) = scope
            .trace_with_refs(&function, &types)
            .map_err(during("checkpoint", function.name()))?;
        let mut operands = traced.operands(inputs);
        operands.extend(reference::values("checkpoint", scope, &refs)?);
        let CheckpointOptions { policy, prevent_cse } = options.clone();
        let prim = Checkpoint { policy, prevent_cse, ..Checkpoint::new(traced.jaxpr) };
        let mut outputs = scope.bind(&prim.into(), &operands)?.into_vec();
        let states = outputs.split_off(outputs.len() - refs.len());
        reference::write_back("checkpoint", scope, &refs, states)?;
        Ok(outputs)
    })
}

/// The value, with a name that policies of [`checkpoint_with`] may speak of.
pub fn checkpoint_name(scope: &Scope, value: &Value, name: &str) -> Result<Value> {
    let prim = Annotate { remark: Remark::Name, text: name.into() };
    ops::bind1(scope, prim, std::slice::from_ref(value))
}

/// The values, none of which the compiler uses, moves or merges with another before all of them are there.
pub fn optimization_barrier(scope: &Scope, values: &[Value]) -> Result<Vec<Value>> {
    if values.is_empty() {
        return Ok(Vec::new());
    }
    let prim = Annotate { remark: Remark::OptimizationBarrier, text: Arc::default() };
    Ok(scope.bind(&prim.into(), values)?.into_vec())
}

/// The value, as if it depended on nothing that is being differentiated.
pub fn stop_gradient(scope: &Scope, value: &Value) -> Result<Value> {
    if crate::bind::is_differentiable(value.ty()) {
        ops::bind1(scope, StopGradient, std::slice::from_ref(value))
    } else {
        Ok(value.clone())
    }
}

//! Linearization: a function's value, and the linear function that is its derivative there.

use jaxrs_data::{Error, Result};
use jaxrs_ir::Value;

use crate::{Function, Scope};

/// The results at `inputs`, and the function from tangents of the inputs to tangents of the results. That
/// function can be used as long as the scope.
pub fn linearize(
    _function: &Function,
    _scope: &Scope,
    _inputs: &[Value],
) -> Result<(Vec<Value>, Function)> {
    Err(Error::internal("linearize is not written yet"))
}

/// The results at `inputs`, and the function from cotangents of the results to cotangents of the inputs.
/// That function can be used as long as the scope.
pub fn vjp(
    _function: &Function,
    _scope: &Scope,
    _inputs: &[Value],
) -> Result<(Vec<Value>, Function)> {
    Err(Error::internal("vjp is not written yet"))
}

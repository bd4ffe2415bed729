//! Functions with derivatives of their own.

use std::any::Any;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::Jaxpr;

/// A derivative rule: a function of the caller's that a program holds unevaluated, because it may call
/// the very function that it belongs to. The context that met it can call it; a rule read from text has
/// a name only.
#[derive(Clone)]
pub struct Rule {
    name: Arc<str>,
    function: Option<Arc<dyn Any + Send + Sync>>,
}

impl Rule {
    /// A rule that is this function, of a type that the context knows.
    pub fn new(name: impl Into<Arc<str>>, function: Arc<dyn Any + Send + Sync>) -> Rule {
        Rule { name: name.into(), function: Some(function) }
    }

    /// A rule of which only the name is known.
    pub fn named(name: impl Into<Arc<str>>) -> Rule {
        Rule { name: name.into(), function: None }
    }

    /// The name, for people.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The function, if it is known.
    pub fn function(&self) -> Option<&Arc<dyn Any + Send + Sync>> {
        self.function.as_ref()
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

/// Functions are compared by identity.
impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        self.name == other.name
            && match (&self.function, &other.function) {
                (Some(a), Some(b)) => Arc::ptr_eq(a, b),
                (a, b) => a.is_none() && b.is_none(),
            }
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

/// A function with its own forward derivative: `custom_jvp_call(args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomJvp {
    /// `args… → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `(args…, tangents…) → (results…, tangents…)`.
    pub jvp: Rule,
}

/// A function with its own reverse derivative: `custom_vjp_call(args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomVjp {
    /// `args… → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `args… → (results…, residuals…)`.
    pub fwd: Rule,
    /// `(residuals…, cotangents of results…) → cotangents of args…`.
    pub bwd: Rule,
}

/// The linear part of a [`CustomVjp`]: `custom_lin(residuals…, tangents…)` stands for the tangents of the
/// results, and exists only to be transposed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomLinear {
    /// As in [`CustomVjp`].
    pub bwd: Rule,
    /// How many of the operands are residuals.
    pub num_residuals: usize,
    /// Which arguments of the function have a tangent here.
    pub has_tangent: Vec<bool>,
    /// The types of the results.
    pub out_types: Vec<jaxrs_data::Type>,
}

unfinished!(CustomJvp);
unfinished!(CustomVjp);
unfinished!(CustomLinear);

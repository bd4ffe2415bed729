//! Functions: what transforms take and give.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_ir::Value;

use crate::Scope;

type Body = dyn Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync;

/// A function from values to values, or a transform of one. Clones share it.
#[derive(Clone)]
pub struct Function(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    body: Box<Body>,
}

impl Function {
    /// A function that does its operations in the scope that it is given. It may be called any number of
    /// times, from any thread, and keeps no tracer longer than a call.
    pub fn new(
        name: impl Into<Arc<str>>,
        body: impl Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Function {
        Function(Arc::new(Inner { name: name.into(), body: Box::new(body) }))
    }

    /// The name, for people.
    pub fn name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// What tells this function from all others that are alive; clones are the same.
    pub(crate) fn identity(&self) -> Arc<dyn Any + Send + Sync> {
        self.0.clone()
    }

    /// The function of this identity.
    pub(crate) fn of(identity: &Arc<dyn Any + Send + Sync>) -> Option<Function> {
        identity.clone().downcast().ok().map(Function)
    }

    /// Applies the function.
    pub fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        (self.0.body)(scope, inputs)
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.0.name)
    }
}

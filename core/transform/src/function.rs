//! Functions: what transforms take and give.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Weak};

use jaxrs_data::{DType, Error, Result};
use jaxrs_ir::Value;
use parking_lot::Mutex;

use crate::Scope;
use crate::control::BodyCache;

type Body = dyn Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync;

/// A function from values to values, or a transform of one. Clones share it.
#[derive(Clone)]
pub struct Function(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    body: Box<Body>,
    /// What other functions that are the same are known by.
    key: Option<Arc<[u8]>>,
    /// The programs that it is as a body or branch, outside of all traces.
    programs: BodyCache,
    /// Functions that are made of this one.
    derived: Mutex<Vec<(DerivedKey, Function)>>,
}

/// What is made of a function: a name, a number and an element type.
pub(crate) type DerivedKey = (&'static str, usize, DType);

/// A function that does not keep what it refers to alive.
#[derive(Clone)]
pub(crate) struct WeakFunction(Weak<Inner>);

impl WeakFunction {
    /// The function, while it is alive.
    pub(crate) fn upgrade(&self) -> Result<Function> {
        let function = self.0.upgrade().map(Function);
        function.ok_or_else(|| Error::internal("a function that another is made of is gone"))
    }
}

impl Function {
    /// A function that does its operations in the scope that it is given. It may be called any number of
    /// times, from any thread, and keeps no tracer longer than a call.
    pub fn new(
        name: impl Into<Arc<str>>,
        body: impl Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Function {
        Function::keyed(name, None, body)
    }

    /// As [`Function::new`], where `jit` may take the program of another function of the same context that has
    /// the same key, if that captures nothing.
    pub fn keyed(
        name: impl Into<Arc<str>>,
        key: Option<Arc<[u8]>>,
        body: impl Fn(&Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Function {
        Function(Arc::new(Inner {
            name: name.into(),
            body: Box::new(body),
            key,
            programs: BodyCache::default(),
            derived: Mutex::default(),
        }))
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

    pub(crate) fn key(&self) -> Option<&Arc<[u8]>> {
        self.0.key.as_ref()
    }

    pub(crate) fn programs(&self) -> &BodyCache {
        &self.0.programs
    }

    /// The function that is made of this one, the same each time.
    pub(crate) fn derived(
        &self,
        key: DerivedKey,
        make: impl FnOnce(WeakFunction) -> Function,
    ) -> Function {
        let mut derived = self.0.derived.lock();
        if let Some((_, function)) = derived.iter().find(|(known, _)| *known == key) {
            return function.clone();
        }
        let function = make(WeakFunction(Arc::downgrade(&self.0)));
        derived.push((key, function.clone()));
        function
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

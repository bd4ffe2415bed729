//! Functions of a function and values.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_ir::Value;

use crate::{Function, Scope};

type Body = dyn Fn(&Scope, &Function, &[Value]) -> Result<Vec<Value>> + Send + Sync;

/// What solves an equation in a function that it is given: `(f, y…) → x…`, for the right hand side of a linear
/// one, or from a first guess. Clones share it.
#[derive(Clone)]
pub struct Solver {
    name: Arc<str>,
    body: Arc<Body>,
}

impl Solver {
    /// A solver that does its operations in the scope that it is given, and calls the function there.
    pub fn new(
        name: impl Into<Arc<str>>,
        body: impl Fn(&Scope, &Function, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Solver {
        Solver { name: name.into(), body: Arc::new(body) }
    }

    /// The name, for people.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Solves.
    pub fn call(&self, scope: &Scope, function: &Function, y: &[Value]) -> Result<Vec<Value>> {
        (self.body)(scope, function, y)
    }

    /// The solver with this function.
    pub(crate) fn of(&self, function: &Function) -> Function {
        let (solver, function) = (self.clone(), function.clone());
        Function::new(self.name.clone(), move |scope: &Scope, y: &[Value]| {
            solver.call(scope, &function, y)
        })
    }
}

impl fmt::Debug for Solver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Solver({})", self.name)
    }
}

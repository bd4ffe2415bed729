//! Frames and scopes: where operations go.

use std::sync::Arc;

use jaxrs_data::promote::Defaults;
use jaxrs_data::{Error, Result};
use jaxrs_ir::{Jaxpr, JvpJaxpr, LinearizedJaxpr, Outputs, Prim, Value};

use crate::Context;

/// Where operations go: the eager root of a context, or an active trace. Clones are the same scope.
#[derive(Clone)]
pub struct Scope {
    context: Context,
    name: Option<Arc<str>>,
}

fn unwritten<T>() -> Result<T> {
    Err(Error::internal("scopes are not written yet"))
}

impl Scope {
    pub(crate) fn of(context: Context) -> Scope {
        Scope { context, name: None }
    }

    /// The engine.
    pub fn context(&self) -> Context {
        self.context.clone()
    }

    /// The element types of numbers without a stated type.
    pub fn defaults(&self) -> Defaults {
        self.context.defaults()
    }

    /// The same scope with a name appended to the name stack of operations.
    #[must_use]
    pub fn with_name(&self, name: &str) -> Scope {
        let name = match &self.name {
            Some(outer) => format!("{outer}/{name}"),
            None => name.to_owned(),
        };
        Scope { name: Some(name.into()), ..self.clone() }
    }
}

impl jaxrs_ir::Context for Scope {
    fn bind(&self, _prim: &Prim, _inputs: &[Value]) -> Result<Outputs> {
        unwritten()
    }
    fn jvp_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<JvpJaxpr> {
        unwritten()
    }
    fn batch_jaxpr(
        &self,
        _: &Arc<Jaxpr>,
        _: usize,
        _: &[bool],
        _: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        unwritten()
    }
    fn linearize_jaxpr(&self, _: &Arc<Jaxpr>, _: &[bool], _: &[bool]) -> Result<LinearizedJaxpr> {
        unwritten()
    }
    fn transpose_jaxpr(&self, _: &Arc<Jaxpr>, _: usize) -> Result<Arc<Jaxpr>> {
        unwritten()
    }
    fn eval_jaxpr(&self, _: &Jaxpr, _: &[Value]) -> Result<Vec<Value>> {
        unwritten()
    }
}

//! Callbacks that do operations in a scope, and what belongs to them.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use crate::args::{Shared, Text};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::{ContextBody, Engine};
use crate::drops::Userdata;
use crate::error::{ErrorHandle, take_error};
use crate::handle::Owned;
use crate::results::{ResultsBody, ResultsHandle};
use crate::scope::{ScopeBody, ScopeHandle};

/// A callback of the caller's.
pub(crate) struct Callback<F> {
    pub(crate) call: F,
    pub(crate) userdata: Userdata,
    /// For people.
    pub(crate) name: String,
    /// The engine holds compiled functions, which hold callbacks; so not the other way round.
    engine: Weak<Engine>,
}

/// What a callback is called with; it lives until that returns.
pub(crate) struct Frame {
    pub(crate) userdata: *mut c_void,
    pub(crate) scope: *mut ScopeHandle,
    pub(crate) args: *const *mut ArrayHandle,
    pub(crate) n_args: usize,
    pub(crate) results: *mut ResultsHandle,
}

impl<F: Copy> Callback<F> {
    /// Of the arguments of a function that makes something of a callback, and the engine of their context. Whatever
    /// fails, the userdata goes where the context wants it.
    pub(crate) fn new<'c>(
        ctx: &'c Shared<ContextBody>,
        (name, name_len): (&Text, usize),
        f: Option<F>,
        userdata: Userdata,
    ) -> Result<(Callback<F>, &'c Arc<Engine>)> {
        let ctx = ctx.get("ctx")?;
        let userdata = userdata.queued(ctx.drops());
        let engine = ctx.engine()?;
        let name = name.required(name_len, "name")?.to_owned();
        let Some(call) = f else {
            bail!(InvalidArgument, "f is NULL, but a callback is needed");
        };
        Ok((Callback { call, userdata, name, engine: Arc::downgrade(engine) }, engine))
    }

    /// What it has set as results, and the engine that they are of.
    pub(crate) fn call(
        &self,
        scope: &Scope,
        inputs: &[Value],
        invoke: impl FnOnce(F, &Frame) -> *mut ErrorHandle,
    ) -> Result<(Owned<ResultsBody>, Arc<Engine>)> {
        let Some(engine) = self.engine.upgrade() else {
            bail!(InvalidArgument, "{} is called after its context is gone", self.name);
        };
        let scope = Owned::new(ScopeBody::new(scope.clone(), engine.clone()));
        let args: Vec<Owned<ArrayBody>> =
            inputs.iter().map(|value| ArrayBody::handle(value.clone(), &engine)).collect();
        let raw: Vec<*mut ArrayHandle> = args.iter().map(Owned::as_ptr).collect();
        let results = Owned::new(ResultsBody::default());
        let frame = Frame {
            userdata: self.userdata.object(),
            scope: scope.as_ptr(),
            args: raw.as_ptr(),
            n_args: raw.len(),
            results: results.as_ptr(),
        };
        let error = invoke(self.call, &frame);
        if !error.is_null() {
            return Err(take_error(error).context(format_args!("in {:?}", self.name)));
        }
        Ok((results, engine))
    }
}

//! Functions that give their backward rule along with their results.

use std::ffi::c_void;
use std::sync::{Arc, Weak};

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{self as transform, Function, Scope};

use crate::args::{Opaque, Out, Shared, Text};
use crate::array::{ArrayBody, ArrayHandle};
use crate::context::{ContextBody, Engine};
use crate::drops::{DropFn, Userdata};
use crate::error::{ErrorHandle, take_error};
use crate::function::{FnBody, FnHandle};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::results::{ResultsBody, ResultsHandle};
use crate::scope::{ScopeBody, ScopeHandle};

/// `jaxrs_gradient_fn`: a callback that gives results and their backward rule.
pub type GradientFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    scope: *mut ScopeHandle,
    args: *const *mut ArrayHandle,
    n_args: usize,
    results: *mut ResultsHandle,
    rule: *mut *mut FnHandle,
) -> *mut ErrorHandle;

/// A callback with what belongs to it.
struct GradientCallback {
    call: GradientFn,
    userdata: Userdata,
    name: String,
    /// As for functions: the engine holds compiled functions, which hold callbacks.
    engine: Weak<Engine>,
}

impl GradientCallback {
    fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<(Vec<Value>, Function)> {
        let name = &self.name;
        let Some(engine) = self.engine.upgrade() else {
            bail!(InvalidArgument, "{name} is called after its context is gone");
        };
        let scope = Owned::new(ScopeBody::new(scope.clone(), engine.clone()));
        let args: Vec<Owned<ArrayBody>> =
            inputs.iter().map(|value| ArrayBody::handle(value.clone(), &engine)).collect();
        let raw: Vec<*mut ArrayHandle> = args.iter().map(Owned::as_ptr).collect();
        let results = Owned::new(ResultsBody::default());
        let mut rule = std::ptr::null_mut();
        // SAFETY: the caller promised a function of this type; all handles live until it returns.
        let error = unsafe {
            (self.call)(
                self.userdata.object(),
                scope.as_ptr(),
                raw.as_ptr(),
                raw.len(),
                results.as_ptr(),
                &raw mut rule,
            )
        };
        // SAFETY: the callback leaves null or a function that it owns.
        let rule: Option<Owned<FnBody>> = unsafe { Owned::from_raw(rule) };
        if !error.is_null() {
            return Err(take_error(error).context(format_args!("in {name:?}")));
        }
        let Some(rule) = rule else {
            bail!(InvalidArgument, "{name} gives no rule, but a jaxrs_fn is needed");
        };
        engine.check_same(rule.engine()?, "rule")?;
        Ok((results.take(&engine)?, rule.function().clone()))
    }
}

/// Makes a function of a callback that gives its results y... and the reverse derivative there, from ct... to
/// dx..., as jax.custom_gradient has it.
///
/// `f` sets `*rule` to a function of its own, which it may make anew in each call, and which may use whatever `f` has
/// computed: that becomes residuals. The rule is traced once for each derivative, and gives a cotangent for each
/// argument, or for each that is differentiable. What `f` captures of enclosing scopes has no derivative, and there
/// is no forward mode. `drop(userdata)` runs exactly once, as for jaxrs_fn_new; it may be NULL. The caller owns
/// `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_custom_gradient(
    ctx: Shared<ContextBody>,
    name: Text,
    name_len: usize,
    f: Option<GradientFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    out: Out<*mut FnHandle>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    gate(|| {
        let ctx = ctx.get("ctx").map(|ctx| (ctx, userdata.queued(ctx.drops())));
        let out = out.null("out")?;
        let (ctx, userdata) = ctx?;
        let engine = ctx.engine()?;
        let name = name.required(name_len, "name")?.to_owned();
        let Some(call) = f else {
            bail!(InvalidArgument, "f is NULL, but a callback is needed");
        };
        let label = name.clone();
        let callback = GradientCallback { call, userdata, name, engine: Arc::downgrade(engine) };
        let function = transform::custom_gradient(label, move |scope: &Scope, inputs: &[Value]| {
            callback.call(scope, inputs)
        });
        out.set(FnBody::handle(function, engine).into_raw());
        Ok(())
    })
}

//! Functions that give their backward rule along with their results.

use std::ffi::c_void;

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{self as transform, Function, Scope};

use crate::args::{Opaque, Out, Shared, Text};
use crate::array::ArrayHandle;
use crate::callback::Callback;
use crate::context::ContextBody;
use crate::drops::{DropFn, Userdata};
use crate::error::ErrorHandle;
use crate::function::{FnBody, FnHandle};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::results::ResultsHandle;
use crate::scope::ScopeHandle;

/// `jaxrs_gradient_fn`: a callback that gives results and their backward rule.
pub type GradientFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    scope: *mut ScopeHandle,
    args: *const *mut ArrayHandle,
    n_args: usize,
    results: *mut ResultsHandle,
    rule: *mut *mut FnHandle,
) -> *mut ErrorHandle;

/// The results of a callback, and the rule that it gives.
fn called(
    callback: &Callback<GradientFn>,
    scope: &Scope,
    inputs: &[Value],
) -> Result<(Vec<Value>, Function)> {
    let mut rule = std::ptr::null_mut();
    let called = callback.call(scope, inputs, |call, frame| {
        // SAFETY: the caller promised a function of this type; all handles live until it returns.
        unsafe {
            call(
                frame.userdata,
                frame.scope,
                frame.args,
                frame.n_args,
                frame.results,
                &raw mut rule,
            )
        }
    });
    // SAFETY: the callback leaves null or a function that it owns.
    let rule: Option<Owned<FnBody>> = unsafe { Owned::from_raw(rule) };
    let (results, engine) = called?;
    let Some(rule) = rule else {
        bail!(InvalidArgument, "{} gives no rule, but a jaxrs_fn is needed", callback.name);
    };
    engine.check_same(rule.engine()?, "rule")?;
    Ok((results.take(&engine)?, rule.function().clone()))
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
        let callback = Callback::new(&ctx, (&name, name_len), f, userdata);
        let out = out.null("out")?;
        let (callback, engine) = callback?;
        let name = callback.name.clone();
        let function = transform::custom_gradient(name, move |scope: &Scope, inputs: &[Value]| {
            called(&callback, scope, inputs)
        });
        out.set(FnBody::handle(function, engine).into_raw());
        Ok(())
    })
}

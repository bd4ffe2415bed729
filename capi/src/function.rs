//! Functions: callbacks of the caller's, programs, and transforms of either.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jaxrs_data::{Error, ErrorKind, Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope};

use crate::args::{Handles, List, Opaque, Out, Shared, Text};
use crate::array::{ArrayBody, ArrayHandle};
use crate::callback::Callback;
use crate::context::{ContextBody, Engine};
use crate::drops::{DropFn, DropQueue, Userdata};
use crate::error::ErrorHandle;
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};
use crate::options::{self, Options};
use crate::results::{ResultsBody, ResultsHandle};
use crate::scope::{ScopeBody, ScopeHandle};

/// A function in C.
pub type FnHandle = Handle<FnBody>;

/// What a function handle holds.
pub struct FnBody {
    function: Function,
    engine: Arc<Engine>,
}

impl Body for FnBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx funct");
    const NAME: &'static str = "jaxrs_fn";
}

impl FnBody {
    pub(crate) fn handle(function: Function, engine: &Arc<Engine>) -> Owned<FnBody> {
        engine.live_fns.fetch_add(1, Ordering::Relaxed);
        Owned::new(FnBody { function, engine: engine.clone() })
    }

    pub(crate) fn drops(&self) -> &Arc<DropQueue> {
        &self.engine.drops
    }

    pub(crate) fn function(&self) -> &Function {
        &self.function
    }

    pub(crate) fn engine(&self) -> Result<&Arc<Engine>> {
        self.engine.check()?;
        Ok(&self.engine)
    }
}

impl Drop for FnBody {
    fn drop(&mut self) {
        self.engine.live_fns.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `jaxrs_trace_fn`: a callback that does operations in the scope that it is given.
pub type TraceFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    scope: *mut ScopeHandle,
    args: *const *mut ArrayHandle,
    n_args: usize,
    results: *mut ResultsHandle,
) -> *mut ErrorHandle;

/// The results of a callback.
fn called(callback: &Callback<TraceFn>, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
    let (results, engine) = callback.call(scope, inputs, |call, frame| {
        // SAFETY: the caller promised a function of this type; all handles live until it returns.
        unsafe { call(frame.userdata, frame.scope, frame.args, frame.n_args, frame.results) }
    })?;
    results.take(&engine)
}

/// `jaxrs_fn_options`.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct FnOptions {
    struct_size: u32,
    flags: u32,
    cache_key: *const c_void,
    cache_key_len: usize,
}

// SAFETY: numbers and pointers, the first of them a `u32`.
unsafe impl Options for FnOptions {}

/// One more reference to a function. NULL stays NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_retain(f: Shared<FnBody>) -> *mut FnHandle {
    guard(null(), || f.retained())
}

/// Gives up a function. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_release(f: Shared<FnBody>) {
    guard((), || drop(f.take()));
}

/// Makes a function of a callback.
///
/// `name` is UTF-8, for people. `f` may be called zero or more times, re-entrantly, from whichever thread calls
/// the library; it must not unwind. `drop(userdata)` runs exactly once, when the last owner lets go, or at once
/// when this fails; it may be NULL. `opts` may be NULL; functions of one context with the same `opts->cache_key` are
/// the same to the caller, so that jaxrs_jit of one takes the program of another, unless that captured arrays. The
/// caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_new(
    ctx: Shared<ContextBody>,
    name: Text,
    name_len: usize,
    f: Option<TraceFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    opts: List<FnOptions>,
    out: Out<*mut FnHandle>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    gate(|| {
        let callback = Callback::new(&ctx, (&name, name_len), f, userdata);
        let out = out.null("out")?;
        let (callback, engine) = callback?;
        let opts = options::read::<FnOptions>(&opts, "opts")?;
        if opts.flags != 0 {
            bail!(InvalidArgument, "opts->flags has unknown bits");
        }
        let key =
            List::<u8>::new(opts.cache_key.cast()).get(opts.cache_key_len, "opts->cache_key")?;
        let key = (!key.is_empty()).then(|| key.into());
        let name = callback.name.clone();
        let function = Function::keyed(name, key, move |scope: &Scope, inputs: &[Value]| {
            called(&callback, scope, inputs)
        });
        out.set(FnBody::handle(function, engine).into_raw());
        Ok(())
    })
}

/// The values of arrays, which must be of one context.
pub(crate) fn values(
    engine: &Engine,
    args: &Handles<ArrayBody>,
    n: usize,
    name: &'static str,
) -> Result<Vec<Value>> {
    args.get(n, name)?
        .map(|array| {
            let array = array?;
            engine.check_same(array.engine(), name)?;
            Ok(array.value().clone())
        })
        .collect()
}

/// Calls a function; its results are appended to `results`.
///
/// `args` are borrowed. Nothing is appended when it fails; an error of a callback comes back unchanged. Any
/// thread; may wait for values.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_fn_call(
    f: Shared<FnBody>,
    s: Shared<ScopeBody>,
    args: Handles<ArrayBody>,
    n: usize,
    results: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (f, s) = (f.get("f")?, s.get("s")?);
        let results = results.get("results")?;
        let engine = f.engine()?;
        engine.check_same(s.engine(), "s")?;
        let inputs = values(engine, &args, n, "args")?;
        let outputs = f.function.call(s.scope()?, &inputs)?;
        results.extend(outputs, engine);
        Ok(())
    })
}

/// Refuses text options that are not there yet.
pub(crate) fn no_text(text: *const c_char, len: usize, name: &str) -> Result<()> {
    if !text.is_null() && len > 0 {
        return Err(Error::new(ErrorKind::Unimplemented, format_args!("{name} is not there yet")));
    }
    Ok(())
}

//! Host functions: code of the caller's that programs call while they run.

use std::ffi::c_void;
use std::sync::Arc;

use jaxrs_api::table::Attr;
use jaxrs_data::{Error, ErrorKind, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::{Host, HostFunction, HostInput, HostOutput, VmapMethod};
use jaxrs_transform::{self as transform, Callback};

use crate::args::{Handles, List, Opaque, Out, Shared, Text};
use crate::array::ArrayBody;
use crate::attrs::AttrsBody;
use crate::callback;
use crate::context::{ContextBody, Engine};
use crate::drops::{DropFn, Userdata};
use crate::error::{ErrorHandle, take_error};
use crate::function::values;
use crate::gate::{Status, gate, guard, null};
use crate::handle::{Body, Handle, Owned};
use crate::program::{Aval, types};
use crate::results::ResultsBody;
use crate::scope::ScopeBody;

/// A host function in C.
pub type HostHandle = Handle<HostBody>;

/// What a host function's handle holds.
pub struct HostBody {
    host: Host,
    engine: Arc<Engine>,
}

impl Body for HostBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx hostf");
    const NAME: &'static str = "jaxrs_host";
}

/// `jaxrs_host_buffer`.
#[repr(C)]
pub struct HostBuffer {
    struct_size: u32,
    dtype: u32,
    ndim: usize,
    shape: *const i64,
    data: *mut c_void,
    nbytes: usize,
}

impl HostBuffer {
    fn new(ty: &Type, data: *mut u8, nbytes: usize) -> HostBuffer {
        HostBuffer {
            struct_size: size_of::<HostBuffer>() as u32,
            dtype: ty.dtype as u32,
            ndim: ty.rank(),
            shape: ty.shape.as_ptr().cast(),
            data: data.cast(),
            nbytes,
        }
    }
}

/// `jaxrs_host_fn`: computes results from arguments.
pub type HostFn = unsafe extern "C" fn(
    userdata: *mut c_void,
    args: *const HostBuffer,
    n_args: usize,
    results: *const HostBuffer,
    n_results: usize,
) -> *mut ErrorHandle;

struct Function {
    call: HostFn,
    userdata: Userdata,
}

impl HostFunction for Function {
    fn call(&self, inputs: &[HostInput<'_>], outputs: &mut [HostOutput<'_>]) -> Result<()> {
        let input =
            |x: &HostInput<'_>| HostBuffer::new(x.ty, x.bytes.as_ptr().cast_mut(), x.bytes.len());
        let args: Vec<HostBuffer> = inputs.iter().map(input).collect();
        let output =
            |y: &mut HostOutput<'_>| HostBuffer::new(y.ty, y.bytes.as_mut_ptr(), y.bytes.len());
        let results: Vec<HostBuffer> = outputs.iter_mut().map(output).collect();
        // SAFETY: the caller promised a function of this type, which only reads arguments and writes
        // results of their sizes; all of them live until it returns.
        let error = unsafe {
            (self.call)(
                self.userdata.object(),
                args.as_ptr(),
                args.len(),
                results.as_ptr(),
                results.len(),
            )
        };
        if error.is_null() { Ok(()) } else { Err(take_error(error)) }
    }
}

/// One more reference to a host function. NULL stays NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_host_retain(h: Shared<HostBody>) -> *mut HostHandle {
    guard(null(), || h.retained())
}

/// Gives up a host function; compiled programs that call it keep it. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_host_release(h: Shared<HostBody>) {
    guard((), || drop(h.take()));
}

/// Makes a host function of a callback.
///
/// `name` is UTF-8, for people and for jaxrs_host_register. `f` may be called at any time by the thread that
/// runs a program, and by several threads at once; it may call this library. It gets buffers and not arrays,
/// writes all bytes of its results, and returns NULL or an error, which ends the program and comes back
/// unchanged from the call that ran it. It must not unwind. `drop(userdata)` runs exactly once, when the last
/// owner lets go, or at once when this fails; it may be NULL. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_host_new(
    ctx: Shared<ContextBody>,
    name: Text,
    name_len: usize,
    f: Option<HostFn>,
    userdata: Opaque,
    drop: Option<DropFn>,
    out: Out<*mut HostHandle>,
) -> Status {
    let userdata = Userdata::new(userdata, drop);
    gate(|| {
        let callback = callback::Callback::new(&ctx, (&name, name_len), f, userdata);
        let out = out.null("out")?;
        let (callback::Callback { call, userdata, name, .. }, engine) = callback?;
        let host = Host::new(name, Arc::new(Function { call, userdata }));
        out.set(Owned::new(HostBody { host, engine: engine.clone() }).into_raw());
        Ok(())
    })
}

/// Lets jaxrs_ffi_call find a host function by its name, as long as the context lives; a name can be given
/// once. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_host_register(ctx: Shared<ContextBody>, h: Shared<HostBody>) -> Status {
    gate(|| {
        let (ctx, h) = (ctx.get("ctx")?, h.get("h")?);
        let engine = ctx.engine()?;
        engine.check_same(&h.engine, "h")?;
        engine.context().register_host(h.host.clone())
    })
}

fn vmap_method(number: u32) -> Result<VmapMethod> {
    Ok(match number {
        0 => VmapMethod::None,
        1 => VmapMethod::Sequential,
        2 => VmapMethod::SequentialUnrolled,
        3 => VmapMethod::ExpandDims,
        4 => VmapMethod::BroadcastAll,
        5 => VmapMethod::LegacyVectorized,
        _ => bail!(InvalidArgument, "vmap_method is {number}, which is none of JAXRS_VMAP_*"),
    })
}

/// The host function of a handle, which must be of the scope's context.
fn host(s: &Handle<ScopeBody>, h: &Shared<HostBody>) -> Result<Host> {
    let h = h.get("h")?;
    s.engine().check_same(&h.engine, "h")?;
    Ok(h.host.clone())
}

/// Calls a host function that computes its results from its arguments and does nothing else; results are
/// appended to `r`.
///
/// The library may call it more often than the program says, or not at all where nothing needs the results.
/// `result_avals` are the types of the `n_results` results. `vmap_method` is one of JAXRS_VMAP_*; with
/// JAXRS_VMAP_NONE vmap refuses it. It has no derivative: wrap it with jaxrs_custom_jvp or jaxrs_custom_vjp.
/// Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_pure_callback(
    s: Shared<ScopeBody>,
    h: Shared<HostBody>,
    args: Handles<ArrayBody>,
    n: usize,
    result_avals: List<Aval>,
    n_results: usize,
    vmap_method: u32,
    r: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (s, r) = (s.get("s")?, r.get("r")?);
        let inputs = values(s.engine(), &args, n, "args")?;
        let callback = Callback {
            host: host(s, &h)?,
            result_types: types(&result_avals, n_results, "result_avals")?,
            vmap_method: self::vmap_method(vmap_method)?,
        };
        let outputs = transform::pure_callback(s.scope()?, callback, &inputs)?;
        r.extend(outputs, s.engine());
        Ok(())
    })
}

/// Calls a host function that does something; results are appended to `r`.
///
/// It is called exactly as often as the program says. Where `ordered` is 1, such calls keep the program's order,
/// and vmap refuses them; else vmap calls it for one example after another. `s` must not be an inferred scope.
/// It has no derivative. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_io_callback(
    s: Shared<ScopeBody>,
    h: Shared<HostBody>,
    args: Handles<ArrayBody>,
    n: usize,
    result_avals: List<Aval>,
    n_results: usize,
    ordered: u32,
    r: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (s, r) = (s.get("s")?, r.get("r")?);
        let inputs = values(s.engine(), &args, n, "args")?;
        let host = host(s, &h)?;
        let types = types(&result_avals, n_results, "result_avals")?;
        let ordered = crate::args::flag(ordered, "ordered")?;
        let scope = s.scope_for_effects("jaxrs_io_callback")?;
        let outputs = transform::io_callback(scope, host, types, ordered, &inputs)?;
        r.extend(outputs, s.engine());
        Ok(())
    })
}

/// Lets a host function look at values: it has no results.
///
/// Transforms pass it by: it is called once in the forward pass of a gradient, and for each example of a vmap.
/// `ordered` and `s` are as for jaxrs_io_callback. Everything is borrowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_debug_callback(
    s: Shared<ScopeBody>,
    h: Shared<HostBody>,
    args: Handles<ArrayBody>,
    n: usize,
    ordered: u32,
) -> Status {
    gate(|| {
        let s = s.get("s")?;
        let inputs = values(s.engine(), &args, n, "args")?;
        let host = host(s, &h)?;
        let ordered = crate::args::flag(ordered, "ordered")?;
        let scope = s.scope_for_effects("jaxrs_debug_callback")?;
        transform::debug_callback(scope, host, ordered, &inputs)
    })
}

/// Names that stand in one text, apart by spaces.
pub(crate) fn names<'a>(names: &Text, len: usize) -> Result<Vec<&'a str>> {
    if names.is_null() && len == 0 {
        return Ok(Vec::new());
    }
    Ok(names.get(len, "names")?.split_whitespace().collect())
}

/// Prints values by a format, to the log of the context at level JAXRS_LOG_PRINT.
///
/// In `fmt` stand `{}` for the next value, `{2}` for a value by its number, `{x}` for one by its name, and
/// `{:8.3f}` for a scalar in a width and with digits; `{{` is a brace. `names` are those of the last values, apart
/// by spaces; it may be NULL. Otherwise as jaxrs_debug_callback.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_debug_print(
    s: Shared<ScopeBody>,
    fmt: Text,
    fmt_len: usize,
    names: Text,
    names_len: usize,
    args: Handles<ArrayBody>,
    n: usize,
    ordered: u32,
) -> Status {
    gate(|| {
        let s = s.get("s")?;
        let inputs = values(s.engine(), &args, n, "args")?;
        let format = fmt.required(fmt_len, "fmt")?;
        let names = self::names(&names, names_len)?;
        let ordered = crate::args::flag(ordered, "ordered")?;
        let scope = s.scope_for_effects("jaxrs_debug_print")?;
        transform::debug_print(scope, format, &names, ordered, &inputs)
    })
}

const FFI_SIDE_EFFECT: u32 = 1;

/// A host function that gets attributes after its arguments.
struct WithAttributes {
    function: Arc<dyn HostFunction>,
    attributes: Vec<Literal>,
}

impl HostFunction for WithAttributes {
    fn call(&self, inputs: &[HostInput<'_>], outputs: &mut [HostOutput<'_>]) -> Result<()> {
        let attributes = self.attributes.iter().map(|x| HostInput { ty: x.ty(), bytes: x.bytes() });
        let all: Vec<HostInput<'_>> = inputs.iter().copied().chain(attributes).collect();
        self.function.call(&all, outputs)
    }
}

fn attribute(name: &str, value: Attr<'_>) -> Result<Literal> {
    use jaxrs_data::DType::{F64, I64, U8};
    Ok(match value {
        Attr::I64(v) => Literal::scalar(I64, Scalar::Int(v)),
        Attr::F64(v) => Literal::scalar(F64, Scalar::Float(v)),
        Attr::I64s(list) => {
            let elements: Vec<Scalar> = list.iter().map(|&v| Scalar::Int(v)).collect();
            Literal::from_scalars(Type::new(I64, [list.len()]), &elements)
        }
        Attr::Str(text) => Literal::from_bytes(Type::new(U8, [text.len()]), text.as_bytes())?,
        _ => {
            return Err(Error::new(
                ErrorKind::InvalidArgument,
                format_args!("attribute {name} is of a kind that host functions cannot get"),
            ));
        }
    })
}

fn with_attributes(host: Host, attrs: &Shared<AttrsBody>) -> Result<Host> {
    let Some(attrs) = attrs.optional("attrs")? else { return Ok(host) };
    let attributes: Vec<Literal> = attrs.with(|attrs| {
        attrs.iter().map(|(name, value)| attribute(name, *value)).collect::<Result<_>>()
    })?;
    match host.function() {
        Some(function) if !attributes.is_empty() => {
            let function = WithAttributes { function: function.clone(), attributes };
            Ok(Host::new(host.name(), Arc::new(function)))
        }
        _ => Ok(host),
    }
}

/// Calls the host function that is registered under a name; results are appended to `r`.
///
/// The function gets `attrs`, which may be NULL, as further arguments in the order in which they were set: a
/// number as i64 or f64, a list of numbers as i64\[n\], text as u8\[n\]. `flags` is 0, for a function that may be left
/// out and called more than once as with jaxrs_pure_callback, or JAXRS_FFI_SIDE_EFFECT. The rest is as for
/// jaxrs_pure_callback.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_ffi_call(
    s: Shared<ScopeBody>,
    name: Text,
    name_len: usize,
    attrs: Shared<AttrsBody>,
    args: Handles<ArrayBody>,
    n: usize,
    result_avals: List<Aval>,
    n_results: usize,
    flags: u32,
    vmap_method: u32,
    r: Shared<ResultsBody>,
) -> Status {
    gate(|| {
        let (s, r) = (s.get("s")?, r.get("r")?);
        let name = name.required(name_len, "name")?;
        let host = with_attributes(s.engine().context().host_function(name)?, &attrs)?;
        let inputs = values(s.engine(), &args, n, "args")?;
        if flags & !FFI_SIDE_EFFECT != 0 {
            bail!(InvalidArgument, "flags has unknown bits: {flags:#x}");
        }
        let has_side_effect = flags & FFI_SIDE_EFFECT != 0;
        let scope =
            if has_side_effect { s.scope_for_effects("jaxrs_ffi_call")? } else { s.scope()? };
        let callback = Callback {
            host,
            result_types: types(&result_avals, n_results, "result_avals")?,
            vmap_method: self::vmap_method(vmap_method)?,
        };
        let outputs = transform::ffi_call(scope, callback, has_side_effect, &inputs)?;
        r.extend(outputs, s.engine());
        Ok(())
    })
}

//! Calls from programs to functions of the caller's.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, bail};
use jaxrs_ir::format::Format;
use jaxrs_ir::prims::{
    self, CallbackKind, DebugPrint, Host, HostInput, HostOutput, LogSink, Sink, VmapMethod,
};
use jaxrs_ir::{Context as _, Outputs, Prim, Value};
use jaxrs_runtime::HostBuffer;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::{Context, Scope, tracer};

/// A function to call, and what it gives.
#[derive(Clone, Debug)]
pub struct Callback {
    /// The function.
    pub host: Host,
    /// The types of its results.
    pub result_types: Vec<Type>,
    /// What `vmap` does with it.
    pub vmap_method: VmapMethod,
}

impl Callback {
    fn bind(self, scope: &Scope, kind: CallbackKind, inputs: &[Value]) -> Result<Vec<Value>> {
        let Callback { host, result_types, vmap_method } = self;
        let prim = prims::Callback { kind, host, result_types, vmap_method };
        Ok(scope.bind(&prim.into(), inputs)?.into_vec())
    }
}

/// Calls a function that computes its results from its operands and does nothing else. It may be called
/// more often than the program says, or not at all where nobody needs the results. It has no derivative.
pub fn pure_callback(scope: &Scope, callback: Callback, inputs: &[Value]) -> Result<Vec<Value>> {
    callback.bind(scope, CallbackKind::Pure, inputs)
}

/// Calls a function that does something. It is called exactly as often as the program says; `ordered` calls
/// keep the program's order, and cannot be mapped. `vmap` calls it for one example after another.
pub fn io_callback(
    scope: &Scope,
    host: Host,
    result_types: Vec<Type>,
    ordered: bool,
    inputs: &[Value],
) -> Result<Vec<Value>> {
    let callback = Callback { host, result_types, vmap_method: VmapMethod::Sequential };
    callback.bind(scope, CallbackKind::Io { ordered }, inputs)
}

/// Lets a function look at values. Transforms pass it by: it sees the values of the forward pass, and each
/// example of a `vmap`.
pub fn debug_callback(scope: &Scope, host: Host, ordered: bool, inputs: &[Value]) -> Result<()> {
    let (result_types, vmap_method) = (Vec::new(), VmapMethod::Sequential);
    let callback = Callback { host, result_types, vmap_method };
    callback.bind(scope, CallbackKind::Debug { ordered }, inputs).map(drop)
}

/// Prints values by a format to the log of the context, as [`debug_callback`] would. The last values are
/// called by `names`.
pub fn debug_print(
    scope: &Scope,
    format: &str,
    names: &[&str],
    ordered: bool,
    values: &[Value],
) -> Result<()> {
    let (format, sink) = (Format::new(format, names)?, scope.frame.shared.sink.clone());
    scope.bind(&DebugPrint { format, ordered, sink }.into(), values).map(drop)
}

/// Functions that programs call by name.
#[derive(Default)]
pub(crate) struct HostFunctions(RwLock<FxHashMap<Arc<str>, Host>>);

impl Context {
    /// Lets programs call a function by its name; a name is given once.
    pub fn register_host(&self, host: Host) -> Result<()> {
        let mut functions = self.shared().host_functions.0.write();
        let name: Arc<str> = host.name().into();
        if functions.contains_key(&name) {
            bail!(InvalidArgument, "a host function {name} is registered already");
        }
        functions.insert(name, host);
        Ok(())
    }

    /// The function of this name.
    pub fn host_function(&self, name: &str) -> Result<Host> {
        match self.shared().host_functions.0.read().get(name) {
            Some(host) => Ok(host.clone()),
            None => bail!(InvalidArgument, "no host function {name} is registered"),
        }
    }
}

/// Calls a function that is registered under a name. Where it `has_side_effect` it is called exactly as
/// often as the program says.
pub fn ffi_call(
    scope: &Scope,
    callback: Callback,
    has_side_effect: bool,
    inputs: &[Value],
) -> Result<Vec<Value>> {
    callback.bind(scope, CallbackKind::Ffi { has_side_effect }, inputs)
}

/// The results of an operation that is there to call the caller's code, or to check; nothing for others.
pub(crate) fn run_at_once(prim: &Prim, inputs: &[Value]) -> Result<Option<Outputs>> {
    match prim {
        Prim::Callback(callback) => call(callback, inputs).map(Some),
        Prim::DebugPrint(_) | Prim::Check(_) => {
            let types: SmallVec<[Type; 4]> = inputs.iter().map(|x| x.ty().clone()).collect();
            prim.output_types(&types)?;
            let literal = |x: &Value| tracer::to_array(x)?.to_literal();
            let inputs = inputs.iter().map(literal).collect::<Result<Vec<Literal>>>()?;
            prim.evaluate(&inputs).map(|_| Some(Outputs::new()))
        }
        _ => Ok(None),
    }
}

/// Calls on the memory of arrays.
fn call(callback: &prims::Callback, inputs: &[Value]) -> Result<Outputs> {
    let memory = inputs.iter().map(tracer::memory).collect::<Result<Vec<_>>>()?;
    let operands: Vec<HostInput<'_>> = (inputs.iter().zip(&memory))
        .map(|(x, memory)| HostInput { ty: x.ty(), bytes: memory.as_bytes() })
        .collect();
    let types = &callback.result_types;
    let mut results =
        types.iter().map(|ty| HostBuffer::allocate(ty.size_bytes())).collect::<Result<Vec<_>>>()?;
    for result in &mut results {
        result.as_bytes_mut().fill(0);
    }
    let mut outputs: Vec<HostOutput<'_>> = (types.iter().zip(&mut results))
        .map(|(ty, buffer)| HostOutput { ty, bytes: buffer.as_bytes_mut() })
        .collect();
    callback.call(&operands, &mut outputs)?;
    drop(outputs);
    let pairs = types.iter().zip(results);
    Ok(pairs.map(|(ty, memory)| tracer::concrete(ty.clone(), Arc::new(memory))).collect())
}

/// Levels of the log.
pub(crate) const INFORMATION: u32 = 3;
/// The level of warnings.
const WARNING: u32 = 2;

impl Scope {
    /// Warns of something in the log of the context.
    pub fn warn(&self, text: fmt::Arguments<'_>) {
        if let Sink(Some(sink)) = &self.frame.shared.sink {
            sink.log(WARNING, &text.to_string());
        }
    }

    /// Says something in the log of the context.
    pub(crate) fn log(&self, text: fmt::Arguments<'_>) {
        if let Sink(Some(sink)) = &self.frame.shared.sink {
            let sink: &Arc<dyn LogSink> = sink;
            sink.log(INFORMATION, &text.to_string());
        }
    }
}

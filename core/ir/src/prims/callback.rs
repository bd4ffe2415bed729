//! Functions of the caller's that programs call while they run.

mod batch;
mod host;
mod print;

use std::fmt;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, bail};

pub(super) use self::host::steps;
pub use self::host::{Host, HostFunction, HostInput, HostOutput};
pub use self::print::{DebugPrint, LogSink, Sink};
use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::{Batched, Cx, Effect, Jaxpr, Jvp, Param, ParamReader, Params, Tangent, Value};

/// What a callback may do, and so what may be done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CallbackKind {
    /// It computes its results from its operands and does nothing else: it may be left out, and called
    /// more than once.
    Pure,
    /// It has effects.
    Io {
        /// Whether they keep the program's order.
        ordered: bool,
    },
    /// It looks on: no results, and transforms pass it by.
    Debug {
        /// Whether calls keep the program's order.
        ordered: bool,
    },
    /// A function that was registered under a name.
    Ffi {
        /// Whether it has effects.
        has_side_effect: bool,
    },
}

impl CallbackKind {
    fn primitive(self) -> &'static str {
        match self {
            CallbackKind::Pure => "pure_callback",
            CallbackKind::Io { .. } => "io_callback",
            CallbackKind::Debug { .. } => "debug_callback",
            CallbackKind::Ffi { .. } => "ffi_call",
        }
    }

    fn effect(self) -> Effect {
        match self {
            CallbackKind::Pure | CallbackKind::Ffi { has_side_effect: false } => Effect::None,
            CallbackKind::Io { ordered: true } | CallbackKind::Debug { ordered: true } => {
                Effect::Ordered
            }
            CallbackKind::Io { ordered: false }
            | CallbackKind::Debug { ordered: false }
            | CallbackKind::Ffi { has_side_effect: true } => Effect::Unordered,
        }
    }
}

/// What `vmap` does with a callback that has results; JAX's words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum VmapMethod {
    /// Refuses.
    #[default]
    None,
    /// Calls it for one example after another, in a loop.
    Sequential,
    /// Calls it for one example after another, each call an operation of its own.
    SequentialUnrolled,
    /// Calls it once, with a leading axis on all operands: of size 1 where the examples share one.
    ExpandDims,
    /// Calls it once, with a leading axis on all operands, repeated where the examples share one.
    BroadcastAll,
    /// Calls it once; operands that the examples share stay as they are.
    LegacyVectorized,
}

impl VmapMethod {
    const NAMES: [(VmapMethod, &'static str); 6] = [
        (VmapMethod::None, "none"),
        (VmapMethod::Sequential, "sequential"),
        (VmapMethod::SequentialUnrolled, "sequential_unrolled"),
        (VmapMethod::ExpandDims, "expand_dims"),
        (VmapMethod::BroadcastAll, "broadcast_all"),
        (VmapMethod::LegacyVectorized, "legacy_vectorized"),
    ];

    fn name(self) -> &'static str {
        VmapMethod::NAMES
            .iter()
            .find(|(method, _)| *method == self)
            .map_or("none", |(_, name)| name)
    }

    fn from_name(name: &str) -> Result<VmapMethod> {
        match VmapMethod::NAMES.iter().find(|(_, other)| *other == name) {
            Some((method, _)) => Ok(*method),
            None => bail!(InvalidArgument, "there is no vmap_method {name}"),
        }
    }
}

impl fmt::Display for VmapMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A call of a function of the caller's: `pure_callback`, `io_callback`, `debug_callback` or `ffi_call`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Callback {
    /// What it may do.
    pub kind: CallbackKind,
    /// The function.
    pub host: Host,
    /// The types of its results.
    pub result_types: Vec<Type>,
    /// What `vmap` does with it.
    pub vmap_method: VmapMethod,
}

impl Callback {
    /// Calls the function on bytes, and lets it write those of its results.
    pub fn call(&self, inputs: &[HostInput<'_>], outputs: &mut [HostOutput<'_>]) -> Result<()> {
        // What is pure and gives nothing has nothing to do.
        if self.kind == CallbackKind::Pure && outputs.iter().all(|output| output.bytes.is_empty()) {
            return Ok(());
        }
        let name = self.kind.primitive();
        self.host.call(name, inputs, outputs)
    }
}

/// Types as text: `f32[2] i32[]`.
fn types_text(types: &[Type]) -> String {
    types.iter().map(Type::to_string).collect::<Vec<_>>().join(" ")
}

/// Reads [`types_text`] back.
fn parse_types(text: &str) -> Result<Vec<Type>> {
    let inputs: Vec<String> =
        text.split_whitespace().enumerate().map(|(k, ty)| format!("v{k}:{ty}")).collect();
    let program: Jaxpr = format!("{{ lambda ; {}. let in () }}", inputs.join(" ")).parse()?;
    Ok(program.in_types().cloned().collect())
}

impl Primitive for Callback {
    fn name(&self) -> &'static str {
        self.kind.primitive()
    }

    fn params(&self) -> Params {
        let mut params = vec![("callback", Param::Name(self.host.name().to_owned()))];
        match self.kind {
            CallbackKind::Pure => {}
            CallbackKind::Io { ordered } | CallbackKind::Debug { ordered } => {
                params.push(("ordered", Param::Bool(ordered)));
            }
            CallbackKind::Ffi { has_side_effect } => {
                params.push(("has_side_effect", Param::Bool(has_side_effect)));
            }
        }
        if !matches!(self.kind, CallbackKind::Debug { .. }) {
            params.push(("result_types", Param::Name(types_text(&self.result_types))));
            params.push(("vmap_method", Param::Name(self.vmap_method.to_string())));
        }
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        let host = || Ok(Host::named(read.name("callback")?));
        let flag = |key| read.bool(key);
        let with_results = |kind| {
            Ok(Callback {
                kind,
                host: host()?,
                result_types: parse_types(read.name("result_types")?)?,
                vmap_method: VmapMethod::from_name(read.name("vmap_method")?)?,
            })
        };
        Some(match name {
            "pure_callback" => with_results(CallbackKind::Pure),
            "io_callback" => {
                flag("ordered").and_then(|ordered| with_results(CallbackKind::Io { ordered }))
            }
            "ffi_call" => flag("has_side_effect")
                .and_then(|has_side_effect| with_results(CallbackKind::Ffi { has_side_effect })),
            "debug_callback" => flag("ordered").and_then(|ordered| {
                let (result_types, vmap_method) = (Vec::new(), VmapMethod::Sequential);
                let kind = CallbackKind::Debug { ordered };
                Ok(Callback { kind, host: host()?, result_types, vmap_method })
            }),
            _ => return None,
        })
    }

    fn output_types(&self, _inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        Ok(self.result_types.as_slice().into())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let operands: Vec<HostInput<'_>> =
            inputs.iter().map(|x| HostInput { ty: x.ty(), bytes: x.bytes() }).collect();
        let mut memory: Vec<Vec<u8>> =
            self.result_types.iter().map(|ty| vec![0; ty.size_bytes()]).collect();
        let mut outputs: Vec<HostOutput<'_>> = (self.result_types.iter().zip(&mut memory))
            .map(|(ty, bytes)| HostOutput { ty, bytes })
            .collect();
        self.call(&operands, &mut outputs)?;
        drop(outputs);
        let pairs = self.result_types.iter().zip(memory);
        pairs.map(|(ty, bytes)| Literal::from_bytes(ty.clone(), bytes)).collect()
    }

    fn effect(&self) -> Effect {
        self.kind.effect()
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        if let CallbackKind::Debug { .. } = self.kind {
            cx.bind(&self.clone().into(), primals)?;
            return Ok(Jvp { primals: SmallVec::new(), tangents: SmallVec::new() });
        }
        Err(Error::new(
            ErrorKind::Unimplemented,
            format_args!(
                "{} of {} has no derivative; wrap it in a function with custom_jvp or custom_vjp",
                self.name(),
                self.host.name()
            ),
        ))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        self.batch_calls(cx, size, inputs, axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        host::steps(cx, self.name(), self.host.name(), {
            let callback = self.clone();
            move |inputs, outputs| callback.call(inputs, outputs)
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        Vec::new()
    }
}

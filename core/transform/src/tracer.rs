//! What stands behind values: arrays and tracers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use jaxrs_data::{Error, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::{Tangent, Value, ValueNode, VarId};
use jaxrs_runtime::{Array, HostBuffer};
use parking_lot::Mutex;

use crate::frame::{Frame, Kind};

/// A concrete array. Its memory is taken away when it is donated to a result.
pub(crate) struct ArrayNode {
    ty: Type,
    memory: Mutex<Option<Arc<HostBuffer>>>,
}

impl ArrayNode {
    /// The memory.
    pub(crate) fn get(&self) -> Result<Arc<HostBuffer>> {
        self.memory.lock().clone().ok_or_else(|| donated(&self.ty))
    }

    /// Takes the memory away for good.
    pub(crate) fn take(&self) -> Result<Arc<HostBuffer>> {
        self.memory.lock().take().ok_or_else(|| donated(&self.ty))
    }

    /// Puts back what was taken but not used.
    pub(crate) fn restore(&self, memory: Arc<HostBuffer>) {
        *self.memory.lock() = Some(memory);
    }
}

#[cold]
fn donated(ty: &Type) -> Error {
    Error::new(
        jaxrs_data::ErrorKind::InvalidArgument,
        format_args!("an array {ty} is used after its memory was donated to a compiled function"),
    )
}

impl fmt::Debug for ArrayNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Array({})", self.ty)
    }
}

impl ValueNode for ArrayNode {
    fn ty(&self) -> &Type {
        &self.ty
    }
}

/// A value that is an array of this type, in this memory.
pub(crate) fn concrete(ty: Type, memory: Arc<HostBuffer>) -> Value {
    Value::new(ArrayNode { ty, memory: Mutex::new(Some(memory)) })
}

/// Stands for a value in a trace.
pub(crate) struct Tracer {
    pub(crate) ty: Type,
    pub(crate) frame: Arc<Frame>,
    pub(crate) number: u64,
    pub(crate) origin: Origin,
    pub(crate) data: Data,
}

/// What the kind of the tracer's frame needs to know.
pub(crate) enum Data {
    /// Of a stage: a variable.
    Var(VarId),
    /// Of a jvp or a linearization: a value of the frame around, and its tangent, which is of that frame
    /// or of the linear program.
    Dual(Value, Tangent),
    /// Of a partial evaluation: a value of the linear program.
    Linear(Value),
    /// Of a batch: a value of the frame around with the examples along an axis.
    Batched(Value, usize),
}

/// Where a tracer comes from, for people.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Origin {
    /// It is this argument of the traced function.
    Argument(usize),
    /// A primitive of this name made it.
    Made(&'static str),
}

impl Drop for Tracer {
    fn drop(&mut self) {
        self.frame.shared.counters.live_tracers.fetch_sub(1, Ordering::Relaxed);
    }
}

impl ValueNode for Tracer {
    fn ty(&self) -> &Type {
        &self.ty
    }
}

/// `tracer #54, made by sin in trace 'leaky'`.
impl fmt::Display for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tracer #{}, ", self.number)?;
        match self.origin {
            Origin::Argument(k) => write!(f, "argument {k}")?,
            Origin::Made(name) => write!(f, "made by {name}")?,
        }
        write!(f, " in trace '{}'", self.frame.name)
    }
}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tracer({}, #{})", self.ty, self.number)
    }
}

/// The array behind a value that is not being staged or batched.
pub(crate) fn to_array(value: &Value) -> Result<Array> {
    Ok(Array::from_shared(value.ty().clone(), memory(value)?))
}

/// The memory of a value that is not being staged or batched.
pub(crate) fn memory(value: &Value) -> Result<Arc<HostBuffer>> {
    if let Some(node) = value.downcast_ref::<ArrayNode>() {
        return node.get();
    }
    if let Some(literal) = value.downcast_ref::<Literal>() {
        return HostBuffer::from_bytes(literal.bytes()).map(Arc::new);
    }
    if value.is_symbolic_zero() {
        let ty = value.ty().clone();
        let zero = Literal::full(ty.clone(), Scalar::zero(ty.dtype));
        return HostBuffer::from_bytes(zero.bytes()).map(Arc::new);
    }
    match value.downcast_ref::<Tracer>() {
        Some(tracer) => primal_memory(tracer),
        None => Err(Error::internal(format_args!("{value:?} is no value of this context"))),
    }
}

/// The memory of what is being differentiated at, where there is such a thing.
fn primal_memory(tracer: &Tracer) -> Result<Arc<HostBuffer>> {
    if tracer.frame.is_finished() {
        bail!(TracerEscaped, "the value of {tracer}, which finished, was asked for");
    }
    let why = match (&tracer.data, &tracer.frame.kind) {
        (Data::Dual(primal, _), _) => return memory(primal),
        (Data::Batched(..), Kind::Batch(axis)) => {
            let size = axis.size;
            format!("is a different one for each of the {size} examples of vmap")
        }
        (Data::Var(var), Kind::Stage(stage)) => {
            let arguments = stage.arguments_behind(*var);
            let arguments: Vec<String> = arguments.iter().map(usize::to_string).collect();
            match arguments.len() {
                0 => "is not known before the staged program runs".to_owned(),
                1 => format!("depends on argument {}, which is not known", arguments[0]),
                _ => format!("depends on arguments {}, which are not known", arguments.join(", ")),
            }
        }
        _ => "depends on a tangent".to_owned(),
    };
    bail!(
        Concretization,
        "the value of {} ({tracer}) {why}; use cond, select_n or while_loop to decide by it",
        tracer.ty
    );
}

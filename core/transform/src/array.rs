//! Arrays as values.

use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_runtime::Array;

use crate::Scope;
use crate::frame::Frame;
use crate::tracer::{self, Tracer};

/// A value that is this array.
pub fn value_from_array(array: Array) -> Value {
    tracer::concrete(array.ty().clone(), array.buffer().clone())
}

/// The array that a value is; nothing for a tracer, and for an array whose memory was donated.
pub fn as_array(value: &Value) -> Option<Array> {
    if is_tracer(value) { None } else { to_array(value).ok() }
}

/// Whether a value stands for one that is computed in a trace.
pub fn is_tracer(value: &Value) -> bool {
    value.downcast_ref::<Tracer>().is_some()
}

/// The array behind a value. The primal of a value that is being differentiated counts, so that code may
/// branch on it; a value that is being staged or batched has none, and the error says where it is from.
pub fn to_array(value: &Value) -> Result<Array> {
    tracer::to_array(value)
}

/// The deepest scope among operands, which must lie on one chain; nothing if all are arrays. Operations
/// on constants only are not recorded where a trace would record them: prefer the scope that the traced
/// function was given.
pub fn infer_scope(values: &[Value]) -> Result<Option<Scope>> {
    let mut deepest: Option<&Arc<Frame>> = None;
    for tracer in values.iter().filter_map(Value::downcast_ref::<Tracer>) {
        if tracer.frame.is_finished() {
            bail!(TracerEscaped, "an operand is {tracer}, which finished");
        }
        match deepest {
            Some(frame) if frame.is_within(&tracer.frame) => {}
            Some(frame) if !tracer.frame.is_within(frame) => {
                bail!(
                    TracerScope,
                    "operands are of unrelated traces: '{}', and {tracer}",
                    frame.name
                )
            }
            _ => deepest = Some(&tracer.frame),
        }
    }
    Ok(deepest.map(|frame| Scope::of(frame.clone())))
}

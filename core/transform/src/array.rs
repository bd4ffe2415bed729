//! Arrays as values.

use jaxrs_data::{Error, Result};
use jaxrs_ir::Value;
use jaxrs_runtime::Array;

use crate::Scope;

/// A value that is this array.
pub fn value_from_array(array: Array) -> Value {
    crate::tracer::concrete(array)
}

/// The array that a value is; nothing for a tracer, and for an array whose memory was donated.
pub fn as_array(value: &Value) -> Option<Array> {
    to_array(value).ok()
}

/// Whether a value stands for one that is not known here.
pub fn is_tracer(_value: &Value) -> bool {
    false
}

/// The array behind a value. The primal of a value that is being differentiated counts, so that code may
/// branch on it; a value that is being staged or batched has none, and the error says where it is from.
pub fn to_array(_value: &Value) -> Result<Array> {
    Err(Error::internal("to_array is not written yet"))
}

/// The deepest scope among operands, which must lie on one chain; nothing if all are arrays.
pub fn infer_scope(_values: &[Value]) -> Result<Option<Scope>> {
    Err(Error::internal("infer_scope is not written yet"))
}

//! Elementary functions as vector instructions: polynomials and rational functions after the argument
//! is reduced, without branches. What is rare or long is done by the runtime, lane by lane.

use jaxrs_data::DType;
use jaxrs_kernel::ScalarOp;

use crate::ir::V;
use crate::ops::Emit;

/// A function of one float.
pub(crate) fn unary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
    e.runtime.unary(e, op, dtype, x)
}

/// A function of two floats.
pub(crate) fn binary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, a: V, b: V) -> Option<V> {
    e.runtime.binary(e, op, dtype, a, b)
}

//! Functions that are rare or long, and what computes them.

use jaxrs_data::DType;
use jaxrs_kernel::ScalarOp;

use crate::device::libdevice;
use crate::ir::V;
use crate::ops::Emit;
use crate::table::Runtime;

/// What computes the functions that are no instructions.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rare {
    /// The runtime, lane by lane.
    Runtime(Runtime),
    /// The library of the device.
    Device,
}

impl Rare {
    /// A function of one float.
    pub(crate) fn unary(&self, e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
        match self {
            Rare::Runtime(runtime) => runtime.unary(e, op, dtype, x),
            Rare::Device => libdevice::unary(e, op, dtype, x),
        }
    }

    /// A function of two floats.
    pub(crate) fn binary(
        &self,
        e: &Emit<'_, '_>,
        op: ScalarOp,
        dtype: DType,
        a: V,
        b: V,
    ) -> Option<V> {
        match self {
            Rare::Runtime(runtime) => runtime.binary(e, op, dtype, a, b),
            Rare::Device => libdevice::binary(e, op, dtype, a, b),
        }
    }
}

//! Identities that say something to compilers and devices.

use jaxrs_ir::ops;
use jaxrs_ir::prims::{Annotate, Remark};
use jaxrs_transform::optimization_barrier;

use super::*;

/// An array with a remark.
fn remarked(cx: &Scope, remark: Remark, text: &str, x: &Value) -> Result<Value> {
    ops::bind1(cx, Annotate { remark, text: text.into() }, std::slice::from_ref(x))
}

pub(super) static OPS: &[Op] = &[
    op!("device_put", "The array on the device, of which there is one.", (x)
        => |cx| remarked(cx, Remark::DevicePut, "cpu", x)),
    op!("with_sharding_constraint", "The array, with a remark on how it is cut for devices; here it lies whole on one.", (x)
        { sharding: Str, "how, as a text that programs show"; }
        => |cx| remarked(cx, Remark::ShardingConstraint, sharding, x)),
    op!("optimization_barrier", "The arrays, all of which are computed before anything that takes one of the results.", ([operands])
        => list |cx| optimization_barrier(cx, operands)),
];

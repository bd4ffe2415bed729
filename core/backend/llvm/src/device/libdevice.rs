//! Functions of libdevice, CUDA's library of mathematical functions, which whoever loads the code links: those that are
//! rare or long. All others are instructions of our own, the same as on the host.

use jaxrs_data::DType;
use jaxrs_kernel::ScalarOp;

use crate::ir::V;
use crate::math;
use crate::ops::Emit;

/// A function of one float.
pub(crate) fn unary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, x: V) -> Option<V> {
    let name = match op {
        ScalarOp::Sin => "sin",
        ScalarOp::Cos => "cos",
        ScalarOp::Tan => "tan",
        ScalarOp::Erf => "erf",
        ScalarOp::Erfc => "erfc",
        ScalarOp::ErfInv => "erfinv",
        ScalarOp::Lgamma => "lgamma",
        ScalarOp::Digamma => return math::digamma(e, dtype, x),
        _ => return None,
    };
    Some(call(e, name, dtype, &[x]))
}

/// A function of two floats.
pub(crate) fn binary(e: &Emit<'_, '_>, op: ScalarOp, dtype: DType, a: V, b: V) -> Option<V> {
    let name = match op {
        ScalarOp::Rem => "fmod",
        ScalarOp::Pow => "pow",
        _ => return None,
    };
    Some(call(e, name, dtype, &[a, b]))
}

/// Calls `__nv_NAME`, or `__nv_NAMEf` in single precision.
fn call(e: &Emit<'_, '_>, name: &str, dtype: DType, args: &[V]) -> V {
    let ir = e.ir;
    let name = format!("__nv_{name}{}", if dtype == DType::F32 { "f" } else { "" });
    let ty = ir.type_of(args[0]);
    let ty = ir.function_type(Some(ty), &vec![ty; args.len()]);
    let function = ir.function_named(&name);
    let function = function.unwrap_or_else(|| ir.function(&name, ty, false, &[]));
    ir.call(ty, function, args)
}

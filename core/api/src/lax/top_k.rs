//! The largest elements along an axis.

use jaxrs_data::{DType, Literal, Result, Scalar, bail, normalize_axis};
use jaxrs_ir::prims::{Binary, BitcastConvertType, Sort, Unary};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_transform::Scope;

/// The `k` largest elements along an axis, the largest first, and their positions as `i32`; of equal
/// elements the one with the lowest position comes first. Floats are in their total order: NaN above
/// everything, −0 below 0, NaN with a sign bit last. The derivative selects the same elements.
///
/// Refuses complex numbers, scalars, and `k` below 0 or above the size of the axis.
pub fn top_k(cx: &Scope, x: &Value, k: i64, axis: i64) -> Result<[Value; 2]> {
    let ty = x.ty();
    if ty.dtype.is_complex() {
        bail!(Dtype, "top_k does not take {ty}");
    }
    let dimension = normalize_axis("top_k", axis, ty.rank())?;
    let k = match usize::try_from(k) {
        Ok(k) if k <= x.shape()[dimension] => k,
        _ => bail!(InvalidArgument, "top_k needs k from 0 to {}, got {k}", x.shape()[dimension]),
    };
    let positions = ops::iota(cx, DType::I32, x.shape(), dimension)?;
    let operands = [descending_key(cx, x)?, x.clone(), positions];
    let sort = Sort { dimension, num_keys: 1, is_stable: true };
    let sorted = cx.bind(&sort.into(), &operands)?;
    let first = |value| ops::slice_in_dim(cx, value, dimension, 0, k);
    Ok([first(&sorted[1])?, first(&sorted[2])?])
}

/// Integers or truth values whose ascending order is the descending total order of `x`.
fn descending_key(cx: &Scope, x: &Value) -> Result<Value> {
    let dtype = x.ty().dtype;
    let ascending = if dtype.is_float() { total_order(cx, x)? } else { x.clone() };
    ops::unary(cx, Unary::Not, &ascending)
}

/// Integers in the total order of floats: of those with a sign bit all other bits are turned around.
fn total_order(cx: &Scope, x: &Value) -> Result<Value> {
    let new_dtype = match x.ty().dtype.bits() {
        8 => DType::I8,
        16 => DType::I16,
        32 => DType::I32,
        64 => DType::I64,
        _ => bail!(Dtype, "top_k does not take {}", x.ty()),
    };
    let bits = ops::bind1(cx, BitcastConvertType { new_dtype }, std::slice::from_ref(x))?;
    let shift = |op, value: &Value, by| {
        let by = Value::literal(Literal::full(value.ty().clone(), Scalar::Int(by)));
        ops::binary(cx, op, value, &by)
    };
    let sign = shift(Binary::ShiftRightArithmetic, &bits, i64::from(x.ty().dtype.bits()) - 1)?;
    let turned = shift(Binary::ShiftRightLogical, &sign, 1)?;
    ops::binary(cx, Binary::Xor, &bits, &turned)
}

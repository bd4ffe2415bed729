//! Windows at computed positions. As in JAX, negative positions count from the end, and windows are moved so that
//! they fit.

use jaxrs_data::{Literal, Result, Scalar, SmallVec};
use jaxrs_ir::prims::{DynamicSlice, DynamicUpdateSlice, SelectN};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::sizes;

/// A window of fixed sizes; negative starts count from the end, and all are moved so that it fits.
pub fn dynamic_slice(
    cx: &Scope,
    x: &Value,
    starts: &[Value],
    slice_sizes: &[i64],
) -> Result<Value> {
    let slice_sizes = sizes("dynamic_slice", "slice_sizes", slice_sizes)?.into_iter().collect();
    let starts = from_end(cx, x, starts)?;
    let operands: SmallVec<[Value; 4]> = std::iter::once(x.clone()).chain(starts).collect();
    ops::bind1(cx, DynamicSlice { slice_sizes }, &operands)
}

/// `x` with a window replaced; starts are as of [`dynamic_slice`].
pub fn dynamic_update_slice(
    cx: &Scope,
    x: &Value,
    update: &Value,
    starts: &[Value],
) -> Result<Value> {
    let starts = from_end(cx, x, starts)?;
    let operands: SmallVec<[Value; 4]> =
        [x.clone(), update.clone()].into_iter().chain(starts).collect();
    ops::bind1(cx, DynamicUpdateSlice, &operands)
}

/// Starts of which negative ones count from the end. What the primitive refuses is left to it.
fn from_end(cx: &Scope, x: &Value, starts: &[Value]) -> Result<Vec<Value>> {
    let mut moved = starts.to_vec();
    for (start, &size) in moved.iter_mut().zip(x.shape().iter()) {
        let ty = start.ty().clone();
        if !ty.dtype.is_signed() || ty.rank() != 0 {
            continue;
        }
        let number = |n: i64| Value::literal(Literal::full(ty.clone(), Scalar::Int(n)));
        *start = match start.downcast_ref::<Literal>().and_then(Literal::item) {
            Some(known) if known.as_i64() < 0 => number(known.as_i64() + size as i64),
            Some(_) => continue,
            None => {
                let is_negative = ops::compare(cx, Compare::Lt, start, &number(0))?;
                let from_end = ops::add(cx, start, &number(size as i64))?;
                ops::bind1(cx, SelectN, &[is_negative, start.clone(), from_end])?
            }
        };
    }
    Ok(moved)
}

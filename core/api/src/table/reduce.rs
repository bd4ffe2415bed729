//! Reductions.

use jaxrs_kernel::ReduceOp;

use super::*;
use crate::{lax, numpy};

const FLAT_AXIS: &str = "along which axis; none for the flattened array";
const INDEX: &str = "the element type of the result; the default integer if none";
const DDOF: &str = "how much less than the count to divide by";

/// A reduction by a bitwise operation.
fn bitwise(
    cx: &Scope,
    op: ReduceOp,
    name: &str,
    x: &Value,
    axes: &[i64],
    keepdims: bool,
) -> Result<Value> {
    let reduced = numpy::axes_of(name, axes, x.ty().rank())?;
    let listed: SmallVec<[i64; 4]> = reduced.iter().map(|&axis| axis as i64).collect();
    let result = match reduced.is_empty() {
        true => x.clone(),
        false => lax::reduce(cx, op, x, &listed)?,
    };
    numpy::restore(cx, result, x.shape(), &reduced, keepdims)
}

fn index_type(cx: &Scope, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(cx.defaults().int())
}

pub(super) static OPS: &[Op] = &[
    op!("reduce_sum", "The sum over axes. Narrow integers are summed in 32 bits.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::sum(cx, x, axes, keepdims)),
    op!("reduce_prod", "The product over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::prod(cx, x, axes, keepdims)),
    op!("reduce_max", "The largest element over axes; NaN if there is one.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::max(cx, x, axes, keepdims)),
    op!("reduce_min", "The smallest element over axes; NaN if there is one.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::min(cx, x, axes, keepdims)),
    op!("lax_reduce_max", "The largest element over listed axes; of none the lowest number of the type.", (x)
        { axes: I64s, "which axes"; } => |cx| lax::reduce(cx, ReduceOp::Max, x, axes)),
    op!("lax_reduce_min", "The smallest element over listed axes; of none the highest number of the type.", (x)
        { axes: I64s, "which axes"; } => |cx| lax::reduce(cx, ReduceOp::Min, x, axes)),
    op!("reduce_and", "Bitwise and over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| bitwise(cx, ReduceOp::And, "reduce_and", x, axes, keepdims)),
    op!("reduce_or", "Bitwise or over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| bitwise(cx, ReduceOp::Or, "reduce_or", x, axes, keepdims)),
    op!("reduce_xor", "Bitwise exclusive or over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| bitwise(cx, ReduceOp::Xor, "reduce_xor", x, axes, keepdims)),
    op!("all", "Whether all elements over axes differ from zero.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::all(cx, x, axes, keepdims)),
    op!("any", "Whether any element over axes differs from zero.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::any(cx, x, axes, keepdims)),
    op!("mean", "The arithmetic mean over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::mean(cx, x, axes, keepdims)),
    op!("norm", "The Euclidean norm over axes.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::norm(cx, x, axes, keepdims)),
    op!("logsumexp", "The logarithm of the sum of exponentials over axes, without overflow.", (x)
        { axes: I64s = &[], AXES; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::logsumexp(cx, x, axes, keepdims)),
    op!("var", "The variance over axes.", (x)
        { axes: I64s = &[], AXES; ddof: F64 = 0.0, DDOF; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::var(cx, x, axes, ddof, keepdims)),
    op!("std", "The standard deviation over axes.", (x)
        { axes: I64s = &[], AXES; ddof: F64 = 0.0, DDOF; keepdims: Bool = false, KEEPDIMS; }
        => |cx| numpy::std(cx, x, axes, ddof, keepdims)),
    op!("argmax", "The position of the first largest element, or of the first NaN.", (x)
        { axis: Axis = None, FLAT_AXIS; index_dtype: DType = None, INDEX; }
        => |cx| numpy::argmax(cx, x, axis, false, index_type(cx, index_dtype))),
    op!("argmin", "The position of the first smallest element, or of the first NaN.", (x)
        { axis: Axis = None, FLAT_AXIS; index_dtype: DType = None, INDEX; }
        => |cx| numpy::argmin(cx, x, axis, false, index_type(cx, index_dtype))),
    op!("cumsum", "The sums of all elements up to each one.", (x)
        { axis: Axis = None, FLAT_AXIS; reverse: Bool = false, "whether from the end"; }
        => |cx| numpy::cumsum(cx, x, axis, reverse)),
    op!("cumprod", "The products of all elements up to each one.", (x)
        { axis: Axis = None, FLAT_AXIS; reverse: Bool = false, "whether from the end"; }
        => |cx| numpy::cumprod(cx, x, axis, reverse)),
    op!("cummax", "The largest of all elements up to each one.", (x)
        { axis: Axis = None, FLAT_AXIS; reverse: Bool = false, "whether from the end"; }
        => |cx| numpy::cummax(cx, x, axis, reverse)),
    op!("cummin", "The smallest of all elements up to each one.", (x)
        { axis: Axis = None, FLAT_AXIS; reverse: Bool = false, "whether from the end"; }
        => |cx| numpy::cummin(cx, x, axis, reverse)),
    op!("cumlogsumexp", "The logarithms of the sums of the exponentials of all elements up to each one.", (x)
        { axis: I64 = 0, "along which axis"; reverse: Bool = false, "whether from the end"; }
        => |cx| lax::cumlogsumexp(cx, x, axis, reverse)),
];

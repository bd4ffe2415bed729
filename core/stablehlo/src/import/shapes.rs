//! Operations that move elements.

use jaxrs_data::{Axes, ErrorKind, Result, Scalar, Shape, SmallVec};
use jaxrs_ir::prims::{
    BroadcastInDim, DynamicSlice, DynamicUpdateSlice, Fft, FftType, Iota, Pad, Rev, Slice,
    Transpose,
};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::elementwise::short_name;
use super::unsupported_form;
use crate::tree::Op;

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    Some(match (short_name(op), x) {
        ("broadcast_in_dim", [a]) => {
            op.result_type().and_then(|ty| broadcast(cx, op, a, &ty.shape))
        }
        ("reshape", [a]) => op.result_type().and_then(|ty| ops::reshape(cx, a, &ty.shape)),
        ("transpose", [_]) => transpose(cx, op, x),
        ("reverse", [a]) => reverse(cx, op, a),
        ("concatenate", [_, ..]) => op.size("dimension").and_then(|d| ops::concatenate(cx, x, d)),
        ("slice", [_]) => slice(cx, op, x),
        ("pad", [_, _]) => pad(cx, op, x),
        ("iota", []) => op.result_type().and_then(|ty| iota(cx, op, &ty.shape)),
        ("dynamic_slice", [_, ..]) => dynamic_slice(cx, op, x),
        ("dynamic_update_slice", [_, _, ..]) => ops::bind1(cx, DynamicUpdateSlice, x),
        ("fft", [_]) => fft(cx, op, x),
        ("partition_id" | "replica_id", []) => zero(cx, op),
        _ => return None,
    })
}

/// A broadcast to the shape that it has already is nothing.
pub(super) fn broadcast(cx: &Scope, op: &Op, a: &Value, shape: &Shape) -> Result<Value> {
    let dims = op.sizes("broadcast_dimensions")?;
    if a.shape() == shape && dims.iter().enumerate().all(|(k, &dim)| k == dim) {
        return Ok(a.clone());
    }
    if !dims.is_sorted() {
        return reordered(cx, a, shape, &dims);
    }
    let prim = BroadcastInDim { shape: shape.clone(), broadcast_dimensions: dims };
    ops::bind1(cx, prim, std::slice::from_ref(a))
}

/// A broadcast to axes in another order, which JAX's does not do.
fn reordered(cx: &Scope, a: &Value, shape: &Shape, dims: &[usize]) -> Result<Value> {
    let mut order: SmallVec<[usize; 4]> = (0..dims.len()).collect();
    order.sort_by_key(|&axis| dims[axis]);
    let moved = ops::transpose(cx, a, &order)?;
    let broadcast_dimensions = order.iter().map(|&axis| dims[axis]).collect();
    ops::bind1(cx, BroadcastInDim { shape: shape.clone(), broadcast_dimensions }, &[moved])
}

fn transpose(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    ops::bind1(cx, Transpose { permutation: op.sizes("permutation")? }, x)
}

fn reverse(cx: &Scope, op: &Op, a: &Value) -> Result<Value> {
    let dimensions = Axes::new("reverse", &op.ints("dimensions")?, a.ty().rank())?;
    ops::bind1(cx, Rev { dimensions }, std::slice::from_ref(a))
}

fn slice(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let prim = Slice {
        start_indices: op.sizes("start_indices")?,
        limit_indices: op.sizes("limit_indices")?,
        strides: op.sizes("strides")?,
    };
    ops::bind1(cx, prim, x)
}

fn pad(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let [low, high] = [op.ints("edge_padding_low")?, op.ints("edge_padding_high")?];
    let interior = op.ints("interior_padding")?;
    if low.len() != high.len() || low.len() != interior.len() {
        return Err(op.error(ErrorKind::InvalidArgument, "needs paddings for the same axes"));
    }
    let sides = low.into_iter().zip(high).zip(interior);
    let padding_config = sides.map(|((low, high), interior)| (low, high, interior)).collect();
    ops::bind1(cx, Pad { padding_config }, x)
}

pub(super) fn iota(cx: &Scope, op: &Op, shape: &Shape) -> Result<Value> {
    let dimension = op.size("iota_dimension")?;
    let prim = Iota { dtype: op.result_dtype()?, shape: shape.clone(), dimension };
    ops::bind1(cx, prim, &[])
}

fn dynamic_slice(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let slice_sizes = op.sizes("slice_sizes")?.into_iter().collect();
    ops::bind1(cx, DynamicSlice { slice_sizes }, x)
}

fn fft(cx: &Scope, op: &Op, x: &[Value]) -> Result<Value> {
    let fft_type = match op.word("fft_type")? {
        "FFT" => FftType::Fft,
        "IFFT" => FftType::Ifft,
        "RFFT" => FftType::Rfft,
        "IRFFT" => FftType::Irfft,
        other => return Err(unsupported_form(op, format_args!("the type {other}"))),
    };
    let fft_lengths = op.sizes("fft_length")?.into_iter().collect();
    ops::bind1(cx, Fft { fft_type, fft_lengths }, x)
}

/// The number of the one device that there is.
fn zero(cx: &Scope, op: &Op) -> Result<Value> {
    let ty = op.result_type()?;
    ops::full(cx, ty, Scalar::zero(ty.dtype))
}

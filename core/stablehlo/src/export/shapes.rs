//! Operations that move elements.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_ir::prims::FftType;
use jaxrs_ir::{Prim, Value, ops};

use super::Outputs;
use super::emitter::{Emitter, Named, int, ints, signed, word};
use super::sorting::in_bytes;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    let (name, attributes): (&str, Vec<Named>) = match prim {
        Prim::BroadcastInDim(p) => {
            let dims = p.broadcast_dimensions.iter().copied();
            ("broadcast_in_dim", vec![("broadcast_dimensions", ints(dims))])
        }
        Prim::Reshape(_) | Prim::Squeeze(_) => ("reshape", vec![]),
        Prim::Transpose(p) => {
            ("transpose", vec![("permutation", ints(p.permutation.iter().copied()))])
        }
        Prim::Rev(p) => ("reverse", vec![("dimensions", ints(p.dimensions.iter().copied()))]),
        Prim::Slice(p) => (
            "slice",
            vec![
                ("start_indices", ints(p.start_indices.iter().copied())),
                ("limit_indices", ints(p.limit_indices.iter().copied())),
                ("strides", ints(p.strides.iter().copied())),
            ],
        ),
        Prim::Pad(p) => ("pad", padding(&p.padding_config)),
        Prim::Concatenate(p) => ("concatenate", vec![("dimension", int(p.dimension))]),
        Prim::Fft(p) => {
            let fft_type = match p.fft_type {
                FftType::Fft => "FFT",
                FftType::Ifft => "IFFT",
                FftType::Rfft => "RFFT",
                FftType::Irfft => "IRFFT",
            };
            let lengths = p.fft_lengths.iter().copied();
            ("fft", vec![("fft_type", word(fft_type)), ("fft_length", ints(lengths))])
        }
        _ => return others(e, prim, x, out),
    };
    if name == "concatenate" && out[0].dtype.bits() == 2 {
        return Some(joined(e, x, &out[0], attributes).map(|y| vec![y]));
    }
    Some(e.op1(name, x, &out[0], attributes).map(|y| vec![y]))
}

/// XLA joins no elements of 2 bits.
fn joined(e: &Emitter<'_>, x: &[Value], out: &Type, attributes: Vec<Named>) -> Result<Value> {
    let x = x.iter().map(|x| in_bytes(e, x)).collect::<Result<Vec<_>>>()?;
    let y = e.op1("concatenate", &x, &out.with_dtype(x[0].ty().dtype), attributes)?;
    ops::convert(e, &y, out.dtype)
}

fn others(e: &Emitter<'_>, prim: &Prim, x: &[Value], out: &[Type]) -> Option<Result<Outputs>> {
    let y = match (prim, x) {
        (Prim::Iota(p), _) => iota(e, &out[0], p.dimension),
        (Prim::Empty(_), _) => ops::full(e, &out[0], Scalar::zero(out[0].dtype)),
        (Prim::DynamicSlice(p), [a, starts @ ..]) => {
            let sizes = ints(p.slice_sizes.iter().copied());
            alike(e, starts).and_then(|starts| {
                let operands = [std::slice::from_ref(a), &starts[..]].concat();
                e.op1("dynamic_slice", &operands, &out[0], vec![("slice_sizes", sizes)])
            })
        }
        (Prim::DynamicUpdateSlice(_), [a, update, starts @ ..]) => {
            alike(e, starts).and_then(|starts| {
                let operands = [&[a.clone(), update.clone()], &starts[..]].concat();
                e.op1("dynamic_update_slice", &operands, &out[0], vec![])
            })
        }
        (Prim::Stack(p), _) => stack(e, x, p.axis),
        (Prim::Tile(p), [x]) => tile(e, x, &p.reps, &out[0].shape),
        (Prim::Split(p), [x]) => return Some(split(e, x, &p.sizes, p.axis)),
        (Prim::Unstack(p), [x]) => return Some(unstack(e, x, p.axis)),
        (Prim::Annotate(_), _) => {
            return Some(e.op("stablehlo.optimization_barrier", x, out, vec![], vec![]));
        }
        _ => return None,
    };
    Some(y.map(|y| vec![y]))
}

fn padding(config: &[(i64, i64, i64)]) -> Vec<Named> {
    vec![
        ("edge_padding_low", signed(config.iter().map(|side| side.0))),
        ("edge_padding_high", signed(config.iter().map(|side| side.1))),
        ("interior_padding", signed(config.iter().map(|side| side.2))),
    ]
}

/// Counting is of numbers; other types take theirs from 32-bit integers.
fn iota(e: &Emitter<'_>, out: &Type, dimension: usize) -> Result<Value> {
    let dtype = out.dtype;
    if dtype.is_bool() || dtype.is_narrow() {
        return ops::convert(e, &ops::iota(e, DType::I32, &out.shape, dimension)?, dtype);
    }
    e.op1("iota", &[], out, vec![("iota_dimension", int(dimension))])
}

/// Starts of one element type; unsigned ones beyond the signed range count as the largest.
fn alike(e: &Emitter<'_>, starts: &[Value]) -> Result<Vec<Value>> {
    starts.iter().map(|start| as_index(e, start)).collect()
}

/// An index as `i64`: where StableHLO clamps it, the sum with a size does not wrap.
pub(super) fn as_index(e: &Emitter<'_>, index: &Value) -> Result<Value> {
    if index.ty().dtype == DType::U64 {
        let last = Literal::scalar(DType::U64, Scalar::Int(i64::MAX));
        let bounded = ops::binary(e, jaxrs_ir::prims::Binary::Min, index, &Value::literal(last))?;
        return ops::convert(e, &bounded, DType::I64);
    }
    ops::convert(e, index, DType::I64)
}

fn stack(e: &Emitter<'_>, x: &[Value], axis: usize) -> Result<Value> {
    let rows = x.iter().map(|x| ops::expand_dim(e, x, axis)).collect::<Result<Vec<_>>>()?;
    ops::concatenate(e, &rows, axis)
}

/// Each axis beside a new one that repeats it.
fn tile(e: &Emitter<'_>, x: &Value, reps: &[usize], shape: &Shape) -> Result<Value> {
    let mut pairs: SmallVec<[usize; 8]> = SmallVec::new();
    let offset = reps.len() - x.ty().rank();
    for (k, &n) in reps.iter().enumerate() {
        let size = if k < offset { 1 } else { x.shape()[k - offset] };
        pairs.extend([n, size]);
    }
    let dims = (0..x.ty().rank()).map(|k| 2 * (k + offset) + 1);
    let wide = ops::broadcast_in_dim(e, x, &pairs.as_slice().into(), dims)?;
    ops::reshape(e, &wide, shape)
}

fn split(e: &Emitter<'_>, x: &Value, sizes: &[usize], axis: usize) -> Result<Outputs> {
    let mut start = 0;
    let mut pieces = Vec::new();
    for &size in sizes {
        pieces.push(ops::slice_in_dim(e, x, axis, start, start + size)?);
        start += size;
    }
    Ok(pieces)
}

fn unstack(e: &Emitter<'_>, x: &Value, axis: usize) -> Result<Outputs> {
    let rows = split(e, x, &vec![1; x.shape()[axis]], axis)?;
    rows.iter().map(|row| ops::squeeze(e, row, [axis])).collect()
}

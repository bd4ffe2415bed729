//! Elements chosen by conditions, positions and order.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::index::Index;
use super::shapes::{along, part};
use crate::operands::{constant_like, convert, host};

/// The positions of elements of the flattened array that differ from zero.
pub fn flatnonzero(cx: &Scope, x: &Value, size: Option<usize>, fill: f64) -> Result<Value> {
    Ok(super::nonzero(cx, &super::ravel(cx, x)?, size, &[fill])?.swap_remove(0))
}

/// The positions of elements that differ from zero, a row for each.
pub fn argwhere(cx: &Scope, x: &Value, size: Option<usize>, fill: f64) -> Result<Value> {
    let rank = x.ty().rank();
    if rank == 0 {
        let found = super::nonzero(cx, &super::atleast_1d(cx, x)?, size, &[fill])?.swap_remove(0);
        return super::zeros(cx, &[found.shape()[0], 0].into(), cx.defaults().int());
    }
    super::stack(cx, &super::nonzero(cx, x, size, &vec![fill; rank])?, 1)
}

/// Of the choices the first whose condition holds, element by element; else the last one, which has no condition.
pub fn select_first(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    let n = arrays.len() / 2;
    if arrays.len().is_multiple_of(2) || n == 0 {
        bail!(
            InvalidArgument,
            "select needs conditions, as many choices, and a default, got {} arrays",
            arrays.len()
        );
    }
    let (conditions, choices) = arrays.split_at(n);
    let (default, choices) =
        choices.split_last().ok_or_else(|| jaxrs_data::Error::internal("no default"))?;
    let mut result = default.clone();
    for (condition, choice) in conditions.iter().zip(choices).rev() {
        result = super::r#where(cx, condition, choice, &result)?;
    }
    Ok(result)
}

/// Element by element that of the array that a position names; `mode` says what happens out of range: `raise` (which
/// needs positions that are known), `wrap` or `clip`.
pub fn choose(cx: &Scope, x: &Value, choices: &[Value], mode: &str) -> Result<Value> {
    let n = choices.len();
    if !x.ty().dtype.is_integer() || n == 0 {
        bail!(InvalidArgument, "choose needs integers and choices, got {} and {n}", x.ty());
    }
    let x = match mode {
        "raise" if host(x)?.iter().all(|at| (0..n as i64).contains(&at.as_i64())) => x.clone(),
        "raise" => bail!(InvalidArgument, "choose got a position out of range of {n} choices"),
        "wrap" => super::remainder(cx, x, &constant_like(x, n as f64))?,
        "clip" => super::clip(
            cx,
            x,
            Some(&constant_like(x, 0.0)),
            Some(&constant_like(x, n as f64 - 1.0)),
        )?,
        _ => bail!(InvalidArgument, "choose takes mode raise, wrap or clip, got {mode:?}"),
    };
    let all: Vec<Value> = std::iter::once(x).chain(choices.iter().cloned()).collect();
    let all = super::broadcast_arrays(cx, &all)?;
    let stacked = super::stack(cx, &all[1..], 0)?;
    let which = super::expand_dims(cx, &all[0], &[0])?;
    ops::squeeze(cx, &super::take_along_axis(cx, &stacked, &which, 0, "clip")?, [0])
}

/// The elements along an axis where a condition holds; as many as `size` says, or as there are, which then has to be
/// known. Conditions may be fewer than elements.
pub fn compress(
    cx: &Scope,
    condition: &Value,
    x: &Value,
    axis: Option<i64>,
    (size, fill): (Option<usize>, f64),
) -> Result<Value> {
    if condition.ty().rank() != 1 {
        bail!(Shape, "compress needs a condition with 1 axis, got {}", condition.ty());
    }
    let (x, axis) = along(cx, "compress", x, axis)?;
    let x = super::moveaxis(cx, &x, &[axis as i64], &[0])?;
    let condition = super::to_bool(cx, condition)?;
    let n = condition.shape()[0].min(x.shape()[0]);
    let x = ops::slice_in_dim(cx, &x, 0, 0, n)?;
    let (holds, beyond) = (ops::slice_in_dim(cx, &condition, 0, 0, n)?, condition.shape()[0] - n);
    let result = match size {
        None if beyond > 0 && host(&condition)?.iter().skip(n).any(|holds| holds.is_nonzero()) => {
            bail!(
                InvalidArgument,
                "compress got a condition that holds beyond the {n} elements of {}",
                x.ty()
            )
        }
        None => part(cx, &x, &[Index::Array(holds)])?,
        Some(size) if size > n => {
            bail!(InvalidArgument, "compress needs a size of at most {n}, got {size}")
        }
        Some(size) => {
            let places = super::nonzero(cx, &holds, Some(size), &[])?.swap_remove(0);
            let read = part(cx, &x, &[Index::Array(places)])?;
            let shape: Shape = (0..x.ty().rank()).map(|i| if i == 0 { size } else { 1 }).collect();
            let count = super::sum(cx, &holds, &[], false)?;
            let is_one = super::less(cx, &ops::iota(cx, count.ty().dtype, &shape, 0)?, &count)?;
            super::select(cx, &is_one, &read, &constant_like(&read, fill))?
        }
    };
    super::moveaxis(cx, &result, &[0], &[axis as i64])
}

/// A place along an axis, from the end where negative.
fn place(name: &str, kth: i64, size: usize) -> Result<usize> {
    normalize_axis(name, kth, size)
}

/// The elements in an order where the k-th is in its place, smaller ones before, larger ones after.
pub fn partition(cx: &Scope, x: &Value, kth: i64, axis: i64) -> Result<Value> {
    let ([bottom, _], top, last) = split_at(cx, "partition", x, kth, axis)?;
    let joined = super::concatenate(cx, &[bottom, top], last)?;
    super::swapaxes(cx, &joined, last, axis)
}

type Split = ([Value; 2], Value, i64);

/// The smallest k + 1 elements along the last axis with their positions, and the other ones, largest first.
fn split_at(cx: &Scope, name: &str, x: &Value, kth: i64, axis: i64) -> Result<Split> {
    let rank = x.ty().rank();
    let axis = normalize_axis(name, axis, rank)?;
    if x.ty().dtype.is_complex() {
        bail!(Dtype, "{name} needs real numbers, got {}", x.ty());
    }
    let kth = place(name, kth, x.shape()[axis])?;
    let x = super::swapaxes(cx, x, axis as i64, -1)?;
    let size = x.shape()[rank - 1];
    let is_unsigned = x.ty().dtype.is_unsigned();
    let turned = |x: &Value| match is_unsigned {
        true => ops::unary(cx, jaxrs_ir::prims::Unary::Not, x),
        false => ops::neg(cx, x),
    };
    let [low, places] = crate::lax::top_k(cx, &turned(&x)?, kth as i64 + 1, -1)?;
    let [high, _] = crate::lax::top_k(cx, &x, (size - kth - 1) as i64, -1)?;
    Ok(([turned(&low)?, places], high, rank as i64 - 1))
}

/// The positions of elements in such an order.
pub fn argpartition(cx: &Scope, x: &Value, kth: i64, axis: i64) -> Result<Value> {
    let ([_, places], high, last) = split_at(cx, "argpartition", x, kth, axis)?;
    let turned = super::swapaxes(cx, x, axis, -1)?;
    let ones = super::full(cx, turned.shape(), 1.0, DType::F32)?;
    let zero = constant_like(&ones, 0.0);
    let rest = super::put_along_axis(cx, &ones, &places, &zero, (Some(-1), None))?;
    let [_, others] = crate::lax::top_k(cx, &rest, high.shape()[last as usize] as i64, -1)?;
    super::swapaxes(cx, &super::concatenate(cx, &[places, others], last)?, last, axis)
}

/// All elements sorted along the last axis, as complex numbers.
pub fn sort_complex(cx: &Scope, x: &Value) -> Result<Value> {
    let dtype = match x.ty().dtype {
        dtype if dtype.is_complex() => dtype,
        DType::F64 | DType::I64 | DType::U64 => DType::C128,
        _ => DType::C64,
    };
    convert(cx, &super::sort(cx, x, -1, false)?, dtype, false)
}

/// Bits packed into bytes along an axis, the first highest (`big`) or lowest (`little`).
pub fn packbits(cx: &Scope, x: &Value, axis: Option<i64>, bitorder: &str) -> Result<Value> {
    if !x.ty().dtype.is_integer() && !x.ty().dtype.is_bool() {
        bail!(Dtype, "packbits needs integers or truth values, got {}", x.ty());
    }
    let (x, axis) = along(cx, "packbits", x, axis)?;
    let bits = super::swapaxes(
        cx,
        &convert(cx, &super::to_bool(cx, &x)?, DType::U8, false)?,
        axis as i64,
        -1,
    )?;
    let rank = bits.ty().rank();
    let n = bits.shape()[rank - 1];
    let config: Vec<_> = (0..rank)
        .map(|i| (0, if i + 1 == rank { (n.div_ceil(8) * 8 - n) as i64 } else { 0 }, 0))
        .collect();
    let padded = ops::pad_zeros(cx, &bits, &config)?;
    let mut shape = padded.shape().without(rank - 1).with(rank - 1, n.div_ceil(8));
    shape = shape.with(rank, 8);
    let bits = ops::reshape(cx, &padded, &shape)?;
    let shifted = super::left_shift(cx, &bits, &shifts(cx, bitorder, rank + 1)?)?;
    let packed = ops::reduce_sum(cx, &shifted, [rank])?;
    super::swapaxes(cx, &packed, axis as i64, -1)
}

/// By how much each of 8 bits is shifted, along the last axis.
fn shifts(cx: &Scope, bitorder: &str, rank: usize) -> Result<Value> {
    let counted = ops::iota(cx, DType::U8, &[8].into(), 0)?;
    let shifts = match bitorder {
        "little" => counted,
        "big" => ops::rev(cx, &counted, [0])?,
        _ => bail!(InvalidArgument, "bits are in order big or little, got {bitorder:?}"),
    };
    super::expand_dims(cx, &shifts, &(0..rank as i64 - 1).collect::<Vec<_>>())
}

/// The bits of bytes along an axis; as many as `count` says.
pub fn unpackbits(
    cx: &Scope,
    x: &Value,
    axis: Option<i64>,
    count: Option<usize>,
    bitorder: &str,
) -> Result<Value> {
    if x.ty().dtype != DType::U8 {
        bail!(Dtype, "unpackbits needs u8, got {}", x.ty());
    }
    let (x, axis) = along(cx, "unpackbits", x, axis)?;
    let bytes = super::swapaxes(cx, &x, axis as i64, -1)?;
    let rank = bytes.ty().rank();
    let shifts = shifts(cx, bitorder, rank + 1)?;
    let shifted = super::right_shift_logical(cx, &super::expand_dims(cx, &bytes, &[-1])?, &shifts)?;
    let bits = super::bitwise_and(cx, &shifted, &constant_like(&shifted, 1.0))?;
    let mut shape = bytes.shape().clone();
    shape[rank - 1] *= 8;
    let mut bits = ops::reshape(cx, &bits, &shape)?;
    if let Some(count) = count {
        let change = count as i64 - shape[rank - 1] as i64;
        let config: Vec<_> =
            (0..rank).map(|i| (0, if i + 1 == rank { change } else { 0 }, 0)).collect();
        bits = ops::pad_zeros(cx, &bits, &config)?;
    }
    super::swapaxes(cx, &bits, axis as i64, -1)
}

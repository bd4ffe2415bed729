//! Writes of windows at many positions, combined with what is there.

use jaxrs_data::{Error, ErrorKind, Result, SmallVec};
use jaxrs_ir::prims::{Binary, Gather, IndexMode, Scatter, ScatterKind};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, Scope, VmapOptions, scan, vmap};

use super::elementwise::{on_bits, short_name};
use super::{Env, Outputs, indexing};
use crate::names::binary;
use crate::tree::{Op, Region};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    (short_name(op) == "scatter").then(|| scatter(env, op, x))
}

/// What a region does with the element that is there and the update, if it is one of JAX's.
fn scatter_kind(region: &Region) -> Option<ScatterKind> {
    let [(there, _), (update, _)] = &region.arguments[..] else { return None };
    let returned = region.returned().ok()?;
    if returned == [*update] {
        return Some(ScatterKind::Set);
    }
    let [op, _] = &region.ops[..] else { return None };
    let gives = op.results.iter().map(|(id, _)| *id).eq(returned.iter().copied());
    let in_order = op.operands == [*there, *update];
    let turned = op.operands == [*update, *there];
    if !gives || !(in_order || turned) {
        return None;
    }
    let dtype = op.result_dtype().ok()?;
    match on_bits(binary(short_name(op))?, dtype) {
        Binary::Add => Some(ScatterKind::Add),
        Binary::Sub if in_order => Some(ScatterKind::Sub),
        Binary::Mul => Some(ScatterKind::Mul),
        Binary::Min => Some(ScatterKind::Min),
        Binary::Max => Some(ScatterKind::Max),
        // Of truths, the largest is whether any is true.
        Binary::Or if dtype.is_bool() => Some(ScatterKind::Max),
        Binary::And if dtype.is_bool() => Some(ScatterKind::Min),
        _ => None,
    }
}

/// Operands, indices, and an update for each operand.
fn scatter(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let n = x.len() / 2;
    if x.len() < 3 || x.len() != 2 * n + 1 {
        let text = "needs operands, indices and updates for each operand";
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    let (operands, updates) = (&x[..n], &x[n + 1..]);
    let (indices, vector) = indexing::indices_last(env.scope, op, &x[n])?;
    let batching = op.sizes("scatter_indices_batching_dims")?;
    let kind = scatter_kind(op.region(0)?);
    let scatter = Scatter {
        kind: kind.unwrap_or(ScatterKind::Set),
        update_window_dims: op.sizes("update_window_dims")?,
        inserted_window_dims: op.sizes("inserted_window_dims")?,
        scatter_dims_to_operand_dims: op.sizes("scatter_dims_to_operand_dims")?,
        operand_batching_dims: op.sizes("input_batching_dims")?,
        scatter_indices_batching_dims: indexing::without(batching, vector),
        mode: IndexMode::FillOrDrop,
        unique_indices: op.flag("unique_indices")?,
    };
    if let (Some(_), [operand], [update]) = (kind, operands, updates) {
        let inputs = [operand.clone(), indices, update.clone()];
        return Ok(SmallVec::from_iter([ops::bind1(env.scope, scatter, &inputs)?]));
    }
    let (scatter, indices) = without_batching(env.scope, scatter, &indices)?;
    scatter_by(env, op, scatter, operands, &indices, updates)
}

/// The same scatter, where the position along an axis that operand and indices share is a component of the indices.
fn without_batching(cx: &Scope, scatter: Scatter, indices: &Value) -> Result<(Scatter, Value)> {
    let mut scatter = scatter;
    let axes = std::mem::take(&mut scatter.scatter_indices_batching_dims);
    let dims = std::mem::take(&mut scatter.operand_batching_dims);
    let (last, dtype) = (indices.ty().rank() - 1, indices.ty().dtype);
    let mut parts = vec![indices.clone()];
    for axis in axes {
        let mut shape = indices.shape().to_vec();
        shape[last] = 1;
        parts.push(ops::iota(cx, dtype, &shape.as_slice().into(), axis)?);
    }
    scatter.inserted_window_dims.extend(dims.iter().copied());
    scatter.inserted_window_dims.sort_unstable();
    scatter.scatter_dims_to_operand_dims.extend(dims);
    let indices =
        if parts.len() == 1 { indices.clone() } else { ops::concatenate(cx, &parts, last)? };
    Ok((scatter, indices))
}

/// The updates as rows: those of an index, which are windows, follow those of the index before.
fn rows(cx: &Scope, scatter: &Scatter, n: usize, updates: &Value) -> Result<Value> {
    let is_window = |axis: &usize| scatter.update_window_dims.contains(axis);
    let (windows, mut order): (Vec<usize>, Vec<usize>) =
        (0..updates.ty().rank()).partition(is_window);
    let n_index_axes = order.len();
    order.extend(windows);
    let moved = ops::transpose(cx, updates, &order)?;
    let shape = [&[n], &moved.shape()[n_index_axes..]].concat();
    ops::reshape(cx, &moved, &shape.as_slice().into())
}

/// Combines by a function of the caller's, of all operands at once: one update after the other, each element of a
/// window by itself.
fn scatter_by(
    env: &Env<'_>,
    op: &Op,
    scatter: Scatter,
    operands: &[Value],
    indices: &Value,
    updates: &[Value],
) -> Result<Outputs> {
    let cx = env.scope;
    let last = indices.ty().rank() - 1;
    let n = indices.shape().without(last).numel();
    if n == 0 || updates.iter().any(|update| update.ty().numel() == 0) {
        return Ok(operands.iter().cloned().collect());
    }
    let components = indices.shape()[last];
    let mut xs = vec![ops::reshape(cx, indices, &[n, components].as_slice().into())?];
    for update in updates {
        xs.push(rows(cx, &scatter, n, update)?);
    }
    let one = Scatter {
        update_window_dims: (0..scatter.update_window_dims.len()).collect(),
        unique_indices: true,
        ..scatter
    };
    let combine = vmap(&env.closure("scatter", op.region(0)?), VmapOptions::default());
    let n_operands = operands.len();
    let body = Function::new("scatter", move |cx: &Scope, x: &[Value]| {
        let (arrays, rest) = x.split_at(n_operands);
        let [index, updates @ ..] = rest else { return Err(Error::internal("a body of an index")) };
        one_update(cx, &one, &combine, arrays, index, updates)
    });
    Ok(scan(cx, &body, operands, &xs, ScanOptions::default())?
        .into_iter()
        .take(n_operands)
        .collect())
}

/// What is there and the updates go to the function; what it gives is written.
fn one_update(
    cx: &Scope,
    scatter: &Scatter,
    combine: &Function,
    arrays: &[Value],
    index: &Value,
    updates: &[Value],
) -> Result<Vec<Value>> {
    let mut arguments = Vec::new();
    let flat = |v: &Value| ops::reshape(cx, v, &[v.ty().numel()].as_slice().into());
    for (array, update) in arrays.iter().zip(updates) {
        arguments.push(flat(&read_window(cx, scatter, array, index, update)?)?);
    }
    for update in updates {
        arguments.push(flat(update)?);
    }
    let combined = combine.call(cx, &arguments)?;
    let write = |((array, update), value): ((&Value, &Value), &Value)| {
        let window = ops::reshape(cx, value, update.shape())?;
        ops::bind1(cx, scatter.clone(), &[array.clone(), index.clone(), window])
    };
    arrays.iter().zip(updates).zip(&combined).map(write).collect()
}

/// The window that an update would be written to.
fn read_window(
    cx: &Scope,
    scatter: &Scatter,
    array: &Value,
    index: &Value,
    update: &Value,
) -> Result<Value> {
    let mut sizes = update.shape().iter();
    let slice_sizes = (0..array.ty().rank())
        .map(|axis| match scatter.inserted_window_dims.contains(&axis) {
            true => 1,
            false => sizes.next().copied().unwrap_or(1),
        })
        .collect();
    let gather = Gather {
        offset_dims: scatter.update_window_dims.clone(),
        collapsed_slice_dims: scatter.inserted_window_dims.clone(),
        start_index_map: scatter.scatter_dims_to_operand_dims.clone(),
        operand_batching_dims: SmallVec::new(),
        start_indices_batching_dims: SmallVec::new(),
        slice_sizes,
        mode: IndexMode::Clip,
        fill_value: None,
    };
    ops::bind1(cx, gather, &[array.clone(), index.clone()])
}

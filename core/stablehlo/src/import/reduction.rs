//! Combining elements: whole axes, windows, and writes of windows.

use jaxrs_api::lax::{Padding, WindowOptions, reduce_by, reduce_window};
use jaxrs_data::{Error, ErrorKind, Result, SmallVec};
use jaxrs_ir::prims::{Binary, IndexMode, Scatter, ScatterKind, SelectAndScatter};
use jaxrs_ir::rules::sliding::Window;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, VmapOptions, make_jaxpr, scan, vmap};

use super::elementwise::{binary, on_bits, short_name};
use super::{Env, Outputs, contraction, indexing, unsupported_form};
use crate::tree::{Op, Region};

pub(super) fn apply(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Option<Result<Outputs>> {
    Some(match short_name(op) {
        "reduce" => reduce(env, op, x),
        "reduce_window" => windows(env, op, x),
        "select_and_scatter" => select_and_scatter(env, op, x),
        "scatter" => scatter(env, op, x),
        "map" => map(env, op, x),
        _ => return None,
    })
}

fn halves<'x>(op: &Op, x: &'x [Value]) -> Result<(&'x [Value], &'x [Value])> {
    if x.is_empty() || !x.len().is_multiple_of(2) {
        let text = "needs operands and an initial value for each";
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    Ok(x.split_at(x.len() / 2))
}

fn reduce(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let (operands, inits) = halves(op, x)?;
    let computation = env.closure("reduce", op.region(0)?);
    let dimensions = op.ints("dimensions")?;
    if dimensions.is_empty() {
        // Nothing is combined but the initial value.
        return Ok(operands.iter().cloned().collect());
    }
    let out = reduce_by(env.scope, operands, inits, &computation, &dimensions)?;
    Ok(out.into_iter().collect())
}

fn windows(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let (operands, inits) = halves(op, x)?;
    let computation = env.closure("reduce_window", op.region(0)?);
    let dimensions = op.sizes("window_dimensions")?;
    let (strides, base_dilation) = (op.sizes("window_strides")?, op.sizes("base_dilations")?);
    let (padding, window_dilation) =
        (contraction::padding(op, dimensions.len())?, op.sizes("window_dilations")?);
    let options = WindowOptions {
        dimensions: &dimensions,
        strides: &strides,
        padding: Padding::Explicit(&padding),
        base_dilation: &base_dilation,
        window_dilation: &window_dilation,
    };
    let out = reduce_window(env.scope, operands, inits, &computation, &options)?;
    Ok(out.into_iter().collect())
}

fn select_and_scatter(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let [operand, source, init] = x else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs an operand, a source and a value"));
    };
    let scalar = operand.ty().with_shape(&[][..]).with_weak(false);
    let program = |name: &str, index: usize| {
        let function = env.closure(name, op.region(index)?);
        let traced = make_jaxpr(&function, env.scope, &[scalar.clone(), scalar.clone()])?;
        if traced.consts.is_empty() {
            return Ok(traced.jaxpr);
        }
        Err(unsupported_form(op, "a region that uses values from around it"))
    };
    let (select_jaxpr, scatter_jaxpr) = (program("select", 0)?, program("scatter", 1)?);
    let dimensions = op.sizes("window_dimensions")?.to_vec();
    let rank = dimensions.len();
    let strides = op.sizes("window_strides")?;
    let window = Window {
        strides: if strides.is_empty() { vec![1; rank] } else { strides.to_vec() },
        padding: contraction::padding(op, rank)?,
        base_dilation: vec![1; rank],
        window_dilation: vec![1; rank],
        dimensions,
    };
    let prim = SelectAndScatter { select_jaxpr, scatter_jaxpr, window };
    let inputs = [operand.clone(), source.clone(), init.clone()];
    Ok(SmallVec::from_iter([ops::bind1(env.scope, prim, &inputs)?]))
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
    let dtype = op.result_type().ok()?.dtype;
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

fn scatter(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let [operand, indices, updates] = x else {
        return Err(unsupported_form(op, "several operands"));
    };
    let (indices, vector) = indexing::indices_last(env.scope, op, indices)?;
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
    let out = match kind {
        Some(_) => ops::bind1(env.scope, scatter, &[operand.clone(), indices, updates.clone()])?,
        None => scatter_by(env, op, scatter, [operand, &indices, updates])?,
    };
    Ok(SmallVec::from_iter([out]))
}

/// Combines by a function of the caller's: one update after the other, each an element of its own. Positions come from
/// scattering the numbers of updates' elements, so that the meaning of the dimension numbers stands in one place.
fn scatter_by(
    env: &Env<'_>,
    op: &Op,
    scatter: Scatter,
    [operand, indices, updates]: [&Value; 3],
) -> Result<Value> {
    let combine = vmap(&env.closure("scatter", op.region(0)?), VmapOptions::default());
    let index_shape = indices.shape().without(indices.ty().rank() - 1);
    let n = index_shape.numel();
    if n == 0 || updates.ty().numel() == 0 {
        return Ok(operand.clone());
    }
    // The update axes that run over indices come first, in one; those over windows stay.
    let rank = updates.ty().rank();
    let is_window = |axis: &usize| scatter.update_window_dims.contains(axis);
    let (windows, mut order): (Vec<usize>, Vec<usize>) = (0..rank).partition(is_window);
    let n_index_axes = order.len();
    order.extend(&windows);
    if !scatter.operand_batching_dims.is_empty() {
        return Err(unsupported_form(op, "a general function and batching dimensions"));
    }
    let cx = env.scope;
    let moved = ops::transpose(cx, updates, &order)?;
    let window_shape = &moved.shape()[n_index_axes..];
    let rows = ops::reshape(cx, &moved, &[&[n], window_shape].concat().as_slice().into())?;
    let components = indices.shape()[indices.ty().rank() - 1];
    let index_rows = ops::reshape(cx, indices, &[n, components].as_slice().into())?;
    let one = Scatter {
        update_window_dims: (0..windows.len()).collect(),
        unique_indices: true,
        ..scatter
    };
    let body = Function::new("scatter", move |cx, x: &[Value]| {
        let [array, index, update] = x else { return Err(Error::internal("a body of three")) };
        let there = read_window(cx, &one, array, index, update)?;
        let n = update.ty().numel();
        let flat = |v: &Value| ops::reshape(cx, v, &[n].as_slice().into());
        let combined = combine.call(cx, &[flat(&there)?, flat(update)?])?;
        let combined = ops::reshape(cx, &combined[0], update.shape())?;
        Ok(vec![ops::bind1(cx, one.clone(), &[array.clone(), index.clone(), combined])?])
    });
    let mut out = scan(
        cx,
        &body,
        std::slice::from_ref(operand),
        &[index_rows, rows],
        ScanOptions::default(),
    )?;
    Ok(out.swap_remove(0))
}

/// The window that an update would be written to.
fn read_window(
    cx: &jaxrs_transform::Scope,
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
    let gather = jaxrs_ir::prims::Gather {
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

/// The region for each element.
fn map(env: &mut Env<'_>, op: &Op, x: &[Value]) -> Result<Outputs> {
    let each = vmap(&env.closure("map", op.region(0)?), VmapOptions::default());
    let Some(first) = x.first() else {
        return Err(op.error(ErrorKind::InvalidArgument, "needs operands"));
    };
    let (cx, shape) = (env.scope, first.shape().clone());
    let n = [shape.numel()];
    let flat = x.iter().map(|x| ops::reshape(cx, x, &n.as_slice().into()));
    let out = each.call(cx, &flat.collect::<Result<Vec<_>>>()?)?;
    out.iter().map(|y| ops::reshape(cx, y, &shape)).collect()
}

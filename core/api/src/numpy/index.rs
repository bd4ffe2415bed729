//! Indexing as NumPy has it: `x[1:3, ..., None, ids]`, and JAX's `x.at[index]`.
//!
//! An index is a list of [`Index`]; in text it is written as in Python, with `@` in the place of each array.

mod parse;
mod plan;
mod update;

use std::ops::Range;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail};
use jaxrs_ir::prims::{DynamicSlice, Gather, IndexMode};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

pub use parse::parse_index;
use plan::Plan;
pub use update::*;

use crate::operands::host;

/// One part of an index.
#[derive(Clone, Debug)]
pub enum Index {
    /// One position; negative ones count from the end.
    At(i64),
    /// `start:stop:step`, of which each may be missing.
    Slice(Option<i64>, Option<i64>, Option<i64>),
    /// `...`: all axes that the other parts leave.
    Ellipsis,
    /// `None`: a new axis of size 1.
    NewAxis,
    /// Positions along one axis; or truth values along as many axes as they have.
    Array(Value),
}

const FULL: Index = Index::Slice(None, None, None);

/// A part of an index and the axes that it is about.
type Placed = (Index, Range<usize>);

/// All parts with their axes, where ellipses and masks are written out: masks of unknown content become as
/// many positions as `size` says.
fn placed(cx: &Scope, shape: &Shape, index: &[Index], size: Option<usize>) -> Result<Vec<Placed>> {
    let consumed = |part: &Index| match part {
        Index::NewAxis | Index::Ellipsis => 0,
        Index::At(_) | Index::Slice(..) => 1,
        Index::Array(array) if array.ty().dtype.is_bool() => array.ty().rank(),
        Index::Array(_) => 1,
    };
    let total: usize = index.iter().map(consumed).sum();
    let ellipses = index.iter().filter(|part| matches!(part, Index::Ellipsis)).count();
    if total > shape.rank() || ellipses > 1 {
        bail!(
            Shape,
            "an index of {total} axes and {ellipses} ellipses does not fit an array of shape {shape}; it needs \
             at most {} and 1",
            shape.rank()
        );
    }
    let mut result = Vec::new();
    let mut axis = 0;
    for part in index.iter().chain((ellipses == 0).then_some(&Index::Ellipsis)) {
        match part {
            Index::Ellipsis => {
                let rest = shape.rank() - total;
                result.extend((axis..axis + rest).map(|axis| (FULL, axis..axis + 1)));
                axis += rest;
            }
            Index::Array(mask) if mask.ty().dtype.is_bool() && mask.ty().rank() > 0 => {
                let axes = axis..axis + mask.ty().rank();
                let positions = positions_of(cx, mask, &shape[axes.clone()], size)?;
                result.extend(
                    positions.into_iter().map(Index::Array).zip(axes.clone().map(|a| a..a + 1)),
                );
                axis = axes.end;
            }
            part => {
                result.push((part.clone(), axis..axis + consumed(part)));
                axis += consumed(part);
            }
        }
    }
    Ok(result)
}

/// Where a mask is true; beyond that, positions that are out of range.
fn positions_of(
    cx: &Scope,
    mask: &Value,
    dims: &[usize],
    size: Option<usize>,
) -> Result<Vec<Value>> {
    if mask.shape().iter().zip(dims).any(|(&of_mask, &dim)| of_mask != 0 && of_mask != dim) {
        bail!(Shape, "a mask of shape {} does not fit axes of sizes {dims:?}", mask.shape());
    }
    if let Some(size) = size {
        let beyond: Vec<f64> = dims.iter().map(|&dim| dim as f64).collect();
        return super::nonzero(cx, mask, Some(size), &beyond);
    }
    let mask = host(mask)?;
    let all: Vec<_> = (0..mask.len()).filter(|&i| mask.get(i).is_nonzero()).collect();
    let places: Vec<_> = all.iter().map(|&i| mask.ty().shape.unravel(i)).collect();
    let along = |axis: usize| {
        let ty = Type::new(DType::I32, [places.len()]);
        Value::literal(Literal::from_fn(ty, |i| Scalar::Uint(places[i][axis] as u64)))
    };
    Ok((0..dims.len()).map(along).collect())
}

/// How reading an index treats positions out of range.
#[derive(Clone, Copy, Debug)]
pub struct GetOptions {
    /// As [`IndexMode`]; without one, positions out of range read the nearest element.
    pub mode: Option<IndexMode>,
    /// What [`IndexMode::FillOrDrop`] reads out of range, instead of NaN or its like.
    pub fill_value: Option<f64>,
    /// How many elements a mask has at most, if it is not known; the others are out of range.
    pub size: Option<usize>,
}

/// `x[index]`.
pub fn getitem(cx: &Scope, x: &Value, index: &[Index], options: GetOptions) -> Result<Value> {
    let parts = placed(cx, x.shape(), index, options.size)?;
    let clips = options.mode != Some(IndexMode::FillOrDrop);
    let is_scalar = |part: &Index| match part {
        Index::Array(array) => array.ty().rank() == 0 && array.ty().dtype.is_integer(),
        _ => true,
    };
    if clips && parts.iter().all(|(part, _)| is_scalar(part)) {
        return sliced(cx, x, &parts);
    }
    let plan = Plan::new(cx, "getitem", x.shape(), &parts)?;
    let x = plan.with_bool_axes(cx, x)?;
    if plan.slice_shape.numel() == 0 {
        return ops::full(cx, &x.ty().with_shape(plan.slice_shape.clone()), Scalar::Int(0));
    }
    let mode = options.mode.unwrap_or(IndexMode::PromiseInBounds);
    let read = plan.read(cx, &x, mode, options.fill_value)?;
    let read =
        if plan.reversed.is_empty() { read } else { ops::rev(cx, &read, plan.reversed.clone())? };
    super::expand_dims(cx, &read, &plan.newaxis)
}

/// A slice as numbers: start, count and step, the start being the first element that is read.
pub(crate) fn slice_of(
    (start, stop, step): (Option<i64>, Option<i64>, Option<i64>),
    size: usize,
) -> Result<(usize, usize, i64)> {
    let (step, n) = (step.unwrap_or(1), size as i64);
    if step == 0 {
        bail!(InvalidArgument, "a slice needs a step that is not 0");
    }
    // Where a slice that goes backwards may stand: one before the start to the last element.
    let (low, high) = if step > 0 { (0, n) } else { (-1, n - 1) };
    let place = |given: Option<i64>, default: i64| match given {
        None => default,
        Some(at) => (if at < 0 { at.saturating_add(n) } else { at }).clamp(low, high),
    };
    let (first, last) = if step > 0 { (0, n) } else { (n - 1, -1) };
    let (start, stop) = (place(start, first), place(stop, last));
    let distance = if step > 0 { stop - start } else { start - stop };
    let count = if distance <= 0 { 0 } else { (distance - 1) / step.saturating_abs() + 1 };
    Ok((start.max(0) as usize, count as usize, step))
}

/// An index of numbers, slices and computed scalars: slices, dynamic where a number is computed.
fn sliced(cx: &Scope, x: &Value, parts: &[Placed]) -> Result<Value> {
    let mut value = x.clone();
    let (mut rows, mut squeezed, mut reversed, mut new) =
        (Slices::default(), Vec::new(), Vec::new(), Vec::new());
    for (part, axes) in parts {
        let axis = axes.start;
        match part {
            Index::NewAxis => {
                new.push((rows.start.len() - squeezed.len() + new.len()) as i64);
                continue;
            }
            Index::At(_) | Index::Array(_) if x.shape()[axis] == 0 => {
                bail!(Shape, "no position is in range of axis {axis} of {}", x.ty());
            }
            Index::At(at) => {
                let n = x.shape()[axis] as i64;
                let at = if *at < 0 { at.saturating_add(n) } else { *at }.clamp(0, n - 1) as usize;
                rows.push(at, at + 1, 1);
                squeezed.push(axis);
            }
            Index::Array(at) => {
                value = one_along(cx, &value, at, axis)?;
                rows.push(0, 1, 1);
                squeezed.push(axis);
            }
            Index::Slice(start, stop, step) => {
                let (start, count, step) = slice_of((*start, *stop, *step), x.shape()[axis])?;
                let stride = step.unsigned_abs() as usize;
                let span = count.saturating_sub(1).saturating_mul(stride);
                let low = if step < 0 { start.saturating_sub(span) } else { start };
                rows.push(low, if count == 0 { low } else { low + span + 1 }, stride);
                if step < 0 {
                    reversed.push(axis);
                }
            }
            Index::Ellipsis => {}
        }
    }
    if !rows.is_trivial(value.shape()) {
        value = ops::slice(cx, &value, &rows.start, &rows.limit, &rows.stride)?;
    }
    let value = if reversed.is_empty() { value } else { ops::rev(cx, &value, reversed)? };
    super::expand_dims(cx, &ops::squeeze(cx, &value, squeezed)?, &new)
}

/// The numbers of a static slice.
#[derive(Default)]
struct Slices {
    start: Vec<usize>,
    limit: Vec<usize>,
    stride: Vec<usize>,
}

impl Slices {
    fn push(&mut self, start: usize, limit: usize, stride: usize) {
        self.start.push(start);
        self.limit.push(limit);
        self.stride.push(stride);
    }

    fn is_trivial(&self, shape: &Shape) -> bool {
        self.start.iter().all(|&at| at == 0)
            && self.limit[..] == shape[..]
            && self.stride.iter().all(|&by| by == 1)
    }
}

/// The element at a computed position along an axis, which keeps size 1.
fn one_along(cx: &Scope, x: &Value, at: &Value, axis: usize) -> Result<Value> {
    let at = plan::wrapped(cx, at, x.shape()[axis])?;
    let zero = Value::literal(Literal::scalar(at.ty().dtype, Scalar::Int(0)));
    let mut operands = vec![x.clone()];
    operands.extend((0..x.ty().rank()).map(|i| if i == axis { at.clone() } else { zero.clone() }));
    let mut slice_sizes = x.shape().clone();
    slice_sizes[axis] = 1;
    ops::bind1(cx, DynamicSlice { slice_sizes }, &operands)
}

impl Plan {
    /// The windows that the plan is about, as [`Gather`] reads them.
    fn gather(&self, mode: IndexMode, fill_value: Option<i64>) -> Gather {
        Gather {
            offset_dims: self.offset_dims.clone(),
            collapsed_slice_dims: self.collapsed_slice_dims.clone(),
            start_index_map: self.start_index_map.clone(),
            operand_batching_dims: SmallVec::new(),
            start_indices_batching_dims: SmallVec::new(),
            slice_sizes: self.slice_sizes.clone(),
            mode,
            fill_value,
        }
    }

    fn read(&self, cx: &Scope, x: &Value, mode: IndexMode, fill: Option<f64>) -> Result<Value> {
        let operands = |x: &Value| [x.clone(), self.indices.clone()];
        match fill {
            Some(fill) if mode == IndexMode::FillOrDrop && !fill.is_nan() => {
                if fill.fract() == 0.0 && fill.abs() < 2f64.powi(53) {
                    return ops::bind1(cx, self.gather(mode, Some(fill as i64)), &operands(x));
                }
                let inside = super::full(cx, x.shape(), 1.0, DType::Bool)?;
                let inside = ops::bind1(cx, self.gather(mode, Some(0)), &operands(&inside))?;
                let read = ops::bind1(cx, self.gather(mode, Some(0)), &operands(x))?;
                super::select(cx, &inside, &read, &crate::operands::constant_like(x, fill))
            }
            _ => ops::bind1(cx, self.gather(mode, None), &operands(x)),
        }
    }
}

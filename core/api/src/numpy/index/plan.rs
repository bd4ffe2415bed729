//! An index as the windows of one gather, or of one scatter.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::{Index, Placed, slice_of};
use crate::operands::{broadcast, broadcast_shape, constant_like, host};

/// Windows, and what is done to them after reading and before writing.
pub(super) struct Plan {
    /// The shape of what is read, new axes included, before axes are turned around.
    pub(super) slice_shape: Shape,
    /// Places of new axes in what is read.
    pub(super) newaxis: Vec<i64>,
    /// Axes that go backwards, before new axes are put in.
    pub(super) reversed: Vec<usize>,
    /// Axes of the operand that truth values in the index put in.
    pub(super) bool_axes: Vec<i64>,
    /// Whether no position can occur twice.
    pub(super) is_distinct: bool,
    /// Positions, their components along the last axis.
    pub(super) indices: Value,
    pub(super) offset_dims: SmallVec<[usize; 4]>,
    pub(super) collapsed_slice_dims: SmallVec<[usize; 4]>,
    pub(super) start_index_map: SmallVec<[usize; 4]>,
    pub(super) slice_sizes: Shape,
}

/// Positions of the type that indices have, negative ones counted from the end.
pub(super) fn wrapped(cx: &Scope, indices: &Value, size: usize) -> Result<Value> {
    let dtype = indices.ty().dtype;
    if !dtype.is_integer() {
        bail!(Dtype, "an index needs integers or truth values, got {}", indices.ty());
    }
    let index_dtype = if size > i32::MAX as usize { DType::I64 } else { DType::I32 };
    if dtype.is_unsigned() {
        // What no index can hold is out of range, wherever that is.
        let most = constant_like(indices, f64::from(i32::MAX));
        let wide = dtype.bits() >= 32 && index_dtype == DType::I32;
        let narrow =
            if wide { super::super::minimum(cx, indices, &most)? } else { indices.clone() };
        return ops::convert(cx, &narrow, index_dtype);
    }
    let wide =
        if dtype.bits() < 32 { ops::convert(cx, indices, index_dtype)? } else { indices.clone() };
    let negative = ops::compare(cx, Compare::Lt, &wide, &constant_like(&wide, 0.0))?;
    let shifted = ops::add(cx, &wide, &constant_like(&wide, size as f64))?;
    ops::convert(cx, &ops::select(cx, &negative, &shifted, &wide)?, index_dtype)
}

/// Truth values without axes stand for an axis of size 1 that is read once or not at all.
fn with_bools_as_arrays(shape: &Shape, parts: &[Placed]) -> Result<(Shape, Vec<Placed>, Vec<i64>)> {
    let (mut shape, mut result, mut axes) = (shape.clone(), Vec::new(), Vec::new());
    for (part, of) in parts {
        let start = of.start + axes.len();
        match part {
            Index::Array(holds) if holds.ty().dtype.is_bool() => {
                let count = usize::from(host(holds)?.get(0).is_nonzero());
                let position = Literal::from_fn(jaxrs_data::Type::new(DType::I32, [count]), |_| {
                    Scalar::Int(0)
                });
                shape = shape.with(start, 1);
                result.push((Index::Array(Value::literal(position)), start..start + 1));
                axes.push(start as i64);
            }
            part => result.push((part.clone(), start..start + of.len())),
        }
    }
    Ok((shape, result, axes))
}

/// Parts of positions, each with the axis of the result that its own first axis is.
struct Positions {
    parts: Vec<(Value, usize)>,
    shape: Vec<usize>,
}

impl Positions {
    /// All components side by side, along a new last axis.
    fn joined(self, cx: &Scope) -> Result<Value> {
        if self.parts.is_empty() {
            let ty = jaxrs_data::Type::new(DType::I32, [0usize]);
            return Ok(Value::literal(Literal::from_fn(ty, |_| Scalar::Int(0))));
        }
        let full: Shape = self.shape.iter().copied().chain([1]).collect();
        let spread = |(part, start): &(Value, usize)| {
            ops::broadcast_in_dim(cx, part, &full, *start..start + part.ty().rank())
        };
        let spread = self.parts.iter().map(spread).collect::<Result<Vec<_>>>()?;
        match &spread[..] {
            [one] => Ok(one.clone()),
            many => ops::concatenate(cx, many, self.shape.len()),
        }
    }
}

impl Plan {
    pub(super) fn new(cx: &Scope, name: &str, shape: &Shape, parts: &[Placed]) -> Result<Plan> {
        let is_advanced = |part: &Index| match part {
            Index::At(_) => true,
            Index::Array(array) => !array.ty().dtype.is_bool(),
            _ => false,
        };
        let places: Vec<usize> = (0..parts.len()).filter(|&i| is_advanced(&parts[i].0)).collect();
        let is_contiguous = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
        let (shape, parts, bool_axes) = with_bools_as_arrays(shape, parts)?;
        let advanced = Advanced::new(cx, name, &shape, &parts)?;
        let first = advanced.places.first().map(|&first| if is_contiguous { first } else { 0 });
        let mut builder = Builder::new(&shape);
        for (place, (part, axes)) in parts.iter().enumerate() {
            if first == Some(place) {
                builder.positions(&advanced);
            }
            if advanced.places.contains(&place) {
                continue;
            }
            match part {
                Index::NewAxis => builder.new_axis(),
                Index::At(_) | Index::Array(_) if shape[axes.start] == 0 => {
                    bail!(
                        Shape,
                        "{name} finds no position in range of axis {} of shape {shape}",
                        axes.start
                    );
                }
                Index::At(at) => builder.number(position(*at, shape[axes.start]), axes.start),
                Index::Array(at) => builder.number(wrapped(cx, at, shape[axes.start])?, axes.start),
                Index::Slice(start, stop, step) => {
                    let slice = slice_of((*start, *stop, *step), shape[axes.start])?;
                    builder.slice(cx, slice, axes.start)?;
                }
                Index::Ellipsis => {}
            }
        }
        builder.done(cx, bool_axes, advanced.places.is_empty())
    }

    /// The operand with the axes that truth values in the index stand for.
    pub(super) fn with_bool_axes(&self, cx: &Scope, x: &Value) -> Result<Value> {
        super::super::expand_dims(cx, x, &self.bool_axes)
    }
}

/// A position that is known.
fn position(at: i64, size: usize) -> Value {
    let at = if at < 0 { at.saturating_add(size as i64) } else { at };
    let dtype = if size > i32::MAX as usize { DType::I64 } else { DType::I32 };
    let at = if dtype == DType::I32 { at.clamp(i32::MIN.into(), i32::MAX.into()) } else { at };
    Value::literal(Literal::scalar(dtype, Scalar::Int(at)))
}

/// Arrays of positions, broadcast together; numbers count where any array has axes.
struct Advanced {
    arrays: Vec<Value>,
    /// Their places in the index.
    places: Vec<usize>,
    /// The axes of the operand.
    axes: Vec<usize>,
    shape: Shape,
}

impl Advanced {
    fn new(cx: &Scope, name: &str, shape: &Shape, parts: &[Placed]) -> Result<Advanced> {
        let has_axes =
            |(part, _): &Placed| matches!(part, Index::Array(array) if array.ty().rank() > 0);
        let mut result = Advanced {
            arrays: Vec::new(),
            places: Vec::new(),
            axes: Vec::new(),
            shape: Shape::scalar(),
        };
        if !parts.iter().any(has_axes) {
            return Ok(result);
        }
        for (place, (part, axes)) in parts.iter().enumerate() {
            let array = match part {
                Index::At(at) => position(*at, shape[axes.start]),
                Index::Array(array) => wrapped(cx, array, shape[axes.start])?,
                _ => continue,
            };
            result.arrays.push(array);
            result.places.push(place);
            result.axes.push(axes.start);
        }
        result.shape =
            broadcast_shape(name, &result.arrays.iter().map(Value::shape).collect::<Vec<_>>())?;
        for array in &mut result.arrays {
            *array = broadcast(cx, name, array, &result.shape)?;
        }
        Ok(result)
    }
}

/// A plan that is being made, from the first part of the index to the last.
struct Builder {
    index_dtype: DType,
    dims: Shape,
    sizes: Shape,
    plan_shape: Vec<usize>,
    newaxis: Vec<i64>,
    reversed: Vec<usize>,
    offset_dims: SmallVec<[usize; 4]>,
    collapsed: Vec<usize>,
    map: SmallVec<[usize; 4]>,
    positions: Positions,
}

impl Builder {
    fn new(shape: &Shape) -> Builder {
        let wide = shape.iter().any(|&dim| dim > i32::MAX as usize);
        Builder {
            index_dtype: if wide { DType::I64 } else { DType::I32 },
            dims: shape.clone(),
            sizes: shape.iter().map(|_| 1).collect(),
            plan_shape: Vec::new(),
            newaxis: Vec::new(),
            reversed: Vec::new(),
            offset_dims: SmallVec::new(),
            collapsed: Vec::new(),
            map: SmallVec::new(),
            positions: Positions { parts: Vec::new(), shape: Vec::new() },
        }
    }

    /// The axis of the result, without new axes, that comes next.
    fn next_axis(&self) -> usize {
        self.plan_shape.len() - self.newaxis.len()
    }

    fn positions(&mut self, advanced: &Advanced) {
        let start = self.positions.shape.len();
        self.positions.parts.extend(advanced.arrays.iter().cloned().map(|array| (array, start)));
        self.positions.shape.extend(advanced.shape.iter());
        self.map.extend(advanced.axes.iter().copied());
        self.collapsed.extend(&advanced.axes);
        self.plan_shape.extend(advanced.shape.iter());
    }

    fn new_axis(&mut self) {
        self.newaxis.push(self.plan_shape.len() as i64);
        self.plan_shape.push(1);
    }

    fn number(&mut self, at: Value, axis: usize) {
        self.positions.parts.push((at, self.positions.shape.len()));
        self.collapsed.push(axis);
        self.map.push(axis);
    }

    fn slice(&mut self, cx: &Scope, slice: (usize, usize, i64), axis: usize) -> Result<()> {
        let (start, count, step) = slice;
        if step == 1 {
            self.sizes[axis] = count;
            if count != self.dims[axis] {
                let start = Literal::scalar(self.index_dtype, Scalar::Uint(start as u64));
                self.positions.parts.push((Value::literal(start), self.positions.shape.len()));
                self.map.push(axis);
            }
            self.offset_dims.push(self.next_axis());
        } else {
            let first =
                if step < 0 { start as i64 + (count as i64 - 1) * step } else { start as i64 };
            if step < 0 {
                self.reversed.push(self.next_axis());
            }
            let counted = ops::iota(cx, self.index_dtype, &[count].into(), 0)?;
            let scaled = ops::scale(cx, &counted, step.unsigned_abs() as f64)?;
            let positions = ops::offset(cx, &scaled, first as f64)?;
            self.positions.parts.push((positions, self.positions.shape.len()));
            self.positions.shape.push(count);
            self.map.push(axis);
            self.collapsed.push(axis);
        }
        self.plan_shape.push(count);
        Ok(())
    }

    fn done(mut self, cx: &Scope, bool_axes: Vec<i64>, is_distinct: bool) -> Result<Plan> {
        self.collapsed.sort_unstable();
        Ok(Plan {
            slice_shape: self.plan_shape.into_iter().collect(),
            newaxis: self.newaxis,
            reversed: self.reversed,
            bool_axes,
            is_distinct,
            indices: self.positions.joined(cx)?,
            offset_dims: self.offset_dims,
            collapsed_slice_dims: self.collapsed.into_iter().collect(),
            start_index_map: self.map,
            slice_sizes: self.sizes,
        })
    }
}

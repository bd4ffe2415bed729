//! Parts of sparse arrays of the layout `bcoo`.

use jaxrs_data::{DType, Result, Scalar, Shape, SmallVec, bail};
use jaxrs_ir::prims::{Binary, coordinates};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::arrange::{bcoo_sum_duplicates, data_where};
use super::{Bcoo, DataAndIndices};
use crate::lax;
use crate::operands::constant_like;

/// Which elements along an axis: from a start up to a limit, every so many.
#[derive(Clone, Copy, Debug)]
pub struct Range {
    /// The first.
    pub start: usize,
    /// One more than the last may be.
    pub limit: usize,
    /// How far from one to the next.
    pub stride: usize,
}

impl Range {
    fn len(self) -> usize {
        (self.limit - self.start).div_ceil(self.stride)
    }
}

/// A static part of an array, with a range for each axis.
pub fn bcoo_slice(cx: &Scope, x: Bcoo<'_>, ranges: &[Range]) -> Result<DataAndIndices> {
    let name = "bcoo_slice";
    x.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let fits = |(range, &size): (&Range, &usize)| {
        range.start <= range.limit && range.limit <= size && range.stride > 0
    };
    if ranges.len() != x.shape.len() || !ranges.iter().zip(x.shape).all(fits) {
        let shape = Shape::new(x.shape);
        bail!(Shape, "{name} needs ranges within {shape}, got {ranges:?}");
    }
    let (sparse, dense) = (&ranges[n..n + k], &ranges[n + k..]);
    let part = |value: &Value, dense: &[Range]| {
        let whole = |axis: usize| Range { start: 0, limit: value.shape()[axis], stride: 1 };
        let axis = |axis: usize| match axis {
            _ if axis < n && value.shape()[axis] == x.shape[axis] => ranges[axis],
            _ if axis > n => dense.get(axis - n - 1).copied().unwrap_or_else(|| whole(axis)),
            _ => whole(axis),
        };
        let ranges: SmallVec<[Range; 4]> = (0..value.ty().rank()).map(axis).collect();
        let of = |f: fn(&Range) -> usize| ranges.iter().map(f).collect::<SmallVec<[usize; 4]>>();
        ops::slice(cx, value, &of(|r| r.start), &of(|r| r.limit), &of(|r| r.stride))
    };
    let (data, indices) = (part(x.data, dense)?, part(x.indices, &[])?);
    let new_shape: Shape = ranges.iter().map(|range| range.len()).collect();
    let lens = &new_shape[n..n + k];
    let (mut columns, mut kept) = (Vec::with_capacity(k), None);
    for (axis, range) in sparse.iter().enumerate() {
        let column = coordinates::component(cx, &indices, axis)?;
        let (moved, inside) = within(cx, &column, *range)?;
        kept = and(cx, kept, inside)?;
        columns.push(moved);
    }
    shortened(cx, (data, indices), &new_shape, lens, (columns, kept))
}

fn and(cx: &Scope, all: Option<Value>, more: Value) -> Result<Option<Value>> {
    match all {
        Some(all) => ops::binary(cx, Binary::And, &all, &more).map(Some),
        None => Ok(Some(more)),
    }
}

/// The positions in a range, and whether indices are in it.
fn within(cx: &Scope, column: &Value, range: Range) -> Result<(Value, Value)> {
    let number = |value: usize| constant_like(column, value as f64);
    let moved = ops::sub(cx, column, &number(range.start))?;
    let after = ops::compare(cx, Compare::Ge, column, &number(range.start))?;
    let before = ops::compare(cx, Compare::Lt, column, &number(range.limit))?;
    let mut inside = ops::binary(cx, Binary::And, &after, &before)?;
    if range.stride > 1 {
        let rest = ops::binary(cx, Binary::Rem, &moved, &number(range.stride))?;
        let whole = ops::compare(cx, Compare::Eq, &rest, &number(0))?;
        inside = ops::binary(cx, Binary::And, &inside, &whole)?;
        return Ok((ops::binary(cx, Binary::Div, &moved, &number(range.stride))?, inside));
    }
    Ok((moved, inside))
}

/// The elements that are kept, and no more of them than there is room for.
fn shortened(
    cx: &Scope,
    (data, indices): DataAndIndices,
    shape: &Shape,
    lens: &[usize],
    (columns, kept): (Vec<Value>, Option<Value>),
) -> Result<DataAndIndices> {
    let Some(kept) = kept else { return Ok((data, indices)) };
    let n = kept.ty().rank();
    let moved = coordinates::stacked(cx, &columns)?;
    let limits = coordinates::repeated(cx, moved.ty(), lens)?;
    let all = ops::broadcast_in_dim(cx, &kept, moved.shape(), 0..n)?;
    let indices = ops::select(cx, &all, &moved, &limits)?;
    let data = data_where(cx, &kept, &data)?;
    let most: usize = lens.iter().product();
    if indices.shape()[n - 1] <= most {
        return Ok((data, indices));
    }
    bcoo_sum_duplicates(cx, Bcoo { data: &data, indices: &indices, shape }, Some(most))
}

/// A part of an array, of a size that is known, from starts that are scalars. It is moved so that it fits.
pub fn bcoo_dynamic_slice(
    cx: &Scope,
    x: Bcoo<'_>,
    starts: &[Value],
    slice_sizes: &[usize],
) -> Result<DataAndIndices> {
    let name = "bcoo_dynamic_slice";
    x.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let fits = slice_sizes.iter().zip(x.shape).all(|(size, whole)| size <= whole);
    let are_positions = starts.iter().all(|s| s.ty().rank() == 0 && s.ty().dtype.is_integer());
    let counts = [starts.len(), slice_sizes.len()];
    if counts != [x.shape.len(); 2] || !fits || !are_positions {
        let shape = Shape::new(x.shape);
        bail!(
            Shape,
            "{name} needs an integer start and a size for each axis of {shape}, got {slice_sizes:?}"
        );
    }
    let zero = ops::scalar(DType::I32, 0.0);
    let start = |axis: usize, size: usize| match size == x.shape[axis] {
        true => Ok(zero.clone()),
        false => ops::convert(cx, &starts[axis], DType::I32),
    };
    let part = |value: &Value, dense: bool| {
        let mut at = Vec::new();
        let mut sizes: Vec<i64> = value.shape().iter().map(|&size| size as i64).collect();
        for (axis, new_size) in sizes.iter_mut().enumerate() {
            let of = if axis < n { Some(axis) } else { (dense && axis > n).then(|| axis + k - 1) };
            match of.filter(|&of| value.shape()[axis] == x.shape[of]) {
                Some(of) => {
                    *new_size = slice_sizes[of] as i64;
                    at.push(start(of, slice_sizes[of])?);
                }
                None => at.push(zero.clone()),
            }
        }
        lax::dynamic_slice(cx, value, &at, &sizes)
    };
    let (data, indices) = (part(x.data, true)?, part(x.indices, false)?);
    let (mut columns, mut kept) = (Vec::with_capacity(k), None);
    let lens = &slice_sizes[n..n + k];
    for (axis, &len) in lens.iter().enumerate() {
        let column = coordinates::component(cx, &indices, axis)?;
        let start = bounded_start(cx, &starts[n + axis], x.shape[n + axis], len, &column)?;
        let moved = ops::sub(cx, &column, &start)?;
        let after = ops::compare(cx, Compare::Ge, &moved, &constant_like(&moved, 0.0))?;
        let before = ops::compare(cx, Compare::Lt, &moved, &constant_like(&moved, len as f64))?;
        kept = and(cx, kept, ops::binary(cx, Binary::And, &after, &before)?)?;
        columns.push(moved);
    }
    shortened(cx, (data, indices), &Shape::new(slice_sizes), lens, (columns, kept))
}

/// A start, counted from the end if it is negative, such that the part fits; of the type of a column.
fn bounded_start(
    cx: &Scope,
    start: &Value,
    size: usize,
    len: usize,
    like: &Value,
) -> Result<Value> {
    let start = ops::convert(cx, start, like.ty().dtype)?;
    let number = |value: usize| constant_like(&start, value as f64);
    let negative = ops::compare(cx, Compare::Lt, &start, &number(0))?;
    let start = ops::select(cx, &negative, &ops::add(cx, &start, &number(size))?, &start)?;
    let start = ops::binary(cx, Binary::Max, &start, &constant_like(&start, 0.0))?;
    let last = constant_like(&start, (size - len) as f64);
    let start = ops::binary(cx, Binary::Min, &start, &last)?;
    ops::broadcast_in_dim(cx, &start, like.shape(), [])
}

/// The product, element by element, of two arrays with the same numbers of batch and dense axes, whose axes
/// have the same size or size 1. It has room for each pair of elements.
pub fn bcoo_multiply_sparse(cx: &Scope, x: Bcoo<'_>, y: Bcoo<'_>) -> Result<DataAndIndices> {
    let name = "bcoo_multiply_sparse";
    x.check(name)?;
    y.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let alike = x.shape.len() == y.shape.len() && (y.n_batch(), y.n_sparse()) == (n, k);
    let fit = x.shape.iter().zip(y.shape).all(|(&a, &b)| a == b || a == 1 || b == 1);
    if !alike || !fit {
        let shapes = (Shape::new(x.shape), Shape::new(y.shape));
        bail!(
            Shape,
            "{name} needs arrays with the same kinds of axes, got shapes {} and {}",
            shapes.0,
            shapes.1
        );
    }
    let batch: Shape = x.shape.iter().zip(y.shape).map(|(a, b)| *a.max(b)).take(n).collect();
    let whole = |value: &Value| coordinates::with_batch(cx, value, &batch);
    let (left, right) = (whole(x.indices)?, whole(y.indices)?);
    let pairs: Shape = batch.iter().copied().chain([x.nse(), y.nse()]).collect();
    let order = matching_pairs(cx, (&left, &right), (&x, &y), &pairs)?;
    let nse = x.nse() * y.nse();
    let limit = constant_like(&order, nse as f64);
    let is_pair = ops::compare(cx, Compare::Lt, &order, &limit)?;
    let second = constant_like(&order, y.nse().max(1) as f64);
    let i = ops::binary(cx, Binary::Div, &order, &second)?;
    let j = ops::binary(cx, Binary::Rem, &order, &second)?;
    let at = |value: &Value, at: &Value| {
        coordinates::blocks(cx, value, n, &ops::expand_dim(cx, at, n + 1)?, true)
    };
    let [a, b] = crate::operands::promoted(cx, [x.data, y.data])?;
    let (a, b) = (at(&whole(&a)?, &i)?, at(&whole(&b)?, &j)?);
    let dense: Shape = a.shape().iter().zip(b.shape().iter()).map(|(a, b)| *a.max(b)).collect();
    let full = |value: &Value| ops::broadcast_in_dim(cx, value, &dense, 0..dense.rank());
    let data = data_where(cx, &is_pair, &ops::mul(cx, &full(&a)?, &full(&b)?)?)?;
    let found = ops::binary(cx, Binary::Max, &at(&left, &i)?, &at(&right, &j)?)?;
    let beyond = x.shape.iter().chain(y.shape).copied().max().unwrap_or(0);
    let beyond = ops::full(cx, found.ty(), Scalar::Int(beyond as i64))?;
    let is_pair = ops::broadcast_in_dim(cx, &is_pair, found.shape(), 0..=n)?;
    Ok((data, ops::select(cx, &is_pair, &found, &beyond)?))
}

/// The numbers of the pairs whose indices meet, in order; after them the number of all pairs.
fn matching_pairs(
    cx: &Scope,
    (left, right): (&Value, &Value),
    (x, y): (&Bcoo<'_>, &Bcoo<'_>),
    pairs: &Shape,
) -> Result<Value> {
    let n = pairs.rank() - 2;
    let ty = jaxrs_data::Type::new(DType::Bool, pairs.clone());
    let mut all = ops::full(cx, &ty, Scalar::Bool(true))?;
    for axis in (0..x.n_sparse()).filter(|k| x.shape[n + k] != 1 && y.shape[n + k] != 1) {
        let l = coordinates::component(cx, left, axis)?;
        let r = coordinates::component(cx, right, axis)?;
        let l = ops::broadcast_in_dim(cx, &l, pairs, 0..=n)?;
        let r = ops::broadcast_in_dim(cx, &r, pairs, (0..n).chain([n + 1]))?;
        all = ops::binary(cx, Binary::And, &all, &ops::compare(cx, Compare::Eq, &l, &r)?)?;
    }
    let flat: Shape = pairs[..n].iter().copied().chain([pairs[n] * pairs[n + 1]]).collect();
    let all = ops::reshape(cx, &all, &flat)?;
    let number = ops::iota(cx, DType::I32, &flat, n)?;
    let none = ops::full(cx, number.ty(), Scalar::Int(flat[n] as i64))?;
    let number = ops::select(cx, &all, &number, &none)?;
    let sort = jaxrs_ir::prims::Sort { dimension: n, num_keys: 1, is_stable: true };
    ops::bind1(cx, sort, &[number])
}

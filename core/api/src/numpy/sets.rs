//! Distinct elements, and sets of them. Results have as many elements as `size` says, or as there are, which then has
//! to be known.

use jaxrs_data::{DType, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::{Binary, ScatterKind, Sort};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::index::{GetOptions, Index, at, getitem};
use super::shapes::{READING, WRITING, part, part_along};
use crate::operands::{constant, constant_like, host, promoted};

/// How many elements a result has, and what stands beyond those that there are.
#[derive(Clone, Copy, Debug)]
pub struct Extent {
    /// How many; as many as there are if missing.
    pub size: Option<usize>,
    /// What stands beyond; the smallest element if missing, for most functions.
    pub fill_value: Option<f64>,
}

/// What to tell about distinct elements.
#[derive(Clone, Copy, Debug)]
pub struct UniqueOptions {
    /// Along which axis slices are compared; elements if missing.
    pub axis: Option<i64>,
    /// Whether NaN equals NaN.
    pub equal_nan: bool,
    /// How many results.
    pub extent: Extent,
}

/// What there is to know about distinct elements.
pub struct Unique {
    /// The distinct elements in order.
    pub values: Value,
    /// Where each occurs first.
    pub indices: Value,
    /// For each element its place among the distinct ones.
    pub inverse: Value,
    /// How often each occurs.
    pub counts: Value,
    /// How many there are.
    true_size: Value,
}

/// The order of slices along axis 0, elements before being more important than those after.
fn order(cx: &Scope, x: &Value) -> Result<Value> {
    let (rows, columns) = (x.shape()[0], x.ty().numel() / x.shape()[0].max(1));
    let flat = ops::reshape(cx, x, &[rows, columns].into())?;
    let columns =
        (0..columns).map(|i| ops::squeeze(cx, &ops::slice_in_dim(cx, &flat, 1, i, i + 1)?, [1]));
    let keys = columns.collect::<Result<Vec<_>>>()?;
    super::lexsort(cx, &keys.into_iter().rev().collect::<Vec<_>>(), -1)
}

/// The distinct elements, or slices along an axis, in order.
pub fn unique(cx: &Scope, x: &Value, options: UniqueOptions) -> Result<Unique> {
    let (flat, axis) = super::shapes::along(cx, "unique", x, options.axis)?;
    let mut result = distinct(cx, &super::moveaxis(cx, &flat, &[axis as i64], &[0])?, options)?;
    result.values = super::moveaxis(cx, &result.values, &[0], &[axis as i64])?;
    if options.axis.is_none() {
        result.inverse = ops::reshape(cx, &result.inverse, x.shape())?;
    }
    Ok(result)
}

fn distinct(cx: &Scope, x: &Value, options: UniqueOptions) -> Result<Unique> {
    let int = cx.defaults().int();
    let n = x.shape()[0];
    if x.ty().numel() == 0 {
        return nothing(cx, x, options.extent);
    }
    let perm = order(cx, x)?;
    let sorted = part(cx, x, &[Index::Array(perm.clone())])?;
    let mask = starts(cx, &sorted, options.equal_nan)?;
    let size = match options.extent.size {
        Some(size) => size,
        None => host(&mask)?.iter().filter(|starts| starts.is_nonzero()).count(),
    };
    let found = super::nonzero(cx, &mask, Some(size), &[])?.swap_remove(0);
    let true_size = super::sum(cx, &mask, &[], false)?;
    let mut values = part(cx, &sorted, &[Index::Array(found.clone())])?;
    if let (Some(_), Some(fill)) = (options.extent.size, options.extent.fill_value) {
        values = filled(cx, &values, &true_size, &constant_like(&values, fill))?;
    }
    let ranks = ops::offset(cx, &super::cumsum(cx, &mask, Some(0), false)?, -1.0)?;
    let zeros = super::zeros(cx, &[n].into(), int)?;
    let inverse = at(cx, ScatterKind::Set, &zeros, &[Index::Array(perm.clone())], &ranks, WRITING)?;
    // Where the next ones begin; the last ends where all do.
    let mut ends = super::nonzero(cx, &mask, Some(size + 1), &[])?.swap_remove(0);
    let later = part_along(cx, &ends, 0, Some(1), None)?;
    let later = super::r#where(cx, &later, &later, &constant(int, n as f64))?;
    ends = super::concatenate(cx, &[part_along(cx, &ends, 0, None, Some(1))?, later], 0)?;
    let counts = ops::sub(
        cx,
        &part_along(cx, &ends, 0, Some(1), None)?,
        &part_along(cx, &ends, 0, None, Some(-1))?,
    )?;
    let indices = part(cx, &perm, &[Index::Array(found)])?;
    Ok(Unique { values, indices, inverse, counts, true_size })
}

/// Where a row of sorted ones differs from the one before.
fn starts(cx: &Scope, sorted: &Value, equal_nan: bool) -> Result<Value> {
    let (now, before) =
        (part_along(cx, sorted, 0, Some(1), None)?, part_along(cx, sorted, 0, None, Some(-1))?);
    let mut differ = super::not_equal(cx, &now, &before)?;
    if equal_nan && sorted.ty().dtype.is_inexact() {
        let both = super::logical_and(cx, &super::isnan(cx, &now)?, &super::isnan(cx, &before)?)?;
        differ = super::logical_and(cx, &differ, &super::logical_not(cx, &both)?)?;
    }
    let others: Vec<i64> = (1..sorted.ty().rank() as i64).collect();
    let differ = if others.is_empty() { differ } else { super::any(cx, &differ, &others, false)? };
    super::concatenate(cx, &[super::full(cx, &[1].into(), 1.0, DType::Bool)?, differ], 0)
}

/// The first elements along axis 0, as many as there are, and another one beyond.
fn filled(cx: &Scope, x: &Value, count: &Value, fill: &Value) -> Result<Value> {
    let shape: Shape = (0..x.ty().rank()).map(|i| if i == 0 { x.shape()[0] } else { 1 }).collect();
    let counted = ops::iota(cx, count.ty().dtype, &shape, 0)?;
    super::select(cx, &super::less(cx, &counted, count)?, x, fill)
}

/// No elements: no results, or fill values only.
fn nothing(cx: &Scope, x: &Value, extent: Extent) -> Result<Unique> {
    let int = cx.defaults().int();
    let n = x.shape()[0];
    let size = extent.size.unwrap_or(0);
    if size > 0 && extent.fill_value.is_none() && n == 0 {
        bail!(InvalidArgument, "unique of no elements needs a fill value for {size} results");
    }
    let mut shape = x.shape().clone();
    shape[0] = if extent.size.is_some() { size } else { n.min(1) };
    let fill = Scalar::Float(extent.fill_value.unwrap_or(0.0));
    let zeros = |n: usize| super::zeros(cx, &[n].into(), int);
    Ok(Unique {
        values: ops::full(cx, &x.ty().with_shape(shape), fill)?,
        indices: zeros(1.min(x.ty().numel()))?,
        inverse: zeros(n)?,
        counts: super::full(cx, &[n.min(1)].into(), n as f64, int)?,
        true_size: constant(int, 0.0),
    })
}

/// Both flattened, at one element type.
fn flat(cx: &Scope, x: &Value, y: &Value) -> Result<[Value; 2]> {
    let [x, y] = promoted(cx, [x, y])?;
    Ok([super::ravel(cx, &x)?, super::ravel(cx, &y)?])
}

/// Whether each element of `x` is (or with `invert` is not) one of `y`.
pub fn isin(cx: &Scope, x: &Value, y: &Value, invert: bool) -> Result<Value> {
    let shape = x.shape().clone();
    let [x, y] = flat(cx, x, y)?;
    if x.ty().numel() == 0 || y.ty().numel() == 0 {
        return super::full(cx, &shape, f64::from(u8::from(invert)), DType::Bool);
    }
    let equal =
        super::equal(cx, &super::expand_dims(cx, &x, &[1])?, &super::expand_dims(cx, &y, &[0])?)?;
    let found = super::any(cx, &equal, &[1], false)?;
    let result = if invert { super::logical_not(cx, &found)? } else { found };
    ops::reshape(cx, &result, &shape)
}

const DISTINCT: UniqueOptions =
    UniqueOptions { axis: None, equal_nan: true, extent: Extent { size: None, fill_value: None } };

fn distinct_of(cx: &Scope, x: &Value, size: Option<usize>, fill: Option<f64>) -> Result<Unique> {
    unique(cx, x, UniqueOptions { extent: Extent { size, fill_value: fill }, ..DISTINCT })
}

/// The elements of either, in order.
pub fn union1d(cx: &Scope, x: &Value, y: &Value, extent: Extent) -> Result<Value> {
    let all = super::append(cx, x, y, None)?;
    Ok(distinct_of(cx, &all, extent.size, extent.fill_value)?.values)
}

/// The elements of `x` that are not in `y`, in order.
pub fn setdiff1d(
    cx: &Scope,
    x: &Value,
    y: &Value,
    assume_unique: bool,
    extent: Extent,
) -> Result<Value> {
    let mut x = super::ravel(cx, x)?;
    let fill = constant_like(&x, extent.fill_value.unwrap_or(0.0));
    if x.ty().numel() == 0 {
        return super::broadcast_to(cx, &fill, &[extent.size.unwrap_or(0)].into());
    }
    let mut count = None;
    if !assume_unique {
        let all = extent.size.map(|_| x.ty().numel());
        let unique = distinct_of(cx, &x, all, None)?;
        (x, count) = (unique.values, Some(unique.true_size));
    }
    let mask = isin(cx, &x, y, true)?;
    let Some(size) = extent.size else {
        return part(cx, &x, &[Index::Array(mask)]);
    };
    let mask = match count {
        Some(count) => filled(cx, &mask, &count, &constant(DType::Bool, 0.0))?,
        None => mask,
    };
    let found = super::nonzero(cx, &mask, Some(size), &[])?.swap_remove(0);
    filled(cx, &part(cx, &x, &[Index::Array(found)])?, &super::sum(cx, &mask, &[], false)?, &fill)
}

/// Distinct elements of both one after the other, sorted beyond those that there are, and which count.
struct Both {
    sorted: Value,
    /// For each sorted element where it stood.
    places: Value,
    counts: Value,
    first: Unique,
    second: Unique,
}

fn both(cx: &Scope, x: &Value, y: &Value, assume_unique: bool, sized: bool) -> Result<Both> {
    let int = cx.defaults().int();
    let all = |x: &Value| -> Result<Unique> {
        if assume_unique {
            let n = x.ty().numel();
            let counted = ops::iota(cx, int, &[n].into(), 0)?;
            let true_size = constant(int, n as f64);
            let (inverse, counts) = (counted.clone(), counted.clone());
            return Ok(Unique { values: x.clone(), indices: counted, inverse, counts, true_size });
        }
        distinct_of(cx, x, sized.then(|| x.ty().numel()), sized.then_some(0.0))
    };
    let (first, second) = (all(x)?, all(y)?);
    let joined = super::concatenate(cx, &[first.values.clone(), second.values.clone()], 0)?;
    let n = first.values.shape()[0];
    let counted = |size: usize| ops::iota(cx, int, &[size].into(), 0);
    let counts = |unique: &Unique, size: usize| super::less(cx, &counted(size)?, &unique.true_size);
    let real = super::concatenate(
        cx,
        &[counts(&first, n)?, counts(&second, second.values.shape()[0])?],
        0,
    )?;
    let places = counted(joined.shape()[0])?;
    let sort = Sort { dimension: 0, num_keys: 2, is_stable: true };
    let sorted = cx.bind(&sort.into(), &[super::logical_not(cx, &real)?, joined, places])?;
    let counts = super::logical_not(cx, &sorted[0])?;
    Ok(Both { sorted: sorted[1].clone(), places: sorted[2].clone(), counts, first, second })
}

/// Elements where the mask holds; beyond, a fill value, or the largest for one and the smallest of all.
fn chosen(cx: &Scope, x: &Value, mask: &Value, extent: Extent) -> Result<(Value, Value)> {
    let n = x.shape()[0];
    let places = super::nonzero(cx, mask, extent.size, &[n as f64])?.swap_remove(0);
    let options = GetOptions {
        mode: Some(jaxrs_ir::prims::IndexMode::FillOrDrop),
        fill_value: Some(0.0),
        ..READING
    };
    let values = getitem(cx, x, &[Index::Array(places.clone())], options)?;
    let count = super::sum(cx, mask, &[], false)?;
    let values = match extent {
        Extent { size: None | Some(0), .. } => values,
        Extent { fill_value: Some(fill), .. } => {
            filled(cx, &values, &count, &constant_like(&values, fill))?
        }
        Extent { fill_value: None, .. } => {
            let once = filled(cx, &values, &count, &super::max(cx, &values, &[], false)?)?;
            filled(cx, &once, &count, &super::min(cx, &once, &[], false)?)?
        }
    };
    Ok((values, places))
}

fn neighbours_equal(cx: &Scope, both: &Both) -> Result<Value> {
    let n = both.sorted.shape()[0];
    if n < 2 {
        return super::zeros(cx, &[0].into(), DType::Bool);
    }
    let (now, before) = (
        part_along(cx, &both.sorted, 0, Some(1), None)?,
        part_along(cx, &both.sorted, 0, None, Some(-1))?,
    );
    let equal = ops::compare(cx, Compare::Eq, &now, &before)?;
    ops::binary(cx, Binary::And, &equal, &part_along(cx, &both.counts, 0, Some(1), None)?)
}

/// The elements of both, in order; and where they are in either.
pub fn intersect1d(
    cx: &Scope,
    x: &Value,
    y: &Value,
    assume_unique: bool,
    extent: Extent,
) -> Result<Vec<Value>> {
    let [x, y] = flat(cx, x, y)?;
    let all = both(cx, &x, &y, assume_unique, extent.size.is_some())?;
    let equal = neighbours_equal(cx, &all)?;
    let (values, places) =
        chosen(cx, &part_along(cx, &all.sorted, 0, None, Some(-1))?, &equal, extent)?;
    let count = super::sum(cx, &equal, &[], false)?;
    let n = all.first.values.shape()[0];
    let where_in = |offset: f64, start: usize, unique: &Unique, size: usize| -> Result<Value> {
        let at = ops::offset(cx, &places, offset)?;
        let at = ops::offset(cx, &part(cx, &all.places, &[Index::Array(at)])?, -(start as f64))?;
        let at = part(cx, &unique.indices, &[Index::Array(at)])?;
        filled(cx, &at, &count, &constant_like(&at, size as f64))
    };
    let first = where_in(0.0, 0, &all.first, x.shape()[0])?;
    let second = where_in(1.0, n, &all.second, y.shape()[0])?;
    Ok(vec![values, first, second])
}

/// The elements of exactly one of both, in order.
pub fn setxor1d(
    cx: &Scope,
    x: &Value,
    y: &Value,
    assume_unique: bool,
    extent: Extent,
) -> Result<Value> {
    let [x, y] = flat(cx, x, y)?;
    let all = both(cx, &x, &y, assume_unique, extent.size.is_some())?;
    if all.sorted.shape()[0] == 0 {
        let shape: Shape = [extent.size.unwrap_or(0)].into();
        return super::full(cx, &shape, extent.fill_value.unwrap_or(0.0), x.ty().dtype);
    }
    let equal = neighbours_equal(cx, &all)?;
    let no = super::zeros(cx, &[1].into(), DType::Bool)?;
    let before = super::concatenate(cx, &[no.clone(), equal.clone()], 0)?;
    let after = super::concatenate(cx, &[equal, no], 0)?;
    let twice = ops::binary(cx, Binary::Or, &before, &after)?;
    let once = super::logical_and(cx, &super::logical_not(cx, &twice)?, &all.counts)?;
    Ok(chosen(cx, &all.sorted, &once, extent)?.0)
}

//! Shapes and orders: the same elements, arranged otherwise.

use jaxrs_data::promote;
use jaxrs_data::{Axes, Result, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::Pad;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{broadcast, broadcast_shape, convert};

/// The same elements in row-major order under another shape; one size may be −1.
pub fn reshape(cx: &Scope, x: &Value, sizes: &[i64]) -> Result<Value> {
    let numel = x.ty().numel();
    let mut dims: SmallVec<[i64; 4]> = sizes.into();
    let mut open = dims.iter_mut().filter(|dim| **dim == -1);
    if let Some(dim) = open.next() {
        if open.next().is_some() {
            bail!(Shape, "reshape got sizes {sizes:?}, which leave more than one size open");
        }
        let others = sizes.iter().filter(|&&dim| dim != -1);
        let known = others.map(|&dim| dim.max(0) as u128).product::<u128>();
        if known == 0 || !(numel as u128).is_multiple_of(known) {
            bail!(Shape, "reshape cannot give {} the sizes {sizes:?}", x.ty());
        }
        *dim = (numel as u128 / known) as i64;
    }
    let shape = Shape::from_user("reshape", &dims, x.ty().dtype.size_bytes())?;
    if shape.numel() != numel {
        bail!(
            Shape,
            "reshape needs as many elements before and after, but {} has {numel} and {shape} has {}",
            x.ty(),
            shape.numel()
        );
    }
    ops::reshape(cx, x, &shape)
}

/// All elements along one axis.
pub fn ravel(cx: &Scope, x: &Value) -> Result<Value> {
    reshape(cx, x, &[-1])
}

/// Axes in another order; without one, in reverse.
pub fn transpose(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let rank = x.ty().rank();
    if axes.is_empty() {
        let reversed: SmallVec<[usize; 4]> = (0..rank).rev().collect();
        return ops::transpose(cx, x, &reversed);
    }
    let permutation = permutation("transpose", axes, x)?;
    ops::transpose(cx, x, &permutation)
}

/// Reads an order of all axes of `x`.
pub(crate) fn permutation(name: &str, axes: &[i64], x: &Value) -> Result<SmallVec<[usize; 4]>> {
    let rank = x.ty().rank();
    if axes.len() != rank || Axes::new(name, axes, rank)?.len() != rank {
        bail!(Shape, "{name} needs each of the {rank} axes of {} once, got {axes:?}", x.ty());
    }
    axes.iter().map(|&axis| normalize_axis(name, axis, rank)).collect()
}

/// Exchanges two axes.
pub fn swapaxes(cx: &Scope, x: &Value, axis1: i64, axis2: i64) -> Result<Value> {
    let rank = x.ty().rank();
    let (a, b) =
        (normalize_axis("swapaxes", axis1, rank)?, normalize_axis("swapaxes", axis2, rank)?);
    let mut order: SmallVec<[usize; 4]> = (0..rank).collect();
    order.swap(a, b);
    ops::transpose(cx, x, &order)
}

/// Moves axes to other places; the others keep their order.
pub fn moveaxis(cx: &Scope, x: &Value, source: &[i64], destination: &[i64]) -> Result<Value> {
    let rank = x.ty().rank();
    if source.len() != destination.len() {
        bail!(
            InvalidArgument,
            "moveaxis needs as many sources as destinations, got {source:?} and {destination:?}"
        );
    }
    Axes::new("moveaxis", source, rank)?;
    Axes::new("moveaxis", destination, rank)?;
    let read = |axes: &[i64]| -> Result<Vec<usize>> {
        axes.iter().map(|&axis| normalize_axis("moveaxis", axis, rank)).collect()
    };
    let (from, to) = (read(source)?, read(destination)?);
    let mut order: SmallVec<[usize; 4]> = (0..rank).filter(|axis| !from.contains(axis)).collect();
    let mut moves: Vec<(usize, usize)> = to.into_iter().zip(from).collect();
    moves.sort_unstable();
    for (place, axis) in moves {
        order.insert(place, axis);
    }
    ops::transpose(cx, x, &order)
}

/// New axes of size 1 at these places of the result.
pub fn expand_dims(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let rank = x.ty().rank() + axes.len();
    let new = Axes::new("expand_dims", axes, rank)?;
    let old: SmallVec<[usize; 4]> = (0..rank).filter(|axis| !new.contains(axis)).collect();
    let mut shape: Shape = (0..rank).map(|_| 1).collect();
    old.iter().zip(x.shape().iter()).for_each(|(&axis, &dim)| shape[axis] = dim);
    ops::broadcast_in_dim(cx, x, &shape, old)
}

/// Drops axes of size 1; without a list, all of them.
pub fn squeeze(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let shape = x.shape();
    let dropped = if axes.is_empty() {
        Axes::from_distinct((0..shape.rank()).filter(|&axis| shape[axis] == 1))
    } else {
        Axes::new("squeeze", axes, shape.rank())?
    };
    if let Some(&axis) = dropped.iter().find(|&&axis| shape[axis] != 1) {
        bail!(
            Shape,
            "squeeze drops axes of size 1, but axis {axis} of {} has size {}",
            x.ty(),
            shape[axis]
        );
    }
    ops::squeeze(cx, x, dropped.iter().copied())
}

/// An array repeated to a shape by NumPy's rules.
pub fn broadcast_to(cx: &Scope, x: &Value, shape: &Shape) -> Result<Value> {
    broadcast(cx, "broadcast_to", x, shape)
}

/// The shape that shapes broadcast to together.
pub fn broadcast_shapes(shapes: &[&Shape]) -> Result<Shape> {
    broadcast_shape("broadcast_shapes", shapes)
}

/// Operands at one element type.
fn same_type(cx: &Scope, operands: &[Value]) -> Result<SmallVec<[Value; 4]>> {
    let (dtype, weak) = promote::promote(operands.iter().map(|x| x.ty()), cx.defaults())?;
    operands.iter().map(|x| convert(cx, x, dtype, weak)).collect()
}

/// Arrays joined along an axis.
pub fn concatenate(cx: &Scope, operands: &[Value], axis: i64) -> Result<Value> {
    let Some(first) = operands.first() else {
        bail!(InvalidArgument, "concatenate needs at least one array, got none");
    };
    let axis = normalize_axis("concatenate", axis, first.ty().rank())?;
    ops::concatenate(cx, &same_type(cx, operands)?, axis)
}

/// Arrays of one shape joined along a new axis.
pub fn stack(cx: &Scope, operands: &[Value], axis: i64) -> Result<Value> {
    let Some(first) = operands.first() else {
        bail!(InvalidArgument, "stack needs at least one array, got none");
    };
    if let Some(other) = operands.iter().find(|x| x.shape() != first.shape()) {
        bail!(Shape, "stack needs arrays of one shape, got {} and {}", first.ty(), other.ty());
    }
    let axis = normalize_axis("stack", axis, first.ty().rank() + 1)?;
    let mut expanded = same_type(cx, operands)?;
    for x in &mut expanded {
        *x = ops::expand_dim(cx, x, axis)?;
    }
    ops::concatenate(cx, &expanded, axis)
}

/// An array cut along an axis: into equal parts when `indices` is one number of parts, else at indices.
pub fn split(cx: &Scope, x: &Value, sections: i64, axis: i64) -> Result<Vec<Value>> {
    let axis = normalize_axis("split", axis, x.ty().rank())?;
    let size = x.shape()[axis];
    let parts = match usize::try_from(sections) {
        Ok(parts) if parts > 0 && size.is_multiple_of(parts) => parts,
        _ => bail!(Shape, "split needs a number of parts that divides {size}, got {sections}"),
    };
    let part = size / parts;
    (0..parts).map(|i| ops::slice_in_dim(cx, x, axis, i * part, (i + 1) * part)).collect()
}

/// As [`split`], at given indices.
pub fn split_at(cx: &Scope, x: &Value, indices: &[i64], axis: i64) -> Result<Vec<Value>> {
    let axis = normalize_axis("split", axis, x.ty().rank())?;
    let size = x.shape()[axis];
    let wrap = |&i: &i64| (if i < 0 { i + size as i64 } else { i }).clamp(0, size as i64) as usize;
    let cuts: Vec<usize> =
        std::iter::once(0).chain(indices.iter().map(wrap)).chain([size]).collect();
    cuts.windows(2)
        .map(|pair| ops::slice_in_dim(cx, x, axis, pair[0].min(size), pair[1].max(pair[0])))
        .collect()
}

/// Elements moved along an axis; what leaves at one end comes in at the other.
pub fn roll(cx: &Scope, x: &Value, shift: i64, axis: Option<i64>) -> Result<Value> {
    let Some(axis) = axis else {
        let rolled = roll(cx, &ravel(cx, x)?, shift, Some(0))?;
        return ops::reshape(cx, &rolled, x.shape());
    };
    let axis = normalize_axis("roll", axis, x.ty().rank())?;
    let size = x.shape()[axis];
    let shift = if size == 0 { 0 } else { shift.rem_euclid(size as i64) as usize };
    if shift == 0 {
        return Ok(x.clone());
    }
    let tail = ops::slice_in_dim(cx, x, axis, size - shift, size)?;
    let head = ops::slice_in_dim(cx, x, axis, 0, size - shift)?;
    ops::concatenate(cx, &[tail, head], axis)
}

/// The reverse order along some axes; without a list, along all.
pub fn flip(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    let axes = super::axes_of("flip", axes, x.ty().rank())?;
    if axes.is_empty() { Ok(x.clone()) } else { ops::rev(cx, x, axes.iter().copied()) }
}

/// Elements put before and after along each axis; negative numbers cut elements off.
pub fn pad(cx: &Scope, x: &Value, low: &[i64], high: &[i64], value: &Value) -> Result<Value> {
    let rank = x.ty().rank();
    if low.len() != rank || high.len() != rank {
        bail!(
            InvalidArgument,
            "pad needs low and high for each of the {rank} axes of {}, got {} and {}",
            x.ty(),
            low.len(),
            high.len()
        );
    }
    let value = convert(cx, value, x.ty().dtype, x.ty().weak)?;
    let padding_config = low.iter().zip(high).map(|(&low, &high)| (low, high, 0)).collect();
    ops::bind1(cx, Pad { padding_config }, &[x.clone(), value])
}

/// An array repeated along its axes.
pub fn tile(cx: &Scope, x: &Value, reps: &[i64]) -> Result<Value> {
    let rank = x.ty().rank().max(reps.len());
    let (new_axes, new_reps) = (rank - x.ty().rank(), rank - reps.len());
    let dims = |axis: usize| if axis < new_axes { 1 } else { x.shape()[axis - new_axes] as i64 };
    let rep = |axis: usize| if axis < new_reps { 1 } else { reps[axis - new_reps] };
    let spread: Vec<i64> = (0..rank).flat_map(|axis| [rep(axis), dims(axis)]).collect();
    let shape = Shape::from_user("tile", &spread, x.ty().dtype.size_bytes())?;
    let sources = (new_axes..rank).map(|axis| 2 * axis + 1);
    let repeated = ops::broadcast_in_dim(cx, x, &shape, sources)?;
    let joined: Shape = (0..rank).map(|axis| shape[2 * axis] * shape[2 * axis + 1]).collect();
    ops::reshape(cx, &repeated, &joined)
}

/// Each element repeated along an axis.
pub fn repeat(cx: &Scope, x: &Value, repeats: i64, axis: Option<i64>) -> Result<Value> {
    let (x, axis) = super::shapes::along(cx, "repeat", x, axis)?;
    let mut dims: SmallVec<[i64; 4]> = x.shape().iter().map(|&dim| dim as i64).collect();
    dims.insert(axis + 1, repeats);
    let shape = Shape::from_user("repeat", &dims, x.ty().dtype.size_bytes())?;
    let sources = (0..x.ty().rank()).map(|i| i + usize::from(i > axis));
    let repeated = ops::broadcast_in_dim(cx, &x, &shape, sources)?;
    let mut joined = shape.without(axis + 1);
    joined[axis] *= shape[axis + 1];
    ops::reshape(cx, &repeated, &joined)
}

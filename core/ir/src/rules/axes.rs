//! Lists of axes, and examples that lie along one of them.

use jaxrs_data::{Axes, DType, Error, Result, Shape, SmallVec, bail};

use crate::{Cx, ParamReader, Value, ops};

/// A list of axes in an order that means something.
pub type AxisList = SmallVec<[usize; 4]>;

/// The axes of an operand that has one more axis before all others.
pub fn shifted(axes: &[usize]) -> AxisList {
    axes.iter().map(|axis| axis + 1).collect()
}

/// The axes of an operand that has one more axis at `new`.
pub fn bumped(axes: &[usize], new: usize) -> AxisList {
    axes.iter().map(|&axis| axis + usize::from(axis >= new)).collect()
}

/// A list with one more number at its front.
pub fn with_front(front: usize, axes: &[usize]) -> AxisList {
    std::iter::once(front).chain(axes.iter().copied()).collect()
}

/// The axes of an array that are in none of the lists.
pub fn others(rank: usize, lists: &[&[usize]]) -> AxisList {
    (0..rank).filter(|axis| !lists.iter().any(|list| list.contains(axis))).collect()
}

/// The permutation that undoes one.
pub fn inverse(permutation: &[usize]) -> AxisList {
    let mut inverse: AxisList = SmallVec::from_elem(0, permutation.len());
    permutation.iter().enumerate().for_each(|(i, &axis)| inverse[axis] = i);
    inverse
}

/// Checks that axes are in range and distinct.
pub fn check_distinct(name: &str, what: &str, axes: &[usize], rank: usize) -> Result<()> {
    for (i, &axis) in axes.iter().enumerate() {
        if axis >= rank {
            bail!(InvalidArgument, "{name} needs {what} below {rank}, got {axes:?}");
        }
        if axes[..i].contains(&axis) {
            bail!(InvalidArgument, "{name} needs distinct {what}, got {axes:?}");
        }
    }
    Ok(())
}

/// Checks that axes are in range, distinct and increasing.
pub fn check_increasing(name: &str, what: &str, axes: &[usize], rank: usize) -> Result<()> {
    check_distinct(name, what, axes, rank)?;
    if !axes.is_sorted() {
        bail!(InvalidArgument, "{name} needs increasing {what}, got {axes:?}");
    }
    Ok(())
}

/// Checks that an array of this shape has no more bytes than memory can address.
pub fn check_addressable(name: &str, shape: &Shape, dtype: DType) -> Result<()> {
    let sizes: SmallVec<[i64; 4]> = shape.iter().map(|&size| size as i64).collect();
    Shape::from_user(name, &sizes, dtype.size_bytes()).map(drop)
}

/// Reads a parameter that is a set of axes.
pub fn read(name: &str, params: &ParamReader<'_>, key: &str) -> Result<Axes, Error> {
    let axes: AxisList = params.sizes(key)?;
    check_distinct(name, key, &axes, usize::MAX)?;
    Ok(Axes::from_distinct(axes))
}

/// An operand with its examples along axis 0; one that is the same for all is repeated.
pub fn to_front(cx: Cx<'_>, size: usize, value: &Value, axis: Option<usize>) -> Result<Value> {
    match axis {
        Some(axis) => ops::move_axis(cx, value, axis, 0),
        None => {
            let rank = value.ty().rank();
            ops::broadcast_in_dim(cx, value, &value.shape().with(0, size), 1..=rank)
        }
    }
}

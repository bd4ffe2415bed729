//! Systems of equations whose unknowns are arrays.

use jaxrs_data::{Result, Shape, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{inv, solve};
use crate::numpy;

/// The inverse of the map from the last axes to the first `ind` ones.
pub fn tensorinv(cx: &Scope, a: &Value, ind: i64) -> Result<Value> {
    let rank = a.ty().rank();
    let Some(ind) = usize::try_from(ind).ok().filter(|&ind| ind > 0 && ind <= rank) else {
        bail!(InvalidArgument, "tensorinv of {} needs ind from 1 to {rank}, got {ind}", a.ty());
    };
    let (first, last) = a.shape().split_at(ind);
    let (rows, cols): (usize, usize) = (first.iter().product(), last.iter().product());
    if rows != cols {
        bail!(
            Shape,
            "tensorinv needs as many elements in the first {ind} axes as in the others, got {}",
            a.ty()
        );
    }
    let shape: Shape = last.iter().chain(first).copied().collect();
    let flat = ops::reshape(cx, a, &Shape::from([rows, cols]))?;
    ops::reshape(cx, &inv(cx, &flat)?, &shape)
}

/// The array whose contraction with the last axes of `a` gives `b`; the listed axes are moved to the end first.
pub fn tensorsolve(cx: &Scope, a: &Value, b: &Value, axes: &[i64]) -> Result<Value> {
    let rank = a.ty().rank();
    // NumPy moves one after another to the end.
    let mut moved = a.clone();
    if !axes.is_empty() {
        let mut order: Vec<i64> = (0..rank as i64).collect();
        for &axis in axes {
            let axis = normalize_axis("tensorsolve", axis, rank)? as i64;
            order.retain(|&other| other != axis);
            order.push(axis);
        }
        moved = numpy::transpose(cx, a, &order)?;
    }
    let fits = moved.shape().starts_with(b.shape());
    let shape: Shape = moved.shape().get(b.ty().rank()..).unwrap_or_default().into();
    if !fits || shape.numel() != b.shape().numel() {
        bail!(
            Shape,
            "tensorsolve needs an array that begins with the axes of {} and has as many elements in the others, got {}",
            b.ty(),
            a.ty()
        );
    }
    let n = shape.numel();
    let flat = ops::reshape(cx, &moved, &Shape::from([n, n]))?;
    ops::reshape(cx, &solve(cx, &flat, &numpy::ravel(cx, b)?)?, &shape)
}

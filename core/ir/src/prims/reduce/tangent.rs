//! Tangents of reductions, as JAX computes them.

use jaxrs_data::{Axes, Literal, Result, Scalar, Shape};
use jaxrs_kernel::Compare;

use crate::prims::Pad;
use crate::rules::axes::{AxisList, others};
use crate::{Cx, Value, ops};

/// The tangent of a maximum or minimum `y`: elements that are equal to it share alike. With NaN none is
/// equal, and the tangent is NaN.
pub(super) fn chosen(cx: Cx<'_>, axes: &Axes, x: &Value, y: &Value, dx: &Value) -> Result<Value> {
    let kept = others(x.ty().rank(), &[axes]);
    let spread = ops::broadcast_in_dim(cx, y, x.shape(), kept)?;
    let is_chosen = ops::compare(cx, Compare::Eq, x, &spread)?;
    let chosen = ops::convert(cx, &is_chosen, dx.ty().dtype)?;
    let counts = ops::reduce_sum(cx, &chosen, axes.iter().copied())?;
    let sum = ops::reduce_sum(cx, &ops::mul(cx, dx, &chosen)?, axes.iter().copied())?;
    ops::div(cx, &sum, &counts)
}

/// The tangent of a product, by multiplying halves: no division, so zeros do no harm.
pub(super) fn product(cx: Cx<'_>, axes: &Axes, x: &Value, dx: &Value) -> Result<Value> {
    let mut x = flat(cx, axes, x)?;
    let mut dx = flat(cx, axes, dx)?;
    while x.shape()[0] > 1 {
        let n = x.shape()[0];
        let half = n.div_ceil(2);
        let [x1, x2] = halves(cx, &x, half, 1.0)?;
        let [dx1, dx2] = halves(cx, &dx, half, 0.0)?;
        dx = ops::add_any(cx, &ops::mul(cx, &dx1, &x2)?, &ops::mul(cx, &dx2, &x1)?)?;
        x = ops::mul(cx, &x1, &x2)?;
    }
    let shape: Shape = dx.shape().without(0);
    match dx.shape()[0] {
        0 => ops::full(cx, &dx.ty().with_shape(shape), Scalar::Int(0)),
        _ => ops::squeeze(cx, &dx, [0]),
    }
}

/// The operand with the reduced axes joined into the first.
pub(in crate::prims) fn flat(cx: Cx<'_>, axes: &Axes, x: &Value) -> Result<Value> {
    let kept = others(x.ty().rank(), &[axes]);
    let permutation: AxisList = axes.iter().chain(&kept).copied().collect();
    let n = axes.iter().map(|&axis| x.shape()[axis]).product();
    let shape: Shape = std::iter::once(n).chain(kept.iter().map(|&axis| x.shape()[axis])).collect();
    ops::reshape(cx, &ops::transpose(cx, x, &permutation)?, &shape)
}

/// The first `half` elements along axis 0, and the others, filled up to as many.
fn halves(cx: Cx<'_>, x: &Value, half: usize, filling: f64) -> Result<[Value; 2]> {
    let n = x.shape()[0];
    let first = ops::slice_in_dim(cx, x, 0, 0, half)?;
    let mut second = ops::slice_in_dim(cx, x, 0, half, n)?;
    if n < 2 * half {
        let mut padding_config = smallvec_of_zeros(x.ty().rank());
        padding_config[0] = (0, 1, 0);
        let filling = Literal::scalar(x.ty().dtype, Scalar::Float(filling));
        let pad = Pad { padding_config };
        second = ops::bind1(cx, pad, &[second, Value::literal(filling)])?;
    }
    Ok([first, second])
}

fn smallvec_of_zeros(rank: usize) -> jaxrs_data::SmallVec<[(i64, i64, i64); 4]> {
    jaxrs_data::SmallVec::from_elem((0, 0, 0), rank)
}

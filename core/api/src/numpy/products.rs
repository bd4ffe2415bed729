//! Products of matrices and vectors.

use jaxrs_data::{Result, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::DotGeneral;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{broadcast, broadcast_shape, constant_like, promoted};

type Dims = SmallVec<[usize; 4]>;

/// A dot product without batch axes.
fn contract(cx: &Scope, x: &Value, y: &Value, lhs: &[usize], rhs: &[usize]) -> Result<Value> {
    let dot = DotGeneral {
        lhs_contracting: lhs.into(),
        rhs_contracting: rhs.into(),
        lhs_batch: Dims::new(),
        rhs_batch: Dims::new(),
        preferred_element_type: None,
    };
    ops::dot_general(cx, dot, x, y)
}

/// The matrix product over the last two axes; leading axes are broadcast. A vector is a row on the left, a
/// column on the right.
pub fn matmul(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let [x, y] = promoted(cx, [x, y])?;
    let (m, n) = (x.ty().rank(), y.ty().rank());
    if m == 0 || n == 0 {
        bail!(Shape, "matmul needs at least 1 axis on either side, got {} and {}", x.ty(), y.ty());
    }
    let (x_axis, y_axis) = (m - 1, n.saturating_sub(2));
    if x.shape()[x_axis] != y.shape()[y_axis] {
        bail!(
            Shape,
            "matmul contracts axis {x_axis} of {} with axis {y_axis} of {}, but {} != {}",
            x.ty(),
            y.ty(),
            x.shape()[x_axis],
            y.shape()[y_axis]
        );
    }
    if m <= 2 && n <= 2 {
        return contract(cx, &x, &y, &[x_axis], &[y_axis]);
    }
    batched_matmul(cx, &x, &y)
}

/// Leading axes of `x` that a matrix product runs over.
fn leading(x: &Value) -> Shape {
    x.shape()[..x.ty().rank().saturating_sub(2)].into()
}

fn batched_matmul(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    // One matrix (or vector) for all: no batch axes are needed, only a reordering at the end.
    if y.ty().rank() <= 2 {
        return contract(cx, x, y, &[x.ty().rank() - 1], &[y.ty().rank().saturating_sub(2)]);
    }
    if x.ty().rank() == 1 {
        return contract(cx, x, y, &[0], &[y.ty().rank() - 2]);
    }
    let Ok(batch) = broadcast_shape("matmul", &[&leading(x), &leading(y)]) else {
        bail!(
            Shape,
            "matmul needs leading axes that broadcast together, got {} and {}",
            x.ty(),
            y.ty()
        );
    };
    let full = |value: &Value| -> Result<Value> {
        let tail = &value.shape()[value.ty().rank() - 2..];
        broadcast(cx, "matmul", value, &batch.iter().chain(tail).copied().collect())
    };
    let (x, y) = (full(x)?, full(y)?);
    let axes: Dims = (0..batch.rank()).collect();
    let dot = DotGeneral {
        lhs_contracting: SmallVec::from_slice(&[batch.rank() + 1]),
        rhs_contracting: SmallVec::from_slice(&[batch.rank()]),
        lhs_batch: axes.clone(),
        rhs_batch: axes,
        preferred_element_type: None,
    };
    ops::dot_general(cx, dot, &x, &y)
}

/// NumPy's `dot`: the last axis of `x` with the last but one of `y`; a scalar multiplies.
pub fn dot(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    if x.ty().rank() == 0 || y.ty().rank() == 0 {
        return super::multiply(cx, x, y);
    }
    let [x, y] = promoted(cx, [x, y])?;
    contract(cx, &x, &y, &[x.ty().rank() - 1], &[y.ty().rank().saturating_sub(2)])
}

/// The inner product of the flattened operands, the first one conjugated.
pub fn vdot(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    dot(cx, &super::ravel(cx, &super::conj(cx, x)?)?, &super::ravel(cx, y)?)
}

/// Contracts the last axes of both.
pub fn inner(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    if x.ty().rank() == 0 || y.ty().rank() == 0 {
        return super::multiply(cx, x, y);
    }
    let [x, y] = promoted(cx, [x, y])?;
    contract(cx, &x, &y, &[x.ty().rank() - 1], &[y.ty().rank() - 1])
}

/// All products of an element of the flattened `x` with one of the flattened `y`.
pub fn outer(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let (x, y) = (super::ravel(cx, x)?, super::ravel(cx, y)?);
    super::multiply(cx, &super::expand_dims(cx, &x, &[1])?, &super::expand_dims(cx, &y, &[0])?)
}

/// Contracts listed axes of `x` with listed axes of `y`.
pub fn tensordot(
    cx: &Scope,
    x: &Value,
    y: &Value,
    x_axes: &[i64],
    y_axes: &[i64],
) -> Result<Value> {
    if x_axes.len() != y_axes.len() {
        bail!(
            InvalidArgument,
            "tensordot needs as many axes on either side, got {x_axes:?} and {y_axes:?}"
        );
    }
    let [x, y] = promoted(cx, [x, y])?;
    let read = |axes: &[i64], value: &Value| -> Result<Dims> {
        axes.iter().map(|&axis| normalize_axis("tensordot", axis, value.ty().rank())).collect()
    };
    contract(cx, &x, &y, &read(x_axes, &x)?, &read(y_axes, &y)?)
}

/// The sum of diagonal `offset` of a matrix.
pub fn trace(cx: &Scope, x: &Value, offset: i64) -> Result<Value> {
    if x.ty().rank() != 2 {
        bail!(Shape, "trace needs 2 axes, got {}", x.ty());
    }
    let mask = super::diagonal_mask(cx, x.shape(), Compare::Eq, offset)?;
    super::sum(cx, &super::select(cx, &mask, x, &constant_like(x, 0.0))?, &[], false)
}

//! Convolutions of sparse arrays.

use jaxrs_data::{Result, Scalar, Shape, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::arrange::data_where;
use super::{Bcoo, DataAndIndices, Kinds, OnInefficient, bcoo_update_layout};
use crate::lax::Padding;
use crate::operands::{constant_like, promoted};

/// The convolution along the last axis of arrays whose first two axes, of batch and features, have size 1. As
/// in `lax.conv_general_dilated` the kernel, `rhs`, is not turned around. There is room for each pair of
/// elements; what lies before the start is a zero at the start.
pub fn bcoo_conv_general_dilated(
    cx: &Scope,
    lhs: Bcoo<'_>,
    rhs: Bcoo<'_>,
    padding: Padding<'_>,
) -> Result<DataAndIndices> {
    let name = "bcoo_conv_general_dilated";
    for x in [lhs, rhs] {
        x.check(name)?;
        if !matches!(x.shape, [1, 1, _]) {
            let shape = Shape::new(x.shape);
            bail!(Unimplemented, "{name} convolves arrays of shape 1, 1, n, got {shape}");
        }
    }
    let pads = padding.pads(&lhs.shape[2..], &rhs.shape[2..], &[1])?;
    let [(low, _)] = pads[..] else {
        bail!(InvalidArgument, "{name} needs padding of 1 axis, got {pads:?}");
    };
    let ((a, i), (b, j)) = (elements(cx, lhs)?, elements(cx, rhs)?);
    let [a, b] = promoted(cx, [&a, &b])?;
    let [i, j] = promoted(cx, [&i, &j])?;
    let pairs = Shape::from([a.shape()[0], b.shape()[0]]);
    let each = |x: &Value, axis: usize| ops::broadcast_in_dim(cx, x, &pairs, [axis]);
    let offset = ops::sub(cx, &constant_like(&j, low as f64), &j)?;
    let at = ops::add(cx, &each(&i, 0)?, &each(&offset, 1)?)?;
    let start = ops::full(cx, at.ty(), Scalar::Int(0))?;
    let is_inside = ops::compare(cx, Compare::Ge, &at, &start)?;
    let data = data_where(cx, &is_inside, &ops::mul(cx, &each(&a, 0)?, &each(&b, 1)?)?)?;
    let at = ops::select(cx, &is_inside, &at, &start)?;
    let shape = Shape::from([1, 1, pairs.numel()]);
    Ok((ops::reshape(cx, &data, &shape)?, ops::reshape(cx, &at, &shape.with(3, 1))?))
}

/// Elements and where they are along the last axis; those beyond it are zero.
fn elements(cx: &Scope, x: Bcoo<'_>) -> Result<DataAndIndices> {
    let to = Kinds { n_batch: 2, n_dense: 0 };
    let (data, indices) = bcoo_update_layout(cx, x, to, OnInefficient::Error)?;
    let flat = |x: &Value| ops::reshape(cx, x, &Shape::from([x.ty().numel()]));
    let (data, indices) = (flat(&data)?, flat(&indices)?);
    let end = ops::full(cx, indices.ty(), Scalar::Int(x.shape[2] as i64))?;
    let is_inside = ops::compare(cx, Compare::Lt, &indices, &end)?;
    Ok((data_where(cx, &is_inside, &data)?, indices))
}

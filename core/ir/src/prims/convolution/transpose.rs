//! Cotangents of convolutions, which are convolutions. Without space and groups the operation is the product
//! `[m, j] [j, k] → [m, k]`, and they are `[m, k] [k, j] → [m, j]` and `[j, m] [m, k] → [j, k]`; windows that
//! went over an operand go over the cotangent, with strides and gaps exchanged.

use jaxrs_data::{Result, Type};

use super::{ConvDimensionNumbers, ConvGeneralDilated};
use crate::rules::sliding::{Sliding, dilated};
use crate::{Cx, Tangent, Value, ops};

/// Splits an axis in two, the first of the given size.
pub(super) fn split_axis(cx: Cx<'_>, x: &Value, axis: usize, outer: usize) -> Result<Value> {
    let inner = x.shape()[axis] / outer.max(1);
    let shape = x.shape().without(axis).with(axis, inner).with(axis, outer);
    ops::reshape(cx, x, &shape)
}

/// Moves an axis in front of another and joins the two; `to` counts without the axis that moves.
pub(super) fn join_axis(cx: Cx<'_>, x: &Value, axis: usize, to: usize) -> Result<Value> {
    let moved = ops::move_axis(cx, x, axis, to)?;
    let joined = moved.shape()[to] * moved.shape()[to + 1];
    let shape = moved.shape().without(to).without(to).with(to, joined);
    ops::reshape(cx, &moved, &shape)
}

/// The extents that padding is computed from: of the array, the window, and the windows' positions.
struct Extents {
    lhs: i64,
    rhs: i64,
    out: i64,
}

impl Extents {
    /// All sizes were checked when the result's was computed.
    fn of(axis: &Sliding) -> Extents {
        Extents {
            lhs: dilated(axis.size, axis.base_dilation).unwrap_or(0),
            rhs: dilated(axis.window, axis.window_dilation).unwrap_or(0),
            out: dilated(axis.n_windows().unwrap_or(0), axis.stride).unwrap_or(0),
        }
    }
}

impl ConvGeneralDilated {
    /// The cotangent of the left operand: the result's with the kernel turned around.
    pub(super) fn lhs_cotangent(
        &self,
        cx: Cx<'_>,
        ct: &Value,
        lhs: &Type,
        rhs: &Value,
    ) -> Result<Value> {
        let numbers = &self.dimension_numbers;
        let geometry = self.geometry(&lhs.shape, rhs.shape());
        let groups = geometry.groups();
        let padding = |axis: &Sliding| {
            let Extents { lhs, rhs, out } = Extents::of(axis);
            let low = rhs - axis.padding.0 - 1;
            (low, lhs + rhs - 1 - out - low)
        };
        let conv = ConvGeneralDilated {
            window_strides: self.lhs_dilation.clone(),
            padding: geometry.space.iter().map(padding).collect(),
            lhs_dilation: self.window_strides.clone(),
            rhs_dilation: self.rhs_dilation.clone(),
            dimension_numbers: ConvDimensionNumbers {
                lhs_spec: numbers.out_spec.clone(),
                rhs_spec: ConvGeneralDilated::exchanged(&numbers.rhs_spec),
                out_spec: numbers.lhs_spec.clone(),
            },
            feature_group_count: groups,
            batch_group_count: 1,
            preferred_element_type: self.preferred_element_type,
        };
        let mut kernel = rhs.clone();
        if groups > 1 {
            // What were groups of output features are groups of input features.
            let (out, own) = (numbers.rhs_spec[0], numbers.rhs_spec[1]);
            kernel = join_axis(cx, &split_axis(cx, &kernel, out, groups)?, out, own)?;
        }
        let kernel = ops::rev(cx, &kernel, ConvGeneralDilated::spatial(&numbers.rhs_spec))?;
        // The cotangent may be of a wider type, in which products were accumulated.
        let kernel = ops::convert(cx, &kernel, ct.ty().dtype)?;
        let mut result = ops::convert(cx, &conv.bind(cx, ct, &kernel)?, lhs.dtype)?;
        if self.batch_group_count > 1 {
            let (batch, feature) = (numbers.lhs_spec[0], numbers.lhs_spec[1]);
            let split = split_axis(cx, &result, feature, self.batch_group_count)?;
            result = join_axis(cx, &split, feature, batch)?;
        }
        Ok(result)
    }

    /// The cotangent of the kernel: the left operand with the result's cotangent as kernel.
    pub(super) fn rhs_cotangent(
        &self,
        cx: Cx<'_>,
        ct: &Value,
        lhs: &Value,
        rhs: &Type,
    ) -> Result<Tangent> {
        if ct.ty().numel() == 0 {
            return Ok(Tangent::Zero(rhs.clone()));
        }
        let numbers = &self.dimension_numbers;
        let geometry = self.geometry(lhs.shape(), &rhs.shape);
        let padding = |axis: &Sliding| {
            let Extents { lhs, rhs, out } = Extents::of(axis);
            let low = axis.padding.0;
            (low, out - lhs + rhs - low - 1)
        };
        let conv = ConvGeneralDilated {
            window_strides: self.rhs_dilation.clone(),
            padding: geometry.space.iter().map(padding).collect(),
            lhs_dilation: self.lhs_dilation.clone(),
            rhs_dilation: self.window_strides.clone(),
            dimension_numbers: ConvDimensionNumbers {
                lhs_spec: ConvGeneralDilated::exchanged(&numbers.lhs_spec),
                rhs_spec: ConvGeneralDilated::exchanged(&numbers.out_spec),
                out_spec: ConvGeneralDilated::exchanged(&numbers.rhs_spec),
            },
            feature_group_count: self.batch_group_count,
            batch_group_count: self.feature_group_count,
            preferred_element_type: self.preferred_element_type,
        };
        let lhs = ops::convert(cx, lhs, ct.ty().dtype)?;
        let result = conv.bind(cx, &lhs, ct)?;
        ops::convert(cx, &result, rhs.dtype).map(Tangent::Value)
    }
}

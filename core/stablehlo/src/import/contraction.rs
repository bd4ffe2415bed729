//! Sums of products.

use jaxrs_data::{DType, ErrorKind, Result};
use jaxrs_ir::prims::{ConvDimensionNumbers, ConvGeneralDilated, DotGeneral};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::elementwise::{convert, short_name};
use crate::tree::Op;

pub(super) fn apply(cx: &Scope, op: &Op, x: &[Value]) -> Option<Result<Value>> {
    Some(match (short_name(op), x) {
        ("dot_general", [lhs, rhs]) => dot_general(cx, op, lhs, rhs),
        ("convolution", [lhs, rhs]) => op
            .sizes("kernel_spatial_dimensions")
            .and_then(|spatial| padding(op, spatial.len()))
            .and_then(|padding| convolution(cx, op, lhs, rhs, padding)),
        _ => return None,
    })
}

fn dot_general(cx: &Scope, op: &Op, lhs: &Value, rhs: &Value) -> Result<Value> {
    let to = op.result_dtype()?;
    let [lhs, rhs] = &alike(cx, lhs, rhs, to)?;
    let dot = DotGeneral {
        lhs_contracting: op.sizes("lhs_contracting_dimensions")?,
        rhs_contracting: op.sizes("rhs_contracting_dimensions")?,
        lhs_batch: op.sizes("lhs_batching_dimensions")?,
        rhs_batch: op.sizes("rhs_batching_dimensions")?,
        preferred_element_type: Some(accumulated(op, lhs)?),
    };
    convert(cx, &ops::dot_general(cx, dot, lhs, rhs)?, to)
}

/// Operands of one element type: that of the result, where both are others that fit into it.
fn alike(cx: &Scope, x: &Value, y: &Value, to: DType) -> Result<[Value; 2]> {
    let fits = |x: &Value| DotGeneral::accumulates(x.ty().dtype, to);
    if x.ty().dtype == y.ty().dtype || !fits(x) || !fits(y) {
        return Ok([x.clone(), y.clone()]);
    }
    Ok([convert(cx, x, to)?, convert(cx, y, to)?])
}

/// The element type to accumulate in: the result's, or one like the operands' where the result is of a kind or size that
/// their products do not fit, and is made of the sum.
fn accumulated(op: &Op, lhs: &Value) -> Result<DType> {
    let (from, to) = (lhs.ty().dtype, op.result_dtype()?);
    if DotGeneral::accumulates(from, to) {
        return Ok(to);
    }
    Ok(if from.is_float() && from.bits() < 32 { DType::F32 } else { from })
}

/// A convolution with this padding.
pub(super) fn convolution(
    cx: &Scope,
    op: &Op,
    lhs: &Value,
    rhs: &Value,
    padding: Vec<(i64, i64)>,
) -> Result<Value> {
    let [lhs, rhs] = &alike(cx, lhs, rhs, op.result_dtype()?)?;
    let spatial = op.sizes("kernel_spatial_dimensions")?;
    let rank = spatial.len();
    let or_ones = |name: &str| -> Result<Vec<usize>> {
        let sizes = op.sizes(name)?;
        Ok(if sizes.is_empty() { vec![1; rank] } else { sizes.to_vec() })
    };
    let spec = |first: &str, second: &str, rest: &str| -> Result<Vec<usize>> {
        let mut axes = vec![op.size(first)?, op.size(second)?];
        axes.extend(op.sizes(rest)?);
        Ok(axes)
    };
    let conv = ConvGeneralDilated {
        window_strides: or_ones("window_strides")?,
        padding,
        lhs_dilation: or_ones("lhs_dilation")?,
        rhs_dilation: or_ones("rhs_dilation")?,
        dimension_numbers: ConvDimensionNumbers {
            lhs_spec: spec(
                "input_batch_dimension",
                "input_feature_dimension",
                "input_spatial_dimensions",
            )?,
            rhs_spec: spec(
                "kernel_output_feature_dimension",
                "kernel_input_feature_dimension",
                "kernel_spatial_dimensions",
            )?,
            out_spec: spec(
                "output_batch_dimension",
                "output_feature_dimension",
                "output_spatial_dimensions",
            )?,
        },
        feature_group_count: op.size("feature_group_count")?,
        batch_group_count: op.size("batch_group_count")?,
        preferred_element_type: Some(accumulated(op, lhs)?),
    };
    let turned = op.ints("window_reversal")?;
    let axes: Vec<usize> =
        spatial.iter().zip(turned).filter(|(_, turn)| *turn != 0).map(|(&axis, _)| axis).collect();
    let rhs = if axes.is_empty() { rhs.clone() } else { ops::rev(cx, rhs, axes)? };
    convert(cx, &ops::bind1(cx, conv, &[lhs.clone(), rhs])?, op.result_dtype()?)
}

/// Pairs of before and after, for each of `rank` axes; none where the attribute is missing.
pub(super) fn padding(op: &Op, rank: usize) -> Result<Vec<(i64, i64)>> {
    let numbers = op.ints("padding")?;
    if numbers.is_empty() {
        return Ok(vec![(0, 0); rank]);
    }
    if numbers.len() != 2 * rank {
        let text = format_args!("needs paddings of {rank} axes, got {} numbers", numbers.len());
        return Err(op.error(ErrorKind::InvalidArgument, text));
    }
    Ok(numbers.chunks(2).map(|pair| (pair[0], pair[1])).collect())
}

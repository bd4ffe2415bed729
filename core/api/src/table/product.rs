//! Products of matrices and vectors.

use jaxrs_ir::prims::DotGeneral;

use super::*;
use crate::operands::promoted;
use crate::{lax, numpy};

pub(super) static OPS: &[Op] = &[
    op!("matmul", "The matrix product over the last two axes; leading axes are broadcast.", (x, y)
        => |cx| numpy::matmul(cx, x, y)),
    op!("dot", "NumPy's dot product: the last axis of x with the last but one of y.", (x, y)
        => |cx| numpy::dot(cx, x, y)),
    op!("vdot", "The inner product of the flattened operands.", (x, y) => |cx| numpy::vdot(cx, x, y)),
    op!("inner", "Contracts the last axes of both operands.", (x, y) => |cx| numpy::inner(cx, x, y)),
    op!("outer", "All products of an element of x with one of y.", (x, y) => |cx| numpy::outer(cx, x, y)),
    op!("tensordot", "Contracts listed axes of x with listed axes of y.", (x, y)
        { x_axes: I64s, "axes of x"; y_axes: I64s, "the axes of y that they meet"; }
        => |cx| numpy::tensordot(cx, x, y, x_axes, y_axes)),
    op!("dot_general", "The general dot product: batch axes first, then what is left of x, then of y.", (x, y)
    { lhs_contracting: I64s, "contracted axes of x"; rhs_contracting: I64s, "the axes of y that they meet";
      lhs_batch: I64s = &[], "batch axes of x"; rhs_batch: I64s = &[], "the axes of y that go along with them";
      preferred_element_type: DType = None, "the element type of the result; the operands' own if none"; }
    => |cx| {
        let [x, y] = promoted(cx, [x, y])?;
        let (m, n) = (x.ty().rank(), y.ty().rank());
        let dot = DotGeneral {
            lhs_contracting: lax::axes_in_order("dot_general", lhs_contracting, m)?,
            rhs_contracting: lax::axes_in_order("dot_general", rhs_contracting, n)?,
            lhs_batch: lax::axes_in_order("dot_general", lhs_batch, m)?,
            rhs_batch: lax::axes_in_order("dot_general", rhs_batch, n)?,
            preferred_element_type,
        };
        lax::dot_general(cx, &x, &y, dot)
    }),
    op!("einsum", "Einstein summation, such as `ij,jk->ik`; operands are contracted from left to right.", ([operands])
        { subscripts: Str, "a letter for each axis of each operand, and of the result after an arrow"; }
        => |cx| numpy::einsum(cx, subscripts, operands)),
    op!("trace", "The sum of a diagonal of a matrix.", (x)
        { offset: I64 = 0, "which diagonal"; } => |cx| numpy::trace(cx, x, offset)),
    op!("ragged_dot", "The product of groups of rows of x, of sizes that are data, with a matrix of y for each group.", (x, y, group_sizes)
    { preferred_element_type: DType = None, "the element type of the result; the operands' own if none"; }
    => |cx| {
        let [x, y] = promoted(cx, [x, y])?;
        lax::ragged_dot(cx, &x, &y, group_sizes, preferred_element_type)
    }),
    op!("ragged_dot_general", "The general dot product of groups along a ragged axis of x: each meets a matrix of y of its own, or where the axis is contracted gives a result of its own.", (x, y, group_sizes)
    { lhs_contracting: I64s, "contracted axes of x"; rhs_contracting: I64s, "the axes of y that they meet";
      lhs_batch: I64s = &[], "batch axes of x"; rhs_batch: I64s = &[], "the axes of y that go along with them";
      lhs_ragged: I64, "the axis of x that groups lie along"; rhs_group: Axis = None, "the axis of y that runs over groups";
      preferred_element_type: DType = None, "the element type of the result; the operands' own if none"; }
    => |cx| {
        let name = "ragged_dot_general";
        let [x, y] = promoted(cx, [x, y])?;
        let (m, n) = (x.ty().rank(), y.ty().rank());
        let ragged = lax::RaggedDot {
            dot: DotGeneral {
                lhs_contracting: lax::axes_in_order(name, lhs_contracting, m)?,
                rhs_contracting: lax::axes_in_order(name, rhs_contracting, n)?,
                lhs_batch: lax::axes_in_order(name, lhs_batch, m)?,
                rhs_batch: lax::axes_in_order(name, rhs_batch, n)?,
                preferred_element_type,
            },
            lhs_ragged: jaxrs_data::normalize_axis(name, lhs_ragged, m)?,
            rhs_group: rhs_group.map(|axis| jaxrs_data::normalize_axis(name, axis, n)).transpose()?,
        };
        lax::ragged_dot_general(cx, &x, &y, group_sizes, &ragged)
    }),
    op!("scaled_dot", "The dot product of operands that are multiplied by scales first, in bf16; a scale may have fewer elements along contracted axes.", (x, y, x_scale, y_scale)
    { lhs_contracting: I64s, "contracted axes of x"; rhs_contracting: I64s, "the axes of y that they meet";
      lhs_batch: I64s = &[], "batch axes of x"; rhs_batch: I64s = &[], "the axes of y that go along with them";
      preferred_element_type: DType = None, "the element type of the result; bf16 if none"; }
    => |cx| {
        let (m, n) = (x.ty().rank(), y.ty().rank());
        let dot = DotGeneral {
            lhs_contracting: lax::axes_in_order("scaled_dot", lhs_contracting, m)?,
            rhs_contracting: lax::axes_in_order("scaled_dot", rhs_contracting, n)?,
            lhs_batch: lax::axes_in_order("scaled_dot", lhs_batch, m)?,
            rhs_batch: lax::axes_in_order("scaled_dot", rhs_batch, n)?,
            preferred_element_type,
        };
        lax::scaled_dot(cx, [x, y], [Some(x_scale), Some(y_scale)], dot)
    }),
    op!("symmetric_product", "alpha x xᵀ + beta c over the last two axes, where c is symmetric.", (x, c)
        { alpha: F64 = 1.0, "the factor of the product"; beta: F64 = 0.0, "the factor of c"; }
        => |cx| lax::symmetric_product(cx, x, c, alpha, beta)),
];

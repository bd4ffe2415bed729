//! The axes of a dot product's operands, and its definition.

use jaxrs_data::{Literal, Scalar, Shape, SmallVec, Type};
use jaxrs_kernel::ValueId;

use super::DotGeneral;
use crate::rules::axes::{self, AxisList};
use crate::rules::index::Index;

/// The axes of one operand by what they do.
pub(super) struct Side<'a> {
    pub(super) batch: &'a [usize],
    pub(super) free: AxisList,
    pub(super) contracting: &'a [usize],
}

impl Side<'_> {
    /// The element of this operand for a batch, free and contracted index.
    pub(super) fn index(
        &self,
        batch: &[ValueId],
        free: &[ValueId],
        contracting: &[ValueId],
    ) -> Index {
        let rank = self.batch.len() + self.free.len() + self.contracting.len();
        let axes = self.batch.iter().chain(&self.free).chain(self.contracting);
        let values = batch.iter().chain(free).chain(contracting);
        let mut index: SmallVec<[(usize, ValueId); 4]> =
            axes.copied().zip(values.copied()).collect();
        debug_assert_eq!(index.len(), rank, "an axis has no coordinate");
        index.sort_unstable_by_key(|&(axis, _)| axis);
        index.into_iter().map(|(_, value)| value).collect()
    }
}

/// The distances from the first element to every element along some axes, in row-major order.
fn offsets(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    let strides = shape.strides();
    axes.iter().fold(vec![0], |offsets, &axis| {
        let step = |offset: usize| (0..shape[axis]).map(move |i| (offset, i));
        offsets.into_iter().flat_map(step).map(|(offset, i)| offset + i * strides[axis]).collect()
    })
}

impl DotGeneral {
    pub(super) fn sides(&self, lhs_rank: usize, rhs_rank: usize) -> (Side<'_>, Side<'_>) {
        fn side<'a>(batch: &'a [usize], contracting: &'a [usize], rank: usize) -> Side<'a> {
            Side { batch, free: axes::others(rank, &[batch, contracting]), contracting }
        }
        (
            side(&self.lhs_batch, &self.lhs_contracting, lhs_rank),
            side(&self.rhs_batch, &self.rhs_contracting, rhs_rank),
        )
    }

    /// The definition: each element is a sum of products.
    pub(super) fn sum_products(&self, lhs: &Literal, rhs: &Literal, out: &Type) -> Literal {
        let (left, right) = self.sides(lhs.ty().rank(), rhs.ty().rank());
        let at = |side: &Literal, axes: &[usize]| offsets(&side.ty().shape, axes);
        let (lhs_batch, rhs_batch) = (at(lhs, left.batch), at(rhs, right.batch));
        let (rows, cols) = (at(lhs, &left.free), at(rhs, &right.free));
        let (lhs_k, rhs_k) = (at(lhs, left.contracting), at(rhs, right.contracting));
        let dtype = out.dtype;
        Literal::from_fn(out.clone(), |position| {
            let (batch, i, j) = (
                position / (rows.len() * cols.len()),
                position / cols.len() % rows.len(),
                position % cols.len(),
            );
            let (lhs_base, rhs_base) = (lhs_batch[batch] + rows[i], rhs_batch[batch] + cols[j]);
            let pairs = lhs_k.iter().zip(&rhs_k);
            // Not every type has a zero, but sums have.
            pairs.fold(Scalar::zero(dtype.compute()), |sum, (l, r)| {
                let (l, r) = (lhs.get(lhs_base + l).cast(dtype), rhs.get(rhs_base + r).cast(dtype));
                multiply_add(sum, l, r)
            })
        })
    }
}

/// `sum + l · r` in the arithmetic of the three's type; floats are rounded at the end alone.
pub(in crate::prims) fn multiply_add(sum: Scalar, l: Scalar, r: Scalar) -> Scalar {
    match (sum, l, r) {
        (Scalar::Bool(sum), Scalar::Bool(l), Scalar::Bool(r)) => Scalar::Bool(sum | (l & r)),
        (Scalar::Int(sum), Scalar::Int(l), Scalar::Int(r)) => {
            Scalar::Int(sum.wrapping_add(l.wrapping_mul(r)))
        }
        (Scalar::Uint(sum), Scalar::Uint(l), Scalar::Uint(r)) => {
            Scalar::Uint(sum.wrapping_add(l.wrapping_mul(r)))
        }
        (Scalar::Complex(re, im), Scalar::Complex(a, b), Scalar::Complex(c, d)) => {
            Scalar::Complex(re + a * c - b * d, im + a * d + b * c)
        }
        _ => Scalar::Float(sum.as_f64() + l.as_f64() * r.as_f64()),
    }
}

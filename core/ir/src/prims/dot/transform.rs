//! Dot products of cotangents and of several examples: dimension numbers from dimension numbers.

use jaxrs_data::{Result, Type};

use super::DotGeneral;
use crate::rules::axes::{self, AxisList};
use crate::{Cx, Value, ops};

impl DotGeneral {
    /// The cotangent of one operand: the product of the result's with the other operand, its axes put in
    /// order. `swapped` says that the operand was the right one.
    pub(super) fn operand_cotangent(
        &self,
        cx: Cx<'_>,
        ct: &Value,
        own: &Type,
        other: &Value,
        swapped: bool,
    ) -> Result<Value> {
        let (lhs, rhs) = match swapped {
            false => self.sides(own.rank(), other.ty().rank()),
            true => self.sides(other.ty().rank(), own.rank()),
        };
        let (x, y, y_start) = match swapped {
            false => (&lhs, &rhs, lhs.batch.len() + lhs.free.len()),
            true => (&rhs, &lhs, lhs.batch.len()),
        };
        let batch: AxisList = (0..x.batch.len()).collect();
        let product = DotGeneral {
            lhs_contracting: (y_start..y_start + y.free.len()).collect(),
            rhs_contracting: y.free.clone(),
            lhs_batch: batch,
            rhs_batch: y.batch.into(),
            preferred_element_type: None,
        };
        // The cotangent may be of a wider type, in which products were accumulated.
        let other = ops::convert(cx, other, ct.ty().dtype)?;
        let product = ops::dot_general(cx, product, ct, &other)?;
        // What is left of the other operand are the contracted axes, in the order that it has them.
        let mut pairs: Vec<(usize, usize)> =
            y.contracting.iter().copied().zip(x.contracting.iter().copied()).collect();
        pairs.sort_unstable();
        let order: AxisList =
            x.batch.iter().chain(&x.free).copied().chain(pairs.iter().map(|p| p.1)).collect();
        let ct = ops::transpose(cx, &product, &axes::inverse(&order))?;
        ops::convert(cx, &ct, own.dtype)
    }

    /// With the examples of both operands along axis 0: they become the first batch axis.
    pub(super) fn batch_both(&self) -> DotGeneral {
        DotGeneral {
            lhs_contracting: axes::shifted(&self.lhs_contracting),
            rhs_contracting: axes::shifted(&self.rhs_contracting),
            lhs_batch: axes::with_front(0, &axes::shifted(&self.lhs_batch)),
            rhs_batch: axes::with_front(0, &axes::shifted(&self.rhs_batch)),
            preferred_element_type: self.preferred_element_type,
        }
    }

    /// With examples along an axis of the left operand: one more free axis. Gives where it lies then.
    pub(super) fn batch_lhs(&self, axis: usize, lhs_rank: usize) -> (DotGeneral, usize) {
        let mut batched = self.clone();
        batched.lhs_batch = axes::bumped(&self.lhs_batch, axis);
        batched.lhs_contracting = axes::bumped(&self.lhs_contracting, axis);
        let free = axes::others(lhs_rank, &[&batched.lhs_batch, &batched.lhs_contracting]);
        (batched, self.lhs_batch.len() + free.iter().filter(|&&free| free < axis).count())
    }

    /// The same for the right operand.
    pub(super) fn batch_rhs(&self, axis: usize, ranks: (usize, usize)) -> (DotGeneral, usize) {
        let mut batched = self.clone();
        batched.rhs_batch = axes::bumped(&self.rhs_batch, axis);
        batched.rhs_contracting = axes::bumped(&self.rhs_contracting, axis);
        let free = axes::others(ranks.1, &[&batched.rhs_batch, &batched.rhs_contracting]);
        let before = ranks.0 - self.lhs_contracting.len();
        (batched, before + free.iter().filter(|&&free| free < axis).count())
    }
}

#[cfg(test)]
mod tests {
    use jaxrs_data::{DType, Literal, Scalar, Type, smallvec};

    use super::*;
    use crate::eager::Eager;
    use crate::{Operand, Primitive, Tangent};

    #[test]
    fn cotangents_of_a_wider_type_come_back_in_the_type_of_the_operand() {
        let dot = DotGeneral {
            lhs_contracting: smallvec![1],
            rhs_contracting: smallvec![0],
            lhs_batch: smallvec![],
            rhs_batch: smallvec![],
            preferred_element_type: Some(DType::F32),
        };
        let ones = |dtype, shape: [usize; 2]| {
            Value::literal(Literal::full(Type::new(dtype, shape), Scalar::Int(1)))
        };
        let lhs = Type::new(DType::BF16, [2, 3]);
        let operands = [Operand::Linear(lhs.clone()), Operand::Known(ones(DType::BF16, [3, 4]))];
        let cotangents = [Tangent::Value(ones(DType::F32, [2, 4]))];
        let transposed = dot.transpose(&Eager, &operands, &cotangents).unwrap();
        assert_eq!(*transposed[0].ty(), lhs);
    }
}

//! Products of dense arrays at some indices only.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, smallvec};

use super::coordinates::{blocks, components, with_batch};
use super::extract::extract;
use super::{SparseInfo, SparseLayout, SparseToDense, batched_first, linear_in};
use crate::lower::Lowering;
use crate::prims::{DotGeneral, Primitive, not_linear};
use crate::rules::axes::{self, AxisList};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Outputs, Param, Params, Tangent, Value, compose, ops};

/// `bcoo_dot_general_sampled(lhs, rhs, indices)`: the elements at indices of what `dot_general` gives.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BcooDotGeneralSampled {
    /// Which axes meet.
    pub dot: DotGeneral,
}

impl BcooDotGeneralSampled {
    fn dense(&self, lhs: &Type, rhs: &Type) -> Result<Type> {
        Ok(self.dot.output_types(&[lhs.clone(), rhs.clone()])?.swap_remove(0))
    }

    /// Where all axes of the product but those of batches are sparse, only what is asked for is computed.
    fn at_each(&self, cx: Cx<'_>, lhs: &Value, rhs: &Value, indices: &Value) -> Result<Value> {
        let left = axes::others(lhs.ty().rank(), &[&self.dot.lhs_contracting]);
        let right = axes::others(rhs.ty().rank(), &[&self.dot.rhs_contracting]);
        let batch = self.batch_shape(lhs);
        let shape = batch.with(batch.rank(), indices.shape()[indices.ty().rank() - 2]);
        let indices = with_positions(cx, &batch, indices)?;
        let n = left.len();
        let part = |x: &Value, kept: &[usize], contracted: &[usize], which: AxisList| {
            let order: AxisList = kept.iter().chain(contracted).copied().collect();
            let x = ops::transpose(cx, x, &order)?;
            blocks(cx, &x, 0, &components(cx, &indices, &which)?, false)
        };
        let of_rhs = (0..batch.rank()).chain(n..n + right.len() - batch.rank());
        let lhs = part(lhs, &left, &self.dot.lhs_contracting, (0..n).collect())?;
        let rhs = part(rhs, &right, &self.dot.rhs_contracting, of_rhs.collect())?;
        let met: AxisList = (1..lhs.ty().rank()).collect();
        let dot = DotGeneral {
            lhs_contracting: met.clone(),
            rhs_contracting: met,
            lhs_batch: smallvec![0],
            rhs_batch: smallvec![0],
            preferred_element_type: self.dot.preferred_element_type,
        };
        ops::reshape(cx, &ops::dot_general(cx, dot, &lhs, &rhs)?, &shape)
    }

    /// The sizes of batches.
    fn batch_shape(&self, lhs: &Value) -> Shape {
        self.dot.lhs_batch.iter().map(|&axis| lhs.shape()[axis]).collect()
    }

    /// Whether batches lie along the first axes of all operands and indices are of all others of the product.
    fn is_sparse_throughout(&self, rank: usize, indices: &Type) -> bool {
        let n = self.dot.lhs_batch.len();
        let is_first = |axes: &[usize]| axes.iter().copied().eq(0..n);
        let dims = &indices.shape;
        is_first(&self.dot.lhs_batch)
            && is_first(&self.dot.rhs_batch)
            && dims.rank() == n + 2
            && dims[n + 1] == rank - n
    }
}

/// Indices of all batches one after another, each behind the position of its batch.
fn with_positions(cx: Cx<'_>, batch: &Shape, indices: &Value) -> Result<Value> {
    let n = batch.rank();
    let mut shape = indices.shape().clone();
    batch.iter().enumerate().for_each(|(axis, &size)| shape = shape.without(axis).with(axis, size));
    let column = shape.without(n + 1).with(n + 1, 1);
    let mut parts = Vec::new();
    for axis in 0..n {
        parts.push(ops::iota(cx, indices.ty().dtype, &column, axis)?);
    }
    parts.push(ops::broadcast_in_dim(cx, indices, &shape, 0..n + 2)?);
    let all = ops::concatenate(cx, &parts, n + 1)?;
    let n_rows = column.numel();
    ops::reshape(cx, &all, &Shape::new(&[n_rows, n + shape[n + 1]]))
}

impl Primitive for BcooDotGeneralSampled {
    fn name(&self) -> &'static str {
        "bcoo_dot_general_sampled"
    }

    fn params(&self) -> Params {
        self.dot.params()
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let dot = (name == "bcoo_dot_general_sampled")
            .then(|| DotGeneral::parse("dot_general", params))??;
        Some(dot.map(|dot| BcooDotGeneralSampled { dot }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 3)?;
        let dense = self.dense(&inputs[0], &inputs[1])?;
        let p = SparseLayout::Bcoo.properties(self.name(), None, &inputs[2..], &dense.shape)?;
        Ok(smallvec![dense.with_shape(p.data_shape(&dense.shape))])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let [lhs, rhs, indices] = inputs else { return Err(not_linear(self)) };
        let rank = self.dense(lhs.ty(), rhs.ty())?.rank();
        if self.is_sparse_throughout(rank, indices.ty()) {
            return Ok(smallvec![self.at_each(cx, lhs, rhs, indices)?]);
        }
        let dense = ops::dot_general(cx, self.dot.clone(), lhs, rhs)?;
        Ok(smallvec![extract(cx, indices, &dense)?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear_in(&self.clone().into(), cx, primals, tangents, &[0, 1])
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let Some(indices) = inputs[2].known() else { return Err(not_linear(self)) };
        let dense = self.dense(inputs[0].ty(), inputs[1].ty())?;
        let info = SparseInfo::of(&dense.shape);
        let to_dense = SparseToDense { layout: SparseLayout::Bcoo, info, any: false };
        let ct = linear::cotangent(cotangents)?;
        let ct = ops::bind1(cx, to_dense, &[ct.clone(), indices.clone()])?;
        let mut found = self.dot.transpose(cx, &inputs[..2], &[Tangent::Value(ct)])?;
        found.push(Tangent::Zero(inputs[2].ty().clone()));
        Ok(found)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut inputs = batched_first(cx, inputs, axes)?;
        for input in &mut inputs[..2] {
            *input = with_batch(cx, input, &[size])?;
        }
        let dot = DotGeneral {
            lhs_contracting: axes::shifted(&self.dot.lhs_contracting),
            rhs_contracting: axes::shifted(&self.dot.rhs_contracting),
            lhs_batch: axes::with_front(0, &axes::shifted(&self.dot.lhs_batch)),
            rhs_batch: axes::with_front(0, &axes::shifted(&self.dot.rhs_batch)),
            preferred_element_type: self.dot.preferred_element_type,
        };
        Ok(linear::batched(ops::bind1(cx, BcooDotGeneralSampled { dot }, &inputs)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::sampled()
    }
}

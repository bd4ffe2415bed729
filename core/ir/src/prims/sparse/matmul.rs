//! Products of a sparse matrix and a dense vector or matrix.

use jaxrs_data::{Literal, Result, SmallVec, Type, bail, smallvec};

use super::coordinates::{blocks, components, sums, with_batch};
use super::{SparseInfo, SparseLayout, batched_first, cotangent_of, known, linear_in};
use crate::lower::Lowering;
use crate::prims::{DotGeneral, Primitive, not_linear};
use crate::rules::axes::AxisList;
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `coo_matvec(data, row, col, v)`, `csr_matvec(data, indices, indptr, v)`, and `coo_matmat`, `csr_matmat`,
/// whose last operand is a matrix: the product with the sparse matrix on the left, or with its transpose.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SparseMatmul {
    /// [`SparseLayout::Coo`] or [`SparseLayout::Csr`].
    pub layout: SparseLayout,
    /// Whether the right operand is a matrix.
    pub matrix: bool,
    /// Whether it is the transpose of the sparse matrix.
    pub transpose: bool,
    /// What the sparse matrix is.
    pub info: SparseInfo,
}

/// `dot_general` with one element at a time: leading axes meet, and some after them are summed.
fn each(n_batch: usize, summed: std::ops::Range<usize>) -> DotGeneral {
    let batch: AxisList = (0..n_batch).collect();
    let summed: AxisList = summed.collect();
    DotGeneral {
        lhs_contracting: summed.clone(),
        rhs_contracting: summed,
        lhs_batch: batch.clone(),
        rhs_batch: batch,
        preferred_element_type: None,
    }
}

impl SparseMatmul {
    /// The sizes of what is contracted and what is not.
    fn sizes(&self) -> (usize, usize) {
        let (rows, cols) = (self.info.shape[0], self.info.shape[1]);
        if self.transpose { (rows, cols) } else { (cols, rows) }
    }

    /// Where each element takes its factor from, and where its product goes.
    fn ends(&self, cx: Cx<'_>, indices: &Value) -> Result<(Value, Value)> {
        let (from, to) = if self.transpose { (0, 1) } else { (1, 0) };
        Ok((components(cx, indices, &[from])?, components(cx, indices, &[to])?))
    }

    /// The product; examples lie along the first axes of all operands.
    fn product(
        &self,
        cx: Cx<'_>,
        n_batch: usize,
        data: &Value,
        indices: &Value,
        v: &Value,
    ) -> Result<Value> {
        let (from, to) = self.ends(cx, indices)?;
        let met = blocks(cx, v, n_batch, &from, true)?;
        let products = ops::dot_general(cx, each(n_batch + 1, 0..0), data, &met)?;
        let mut shape = v.shape().clone();
        shape[n_batch] = self.sizes().1;
        sums(cx, &shape, n_batch, &to, &products)
    }
}

impl Primitive for SparseMatmul {
    fn name(&self) -> &'static str {
        match (self.layout, self.matrix) {
            (SparseLayout::Csr, false) => "csr_matvec",
            (SparseLayout::Csr, true) => "csr_matmat",
            (_, false) => "coo_matvec",
            (_, true) => "coo_matmat",
        }
    }

    fn params(&self) -> Params {
        let mut params = self.info.params();
        params.push(("transpose", Param::Bool(self.transpose)));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let (layout, matrix) = match name {
            "coo_matvec" => (SparseLayout::Coo, false),
            "coo_matmat" => (SparseLayout::Coo, true),
            "csr_matvec" => (SparseLayout::Csr, false),
            "csr_matmat" => (SparseLayout::Csr, true),
            _ => return None,
        };
        let read = ParamReader::new(name, params);
        let parse = || {
            let info = SparseInfo::read(&read)?;
            Ok(SparseMatmul { layout, matrix, transpose: read.bool("transpose")?, info })
        };
        Some(parse())
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 4)?;
        let (data, v) = (&inputs[0], &inputs[3]);
        self.layout.properties(name, Some(data), &inputs[1..3], &self.info.shape)?;
        if data.dtype != v.dtype || !data.dtype.is_number() {
            bail!(Dtype, "{name} needs numbers of one element type, got {data} and {v}");
        }
        let (contracted, kept) = self.sizes();
        if v.rank() != 1 + usize::from(self.matrix) || v.shape[0] != contracted {
            let what = if self.matrix { "a matrix" } else { "a vector" };
            bail!(Shape, "{name} needs {what} of {contracted} rows, got {v}");
        }
        let mut shape = v.shape.clone();
        shape[0] = kept;
        Ok(smallvec![Type { weak: data.weak && v.weak, ..v.with_shape(shape) }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let indices = self.layout.coordinates(cx, &inputs[1..3])?;
        Ok(smallvec![self.product(cx, 0, &inputs[0], &indices, &inputs[3])?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear_in(&self.clone().into(), cx, primals, tangents, &[0, 3])
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        let prim = self.clone().into();
        match (&inputs[0], &inputs[3]) {
            (Operand::Known(_), Operand::Linear(_)) => {
                let mut operands = known(&prim, &inputs[..3])?;
                operands.push(ct.clone());
                let back = SparseMatmul { transpose: !self.transpose, ..self.clone() };
                Ok(cotangent_of(inputs, 3, ops::bind1(cx, back, &operands)?))
            }
            (Operand::Linear(_), Operand::Known(v)) => {
                let indices = self.layout.coordinates(cx, &known(&prim, &inputs[1..3])?)?;
                let (from, to) = self.ends(cx, &indices)?;
                let (v, ct) = (blocks(cx, v, 0, &from, true)?, blocks(cx, ct, 0, &to, true)?);
                let dot = each(1, 1..v.ty().rank());
                Ok(cotangent_of(inputs, 0, ops::dot_general(cx, dot, &ct, &v)?))
            }
            _ => Err(not_linear(self)),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let inputs = batched_first(cx, inputs, axes)?;
        let all = inputs.iter().map(|input| with_batch(cx, input, &[size]));
        let all = all.collect::<Result<Vec<Value>>>()?;
        let indices = match self.layout {
            SparseLayout::Csr => SparseLayout::Bcsr.coordinates(cx, &all[1..3])?,
            layout => layout.coordinates(cx, &all[1..3])?,
        };
        Ok(linear::batched(self.product(cx, 1, &all[0], &indices, &all[3])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::matmul()
    }
}

//! The elements of a dense array that a sparse one stores.

use jaxrs_data::{Error, ErrorKind, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};

use super::arrange::Distinct;
use super::coordinates::{blocks, with_batch};
use super::to_dense::shared_batches;
use super::{
    SparseInfo, SparseLayout, SparseToDense, batched_first, cotangent_of, known, linear_in,
};
use crate::lower::Lowering;
use crate::prims::{Primitive, not_linear};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `bcoo_extract(indices, x)`, `bcsr_extract(indices, indptr, x)`: the elements of `x` at indices.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SparseExtract {
    /// How indices say where: [`SparseLayout::Bcoo`] or [`SparseLayout::Bcsr`].
    pub layout: SparseLayout,
    /// Whether each index gets its element; else the first of those that are the same gets it, and the others
    /// zero.
    pub assume_unique: bool,
}

impl SparseExtract {
    fn n_indices(self) -> usize {
        self.layout.n_indices()
    }
}

/// The elements of an array at indices.
pub(super) fn extract(cx: Cx<'_>, indices: &Value, x: &Value) -> Result<Value> {
    let n_batch = indices.ty().rank() - 2;
    let indices = with_batch(cx, indices, &x.shape()[..n_batch])?;
    blocks(cx, x, n_batch, &indices, false)
}

impl Primitive for SparseExtract {
    fn name(&self) -> &'static str {
        if self.layout == SparseLayout::Bcsr { "bcsr_extract" } else { "bcoo_extract" }
    }

    fn params(&self) -> Params {
        match self.layout {
            SparseLayout::Bcsr => Params::new(),
            _ => vec![("assume_unique", Param::Bool(self.assume_unique))],
        }
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        match name {
            "bcoo_extract" => {
                Some(read.bool("assume_unique").map(|assume_unique| SparseExtract {
                    layout: SparseLayout::Bcoo,
                    assume_unique,
                }))
            }
            "bcsr_extract" => {
                Some(Ok(SparseExtract { layout: SparseLayout::Bcsr, assume_unique: true }))
            }
            _ => None,
        }
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, self.n_indices() + 1)?;
        let (indices, x) = inputs.split_at(self.n_indices());
        let p = self.layout.properties(self.name(), None, indices, &x[0].shape)?;
        if x[0].dtype.is_key() {
            bail!(Dtype, "{} does not take {}", self.name(), x[0]);
        }
        Ok(smallvec![x[0].with_shape(p.data_shape(&x[0].shape))])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let (indices, x) = inputs.split_at(self.n_indices());
        let indices = self.layout.coordinates(cx, indices)?;
        let found = extract(cx, &indices, &x[0])?;
        if self.assume_unique {
            return Ok(smallvec![found]);
        }
        let n_batch = indices.ty().rank() - 2;
        let n_sparse = indices.shape()[n_batch + 1];
        let first =
            Distinct::of(cx, &indices, &x[0].shape()[n_batch..n_batch + n_sparse])?.is_first;
        let first = with_batch(cx, &first, &x[0].shape()[..n_batch])?;
        let first = ops::broadcast_in_dim(cx, &first, found.shape(), 0..=n_batch)?;
        let zero = ops::full(cx, found.ty(), Scalar::Int(0))?;
        Ok(smallvec![ops::select(cx, &first, &found, &zero)?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear_in(&(*self).into(), cx, primals, tangents, &[self.n_indices()])
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let n = self.n_indices();
        if !inputs[n].is_linear() {
            return Err(not_linear(self));
        }
        if !self.assume_unique {
            return Err(Error::new(
                ErrorKind::Unimplemented,
                "bcoo_extract cannot be transposed unless it assumes that indices are unique",
            ));
        }
        let mut operands = vec![linear::cotangent(cotangents)?.clone()];
        operands.extend(known(&(*self).into(), &inputs[..n])?);
        let info = SparseInfo::of(&inputs[n].ty().shape);
        let dense = SparseToDense { layout: self.layout, info, any: false };
        Ok(cotangent_of(inputs, n, ops::bind1(cx, dense, &operands)?))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut inputs = batched_first(cx, inputs, axes)?;
        let n = self.n_indices();
        inputs[n] = with_batch(cx, &inputs[n], &[size])?;
        let indices = shared_batches(cx, &inputs[..n])?;
        inputs.splice(..n, indices);
        Ok(linear::batched(ops::bind1(cx, *self, &inputs)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::extract()
    }
}

//! Sparse arrays as dense ones.

use jaxrs_data::{Literal, Result, SmallVec, Type, bail, smallvec};

use super::coordinates::{blocks, sums, unbroadcast, with_batch};
use super::{
    SparseExtract, SparseInfo, SparseLayout, batched_first, cotangent_of, known, linear_in,
};
use crate::lower::Lowering;
use crate::prims::{Primitive, not_linear};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `bcoo_todense(data, indices)`, `bcsr_todense(data, indices, indptr)`, `coo_todense(data, row, col)`,
/// `csr_todense(data, indices, indptr)`: the dense array. `todense` is any of them, or the identity.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SparseToDense {
    /// Of what.
    pub layout: SparseLayout,
    /// Of which array.
    pub info: SparseInfo,
    /// Whether it is `todense`, which takes every layout.
    pub any: bool,
}

impl SparseToDense {
    fn extract(&self, cx: Cx<'_>, indices: &[Value], ct: &Value) -> Result<Value> {
        match self.layout {
            SparseLayout::Dense => Ok(ct.clone()),
            SparseLayout::Bcoo | SparseLayout::Bcsr => {
                let extract = SparseExtract { layout: self.layout, assume_unique: true };
                let inputs: Vec<Value> = indices.iter().chain([ct]).cloned().collect();
                ops::bind1(cx, extract, &inputs)
            }
            SparseLayout::Coo | SparseLayout::Csr => {
                blocks(cx, ct, 0, &self.layout.coordinates(cx, indices)?, true)
            }
        }
    }
}

/// The dense array of this shape. Batches may be shared.
pub(super) fn to_dense(
    cx: Cx<'_>,
    data: &Value,
    indices: &Value,
    shape: &[usize],
) -> Result<Value> {
    let n_batch = indices.ty().rank() - 2;
    let batch = &shape[..n_batch];
    sums(cx, shape, n_batch, &with_batch(cx, indices, batch)?, &with_batch(cx, data, batch)?)
}

impl Primitive for SparseToDense {
    fn name(&self) -> &'static str {
        match self.layout {
            _ if self.any => "todense",
            SparseLayout::Bcsr => "bcsr_todense",
            SparseLayout::Coo => "coo_todense",
            SparseLayout::Csr => "csr_todense",
            SparseLayout::Bcoo | SparseLayout::Dense => "bcoo_todense",
        }
    }

    fn params(&self) -> Params {
        let mut params = self.info.params();
        if self.any {
            params.push(("layout", Param::Name(self.layout.name().to_owned())));
        }
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let prefix = name.strip_suffix("todense")?;
        let read = ParamReader::new(name, params);
        let any = prefix.is_empty();
        let layout = match prefix.strip_suffix('_') {
            Some(layout) => layout,
            None => read.name("layout").ok()?,
        };
        let layout = SparseLayout::from_name(layout)?;
        Some(SparseInfo::read(&read).map(|info| SparseToDense { layout, info, any }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1 + self.layout.n_indices())?;
        let (data, shape) = (&inputs[0], &self.info.shape);
        if !data.dtype.is_number() {
            bail!(Dtype, "{} does not take {data}", self.name());
        }
        match self.layout {
            SparseLayout::Dense if data.shape == *shape => {}
            SparseLayout::Dense => {
                bail!(Shape, "todense needs an array of shape {shape}, got {data}")
            }
            layout => drop(layout.properties(self.name(), Some(data), &inputs[1..], shape)?),
        }
        Ok(smallvec![data.with_shape(shape.clone())])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        if self.layout == SparseLayout::Dense {
            return Ok(smallvec![inputs[0].clone()]);
        }
        let indices = self.layout.coordinates(cx, &inputs[1..])?;
        Ok(smallvec![to_dense(cx, &inputs[0], &indices, &self.info.shape)?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear_in(&self.clone().into(), cx, primals, tangents, &[0])
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        if !inputs[0].is_linear() {
            return Err(not_linear(self));
        }
        let ct = linear::cotangent(cotangents)?;
        let indices = known(&self.clone().into(), &inputs[1..])?;
        let data = self.extract(cx, &indices, ct)?;
        Ok(cotangent_of(inputs, 0, unbroadcast(cx, &data, inputs[0].ty())?))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let inputs = batched_first(cx, inputs, axes)?;
        let info = self.info.batched(size);
        let dense = match self.layout {
            SparseLayout::Dense | SparseLayout::Bcoo | SparseLayout::Bcsr => {
                ops::bind1(cx, SparseToDense { info, ..self.clone() }, &inputs)?
            }
            // Without batches of their own, they have the ones of bcoo.
            SparseLayout::Coo | SparseLayout::Csr => {
                let indices = shared_batches(cx, &inputs[1..])?;
                let indices = self.layout.coordinates(cx, &indices)?;
                let bcoo = SparseToDense { layout: SparseLayout::Bcoo, info, any: false };
                ops::bind1(cx, bcoo, &[inputs[0].clone(), indices])?
            }
        };
        Ok(linear::batched(dense, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::to_dense()
    }
}

/// Indices whose first axes all have the size of the largest.
pub(super) fn shared_batches(cx: Cx<'_>, indices: &[Value]) -> Result<Vec<Value>> {
    let size = indices.iter().map(|value| value.shape()[0]).max().unwrap_or(1);
    indices.iter().map(|value| with_batch(cx, value, &[size])).collect()
}

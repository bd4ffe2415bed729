//! Sparse arrays with their axes permuted.

use jaxrs_data::{Literal, Result, Scalar, SmallVec, Type, bail, smallvec};

use super::coordinates::components;
use super::{SparseInfo, SparseLayout, batched_first, cotangent_of};
use crate::lower::Lowering;
use crate::prims::{Primitive, not_linear};
use crate::rules::axes::{self, AxisList};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `bcoo_transpose(data, indices)`: axis `i` of the result is axis `permutation[i]` of the operand. Batch axes
/// stay before sparse ones, and those before dense ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BcooTranspose {
    /// Which axis comes where.
    pub permutation: AxisList,
    /// Of which array.
    pub info: SparseInfo,
}

/// What happens to the axes of each kind.
struct Parts {
    batch: AxisList,
    sparse: AxisList,
    dense: AxisList,
}

/// The permutations of batch, sparse and dense axes that a permutation consists of, if it does.
fn parts(permutation: &[usize], n_batch: usize, n_sparse: usize) -> Option<Parts> {
    let (batch, rest) = permutation.split_at_checked(n_batch)?;
    let (sparse, dense) = rest.split_at_checked(n_sparse)?;
    let within = |axes: &[usize], start: usize| -> Option<AxisList> {
        let moved: AxisList = axes.iter().map(|axis| axis.wrapping_sub(start)).collect();
        moved.iter().all(|&axis| axis < axes.len()).then_some(moved)
    };
    Some(Parts {
        batch: within(batch, 0)?,
        sparse: within(sparse, n_batch)?,
        dense: within(dense, n_batch + n_sparse)?,
    })
}

/// Whether a permutation keeps batch axes before sparse ones, and those before dense ones.
pub(super) fn keeps_kinds(permutation: &[usize], n_batch: usize, n_sparse: usize) -> bool {
    parts(permutation, n_batch, n_sparse).is_some()
}

impl BcooTranspose {
    fn parts(&self, indices: &Type) -> Result<Parts> {
        let n_batch = indices.rank() - 2;
        match parts(&self.permutation, n_batch, indices.shape[n_batch + 1]) {
            Some(parts) => Ok(parts),
            None => bail!(
                Unimplemented,
                "bcoo_transpose permutes batch axes among themselves, then sparse and dense ones, but got {:?} of \
                 {n_batch} batch and {} sparse axes",
                self.permutation.as_slice(),
                indices.shape[n_batch + 1]
            ),
        }
    }

    /// The permutation of the axes of indices, and of data.
    fn permutations(&self, indices: &Type) -> Result<(AxisList, AxisList)> {
        let parts = self.parts(indices)?;
        let n = parts.batch.len();
        let of_indices = parts.batch.iter().copied().chain([n, n + 1]).collect();
        let dense = parts.dense.iter().map(|axis| axis + n + 1);
        Ok((of_indices, parts.batch.iter().copied().chain([n]).chain(dense).collect()))
    }
}

impl Primitive for BcooTranspose {
    fn name(&self) -> &'static str {
        "bcoo_transpose"
    }

    fn params(&self) -> Params {
        let mut params = vec![("permutation", Param::sizes(&self.permutation))];
        params.extend(self.info.params());
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "bcoo_transpose").then(|| {
            let permutation = read.sizes("permutation")?;
            Ok(BcooTranspose { permutation, info: SparseInfo::read(&read)? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let rank = self.info.shape.rank();
        axes::check_distinct(self.name(), "axes in its permutation", &self.permutation, rank)?;
        if self.permutation.len() != rank {
            let (permutation, shape) = (self.permutation.as_slice(), &self.info.shape);
            bail!(
                InvalidArgument,
                "bcoo_transpose got permutation {permutation:?} for shape {shape}"
            );
        }
        SparseLayout::Bcoo.properties(
            self.name(),
            Some(&inputs[0]),
            &inputs[1..],
            &self.info.shape,
        )?;
        let (of_indices, of_data) = self.permutations(&inputs[1])?;
        let permuted = |ty: &Type, permutation: &[usize]| {
            ty.with_shape(
                permutation.iter().map(|&axis| ty.shape[axis]).collect::<jaxrs_data::Shape>(),
            )
        };
        Ok(smallvec![permuted(&inputs[0], &of_data), permuted(&inputs[1], &of_indices)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let (of_indices, of_data) = self.permutations(inputs[1].ty())?;
        let indices = components(cx, &inputs[1], &self.parts(inputs[1].ty())?.sparse)?;
        let data = ops::transpose(cx, &inputs[0], &of_data)?;
        Ok(smallvec![data, ops::transpose(cx, &indices, &of_indices)?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let prim = self.clone().into();
        let outputs = cx.bind(&prim, primals)?;
        let tangent = tangents[0].map(outputs[0].ty(), |dx| {
            Ok(cx.bind(&prim, &[dx.clone(), primals[1].clone()])?.swap_remove(0))
        })?;
        let none = Tangent::Zero(outputs[1].ty().clone());
        Ok(Jvp { primals: outputs, tangents: smallvec![tangent, none] })
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
        // Only the axes matter here, so that any indices will do.
        let shape = self.permutation.iter().map(|&axis| self.info.shape[axis]);
        let info = SparseInfo::of(&shape.collect::<AxisList>());
        let indices = inputs[1].ty();
        let n_batch = indices.rank() - 2;
        let mut any = indices.clone();
        any.shape.iter_mut().take(n_batch).for_each(|size| *size = 1);
        let any = ops::full(cx, &any, Scalar::Int(0))?;
        let back = BcooTranspose { permutation: axes::inverse(&self.permutation), info };
        let data = cx.bind(&back.into(), &[ct.clone(), any])?.swap_remove(0);
        Ok(cotangent_of(inputs, 0, data))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let inputs = batched_first(cx, inputs, axes)?;
        let permutation = axes::with_front(0, &axes::shifted(&self.permutation));
        let prim = BcooTranspose { permutation, info: self.info.batched(size) };
        let mut outputs = cx.bind(&prim.into(), &inputs)?;
        for (output, axis) in outputs.iter_mut().zip(axes) {
            if axis.is_none() {
                *output = ops::squeeze(cx, output, [0])?;
            }
        }
        Ok(Batched { outputs, axes: axes.iter().map(|axis| axis.map(|_| 0)).collect() })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::transpose()
    }
}

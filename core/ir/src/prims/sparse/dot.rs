//! Products of a sparse array and a dense one.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail, smallvec};

use super::coordinates::{blocks, components, sums, unbroadcast, with_batch};
use super::extract::extract;
use super::transpose::keeps_kinds;
use super::{
    BcooDotGeneralSampled, BcooTranspose, Properties, SparseInfo, SparseLayout, batched_first,
    cotangent_of, known, linear_in,
};
use crate::lower::Lowering;
use crate::prims::{DotGeneral, Primitive, not_linear};
use crate::rules::axes::{self, AxisList};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `bcoo_dot_general(data, indices, rhs)`, `bcsr_dot_general(data, indices, indptr, rhs)`: what `dot_general`
/// gives for the dense array on the left. Batch axes are batch axes of the sparse array, and contracted ones
/// are not dense.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SparseDotGeneral {
    /// [`SparseLayout::Bcoo`] or [`SparseLayout::Bcsr`].
    pub layout: SparseLayout,
    /// Which axes meet.
    pub dot: DotGeneral,
    /// What the left operand is.
    pub info: SparseInfo,
}

/// How the axes of the operands are grouped: batch axes that both have, contracted ones among the batches of
/// the sparse array, its other batches, and contracted sparse axes.
struct Groups {
    both: AxisList,
    contracted: AxisList,
    alone: AxisList,
    sparse: AxisList,
    kept: AxisList,
    /// The axes of the dense operand: as `both`, `contracted`, `sparse`, then the others.
    dense: AxisList,
}

impl SparseDotGeneral {
    fn lhs(&self, data: &Type) -> Type {
        data.with_shape(self.info.shape.clone())
    }

    fn groups(&self, p: &Properties, rhs_rank: usize) -> Groups {
        let pairs = self.dot.lhs_contracting.iter().zip(&self.dot.rhs_contracting);
        let (in_batch, in_sparse): (Vec<_>, Vec<_>) = pairs.partition(|(l, _)| **l < p.n_batch);
        let contracted: AxisList = in_batch.iter().map(|(l, _)| **l).collect();
        let sparse: AxisList = in_sparse.iter().map(|(l, _)| **l - p.n_batch).collect();
        let met = in_batch.iter().chain(&in_sparse).map(|(_, r)| **r);
        let mut dense: AxisList = self.dot.rhs_batch.iter().copied().chain(met).collect();
        let rest = axes::others(rhs_rank, &[&dense]);
        dense.extend(rest);
        Groups {
            alone: axes::others(p.n_batch, &[&self.dot.lhs_batch, &contracted]),
            kept: axes::others(p.n_sparse, &[&sparse]),
            both: self.dot.lhs_batch.clone(),
            contracted,
            sparse,
            dense,
        }
    }

    /// The product, from indices as `bcoo` has them.
    fn product(&self, cx: Cx<'_>, data: &Value, indices: &Value, rhs: &Value) -> Result<Value> {
        let layout = SparseLayout::Bcoo;
        let p =
            layout.properties("", Some(data.ty()), &[indices.ty().clone()], &self.info.shape)?;
        let out = self.dot.output_types(&[self.lhs(data.ty()), rhs.ty().clone()])?.swap_remove(0);
        let g = self.groups(&p, rhs.ty().rank());
        let order: AxisList = [&*g.both, &g.contracted, &g.alone].concat().into();
        let ordered = |x: &Value| {
            let x = with_batch(cx, x, &self.info.shape[..p.n_batch])?;
            let rest = p.n_batch..x.ty().rank();
            ops::transpose(cx, &x, &order.iter().copied().chain(rest).collect::<AxisList>())
        };
        let (data, indices) = (ordered(data)?, ordered(indices)?);
        let rhs = ops::transpose(cx, rhs, &g.dense)?;
        let n_shared = g.both.len() + g.contracted.len();
        let met = blocks(cx, &rhs, n_shared, &components(cx, &indices, &g.sparse)?, false)?;
        match g.kept.is_empty() {
            true => self.contract(cx, &g, p.n_batch, &data, &met),
            false => self.scatter(cx, &g, &out, [&data, &indices, &met]),
        }
    }

    /// Where no sparse axis is kept: all stored elements of a batch are summed.
    fn contract(
        &self,
        cx: Cx<'_>,
        g: &Groups,
        n_batch: usize,
        data: &Value,
        met: &Value,
    ) -> Result<Value> {
        let end = g.both.len() + g.contracted.len();
        let batch: AxisList = (0..g.both.len()).chain(end..n_batch).collect();
        let contracting: AxisList = (g.both.len()..end).chain([n_batch]).collect();
        let dot = DotGeneral {
            lhs_contracting: contracting.clone(),
            rhs_contracting: contracting,
            lhs_batch: batch.clone(),
            rhs_batch: batch,
            preferred_element_type: self.dot.preferred_element_type,
        };
        ops::dot_general(cx, dot, data, met)
    }

    /// Where some are kept: each product is added where it belongs.
    fn scatter(
        &self,
        cx: Cx<'_>,
        g: &Groups,
        out: &Type,
        [data, indices, met]: [&Value; 3],
    ) -> Result<Value> {
        let n_batch = indices.ty().rank() - 2;
        let all: AxisList = (0..=n_batch).collect();
        let dot = DotGeneral {
            lhs_contracting: smallvec![],
            rhs_contracting: smallvec![],
            lhs_batch: all.clone(),
            rhs_batch: all,
            preferred_element_type: self.dot.preferred_element_type,
        };
        let products = ops::dot_general(cx, dot, data, met)?;
        let at = components(cx, indices, &g.kept)?;
        let n_kept = g.both.len() + g.alone.len();
        let products = joined(cx, &products, g, n_batch)?;
        let at = joined(cx, &at, g, n_batch)?;
        let products = ops::convert(cx, &products, out.dtype)?;
        sums(cx, &out.shape, n_kept, &at, &products)
    }

    fn bind(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Value> {
        ops::bind1(cx, self.clone(), inputs)
    }

    /// The cotangent of data: the products at its indices.
    fn data_cotangent(
        &self,
        cx: Cx<'_>,
        indices: &Value,
        rhs: &Value,
        ct: &Value,
    ) -> Result<Value> {
        let rank = self.info.shape.rank();
        let (lhs, rhs_dims) = (&self.dot.lhs_contracting, &self.dot.rhs_contracting);
        let lhs_kept = axes::others(rank, &[lhs, &self.dot.lhs_batch]);
        let rhs_kept = axes::others(rhs.ty().rank(), &[rhs_dims, &self.dot.rhs_batch]);
        let n_batch = self.dot.lhs_batch.len();
        let of_rhs = n_batch + lhs_kept.len()..ct.ty().rank();
        let dims = DotGeneral {
            lhs_contracting: of_rhs.collect(),
            rhs_contracting: rhs_kept,
            lhs_batch: (0..n_batch).collect(),
            rhs_batch: self.dot.rhs_batch.clone(),
            preferred_element_type: None,
        };
        let mut met: Vec<(usize, usize)> =
            lhs.iter().copied().zip(rhs_dims.iter().copied()).collect();
        met.sort_unstable_by_key(|(_, r)| *r);
        let met = met.into_iter().map(|(l, _)| l);
        let permutation: AxisList =
            self.dot.lhs_batch.iter().copied().chain(lhs_kept).chain(met).collect();
        let back = axes::inverse(&permutation);
        let (n, k) = (indices.ty().rank() - 2, indices.shape()[indices.ty().rank() - 1]);
        if n + k == rank && keeps_kinds(&permutation, n, k) {
            return sampled(cx, dims, (&permutation, &back), indices, [ct, rhs]);
        }
        let dense = ops::dot_general(cx, dims, ct, rhs)?;
        extract(cx, indices, &ops::transpose(cx, &dense, &back)?)
    }

    /// The cotangent of the dense operand.
    fn dense_cotangent(
        &self,
        cx: Cx<'_>,
        sparse: &[Value],
        rhs: &Type,
        ct: &Value,
    ) -> Result<Value> {
        let (lhs, met) = (&self.dot.lhs_contracting, &self.dot.rhs_contracting);
        let lhs_kept = axes::others(self.info.shape.rank(), &[lhs, &self.dot.lhs_batch]);
        let rhs_kept = axes::others(rhs.rank(), &[met, &self.dot.rhs_batch]);
        let n_batch = self.dot.lhs_batch.len();
        let dot = DotGeneral {
            rhs_contracting: (n_batch..n_batch + lhs_kept.len()).collect(),
            lhs_contracting: lhs_kept,
            lhs_batch: self.dot.lhs_batch.clone(),
            rhs_batch: (0..n_batch).collect(),
            preferred_element_type: None,
        };
        let mut pairs: Vec<(usize, usize)> = lhs.iter().copied().zip(met.iter().copied()).collect();
        pairs.sort_unstable();
        let met = pairs.into_iter().map(|(_, r)| r);
        let order: AxisList =
            self.dot.rhs_batch.iter().copied().chain(met).chain(rhs_kept).collect();
        let product = SparseDotGeneral { dot, ..self.clone() };
        let inputs: Vec<Value> = sparse.iter().chain([ct]).cloned().collect();
        ops::transpose(cx, &product.bind(cx, &inputs)?, &axes::inverse(&order))
    }
}

/// The axes `contracted` of an array that is ordered as `both`, `contracted`, `alone`, and the axis after them
/// as one.
fn joined(cx: Cx<'_>, x: &Value, g: &Groups, n_batch: usize) -> Result<Value> {
    let (start, end) = (g.both.len(), g.both.len() + g.contracted.len());
    let order = (0..start).chain(end..n_batch).chain(start..end).chain(n_batch..x.ty().rank());
    let x = ops::transpose(cx, x, &order.collect::<AxisList>())?;
    let n_kept = start + n_batch - end;
    let len: usize = x.shape()[n_kept..=n_batch].iter().product();
    let shape: Shape = x.shape()[..n_kept]
        .iter()
        .copied()
        .chain([len])
        .chain(x.shape()[n_batch + 1..].iter().copied())
        .collect();
    ops::reshape(cx, &x, &shape)
}

/// Products at indices of a permuted array, in the order of the indices as they were.
fn sampled(
    cx: Cx<'_>,
    dot: DotGeneral,
    (permutation, back): (&AxisList, &AxisList),
    indices: &Value,
    [ct, rhs]: [&Value; 2],
) -> Result<Value> {
    // The shape does not matter for the permutation of axes.
    let n_batch = indices.ty().rank() - 2;
    let mut shape = indices.shape()[..n_batch].to_vec();
    shape.resize(permutation.len(), 1);
    let mut data = ct.ty().with_shape(&indices.shape()[..=n_batch]);
    data.weak = false;
    let any = ops::full(cx, &data, jaxrs_data::Scalar::Int(0))?;
    let info = SparseInfo::of(&shape);
    let there = BcooTranspose { permutation: permutation.clone(), info };
    let at = cx.bind(&there.into(), &[any, indices.clone()])?.swap_remove(1);
    let products =
        ops::bind1(cx, BcooDotGeneralSampled { dot }, &[ct.clone(), rhs.clone(), at.clone()])?;
    // All batches of the products are there.
    let mut full = products.shape()[..n_batch].to_vec();
    full.resize(permutation.len(), 1);
    let again = BcooTranspose { permutation: back.clone(), info: SparseInfo::of(&full) };
    Ok(cx.bind(&again.into(), &[products, at])?.swap_remove(0))
}

impl Primitive for SparseDotGeneral {
    fn name(&self) -> &'static str {
        if self.layout == SparseLayout::Bcsr { "bcsr_dot_general" } else { "bcoo_dot_general" }
    }

    fn params(&self) -> Params {
        let mut params = self.dot.params();
        params.extend(self.info.params());
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let layout = SparseLayout::from_name(name.strip_suffix("_dot_general")?)?;
        let read = ParamReader::new(name, params);
        let dot = DotGeneral::parse("dot_general", params)?;
        Some(
            dot.and_then(|dot| {
                Ok(SparseDotGeneral { layout, dot, info: SparseInfo::read(&read)? })
            }),
        )
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, n) = (self.name(), self.layout.n_indices());
        nary::arity(name, inputs, n + 2)?;
        let p = self.layout.properties(name, Some(&inputs[0]), &inputs[1..=n], &self.info.shape)?;
        if !inputs[0].dtype.is_number() {
            bail!(Dtype, "{name} does not take {}", inputs[0]);
        }
        let out = self.dot.output_types(&[self.lhs(&inputs[0]), inputs[n + 1].clone()])?;
        if self.dot.lhs_batch.iter().any(|&axis| axis >= p.n_batch) {
            let axes = self.dot.lhs_batch.as_slice();
            bail!(
                Unimplemented,
                "{name} needs batch axes below {}, those of the sparse array, got {axes:?}",
                p.n_batch
            );
        }
        if self.dot.lhs_contracting.iter().any(|&axis| axis >= p.n_batch + p.n_sparse) {
            let axes = self.dot.lhs_contracting.as_slice();
            bail!(Unimplemented, "{name} does not contract dense axes, got {axes:?}");
        }
        Ok(out)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let n = self.layout.n_indices();
        let indices = self.layout.coordinates(cx, &inputs[1..=n])?;
        Ok(smallvec![self.product(cx, &inputs[0], &indices, &inputs[n + 1])?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let last = primals.len() - 1;
        linear_in(&self.clone().into(), cx, primals, tangents, &[0, last])
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let (ct, last) = (linear::cotangent(cotangents)?, inputs.len() - 1);
        let prim = self.clone().into();
        match (&inputs[0], &inputs[last]) {
            (Operand::Linear(data), Operand::Known(rhs)) => {
                let indices = known(&prim, &inputs[1..last])?;
                let indices = self.layout.coordinates(cx, &indices)?;
                let found = self.data_cotangent(cx, &indices, rhs, ct)?;
                let found = ops::convert(cx, &unbroadcast(cx, &found, data)?, data.dtype)?;
                Ok(cotangent_of(inputs, 0, found))
            }
            (Operand::Known(_), Operand::Linear(rhs)) => {
                let sparse = known(&prim, &inputs[..last])?;
                let found = self.dense_cotangent(cx, &sparse, rhs, ct)?;
                Ok(cotangent_of(inputs, last, ops::convert(cx, &found, rhs.dtype)?))
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
        let last = inputs.len() - 1;
        let mut batched = batched_first(cx, &inputs[..last], &axes[..last])?;
        let mut dot = DotGeneral {
            lhs_contracting: axes::shifted(&self.dot.lhs_contracting),
            lhs_batch: axes::shifted(&self.dot.lhs_batch),
            ..self.dot.clone()
        };
        let out = match axes[last] {
            Some(axis) => {
                batched.push(ops::move_axis(cx, &inputs[last], axis, 0)?);
                dot.rhs_contracting = axes::shifted(&dot.rhs_contracting);
                dot.lhs_batch.insert(0, 0);
                dot.rhs_batch = axes::with_front(0, &axes::shifted(&dot.rhs_batch));
                0
            }
            None => {
                batched.push(inputs[last].clone());
                dot.lhs_batch.len()
            }
        };
        let prim = SparseDotGeneral { layout: self.layout, dot, info: self.info.batched(size) };
        Ok(linear::batched(prim.bind(cx, &batched)?, out))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::dot_general()
    }
}

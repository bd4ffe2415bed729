//! Products of two sparse arrays.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::Compare as Cmp;

use super::coordinates::{component, components, with_batch};
use super::{BcooSumDuplicates, Properties, SparseInfo, SparseLayout, batched_first};
use crate::lower::Lowering;
use crate::prims::{Binary, DotGeneral, Primitive};
use crate::rules::axes::{self, AxisList};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops};

/// `bcoo_spdot_general(lhs_data, lhs_indices, rhs_data, rhs_indices)`: what `dot_general` gives for the dense
/// arrays, as a sparse one. Batch axes are batch axes of both, contracted ones are sparse in both, and there
/// are no dense ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BcooSpdotGeneral {
    /// Which axes meet.
    pub dot: DotGeneral,
    /// What the left operand is.
    pub lhs: SparseInfo,
    /// What the right operand is.
    pub rhs: SparseInfo,
}

/// One of the operands: its axes, and which of them are which.
struct Side<'a> {
    p: Properties,
    shape: &'a [usize],
    /// Its batch axes that the other operand has too.
    both: &'a AxisList,
    /// Its other batch axes.
    alone: AxisList,
    /// Its contracted and its other sparse axes, counted among the sparse ones.
    met: AxisList,
    kept: AxisList,
}

/// The sizes of the axes of the result.
struct Sizes {
    batch: Shape,
    sparse: AxisList,
    nse: usize,
}

impl Side<'_> {
    /// The sizes along the batch axes that the other operand lacks.
    fn alone_sizes(&self, data: &Type, indices: &Type) -> AxisList {
        self.alone.iter().map(|&axis| data.shape[axis].max(indices.shape[axis])).collect()
    }

    fn kept_sizes(&self) -> AxisList {
        self.kept.iter().map(|axis| self.shape[axis + self.p.n_batch]).collect()
    }

    /// An array with the batch axes of the result, of which its own come after `skipped` others.
    fn spread(&self, cx: Cx<'_>, x: &Value, batch: &Shape, skipped: usize) -> Result<Value> {
        let n = self.p.n_batch;
        let order = self.both.iter().chain(&self.alone).copied().chain(n..x.ty().rank());
        let x = ops::transpose(cx, x, &order.collect::<AxisList>())?;
        let shape: Shape = batch.iter().chain(&x.shape()[n..]).copied().collect();
        let rest = batch.rank()..shape.rank();
        let alone = (self.both.len()..n).map(|axis| axis + skipped);
        ops::broadcast_in_dim(cx, &x, &shape, (0..self.both.len()).chain(alone).chain(rest))
    }
}

impl BcooSpdotGeneral {
    fn sides(&self, inputs: &[Type]) -> Result<[Side<'_>; 2]> {
        let name = self.name();
        let side = |inputs: &[Type], info: &'_ SparseInfo, both, met: &AxisList| {
            let p = SparseLayout::Bcoo.properties(
                name,
                Some(&inputs[0]),
                &inputs[1..2],
                &info.shape,
            )?;
            if p.n_dense > 0 {
                bail!(
                    Unimplemented,
                    "{name} takes no dense axes, got {} of {}",
                    inputs[0],
                    info.shape
                );
            }
            let both: &AxisList = both;
            if let Some(axis) = both.iter().find(|&&axis| axis >= p.n_batch) {
                bail!(Unimplemented, "{name} needs batch axes below {}, got {axis}", p.n_batch);
            }
            if let Some(axis) = met.iter().find(|&&axis| axis < p.n_batch) {
                bail!(
                    Unimplemented,
                    "{name} contracts sparse axes, of {} on, got {axis}",
                    p.n_batch
                );
            }
            let met: AxisList = met.iter().map(|axis| axis - p.n_batch).collect();
            Ok((p, axes::others(p.n_batch, &[both]), axes::others(p.n_sparse, &[&met]), met))
        };
        let dot = &self.dot;
        let (p, alone, kept, met) =
            side(&inputs[..2], &self.lhs, &dot.lhs_batch, &dot.lhs_contracting)?;
        let lhs = Side { p, shape: &self.lhs.shape, both: &dot.lhs_batch, alone, met, kept };
        let (p, alone, kept, met) =
            side(&inputs[2..], &self.rhs, &dot.rhs_batch, &dot.rhs_contracting)?;
        let rhs = Side { p, shape: &self.rhs.shape, both: &dot.rhs_batch, alone, met, kept };
        if !rhs.alone.is_empty() && !lhs.kept.is_empty() {
            bail!(
                InvalidArgument,
                "{name} cannot have batch axes of the right operand alone beside sparse axes of the left one alone"
            );
        }
        Ok([lhs, rhs])
    }

    /// The dense product.
    fn dense(&self, inputs: &[Type]) -> Result<Type> {
        let lhs = inputs[0].with_shape(self.lhs.shape.clone());
        let rhs = inputs[2].with_shape(self.rhs.shape.clone());
        Ok(self.dot.output_types(&[lhs, rhs])?.swap_remove(0))
    }

    fn sizes(&self, [lhs, rhs]: &[Side<'_>; 2], inputs: &[Type], dense: &Type) -> Sizes {
        let both = lhs.both.iter().map(|&axis| lhs.shape[axis]);
        let batch: Shape = both
            .chain(lhs.alone_sizes(&inputs[0], &inputs[1]))
            .chain(rhs.alone_sizes(&inputs[2], &inputs[3]))
            .collect();
        let of = |side: &Side<'_>| if side.kept.is_empty() { 1 } else { side.p.nse };
        let most: usize = dense.shape[batch.rank()..].iter().product();
        let nse = (of(lhs) * of(rhs)).min(most);
        let sparse = lhs.kept_sizes().into_iter().chain(rhs.kept_sizes()).collect();
        Sizes { batch, sparse, nse }
    }

    /// Whether elements of both operands meet: all contracted indices are the same and in bounds.
    fn overlap(
        &self,
        cx: Cx<'_>,
        [lhs, rhs]: &[Side<'_>; 2],
        [left, right]: [&Value; 2],
        pairs: &Shape,
    ) -> Result<Value> {
        let n = pairs.rank() - 2;
        let mut all = ops::full(cx, &Type::new(DType::Bool, pairs.clone()), Scalar::Bool(true))?;
        for (&i, &j) in lhs.met.iter().zip(&rhs.met) {
            let (l, r) = (component(cx, left, i)?, component(cx, right, j)?);
            let limit = ops::scalar_like(&l, lhs.shape[i + lhs.p.n_batch] as f64);
            let inside = ops::compare(cx, Cmp::Lt, &l, &limit)?;
            let l = ops::broadcast_in_dim(cx, &l, pairs, 0..=n)?;
            let r = ops::broadcast_in_dim(cx, &r, pairs, (0..n).chain([n + 1]))?;
            let inside = ops::broadcast_in_dim(cx, &inside, pairs, 0..=n)?;
            let same = ops::compare(cx, Cmp::Eq, &l, &r)?;
            let same = ops::binary(cx, Binary::And, &same, &inside)?;
            all = ops::binary(cx, Binary::And, &all, &same)?;
        }
        Ok(all)
    }
}

/// The indices of all pairs of elements.
fn paired(cx: Cx<'_>, left: &Value, right: &Value, pairs: &Shape) -> Result<Value> {
    let n = pairs.rank() - 2;
    let last = |x: &Value| x.shape()[n + 1];
    let with = |k: usize| pairs.with(n + 2, k);
    let l = ops::broadcast_in_dim(cx, left, &with(last(left)), (0..=n).chain([n + 2]))?;
    let r = ops::broadcast_in_dim(cx, right, &with(last(right)), (0..n).chain([n + 1, n + 2]))?;
    let both = ops::concatenate(cx, &[l, r], n + 2)?;
    flat(cx, &both, n)
}

/// Axes `n` and `n + 1` as one.
fn flat(cx: Cx<'_>, x: &Value, n: usize) -> Result<Value> {
    let shape = x.shape();
    let joined = shape[n] * shape[n + 1];
    let shape: Shape = shape[..n].iter().chain([&joined]).chain(&shape[n + 2..]).copied().collect();
    ops::reshape(cx, x, &shape)
}

impl Primitive for BcooSpdotGeneral {
    fn name(&self) -> &'static str {
        "bcoo_spdot_general"
    }

    fn params(&self) -> Params {
        let mut params = self.dot.params();
        params.push(("lhs_shape", Param::sizes(&self.lhs.shape)));
        params.push(("rhs_shape", Param::sizes(&self.rhs.shape)));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        let dot =
            (name == "bcoo_spdot_general").then(|| DotGeneral::parse("dot_general", params))??;
        let shape = |key| read.sizes::<Shape>(key).map(|shape| SparseInfo::of(&shape));
        Some(dot.and_then(|dot| {
            Ok(BcooSpdotGeneral { dot, lhs: shape("lhs_shape")?, rhs: shape("rhs_shape")? })
        }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 4)?;
        let sides = self.sides(inputs)?;
        let dense = self.dense(inputs)?;
        if inputs[1].dtype != inputs[3].dtype || !dense.dtype.is_number() {
            bail!(
                Dtype,
                "{} needs numbers, and indices of one element type, got {} and {}, {} and {}",
                self.name(),
                inputs[0],
                inputs[2],
                inputs[1],
                inputs[3]
            );
        }
        let Sizes { batch, sparse, nse } = self.sizes(&sides, inputs, &dense);
        let with = |more: &[usize]| -> Shape { batch.iter().chain(more).copied().collect() };
        let data = dense.with_shape(with(&[nse]));
        let indices = inputs[1].with_shape(with(&[nse, sparse.len()]));
        Ok(smallvec![Type { weak: false, ..data }, Type { weak: false, ..indices }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let sides = self.sides(&types)?;
        let Sizes { batch, sparse, nse } = self.sizes(&sides, &types, &self.dense(&types)?);
        let (n, skipped) = (batch.rank(), sides[0].alone.len());
        let left = |x: &Value| sides[0].spread(cx, x, &batch, 0);
        let right = |x: &Value| sides[1].spread(cx, x, &batch, skipped);
        let (l, li, r, ri) =
            (left(&inputs[0])?, left(&inputs[1])?, right(&inputs[2])?, right(&inputs[3])?);
        let each: AxisList = (0..n).collect();
        let outer = DotGeneral {
            lhs_contracting: smallvec![],
            rhs_contracting: smallvec![],
            lhs_batch: each.clone(),
            rhs_batch: each,
            preferred_element_type: self.dot.preferred_element_type,
        };
        let products = ops::dot_general(cx, outer, &l, &r)?;
        let meet = self.overlap(cx, &sides, [&li, &ri], products.shape())?;
        let zero = ops::full(cx, products.ty(), Scalar::Int(0))?;
        let data = ops::select(cx, &meet, &products, &zero)?;
        let left = components(cx, &li, &sides[0].kept)?;
        let right = components(cx, &ri, &sides[1].kept)?;
        let indices = paired(cx, &left, &right, products.shape())?;
        let shape: Shape = batch.iter().chain(&sparse).copied().collect();
        let sum = BcooSumDuplicates { info: SparseInfo::of(&shape), nse };
        cx.bind(&sum.into(), &[flat(cx, &data, n)?, indices])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let prim = self.clone().into();
        let outputs = cx.bind(&prim, primals)?;
        let mut total = Tangent::Zero(outputs[0].ty().clone());
        for k in [0, 2] {
            let along = tangents[k].map(outputs[0].ty(), |dx| {
                let mut inputs = primals.to_vec();
                inputs[k] = dx.clone();
                Ok(cx.bind(&prim, &inputs)?.swap_remove(0))
            })?;
            total = total.add(cx, &along)?;
        }
        let none = Tangent::Zero(outputs[1].ty().clone());
        Ok(Jvp { primals: outputs, tangents: smallvec![total, none] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut inputs = batched_first(cx, inputs, axes)?;
        inputs[0] = with_batch(cx, &inputs[0], &[size])?;
        let dot = DotGeneral {
            lhs_contracting: axes::shifted(&self.dot.lhs_contracting),
            rhs_contracting: axes::shifted(&self.dot.rhs_contracting),
            lhs_batch: axes::with_front(0, &axes::shifted(&self.dot.lhs_batch)),
            rhs_batch: axes::with_front(0, &axes::shifted(&self.dot.rhs_batch)),
            preferred_element_type: self.dot.preferred_element_type,
        };
        let prim =
            BcooSpdotGeneral { dot, lhs: self.lhs.batched(size), rhs: self.rhs.batched(size) };
        let outputs = cx.bind(&prim.into(), &inputs)?;
        Ok(Batched { outputs, axes: smallvec![Some(0), Some(0)] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::spdot()
    }
}

//! The largest or smallest elements along an axis.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{LibraryCall, Ranking, Step, TopK as Call};

use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::prims::sort::take_along;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value};

/// `top_k`, `approx_top_k`: the first `k` elements along an axis by a ranking, and their positions as `i32`; of
/// elements that rank alike the one with the lowest position comes first. The approximation is exact here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TopK {
    /// How many.
    pub k: usize,
    /// Along which axis.
    pub axis: usize,
    /// What comes first; [`Ranking::Total`] for `top_k`.
    pub ranking: Ranking,
}

impl TopK {
    fn takes(self, dtype: DType) -> bool {
        match self.ranking {
            Ranking::Total => dtype.is_ordered(),
            Ranking::Largest | Ranking::Smallest => dtype.is_float(),
        }
    }

    fn read(name: &str, params: &[(String, Param)]) -> Result<TopK> {
        let read = ParamReader::new(name, params);
        let k = read.size("k")?;
        if name == "top_k" {
            return Ok(TopK { k, axis: read.size("axis")?, ranking: Ranking::Total });
        }
        let aggregates =
            read.optional("aggregate_to_topk").is_none() || read.bool("aggregate_to_topk")?;
        if !aggregates {
            return Err(read.error(format_args!("needs aggregate_to_topk")));
        }
        let ranking = if read.bool("is_max_k")? { Ranking::Largest } else { Ranking::Smallest };
        Ok(TopK { k, axis: read.size("reduction_dimension")?, ranking })
    }
}

impl Primitive for TopK {
    fn name(&self) -> &'static str {
        if self.ranking == Ranking::Total { "top_k" } else { "approx_top_k" }
    }

    fn params(&self) -> Params {
        let (axis, k) = (Param::size(self.axis), Param::size(self.k));
        match self.ranking {
            Ranking::Total => vec![("axis", axis), ("k", k)],
            ranking => vec![
                ("aggregate_to_topk", Param::Bool(true)),
                ("is_max_k", Param::Bool(ranking == Ranking::Largest)),
                ("k", k),
                ("reduction_dimension", axis),
            ],
        }
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<TopK>> {
        matches!(name, "top_k" | "approx_top_k").then(|| TopK::read(name, params))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, axis, k) = (self.name(), self.axis, self.k);
        nary::arity(name, inputs, 1)?;
        let x = &inputs[0];
        if !self.takes(x.dtype) {
            bail!(Dtype, "{name} does not take {x}");
        }
        let Some(&size) = x.shape.get(axis) else {
            bail!(InvalidArgument, "{name} needs an axis below {}, got {axis}", x.rank());
        };
        if k > size || i32::try_from(size).is_err() {
            bail!(InvalidArgument, "{name} needs k from 0 to {size}, got {k}");
        }
        let shape = x.shape.without(axis).with(axis, k);
        Ok(smallvec![x.with_shape(shape.clone()), Type::new(DType::I32, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let types = self.output_types(&[x.ty().clone()])?;
        let (shape, axis) = (&types[0].shape, self.axis);
        let mut positions = vec![0i64; shape.numel()];
        let lines: Shape = shape.without(axis);
        for line in 0..lines.numel() {
            let others = lines.unravel(line);
            let at = |i: usize| Shape::new(&others).with(axis, i);
            let mut order: Vec<usize> = (0..x.ty().shape[axis]).collect();
            order.sort_by(|&a, &b| self.ranking.compare(x.at(&at(a)), x.at(&at(b))));
            for (i, &source) in order.iter().take(self.k).enumerate() {
                positions[shape.ravel(&at(i))] = source as i64;
            }
        }
        let value = |position: usize| {
            let mut index = shape.unravel(position);
            index[axis] = positions[position] as usize;
            x.at(&index)
        };
        let values = Literal::from_fn(types[0].clone(), value);
        let positions = Literal::from_fn(types[1].clone(), |i| Scalar::Int(positions[i]));
        Ok(smallvec![values, positions])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let outputs = cx.bind(&(*self).into(), primals)?;
        let tangent =
            tangents[0].map(outputs[0].ty(), |dx| take_along(cx, self.axis, dx, &outputs[1]))?;
        let none = Tangent::Zero(outputs[1].ty().clone());
        Ok(Jvp { primals: outputs, tangents: smallvec![tangent, none] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, examples) = linear::example(inputs, axes)?;
        let axis = self.axis + usize::from(self.axis >= examples);
        let outputs = cx.bind(&TopK { axis, ..*self }.into(), &[x])?;
        Ok(Batched { outputs, axes: smallvec![Some(examples), Some(examples)] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let shape = cx.input_type(0).shape.clone();
        let input = cx.input(0)?;
        let call = Call {
            outer: shape[..self.axis].iter().product(),
            len: shape[self.axis],
            inner: shape[self.axis + 1..].iter().product(),
            k: self.k,
            ranking: self.ranking,
            input,
            values: cx.output(0),
            positions: cx.output(1),
        };
        if call.outer * call.inner * call.k > 0 {
            cx.push(Step::Library(LibraryCall::TopK(call)));
        }
        Ok(())
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::Sample;
        use crate::prims::sample::{exact, finite, hard};
        let mut samples = Vec::new();
        for ranking in [Ranking::Total, Ranking::Largest, Ranking::Smallest] {
            let top = |k, axis| TopK { k, axis, ranking };
            let takes = |dtype: &DType| top(0, 0).takes(*dtype);
            for dtype in DType::ALL.into_iter().filter(takes) {
                for (x, axis) in [(hard(dtype, &[17]), 0), (hard(dtype, &[3, 11]), 1)] {
                    samples.push(Sample { smooth: false, ..exact(top(9, axis), vec![x]) });
                }
            }
            let shapes = [
                (&[6][..], 6, 0),
                (&[6], 1, 0),
                (&[6], 0, 0),
                (&[4, 3, 2], 2, 1),
                (&[5, 2], 3, 0),
                (&[0, 3], 2, 1),
                (&[2, 1], 1, 1),
            ];
            let n_shapes = if ranking == Ranking::Total { shapes.len() } else { 1 };
            for (shape, k, axis) in shapes.into_iter().take(n_shapes) {
                samples.push(exact(top(k, axis), vec![finite(DType::F32, shape)]));
            }
            // Many more than are looked at together, with ties.
            let long = Literal::from_fn(Type::new(DType::F32, [2, 300]), |i| {
                Scalar::Float(((i * 7919) % 101) as f64)
            });
            samples.push(Sample { smooth: false, ..exact(top(20, 1), vec![long]) });
        }
        samples
    }
}

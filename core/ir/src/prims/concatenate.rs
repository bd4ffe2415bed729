//! Joining arrays.

use jaxrs_data::{Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Operands joined along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenate {
    /// Which.
    pub dimension: usize,
}

impl Concatenate {
    /// Where each operand lies along the joined axis: start and end.
    fn spans<'a>(self, shapes: impl Iterator<Item = &'a Shape>) -> Vec<(usize, usize)> {
        let mut end = 0;
        let span = |shape: &Shape| {
            let start = end;
            end += shape[self.dimension];
            (start, end)
        };
        shapes.map(span).collect()
    }

    /// One element of an operand, or zero if the coordinate `i` of the joined axis is not the operand's.
    fn piece(
        self,
        cx: &mut dyn Elements,
        k: usize,
        (start, end): (usize, usize),
        total: usize,
        index: &[ValueId],
    ) -> Result<ValueId> {
        let (i, mut mask) = (index[self.dimension], None);
        let b = cx.builder();
        if start > 0 {
            let start = b.index(start as i64);
            mask = Some(b.compare(Compare::Ge, i, start));
        }
        if end < total {
            let end = b.index(end as i64);
            let below = b.compare(Compare::Lt, i, end);
            mask = index::and(b, mask, below);
        }
        let mut operand = Index::from_slice(index);
        operand[self.dimension] = index::offset(b, i, -(start as i64));
        match mask {
            Some(mask) => cx.operand_where(k, &operand, mask),
            None => cx.operand(k, &operand),
        }
    }

    /// What came before up to `start`, and the piece from there on.
    fn after(
        self,
        b: &mut BodyBuilder,
        earlier: ValueId,
        piece: ValueId,
        start: usize,
        index: &[ValueId],
    ) -> ValueId {
        if start == 0 {
            return piece;
        }
        let start = b.index(start as i64);
        let before = b.compare(Compare::Lt, index[self.dimension], start);
        index::select(b, before, earlier, piece)
    }
}

impl Primitive for Concatenate {
    fn name(&self) -> &'static str {
        "concatenate"
    }

    fn params(&self) -> Params {
        vec![("dimension", Param::size(self.dimension))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "concatenate").then(|| Ok(Concatenate { dimension: read.size("dimension")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let Some(first) = inputs.first() else {
            bail!(InvalidArgument, "concatenate takes 1 operand or more, got 0");
        };
        let (axis, dtype) = (self.dimension, nary::same_dtype(self.name(), inputs)?);
        if axis >= first.rank() {
            bail!(InvalidArgument, "concatenate needs a dimension of {first}, got {axis}");
        }
        for ty in inputs {
            if ty.rank() != first.rank() || ty.shape.without(axis) != first.shape.without(axis) {
                bail!(
                    Shape,
                    "concatenate needs operands that differ along dimension {axis} alone, \
                     got {first} and {ty}"
                );
            }
        }
        let mut shape = first.shape.clone();
        // What saturates is refused: no axis is that long.
        shape[axis] = inputs.iter().fold(0, |sum: usize, ty| sum.saturating_add(ty.shape[axis]));
        axes::check_addressable(self.name(), &shape, dtype)?;
        Ok(smallvec![Type { dtype, weak: inputs.iter().all(|ty| ty.weak), shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: SmallVec<[Type; 4]> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let (shape, spans) = (out.shape.clone(), self.spans(types.iter().map(|ty| &ty.shape)));
        Ok(smallvec![Literal::from_fn(out, |position| {
            let mut index = shape.unravel(position);
            let k = spans.partition_point(|&(_, end)| end <= index[self.dimension]);
            index[self.dimension] -= spans[k].0;
            inputs[k].at(&index)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::concatenate(cx, primals, self.dimension)?;
        let tangents: Result<SmallVec<[Value; 4]>> =
            tangents.iter().map(|tangent| tangent.instantiate(cx)).collect();
        let tangent = ops::concatenate(cx, &tangents?, self.dimension)?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent.into()] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        let spans = self.spans(inputs.iter().map(|input| &input.ty().shape));
        let part = |(input, (start, end)): (&Operand, (usize, usize))| match input {
            Operand::Known(value) => Ok(Tangent::Zero(value.ty().clone())),
            Operand::Linear(_) => {
                ops::slice_in_dim(cx, ct, self.dimension, start, end).map(Tangent::Value)
            }
        };
        inputs.iter().zip(spans).map(part).collect()
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let operands = inputs.iter().zip(axes);
        let operands: Result<SmallVec<[Value; 4]>> =
            operands.map(|(value, &axis)| axes::to_front(cx, size, value, axis)).collect();
        let y = ops::concatenate(cx, &operands?, self.dimension + 1)?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let out = cx.output_type(0).clone();
        let total = out.shape[self.dimension];
        // Without elements nothing will be computed, but there must be a value.
        let mut element = cx.builder().constant(out.dtype, Scalar::zero(out.dtype));
        let (mut k, mut end) = (0, 0);
        while end < total {
            let start = end;
            end += cx.input_type(k).shape[self.dimension];
            if end > start {
                let piece = self.piece(cx, k, (start, end), total, index)?;
                element = self.after(cx.builder(), element, piece, start, index);
            }
            k += 1;
        }
        Ok(element)
    }

    fn cost(&self) -> u32 {
        4
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, finite, hard};
        use jaxrs_data::DType;
        let float = |dimension: usize, shapes: &[&[usize]]| {
            let operand = |shape: &&[usize]| finite(jaxrs_data::DType::F32, shape);
            exact(Concatenate { dimension }, shapes.iter().map(operand).collect())
        };
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..exact(Concatenate { dimension: 0 }, vec![hard(dtype, &[5]), hard(dtype, &[3])])
        };
        let mut samples: Vec<_> = DType::ALL.into_iter().map(every).collect();
        samples.extend([
            float(1, &[&[2, 3], &[2, 1], &[2, 2]]),
            float(0, &[&[4, 2]]),
            float(0, &[&[0], &[3], &[0], &[2]]),
            float(0, &[&[0, 2], &[0, 2]]),
            float(1, &[&[0, 2], &[0, 3]]),
        ]);
        samples
    }
}

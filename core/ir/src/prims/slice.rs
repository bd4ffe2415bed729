//! Static parts of arrays.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Every `strides[i]`-th element from `start_indices[i]` up to, not including, `limit_indices[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// First elements.
    pub start_indices: SmallVec<[usize; 4]>,
    /// Ends.
    pub limit_indices: SmallVec<[usize; 4]>,
    /// Steps, at least 1.
    pub strides: SmallVec<[usize; 4]>,
}

impl Slice {
    fn axes(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        let starts = self.start_indices.iter().zip(&self.limit_indices).zip(&self.strides);
        starts.map(|((&start, &limit), &stride)| (start, limit, stride))
    }

    /// What to pad the result with to undo the slice, with zeros for what was left out.
    fn unslice(&self, operand: &Shape) -> Vec<(i64, i64, i64)> {
        let axis = |((start, limit, stride), &size): ((usize, usize, usize), &usize)| {
            let len = limit.saturating_sub(start).div_ceil(stride);
            let reached = if len == 0 { start } else { start + 1 + (len - 1) * stride };
            (start as i64, size as i64 - reached as i64, stride as i64 - 1)
        };
        self.axes().zip(operand.iter()).map(axis).collect()
    }
}

impl Primitive for Slice {
    fn name(&self) -> &'static str {
        "slice"
    }

    fn params(&self) -> Params {
        let unit = self.strides.iter().all(|&stride| stride == 1);
        vec![
            ("limit_indices", Param::sizes(&self.limit_indices)),
            ("start_indices", Param::sizes(&self.start_indices)),
            ("strides", if unit { Param::None } else { Param::sizes(&self.strides) }),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "slice").then(|| {
            let start_indices: SmallVec<[usize; 4]> = read.sizes("start_indices")?;
            let strides = match read.optional("strides") {
                Some(_) => read.sizes("strides")?,
                None => SmallVec::from_elem(1, start_indices.len()),
            };
            Ok(Slice { start_indices, limit_indices: read.sizes("limit_indices")?, strides })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let x = &inputs[0];
        let lists = [&self.start_indices, &self.limit_indices, &self.strides];
        if let Some(list) = lists.iter().find(|list| list.len() != x.rank()) {
            bail!(
                Shape,
                "slice needs a start, limit and stride for each axis of {x}, got {list:?}"
            );
        }
        for (axis, (start, limit, stride)) in self.axes().enumerate() {
            if start > limit || limit > x.shape[axis] {
                bail!(
                    InvalidArgument,
                    "slice takes {start}..{limit} of axis {axis} of {x}, which has size {}",
                    x.shape[axis]
                );
            }
            if stride == 0 {
                bail!(InvalidArgument, "slice needs strides of at least 1, got 0 for axis {axis}");
            }
        }
        let shape: Shape =
            self.axes().map(|(start, limit, stride)| (limit - start).div_ceil(stride)).collect();
        Ok(smallvec![x.with_shape(shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = self.output_types(&[x.ty().clone()])?.swap_remove(0);
        let shape = out.shape.clone();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let index = shape.unravel(position);
            let from = self.axes().zip(index).map(|((start, _, stride), i)| start + i * stride);
            x.at(&from.collect::<Shape>())
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(self.clone(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let config = self.unslice(&inputs[0].ty().shape);
        let ct = ops::pad_zeros(cx, linear::cotangent(cotangents)?, &config)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, axis) = linear::example(inputs, axes)?;
        let mut batched = self.clone();
        batched.start_indices.insert(axis, 0);
        batched.limit_indices.insert(axis, size);
        batched.strides.insert(axis, 1);
        Ok(linear::batched(ops::bind1(cx, batched, &[x])?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut operand = Index::new();
        for ((start, _, stride), &i) in self.axes().zip(index) {
            let step = index::scale(cx.builder(), i, stride);
            operand.push(index::offset(cx.builder(), step, start as i64));
        }
        cx.operand(0, &operand)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let slice = |start: &[usize], limit: &[usize], strides: &[usize]| Slice {
            start_indices: start.into(),
            limit_indices: limit.into(),
            strides: strides.into(),
        };
        let mut samples = every_dtype(slice(&[0, 1], &[2, 4], &[1, 2]), &[3, 5]);
        samples.extend([
            moves(slice(&[1, 0], &[3, 2], &[1, 1]), &[4, 2]),
            moves(slice(&[0, 2, 1], &[4, 3, 6], &[3, 1, 2]), &[4, 3, 6]),
            moves(slice(&[2], &[2], &[1]), &[3]),
            moves(slice(&[], &[], &[]), &[]),
            moves(slice(&[0], &[0], &[4]), &[0]),
            moves(slice(&[1], &[5], &[7]), &[5]),
        ]);
        samples
    }
}

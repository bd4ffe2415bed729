//! Cutting an array along an axis, and laying equal arrays side by side.

use jaxrs_data::{Literal, Result, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, Stack};
use crate::rules::axes::AxisList;
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// An array cut along an axis into pieces of given sizes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Split {
    /// How long the pieces are; together as long as the axis.
    pub sizes: AxisList,
    /// Which axis.
    pub axis: usize,
}

/// An array taken apart along an axis, which the pieces do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Unstack {
    /// Which axis.
    pub axis: usize,
}

impl Split {
    /// Where a piece begins.
    fn start(&self, piece: usize) -> usize {
        self.sizes[..piece].iter().sum()
    }
}

/// The jvp rule of what is linear in its only operand and has several results.
fn jvp(prim: crate::Prim, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
    let outputs = cx.bind(&prim, primals)?;
    let tangents = match &tangents[0] {
        Tangent::Value(dx) => {
            let pieces = cx.bind(&prim, std::slice::from_ref(dx))?;
            pieces.into_iter().map(Tangent::Value).collect()
        }
        Tangent::Zero(_) => outputs.iter().map(|y| Tangent::Zero(y.ty().clone())).collect(),
    };
    Ok(Jvp { primals: outputs, tangents })
}

fn instantiated(cx: Cx<'_>, cotangents: &[Tangent]) -> Result<SmallVec<[Value; 4]>> {
    cotangents.iter().map(|ct| ct.instantiate(cx)).collect()
}

/// The results with their examples along one axis.
fn batched(prim: crate::Prim, cx: Cx<'_>, x: Value, axis: usize) -> Result<Batched> {
    let outputs = cx.bind(&prim, &[x])?;
    let axes = outputs.iter().map(|_| Some(axis)).collect();
    Ok(Batched { outputs, axes })
}

impl Primitive for Split {
    fn name(&self) -> &'static str {
        "split"
    }

    fn params(&self) -> Params {
        vec![("axis", Param::size(self.axis)), ("sizes", Param::sizes(&self.sizes))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "split")
            .then(|| Ok(Split { sizes: read.sizes("sizes")?, axis: read.size("axis")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("split", inputs, 1)?;
        let x = &inputs[0];
        if self.axis >= x.rank() {
            bail!(InvalidArgument, "split needs an axis of {x}, got {}", self.axis);
        }
        let total = self.sizes.iter().fold(0usize, |sum, &size| sum.saturating_add(size));
        if total != x.shape[self.axis] {
            let (sizes, axis) = (&self.sizes, self.axis);
            bail!(Shape, "split needs sizes that make up axis {axis} of {x}, got {sizes:?}");
        }
        let piece = |&size: &usize| {
            let mut shape = x.shape.clone();
            shape[self.axis] = size;
            x.with_shape(shape)
        };
        Ok(self.sizes.iter().map(piece).collect())
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let types = self.output_types(&[x.ty().clone()])?;
        let piece = |(k, ty): (usize, Type)| {
            let (start, shape) = (self.start(k), ty.shape.clone());
            Literal::from_fn(ty, |position| {
                let mut index = shape.unravel(position);
                index[self.axis] += start;
                x.at(&index)
            })
        };
        Ok(types.into_iter().enumerate().map(piece).collect())
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        jvp(self.clone().into(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        _inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let pieces = instantiated(cx, cotangents)?;
        Ok(smallvec![ops::concatenate(cx, &pieces, self.axis)?.into()])
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
        batched(Split { axis, ..self.clone() }.into(), cx, x, examples)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut source = Index::from_slice(index);
        source[self.axis] =
            index::offset(cx.builder(), index[self.axis], self.start(output) as i64);
        cx.operand(0, &source)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let split = |sizes: &[usize], axis| Split { sizes: sizes.into(), axis };
        let mut samples = every_dtype(split(&[3, 5], 0), &[8]);
        samples.extend([
            moves(split(&[1, 0, 2], 1), &[2, 3]),
            moves(split(&[4], 0), &[4, 1]),
            moves(split(&[2, 1, 1], 1), &[2, 4, 3]),
            moves(split(&[0, 0], 0), &[0, 2]),
            moves(split(&[1, 1], 1), &[0, 2]),
        ]);
        samples
    }
}

impl Primitive for Unstack {
    fn name(&self) -> &'static str {
        "unstack"
    }

    fn params(&self) -> Params {
        vec![("axis", Param::size(self.axis))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "unstack").then(|| Ok(Unstack { axis: read.size("axis")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("unstack", inputs, 1)?;
        let x = &inputs[0];
        if self.axis >= x.rank() {
            bail!(InvalidArgument, "unstack needs an axis of {x}, got {}", self.axis);
        }
        let piece = x.with_shape(x.shape.without(self.axis));
        Ok(SmallVec::from_elem(piece, x.shape[self.axis]))
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let types = self.output_types(&[x.ty().clone()])?;
        let piece = |(k, ty): (usize, Type)| {
            let shape = ty.shape.clone();
            Literal::from_fn(ty, |position| {
                let mut index = shape.unravel(position);
                index.insert(self.axis, k);
                x.at(&index)
            })
        };
        Ok(types.into_iter().enumerate().map(piece).collect())
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        jvp((*self).into(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        _inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let pieces = instantiated(cx, cotangents)?;
        Ok(smallvec![ops::bind1(cx, Stack { axis: self.axis }, &pieces)?.into()])
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
        // The pieces have lost the axis, if it was before that of the examples.
        let remaining = examples - usize::from(axis < examples);
        batched(Unstack { axis }.into(), cx, x, remaining)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut source = Index::from_slice(index);
        source.insert(self.axis, cx.builder().index(output as i64));
        cx.operand(0, &source)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let mut samples = every_dtype(Unstack { axis: 0 }, &[2, 4]);
        samples.extend([
            moves(Unstack { axis: 1 }, &[2, 3, 4]),
            moves(Unstack { axis: 2 }, &[2, 3, 2]),
            moves(Unstack { axis: 0 }, &[3]),
            moves(Unstack { axis: 0 }, &[1, 2]),
            moves(Unstack { axis: 0 }, &[2, 0]),
        ]);
        samples
    }
}

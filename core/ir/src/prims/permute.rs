//! Reordering axes and elements.

use jaxrs_data::{Axes, Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::Index;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Axis `i` of the result is axis `permutation[i]` of the operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// The order of axes.
    pub permutation: SmallVec<[usize; 4]>,
}

/// Reverses the order of elements along some axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rev {
    /// Which.
    pub dimensions: Axes,
}

impl Primitive for Transpose {
    fn name(&self) -> &'static str {
        "transpose"
    }

    fn params(&self) -> Params {
        vec![("permutation", Param::sizes(&self.permutation))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "transpose").then(|| Ok(Transpose { permutation: read.sizes("permutation")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let x = &inputs[0];
        if self.permutation.len() != x.rank() {
            let permutation = &self.permutation;
            bail!(Shape, "transpose needs a permutation of the axes of {x}, got {permutation:?}");
        }
        axes::check_distinct(self.name(), "axes", &self.permutation, x.rank())?;
        let shape: Shape = self.permutation.iter().map(|&axis| x.shape[axis]).collect();
        Ok(smallvec![x.with_shape(shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = self.output_types(&[x.ty().clone()])?.swap_remove(0);
        let shape = out.shape.clone();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let index = shape.unravel(position);
            let mut from = index.clone();
            self.permutation.iter().zip(index).for_each(|(&axis, i)| from[axis] = i);
            x.at(&from)
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
        let inverse = axes::inverse(&self.permutation);
        let ct = ops::transpose(cx, linear::cotangent(cotangents)?, &inverse)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, axis) = linear::example(inputs, axes)?;
        let permutation = axes::with_front(axis, &axes::bumped(&self.permutation, axis));
        Ok(linear::batched(ops::transpose(cx, &x, &permutation)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut operand = Index::from_slice(index);
        self.permutation.iter().zip(index).for_each(|(&axis, &i)| operand[axis] = i);
        cx.operand(0, &operand)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let transpose = |axes: &[usize]| Transpose { permutation: axes.into() };
        let mut samples = every_dtype(transpose(&[1, 0]), &[2, 3]);
        samples.extend([
            moves(transpose(&[2, 0, 1]), &[2, 3, 4]),
            moves(transpose(&[0, 2, 1]), &[2, 3, 1]),
            moves(transpose(&[]), &[]),
            moves(transpose(&[1, 0]), &[0, 3]),
            moves(transpose(&[3, 1, 0, 2]), &[2, 3, 2, 2]),
        ]);
        samples
    }
}

impl Primitive for Rev {
    fn name(&self) -> &'static str {
        "rev"
    }

    fn params(&self) -> Params {
        vec![("dimensions", Param::sizes(&self.dimensions))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "rev").then(|| Ok(Rev { dimensions: axes::read(name, &read, "dimensions")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        axes::check_distinct(self.name(), "dimensions", &self.dimensions, inputs[0].rank())?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let shape = &x.ty().shape;
        Ok(smallvec![Literal::from_fn(x.ty().clone(), |position| {
            let mut index = shape.unravel(position);
            self.dimensions.iter().for_each(|&axis| index[axis] = shape[axis] - 1 - index[axis]);
            x.at(&index)
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
        let ct = linear::cotangent(cotangents)?;
        let ct = ops::rev(cx, ct, self.dimensions.iter().copied())?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, axis) = linear::example(inputs, axes)?;
        let dimensions = axes::bumped(&self.dimensions, axis);
        Ok(linear::batched(ops::rev(cx, &x, dimensions)?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut operand = Index::from_slice(index);
        for &axis in self.dimensions.iter() {
            let last = cx.input_type(0).shape[axis] as i64 - 1;
            let last = cx.builder().index(last);
            operand[axis] = cx.builder().op(ScalarOp::Sub, &[last, index[axis]]);
        }
        cx.operand(0, &operand)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let rev = |axes: &[usize]| Rev { dimensions: Axes::from_distinct(axes.to_vec()) };
        let mut samples = every_dtype(rev(&[1]), &[2, 4]);
        samples.extend([
            moves(rev(&[0, 2]), &[2, 3, 4]),
            moves(rev(&[]), &[3]),
            moves(rev(&[0]), &[0, 2]),
            moves(rev(&[1]), &[3, 1]),
        ]);
        samples
    }
}

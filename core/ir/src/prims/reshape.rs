//! The same elements under another shape.

use jaxrs_data::{Axes, Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// The same elements in row-major order under another shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// The shape of the result.
    pub new_sizes: Shape,
}

/// Drops axes of size 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Squeeze {
    /// Which.
    pub dimensions: Axes,
}

/// Splits two shapes of one size into the shortest runs of axes that hold equally many elements; gives
/// the ends of each run in both.
fn runs(a: &[usize], b: &[usize]) -> Vec<(usize, usize)> {
    fn take(sizes: &[usize], next: &mut usize) -> Option<usize> {
        let size = sizes.get(*next).copied();
        *next += usize::from(size.is_some());
        size
    }
    let (mut ends, mut i, mut j) = (Vec::new(), 0, 0);
    while i < a.len() || j < b.len() {
        let (mut left, mut right) = (take(a, &mut i).unwrap_or(1), take(b, &mut j).unwrap_or(1));
        while left != right {
            let shorter = if left < right {
                (&mut left, take(a, &mut i))
            } else {
                (&mut right, take(b, &mut j))
            };
            // Only empty shapes run out of axes here.
            let (product, Some(size)) = shorter else { break };
            *product *= size;
        }
        ends.push((i, j));
    }
    ends
}

impl Primitive for Reshape {
    fn name(&self) -> &'static str {
        "reshape"
    }

    fn params(&self) -> Params {
        vec![("new_sizes", Param::sizes(&self.new_sizes))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "reshape").then(|| Ok(Reshape { new_sizes: read.sizes("new_sizes")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let (x, new) = (&inputs[0], &self.new_sizes);
        axes::check_addressable(self.name(), new, x.dtype)?;
        if x.numel() != new.numel() {
            let (got, needed) = (x.numel(), new.numel());
            bail!(
                Shape,
                "reshape needs {needed} elements for shape {new}, got {x}, which has {got}"
            );
        }
        Ok(smallvec![x.with_shape(new.clone())])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = inputs[0].ty().with_shape(self.new_sizes.clone());
        Ok(smallvec![inputs[0].with_type(out)?])
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
        let ct = ops::reshape(cx, linear::cotangent(cotangents)?, &inputs[0].ty().shape)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let y = ops::reshape(cx, &x, &self.new_sizes.with(0, size))?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (to, from) = (self.new_sizes.clone(), cx.input_type(0).shape.clone());
        let b = cx.builder();
        let (mut operand, mut i, mut j) = (Index::new(), 0, 0);
        // Axes that both shapes have keep their index; only what is split or joined costs arithmetic.
        for (i_end, j_end) in runs(&to, &from) {
            let position = index::ravel(b, &index[i..i_end], &to[i..i_end]);
            operand.extend(index::unravel(b, position, &from[j..j_end]));
            (i, j) = (i_end, j_end);
        }
        cx.operand(0, &operand)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let reshape = |sizes: &[usize]| Reshape { new_sizes: sizes.into() };
        let mut samples = every_dtype(reshape(&[3, 2]), &[2, 3]);
        samples.extend([
            moves(reshape(&[24]), &[2, 3, 4]),
            moves(reshape(&[2, 2, 2, 3]), &[2, 4, 3]),
            moves(reshape(&[2, 1, 3, 1]), &[2, 3]),
            moves(reshape(&[]), &[1, 1]),
            moves(reshape(&[1, 1, 1]), &[]),
            moves(reshape(&[0, 7]), &[3, 0]),
            moves(reshape(&[4, 9]), &[6, 6]),
        ]);
        samples
    }
}

impl Primitive for Squeeze {
    fn name(&self) -> &'static str {
        "squeeze"
    }

    fn params(&self) -> Params {
        vec![("dimensions", Param::sizes(&self.dimensions))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "squeeze")
            .then(|| Ok(Squeeze { dimensions: axes::read(name, &read, "dimensions")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let x = &inputs[0];
        axes::check_distinct(self.name(), "dimensions", &self.dimensions, x.rank())?;
        if let Some(&axis) = self.dimensions.iter().find(|&&axis| x.shape[axis] != 1) {
            bail!(
                Shape,
                "squeeze needs axes of size 1, got axis {axis} of {x}, which has size {}",
                x.shape[axis]
            );
        }
        let kept = axes::others(x.rank(), &[&self.dimensions]);
        Ok(smallvec![x.with_shape(kept.iter().map(|&axis| x.shape[axis]).collect::<Shape>())])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let out = self.output_types(&[inputs[0].ty().clone()])?.swap_remove(0);
        Ok(smallvec![inputs[0].with_type(out)?])
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
        let shape = &inputs[0].ty().shape;
        let kept = axes::others(shape.rank(), &[&self.dimensions]);
        let ct = ops::broadcast_in_dim(cx, linear::cotangent(cotangents)?, shape, kept)?;
        Ok(linear::cotangents(inputs, ct))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let y = ops::squeeze(cx, &x, axes::shifted(&self.dimensions))?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let zero = cx.builder().index(0);
        let mut index = index.iter().copied();
        let mut coordinate = |axis: usize| match self.dimensions.contains(&axis) {
            true => zero,
            false => index.next().unwrap_or(zero),
        };
        let operand: Index = (0..cx.input_type(0).rank()).map(&mut coordinate).collect();
        cx.operand(0, &operand)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let squeeze = |axes: &[usize]| Squeeze { dimensions: Axes::from_distinct(axes.to_vec()) };
        let mut samples = every_dtype(squeeze(&[1]), &[3, 1]);
        samples.extend([
            moves(squeeze(&[0, 2]), &[1, 4, 1, 2]),
            moves(squeeze(&[0, 1]), &[1, 1]),
            moves(squeeze(&[]), &[2, 1]),
            moves(squeeze(&[0]), &[1, 0]),
        ]);
        samples
    }
}

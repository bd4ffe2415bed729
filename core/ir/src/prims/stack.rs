//! Joining arrays of one shape along a new axis, and repeating an array.

use jaxrs_data::{Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{Compare, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, Unstack};
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Operands of one shape, joined along a new axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stack {
    /// The place of the new axis.
    pub axis: usize,
}

impl Primitive for Stack {
    fn name(&self) -> &'static str {
        "stack"
    }

    fn params(&self) -> Params {
        vec![("axis", Param::size(self.axis))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "stack").then(|| Ok(Stack { axis: read.size("axis")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let Some(first) = inputs.first() else {
            bail!(InvalidArgument, "stack takes 1 operand or more, got 0");
        };
        let dtype = nary::same_dtype("stack", inputs)?;
        if let Some(other) = inputs.iter().find(|ty| ty.shape != first.shape) {
            bail!(Shape, "stack needs operands of one shape, got {first} and {other}");
        }
        if self.axis > first.rank() {
            bail!(InvalidArgument, "stack has no place {} for an axis of {first}", self.axis);
        }
        let shape = first.shape.with(self.axis, inputs.len());
        axes::check_addressable("stack", &shape, dtype)?;
        Ok(smallvec![Type { dtype, weak: inputs.iter().all(|ty| ty.weak), shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let shape = out.shape.clone();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let mut index = shape.unravel(position);
            let k = index.remove(self.axis);
            inputs[k].at(&index)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let tangents: Result<SmallVec<[Value; 4]>> =
            tangents.iter().map(|tangent| tangent.instantiate(cx)).collect();
        let tangent = ops::bind1(cx, *self, &tangents?)?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent.into()] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        let pieces = cx.bind(&Unstack { axis: self.axis }.into(), std::slice::from_ref(ct))?;
        let of = |(input, piece): (&Operand, Value)| match input {
            Operand::Known(value) => Tangent::Zero(value.ty().clone()),
            Operand::Linear(_) => Tangent::Value(piece),
        };
        Ok(inputs.iter().zip(pieces).map(of).collect())
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let operands: Result<SmallVec<[Value; 4]>> = inputs
            .iter()
            .zip(axes)
            .map(|(value, &axis)| axes::to_front(cx, size, value, axis))
            .collect();
        let y = ops::bind1(cx, Stack { axis: self.axis + 1 }, &operands?)?;
        Ok(linear::batched(y, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut source = Index::from_slice(index);
        let which = source.remove(self.axis);
        let mut element = cx.operand(0, &source)?;
        for k in 1..cx.n_inputs() {
            let number = cx.builder().index(k as i64);
            let is_later = cx.builder().compare(Compare::Ge, which, number);
            let later = cx.operand(k, &source)?;
            element = index::select(cx.builder(), is_later, later, element);
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
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..exact(Stack { axis: 0 }, vec![hard(dtype, &[8]), finite(dtype, &[8])])
        };
        let float = |axis, shape: &[usize], n| {
            let operand = |k: usize| {
                let x = finite(jaxrs_data::DType::F32, shape);
                Literal::from_fn(x.ty().clone(), |i| {
                    jaxrs_data::Scalar::Float(x.get(i).as_f64() + 0.25 * k as f64)
                })
            };
            exact(Stack { axis }, (0..n).map(operand).collect())
        };
        let mut samples: Vec<_> = DType::ALL.into_iter().map(every).collect();
        samples.extend([
            float(1, &[2, 3], 3),
            float(2, &[2, 3], 2),
            float(0, &[], 3),
            float(0, &[2, 1], 1),
            float(1, &[0, 2], 2),
        ]);
        samples
    }
}

/// An array repeated along its axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tile {
    /// How often, along each axis.
    pub reps: AxisList,
}

impl Tile {
    /// The sizes with the repetitions as axes of their own, each before that which it repeats.
    fn apart(&self, shape: &Shape) -> Shape {
        self.reps.iter().zip(shape.iter()).flat_map(|(&reps, &size)| [reps, size]).collect()
    }
}

impl Primitive for Tile {
    fn name(&self) -> &'static str {
        "tile"
    }

    fn params(&self) -> Params {
        vec![("reps", Param::sizes(&self.reps))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "tile").then(|| Ok(Tile { reps: read.sizes("reps")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("tile", inputs, 1)?;
        let x = &inputs[0];
        if self.reps.len() != x.rank() {
            bail!(InvalidArgument, "tile needs a number for each axis of {x}, got {:?}", self.reps);
        }
        let sizes = x.shape.iter().zip(&self.reps);
        let shape: Shape = sizes.map(|(&size, &reps)| size.saturating_mul(reps)).collect();
        axes::check_addressable("tile", &shape, x.dtype)?;
        Ok(smallvec![x.with_shape(shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = self.output_types(&[x.ty().clone()])?.swap_remove(0);
        let shape = out.shape.clone();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let mut index = shape.unravel(position);
            index.iter_mut().zip(x.ty().shape.iter()).for_each(|(i, &size)| *i %= size);
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
        let apart = ops::reshape(cx, ct, &self.apart(&inputs[0].ty().shape))?;
        let sum = ops::reduce_sum(cx, &apart, (0..self.reps.len()).map(|axis| 2 * axis))?;
        Ok(smallvec![sum.into()])
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, examples) = linear::example(inputs, axes)?;
        let mut reps = self.reps.clone();
        reps.insert(examples, 1);
        Ok(linear::batched(ops::bind1(cx, Tile { reps }, &[x])?, examples))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let sizes = cx.input_type(0).shape.clone();
        let mut source = Index::from_slice(index);
        for (axis, i) in source.iter_mut().enumerate().filter(|(axis, _)| self.reps[*axis] > 1) {
            let b = cx.builder();
            let size = b.index(sizes[axis] as i64);
            *i = b.op(ScalarOp::Rem, &[*i, size]);
        }
        cx.operand(0, &source)
    }

    fn cost(&self) -> u32 {
        4
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{every_dtype, moves};
        let tile = |reps: &[usize]| Tile { reps: reps.into() };
        let mut samples = every_dtype(tile(&[3]), &[8]);
        samples.extend([
            moves(tile(&[2, 3]), &[2, 3]),
            moves(tile(&[1, 2, 1]), &[2, 1, 3]),
            moves(tile(&[]), &[]),
            moves(tile(&[2, 0]), &[2, 3]),
            moves(tile(&[2, 2]), &[0, 3]),
        ]);
        samples
    }
}

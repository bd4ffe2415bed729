//! Counting beyond 32 bits in words of 32.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, smallvec};
use jaxrs_kernel::ValueId;

use super::words::{Emitted, split};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{axes, index, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value};

/// `iota_2x32_shape()`: the row-major position of each element, as an array of its high words and one of
/// its low words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota2x32Shape {
    /// The shape of both.
    pub shape: Shape,
}

impl Primitive for Iota2x32Shape {
    fn name(&self) -> &'static str {
        "iota_2x32_shape"
    }

    fn params(&self) -> Params {
        vec![("shape", Param::sizes(&self.shape))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "iota_2x32_shape").then(|| Ok(Iota2x32Shape { shape: read.sizes("shape")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 0)?;
        axes::check_addressable(self.name(), &self.shape, DType::U32)?;
        let out = Type::new(DType::U32, self.shape.clone());
        Ok(smallvec![out.clone(), out])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        debug_assert!(inputs.is_empty());
        let word = |k: usize| {
            Literal::from_fn(Type::new(DType::U32, self.shape.clone()), |position| {
                Scalar::Uint(split(position as u64)[k].into())
            })
        };
        Ok(smallvec![word(0), word(1)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        // There is no operand, so nothing differs between examples.
        let outputs = cx.bind(&self.clone().into(), inputs)?;
        Ok(Batched { outputs, axes: smallvec![None, None] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let b = cx.builder();
        let position = index::ravel(b, index, &self.shape);
        Ok(Emitted(b).position(position, self.shape.numel())[output])
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        let counters = |shape: &[usize]| {
            crate::prims::sample::exact(Iota2x32Shape { shape: shape.into() }, vec![])
        };
        [&[5][..], &[2, 3], &[0], &[2, 1, 3]].map(counters).into()
    }
}

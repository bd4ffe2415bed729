//! Arrays whose elements do not matter.

use jaxrs_data::{DType, Error, Literal, Result, Scalar, Shape, SmallVec, Type, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value};

/// An array of a shape and type with any elements: zeros, so that programs give the same wherever they run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Empty {
    /// The element type.
    pub dtype: DType,
    /// The shape.
    pub shape: Shape,
}

impl Primitive for Empty {
    fn name(&self) -> &'static str {
        "empty"
    }

    fn params(&self) -> Params {
        vec![("dtype", Param::DType(self.dtype)), ("shape", Param::sizes(&self.shape))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "empty")
            .then(|| Ok(Empty { dtype: read.dtype("dtype")?, shape: read.sizes("shape")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("empty", inputs, 0)?;
        axes::check_addressable("empty", &self.shape, self.dtype)?;
        Ok(smallvec![Type::new(self.dtype, self.shape.clone())])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let ty = Type::new(self.dtype, self.shape.clone());
        Ok(smallvec![Literal::full(ty, Scalar::zero(self.dtype))])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    fn batch(
        &self,
        _cx: Cx<'_>,
        _size: usize,
        _inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        Err(Error::internal("empty has no operand to be batched"))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(
        &self,
        cx: &mut dyn Elements,
        _output: usize,
        _index: &[ValueId],
    ) -> Result<ValueId> {
        Ok(cx.builder().constant(self.dtype, Scalar::zero(self.dtype)))
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::exact;
        let empty = |dtype, shape: &[usize]| Empty { dtype, shape: shape.into() };
        let every = |dtype| exact(empty(dtype, &[2, 3]), vec![]);
        let mut samples: Vec<_> = DType::ALL.into_iter().map(every).collect();
        samples.extend([
            exact(empty(DType::F32, &[]), vec![]),
            exact(empty(DType::F32, &[0, 2]), vec![]),
            exact(empty(DType::F32, &[1]), vec![]),
        ]);
        samples
    }
}

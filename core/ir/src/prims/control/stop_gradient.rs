//! The identity that has no derivative.

use jaxrs_data::{Literal, Result, SmallVec, Type, smallvec};
use jaxrs_kernel::ValueId;

use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, Tangent, Value};

/// `stop_gradient(x)`: `x`, as if it depended on nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

impl Primitive for StopGradient {
    fn name(&self) -> &'static str {
        "stop_gradient"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<StopGradient>> {
        (name == "stop_gradient").then_some(Ok(StopGradient))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        Ok(smallvec![inputs[0].clone()])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        Ok(Batched { outputs: cx.bind(&(*self).into(), inputs)?, axes: smallvec![axes[0]] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        cx.operand(0, index)
    }

    fn cost(&self) -> u32 {
        0
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        crate::prims::sample::every_dtype(StopGradient, &[2, 3])
    }
}

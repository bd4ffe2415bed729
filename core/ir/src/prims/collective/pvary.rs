//! The identity that makes a value count as different for each example.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, smallvec};

use super::{AxisNames, names_param, read_names, unbound, without};
use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::{axes, linear, nary};
use crate::{
    Batched, Cx, Jvp, MappedAxis, Operand, Param, ParamReader, Params, Tangent, Value, ops,
};

/// `pvary(x)`: `x`, as a value of its own for each example along the named axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pvary {
    /// Along which axes.
    pub axes: AxisNames,
}

impl Primitive for Pvary {
    fn name(&self) -> &'static str {
        "pvary"
    }

    fn params(&self) -> Params {
        vec![("axes", names_param(&self.axes))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Pvary>> {
        (name == "pvary").then(|| {
            let read = ParamReader::new(name, params);
            read_names(&read, "axes").map(|axes| Pvary { axes })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        unbound(self)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(self.clone(), cx, primals, tangents)
    }

    /// As for `psum`, each example's value counts as its own even where all are equal, so that its cotangent
    /// is its own too.
    fn transpose(
        &self,
        _cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Ok(linear::cotangents(inputs, linear::cotangent(cotangents)?.clone()))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        Ok(Batched { outputs: cx.bind(&self.clone().into(), inputs)?, axes: smallvec![axes[0]] })
    }

    fn axis_names(&self) -> &[Arc<str>] {
        &self.axes
    }

    fn batch_collective(
        &self,
        cx: Cx<'_>,
        axis: &MappedAxis,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let mut value = axes::to_front(cx, axis.size, &inputs[0], axes[0])?;
        let rest = without(&self.axes, axis.name.as_ref());
        if !rest.is_empty() {
            value = ops::bind1(cx, Pvary { axes: rest }, &[value])?;
        }
        Ok(linear::batched(value, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        unbound(self)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // Alone it has no axis: `vmap` resolves it, and is tested with it.
        Vec::new()
    }
}

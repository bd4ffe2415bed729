//! The number of an example.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, SmallVec, Type, smallvec};

use super::{AxisNames, names_param, read_names, unbound};
use crate::lower::{Lowering, Steps};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, MappedAxis, Param, ParamReader, Params, Tangent, Value, ops};

/// The position of an example along a named axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisIndex {
    /// The axis, in a list of one.
    axis_name: AxisNames,
}

impl AxisIndex {
    /// The position along this axis.
    pub fn new(axis_name: Arc<str>) -> AxisIndex {
        AxisIndex { axis_name: smallvec![axis_name] }
    }
}

impl Primitive for AxisIndex {
    fn name(&self) -> &'static str {
        "axis_index"
    }

    fn params(&self) -> Params {
        vec![("axis_name", names_param(&self.axis_name))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<AxisIndex>> {
        (name == "axis_index").then(|| {
            let axis_name = read_names(&ParamReader::new(name, params), "axis_name")?;
            Ok(AxisIndex { axis_name })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 0)?;
        Ok(smallvec![Type::scalar(DType::I32)])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        unbound(self)
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
        Ok(Batched { outputs: cx.bind(&self.clone().into(), inputs)?, axes: smallvec![None] })
    }

    fn axis_names(&self) -> &[Arc<str>] {
        &self.axis_name
    }

    fn batch_collective(
        &self,
        cx: Cx<'_>,
        axis: &MappedAxis,
        _inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        Ok(linear::batched(ops::iota(cx, DType::I32, &[axis.size].into(), 0)?, 0))
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

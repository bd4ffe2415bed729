//! Reductions over all examples, which all get the result.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ReduceOp;

use super::{AxisNames, names_param, read_names, unbound, without};
use crate::lower::{Lowering, Steps};
use crate::prims::{Primitive, not_differentiable, not_linear};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, MappedAxis, Operand, Param, ParamReader, Params, Tangent, Value, ops,
};

/// `psum`, `pmax` and `pmin`: the sum, maximum or minimum over the examples of some named axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AllReduce {
    /// `Add`, `Max` or `Min`.
    pub op: ReduceOp,
    /// Over which axes.
    pub axes: AxisNames,
}

impl Primitive for AllReduce {
    fn name(&self) -> &'static str {
        match self.op {
            ReduceOp::Max => "pmax",
            ReduceOp::Min => "pmin",
            _ => "psum",
        }
    }

    fn params(&self) -> Params {
        vec![("axes", names_param(&self.axes)), ("axis_index_groups", Param::None)]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<AllReduce>> {
        let op = match name {
            "psum" => ReduceOp::Add,
            "pmax" => ReduceOp::Max,
            "pmin" => ReduceOp::Min,
            _ => return None,
        };
        let read = ParamReader::new(name, params);
        Some(read_names(&read, "axes").map(|axes| AllReduce { op, axes }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        if self.op == ReduceOp::Add && inputs[0].dtype.is_bool() {
            bail!(Dtype, "psum needs numbers, got {}", inputs[0]);
        }
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, _inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        unbound(self)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        match self.op {
            ReduceOp::Add => linear::jvp(self.clone(), cx, primals, tangents),
            _ => Err(not_differentiable(self)),
        }
    }

    /// Each example contributes to the result of each, so that its cotangent is the sum of theirs.
    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        if self.op != ReduceOp::Add {
            return Err(not_linear(self));
        }
        let cotangent = linear::cotangent(cotangents)?;
        let sum = ops::bind1(cx, self.clone(), std::slice::from_ref(cotangent))?;
        Ok(linear::cotangents(inputs, sum))
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
        let result = match (axes[0], self.op) {
            (Some(from), op) => {
                ops::reduce(cx, op, &inputs[0], jaxrs_data::Axes::from_distinct([from]))?
            }
            (None, ReduceOp::Add) => ops::scale(cx, &inputs[0], axis.size as f64)?,
            (None, _) => inputs[0].clone(),
        };
        let rest = without(&self.axes, axis.name.as_ref());
        let result = match rest.is_empty() {
            true => result,
            false => ops::bind1(cx, AllReduce { op: self.op, axes: rest }, &[result])?,
        };
        Ok(Batched { outputs: smallvec![result], axes: smallvec![None] })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, _cx: &mut dyn Steps) -> Result<()> {
        unbound(self)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // Alone it has no axis to run over: `vmap` resolves it, and is tested with it.
        Vec::new()
    }
}

//! Calls of programs.

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, smallvec};

use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Prim, Tangent, Value};

/// A call of a program, printed as `jit`: compiled as a unit when it is run on its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The function's name, for people.
    pub name: Arc<str>,
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
}

impl Call {
    fn of(&self, jaxpr: Arc<Jaxpr>) -> Prim {
        Call { name: self.name.clone(), jaxpr }.into()
    }
}

impl Primitive for Call {
    fn name(&self) -> &'static str {
        "jit"
    }

    fn params(&self) -> Params {
        vec![
            ("name", Param::Name(self.name.to_string())),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Call>> {
        (name == "jit").then(|| {
            let params = ParamReader::new("jit", params);
            Ok(Call { name: params.name("name")?.into(), jaxpr: params.jaxpr("jaxpr")? })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("jit", &self.jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.jaxpr, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        jvp(cx, &self.jaxpr, primals, tangents, |jaxpr| self.of(jaxpr))
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let has_tangent = program::nonzero(tangents);
        let parts = primal.linearize_jaxpr(&self.jaxpr, &has_tangent, &[])?;
        let mut outputs = primal.bind(&self.of(parts.primal), primals)?;
        let saved = outputs.split_off_at(self.jaxpr.outputs.len());
        if !parts.has_tangent.contains(&true) {
            return Ok(Some(without_tangents(outputs)));
        }
        let mut operands = program::residuals(&parts.residuals, primals, &saved);
        operands.extend(program::values(tangents));
        let found = linear.bind(&self.of(parts.linear), &operands)?;
        let tangents = program::spread(&outputs, found, &parts.has_tangent);
        Ok(Some(Jvp { primals: outputs, tangents }))
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        transpose(cx, &self.jaxpr, inputs, cotangents, |jaxpr| self.of(jaxpr))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        batch(cx, &self.jaxpr, size, inputs, axes, |jaxpr| self.of(jaxpr))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        vec![super::sample::of_program(|jaxpr| Call { name: "f".into(), jaxpr })]
    }
}

/// Splits a small vector.
pub(super) trait SplitOff {
    /// The items from position `at` on, which are taken away.
    fn split_off_at(&mut self, at: usize) -> Vec<Value>;
}

impl SplitOff for SmallVec<[Value; 2]> {
    fn split_off_at(&mut self, at: usize) -> Vec<Value> {
        self.drain(at..).collect()
    }
}

/// Results that depend on no tangent after all.
pub(super) fn without_tangents(primals: SmallVec<[Value; 2]>) -> Jvp {
    let tangents = primals.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
    Jvp { primals, tangents }
}

/// The jvp rule of what runs a program once.
pub(super) fn jvp(
    cx: Cx<'_>,
    jaxpr: &Arc<Jaxpr>,
    primals: &[Value],
    tangents: &[Tangent],
    prim: impl Fn(Arc<Jaxpr>) -> Prim,
) -> Result<Jvp> {
    let both = cx.jvp_jaxpr(jaxpr, &program::nonzero(tangents), &[])?;
    let operands: SmallVec<[Value; 4]> =
        primals.iter().cloned().chain(program::values(tangents)).collect();
    let mut outputs = cx.bind(&prim(both.jaxpr), &operands)?;
    let found = outputs.split_off_at(jaxpr.outputs.len());
    let tangents = program::spread(&outputs, found, &both.has_tangent);
    Ok(Jvp { primals: outputs, tangents })
}

/// The transpose rule of what runs a program once.
pub(super) fn transpose(
    cx: Cx<'_>,
    jaxpr: &Arc<Jaxpr>,
    inputs: &[Operand],
    cotangents: &[Tangent],
    prim: impl Fn(Arc<Jaxpr>) -> Prim,
) -> Result<SmallVec<[Tangent; 4]>> {
    let jaxpr = program::with_outputs(jaxpr, &program::nonzero(cotangents));
    let mut operands = program::known(inputs);
    let jaxpr = program::known_first(cx, &jaxpr, &program::linear(inputs))?;
    let transposed = cx.transpose_jaxpr(&jaxpr, operands.len())?;
    operands.extend(program::values(cotangents));
    let found = cx.bind(&prim(transposed), &operands)?;
    Ok(program::cotangents(inputs, found))
}

/// The batching rule of what runs a program once.
pub(super) fn batch(
    cx: Cx<'_>,
    jaxpr: &Arc<Jaxpr>,
    size: usize,
    inputs: &[Value],
    axes: &[Option<usize>],
    prim: impl Fn(Arc<Jaxpr>) -> Prim,
) -> Result<Batched> {
    let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
    let (jaxpr, out_batched) = cx.batch_jaxpr(jaxpr, size, &flags, &[])?;
    let outputs = cx.bind(&prim(jaxpr), &inputs)?;
    Ok(Batched { outputs, axes: program::leading(&out_batched) })
}

//! Recomputation instead of residuals.

mod kept;
mod policy;

use std::sync::Arc;

use jaxrs_data::{Literal, Result, SmallVec, Type, smallvec};

use self::kept::Kept;
pub use self::policy::{Policy, PolicyRule};
use super::call::{self, SplitOff, without_tangents};
use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Prim, Tangent, Value};

/// A program (printed as `remat2`) of which reverse mode keeps the operands, and what a policy lets it keep,
/// and computes the rest again when it needs it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
    /// Whether the program computes tangents or cotangents: then it computes values again.
    pub differentiated: bool,
    /// Which values are kept; none without one.
    pub policy: Option<Policy>,
    /// Whether what is computed again is kept apart from what was computed before, so that the compiler
    /// does not find the two equal and keep the values after all.
    pub prevent_cse: bool,
}

impl Checkpoint {
    /// A program of which everything is computed again.
    pub fn new(jaxpr: Arc<Jaxpr>) -> Checkpoint {
        Checkpoint { jaxpr, differentiated: false, policy: None, prevent_cse: true }
    }

    /// The same for another program.
    pub fn of(&self, jaxpr: Arc<Jaxpr>) -> Checkpoint {
        Checkpoint { jaxpr, ..self.clone() }
    }

    fn prim(&self, jaxpr: Arc<Jaxpr>) -> Prim {
        self.of(jaxpr).into()
    }
}

impl Primitive for Checkpoint {
    fn name(&self) -> &'static str {
        "remat2"
    }

    fn params(&self) -> Params {
        let policy = |policy: &Policy| Param::Name(policy.to_string());
        vec![
            ("differentiated", Param::Bool(self.differentiated)),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("policy", self.policy.as_ref().map_or(Param::None, policy)),
            ("prevent_cse", Param::Bool(self.prevent_cse)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Checkpoint>> {
        (name == "remat2").then(|| {
            let params = ParamReader::new("remat2", params);
            let policy = params.optional("policy").map(|_| params.name("policy")?.parse());
            Ok(Checkpoint {
                jaxpr: params.jaxpr("jaxpr")?,
                differentiated: params.bool("differentiated")?,
                policy: policy.transpose()?,
                prevent_cse: params.bool("prevent_cse")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("remat2", &self.jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.jaxpr, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        call::jvp(cx, &self.jaxpr, primals, tangents, |jaxpr| self.prim(jaxpr))
    }

    fn linearize(
        &self,
        primal: Cx<'_>,
        linear: Cx<'_>,
        primals: &[Value],
        tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        let parts = primal.linearize_jaxpr(&self.jaxpr, &program::nonzero(tangents), &[])?;
        if !parts.has_tangent.contains(&true) {
            let outputs = primal.bind(&self.clone().into(), primals)?;
            return Ok(Some(without_tangents(outputs)));
        }
        let n_outputs = self.jaxpr.outputs.len();
        let kept = Kept::new(primal, &self.jaxpr, &parts, self.policy.as_ref())?;
        let mut outputs = primal.bind(&self.prim(kept.forward.clone()), primals)?;
        let saved = outputs.split_off_at(n_outputs);
        let mut operands = program::chosen(&[primals, &saved].concat(), &kept.is_needed);
        let n_known = operands.len();
        operands.extend(program::values(tangents));
        let types: Vec<Type> = operands.iter().map(|value| value.ty().clone()).collect();
        let derivative = primal.stage(&types, &mut |cx, values| {
            let (known, tangents) = values.split_at(n_known);
            let mut operands = cx.eval_jaxpr(&kept.again, known)?;
            operands.extend_from_slice(tangents);
            cx.eval_jaxpr(&parts.linear, &operands)
        })?;
        let jaxpr = program::live(&derivative);
        let prim = Checkpoint { jaxpr, differentiated: true, ..self.clone() };
        let found = linear.bind(&prim.into(), &operands)?;
        let tangents = program::spread(&outputs, found, &parts.has_tangent);
        Ok(Some(Jvp { primals: outputs, tangents }))
    }

    /// A derivative as it was recorded computes again what depends on no tangent; so its transpose does.
    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        call::transpose(cx, &self.jaxpr, inputs, cotangents, |jaxpr| self.prim(jaxpr))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        call::batch(cx, &self.jaxpr, size, inputs, axes, |jaxpr| self.prim(jaxpr))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        let policies = [
            None,
            Some(Policy::DotsSaveable),
            Some(Policy::EverythingSaveable),
            Some(Policy::SaveOnlyTheseNames(["a", "it's \"b\""].map(Into::into).into())),
        ];
        let sample = |policy: Option<Policy>| {
            let (differentiated, prevent_cse) = (policy.is_none(), policy.is_some());
            super::sample::of_program(|jaxpr| Checkpoint {
                jaxpr,
                differentiated,
                policy,
                prevent_cse,
            })
        };
        policies.into_iter().map(sample).collect()
    }
}

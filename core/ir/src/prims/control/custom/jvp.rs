//! Functions with their own forward derivative.

use std::sync::Arc;

use jaxrs_data::{Error, Literal, Result, SmallVec, Type, bail, smallvec};

use super::super::call;
use super::Rule;
use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Operand, Param, ParamReader, Params, Prim, Tangent, Value};

/// A function with its own forward derivative: `custom_jvp_call(consts…, args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomJvp {
    /// `(consts…, args…) → results…`.
    pub call_jaxpr: Arc<Jaxpr>,
    /// `(args…, tangents…) → (results…, tangents…)`.
    pub jvp: Rule,
    /// The number of values that the function captured, which have no derivative.
    pub num_consts: usize,
    /// Whether the rule gets known zeros as such.
    pub symbolic_zeros: bool,
}

impl CustomJvp {
    fn of(&self, call_jaxpr: Arc<Jaxpr>) -> Prim {
        CustomJvp { call_jaxpr, ..self.clone() }.into()
    }

    /// Checks what a derivative rule gave: results, and a tangent like each of them.
    pub fn check_rule(name: &str, results: &[Value]) -> Result<()> {
        if !results.len().is_multiple_of(2) {
            bail!(
                InvalidArgument,
                "the jvp rule of '{name}' must give a tangent for each result, got {} values in all",
                results.len()
            );
        }
        let (outputs, tangents) = results.split_at(results.len() / 2);
        for (k, (output, tangent)) in outputs.iter().zip(tangents).enumerate() {
            if !output.ty().same_ignoring_weak(tangent.ty()) {
                let (needed, got) = (output.ty(), tangent.ty());
                return Err(Error::new(
                    needed.mismatch(got),
                    format_args!(
                        "the jvp rule of '{name}' needs a tangent like {needed} for result {k}, got {got}"
                    ),
                ));
            }
        }
        Ok(())
    }
}

impl Primitive for CustomJvp {
    fn name(&self) -> &'static str {
        "custom_jvp_call"
    }

    fn params(&self) -> Params {
        let mut params = vec![("call_jaxpr", Param::Jaxpr(self.call_jaxpr.clone()))];
        params.extend(self.jvp.params("jvp", "jvp_jaxpr"));
        params.extend([
            ("num_consts", Param::size(self.num_consts)),
            ("symbolic_zeros", Param::Bool(self.symbolic_zeros)),
        ]);
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CustomJvp>> {
        (name == "custom_jvp_call").then(|| {
            let params = ParamReader::new("custom_jvp_call", params);
            Ok(CustomJvp {
                call_jaxpr: params.jaxpr("call_jaxpr")?,
                jvp: Rule::read(&params, "jvp", "jvp_jaxpr")?,
                num_consts: params.size("num_consts")?,
                symbolic_zeros: params.bool("symbolic_zeros")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.call_jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("custom_jvp_call", &self.call_jaxpr, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.call_jaxpr, inputs)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let n = self.num_consts;
        if !program::nonzero(&tangents[n..]).contains(&true) {
            return Ok(call::without_tangents(cx.bind(&self.clone().into(), primals)?));
        }
        let mut operands = primals[n..].to_vec();
        for tangent in &tangents[n..] {
            operands.push(tangent.for_rule(cx, self.symbolic_zeros)?);
        }
        let mut outputs = cx.call_rule(&self.jvp, &operands)?;
        CustomJvp::check_rule(self.jvp.name(), &outputs)?;
        let found = outputs.split_off(outputs.len() / 2);
        let tangents = found.into_iter().map(Tangent::from_rule).collect();
        Ok(Jvp { primals: outputs.into(), tangents })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        // Where it is applied to tangents it is linear, and as good as its body.
        let call = |jaxpr| crate::prims::Call { name: self.jvp.name().into(), jaxpr }.into();
        call::transpose(cx, &self.call_jaxpr, inputs, cotangents, call)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
        let all = vec![true; self.call_jaxpr.outputs.len()];
        let (call_jaxpr, _) = cx.batch_jaxpr(&self.call_jaxpr, size, &flags, &all)?;
        let args = &flags[self.num_consts..];
        let jvp = cx.batch_rule(&self.jvp, size, &[args, args].concat(), &[])?;
        let prim = CustomJvp { jvp, ..self.clone() }.of(call_jaxpr);
        Ok(Batched { outputs: cx.bind(&prim, &inputs)?, axes: program::leading(&all) })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // A rule that is known by its name only cannot be applied.
        let prim = |call_jaxpr| CustomJvp {
            call_jaxpr,
            jvp: Rule::named("f_jvp"),
            num_consts: 0,
            symbolic_zeros: false,
        };
        let sample = super::super::sample::of_program(prim);
        vec![crate::prims::Sample { smooth: false, ..sample }]
    }
}

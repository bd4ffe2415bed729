//! Functions with their own batching rule.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Literal, Result, SmallVec, Type, bail, smallvec};

use super::super::call::{self, SplitOff};
use super::Rule;
use crate::lower::Lowering;
use crate::prims::Primitive;
use crate::rules::program;
use crate::{Batched, Cx, Jaxpr, Jvp, Param, ParamReader, Params, Prim, Tangent, Value};

/// A function with its own batching rule: `custom_vmap_call(consts…, args…)`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CustomVmap {
    /// `(consts…, args…) → results…`.
    pub call: Arc<Jaxpr>,
    /// What [`Context::call_vmap_rule`](crate::Context::call_vmap_rule) calls.
    pub rule: Rule,
    /// The number of values that the function captured. They must be the same for all examples.
    pub num_consts: usize,
}

impl CustomVmap {
    fn of(&self, call: Arc<Jaxpr>) -> Prim {
        CustomVmap { call, ..self.clone() }.into()
    }

    #[cold]
    fn captured(&self, how: &str) -> Error {
        Error::new(
            ErrorKind::InvalidArgument,
            format_args!(
                "custom_vmap of '{}' captures a value that {how}; make it an argument",
                self.rule.name()
            ),
        )
    }

    /// Checks what the rule gave against what the function gives.
    fn check(&self, size: usize, outputs: &[Value], batched: &[bool]) -> Result<()> {
        let (name, n) = (self.rule.name(), self.call.outputs.len());
        if outputs.len() != n || batched.len() != n {
            bail!(
                InvalidArgument,
                "the vmap rule of '{name}' must give {n} results and say of each whether it is batched, got {} results and {} words",
                outputs.len(),
                batched.len()
            );
        }
        for (k, (ty, (output, &batched))) in
            self.call.out_types().zip(outputs.iter().zip(batched)).enumerate()
        {
            let needed = if batched { ty.with_shape(ty.shape.with(0, size)) } else { ty.clone() };
            if !needed.same_ignoring_weak(output.ty()) {
                bail!(
                    Shape,
                    "the vmap rule of '{name}' needs {needed} for result {k}, got {}",
                    output.ty()
                );
            }
        }
        Ok(())
    }
}

impl Primitive for CustomVmap {
    fn name(&self) -> &'static str {
        "custom_vmap_call"
    }

    fn params(&self) -> Params {
        vec![
            ("call", Param::Jaxpr(self.call.clone())),
            ("num_consts", Param::size(self.num_consts)),
            ("rule", Param::Name(self.rule.name().to_owned())),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CustomVmap>> {
        (name == "custom_vmap_call").then(|| {
            let params = ParamReader::new("custom_vmap_call", params);
            Ok(CustomVmap {
                call: params.jaxpr("call")?,
                rule: Rule::named(params.name("rule")?),
                num_consts: params.size("num_consts")?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.call]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        program::output_types("custom_vmap_call", &self.call, inputs)
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        program::evaluate(&self.call, inputs)
    }

    /// The derivative has a batching rule too: the derivative of the rule.
    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let has_tangent = program::nonzero(tangents);
        let (consts, args) = has_tangent.split_at(self.num_consts);
        if consts.contains(&true) {
            return Err(self.captured("is differentiated"));
        }
        let all = vec![true; self.call.outputs.len()];
        let both = cx.jvp_jaxpr(&self.call, &has_tangent, &all)?;
        let rule = cx.jvp_vmap_rule(&self.rule, args, &both.has_tangent)?;
        let prim = CustomVmap { rule, ..self.clone() }.of(both.jaxpr);
        let operands: Vec<Value> =
            primals.iter().cloned().chain(program::values(tangents)).collect();
        let mut outputs = cx.bind(&prim, &operands)?;
        let found = outputs.split_off_at(self.call.outputs.len());
        let tangents = program::spread(&outputs, found, &both.has_tangent);
        Ok(Jvp { primals: outputs, tangents })
    }

    fn linearize(
        &self,
        _primal: Cx<'_>,
        _linear: Cx<'_>,
        _primals: &[Value],
        _tangents: &[Tangent],
    ) -> Result<Option<Jvp>> {
        bail!(
            Unimplemented,
            "custom_vmap of '{}' has no reverse mode before vmap has replaced it by its rule; give it one with custom_vjp",
            self.rule.name()
        )
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (values, flags) = program::batched_first(cx, inputs, axes)?;
        let (of_consts, of_args) = flags.split_at(self.num_consts);
        // A rule that is known by its name only cannot be applied; neither is one asked about nothing.
        if self.rule.function().is_none() || !flags.contains(&true) {
            return call::batch(cx, &self.call, size, inputs, axes, |jaxpr| {
                crate::prims::Call { name: self.rule.name().into(), jaxpr }.into()
            });
        }
        if of_consts.contains(&true) {
            return Err(self.captured("differs between examples"));
        }
        let args = &values[self.num_consts..];
        let (outputs, batched) = cx.call_vmap_rule(&self.rule, size, of_args, args)?;
        self.check(size, &outputs, &batched)?;
        Ok(Batched { outputs: outputs.into(), axes: program::leading(&batched) })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Inline
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        // Neither derivatives nor batching go by a rule that is known by its name only.
        let prim = |call| CustomVmap { call, rule: Rule::named("f_vmap"), num_consts: 0 };
        let sample = super::super::sample::of_program(prim);
        vec![crate::prims::Sample { smooth: false, ..sample }]
    }
}

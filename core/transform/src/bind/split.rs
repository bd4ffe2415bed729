//! Splitting what derivative rules do into what is known and what is linear.

use std::sync::Arc;

use jaxrs_data::{Result, SmallVec, Type};
use jaxrs_ir::prims::Rule;
use jaxrs_ir::{Context, Jaxpr, JvpJaxpr, LinearizedJaxpr, Outputs, Prim, Value};

use super::eval_jaxpr;
use crate::frame::Kind;
use crate::{Scope, custom};

/// Where the operations of a jvp rule go during linearization: those that depend on a tangent into the
/// linear program, the others into the frame around.
pub(super) struct Split<'a> {
    pub(super) primal: &'a Scope,
    pub(super) linear: &'a Scope,
}

impl Split<'_> {
    pub(super) fn is_linear(&self, value: &Value) -> bool {
        self.linear.is_of(value)
    }
}

/// Applies a primitive to operands of which some are linear: what depends on none of them in the frame
/// around.
pub(super) fn split(
    primal: &Scope,
    linear: &Scope,
    prim: &Prim,
    inputs: &[Value],
) -> Result<Outputs> {
    let is_linear: SmallVec<[bool; 8]> = inputs.iter().map(|value| linear.is_of(value)).collect();
    if is_linear.contains(&false)
        && let Some((outputs, _)) = prim.split(primal, linear, inputs, &is_linear)?
    {
        return Ok(outputs);
    }
    linear.bind(prim, inputs)
}

impl Context for Split<'_> {
    fn bind(&self, prim: &Prim, inputs: &[Value]) -> Result<Outputs> {
        let is_linear = inputs.iter().any(|value| self.is_linear(value));
        match is_linear {
            true => split(self.primal, self.linear, prim, inputs),
            false => self.primal.bind(prim, inputs),
        }
    }

    fn jvp_jaxpr(&self, jaxpr: &Arc<Jaxpr>, has: &[bool], force: &[bool]) -> Result<JvpJaxpr> {
        self.primal.jvp_jaxpr(jaxpr, has, force)
    }

    fn batch_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        size: usize,
        batched: &[bool],
        force: &[bool],
    ) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
        self.primal.batch_jaxpr(jaxpr, size, batched, force)
    }

    fn linearize_jaxpr(
        &self,
        jaxpr: &Arc<Jaxpr>,
        has: &[bool],
        force: &[bool],
    ) -> Result<LinearizedJaxpr> {
        self.primal.linearize_jaxpr(jaxpr, has, force)
    }

    fn transpose_jaxpr(&self, jaxpr: &Arc<Jaxpr>, n_residuals: usize) -> Result<Arc<Jaxpr>> {
        self.primal.transpose_jaxpr(jaxpr, n_residuals)
    }

    fn eval_jaxpr(&self, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
        eval_jaxpr(self, jaxpr, inputs)
    }

    fn stage(&self, in_types: &[Type], body: jaxrs_ir::StageBody<'_>) -> Result<Arc<Jaxpr>> {
        self.primal.stage(in_types, body)
    }

    fn call_rule(&self, rule: &Rule, inputs: &[Value]) -> Result<Vec<Value>> {
        let partial = self.primal.enter(Kind::Partial(self.linear.clone()), &rule.name().into());
        custom::call_partially(&partial, &custom::rule_function(rule)?, inputs, |value| {
            self.is_linear(value)
        })
    }

    fn jvp_vmap_rule(&self, rule: &Rule, has: &[bool], out_has: &[bool]) -> Result<Rule> {
        self.primal.jvp_vmap_rule(rule, has, out_has)
    }
}

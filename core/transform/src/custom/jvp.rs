//! Calls of functions with a forward rule.

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::prims::CustomJvp;
use jaxrs_ir::{Context as _, Tangent, Value};

use super::{batched, call_partially, duals, rebatched, rule, unbatched};
use crate::frame::Kind;
use crate::tracer::Origin;
use crate::{Function, Scope};

/// A function with a forward rule.
pub(super) struct WithJvp {
    pub(super) function: Function,
    pub(super) rule: Function,
    pub(super) symbolic_zeros: bool,
}

impl WithJvp {
    pub(super) fn call(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        scope.frame.check_open(name)?;
        match &scope.frame.kind {
            Kind::Eval => self.function.call(scope, inputs),
            Kind::Stage(_) => {
                let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
                let traced = scope.trace(&self.function, &types)?;
                let operands = traced.operands(inputs);
                let num_consts = traced.consts.len();
                let jvp = rule(&self.rule);
                let symbolic_zeros = self.symbolic_zeros;
                let prim = CustomJvp { call_jaxpr: traced.jaxpr, jvp, num_consts, symbolic_zeros };
                Ok(scope.bind(&prim.into(), &operands)?.into_vec())
            }
            Kind::Jvp | Kind::Linearize(_) => self.differentiate(scope, inputs),
            Kind::Partial(_) => self.function.call(scope, inputs),
            Kind::Batch(axis) => {
                let (values, flags) = unbatched(scope, name, inputs)?;
                if !flags.contains(&true) && axis.name.is_none() {
                    return self.call(&scope.parent(), &values);
                }
                let both = [flags.as_slice(), &flags].concat();
                let inner = WithJvp {
                    function: batched(&self.function, axis, &flags, &[]),
                    rule: batched(&self.rule, axis, &both, &[]),
                    symbolic_zeros: self.symbolic_zeros,
                };
                Ok(rebatched(scope, inner.call(&scope.parent(), &values)?))
            }
        }
    }

    fn differentiate(&self, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let name = self.function.name();
        let parent = scope.parent();
        let (primals, tangents) = duals(scope, name, inputs)?;
        if tangents.iter().all(Tangent::is_zero) {
            return self.call(&parent, &primals);
        }
        let mut operands = primals;
        for tangent in &tangents {
            operands.push(tangent.for_rule(&parent, self.symbolic_zeros)?);
        }
        let results = match &scope.frame.kind {
            Kind::Linearize(linear) => {
                let partial = parent.enter(Kind::Partial(linear.clone()), self.rule.name());
                let is_linear = |value: &Value| linear.is_of(value);
                let results = call_partially(&partial, &self.rule, &operands, is_linear)?;
                if results[..results.len() / 2].iter().any(is_linear) {
                    bail!(
                        InvalidArgument,
                        "the jvp rule of '{name}' gives a result that depends on a tangent"
                    );
                }
                results
            }
            _ => self.rule.call(&parent, &operands)?,
        };
        CustomJvp::check_rule(name, &results)?;
        let (outputs, tangents) = results.split_at(results.len() / 2);
        let origin = Origin::Made("custom_jvp");
        let pairs = outputs.iter().zip(tangents);
        Ok(pairs
            .map(|(y, dy)| scope.with_tangent(y.clone(), Tangent::from_rule(dy.clone()), origin))
            .collect())
    }
}

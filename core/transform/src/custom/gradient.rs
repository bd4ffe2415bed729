//! Functions that give their backward rule along with their results.

use std::sync::Arc;

use jaxrs_data::{Error, Result, Type};
use jaxrs_ir::prims::{CustomLinear, CustomVjp};
use jaxrs_ir::{Jaxpr, Tangent, Value};
use parking_lot::Mutex;

use super::vjp::{WithVjp, complete};
use super::{duals, rule};
use crate::frame::Kind;
use crate::tracer::Origin;
use crate::{ClosedJaxpr, Function, Scope, function_from_jaxpr};

type Body = dyn Fn(&Scope, &[Value]) -> Result<(Vec<Value>, Function)> + Send + Sync;

/// A function of `x…` from a body that gives `y…` and the reverse derivative there: a function from `ct…` to
/// `dx…`, which may use what the body has computed, as `jax.custom_gradient` has it. Each derivative traces the
/// rule once. Values of traces that the body captures are constants to it.
pub fn custom_gradient(
    name: impl Into<Arc<str>>,
    body: impl Fn(&Scope, &[Value]) -> Result<(Vec<Value>, Function)> + Send + Sync + 'static,
) -> Function {
    let name: Arc<str> = name.into();
    let custom = Arc::new(WithGradient { name: name.clone(), body: Box::new(body) });
    Function::new(name, move |scope: &Scope, inputs: &[Value]| custom.call(scope, inputs))
}

struct WithGradient {
    name: Arc<str>,
    body: Box<Body>,
}

/// Results of a body and the program that its rule is, with what that captured.
struct Forward {
    outputs: Vec<Value>,
    rule: ClosedJaxpr,
}

impl WithGradient {
    fn call(self: &Arc<Self>, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        scope.frame.check_open(&self.name)?;
        match &scope.frame.kind {
            Kind::Eval | Kind::Partial(_) => Ok((self.body)(scope, inputs)?.0),
            Kind::Jvp | Kind::Linearize(_) => self.differentiate(scope, inputs),
            Kind::Stage(_) | Kind::Batch(_) => {
                let (custom, operands) = self.traced(scope, inputs)?;
                custom.call(scope, &operands)
            }
        }
    }

    fn forward(&self, scope: &Scope, inputs: &[Value]) -> Result<Forward> {
        let (outputs, rule) = (self.body)(scope, inputs)?;
        let rule = scope.trace(&rule, &types(&outputs))?;
        Ok(Forward { outputs, rule })
    }

    /// The body runs on values that may be known, so that it may decide by them; the rule does not.
    fn differentiate(self: &Arc<Self>, scope: &Scope, inputs: &[Value]) -> Result<Vec<Value>> {
        let parent = scope.parent();
        let (primals, tangents) = duals(scope, &self.name, inputs)?;
        if tangents.iter().all(Tangent::is_zero) {
            return self.call(&parent, &primals);
        }
        let Kind::Linearize(linear) = &scope.frame.kind else {
            return Err(CustomVjp::refuse_jvp(&self.name));
        };
        let Forward { outputs, rule: traced } = self.forward(&parent, &primals)?;
        let bwd = self.backward(traced.jaxpr, types(&primals), Vec::new());
        let out_types = types(&outputs);
        let bwd = (rule(&bwd), false);
        let tangents = CustomLinear::bind(linear, bwd, out_types, &traced.consts, &tangents)?;
        let origin = Origin::Made("custom_gradient");
        let pairs = outputs.into_iter().zip(tangents);
        Ok(pairs.map(|(y, dy)| scope.with_tangent(y, Tangent::Value(dy), origin)).collect())
    }

    /// The function with a forward and a backward rule that are programs, and its operands: what the body
    /// captured comes first.
    fn traced(self: &Arc<Self>, scope: &Scope, inputs: &[Value]) -> Result<(WithVjp, Vec<Value>)> {
        let (custom, found) = (self.clone(), Arc::new(Mutex::new(None)));
        let keep = found.clone();
        let fwd = Function::new(self.name.clone(), move |scope: &Scope, inputs: &[Value]| {
            let Forward { mut outputs, rule } = custom.forward(scope, inputs)?;
            *keep.lock() = Some((rule.jaxpr, outputs.len()));
            outputs.extend(rule.consts);
            Ok(outputs)
        });
        let program = scope.trace(&fwd, &types(inputs))?;
        let Some((bwd, n_outputs)) = found.lock().take() else {
            return Err(Error::internal("a function that was traced has not been called"));
        };
        let operands = program.operands(inputs);
        let bwd = self.backward(bwd, types(inputs), types(&program.consts));
        let fwd = Jaxpr { n_consts: 0, ..(*program.jaxpr).clone() };
        let outputs = fwd.outputs[..n_outputs].to_vec();
        let results = Jaxpr { outputs, ..fwd.clone() };
        let results = results.without_dead_code(&vec![true; operands.len()]);
        let function = |jaxpr: Jaxpr| {
            let program = ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts: Vec::new() };
            function_from_jaxpr(&self.name, program)
        };
        let (function, fwd) = (function(results), function(fwd));
        Ok((WithVjp { function, fwd, bwd, n_outputs, symbolic_zeros: false }, operands))
    }

    /// The rule as a function of what it captured and cotangents, checked; what the body captured does not move.
    fn backward(&self, jaxpr: Arc<Jaxpr>, args: Vec<Type>, captured: Vec<Type>) -> Function {
        let jaxpr = Arc::new(Jaxpr { n_consts: 0, ..(*jaxpr).clone() });
        let name = format!("gradient({})", self.name);
        let rule = function_from_jaxpr(&name, ClosedJaxpr { jaxpr, consts: Vec::new() });
        let rule = complete(self.name.clone(), &rule, args);
        Function::new(name, move |scope: &Scope, inputs: &[Value]| {
            let zero = |ty: &Type| Tangent::Zero(ty.clone()).instantiate(scope);
            let mut cotangents = captured.iter().map(zero).collect::<Result<Vec<Value>>>()?;
            cotangents.extend(rule.call(scope, inputs)?);
            Ok(cotangents)
        })
    }
}

fn types(values: &[Value]) -> Vec<Type> {
    values.iter().map(|value| value.ty().clone()).collect()
}

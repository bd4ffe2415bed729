//! Calls: functions by name, with derivative or batching rules of their own.

use std::sync::Arc;

use jaxrs_data::{Result, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_ir::prims::{Call, Checkpoint, Composite};
use jaxrs_ir::{Atom, Prim, Value};
use jaxrs_transform::{
    ClosedJaxpr, Context, ContextOptions, Function, Scope, VmapOptions, VmapRule, custom_jvp,
    custom_vjp, custom_vmap, function_from_jaxpr, jvp, make_jaxpr, vjp, vmap,
};

use super::Generator;
use super::body::Body;

impl Generator<'_> {
    /// A function that is called once.
    pub(super) fn call(&mut self) {
        let arguments = self.picks(3);
        let mut inner = self.inner(&self.types(&arguments));
        inner.steps();
        let outputs = inner.picks(2);
        let Body { jaxpr, added } = inner.body(outputs);
        let jaxpr = Arc::new(jaxpr);
        let prim = match self.random.below(6) {
            0 | 1 => Some(Call { name: "f".into(), jaxpr }.into()),
            2 => Some(Checkpoint::new(jaxpr).into()),
            3 => Some(
                Composite { name: "fuzz.f".into(), version: 1, attributes: "".into(), jaxpr }
                    .into(),
            ),
            4 => with_rule(&jaxpr, |f| custom_jvp(f, &jvp(f))),
            _ => match self.random.percent(50) {
                true => {
                    let (n, m) = (jaxpr.invars.len(), jaxpr.outputs.len());
                    with_rule(&jaxpr, |f| with_vjp(f, n, m))
                }
                false => with_rule(&jaxpr, with_vmap),
            },
        };
        let Some(prim) = prim else { return };
        let mut operands = self.operands(added);
        operands.extend(arguments.iter().copied().map(Atom::Var));
        self.push(prim, &operands);
    }
}

/// The primitive that a call of such a function is.
fn with_rule(jaxpr: &Arc<Jaxpr>, custom: impl Fn(&Function) -> Function) -> Option<Prim> {
    let program = ClosedJaxpr { jaxpr: jaxpr.clone(), consts: Vec::new() };
    let types: Vec<Type> = jaxpr.in_types().cloned().collect();
    let scope = Context::new(ContextOptions::default()).root();
    let traced = make_jaxpr(&custom(&function_from_jaxpr("f", program)), &scope, &types).ok()?;
    let first = traced.jaxpr.eqns.first()?;
    let is_whole = traced.consts.is_empty() && traced.jaxpr.outputs.len() == first.outputs.len();
    is_whole.then(|| first.prim.clone())
}

/// The function with its own derivative as a rule: arguments are what is kept for it.
fn with_vjp(f: &Function, n_inputs: usize, n_outputs: usize) -> Function {
    let (forward, backward) = (f.clone(), f.clone());
    let fwd = Function::new("f_fwd", move |scope: &Scope, inputs: &[Value]| {
        let outputs = forward.call(scope, inputs)?;
        Ok(outputs.into_iter().chain(inputs.iter().cloned()).collect())
    });
    let bwd = Function::new("f_bwd", move |scope: &Scope, values: &[Value]| {
        let (inputs, cotangents) = values.split_at(n_inputs);
        pulled_back(&backward, scope, inputs, cotangents)
    });
    custom_vjp(f, &fwd, &bwd, n_outputs)
}

fn pulled_back(
    f: &Function,
    scope: &Scope,
    inputs: &[Value],
    cotangents: &[Value],
) -> Result<Vec<Value>> {
    let (_, pullback) = vjp(f, scope, inputs)?;
    pullback.call(scope, cotangents)
}

/// The function with its own batched form as a rule.
fn with_vmap(f: &Function) -> Function {
    let inner = f.clone();
    let rule = VmapRule::new("f_vmap", move |scope, size, batched, inputs| {
        let in_axes = batched.iter().map(|&batched| batched.then_some(0)).collect();
        let options = VmapOptions { in_axes, axis_size: Some(size), ..VmapOptions::default() };
        let outputs = vmap(&inner, options).call(scope, inputs)?;
        let flags = vec![true; outputs.len()];
        Ok((outputs, flags))
    });
    custom_vmap(f, &rule)
}

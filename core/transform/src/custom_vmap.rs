//! Functions with batching rules of their own.

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, Type};
use jaxrs_ir::prims::{CustomVmap, Rule};
use jaxrs_ir::{Context as _, Value, ops};

use crate::frame::{Kind, during};
use crate::tracer::Origin;
use crate::{Function, ScanOptions, Scope, scan};

/// What a batching rule gives: results, and of each whether it has the examples along axis 0.
pub type BatchedResults = (Vec<Value>, Vec<bool>);

type Body = dyn Fn(&Scope, usize, &[bool], &[Value]) -> Result<BatchedResults> + Send + Sync;

/// A batching rule: `(axis_size, in_batched, args) → (results, out_batched)`. Arguments that are batched have
/// the examples along axis 0. Clones share it.
#[derive(Clone)]
pub struct VmapRule(Arc<Inner>);

struct Inner {
    name: Arc<str>,
    body: Box<Body>,
}

impl VmapRule {
    /// A rule that does its operations in the scope that it is given.
    pub fn new(
        name: impl Into<Arc<str>>,
        body: impl Fn(&Scope, usize, &[bool], &[Value]) -> Result<BatchedResults>
        + Send
        + Sync
        + 'static,
    ) -> VmapRule {
        VmapRule(Arc::new(Inner { name: name.into(), body: Box::new(body) }))
    }

    fn held(&self) -> Rule {
        Rule::new(self.0.name.clone(), self.0.clone())
    }

    fn of(rule: &Rule) -> Result<VmapRule> {
        let inner = rule.function().and_then(|function| function.clone().downcast().ok());
        inner.map(VmapRule).ok_or_else(|| {
            Error::new(
                ErrorKind::InvalidArgument,
                format_args!("the vmap rule {} is known by its name only", rule.name()),
            )
        })
    }

    fn call(
        &self,
        scope: &Scope,
        size: usize,
        batched: &[bool],
        args: &[Value],
    ) -> Result<BatchedResults> {
        (self.0.body)(scope, size, batched, args).map_err(during("vmap", &self.0.name))
    }
}

/// `function`, which `vmap` replaces by what `rule` gives. Forward derivatives have the derivative of the
/// rule as theirs; reverse mode goes only through what the rule did, as in JAX. Values of traces that the
/// function captures must be the same for all examples.
pub fn custom_vmap(function: &Function, rule: &VmapRule) -> Function {
    let (function, rule) = (function.clone(), rule.clone());
    Function::new(function.name().clone(), move |scope: &Scope, inputs: &[Value]| {
        if scope.is_eager() {
            return function.call(scope, inputs);
        }
        let types: Vec<Type> = inputs.iter().map(|value| value.ty().clone()).collect();
        let traced =
            scope.trace(&function, &types).map_err(during("custom_vmap", function.name()))?;
        let operands = traced.operands(inputs);
        let num_consts = traced.consts.len();
        let prim = CustomVmap { call: traced.jaxpr, rule: rule.held(), num_consts };
        Ok(scope.bind(&prim.into(), &operands)?.into_vec())
    })
}

/// `function`, which `vmap` runs on one example after the other.
pub fn sequential_vmap(function: &Function) -> Function {
    let one = function.clone();
    let rule = VmapRule::new(
        function.name().clone(),
        move |scope: &Scope, size: usize, batched: &[bool], args: &[Value]| {
            let (one, flags, all) = (one.clone(), batched.to_vec(), args.to_vec());
            let body = Function::new(one.name().clone(), move |scope: &Scope, xs: &[Value]| {
                let mut xs = xs.iter();
                let pairs = all.iter().zip(&flags);
                let args: Vec<Value> = pairs
                    .map(|(arg, &batched)| if batched { xs.next() } else { None }.unwrap_or(arg))
                    .cloned()
                    .collect();
                sequential_vmap(&one).call(scope, &args)
            });
            let xs = args.iter().zip(batched).filter(|&(_, &batched)| batched);
            let xs: Vec<Value> = xs.map(|(arg, _)| arg.clone()).collect();
            let options = ScanOptions { length: Some(size), ..ScanOptions::default() };
            let outputs = scan(scope, &body, &[], &xs, options)?;
            let all = vec![true; outputs.len()];
            Ok((outputs, all))
        },
    );
    custom_vmap(function, &rule)
}

/// See [`jaxrs_ir::Context::call_vmap_rule`].
pub(crate) fn call(
    scope: &Scope,
    rule: &Rule,
    size: usize,
    batched: &[bool],
    args: &[Value],
) -> Result<BatchedResults> {
    VmapRule::of(rule)?.call(scope, size, batched, args)
}

/// See [`jaxrs_ir::Context::jvp_vmap_rule`]. A primal and its tangent are made to agree on whether they have
/// examples.
pub(crate) fn jvp(rule: &Rule, has_tangent: &[bool], out_has_tangent: &[bool]) -> Result<Rule> {
    let rule = VmapRule::of(rule)?;
    let name = format!("jvp({})", rule.0.name);
    let (has, out_has) = (has_tangent.to_vec(), out_has_tangent.to_vec());
    let body = move |scope: &Scope, size: usize, batched: &[bool], inputs: &[Value]| {
        let (primals, tangents) = inputs.split_at(has.len());
        let (mut flags, tangent_flags) = (batched[..has.len()].to_vec(), &batched[has.len()..]);
        let trace = scope.enter(Kind::Jvp, &rule.0.name);
        let mut arguments = Vec::with_capacity(has.len());
        let mut next = 0;
        for (k, primal) in primals.iter().enumerate() {
            if !has[k] {
                arguments.push(primal.clone());
                continue;
            }
            let (tangent, tangent_batched) = (&tangents[next], tangent_flags[next]);
            next += 1;
            let both = flags[k] | tangent_batched;
            let primal = fitting(scope, size, primal, flags[k], both)?;
            let tangent = fitting(scope, size, tangent, tangent_batched, both)?;
            flags[k] = both;
            arguments.push(trace.with_tangent(primal, tangent.into(), Origin::Argument(k)));
        }
        let (outputs, out_batched) = rule.call(&trace, size, &flags, &arguments)?;
        let (mut values, mut words) = (Vec::new(), out_batched.clone());
        let mut out_tangents = Vec::new();
        for (k, output) in outputs.iter().enumerate() {
            let (value, tangent) = trace.dual("a result", output)?;
            if out_has.get(k).copied().unwrap_or(false) {
                out_tangents.push(tangent.instantiate(scope)?);
                words.push(out_batched.get(k).copied().unwrap_or(false));
            }
            values.push(value);
        }
        values.extend(out_tangents);
        Ok((values, words))
    };
    Ok(VmapRule::new(name, body).held())
}

/// The value, repeated for all examples where it has none but needs them.
fn fitting(scope: &Scope, size: usize, value: &Value, has: bool, needs: bool) -> Result<Value> {
    if has == needs {
        return Ok(value.clone());
    }
    let rank = value.ty().rank();
    ops::broadcast_in_dim(scope, value, &value.shape().with(0, size), 1..=rank)
}

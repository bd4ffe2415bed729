//! Arguments of functions with rules that are not differentiated. Rules get them first.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;

use crate::tracer::Tracer;
use crate::{Function, Scope, stop_gradient};

/// The positions of the arguments.
#[derive(Clone)]
pub(super) struct Fixed(pub(super) Vec<usize>);

impl Fixed {
    fn check(&self, name: &str, n: usize) -> Result<()> {
        if let Some(k) = self.0.iter().find(|&&k| k >= n) {
            bail!(InvalidArgument, "'{name}' has nondiff_argnum {k}, but got {n} inputs");
        }
        Ok(())
    }

    fn is_fixed(&self, k: usize) -> bool {
        self.0.contains(&k)
    }

    /// Items that go with arguments: those of fixed ones, and the others.
    fn split(&self, items: &[Value]) -> (Vec<Value>, Vec<Value>) {
        let fixed = self.0.iter().filter_map(|&k| items.get(k).cloned()).collect();
        let moving = (0..items.len()).filter(|&k| !self.is_fixed(k)).map(|k| items[k].clone());
        (fixed, moving.collect())
    }

    /// A function around a rule; the rule itself where nothing is fixed.
    fn around(
        &self,
        rule: &Function,
        body: impl Fn(&Fixed, &Function, &Scope, &[Value]) -> Result<Vec<Value>> + Send + Sync + 'static,
    ) -> Function {
        if self.0.is_empty() {
            return rule.clone();
        }
        let (fixed, rule) = (self.clone(), rule.clone());
        Function::new(rule.name().clone(), move |scope: &Scope, inputs: &[Value]| {
            body(&fixed, &rule, scope, inputs)
        })
    }

    /// The arguments, of which those that are fixed have no derivative.
    pub(super) fn stopped(
        &self,
        name: &str,
        scope: &Scope,
        inputs: &[Value],
    ) -> Result<Vec<Value>> {
        self.check(name, inputs.len())?;
        let stopped = |(k, value): (usize, &Value)| match self.is_fixed(k) {
            true => stop_gradient(scope, value),
            false => Ok(value.clone()),
        };
        inputs.iter().enumerate().map(stopped).collect()
    }

    /// Refuses fixed arguments that stand for values of a trace.
    pub(super) fn refuse_tracers(&self, name: &str, inputs: &[Value]) -> Result<()> {
        self.check(name, inputs.len())?;
        for &k in &self.0 {
            if let Some(tracer) = inputs[k].downcast_ref::<Tracer>() {
                bail!(
                    TracerEscaped,
                    "the custom_vjp of '{name}' takes argument {k} as not differentiable, which is {tracer}"
                );
            }
        }
        Ok(())
    }

    /// The forward derivative that is given all arguments in order.
    pub(super) fn jvp(&self, rule: &Function) -> Function {
        self.around(rule, |fixed, rule, scope, inputs| {
            let (x, dx) = inputs.split_at(inputs.len() / 2);
            let ((first, x), (_, dx)) = (fixed.split(x), fixed.split(dx));
            rule.call(scope, &[first, x, dx].concat())
        })
    }

    /// The forward rule whose residuals begin with the fixed arguments. Behind its arguments may be a flag for
    /// each of them, of which it gives on those of the others.
    pub(super) fn fwd(&self, fwd: &Function, n_outputs: usize, has_flags: bool) -> Function {
        self.around(fwd, move |fixed, fwd, scope, inputs| {
            let n = if has_flags { inputs.len() / 2 } else { inputs.len() };
            let (x, flags) = inputs.split_at(n);
            let (first, _) = fixed.split(x);
            let (_, flags) = fixed.split(flags);
            let mut outputs = fwd.call(scope, &[x, flags.as_slice()].concat())?;
            let residuals = outputs.split_off(n_outputs.min(outputs.len()));
            Ok([outputs, first, residuals].concat())
        })
    }

    /// The backward rule that gives a zero for each fixed argument; the one given has a cotangent for each
    /// other argument.
    pub(super) fn bwd(&self, bwd: &Function) -> Function {
        self.around(bwd, |fixed, bwd, scope, inputs| {
            let mut found = bwd.call(scope, inputs)?;
            let mut positions: Vec<(usize, &Value)> = fixed.0.iter().copied().zip(inputs).collect();
            positions.sort_by_key(|(k, _)| *k);
            for (k, value) in positions {
                found.insert(k.min(found.len()), Value::symbolic_zero(value.ty().clone()));
            }
            Ok(found)
        })
    }
}

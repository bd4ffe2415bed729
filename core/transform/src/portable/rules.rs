//! Derivative rules as programs. A rule is code of this process; what it does to operands of given types is a program,
//! which a file can hold.

use std::sync::Arc;

use jaxrs_data::Type;
use jaxrs_ir::prims::{CustomJvp, CustomVjp, Rule};
use jaxrs_ir::{Jaxpr, Prim};
use rustc_hash::FxHashMap;

use super::{replaced, with_prims};
use crate::{Function, Scope, custom, make_jaxpr};

/// How many derivatives a loaded program has by its rules: a rule may call the very function that it belongs to, and so
/// has no end. Beyond, rules are known by name.
const ORDERS: usize = 3;

/// The program, in which rules are programs. A rule that cannot be traced (it uses values of a trace that has ended, or
/// arrays of its own) stays a name.
pub(super) fn as_programs(jaxpr: &Arc<Jaxpr>, scope: &Scope) -> Arc<Jaxpr> {
    Rules { scope, orders: ORDERS, known: FxHashMap::default(), traced: Vec::new() }.jaxpr(jaxpr)
}

/// A program, which is kept alive for its address, and what it became.
type Became = (Arc<Jaxpr>, Arc<Jaxpr>);

/// A rule for operands of some types, and its program.
type Traced = (Rule, Vec<Type>, usize, Option<Arc<Jaxpr>>);

struct Rules<'a> {
    scope: &'a Scope,
    orders: usize,
    /// By address, so that what is shared stays so, and how many derivatives are left.
    known: FxHashMap<(*const Jaxpr, usize), Became>,
    traced: Vec<Traced>,
}

impl Rules<'_> {
    fn jaxpr(&mut self, jaxpr: &Arc<Jaxpr>) -> Arc<Jaxpr> {
        let key = (Arc::as_ptr(jaxpr), self.orders);
        if let Some((_, found)) = self.known.get(&key) {
            return found.clone();
        }
        let result = with_prims(jaxpr, |prim| self.prim(prim));
        self.known.insert(key, (jaxpr.clone(), result.clone()));
        result
    }

    /// The primitive with rules that are programs; nothing where it has none.
    fn prim(&mut self, prim: &Prim) -> Option<Prim> {
        match prim {
            Prim::CustomJvp(custom) => Some(self.custom_jvp(custom).into()),
            Prim::CustomVjp(custom) => Some(self.custom_vjp(custom).into()),
            _ => self.holder(prim),
        }
    }

    /// A primitive that holds programs, with what they become.
    fn holder(&mut self, prim: &Prim) -> Option<Prim> {
        replaced(prim, &mut |jaxpr| self.jaxpr(jaxpr))
    }

    fn custom_jvp(&mut self, custom: &CustomJvp) -> CustomJvp {
        let call_jaxpr = self.jaxpr(&custom.call_jaxpr);
        let types: Vec<Type> = call_jaxpr.in_types().skip(custom.num_consts).cloned().collect();
        let types = [&types[..], &types].concat();
        match self.rule(&custom.jvp, types) {
            // Known zeros are arrays for a program.
            Some(jvp) => CustomJvp { call_jaxpr, jvp, symbolic_zeros: false, ..custom.clone() },
            None => CustomJvp { call_jaxpr, ..custom.clone() },
        }
    }

    fn custom_vjp(&mut self, custom: &CustomVjp) -> CustomVjp {
        let call_jaxpr = self.jaxpr(&custom.call_jaxpr);
        let unchanged = CustomVjp { call_jaxpr: call_jaxpr.clone(), ..custom.clone() };
        // Rules that are told what moves are no programs of the arguments alone.
        if custom.symbolic_zeros {
            return unchanged;
        }
        let types: Vec<Type> = call_jaxpr.in_types().skip(custom.num_consts).cloned().collect();
        let Some(fwd) = self.rule(&custom.fwd, types) else { return unchanged };
        let n_outputs = call_jaxpr.outputs.len();
        let residuals = fwd.program().into_iter().flat_map(|fwd| fwd.out_types().skip(n_outputs));
        let types: Vec<Type> = residuals.chain(call_jaxpr.out_types()).cloned().collect();
        match self.rule(&custom.bwd, types) {
            Some(bwd) => CustomVjp { fwd, bwd, ..unchanged },
            None => unchanged,
        }
    }

    /// A rule as a program, for operands of these types.
    fn rule(&mut self, rule: &Rule, types: Vec<Type>) -> Option<Rule> {
        if self.orders == 0 || rule.program().is_some() {
            return rule.program().map(|_| rule.clone());
        }
        let of = |program: Arc<Jaxpr>| Rule::of_program(rule.name(), program);
        let known = self.traced.iter().find(|(other, for_types, orders, _)| {
            other == rule && *for_types == types && *orders == self.orders
        });
        if let Some((.., program)) = known {
            return program.clone().map(of);
        }
        let program = custom::rule_function(rule).ok().and_then(|rule| self.trace(&rule, &types));
        self.traced.push((rule.clone(), types, self.orders, program.clone()));
        program.map(of)
    }

    fn trace(&mut self, rule: &Function, types: &[Type]) -> Option<Arc<Jaxpr>> {
        let traced = make_jaxpr(rule, self.scope, types).ok()?;
        if !traced.consts.is_empty() {
            return None;
        }
        self.orders -= 1;
        let program = self.jaxpr(&traced.jaxpr);
        self.orders += 1;
        Some(program)
    }
}

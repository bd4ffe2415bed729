//! Exact simplification, sharing of equal equations, and folding of scalar constants.
//!
//! Only identities that hold for every value are used: NaN, infinities and the sign of zero keep their
//! meaning, so `x + 0.0` stays, as it turns −0 into 0.

mod arithmetic;
mod complex;
mod dots;
mod shapes;

use std::sync::Arc;

use jaxrs_data::{Literal, SmallVec, Type};
use jaxrs_ir::prims::Remark;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};
use rustc_hash::FxHashMap;

use super::rewrite::{Names, Rebuilt, map_bodies};

/// What a rule makes of an equation with one result.
pub(crate) enum Simpler {
    /// It is an operand, or a result of an earlier equation.
    Same(Atom),
    /// Another operation does it.
    Becomes(Box<(Prim, SmallVec<[Atom; 4]>)>),
}

impl Simpler {
    fn becomes(prim: Prim, operands: SmallVec<[Atom; 4]>) -> Simpler {
        Simpler::Becomes(Box::new((prim, operands)))
    }
}

/// A rule: looks at an equation and at what defined its operands.
type Rule = fn(&Known, &Prim, &[Atom], &Type) -> Option<Simpler>;

const RULES: &[Rule] = &[
    arithmetic::drop_neutral,
    arithmetic::cancel,
    arithmetic::use_scalars,
    complex::parts,
    shapes::drop_identity,
    shapes::compose,
    dots::absorb_transposes,
];

/// Simplifies a program and those inside of it, and lets equal equations be one.
pub(crate) fn simplify(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr, true)
}

/// As [`simplify`], but equal equations stay apart.
pub(crate) fn simplify_unshared(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr, false)
}

/// The program so far, with the equation that defined each variable.
pub(crate) struct Known {
    new: Rebuilt,
    defs: Vec<Option<usize>>,
}

impl Known {
    /// The equation that defined an operand.
    pub(crate) fn def(&self, atom: &Atom) -> Option<&Eqn> {
        let Atom::Var(var) = atom else { return None };
        let eqn = self.defs.get(var.0 as usize).copied().flatten()?;
        Some(&self.new.jaxpr.eqns[eqn])
    }

    /// The type of an operand.
    pub(crate) fn ty<'a>(&'a self, atom: &'a Atom) -> &'a Type {
        self.new.jaxpr.atom_type(atom)
    }
}

type Key = (Prim, SmallVec<[Atom; 4]>);

struct Simplifier {
    known: Known,
    shared: Option<FxHashMap<Key, SmallVec<[Atom; 2]>>>,
}

fn rebuild(jaxpr: &Jaxpr, share: bool) -> Jaxpr {
    let (new, mut names) = Rebuilt::new(jaxpr);
    let known = Known { new, defs: Vec::new() };
    let mut simplifier = Simplifier { known, shared: share.then(FxHashMap::default) };
    simplifier.enter(jaxpr, &mut names, share);
    simplifier.known.new.finish(jaxpr, &names)
}

impl Simplifier {
    fn enter(&mut self, old: &Jaxpr, names: &mut Names, share: bool) {
        for eqn in &old.eqns {
            let inputs = names.all(&eqn.inputs);
            let mut prim = eqn.prim.clone();
            if let Some(branch) = decided(&prim, &inputs) {
                let mut inner = Names::new(&branch);
                for (&var, input) in branch.invars.iter().zip(&inputs[1..]) {
                    inner.set(var, input.clone());
                }
                self.enter(&branch, &mut inner, share);
                for (&out, result) in eqn.outputs.iter().zip(&branch.outputs) {
                    names.set(out, inner.get(result));
                }
                continue;
            }
            map_bodies(&mut prim, &mut |body| rebuild(body, share));
            let types: SmallVec<[Type; 2]> =
                eqn.outputs.iter().map(|&out| old[out].clone()).collect();
            let results = self.emit(prim, inputs, &types, eqn.name_stack.clone());
            for (&out, result) in eqn.outputs.iter().zip(results) {
                names.set(out, result);
            }
        }
    }

    fn emit(
        &mut self,
        mut prim: Prim,
        mut inputs: SmallVec<[Atom; 4]>,
        types: &[Type],
        name_stack: Option<Arc<str>>,
    ) -> SmallVec<[Atom; 2]> {
        while let [ty] = types {
            match RULES.iter().find_map(|rule| rule(&self.known, &prim, &inputs, ty)) {
                Some(Simpler::Same(atom)) => return SmallVec::from_iter([atom]),
                Some(Simpler::Becomes(other)) => (prim, inputs) = *other,
                None => break,
            }
        }
        if let Some(literal) = folded(&prim, &inputs, types) {
            return SmallVec::from_iter([Atom::Literal(literal)]);
        }
        let key = (prim, inputs);
        if let Some(results) = self.shared.as_ref().and_then(|shared| shared.get(&key)) {
            return results.clone();
        }
        let new = &mut self.known.new;
        let vars = new.push(key.0.clone(), key.1.clone(), types.iter().cloned(), name_stack);
        self.known.defs.resize(new.jaxpr.types.len(), None);
        for var in &vars {
            self.known.defs[var.0 as usize] = Some(new.jaxpr.eqns.len() - 1);
        }
        let results: SmallVec<[Atom; 2]> = vars.into_iter().map(Atom::Var).collect();
        if let Some(shared) = &mut self.shared
            && !is_kept_apart(&key.0)
            && !key.0.effect().is_some()
        {
            shared.insert(key, results.clone());
        }
        results
    }
}

/// Whether two equations of this kind stay two, though they give the same.
fn is_kept_apart(prim: &Prim) -> bool {
    match prim {
        Prim::Checkpoint(_) => true,
        Prim::Annotate(annotate) => annotate.remark == Remark::OptimizationBarrier,
        _ => false,
    }
}

/// The branch that is taken, where that is known.
fn decided(prim: &Prim, inputs: &[Atom]) -> Option<Arc<Jaxpr>> {
    let (Prim::Cond(cond), Some(Atom::Literal(index))) = (prim, inputs.first()) else {
        return None;
    };
    cond.branches.get(cond.branch_of(index.get(0).as_i64())).cloned()
}

/// The value of an operation on scalar constants.
fn folded(prim: &Prim, inputs: &[Atom], types: &[Type]) -> Option<Literal> {
    let [ty] = types else { return None };
    if ty.rank() > 0 || inputs.is_empty() || runs_programs(prim) {
        return None;
    }
    let literal = |atom: &Atom| match atom {
        Atom::Literal(literal) => Some(literal.clone()),
        Atom::Var(_) => None,
    };
    let literals: Option<Vec<Literal>> = inputs.iter().map(literal).collect();
    let value = prim.evaluate(&literals?).ok()?.pop()?;
    value.with_type(ty.clone()).ok()
}

/// Whether it runs programs or code of the caller's, which is not done while compiling.
fn runs_programs(prim: &Prim) -> bool {
    matches!(prim, Prim::CustomLinear(_) | Prim::Callback(_)) || !prim.programs().is_empty()
}

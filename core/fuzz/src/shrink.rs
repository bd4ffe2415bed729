//! Making a program that breaks a law as small as it gets.

use std::sync::Arc;

use jaxrs_ir::{Atom, Jaxpr, Prim, VarId};

use crate::Case;
use crate::agree::evaluate;

/// Tries at most so many programs.
const TRIES: usize = 600;

/// The smallest program found that `fails` still.
pub fn shrink(case: &Case, fails: impl Fn(&Case) -> bool) -> Case {
    let mut shrinker = Shrinker { fails: &fails, tries: 0 };
    let mut best = case.clone();
    loop {
        let before = size(&best);
        best = shrinker.fewer_outputs(best);
        best = shrinker.without_equations(best);
        best = shrinker.inlined(best);
        best = shrinker.inside(best);
        if size(&best) >= before || shrinker.tries >= TRIES {
            return best;
        }
    }
}

/// The number of equations and results, inner ones too.
fn size(case: &Case) -> usize {
    fn of(jaxpr: &Jaxpr) -> usize {
        let inner = |eqn: &jaxrs_ir::Eqn| -> usize {
            eqn.prim.programs().iter().map(|program| of(program)).sum()
        };
        jaxpr.eqns.iter().map(|eqn| 4 + inner(eqn)).sum::<usize>() + jaxpr.outputs.len()
    }
    of(&case.jaxpr)
}

struct Shrinker<'a> {
    fails: &'a dyn Fn(&Case) -> bool,
    tries: usize,
}

impl Shrinker<'_> {
    fn accept(&mut self, candidate: Case) -> Option<Case> {
        let is_smaller = jaxrs_ir::check::check(&candidate.jaxpr).is_ok();
        if !is_smaller || self.tries >= TRIES {
            return None;
        }
        self.tries += 1;
        let candidate = pruned(candidate);
        (self.fails)(&candidate).then_some(candidate)
    }

    /// Only one result; the first equation whose results are wrong.
    fn fewer_outputs(&mut self, mut best: Case) -> Case {
        let eqns = best.jaxpr.eqns.iter();
        let first: Vec<Vec<Atom>> =
            eqns.map(|eqn| eqn.outputs.iter().map(|&var| Atom::Var(var)).collect()).collect();
        let single = best.jaxpr.outputs.iter().map(|atom| vec![atom.clone()]);
        let choices: Vec<Vec<Atom>> = first.into_iter().chain(single).collect();
        for outputs in choices {
            if outputs.len() >= best.jaxpr.outputs.len() && outputs == best.jaxpr.outputs {
                continue;
            }
            let mut candidate = best.clone();
            candidate.jaxpr.outputs = outputs;
            if let Some(found) = self.accept(candidate).filter(|found| size(found) < size(&best)) {
                best = found;
                break;
            }
        }
        self.without_outputs(best)
    }

    fn without_outputs(&mut self, mut best: Case) -> Case {
        let mut k = 0;
        while best.jaxpr.outputs.len() > 1 && k < best.jaxpr.outputs.len() {
            let mut candidate = best.clone();
            candidate.jaxpr.outputs.remove(k);
            match self.accept(candidate) {
                Some(found) => best = found,
                None => k += 1,
            }
        }
        best
    }

    /// Equations become inputs with their values, from the first one on.
    fn without_equations(&mut self, mut best: Case) -> Case {
        let mut k = 0;
        while k < best.jaxpr.eqns.len() {
            match cut(&best, k).and_then(|candidate| self.accept(candidate)) {
                Some(found) => best = found,
                None => k += 1,
            }
        }
        best
    }

    /// Calls become what they call.
    fn inlined(&mut self, mut best: Case) -> Case {
        let mut k = 0;
        while k < best.jaxpr.eqns.len() {
            match spliced(&best, k).and_then(|candidate| self.accept(candidate)) {
                Some(found) => best = found,
                None => k += 1,
            }
        }
        best
    }

    /// Equations of loops and branches become arguments.
    fn inside(&mut self, mut best: Case) -> Case {
        for k in 0..best.jaxpr.eqns.len() {
            let mut at = 0;
            while let Some(candidate) = best.jaxpr.eqns.get(k).and_then(|_| thinned(&best, k, at)) {
                match candidate.and_then(|candidate| self.accept(candidate)) {
                    Some(found) if size(&found) < size(&best) => best = found,
                    _ => at += 1,
                }
                if self.tries >= TRIES {
                    return best;
                }
            }
        }
        best
    }
}

/// The case without equations and inputs that no result needs.
fn pruned(case: Case) -> Case {
    let used = case.jaxpr.used_inputs();
    let jaxpr = case.jaxpr.without_dead_code(&used);
    let keep = |k: &usize| used[*k];
    let inputs = (0..used.len()).filter(keep).map(|k| case.inputs[k].clone()).collect();
    let fixed = (0..used.len()).filter(keep).map(|k| case.fixed[k]).collect();
    Case { jaxpr, inputs, fixed, smooth: case.smooth }
}

/// The case with an equation's results as inputs.
fn cut(case: &Case, k: usize) -> Option<Case> {
    let mut prefix = case.jaxpr.clone();
    let eqn = prefix.eqns[k].clone();
    prefix.eqns.truncate(k + 1);
    prefix.outputs = eqn.outputs.iter().map(|&var| Atom::Var(var)).collect();
    let values = evaluate(&prefix, &case.inputs).ok()?;
    let mut cut = case.clone();
    cut.jaxpr.eqns.remove(k);
    cut.jaxpr.invars.extend(&eqn.outputs);
    cut.inputs.extend(values);
    cut.fixed.extend(eqn.outputs.iter().map(|_| false));
    Some(cut)
}

/// The case with a call replaced by what it calls.
fn spliced(case: &Case, k: usize) -> Option<Case> {
    let eqn = case.jaxpr.eqns[k].clone();
    let inner = eqn.prim.inlined()?.clone();
    let mut spliced = case.clone();
    let mut renamed: Vec<Option<Atom>> = vec![None; inner.types.len()];
    for (var, atom) in inner.invars.iter().zip(&eqn.inputs) {
        renamed[var.0 as usize] = Some(atom.clone());
    }
    let read = |renamed: &[Option<Atom>], atom: &Atom| match atom {
        Atom::Var(var) => renamed[var.0 as usize].clone(),
        Atom::Literal(_) => Some(atom.clone()),
    };
    let mut eqns = Vec::new();
    for eqn in &inner.eqns {
        let mut new = eqn.clone();
        for atom in &mut new.inputs {
            *atom = read(&renamed, atom)?;
        }
        for var in &mut new.outputs {
            let fresh = spliced.jaxpr.fresh_var(inner[*var].clone());
            renamed[var.0 as usize] = Some(Atom::Var(fresh));
            *var = fresh;
        }
        eqns.push(new);
    }
    let results: Vec<Atom> =
        inner.outputs.iter().map(|atom| read(&renamed, atom)).collect::<Option<_>>()?;
    spliced.jaxpr.eqns.splice(k..=k, eqns);
    for (var, result) in eqn.outputs.iter().zip(&results) {
        replace(&mut spliced.jaxpr, *var, result);
    }
    Some(spliced)
}

fn replace(jaxpr: &mut Jaxpr, var: VarId, by: &Atom) {
    let eqns = jaxpr.eqns.iter_mut().flat_map(|eqn| eqn.inputs.iter_mut());
    for atom in eqns.chain(jaxpr.outputs.iter_mut()) {
        if *atom == Atom::Var(var) {
            *atom = by.clone();
        }
    }
}

/// The case with equation `at` of the programs of equation `k` left out, and an earlier value in place of
/// its results; nothing at the end, and nothing inside where there is none.
fn thinned(case: &Case, k: usize, mut at: usize) -> Option<Option<Case>> {
    let mut thinned = case.clone();
    for program in programs(&mut thinned.jaxpr.eqns[k].prim) {
        if at < program.eqns.len() {
            let Some(left) = without(program, at) else { return Some(None) };
            *program = Arc::new(left);
            return Some(Some(thinned));
        }
        at -= program.eqns.len();
    }
    None
}

/// The programs that a primitive holds and that may be changed.
fn programs(prim: &mut Prim) -> Vec<&mut Arc<Jaxpr>> {
    match prim {
        Prim::Scan(scan) => vec![&mut scan.jaxpr],
        Prim::While(body) => vec![&mut body.cond_jaxpr, &mut body.body_jaxpr],
        Prim::Cond(cond) => cond.branches.iter_mut().collect(),
        Prim::Checkpoint(call) => vec![&mut call.jaxpr],
        Prim::Call(call) => vec![&mut call.jaxpr],
        Prim::Composite(call) => vec![&mut call.jaxpr],
        _ => Vec::new(),
    }
}

fn without(jaxpr: &Jaxpr, at: usize) -> Option<Jaxpr> {
    let mut left = jaxpr.clone();
    let eqn = left.eqns.remove(at);
    let is_used = |jaxpr: &Jaxpr, var: VarId| {
        let inputs = jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs);
        inputs.chain(&jaxpr.outputs).any(|atom| *atom == Atom::Var(var))
    };
    for &var in &eqn.outputs {
        if !is_used(&left, var) {
            continue;
        }
        let earlier = left
            .invars
            .iter()
            .copied()
            .chain(left.eqns[..at].iter().flat_map(|eqn| eqn.outputs.iter().copied()));
        let like: Vec<VarId> = earlier.filter(|&other| left[other] == left[var]).collect();
        replace(&mut left, var, &Atom::Var(*like.last()?));
    }
    Some(left)
}

//! What is kept of a linearized program, and how residuals follow from it.
//!
//! The program of results and residuals is walked from the residuals back: what a saveable operation gave is
//! kept, and anything else is computed again from what that takes. Calls are replaced by what they call; loops
//! hand out what their bodies keep of each iteration, stacked, and branches what they keep, beside zeros for
//! what the others keep.

mod inner;

use std::sync::Arc;

use jaxrs_data::{Result, Type};

use super::Policy;
use crate::compose;
use crate::prims::{Cond, Scan};
use crate::rules::program;
use crate::{Atom, Cx, Eqn, Jaxpr, LinearizedJaxpr, Prim, Residual, Value, VarId};

/// What is kept of a linearized program.
pub(super) struct Kept {
    /// `inputs… → (results…, saved…)`.
    pub(super) forward: Arc<Jaxpr>,
    /// Residuals from those of the inputs and what was saved that `is_needed`.
    pub(super) again: Jaxpr,
    /// Which of `(inputs…, saved…)` the residuals follow from.
    pub(super) is_needed: Vec<bool>,
}

impl Kept {
    pub(super) fn new(
        cx: Cx<'_>,
        original: &Arc<Jaxpr>,
        parts: &LinearizedJaxpr,
        policy: Option<&Policy>,
    ) -> Result<Kept> {
        let n_outputs = original.outputs.len();
        let residuals = |primal: &Jaxpr| {
            let residual = |residual: &Residual| match *residual {
                Residual::Input(k) => Atom::Var(primal.invars[k]),
                Residual::Saved(k) => primal.outputs[n_outputs + k].clone(),
            };
            parts.residuals.iter().map(residual).collect::<Vec<Atom>>()
        };
        let Some(policy) = policy.filter(|&policy| *policy != Policy::NothingSaveable) else {
            let again = Jaxpr { outputs: residuals(&parts.primal), ..(*parts.primal).clone() };
            return Ok(Kept::needed(original.clone(), again));
        };
        let flat = flattened(cx, &parts.primal)?;
        let mut cut = Cut::new(&flat, policy);
        let results = flat.outputs[..n_outputs].to_vec();
        let again = cut.again(&residuals(&flat));
        let forward = cut.forward(results);
        Ok(Kept::needed(program::live(&forward), again))
    }

    fn needed(forward: Arc<Jaxpr>, again: Jaxpr) -> Kept {
        let again = program::live(&again);
        let is_needed = again.used_inputs();
        Kept { forward, again: again.without_dead_code(&is_needed), is_needed }
    }
}

/// A program of which some values are kept.
struct Cut<'a> {
    policy: &'a Policy,
    /// The program, whose loops give what they keep as further results.
    program: Jaxpr,
    saved: Vec<VarId>,
}

impl Cut<'_> {
    fn new<'a>(program: &Jaxpr, policy: &'a Policy) -> Cut<'a> {
        Cut { policy, program: program.clone(), saved: Vec::new() }
    }

    /// `(inputs…, saved…) → wanted…`, for a choice of what is saved.
    fn again(&mut self, wanted: &[Atom]) -> Jaxpr {
        let mut needed = vec![false; self.program.types.len()];
        mark(&mut needed, wanted);
        let mut eqns: Vec<Eqn> = Vec::new();
        for k in (0..self.program.eqns.len()).rev() {
            let eqn = self.program.eqns[k].clone();
            let outputs = eqn.outputs.iter().filter(|var| needed[var.0 as usize]);
            let outputs: Vec<VarId> = outputs.copied().collect();
            if outputs.is_empty() {
                continue;
            }
            let types = eqn.inputs.iter().map(|atom| self.program.atom_type(atom).clone());
            if self.policy.is_saveable(&eqn.prim, &types.collect::<Vec<Type>>()) {
                self.saved.extend(outputs);
                continue;
            }
            mark(&mut needed, &eqn.inputs);
            eqns.push(self.through_programs(k, &eqn, &needed).unwrap_or(eqn));
        }
        eqns.reverse();
        self.saved.reverse();
        let mut again = Jaxpr { eqns, outputs: wanted.to_vec(), ..self.program.clone() };
        again.invars.extend(&self.saved);
        again
    }

    /// The program that gives what is saved after these results.
    fn forward(self, results: Vec<Atom>) -> Jaxpr {
        let saved = self.saved.iter().map(|&var| Atom::Var(var));
        let outputs = results.into_iter().chain(saved).collect();
        Jaxpr { outputs, ..self.program }
    }
}

fn mark(needed: &mut [bool], atoms: &[Atom]) {
    for atom in atoms {
        if let Atom::Var(var) = atom {
            needed[var.0 as usize] = true;
        }
    }
}

/// The program, and those that its loops and branches run, with what is called in place of calls.
fn flattened(cx: Cx<'_>, jaxpr: &Arc<Jaxpr>) -> Result<Arc<Jaxpr>> {
    let is_flat = |eqn: &Eqn| {
        callee(&eqn.prim).is_none() && !matches!(eqn.prim, Prim::Scan(_) | Prim::Cond(_))
    };
    if jaxpr.eqns.iter().all(is_flat) {
        return Ok(jaxpr.clone());
    }
    let types: Vec<Type> = jaxpr.in_types().cloned().collect();
    cx.stage(&types, &mut |cx, inputs| eval_flat(cx, jaxpr, inputs))
}

/// What an operation calls, if it does nothing else. Functions with rules of their own keep them.
fn callee(prim: &Prim) -> Option<&Arc<Jaxpr>> {
    match prim {
        Prim::Call(_) | Prim::Composite(_) | Prim::Checkpoint(_) => prim.inlined(),
        _ => None,
    }
}

fn eval_flat(cx: Cx<'_>, jaxpr: &Jaxpr, inputs: &[Value]) -> Result<Vec<Value>> {
    compose::replay_by(jaxpr, inputs, |prim, operands| match prim {
        Prim::Scan(scan) => {
            let scan = Scan { jaxpr: flattened(cx, &scan.jaxpr)?, ..scan.clone() };
            Ok(cx.bind(&scan.into(), operands)?.into_vec())
        }
        Prim::Cond(cond) => {
            let branches = cond.branches.iter().map(|branch| flattened(cx, branch));
            let cond = Cond { branches: branches.collect::<Result<_>>()? };
            Ok(cx.bind(&cond.into(), operands)?.into_vec())
        }
        prim => match callee(prim) {
            Some(callee) => eval_flat(cx, callee, operands),
            None => Ok(cx.bind(prim, operands)?.into_vec()),
        },
    })
}

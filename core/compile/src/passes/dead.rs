//! Removing what no result and no effect depends on.

use std::sync::Arc;

use jaxrs_ir::prims::{Scan, While};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};

use super::rewrite::{Rebuilt, map_bodies};

/// Removes equations without use; loops lose results that nobody reads, and carried values that only
/// carry themselves on.
pub(crate) fn remove_dead(jaxpr: Jaxpr) -> Jaxpr {
    remove(&jaxpr)
}

fn remove(jaxpr: &Jaxpr) -> Jaxpr {
    let mut live = Live(vec![false; jaxpr.types.len()]);
    live.mark(&jaxpr.outputs);
    let mut kept: Vec<Eqn> = Vec::with_capacity(jaxpr.eqns.len());
    for eqn in jaxpr.eqns.iter().rev() {
        if !live.needs(eqn) {
            continue;
        }
        let mut eqn = eqn.clone();
        map_bodies(&mut eqn.prim, &mut remove);
        trim(&mut eqn, &live);
        live.mark(&eqn.inputs);
        kept.push(eqn);
    }
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    for eqn in kept.iter().rev() {
        new.keep(jaxpr, eqn, &mut names);
    }
    new.finish(jaxpr, &names)
}

/// Which variables are needed.
struct Live(Vec<bool>);

impl Live {
    fn mark(&mut self, atoms: &[Atom]) {
        for atom in atoms {
            if let Atom::Var(var) = atom {
                self.0[var.0 as usize] = true;
            }
        }
    }

    fn is_live(&self, var: VarId) -> bool {
        self.0[var.0 as usize]
    }

    /// Whether an equation has to be done.
    fn needs(&self, eqn: &Eqn) -> bool {
        eqn.outputs.iter().any(|&out| self.is_live(out)) || eqn.prim.effect().is_some()
    }
}

fn trim(eqn: &mut Eqn, live: &Live) {
    match eqn.prim.clone() {
        Prim::Scan(scan) => trim_scan(eqn, scan, live),
        Prim::While(w) => trim_while(eqn, w, live),
        _ => {}
    }
}

/// Keeps the elements of a list whose flags are set.
fn keep<T: Clone>(items: &[T], flags: &[bool]) -> Vec<T> {
    items.iter().zip(flags).filter(|(_, keep)| **keep).map(|(item, _)| item.clone()).collect()
}

/// Which inputs of a program its results and effects depend on.
fn used_inputs(jaxpr: &Jaxpr, outputs: &[bool]) -> Vec<bool> {
    let mut live = Live(vec![false; jaxpr.types.len()]);
    live.mark(&keep(&jaxpr.outputs, outputs));
    for eqn in jaxpr.eqns.iter().rev() {
        if live.needs(eqn) {
            live.mark(&eqn.inputs);
        }
    }
    jaxpr.invars.iter().map(|&var| live.is_live(var)).collect()
}

/// Adds to the carried values that are needed those that their next values depend on.
fn close(jaxpr: &Jaxpr, needed: &mut [bool], n_consts: usize, n_carry: usize) -> Vec<bool> {
    loop {
        let used = used_inputs(jaxpr, needed);
        let mut grew = false;
        for k in 0..n_carry {
            grew |= used[n_consts + k] && !needed[k];
            needed[k] |= used[n_consts + k];
        }
        if !grew {
            return used;
        }
    }
}

fn trim_scan(eqn: &mut Eqn, scan: Scan, live: &Live) {
    let (n_consts, n_carry) = (scan.num_consts, scan.num_carry);
    let mut outputs: Vec<bool> = eqn.outputs.iter().map(|&out| live.is_live(out)).collect();
    let mut inputs = close(&scan.jaxpr, &mut outputs, n_consts, n_carry);
    // A carried value stays if it is needed after the loop, even if the body does not read it.
    inputs[n_consts..n_consts + n_carry].copy_from_slice(&outputs[..n_carry]);
    if outputs.iter().chain(&inputs).all(|&keep| keep) {
        return;
    }
    let jaxpr = part(&scan.jaxpr, &inputs, &outputs);
    let count = |flags: &[bool]| flags.iter().filter(|&&keep| keep).count();
    let num_consts = count(&inputs[..n_consts]);
    let num_carry = count(&outputs[..n_carry]);
    eqn.prim = Prim::Scan(Scan { jaxpr: Arc::new(jaxpr), num_consts, num_carry, ..scan });
    eqn.inputs = keep(&eqn.inputs, &inputs).into();
    eqn.outputs = keep(&eqn.outputs, &outputs).into();
}

fn trim_while(eqn: &mut Eqn, w: While, live: &Live) {
    let n_carry = eqn.outputs.len();
    let mut needed: Vec<bool> = eqn.outputs.iter().map(|&out| live.is_live(out)).collect();
    let cond_used = used_inputs(&w.cond_jaxpr, &[true]);
    for k in 0..n_carry {
        needed[k] |= cond_used[w.cond_nconsts + k];
    }
    let body_used = close(&w.body_jaxpr, &mut needed, w.body_nconsts, n_carry);
    let mut cond_inputs = cond_used[..w.cond_nconsts].to_vec();
    let mut body_inputs = body_used[..w.body_nconsts].to_vec();
    let count = |flags: &[bool]| flags.iter().filter(|&&keep| keep).count();
    let (cond_nconsts, body_nconsts) = (count(&cond_inputs), count(&body_inputs));
    let inputs: Vec<bool> =
        cond_inputs.iter().chain(&body_inputs).chain(&needed).copied().collect();
    if inputs.iter().all(|&keep| keep) {
        return;
    }
    cond_inputs.extend(&needed);
    body_inputs.extend(&needed);
    let cond_jaxpr = Arc::new(part(&w.cond_jaxpr, &cond_inputs, &[true]));
    let body_jaxpr = Arc::new(part(&w.body_jaxpr, &body_inputs, &needed));
    eqn.prim = Prim::While(While { cond_jaxpr, body_jaxpr, cond_nconsts, body_nconsts });
    eqn.inputs = keep(&eqn.inputs, &inputs).into();
    eqn.outputs = keep(&eqn.outputs, &needed).into();
}

/// A program with some of its inputs and results only.
fn part(jaxpr: &Jaxpr, inputs: &[bool], outputs: &[bool]) -> Jaxpr {
    let part = Jaxpr {
        types: jaxpr.types.clone(),
        invars: jaxpr.invars.clone(),
        n_consts: 0,
        eqns: jaxpr.eqns.clone(),
        outputs: keep(&jaxpr.outputs, outputs),
    };
    let mut part = remove(&part);
    part.invars = keep(&part.invars, inputs);
    part
}

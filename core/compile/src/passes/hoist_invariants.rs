//! Moving what does not change from one iteration to the next out of loops.

use std::sync::Arc;

use jaxrs_data::SmallVec;
use jaxrs_ir::prims::{Scan, While};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};

use super::rewrite::{Names, Rebuilt, map_bodies};

/// Arrays up to this size are kept through a loop; larger ones are computed in each iteration.
const MAX_KEPT: usize = 1 << 20;

/// Computes before a loop what depends on its constants alone, and makes constants of carried values
/// that never change; inner loops first.
pub(crate) fn hoist_invariants(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr)
}

fn rebuild(jaxpr: &Jaxpr) -> Jaxpr {
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    for eqn in &jaxpr.eqns {
        let mut eqn = eqn.clone();
        map_bodies(&mut eqn.prim, &mut rebuild);
        let inputs = names.all(&eqn.inputs);
        match eqn.prim.clone() {
            Prim::Scan(scan) => hoist_scan(&mut new, jaxpr, &eqn, scan, inputs, &mut names),
            Prim::While(w) => hoist_while(&mut new, jaxpr, &eqn, w, inputs, &mut names),
            _ => new.keep(jaxpr, &eqn, &mut names),
        }
    }
    new.finish(jaxpr, &names)
}

/// A loop's body in two: what its constants decide, and the rest, which gets that as more constants.
struct Split {
    body: Jaxpr,
    /// The new constants, as the program around the loop knows them.
    extra: Vec<Atom>,
}

/// Emits what a body computes from its first inputs alone, whose values are given.
fn split(new: &mut Rebuilt, body: &Jaxpr, consts: &[Atom]) -> Split {
    let mut outside: Vec<Option<Atom>> = vec![None; body.types.len()];
    for (&var, atom) in body.invars.iter().zip(consts) {
        outside[var.0 as usize] = Some(atom.clone());
    }
    let mut rest = Vec::new();
    for eqn in &body.eqns {
        match outside_inputs(&outside, eqn).filter(|_| may_keep(body, eqn)) {
            Some(inputs) => {
                let types = eqn.outputs.iter().map(|&out| body[out].clone());
                let outputs = new.push(eqn.prim.clone(), inputs, types, eqn.name_stack.clone());
                for (&old, out) in eqn.outputs.iter().zip(outputs) {
                    outside[old.0 as usize] = Some(Atom::Var(out));
                }
            }
            None => rest.push(eqn.clone()),
        }
    }
    let mut needed: Vec<VarId> = Vec::new();
    let uses = rest.iter().flat_map(|eqn| eqn.inputs.iter()).chain(&body.outputs);
    for atom in uses {
        if let Atom::Var(var) = atom
            && outside[var.0 as usize].is_some()
            && !body.invars.contains(var)
            && !needed.contains(var)
        {
            needed.push(*var);
        }
    }
    let extra = needed.iter().filter_map(|var| outside[var.0 as usize].clone()).collect();
    let mut inner = body.clone();
    inner.eqns = rest;
    inner.invars.splice(consts.len()..consts.len(), needed);
    inner.n_consts = 0;
    Split { body: inner, extra }
}

fn outside_inputs(outside: &[Option<Atom>], eqn: &Eqn) -> Option<SmallVec<[Atom; 4]>> {
    let atom = |atom: &Atom| match atom {
        Atom::Literal(_) => Some(atom.clone()),
        Atom::Var(var) => outside[var.0 as usize].clone(),
    };
    eqn.inputs.iter().map(atom).collect()
}

fn may_keep(body: &Jaxpr, eqn: &Eqn) -> bool {
    // What has an effect has it in each iteration.
    if eqn.prim.effect().is_some() {
        return false;
    }
    eqn.outputs.iter().all(|&out| body[out].shape.numel() <= MAX_KEPT)
}

fn bind(new: &mut Rebuilt, old: &Jaxpr, eqn: &Eqn, inputs: Vec<Atom>, names: &mut Names) {
    let types = eqn.outputs.iter().map(|&out| old[out].clone());
    let outputs = new.push(eqn.prim.clone(), inputs.into(), types, eqn.name_stack.clone());
    for (&old, out) in eqn.outputs.iter().zip(outputs) {
        names.set(old, Atom::Var(out));
    }
}

fn hoist_scan(
    new: &mut Rebuilt,
    old: &Jaxpr,
    eqn: &Eqn,
    mut scan: Scan,
    inputs: SmallVec<[Atom; 4]>,
    names: &mut Names,
) {
    let mut inputs = inputs.into_vec();
    let mut eqn = eqn.clone();
    if scan.length > 0 {
        fix_carries(&mut scan, &mut inputs, &mut eqn, names);
        let Split { body, extra } = split(new, &scan.jaxpr, &inputs[..scan.num_consts]);
        let n_extra = extra.len();
        inputs.splice(scan.num_consts..scan.num_consts, extra);
        scan = Scan { jaxpr: Arc::new(body), num_consts: scan.num_consts + n_extra, ..scan };
    }
    eqn.prim = Prim::Scan(scan);
    bind(new, old, &eqn, inputs, names);
}

/// Makes constants of the carried values that the body hands on as they are.
fn fix_carries(scan: &mut Scan, inputs: &mut Vec<Atom>, eqn: &mut Eqn, names: &mut Names) {
    let mut body = (*scan.jaxpr).clone();
    for k in (0..scan.num_carry).rev() {
        let place = scan.num_consts + k;
        if body.outputs[k] != Atom::Var(body.invars[place]) {
            continue;
        }
        let var = body.invars.remove(place);
        body.outputs.remove(k);
        let init = inputs.remove(place);
        names.set(eqn.outputs.remove(k), init.clone());
        body.invars.insert(scan.num_consts, var);
        inputs.insert(scan.num_consts, init);
        scan.num_consts += 1;
        scan.num_carry -= 1;
        // The carried values before it moved up by one, where the loop goes on.
    }
    scan.jaxpr = Arc::new(body);
}

fn hoist_while(
    new: &mut Rebuilt,
    old: &Jaxpr,
    eqn: &Eqn,
    w: While,
    inputs: SmallVec<[Atom; 4]>,
    names: &mut Names,
) {
    let (cond_consts, rest) = inputs.split_at(w.cond_nconsts);
    let (body_consts, carry) = rest.split_at(w.body_nconsts);
    let cond = split(new, &w.cond_jaxpr, cond_consts);
    let body = split(new, &w.body_jaxpr, body_consts);
    let (cond_nconsts, body_nconsts) =
        (w.cond_nconsts + cond.extra.len(), w.body_nconsts + body.extra.len());
    let mut inputs = [cond_consts, &cond.extra, body_consts, &body.extra].concat();
    inputs.extend_from_slice(carry);
    let prim = Prim::While(While {
        cond_jaxpr: Arc::new(cond.body),
        body_jaxpr: Arc::new(body.body),
        cond_nconsts,
        body_nconsts,
    });
    bind(new, old, &Eqn { prim, ..eqn.clone() }, inputs, names);
}

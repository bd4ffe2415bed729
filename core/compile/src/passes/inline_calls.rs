//! Calls become the equations of what they call.

use std::sync::Arc;

use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};

use super::rewrite::{Names, Rebuilt, map_bodies};

/// Inlines calls, functions with derivatives of their own, and checkpoints that allow it, in nested programs
/// too.
pub(crate) fn inline_calls(jaxpr: Jaxpr) -> Jaxpr {
    inline(&jaxpr, &callee)
}

/// Inlines the other checkpoints: late, so that what they compute again is not shared with what was computed
/// before, which would keep it in memory.
pub(crate) fn inline_checkpoints(jaxpr: Jaxpr) -> Jaxpr {
    inline(&jaxpr, &|eqn| match &eqn.prim {
        Prim::Checkpoint(checkpoint) => Some((&checkpoint.jaxpr, eqn.inputs.to_vec())),
        _ => None,
    })
}

/// What an equation calls, and with what.
type Callee = dyn Fn(&Eqn) -> Option<(&Arc<Jaxpr>, Vec<Atom>)>;

fn callee(eqn: &Eqn) -> Option<(&Arc<Jaxpr>, Vec<Atom>)> {
    let stays = matches!(&eqn.prim, Prim::Checkpoint(f) if f.prevent_cse);
    let callee = eqn.prim.inlined().filter(|_| !stays);
    callee.map(|callee| (callee, eqn.inputs.to_vec()))
}

fn inline(jaxpr: &Jaxpr, callee: &Callee) -> Jaxpr {
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    enter(&mut new, jaxpr, &mut names, callee);
    new.finish(jaxpr, &names)
}

fn enter(new: &mut Rebuilt, old: &Jaxpr, names: &mut Names, callee: &Callee) {
    for eqn in &old.eqns {
        let Some((body, inputs)) = callee(eqn) else {
            let mut eqn = eqn.clone();
            map_bodies(&mut eqn.prim, &mut |body| inline(body, callee));
            new.keep(old, &eqn, names);
            continue;
        };
        let mut inner = Names::new(body);
        for (&var, input) in body.invars.iter().zip(&inputs) {
            inner.set(var, names.get(input));
        }
        enter(new, body, &mut inner, callee);
        for (&out, result) in eqn.outputs.iter().zip(&body.outputs) {
            names.set(out, inner.get(result));
        }
    }
}

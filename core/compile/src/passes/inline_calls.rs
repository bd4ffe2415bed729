//! Calls become the equations of what they call, and composed primitives those of what they do.

use std::sync::Arc;

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::lower::Lowering;
use jaxrs_ir::{Eqn, Jaxpr, Prim, compose};

use super::rewrite::{Names, Rebuilt, map_bodies};

/// Inlines calls, functions with derivatives of their own, and checkpoints that allow it, in nested programs
/// too.
pub(crate) fn inline_calls(jaxpr: Jaxpr) -> Jaxpr {
    inline(&jaxpr, &callee)
}

/// Inlines the other checkpoints: late, so that what they compute again is not shared with what was computed
/// before, which would keep it in memory.
pub(crate) fn inline_checkpoints(jaxpr: Jaxpr) -> Jaxpr {
    inline(&jaxpr, &|_, eqn| match &eqn.prim {
        Prim::Checkpoint(checkpoint) => Some(checkpoint.jaxpr.clone()),
        _ => None,
    })
}

/// What an equation of a program calls, with its operands.
type Callee = dyn Fn(&Jaxpr, &Eqn) -> Option<Arc<Jaxpr>>;

fn callee(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Arc<Jaxpr>> {
    let stays = matches!(&eqn.prim, Prim::Checkpoint(f) if f.prevent_cse);
    let inlined = eqn.prim.inlined().filter(|_| !stays).cloned();
    inlined.or_else(|| composed(jaxpr, eqn))
}

/// What a composed primitive does. One that fails stays, and is refused when it is lowered.
fn composed(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Arc<Jaxpr>> {
    let in_types: SmallVec<[Type; 4]> =
        eqn.inputs.iter().map(|atom| jaxpr.atom_type(atom).clone()).collect();
    let is_composed = eqn.prim.lowering(&in_types) == Lowering::Composed;
    is_composed.then(|| compose::program(eqn.prim.rules(), &in_types).ok()).flatten().map(Arc::new)
}

fn inline(jaxpr: &Jaxpr, callee: &Callee) -> Jaxpr {
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    enter(&mut new, jaxpr, &mut names, callee);
    new.finish(jaxpr, &names)
}

fn enter(new: &mut Rebuilt, old: &Jaxpr, names: &mut Names, callee: &Callee) {
    for eqn in &old.eqns {
        let Some(body) = callee(old, eqn) else {
            let mut eqn = eqn.clone();
            map_bodies(&mut eqn.prim, &mut |body| inline(body, callee));
            new.keep(old, &eqn, names);
            continue;
        };
        let mut inner = Names::new(&body);
        for (&var, input) in body.invars.iter().zip(&eqn.inputs) {
            inner.set(var, names.get(input));
        }
        enter(new, &body, &mut inner, callee);
        for (&out, result) in eqn.outputs.iter().zip(&body.outputs) {
            names.set(out, inner.get(result));
        }
    }
}

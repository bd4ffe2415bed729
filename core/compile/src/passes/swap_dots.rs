//! A dot product that is transposed right away is the product of its operands the other way round:
//! gradients of weights are written like that.

use std::collections::HashMap;

use jaxrs_data::SmallVec;
use jaxrs_ir::prims::DotGeneral;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};

use super::rewrite::{Rebuilt, map_bodies};

/// Swaps the operands of dot products whose only reader transposes them back.
pub(crate) fn swap_dots(jaxpr: Jaxpr) -> Jaxpr {
    rebuild(&jaxpr)
}

fn rebuild(jaxpr: &Jaxpr) -> Jaxpr {
    let swapped = swapped(jaxpr);
    let (mut new, mut names) = Rebuilt::new(jaxpr);
    for eqn in &jaxpr.eqns {
        let mut eqn = eqn.clone();
        map_bodies(&mut eqn.prim, &mut rebuild);
        let transposed = eqn.outputs.first().and_then(|out| swapped.get(out));
        if let (Prim::DotGeneral(dot), Some(&transposed)) = (&eqn.prim, transposed) {
            let inputs = names.all(&eqn.inputs).into_iter().rev().collect();
            let ty = jaxpr[transposed].clone();
            let out = new.push(swap(dot).into(), inputs, [ty], eqn.name_stack.clone());
            names.set(transposed, Atom::Var(out[0]));
        } else if !undone(&swapped, &eqn) {
            new.keep(jaxpr, &eqn, &mut names);
        }
    }
    new.finish(jaxpr, &names)
}

/// Whether an equation is the transposition of a product that was swapped.
fn undone(swapped: &HashMap<VarId, VarId>, eqn: &Eqn) -> bool {
    let [Atom::Var(operand)] = &eqn.inputs[..] else { return false };
    swapped.get(operand).is_some_and(|transposed| eqn.outputs.contains(transposed))
}

fn swap(dot: &DotGeneral) -> DotGeneral {
    DotGeneral {
        lhs_contracting: dot.rhs_contracting.clone(),
        rhs_contracting: dot.lhs_contracting.clone(),
        lhs_batch: dot.rhs_batch.clone(),
        rhs_batch: dot.lhs_batch.clone(),
        preferred_element_type: dot.preferred_element_type,
    }
}

/// For each product to be swapped, the variable that is its transpose.
fn swapped(jaxpr: &Jaxpr) -> HashMap<VarId, VarId> {
    let mut n_uses = vec![0usize; jaxpr.types.len()];
    for atom in jaxpr.eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&jaxpr.outputs) {
        if let Atom::Var(var) = atom {
            n_uses[var.0 as usize] += 1;
        }
    }
    let mut exchanging: HashMap<VarId, SmallVec<[usize; 4]>> = HashMap::new();
    let mut found = HashMap::new();
    for eqn in &jaxpr.eqns {
        match (&eqn.prim, &eqn.inputs[..]) {
            (Prim::DotGeneral(dot), [lhs, _]) => {
                let rank = jaxpr[eqn.outputs[0]].rank();
                let n_batch = dot.lhs_batch.len();
                let n_left = jaxpr.atom_type(lhs).rank() - n_batch - dot.lhs_contracting.len();
                let order = (0..n_batch).chain(n_batch + n_left..rank);
                let order = order.chain(n_batch..n_batch + n_left).collect();
                exchanging.insert(eqn.outputs[0], order);
            }
            (Prim::Transpose(transpose), [Atom::Var(var)])
                if n_uses[var.0 as usize] == 1
                    && exchanging.get(var) == Some(&transpose.permutation) =>
            {
                found.insert(*var, eqn.outputs[0]);
            }
            _ => {}
        }
    }
    found
}

//! What passes are written with: rebuilding a program under new names, and reaching nested programs.

use std::sync::Arc;

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim, VarId};

/// A program that is being built from another one.
pub(crate) struct Rebuilt {
    /// The new program.
    pub(crate) jaxpr: Jaxpr,
}

/// What the variables of an old program are in a new one.
pub(crate) struct Names(Vec<Option<Atom>>);

impl Names {
    pub(crate) fn new(old: &Jaxpr) -> Names {
        Names(vec![None; old.types.len()])
    }

    pub(crate) fn set(&mut self, old: VarId, new: Atom) {
        self.0[old.0 as usize] = Some(new);
    }

    /// An operand under its new name.
    pub(crate) fn get(&self, old: &Atom) -> Atom {
        match old {
            Atom::Literal(_) => old.clone(),
            Atom::Var(var) => self.0[var.0 as usize]
                .clone()
                .expect("programs define each variable before its first use"),
        }
    }

    pub(crate) fn all(&self, old: &[Atom]) -> SmallVec<[Atom; 4]> {
        old.iter().map(|atom| self.get(atom)).collect()
    }
}

impl Rebuilt {
    /// Starts with the inputs of the old program.
    pub(crate) fn new(old: &Jaxpr) -> (Rebuilt, Names) {
        let mut names = Names::new(old);
        let mut jaxpr = Jaxpr { n_consts: old.n_consts, ..Jaxpr::default() };
        jaxpr.types.reserve(old.types.len());
        for &var in &old.invars {
            names.set(var, Atom::Var(jaxpr.add_invar(old[var].clone())));
        }
        (Rebuilt { jaxpr }, names)
    }

    /// Adds an equation.
    pub(crate) fn push(
        &mut self,
        prim: Prim,
        inputs: SmallVec<[Atom; 4]>,
        types: impl IntoIterator<Item = Type>,
        name_stack: Option<Arc<str>>,
    ) -> SmallVec<[VarId; 2]> {
        let outputs: SmallVec<[VarId; 2]> =
            types.into_iter().map(|ty| self.jaxpr.fresh_var(ty)).collect();
        self.jaxpr.eqns.push(Eqn { prim, inputs, outputs: outputs.clone(), name_stack });
        outputs
    }

    /// Adds an old equation as it is.
    pub(crate) fn keep(&mut self, old: &Jaxpr, eqn: &Eqn, names: &mut Names) {
        let inputs = names.all(&eqn.inputs);
        let types = eqn.outputs.iter().map(|&out| old[out].clone());
        let outputs = self.push(eqn.prim.clone(), inputs, types, eqn.name_stack.clone());
        for (&old, new) in eqn.outputs.iter().zip(outputs) {
            names.set(old, Atom::Var(new));
        }
    }

    /// Ends with the outputs of the old program.
    pub(crate) fn finish(mut self, old: &Jaxpr, names: &Names) -> Jaxpr {
        self.jaxpr.outputs = old.outputs.iter().map(|atom| names.get(atom)).collect();
        self.jaxpr
    }
}

/// Applies a function to the programs that loops and branches run.
pub(crate) fn map_bodies(prim: &mut Prim, f: &mut dyn FnMut(&Jaxpr) -> Jaxpr) {
    let mut apply = |jaxpr: &mut Arc<Jaxpr>| *jaxpr = Arc::new(f(jaxpr));
    match prim {
        Prim::Scan(scan) => apply(&mut scan.jaxpr),
        Prim::While(w) => {
            apply(&mut w.cond_jaxpr);
            apply(&mut w.body_jaxpr);
        }
        Prim::Cond(cond) => cond.branches.iter_mut().for_each(apply),
        Prim::Checkpoint(checkpoint) => apply(&mut checkpoint.jaxpr),
        _ => {}
    }
}

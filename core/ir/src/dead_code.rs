//! Dropping what no result needs.

use crate::{Atom, Eqn, Jaxpr, VarId};

impl Jaxpr {
    /// Which inputs the results and effects depend on.
    pub fn used_inputs(&self) -> Vec<bool> {
        let needed = self.needed(&vec![true; self.types.len()]);
        self.invars.iter().map(|var| needed[var.0 as usize]).collect()
    }

    /// The program without equations that no result needs and that have no effect, and without the inputs
    /// that are not kept, which no result may need; effects that need one are left out. Variables are numbered anew.
    #[must_use]
    pub fn without_dead_code(&self, keep_inputs: &[bool]) -> Jaxpr {
        let known = self.known(keep_inputs);
        let needed = self.needed(&known);
        let mut new = Renumbering { jaxpr: Jaxpr::default(), vars: vec![None; self.types.len()] };
        let kept = self.invars.iter().zip(keep_inputs).enumerate().filter(|&(_, (_, &keep))| keep);
        for (k, (&var, _)) in kept {
            let renamed = new.define(self, var);
            new.jaxpr.invars.push(renamed);
            new.jaxpr.n_consts += usize::from(k < self.n_consts);
        }
        for eqn in &self.eqns {
            if is_needed(eqn, &needed, &known) {
                let mut eqn = eqn.clone();
                eqn.inputs.iter_mut().for_each(|atom| *atom = new.atom(atom));
                eqn.outputs.iter_mut().for_each(|var| *var = new.define(self, *var));
                new.jaxpr.eqns.push(eqn);
            }
        }
        new.jaxpr.outputs = self.outputs.iter().map(|atom| new.atom(atom)).collect();
        new.jaxpr
    }

    /// The variables that depend on kept inputs only.
    fn known(&self, keep_inputs: &[bool]) -> Vec<bool> {
        let mut known = vec![false; self.types.len()];
        for (var, &keep) in self.invars.iter().zip(keep_inputs) {
            known[var.0 as usize] = keep;
        }
        for eqn in &self.eqns {
            let all = are_known(&eqn.inputs, &known);
            eqn.outputs.iter().for_each(|var| known[var.0 as usize] = all);
        }
        known
    }

    /// The variables that results and effects depend on.
    fn needed(&self, known: &[bool]) -> Vec<bool> {
        let mut needed = vec![false; self.types.len()];
        mark(&mut needed, &self.outputs);
        for eqn in self.eqns.iter().rev() {
            if is_needed(eqn, &needed, known) {
                mark(&mut needed, &eqn.inputs);
            }
        }
        needed
    }
}

fn is_needed(eqn: &Eqn, needed: &[bool], known: &[bool]) -> bool {
    eqn.outputs.iter().any(|var| needed[var.0 as usize])
        || (eqn.prim.effect().is_some() && are_known(&eqn.inputs, known))
}

fn are_known(atoms: &[Atom], known: &[bool]) -> bool {
    atoms.iter().all(|atom| match atom {
        Atom::Var(var) => known[var.0 as usize],
        Atom::Literal(_) => true,
    })
}

fn mark(needed: &mut [bool], atoms: &[Atom]) {
    for atom in atoms {
        if let Atom::Var(var) = atom {
            needed[var.0 as usize] = true;
        }
    }
}

struct Renumbering {
    jaxpr: Jaxpr,
    vars: Vec<Option<VarId>>,
}

impl Renumbering {
    fn define(&mut self, old: &Jaxpr, var: VarId) -> VarId {
        let new = self.jaxpr.fresh_var(old[var].clone());
        self.vars[var.0 as usize] = Some(new);
        new
    }

    fn atom(&self, atom: &Atom) -> Atom {
        match atom {
            Atom::Var(var) => {
                Atom::Var(self.vars[var.0 as usize].expect("a variable is defined before its use"))
            }
            Atom::Literal(_) => atom.clone(),
        }
    }
}

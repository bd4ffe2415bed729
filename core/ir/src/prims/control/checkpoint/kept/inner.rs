//! What is kept inside of loops and branches.

use jaxrs_data::{Literal, Scalar, Shape, SmallVec, Type};

use super::Cut;
use crate::prims::{BroadcastInDim, Cond, Scan};
use crate::rules::program;
use crate::{Atom, Eqn, Jaxpr, Prim, VarId};

impl Cut<'_> {
    /// Has an equation that runs programs give what they keep as further results, and gives the equation that
    /// takes it; nothing, where nothing is kept.
    pub(super) fn through_programs(&mut self, k: usize, eqn: &Eqn, needed: &[bool]) -> Option<Eqn> {
        match &eqn.prim {
            Prim::Scan(scan) => self.through_loop(scan, k, eqn, needed),
            Prim::Cond(cond) => self.through_branches(cond, k, eqn, needed),
            _ => None,
        }
    }

    /// Has a loop keep values of each iteration: it gives them stacked from now on, and the loop that comes
    /// back runs over them.
    fn through_loop(&mut self, scan: &Scan, k: usize, eqn: &Eqn, needed: &[bool]) -> Option<Eqn> {
        let mut body = Cut::new(&scan.jaxpr, self.policy);
        // Carried values matter to later iterations, stacked ones where they are needed.
        let is_wanted = |j: usize| j < scan.num_carry || needed[eqn.outputs[j].0 as usize];
        let outputs = scan.jaxpr.outputs.iter().enumerate();
        let wanted: Vec<Atom> =
            outputs.filter(|&(j, _)| is_wanted(j)).map(|(_, atom)| atom.clone()).collect();
        let again = body.again(&wanted);
        if body.saved.is_empty() {
            return None;
        }
        let stack = |ty: &Type| ty.with_shape(ty.shape.with(0, scan.length));
        let types = body.saved.iter().map(|&var| stack(&body.program[var]));
        let stacked: Vec<VarId> = types.map(|ty| self.program.fresh_var(ty)).collect();
        let forward = body.forward(scan.jaxpr.outputs.clone());
        let replaced = &mut self.program.eqns[k];
        replaced.prim = Scan { jaxpr: program::live(&forward), ..scan.clone() }.into();
        replaced.outputs.extend(stacked.iter().copied());
        let mut inputs = eqn.inputs.clone();
        inputs.extend(stacked.iter().map(|&var| Atom::Var(var)));
        self.saved.extend(stacked);
        let outputs = (0..eqn.outputs.len()).filter(|&j| is_wanted(j)).map(|j| eqn.outputs[j]);
        Some(Eqn {
            prim: Scan { jaxpr: program::live(&again), ..scan.clone() }.into(),
            inputs,
            outputs: outputs.collect(),
            name_stack: eqn.name_stack.clone(),
        })
    }

    /// As [`Cut::through_loop`]: each branch gives zeros for what the others keep.
    fn through_branches(
        &mut self,
        cond: &Cond,
        k: usize,
        eqn: &Eqn,
        needed: &[bool],
    ) -> Option<Eqn> {
        let is_wanted: Vec<bool> = eqn.outputs.iter().map(|var| needed[var.0 as usize]).collect();
        let mut cuts = Vec::with_capacity(cond.branches.len());
        let mut agains = Vec::with_capacity(cond.branches.len());
        for branch in &cond.branches {
            let mut cut = Cut::new(branch, self.policy);
            agains.push(cut.again(&program::chosen(&branch.outputs, &is_wanted)));
            cuts.push(cut);
        }
        let types: Vec<Vec<Type>> = cuts
            .iter()
            .map(|cut| cut.saved.iter().map(|&var| cut.program[var].clone()).collect())
            .collect();
        let saved: Vec<VarId> =
            types.iter().flatten().map(|ty| self.program.fresh_var(ty.clone())).collect();
        if saved.is_empty() {
            return None;
        }
        let forward = cuts.into_iter().zip(&cond.branches).enumerate().map(|(b, (cut, branch))| {
            program::live(&with_zeros(cut.forward(branch.outputs.clone()), &types, b))
        });
        let replaced = &mut self.program.eqns[k];
        replaced.prim = Cond { branches: forward.collect() }.into();
        replaced.outputs.extend(saved.iter().copied());
        let again = agains
            .into_iter()
            .enumerate()
            .map(|(b, again)| program::live(&without_others(again, &types, b)));
        let mut inputs = eqn.inputs.clone();
        inputs.extend(saved.iter().map(|&var| Atom::Var(var)));
        self.saved.extend(saved);
        Some(Eqn {
            prim: Cond { branches: again.collect() }.into(),
            inputs,
            outputs: program::chosen(&eqn.outputs, &is_wanted).into(),
            name_stack: eqn.name_stack.clone(),
        })
    }
}

/// The branch whose last results are what it keeps, with zeros in the places of what the others keep.
fn with_zeros(mut branch: Jaxpr, types: &[Vec<Type>], own: usize) -> Jaxpr {
    let kept = branch.outputs.split_off(branch.outputs.len() - types[own].len());
    for (b, types) in types.iter().enumerate() {
        if b == own {
            branch.outputs.extend(kept.iter().cloned());
            continue;
        }
        for ty in types {
            let zero = zeros(&mut branch, ty);
            branch.outputs.push(zero);
        }
    }
    branch
}

fn zeros(jaxpr: &mut Jaxpr, ty: &Type) -> Atom {
    let zero = Literal::full(ty.with_shape(Shape::scalar()), Scalar::zero(ty.dtype));
    if ty.rank() == 0 {
        return Atom::Literal(zero);
    }
    let output = jaxpr.fresh_var(ty.clone());
    let prim = BroadcastInDim { shape: ty.shape.clone(), broadcast_dimensions: SmallVec::new() };
    jaxpr.eqns.push(Eqn {
        prim: prim.into(),
        inputs: std::iter::once(Atom::Literal(zero)).collect(),
        outputs: std::iter::once(output).collect(),
        name_stack: None,
    });
    Atom::Var(output)
}

/// The branch whose last inputs are what it kept, with inputs that it has no use for in the places of what the
/// others kept.
fn without_others(mut branch: Jaxpr, types: &[Vec<Type>], own: usize) -> Jaxpr {
    let kept = branch.invars.split_off(branch.invars.len() - types[own].len());
    for (b, types) in types.iter().enumerate() {
        if b == own {
            branch.invars.extend(kept.iter().copied());
            continue;
        }
        for ty in types {
            branch.add_invar(ty.clone());
        }
    }
    branch
}

//! Lowering the equations of one program: the whole one, or the body of a loop or branch.

use jaxrs_data::Result;
use jaxrs_ir::Prim;
use jaxrs_ir::lower::Lowering;
use jaxrs_kernel::{BufferId, Step};
use rustc_hash::FxHashSet;

use super::decide::{Decisions, decide};
use super::graph::{Operand, Region, Var, View};
use super::schedule::Node;
use super::{Lowerer, StepList};

/// A value that a loop hands on, as its body sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CarriedVar {
    /// The body's input.
    pub(crate) var: Var,
    /// What it is read from.
    pub(crate) current: BufferId,
}

impl Lowerer<'_> {
    /// Lowers a region, whose results go to the given places; the first of them are the next values of
    /// carried variables. Gives, for each of those, whether it was updated in place instead.
    pub(crate) fn lower_region(
        &mut self,
        region: &Region,
        dests: &[View],
        carried: &[CarriedVar],
        steps: &mut StepList,
    ) -> Result<Vec<bool>> {
        let own = |operand: &Operand| match *operand {
            Operand::Var(var) => {
                self.graph.info(var).eqn.filter(|(eqn, _)| region.eqns.contains(eqn)).map(|_| var)
            }
            Operand::Literal(_) => None,
        };
        let needed: Vec<Var> = region.outputs.iter().filter_map(own).collect();
        let decisions = decide(&self.graph, region, needed)?;
        self.note_unread(region);
        let in_place = self.place_results(region, dests, carried, &decisions);
        self.place_others(region, &decisions);
        for node in self.schedule(region, &decisions)? {
            match node {
                Node::Kernel(cluster) => self.emit_cluster(*cluster, steps)?,
                Node::Equation(eqn) => self.lower_equation(eqn, &decisions, steps)?,
            }
        }
        for (k, (operand, dest)) in region.outputs.iter().zip(dests).enumerate() {
            if !in_place.get(k).copied().unwrap_or(false) {
                self.copy(operand, dest, steps)?;
            }
        }
        Ok(in_place)
    }

    /// Notes the results of equations that nothing reads.
    fn note_unread(&mut self, region: &Region) {
        let eqns = &self.graph.eqns[region.eqns.clone()];
        let read = eqns.iter().flat_map(|eqn| &eqn.inputs).chain(&region.outputs);
        let read: FxHashSet<Var> = read
            .filter_map(|operand| match operand {
                Operand::Var(var) => Some(*var),
                Operand::Literal(_) => None,
            })
            .collect();
        let outputs = eqns.iter().filter(|eqn| matches!(eqn.prim, Prim::Scan(_) | Prim::While(_)));
        let outputs = outputs.flat_map(|eqn| eqn.outputs.iter().copied());
        self.unread.extend(outputs.filter(|out| !read.contains(out)));
    }

    /// Lets results be computed where they are wanted.
    fn place_results(
        &mut self,
        region: &Region,
        dests: &[View],
        carried: &[CarriedVar],
        decisions: &Decisions,
    ) -> Vec<bool> {
        let mut in_place = vec![false; carried.len()];
        for (k, (operand, dest)) in region.outputs.iter().zip(dests).enumerate() {
            let Operand::Var(var) = *operand else { continue };
            let Some((eqn, _)) = self.graph.info(var).eqn else { continue };
            if !region.eqns.contains(&eqn) || self.graph.info(var).stored.is_some() {
                continue;
            }
            if let Some(carry) = carried.get(k)
                && self.may_update_in_place(region, decisions, eqn, carry.var)
            {
                in_place[k] = true;
                self.graph.info_mut(var).stored = Some(View::whole(carry.current));
            } else if self.can_write_to(dest, decisions.lowering(eqn)) {
                self.graph.info_mut(var).stored = Some(dest.clone());
            }
        }
        in_place
    }

    fn can_write_to(&self, dest: &View, lowering: Lowering) -> bool {
        match lowering {
            Lowering::Elements | Lowering::Reduction => true,
            Lowering::Steps | Lowering::Update => dest.leads.is_empty(),
            Lowering::Inline | Lowering::Control | Lowering::Composed => true,
        }
    }

    /// Gives buffers to what is stored and has none; an array that is updated once it is no longer
    /// needed lies where the updated one does.
    fn place_others(&mut self, region: &Region, decisions: &Decisions) {
        for eqn in region.eqns.clone().rev() {
            for out in self.graph.eqns[eqn].outputs.clone() {
                if decisions.is_stored(out) && self.graph.info(out).stored.is_none() {
                    let ty = self.graph.info(out).ty.clone();
                    let buffer = self.scratch(ty.dtype, ty.shape.numel());
                    self.graph.info_mut(out).stored = Some(View::whole(buffer));
                    if decisions.lowering(eqn) == Lowering::Control {
                        self.provisional.insert(buffer);
                    }
                }
            }
            self.place_updated(region, decisions, eqn);
        }
    }

    fn place_updated(&mut self, region: &Region, decisions: &Decisions, eqn: usize) {
        if decisions.lowering(eqn) != Lowering::Update {
            return;
        }
        let equation = &self.graph.eqns[eqn];
        let (Operand::Var(updated), out) = (&equation.inputs[0], equation.outputs[0]) else {
            return;
        };
        let updated = *updated;
        let Some((source, _)) = self.graph.info(updated).eqn else { return };
        if self.graph.info(updated).stored.is_none()
            && region.eqns.contains(&source)
            && decisions.lowering(source) != Lowering::Control
            && self.may_update_in_place(region, decisions, eqn, updated)
        {
            self.graph.info_mut(updated).stored = self.graph.info(out).stored.clone();
        }
    }

    /// Whether an equation updates a variable that nothing reads afterwards, nor the update itself by another
    /// operand.
    fn may_update_in_place(
        &self,
        region: &Region,
        decisions: &Decisions,
        eqn: usize,
        var: Var,
    ) -> bool {
        let is_var = |operand: &Operand| matches!(operand, Operand::Var(v) if *v == var);
        let inputs = &self.graph.eqns[eqn].inputs;
        decisions.lowering(eqn) == Lowering::Update
            && is_var(&inputs[0])
            && !inputs[1..].iter().any(is_var)
            && !self.is_read_after(region, decisions, eqn, var)
    }

    /// Whether a variable is read, directly or through what is computed from it again, by an equation
    /// after the given one or as a result.
    fn is_read_after(&self, region: &Region, decisions: &Decisions, eqn: usize, var: Var) -> bool {
        let mut reading: FxHashSet<Var> = FxHashSet::from_iter([var]);
        let reads = |reading: &FxHashSet<Var>, operand: &Operand| match operand {
            Operand::Var(var) => reading.contains(var),
            Operand::Literal(_) => false,
        };
        for k in region.eqns.clone() {
            let equation = &self.graph.eqns[k];
            if k == eqn || !equation.inputs.iter().any(|operand| reads(&reading, operand)) {
                continue;
            }
            let computed_again = |out: &&Var| !decisions.is_stored(**out);
            if k > eqn && !equation.outputs.iter().all(|out| computed_again(&out)) {
                return true;
            }
            reading.extend(equation.outputs.iter().filter(computed_again));
        }
        region.outputs.iter().any(|operand| reads(&reading, operand))
    }

    fn lower_equation(
        &mut self,
        eqn: usize,
        decisions: &Decisions,
        steps: &mut StepList,
    ) -> Result<()> {
        match decisions.lowering(eqn) {
            Lowering::Elements | Lowering::Reduction => Ok(()),
            Lowering::Steps => self.lower_steps(eqn, false, steps),
            Lowering::Update => self.lower_steps(eqn, true, steps),
            Lowering::Inline | Lowering::Control | Lowering::Composed => {
                self.lower_control(eqn, steps)
            }
        }
    }

    /// Where a variable is stored.
    pub(crate) fn stored(&self, var: Var) -> Result<View> {
        match &self.graph.info(var).stored {
            Some(view) => Ok(view.clone()),
            None => Err(jaxrs_data::Error::internal("a variable was to be stored and is not")),
        }
    }

    /// Brings an operand's elements to a place, unless they are there.
    pub(crate) fn copy(
        &mut self,
        operand: &Operand,
        dest: &View,
        steps: &mut StepList,
    ) -> Result<()> {
        let from = match operand {
            Operand::Var(var) => self.graph.info(*var).stored.clone(),
            Operand::Literal(_) => None,
        };
        match from {
            Some(from) if from == *dest => Ok(()),
            Some(from) if from.leads.is_empty() && dest.leads.is_empty() => {
                steps.push(Step::Copy { from: from.buffer, to: dest.buffer });
                Ok(())
            }
            _ => self.emit_roots(&[(operand.clone(), dest.clone())], steps),
        }
    }
}

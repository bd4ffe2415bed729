//! Residuals of several branches, as results that all of them give.

use std::sync::Arc;

use jaxrs_data::{Result, Scalar, Type};

use crate::{Cx, Jaxpr, LinearizedJaxpr, Residual, Value, ops};

/// Where the residuals of all branches go: operands that branches keep, and slots for what they save,
/// which branches share where types allow.
pub(super) struct Slots {
    /// The operands that branches keep.
    pub(super) inputs: Vec<usize>,
    types: Vec<Type>,
    pub(super) of_branch: Vec<Filled>,
}

/// The slots that a branch fills.
#[derive(Default)]
pub(super) struct Filled {
    /// The slot of each thing that it saves.
    saved: Vec<usize>,
    /// Operands in slots that others made, which would hold zeros here: an operand that is not kept beside is one array
    /// less.
    operands: Vec<(usize, usize)>,
}

impl Filled {
    fn slot_of(&self, operand: usize) -> Option<usize> {
        self.operands.iter().find(|(k, _)| *k == operand).map(|&(_, slot)| slot)
    }
}

/// The operands that a branch needs again.
fn operands(part: &LinearizedJaxpr) -> impl Iterator<Item = usize> {
    part.residuals.iter().filter_map(|residual| match *residual {
        Residual::Input(k) => Some(k),
        Residual::Saved(_) => None,
    })
}

impl Slots {
    pub(super) fn new(parts: &[LinearizedJaxpr], n_outputs: usize) -> Slots {
        let mut slots = Slots { inputs: Vec::new(), types: Vec::new(), of_branch: Vec::new() };
        for part in parts {
            let mut filled = Filled::default();
            for ty in part.primal.out_types().skip(n_outputs) {
                let slot = slots.free(&filled, ty).unwrap_or_else(|| {
                    slots.types.push(ty.clone());
                    slots.types.len() - 1
                });
                filled.saved.push(slot);
            }
            slots.of_branch.push(filled);
        }
        for (branch, part) in parts.iter().enumerate() {
            for k in operands(part) {
                slots.place(branch, k, &part.primal[part.primal.invars[k]]);
            }
        }
        // What some branch keeps need not be in slots of others.
        let kept = slots.inputs.clone();
        for filled in &mut slots.of_branch {
            filled.operands.retain(|(k, _)| !kept.contains(k));
        }
        slots
    }

    /// A slot of a type that a branch does not fill yet.
    fn free(&self, filled: &Filled, ty: &Type) -> Option<usize> {
        let is_taken = |slot: usize| {
            filled.saved.contains(&slot) || filled.operands.iter().any(|&(_, other)| other == slot)
        };
        (0..self.types.len()).find(|&slot| !is_taken(slot) && self.types[slot] == *ty)
    }

    /// Finds a place for an operand that a branch needs again.
    fn place(&mut self, branch: usize, operand: usize, ty: &Type) {
        let filled = &self.of_branch[branch];
        if self.inputs.contains(&operand) || filled.slot_of(operand).is_some() {
            return;
        }
        match self.free(filled, ty) {
            Some(slot) => self.of_branch[branch].operands.push((operand, slot)),
            None => self.inputs.push(operand),
        }
    }

    /// The branch that computes results and fills all slots, with zeros where it saves nothing.
    pub(super) fn primal(
        &self,
        cx: Cx<'_>,
        part: &LinearizedJaxpr,
        filled: &Filled,
        n_outputs: usize,
    ) -> Result<Arc<Jaxpr>> {
        if filled.saved.len() == self.types.len() && filled.saved.is_sorted() {
            return Ok(part.primal.clone());
        }
        let in_types: Vec<Type> = part.primal.in_types().cloned().collect();
        cx.stage(&in_types, &mut |cx, inputs| {
            let mut outputs = cx.eval_jaxpr(&part.primal, inputs)?;
            let saved = outputs.split_off(n_outputs);
            for (slot, ty) in self.types.iter().enumerate() {
                let kept = filled.saved.iter().position(|&of| of == slot);
                let operand = filled.operands.iter().find(|&&(_, of)| of == slot);
                outputs.push(match (kept, operand) {
                    (Some(k), _) => saved[k].clone(),
                    (None, Some(&(k, _))) => inputs[k].clone(),
                    (None, None) => ops::full(cx, ty, Scalar::Int(0))?,
                });
            }
            Ok(outputs)
        })
    }

    /// The branch that computes tangents from kept operands, all slots, and tangents.
    pub(super) fn linear(
        &self,
        cx: Cx<'_>,
        part: &LinearizedJaxpr,
        filled: &Filled,
        operands: &[Value],
        tangents: &[Type],
    ) -> Result<Arc<Jaxpr>> {
        let mut in_types: Vec<Type> =
            self.inputs.iter().map(|&k| operands[k].ty().clone()).collect();
        in_types.extend(self.types.iter().cloned());
        in_types.extend(tangents.iter().cloned());
        cx.stage(&in_types, &mut |cx, inputs| {
            let residual = |residual: &Residual| match *residual {
                Residual::Input(k) => {
                    let of_slot = filled.slot_of(k).map(|slot| self.inputs.len() + slot);
                    let kept = || self.inputs.iter().position(|&input| input == k);
                    inputs[of_slot.or_else(kept).unwrap_or_default()].clone()
                }
                Residual::Saved(k) => inputs[self.inputs.len() + filled.saved[k]].clone(),
            };
            let mut values: Vec<Value> = part.residuals.iter().map(residual).collect();
            values.extend_from_slice(&inputs[self.inputs.len() + self.types.len()..]);
            cx.eval_jaxpr(&part.linear, &values)
        })
    }
}

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
    /// For each branch, the slot of each thing that it saves.
    pub(super) of_branch: Vec<Vec<usize>>,
}

impl Slots {
    pub(super) fn new(parts: &[LinearizedJaxpr], n_outputs: usize) -> Slots {
        let mut slots = Slots { inputs: Vec::new(), types: Vec::new(), of_branch: Vec::new() };
        for part in parts {
            for residual in &part.residuals {
                match *residual {
                    Residual::Input(k) if !slots.inputs.contains(&k) => slots.inputs.push(k),
                    _ => {}
                }
            }
            let mut taken = vec![false; slots.types.len()];
            let mut of_branch = Vec::new();
            for ty in part.primal.out_types().skip(n_outputs) {
                let free = (0..taken.len()).find(|&k| !taken[k] && slots.types[k] == *ty);
                let slot = free.unwrap_or_else(|| {
                    slots.types.push(ty.clone());
                    taken.push(false);
                    taken.len() - 1
                });
                taken[slot] = true;
                of_branch.push(slot);
            }
            slots.of_branch.push(of_branch);
        }
        slots
    }

    /// The branch that computes results and fills all slots, with zeros where it saves nothing.
    pub(super) fn primal(
        &self,
        cx: Cx<'_>,
        part: &LinearizedJaxpr,
        of_branch: &[usize],
        n_outputs: usize,
    ) -> Result<Arc<Jaxpr>> {
        if of_branch.len() == self.types.len() && of_branch.is_sorted() {
            return Ok(part.primal.clone());
        }
        let in_types: Vec<Type> = part.primal.in_types().cloned().collect();
        cx.stage(&in_types, &mut |cx, inputs| {
            let mut outputs = cx.eval_jaxpr(&part.primal, inputs)?;
            let saved = outputs.split_off(n_outputs);
            for (slot, ty) in self.types.iter().enumerate() {
                outputs.push(match of_branch.iter().position(|&of| of == slot) {
                    Some(k) => saved[k].clone(),
                    None => ops::full(cx, ty, Scalar::Int(0))?,
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
        of_branch: &[usize],
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
                    let position = self.inputs.iter().position(|&input| input == k);
                    inputs[position.unwrap_or_default()].clone()
                }
                Residual::Saved(k) => inputs[self.inputs.len() + of_branch[k]].clone(),
            };
            let mut values: Vec<Value> = part.residuals.iter().map(residual).collect();
            values.extend_from_slice(&inputs[self.inputs.len() + self.types.len()..]);
            cx.eval_jaxpr(&part.linear, &values)
        })
    }
}

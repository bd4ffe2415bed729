//! Dot products.

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::prims::DotGeneral;
use jaxrs_ir::{Atom, Prim};

use super::{Known, Simpler};

/// A dot product of a transposed array is another one of the array itself, which the library reaches
/// through strides. The result's axes come in the order of the operands' remaining axes, which has to
/// stay.
pub(crate) fn absorb_transposes(
    known: &Known,
    prim: &Prim,
    inputs: &[Atom],
    _: &Type,
) -> Option<Simpler> {
    let Prim::DotGeneral(dot) = prim else { return None };
    let mut dot = dot.clone();
    let mut operands: SmallVec<[Atom; 4]> = inputs.into();
    let mut changed = false;
    for (side, operand) in operands.iter_mut().enumerate() {
        let Some(eqn) = known.def(operand) else { continue };
        let Prim::Transpose(transpose) = &eqn.prim else { continue };
        let permutation = &transpose.permutation;
        if !keeps_order(&dot, side, permutation) {
            continue;
        }
        let (contracting, batch) = match side {
            0 => (&mut dot.lhs_contracting, &mut dot.lhs_batch),
            _ => (&mut dot.rhs_contracting, &mut dot.rhs_batch),
        };
        contracting.iter_mut().chain(batch).for_each(|axis| *axis = permutation[*axis]);
        *operand = eqn.inputs[0].clone();
        changed = true;
    }
    changed.then(|| Simpler::becomes(dot.into(), operands))
}

/// Whether the axes that remain of an operand come in the same order without the transposition.
fn keeps_order(dot: &DotGeneral, side: usize, permutation: &[usize]) -> bool {
    let (contracting, batch) = match side {
        0 => (&dot.lhs_contracting, &dot.lhs_batch),
        _ => (&dot.rhs_contracting, &dot.rhs_batch),
    };
    let remains = |axis: &usize| !contracting.contains(axis) && !batch.contains(axis);
    let remaining = (0..permutation.len()).filter(remains).map(|axis| permutation[axis]);
    remaining.is_sorted()
}

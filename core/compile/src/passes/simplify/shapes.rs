//! Operations that only move elements.

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::prims::{BroadcastInDim, Transpose};
use jaxrs_ir::{Atom, Prim};

use super::{Known, Simpler};

/// Operations that move nothing are their operand.
pub(crate) fn drop_identity(
    known: &Known,
    prim: &Prim,
    inputs: &[Atom],
    out: &Type,
) -> Option<Simpler> {
    let is_identity = match prim {
        Prim::Transpose(t) => t.permutation.iter().enumerate().all(|(i, &axis)| i == axis),
        Prim::Pad(pad) => pad.padding_config.iter().all(|&config| config == (0, 0, 0)),
        Prim::Reduce(reduce) => reduce.axes.is_empty(),
        Prim::Rev(rev) => rev.dimensions.is_empty(),
        Prim::Concatenate(_) => inputs.len() == 1,
        // The same shape leaves no choice.
        Prim::Reshape(_) | Prim::Squeeze(_) | Prim::BroadcastInDim(_) | Prim::DynamicSlice(_) => {
            true
        }
        Prim::Slice(slice) => slice.strides.iter().all(|&stride| stride == 1),
        _ => false,
    };
    let same = is_identity && known.ty(&inputs[0]).same_ignoring_weak(out);
    same.then(|| Simpler::Same(inputs[0].clone()))
}

/// Two moves of one kind become one.
pub(crate) fn compose(known: &Known, prim: &Prim, inputs: &[Atom], _: &Type) -> Option<Simpler> {
    let inner = known.def(inputs.first()?)?;
    let becomes =
        |prim: Prim| Some(Simpler::becomes(prim, SmallVec::from_iter([inner.inputs[0].clone()])));
    match (prim, &inner.prim) {
        (Prim::Transpose(outer), Prim::Transpose(first)) => {
            let permutation = outer.permutation.iter().map(|&axis| first.permutation[axis]);
            becomes(Transpose { permutation: permutation.collect() }.into())
        }
        (Prim::Reshape(_), Prim::Reshape(_) | Prim::Squeeze(_)) => becomes(prim.clone()),
        (Prim::BroadcastInDim(outer), Prim::BroadcastInDim(first)) => {
            let dims = first.broadcast_dimensions.iter();
            let broadcast_dimensions = dims.map(|&axis| outer.broadcast_dimensions[axis]).collect();
            let shape = outer.shape.clone();
            becomes(BroadcastInDim { shape, broadcast_dimensions }.into())
        }
        (Prim::Rev(outer), Prim::Rev(first)) if outer.dimensions == first.dimensions => {
            Some(Simpler::Same(inner.inputs[0].clone()))
        }
        _ => None,
    }
}

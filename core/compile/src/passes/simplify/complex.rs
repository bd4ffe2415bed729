//! Complex numbers that are put together and taken apart again.

use jaxrs_data::{SmallVec, Type};
use jaxrs_ir::prims::ComplexPart;
use jaxrs_ir::{Atom, Prim};

use super::{Known, Simpler};

/// Parts of what was put together are what they were; a number put together from both its parts is itself.
pub(crate) fn parts(known: &Known, prim: &Prim, inputs: &[Atom], out: &Type) -> Option<Simpler> {
    let inner = known.def(inputs.first()?)?;
    let of = &inner.inputs;
    let same = |atom: &Atom| {
        // A scalar beside an array has another shape than the number.
        known.ty(atom).same_ignoring_weak(out).then(|| Simpler::Same(atom.clone()))
    };
    match (prim, &inner.prim) {
        (Prim::ComplexPart(ComplexPart::Real), Prim::Complex(_) | Prim::ConvertElementType(_)) => {
            same(&of[0])
        }
        (Prim::ComplexPart(ComplexPart::Imag), Prim::Complex(_)) => same(&of[1]),
        (Prim::ComplexPart(ComplexPart::Real), Prim::Conj(_)) if is_complex(known, &of[0]) => {
            Some(Simpler::becomes(prim.clone(), SmallVec::from_iter([of[0].clone()])))
        }
        (Prim::Conj(_), Prim::Conj(_)) => same(&of[0]),
        (Prim::Complex(_), Prim::ComplexPart(ComplexPart::Real)) => {
            let imag = known.def(&inputs[1])?;
            let is_imag = imag.prim == Prim::ComplexPart(ComplexPart::Imag);
            (is_imag && imag.inputs[0] == of[0]).then(|| same(&of[0])).flatten()
        }
        _ => None,
    }
}

fn is_complex(known: &Known, atom: &Atom) -> bool {
    known.ty(atom).dtype.is_complex()
}

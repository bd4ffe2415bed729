//! What primitives refuse.

use jaxrs_data::{Error, ErrorKind};

use super::Primitive;

/// The refusal of a primitive that has no derivative.
#[cold]
pub fn not_differentiable(prim: &dyn Primitive) -> Error {
    Error::new(ErrorKind::Unimplemented, format_args!("{} has no derivative", prim.name()))
}

/// The refusal of a primitive that is not linear in its operands.
#[cold]
pub fn not_linear<P: Primitive + ?Sized>(prim: &P) -> Error {
    Error::new(
        ErrorKind::Unimplemented,
        format_args!("{} is not linear and cannot be transposed", prim.name()),
    )
}

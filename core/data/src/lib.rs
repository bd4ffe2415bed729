//! The words that every crate of jaxrs uses: element types, shapes, array types, host literals and
//! errors. Nothing here knows programs, devices or the environment.
//!
//! In reading order: [`DType`] and the [promotion lattice](promote), [`Shape`], [`Type`], [`Scalar`],
//! [`Literal`], [`Axes`], [`Error`], [`checksum`], and the one [tolerance policy](tolerance) of all tests.
#![forbid(unsafe_code)]

mod axes;
mod checksum;
mod dtype;
mod error;
mod half;
pub mod limits;
mod literal;
pub mod narrow;
pub mod promote;
mod scalar;
mod shape;
pub mod tolerance;
mod ty;

pub use axes::{Axes, normalize_axis};
pub use checksum::checksum;
pub use dtype::{DType, DTypeKind};
pub use error::{Error, ErrorKind, Payload, Result};
pub use half::{bf16_bits, f16_bits};
pub use literal::Literal;
pub use scalar::{Scalar, complex_parts};
pub use shape::Shape;
pub use ty::Type;

pub use smallvec::{SmallVec, smallvec};

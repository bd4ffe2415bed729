//! FlatBuffers: tables whose fields are found by offsets, as far as `jax.export` uses them.
//!
//! Source of the format: "FlatBuffer Internals" of its documentation. A table begins with the distance back to its list of
//! fields; that list has the sizes of itself and of the table in bytes, then where each field stands in the table, 0 for
//! those that have their default. Whatever has a length of its own is referred to by its distance from the reference, which
//! is always forwards.

mod read;
mod write;

pub(crate) use read::{Table, root};
pub(crate) use write::{Field, Fields, file};

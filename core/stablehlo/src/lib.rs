//! Programs that JAX exports, as functions that can be called, batched, differentiated and compiled.
//!
//! A module is read from text or bytecode ([`parse`]) into one tree ([`tree`]), which [`function`] makes a [`Function`] of:
//! calling it does the module's operations by jaxrs's own, under whatever is tracing. [`export`] makes one of a program, which
//! is written as text (its `Display`) or as a portable artifact ([`write`](fn@write)).
//!
//! [`Function`]: jaxrs_transform::Function
#![forbid(unsafe_code)]

mod bytecode;
mod export;
mod forms;
mod import;
mod names;
mod print;
mod text;
pub mod tree;
mod write;

pub use export::{export, module};
pub use import::{argument_types, function};
pub use text::parse;
pub use write::write;

/// Reads a module in whichever form it is: text in either form, or portable bytecode.
pub fn read(bytes: &[u8]) -> jaxrs_data::Result<tree::Module> {
    if bytes.starts_with(bytecode::MAGIC) {
        return bytecode::parse(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(_) => jaxrs_data::bail!(InvalidArgument, "the program is neither text nor bytecode"),
    }
}

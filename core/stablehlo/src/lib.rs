//! Programs that JAX exports, as functions that can be called, batched, differentiated and compiled.
//!
//! A module is read from text or bytecode ([`parse`]) into one tree ([`tree`]), which [`function`] makes a [`Function`] of:
//! calling it does the module's operations by jaxrs's own, under whatever is tracing. [`Program`] does so with what a file of
//! `jax.export` says around its module. [`export`] makes a module of a program, which is written as text (its `Display`), as a
//! portable artifact ([`write`](fn@write)) or as a file of `jax.export` ([`write_exported`]).
//!
//! [`Function`]: jaxrs_transform::Function
#![forbid(unsafe_code)]

mod bytecode;
mod export;
mod exported;
mod flat;
mod forms;
mod import;
mod names;
mod print;
mod program;
mod text;
pub mod tree;
mod write;

pub use export::{export, module};
pub use exported::{
    Aval, DisabledCheck, Element, Exported, Tree, is_exported, read_exported, write_differentiable,
    write_exported,
};
pub use import::{argument_types, function};
pub use program::Program;
pub use text::parse;
pub use write::write;

/// Reads a module in whichever form it is: text in either form, portable bytecode, or a file of `jax.export`, of which
/// [`Program`] reads more than its module.
pub fn read(bytes: &[u8]) -> jaxrs_data::Result<tree::Module> {
    if is_exported(bytes) {
        return bytecode::parse(&read_exported(bytes)?.module);
    }
    if bytes.starts_with(bytecode::MAGIC) {
        return bytecode::parse(bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => parse(text),
        Err(_) => jaxrs_data::bail!(
            InvalidArgument,
            "the program is neither text nor bytecode, and no file of jax.export"
        ),
    }
}

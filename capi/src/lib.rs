//! The C library of jaxrs: handles over the engine's values and functions.
//!
//! Every entry point goes through one [`gate`]: out-parameters are cleared, pointers checked, errors turned
//! into error handles, panics caught. What C hands us arrives as one of the types of [`args`], which are
//! where this crate trusts its caller. The typed operations are generated from the operation table of
//! `jaxrs-api`; the header is generated from the signatures and comments here.
//!
//! In reading order: [`handle`], [`args`], [`gate`], [`error`], [`context`], [`mod@array`], [`function`],
//! [`transforms`], [`spmd`], [`control`], [`operation`], [`program`].
#![warn(clippy::indexing_slicing, clippy::panic, clippy::expect_used)]
#![allow(private_interfaces, reason = "C sees handles through pointers only")]

pub mod args;
pub mod array;
pub mod array_host;
pub mod attrs;
mod backends;
pub mod bytes;
mod callback;
pub mod checkify;
pub mod context;
pub mod control;
pub mod dlpack;
pub mod drops;
pub mod dtype;
pub mod error;
mod fork;
pub mod function;
pub mod gate;
pub mod gradient;
pub mod handle;
pub mod host;
pub mod import;
pub mod linear;
mod log;
pub mod ode;
pub mod operation;
pub mod ops_generated;
pub mod optimize;
pub mod options;
pub mod profile;
pub mod program;
pub mod recompute;
pub mod reduction;
pub mod reference;
pub mod results;
pub mod rules;
pub mod scope;
pub mod spmd;
pub mod statistics;
pub mod transforms;
pub mod version;

#[global_allocator]
static ALLOCATOR: jaxrs_runtime::Allocator = jaxrs_runtime::Allocator;

//! The functions that programs are written with, under JAX's names: [`lax`], [`numpy`], [`random`], [`nn`],
//! [`special`], [`sparse`];
//! and the one [operation table](table) that the C functions, their documentation and the bindings are
//! generated from.
//!
//! Every function takes the scope that its operations go to, first. `lax` is close to the primitives and
//! promotes nothing; `numpy` promotes and broadcasts.
#![forbid(unsafe_code)]

pub mod check_grads;
mod formula;
pub mod image;
pub mod interpolate;
pub mod lax;
pub mod linalg;
pub mod nn;
pub mod numpy;
pub mod ode;
mod operands;
pub mod optimize;
pub mod optimizers;
pub mod random;
pub mod segment;
pub mod signal;
pub mod sparse;
pub mod special;
pub mod stats;
pub mod table;

//! Jaxprs: typed programs in administrative normal form, and all primitives with all their rules.
//!
//! A [`Jaxpr`] is data: it prints, parses, can be checked and evaluated. A [`Prim`] is an operation with
//! its parameters; its [`Primitive`] rules say what it means to every part of the system. Rules see
//! [`Value`]s, which they cannot look into, and a [`Context`], which is all they may talk to: this crate
//! does not know traces, caches or devices.
//!
//! In reading order: [`jaxpr`], [`print`](mod@print), [`parse`], [`portable`] (programs in files), [`check`] (the invariants), [`evaluate`]
//! (what programs mean), [`effects`], [`key_reuse`], [`value`], [`context`], [`prims`] (the trait and how to add a primitive), [`ops`]
//! (what rules are written with), [`lower`] (what lowering rules are written with), [`routine`] (library calls as data), [`rules`] (ways to
//! make a rule).
#![forbid(unsafe_code)]

pub mod check;
pub mod compose;
pub mod context;
#[cfg(any(test, feature = "testing"))]
pub mod coverage;
mod dead_code;
#[cfg(any(test, feature = "testing"))]
mod eager;
pub mod effects;
pub mod evaluate;
pub mod format;
pub mod jaxpr;
pub mod key_reuse;
#[cfg(test)]
mod laws;
pub mod lower;
pub mod ops;
pub mod params;
pub mod parse;
pub mod portable;
pub mod prims;
pub mod print;
pub mod routine;
pub mod rules;
pub mod value;

pub use context::{
    Batched, Context, Cx, Jvp, JvpJaxpr, LinearizedJaxpr, MappedAxis, Operand, Outputs, Residual,
    StageBody,
};
pub use effects::Effect;
pub use jaxpr::{Atom, Eqn, Jaxpr, VarId};
pub use params::{Param, ParamReader, Params};
pub use prims::{Prim, Primitive};
pub use value::{Tangent, Value, ValueNode, WeakValue};

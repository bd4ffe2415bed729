//! Kernel programs: the loop nests, library calls and native control flow that back ends compile.
//!
//! A [`Program`] is a flat list of [`Step`]s over [`Buffer`]s. Most steps are [`Kernel`]s: a scalar
//! program, run once for each point of an index space, that loads and stores elements of buffers.
//! Nothing here knows jaxprs, primitives or devices.
//!
//! In reading order: [`program`] (buffers and steps), [`body`] (what runs at one point), [`scalar`]
//! (the operations on scalars), [`build`] (how to make a body; folds constants on the way),
//! [`mod@print`] and [`parse`] (their text), [`check`] (what holds for every program), [`interpret`]
//! (what programs mean, and how they run without a compiler), [`math`] (special functions), [`complex`]
//! (functions of complex numbers).
#![forbid(unsafe_code)]

pub mod body;
pub mod build;
pub mod check;
pub mod complex;
pub mod interpret;
pub mod math;
pub mod parse;
pub mod print;
pub mod program;
pub mod scalar;
mod select;
mod strides;
mod target;
#[cfg(any(test, feature = "testing"))]
pub mod testing;

pub use body::{Block, Carried, Inst, Kernel, Lanes, Loop, LoopKind, ValueId, WhileLoop};
pub use build::{BodyBuilder, KeyWords, OpenCondition, OpenLoop, OpenWhile};
pub use program::{
    Buffer, BufferId, Carry, HostCall, HostRoutine, IndexVar, LibraryCall, MatMul, Operand,
    ParallelFor, Place, Program, Sort, Step,
};
pub use scalar::{Compare, ReduceOp, ScalarOp};
pub use select::{Ranking, TopK};
pub use strides::{Along, Strides};
pub use target::Target;

//! Linear functions with derivatives of their own: their transposes are given, not derived.

mod call;
mod solve;

pub use call::LinearCall;
pub use solve::{CustomLinearSolve, Operator};

//! Branches.

use std::sync::Arc;

use crate::Jaxpr;

/// `cond(index, operands…)`: one of several programs, by an `i32` scalar, clamped; 0 is the first.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cond {
    /// The branches; all take the operands and give results of the same types.
    pub branches: Vec<Arc<Jaxpr>>,
}

unfinished!(Cond);

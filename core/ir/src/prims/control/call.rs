//! Calls of programs.

use std::sync::Arc;

use crate::Jaxpr;

/// A call of a program, printed as `jit`: compiled as a unit when it is run on its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Call {
    /// The function's name, for people.
    pub name: Arc<str>,
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
}

unfinished!(Call);

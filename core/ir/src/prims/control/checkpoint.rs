//! Recomputation instead of residuals.

use std::sync::Arc;

use crate::Jaxpr;

/// A program (printed as `remat2`) of which reverse mode keeps the operands only, and computes again what it
/// needs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Checkpoint {
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
}

unfinished!(Checkpoint);

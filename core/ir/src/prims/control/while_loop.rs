//! Loops whose length is computed.

use std::sync::Arc;

use crate::Jaxpr;

/// `while(cond_consts…, body_consts…, carry…)`: runs the body on the carry while the condition holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct While {
    /// `(cond_consts…, carry…) → bool[]`.
    pub cond_jaxpr: Arc<Jaxpr>,
    /// `(body_consts…, carry…) → carry…`.
    pub body_jaxpr: Arc<Jaxpr>,
    /// The number of constants of the condition.
    pub cond_nconsts: usize,
    /// The number of constants of the body.
    pub body_nconsts: usize,
}

unfinished!(While);

//! What operations do beside computing their results.
//!
//! An effect is a fact of the operation, not a list that passes keep: whoever drops, merges, repeats or
//! moves equations asks. An equation with an effect is neither dropped nor merged with another nor
//! repeated; ordered ones, and those that hold one in a program of theirs, keep their order.

use crate::prims::CallbackKind;
use crate::{Eqn, Jaxpr, Prim};

/// What an operation does beside computing its results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Effect {
    /// Nothing: it may be dropped, merged, repeated and moved.
    #[default]
    None,
    /// Something that must happen once, at any time.
    Unordered,
    /// Something that must happen once, and in the program's order.
    Ordered,
}

impl Effect {
    /// Whether there is one.
    pub fn is_some(self) -> bool {
        self != Effect::None
    }
}

impl Jaxpr {
    /// The strongest effect of an equation.
    pub fn effect(&self) -> Effect {
        let mut strongest = Effect::None;
        for eqn in &self.eqns {
            strongest = strongest.max(eqn.prim.effect());
            if strongest == Effect::Ordered {
                break;
            }
        }
        strongest
    }

    /// An operation, of an inner program too, that changes something outside of the program.
    pub fn io(&self) -> Option<&Prim> {
        self.eqns.iter().find_map(|eqn| match &eqn.prim {
            Prim::Callback(call) if matches!(call.kind, CallbackKind::Io { .. }) => Some(&eqn.prim),
            prim => prim.programs().into_iter().find_map(|program| program.io()),
        })
    }

    /// The program without equations that are there for their effect alone. For programs that run again
    /// what ran before.
    #[must_use]
    pub fn without_effects(&self) -> Jaxpr {
        let is_kept = |eqn: &&Eqn| !(eqn.outputs.is_empty() && eqn.prim.effect().is_some());
        Jaxpr { eqns: self.eqns.iter().filter(is_kept).cloned().collect(), ..self.clone() }
    }
}

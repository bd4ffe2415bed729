//! Passes on jaxprs. A pass is a function; the list is the pipeline.

mod dead;
mod hoist_invariants;
mod inline_calls;
mod rewrite;
mod simplify;
mod split_reductions;
mod swap_dots;
mod undilate;

pub(crate) use dead::remove_dead;
pub(crate) use split_reductions::split_reductions;

use jaxrs_ir::Jaxpr;

/// One pass.
pub struct Pass {
    /// What observers are told.
    pub name: &'static str,
    /// What it does to a program.
    pub run: fn(Jaxpr) -> Jaxpr,
}

/// All passes, in order.
pub const PIPELINE: &[Pass] = &[
    Pass { name: "inline_calls", run: inline_calls::inline_calls },
    Pass { name: "simplify", run: simplify::simplify },
    Pass { name: "remove_dead", run: remove_dead },
    Pass { name: "inline_checkpoints", run: inline_calls::inline_checkpoints },
    Pass { name: "simplify_unshared", run: simplify::simplify_unshared },
    Pass { name: "hoist_invariants", run: hoist_invariants::hoist_invariants },
    Pass { name: "swap_dots", run: swap_dots::swap_dots },
    Pass { name: "undilate", run: undilate::undilate },
    Pass { name: "split_reductions", run: split_reductions },
    Pass { name: "remove_dead", run: remove_dead },
];

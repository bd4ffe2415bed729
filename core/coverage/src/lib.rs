//! What works for which primitive and element type, found out by trying.
//!
//! The [`Matrix`] has a row for each primitive and element type that its samples have, and a column for each
//! way to use it. What fails or is refused is a hole, unless JAX refuses it too, or gives the same: `excuses.tsv` says with what
//! words, which `tests/recorded/refusals.py` has from running JAX.

mod excuses;
mod matrix;
mod open;
mod recorded;
mod subjects;
mod ways;

pub use excuses::Excuse;
pub use matrix::{Hole, Matrix};
pub use open::{FEW, OPEN, few_cases};
pub use recorded::{ENOUGH, recorded};
pub use ways::{Mark, Way};

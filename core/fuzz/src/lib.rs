//! Random programs, run in every way there is and compared.
//!
//! A program is made of samples of primitives and of whatever their type rules take, with loops, branches
//! and calls around them. Definition, kernel interpreter and machine code must agree on it, several
//! examples at once with each alone, and derivatives with differences. What breaks a [`Law`] is made as
//! small as possible and shown as text that reads back. `cargo xtask fuzz` runs it.

mod agree;
mod case;
mod generate;
mod laws;
mod random;
mod search;
mod shrink;

pub use case::Case;
pub use laws::{Bench, Law, Outcome};
pub use search::{Finding, Search, Tally};
pub use shrink::shrink;

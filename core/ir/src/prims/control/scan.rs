//! Loops of fixed length over leading axes.

use std::sync::Arc;

use crate::Jaxpr;

/// `scan(consts…, carry…, xs…)`: runs the body on each slice of `xs` along axis 0, handing the carry on;
/// gives the last carry and what the body gave each time, stacked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scan {
    /// `(consts…, carry…, x…) → (carry…, y…)`.
    pub jaxpr: Arc<Jaxpr>,
    /// How many iterations.
    pub length: usize,
    /// The number of constants.
    pub num_consts: usize,
    /// The number of carried values.
    pub num_carry: usize,
    /// Whether from the last slice to the first.
    pub reverse: bool,
    /// How many iterations the compiler may put into one.
    pub unroll: usize,
}

unfinished!(Scan);

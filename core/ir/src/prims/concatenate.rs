//! Joining arrays.

/// Operands joined along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Concatenate {
    /// Which.
    pub dimension: usize,
}

unfinished!(Concatenate);

//! Sorting.

/// Sorts operands of one shape along an axis, all permuted alike, ascending and stable, by the first
/// `num_keys` of them. NaNs come last; −0 equals 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// Along which axis.
    pub dimension: usize,
    /// How many operands are compared.
    pub num_keys: usize,
    /// Whether equal elements must keep their order; they always do.
    pub is_stable: bool,
}

unfinished!(Sort);

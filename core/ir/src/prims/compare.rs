//! Elementwise comparisons.

/// A comparison of two operands, elementwise; gives `bool`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Compare(
    /// Which one.
    pub jaxrs_kernel::Compare,
);

unfinished!(Compare);

//! Reordering axes and elements.

use jaxrs_data::{Axes, SmallVec};

/// Axis `i` of the result is axis `permutation[i]` of the operand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Transpose {
    /// The order of axes.
    pub permutation: SmallVec<[usize; 4]>,
}

/// Reverses the order of elements along some axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Rev {
    /// Which.
    pub dimensions: Axes,
}

unfinished!(Transpose);
unfinished!(Rev);

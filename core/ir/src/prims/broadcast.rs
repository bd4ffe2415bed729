//! Repeating elements along new axes.

use jaxrs_data::{Shape, SmallVec};

/// Operand axis `i` becomes axis `broadcast_dimensions[i]` of the result (increasing); it has the same size
/// there, or size 1 and is repeated.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BroadcastInDim {
    /// The shape of the result.
    pub shape: Shape,
    /// Where the operand's axes go.
    pub broadcast_dimensions: SmallVec<[usize; 4]>,
}

unfinished!(BroadcastInDim);

//! Reading windows at many positions.

use jaxrs_data::{Shape, SmallVec};

/// What happens to windows that do not fit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum IndexMode {
    /// They are moved so that they fit.
    Clip,
    /// Reading gives a fill value (NaN, the smallest signed, the largest unsigned integer, true), and
    /// writing does nothing.
    FillOrDrop,
    /// The caller promises that all fit; as `Clip` where they do not.
    PromiseInBounds,
}

/// `gather(x, indices)`: windows of `slice_sizes` at the positions that the last axis of `indices` (`i32` or
/// another integer type) holds. The meaning of the dimension numbers is StableHLO's and JAX's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Gather {
    /// Axes of the result that run over windows.
    pub offset_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand, of window size 1, that the result does not have.
    pub collapsed_slice_dims: SmallVec<[usize; 4]>,
    /// For each component of an index, the operand axis that it is a start along.
    pub start_index_map: SmallVec<[usize; 4]>,
    /// Axes of the operand that go along with axes of the indices.
    pub operand_batching_dims: SmallVec<[usize; 4]>,
    /// Those axes of the indices.
    pub start_indices_batching_dims: SmallVec<[usize; 4]>,
    /// The size of a window along each operand axis.
    pub slice_sizes: Shape,
    /// What happens to windows that do not fit.
    pub mode: IndexMode,
}

unfinished!(Gather);

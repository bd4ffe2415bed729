//! Writing windows at many positions.

use jaxrs_data::SmallVec;

/// How a scattered update meets what is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScatterKind {
    /// `scatter`: replaces; where windows overlap, the last one wins.
    Set,
    /// `scatter_add`.
    Add,
    /// `scatter_mul`.
    Mul,
    /// `scatter_min`.
    Min,
    /// `scatter_max`.
    Max,
}

/// `scatter…(x, indices, updates)`: `x` with windows of `updates` combined in at the positions that the last
/// axis of `indices` holds, in order. The meaning of the dimension numbers is StableHLO's and JAX's.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Scatter {
    /// How updates are combined.
    pub kind: ScatterKind,
    /// Axes of the updates that run over windows.
    pub update_window_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand, of window size 1, that updates do not have.
    pub inserted_window_dims: SmallVec<[usize; 4]>,
    /// For each component of an index, the operand axis that it is a start along.
    pub scatter_dims_to_operand_dims: SmallVec<[usize; 4]>,
    /// Axes of the operand that go along with axes of the indices.
    pub operand_batching_dims: SmallVec<[usize; 4]>,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: SmallVec<[usize; 4]>,
    /// What happens to windows that do not fit.
    pub mode: super::IndexMode,
    /// Whether the caller promises that no two windows overlap.
    pub unique_indices: bool,
}

unfinished!(Scatter);

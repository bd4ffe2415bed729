//! Static parts of arrays.

use jaxrs_data::SmallVec;

/// Every `strides[i]`-th element from `start_indices[i]` up to, not including, `limit_indices[i]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Slice {
    /// First elements.
    pub start_indices: SmallVec<[usize; 4]>,
    /// Ends.
    pub limit_indices: SmallVec<[usize; 4]>,
    /// Steps, at least 1.
    pub strides: SmallVec<[usize; 4]>,
}

unfinished!(Slice);

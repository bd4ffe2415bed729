//! Positions of the largest and smallest element.

use jaxrs_data::DType;

/// `argmax` or `argmin` along one axis, which disappears: the first position of the extreme element; the
/// first NaN, if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ArgReduce {
    /// Whether the largest is wanted.
    pub is_max: bool,
    /// Along which axis.
    pub axis: usize,
    /// The element type of the result.
    pub index_dtype: DType,
}

unfinished!(ArgReduce);

//! Counting.

use jaxrs_data::{DType, Shape};

/// An array whose elements are their own position along one axis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Iota {
    /// The element type.
    pub dtype: DType,
    /// The shape.
    pub shape: Shape,
    /// Along which axis to count.
    pub dimension: usize,
}

unfinished!(Iota);

//! The same elements under another shape.

use jaxrs_data::{Axes, Shape};

/// The same elements in row-major order under another shape.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reshape {
    /// The shape of the result.
    pub new_sizes: Shape,
}

/// Drops axes of size 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Squeeze {
    /// Which.
    pub dimensions: Axes,
}

unfinished!(Reshape);
unfinished!(Squeeze);

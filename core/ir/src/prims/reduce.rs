//! Reductions over axes.

use jaxrs_data::Axes;

/// `reduce_sum`, `reduce_prod`, `reduce_max`, `reduce_min`, `reduce_and`, `reduce_or`, `reduce_xor`:
/// combines the elements along some axes, which disappear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// How elements are combined.
    pub op: jaxrs_kernel::ReduceOp,
    /// Along which axes.
    pub axes: Axes,
}

unfinished!(Reduce);

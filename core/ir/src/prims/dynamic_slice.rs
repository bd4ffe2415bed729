//! Windows at positions that are computed.

use jaxrs_data::Shape;

/// `dynamic_slice(x, starts…)`: a window of fixed sizes; scalar integer starts, moved so that it fits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DynamicSlice {
    /// The sizes of the window.
    pub slice_sizes: Shape,
}

/// `dynamic_update_slice(x, update, starts…)`: `x` with a window replaced; scalar integer starts, moved so
/// that the window fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DynamicUpdateSlice;

unfinished!(DynamicSlice);
unfinished!(DynamicUpdateSlice);

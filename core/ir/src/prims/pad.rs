//! Padding.

use jaxrs_data::SmallVec;

/// `pad(x, value)`: for each axis `(low, high, interior)`: elements put before, after and between; negative
/// `low` and `high` cut elements off.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pad {
    /// For each axis: low, high, interior.
    pub padding_config: SmallVec<[(i64, i64, i64); 4]>,
}

unfinished!(Pad);

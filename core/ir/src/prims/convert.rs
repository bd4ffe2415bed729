//! Conversions between element types.

use jaxrs_data::DType;

/// Conversion by value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConvertElementType {
    /// The element type of the result.
    pub new_dtype: DType,
    /// Whether the result is weak.
    pub weak_type: bool,
}

/// The same bits under another element type. Where the sizes differ, the last axis is split or joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BitcastConvertType {
    /// The element type of the result.
    pub new_dtype: DType,
}

unfinished!(ConvertElementType);
unfinished!(BitcastConvertType);

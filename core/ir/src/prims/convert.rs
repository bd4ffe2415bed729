//! Conversions between element types.

mod bitcast;
mod element_type;

pub use bitcast::BitcastConvertType;
pub use element_type::ConvertElementType;

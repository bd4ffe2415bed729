//! Parameters of primitives as data, for printing and parsing.

use std::sync::Arc;

use jaxrs_data::DType;

use crate::Jaxpr;

/// One parameter's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Int(i64),
    /// Numbers: `(1, 2)`.
    Ints(Vec<i64>),
    /// Lists of numbers: `((1, 2), ())`.
    IntLists(Vec<Vec<i64>>),
    /// An element type: `f32`.
    DType(DType),
    /// A name.
    Name(String),
    /// A program.
    Jaxpr(Arc<Jaxpr>),
    /// Several programs.
    Jaxprs(Vec<Arc<Jaxpr>>),
    /// Nothing.
    None,
}

/// Parameters with their names, in the order of printing.
pub type Params = Vec<(&'static str, Param)>;

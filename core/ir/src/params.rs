//! Parameters of primitives as data, for printing and parsing.

use std::sync::Arc;

use jaxrs_data::{DType, Error, ErrorKind, Result};

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
    /// Lists of numbers: `((1, 2), ())`. Without lists it is `()`, which reads back as [`Param::Ints`].
    IntLists(Vec<Vec<i64>>),
    /// An element type: `f32`.
    DType(DType),
    /// A name; in quotes where it could be taken for something else.
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

impl Param {
    /// A size, position or axis.
    pub fn size(value: usize) -> Param {
        Param::Int(value as i64)
    }

    /// Sizes, positions or axes.
    pub fn sizes(values: &[usize]) -> Param {
        Param::Ints(values.iter().map(|&value| value as i64).collect())
    }

    /// The kind of value, for errors.
    fn kind(&self) -> &'static str {
        match self {
            Param::Bool(_) => "a truth value",
            Param::Int(_) => "a number",
            Param::Ints(_) => "numbers",
            Param::IntLists(_) => "lists of numbers",
            Param::DType(_) => "an element type",
            Param::Name(_) => "a name",
            Param::Jaxpr(_) => "a program",
            Param::Jaxprs(_) => "programs",
            Param::None => "nothing",
        }
    }
}

/// Reads a primitive's parameters by name and kind, with errors that name both.
#[derive(Clone, Copy, Debug)]
pub struct ParamReader<'a> {
    primitive: &'a str,
    params: &'a [(String, Param)],
}

impl<'a> ParamReader<'a> {
    /// A reader of the parameters of the named primitive.
    pub fn new(primitive: &'a str, params: &'a [(String, Param)]) -> ParamReader<'a> {
        ParamReader { primitive, params }
    }

    /// A parameter that may be missing or [`Param::None`].
    pub fn optional(&self, key: &str) -> Option<&'a Param> {
        let (_, value) = self.params.iter().find(|(name, _)| name == key)?;
        (*value != Param::None).then_some(value)
    }

    /// A parameter that must be there.
    pub fn required(&self, key: &str) -> Result<&'a Param> {
        self.optional(key).ok_or_else(|| self.error(format_args!("needs parameter {key}")))
    }

    /// A truth value.
    pub fn bool(&self, key: &str) -> Result<bool> {
        match self.required(key)? {
            Param::Bool(value) => Ok(*value),
            other => Err(self.mismatch(key, "a truth value", other)),
        }
    }

    /// A number.
    pub fn int(&self, key: &str) -> Result<i64> {
        match self.required(key)? {
            Param::Int(value) => Ok(*value),
            other => Err(self.mismatch(key, "a number", other)),
        }
    }

    /// A size, position or axis: a number of at least 0.
    pub fn size(&self, key: &str) -> Result<usize> {
        self.checked_size(key, self.int(key)?)
    }

    /// Numbers.
    pub fn ints(&self, key: &str) -> Result<&'a [i64]> {
        match self.required(key)? {
            Param::Ints(values) => Ok(values),
            other => Err(self.mismatch(key, "numbers", other)),
        }
    }

    /// Sizes, positions or axes.
    pub fn sizes<C: FromIterator<usize>>(&self, key: &str) -> Result<C> {
        self.ints(key)?.iter().map(|&value| self.checked_size(key, value)).collect()
    }

    /// Lists of numbers.
    pub fn int_lists(&self, key: &str) -> Result<Vec<Vec<i64>>> {
        match self.required(key)? {
            Param::IntLists(lists) => Ok(lists.clone()),
            Param::Ints(values) if values.is_empty() => Ok(Vec::new()),
            other => Err(self.mismatch(key, "lists of numbers", other)),
        }
    }

    /// An element type.
    pub fn dtype(&self, key: &str) -> Result<DType> {
        match self.required(key)? {
            Param::DType(dtype) => Ok(*dtype),
            other => Err(self.mismatch(key, "an element type", other)),
        }
    }

    /// A name.
    pub fn name(&self, key: &str) -> Result<&'a str> {
        match self.required(key)? {
            Param::Name(name) => Ok(name),
            other => Err(self.mismatch(key, "a name", other)),
        }
    }

    /// A program.
    pub fn jaxpr(&self, key: &str) -> Result<Arc<Jaxpr>> {
        match self.required(key)? {
            Param::Jaxpr(jaxpr) => Ok(jaxpr.clone()),
            other => Err(self.mismatch(key, "a program", other)),
        }
    }

    /// Several programs.
    pub fn jaxprs(&self, key: &str) -> Result<Vec<Arc<Jaxpr>>> {
        match self.required(key)? {
            Param::Jaxprs(jaxprs) => Ok(jaxprs.clone()),
            Param::Ints(values) if values.is_empty() => Ok(Vec::new()),
            other => Err(self.mismatch(key, "programs", other)),
        }
    }

    /// An error that a parameter has a value which its primitive does not know.
    #[cold]
    pub fn error(&self, message: std::fmt::Arguments<'_>) -> Error {
        Error::new(ErrorKind::InvalidArgument, format_args!("{} {message}", self.primitive))
    }

    fn mismatch(&self, key: &str, needed: &str, got: &Param) -> Error {
        self.error(format_args!("needs {needed} for {key}, got {}", got.kind()))
    }

    fn checked_size(&self, key: &str, value: i64) -> Result<usize> {
        usize::try_from(value)
            .map_err(|_| self.error(format_args!("needs {key} of at least 0, got {value}")))
    }
}

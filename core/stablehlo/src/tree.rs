//! What a module says, whichever form it was written in.
//!
//! Attributes have the names of VHLO, which are those of the generic form with the structures for dimension numbers
//! taken apart: a reader of any form gives the same tree.

use std::fmt;
use std::sync::Arc;

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, SmallVec, Type, bail};

/// Where something stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// From 1; 0 for what was read from bytecode, which counts bytes.
    pub line: usize,
    /// From 1; the offset in bytes for bytecode.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "byte {}", self.column),
            line => write!(f, "line {line}, column {}", self.column),
        }
    }
}

/// A value of a module: an argument of a region or a result of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ValueId(pub usize);

/// A type of MLIR's.
#[derive(Clone, Debug, PartialEq)]
pub enum Ty {
    /// An array.
    Tensor(Type),
    /// An array of which some sizes are not known before the program is called.
    Dynamic(DType, Vec<Option<usize>>),
    /// What orders side effects.
    Token,
    /// Several values in one.
    Tuple(Vec<Ty>),
    /// Of a function: arguments and results.
    Function(Vec<Ty>, Vec<Ty>),
    /// Any other, as it was written.
    Other(String),
}

impl Ty {
    /// The type of the elements of an array.
    pub fn dtype(&self) -> Option<DType> {
        match self {
            Ty::Tensor(ty) => Some(ty.dtype),
            Ty::Dynamic(dtype, _) => Some(*dtype),
            _ => None,
        }
    }

    /// Whether an array may have this type.
    pub fn admits(&self, ty: &Type) -> bool {
        match self {
            Ty::Tensor(said) => said.same_ignoring_weak(ty),
            Ty::Dynamic(dtype, dims) => {
                let fits = |(said, &dim): (&Option<usize>, &usize)| said.is_none_or(|d| d == dim);
                *dtype == ty.dtype
                    && dims.len() == ty.rank()
                    && dims.iter().zip(ty.shape.iter()).all(fits)
            }
            _ => false,
        }
    }
}

/// As jaxprs have it, `f32[?,4]`; others as they are named.
impl fmt::Display for Ty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ty::Tensor(ty) => ty.fmt(f),
            Ty::Dynamic(dtype, dims) => {
                let dim = |dim: &Option<usize>| dim.map_or("?".to_owned(), |dim| dim.to_string());
                let dims: Vec<String> = dims.iter().map(dim).collect();
                write!(f, "{dtype}[{}]", dims.join(","))
            }
            Ty::Token => f.write_str("a token"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// An attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// Present.
    Unit,
    /// Truth.
    Bool(bool),
    /// A whole number.
    Int(i128),
    /// A real number.
    Float(f64),
    /// Text.
    Text(String),
    /// The name of a function.
    Symbol(String),
    /// A word of an enumeration.
    Word(String),
    /// A type.
    Type(Ty),
    /// A list.
    List(Vec<Attr>),
    /// An array of numbers or truths.
    Dense(Literal),
    /// Names and attributes.
    Dict(Vec<(String, Attr)>),
    /// Anything else, as it was written.
    Other(String),
}

/// A region of one block.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Region {
    /// Its arguments.
    pub arguments: Vec<(ValueId, Ty)>,
    /// Its operations; the last one returns.
    pub ops: Vec<Op>,
}

impl Region {
    /// What the region gives.
    pub fn returned(&self) -> Result<&[ValueId]> {
        match self.ops.last() {
            Some(op) if op.is_return() => Ok(&op.operands),
            Some(op) => {
                Err(op.error(ErrorKind::InvalidArgument, "ends a region, but is no return"))
            }
            None => bail!(InvalidArgument, "a region without operations gives nothing"),
        }
    }

    /// The operation that gives a value, if it stands in this region.
    pub fn defining(&self, id: ValueId) -> Option<&Op> {
        self.ops.iter().find(|op| op.results.iter().any(|(result, _)| *result == id))
    }
}

/// An operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Op {
    /// With its dialect: `stablehlo.add`.
    pub name: String,
    /// What it works on.
    pub operands: Vec<ValueId>,
    /// What it gives.
    pub results: Vec<(ValueId, Ty)>,
    /// Its attributes.
    pub attributes: Vec<(String, Attr)>,
    /// Its regions.
    pub regions: Vec<Arc<Region>>,
    /// Where it stands.
    pub place: Place,
}

/// A function.
#[derive(Clone, Debug, PartialEq)]
pub struct Func {
    /// Without `@`.
    pub name: String,
    /// Arguments and operations.
    pub body: Arc<Region>,
    /// The types of what it gives.
    pub results: Vec<Ty>,
}

/// A module.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Module {
    /// Its functions.
    pub functions: Vec<Func>,
}

impl Module {
    /// The function of this name.
    pub fn function(&self, name: &str) -> Result<&Func> {
        let found = self.functions.iter().find(|f| f.name == name);
        found.ok_or_else(|| {
            let names: Vec<String> =
                self.functions.iter().map(|f| format!("@{}", f.name)).collect();
            let names = names.join(", ");
            Error::new(
                ErrorKind::InvalidArgument,
                format_args!("the module has no function @{name}; it has {names}"),
            )
        })
    }
}

impl Op {
    /// Whether it ends a region.
    pub fn is_return(&self) -> bool {
        matches!(self.name.as_str(), "stablehlo.return" | "func.return" | "return")
    }

    /// An error about this operation: `line 3, column 5: stablehlo.fft needs …`.
    pub fn error(&self, kind: ErrorKind, text: impl fmt::Display) -> Error {
        Error::new(kind, format_args!("{}: {} {text}", self.place, self.name))
    }

    /// The attribute of this name, if there is one.
    pub fn attribute(&self, name: &str) -> Option<&Attr> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    fn wrong(&self, name: &str, need: &str, got: Option<&Attr>) -> Error {
        let got = got.map_or_else(|| "none".to_owned(), |got| format!("{got:?}"));
        self.error(ErrorKind::InvalidArgument, format_args!("needs {need} as {name}, got {got}"))
    }

    /// Whole numbers; none where the attribute is missing.
    pub fn ints(&self, name: &str) -> Result<Vec<i64>> {
        let Some(attribute) = self.attribute(name) else { return Ok(Vec::new()) };
        ints(attribute).ok_or_else(|| self.wrong(name, "whole numbers", Some(attribute)))
    }

    /// Axes or sizes; none where the attribute is missing.
    pub fn sizes(&self, name: &str) -> Result<SmallVec<[usize; 4]>> {
        let numbers = self.ints(name)?;
        let sizes = numbers.into_iter().map(|n| usize::try_from(n).ok()).collect::<Option<_>>();
        sizes.ok_or_else(|| self.wrong(name, "numbers of at least 0", self.attribute(name)))
    }

    /// One whole number.
    pub fn int(&self, name: &str) -> Result<i64> {
        match self.attribute(name).and_then(ints).as_deref() {
            Some(&[number]) => Ok(number),
            _ => Err(self.wrong(name, "a whole number", self.attribute(name))),
        }
    }

    /// One axis or size.
    pub fn size(&self, name: &str) -> Result<usize> {
        let number = usize::try_from(self.int(name)?).ok();
        number.ok_or_else(|| self.wrong(name, "a number of at least 0", self.attribute(name)))
    }

    /// A truth; false where the attribute is missing.
    pub fn flag(&self, name: &str) -> Result<bool> {
        match self.attribute(name) {
            None => Ok(false),
            Some(Attr::Bool(flag)) => Ok(*flag),
            Some(Attr::Unit) => Ok(true),
            other => Err(self.wrong(name, "true or false", other)),
        }
    }

    /// A word, with or without quotes.
    pub fn word(&self, name: &str) -> Result<&str> {
        match self.attribute(name) {
            Some(Attr::Word(word) | Attr::Text(word) | Attr::Symbol(word)) => Ok(word),
            other => Err(self.wrong(name, "a word", other)),
        }
    }

    /// The type of its one array.
    pub fn result_type(&self) -> Result<&Type> {
        match self.results.as_slice() {
            [(_, Ty::Tensor(ty))] => Ok(ty),
            _ => Err(self.error(ErrorKind::InvalidArgument, "needs one array as result")),
        }
    }

    /// The type of the elements of its one array.
    pub fn result_dtype(&self) -> Result<DType> {
        match self.results.as_slice() {
            [(_, ty)] if ty.dtype().is_some() => Ok(ty.dtype().unwrap_or(DType::F32)),
            _ => Err(self.error(ErrorKind::InvalidArgument, "needs one array as result")),
        }
    }

    /// The region of some number.
    pub fn region(&self, index: usize) -> Result<&Arc<Region>> {
        self.regions.get(index).ok_or_else(|| {
            let need = format_args!("needs more regions than {}", self.regions.len()).to_string();
            self.error(ErrorKind::InvalidArgument, need)
        })
    }
}

/// The whole numbers that an attribute holds, in whichever way; truths are 0 and 1.
fn ints(attribute: &Attr) -> Option<Vec<i64>> {
    Some(match attribute {
        Attr::Int(number) => vec![i64::try_from(*number).ok()?],
        Attr::Bool(flag) => vec![i64::from(*flag)],
        Attr::List(items) => {
            items.iter().map(ints).collect::<Option<Vec<_>>>()?.into_iter().flatten().collect()
        }
        Attr::Dense(literal) if literal.ty().dtype.is_integer() || literal.ty().dtype.is_bool() => {
            literal.iter().map(|element| element.as_i64()).collect()
        }
        _ => return None,
    })
}

//! The operation table: every operation once, with its name, documentation, operands, attributes and the
//! function that does it.
//!
//! The typed C functions (`jaxrs_op_<name>`), their documentation, the JSON description and the operation
//! layers of the bindings are generated from it, and `jaxrs_apply` runs it. Where `lax` and `numpy` share a
//! name, the operation here is NumPy's, which promotes and broadcasts.

mod aliases;
mod along;
mod annotate;
mod apply;
mod arrange;
mod at;
mod collective;
mod complex;
mod create;
mod distributions;
mod elementwise;
mod fourier;
mod image;
mod index;
mod initializers;
mod linalg;
mod masked;
mod nn;
mod numbers;
mod optimizers;
mod product;
mod random;
mod reduce;
mod samples;
mod search;
mod shapes;
mod signal;
mod sparse;
mod spatial;
mod special;
mod statistics;
mod window;

pub use aliases::ALIASES;
pub use apply::apply;
use jaxrs_data::{DType, Error, ErrorKind, Result, SmallVec, bail};
use jaxrs_ir::{Outputs, Value};
use jaxrs_transform::Scope;

/// An operation.
pub struct Op {
    /// Its name, which is that of the C function after `jaxrs_op_`.
    pub name: &'static str,
    /// What it does, in one or more sentences.
    pub doc: &'static str,
    /// The arrays that it takes, in order; only the last may be a list.
    pub operands: &'static [Operand],
    /// What else it takes, in order.
    pub attributes: &'static [Attribute],
    /// What it gives.
    pub results: Results,
    /// Does it; attributes are complete and in order.
    pub run: fn(&Scope, &[Value], &[Attr<'_>]) -> Result<Outputs>,
}

/// An array that an operation takes.
#[derive(Clone, Copy, Debug)]
pub struct Operand {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a list of arrays.
    pub variadic: bool,
}

/// Something other than an array that an operation takes.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// Its value where none is given; without one it has to be given.
    pub default: Option<Attr<'static>>,
    /// What it means.
    pub doc: &'static str,
}

/// What an operation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Results {
    /// One array.
    One,
    /// A list of arrays.
    List,
}

/// What an attribute is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A number.
    I64,
    /// An axis, or none.
    Axis,
    /// A list of numbers.
    I64s,
    /// A floating-point number.
    F64,
    /// Yes or no.
    Bool,
    /// An element type; or none, which stands for a default that the documentation names.
    DType,
    /// One of a few words.
    Str,
}

/// The value of an attribute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Attr<'a> {
    /// See [`Kind::I64`].
    I64(i64),
    /// See [`Kind::Axis`].
    Axis(Option<i64>),
    /// See [`Kind::I64s`].
    I64s(&'a [i64]),
    /// See [`Kind::F64`].
    F64(f64),
    /// See [`Kind::Bool`].
    Bool(bool),
    /// See [`Kind::DType`].
    DType(Option<DType>),
    /// See [`Kind::Str`].
    Str(&'a str),
}

/// What stands for no axis in a number; `JAXRS_AXIS_NONE` in C.
pub const AXIS_NONE: i64 = i64::MIN;

impl Attr<'_> {
    /// What it is.
    pub fn kind(&self) -> Kind {
        match self {
            Attr::I64(_) => Kind::I64,
            Attr::Axis(_) => Kind::Axis,
            Attr::I64s(_) => Kind::I64s,
            Attr::F64(_) => Kind::F64,
            Attr::Bool(_) => Kind::Bool,
            Attr::DType(_) => Kind::DType,
            Attr::Str(_) => Kind::Str,
        }
    }

    /// The same value as another kind, where it stands for one: numbers for axes, yes and no, element types.
    fn coerced(self, kind: Kind) -> Option<Self> {
        match (kind, self) {
            (Kind::Axis, Attr::I64(v)) => Some(Attr::Axis((v != AXIS_NONE).then_some(v))),
            (Kind::Bool, Attr::I64(v @ (0 | 1))) => Some(Attr::Bool(v == 1)),
            (Kind::DType, Attr::I64(0)) => Some(Attr::DType(None)),
            (Kind::DType, Attr::I64(v)) => {
                let dtype = u32::try_from(v).ok().and_then(DType::from_number)?;
                Some(Attr::DType(Some(dtype)))
            }
            (Kind::DType, Attr::Str(name)) => Some(Attr::DType(Some(DType::from_name(name)?))),
            (Kind::F64, Attr::I64(v)) => Some(Attr::F64(v as f64)),
            _ => (self.kind() == kind).then_some(self),
        }
    }
}

/// All operations by group, in the order of the documentation.
pub static GROUPS: &[(&str, &[Op])] = &[
    ("elementwise", elementwise::OPS),
    ("numbers", numbers::OPS),
    ("special functions", special::OPS),
    ("complex numbers", complex::OPS),
    ("reductions", reduce::OPS),
    ("reductions of picked elements", masked::OPS),
    ("products", product::OPS),
    ("linear algebra", linalg::OPS),
    ("convolutions and windows", window::OPS),
    ("Fourier transforms", fourier::OPS),
    ("images and grids", image::OPS),
    ("signals", signal::OPS),
    ("arrangement", arrange::OPS),
    ("indexing and sorting", index::OPS),
    ("indexing as in NumPy", at::OPS),
    ("slices along one axis, and shorthands", along::OPS),
    ("search, choice and sets", search::OPS),
    ("statistics, calculus, polynomials", statistics::OPS),
    ("creation", create::OPS),
    ("shapes, grids and diagonals", shapes::OPS),
    ("random numbers", random::OPS),
    ("neural networks and segments", nn::OPS),
    ("starting values", initializers::OPS),
    ("distributions", distributions::OPS),
    ("samples", samples::OPS),
    ("optimizers", optimizers::OPS),
    ("collectives", collective::OPS),
    ("sparse arrays", sparse::OPS),
    ("rotations", spatial::OPS),
    ("remarks", annotate::OPS),
];

/// All operations.
pub fn ops() -> impl Iterator<Item = &'static Op> {
    GROUPS.iter().flat_map(|(_, ops)| ops.iter())
}

/// The operation of a name.
pub const fn find(name: &str) -> Option<&'static Op> {
    let mut group = 0;
    while group < GROUPS.len() {
        let ops = GROUPS[group].1;
        let mut op = 0;
        while op < ops.len() {
            if is_equal(ops[op].name.as_bytes(), name.as_bytes()) {
                return Some(&ops[op]);
            }
            op += 1;
        }
        group += 1;
    }
    None
}

/// The operation of a name or of another name that JAX has for it.
pub fn resolve(name: &str) -> Option<&'static Op> {
    let alias = || ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, name)| *name);
    find(name).or_else(|| find(alias()?))
}

const fn is_equal(a: &[u8], b: &[u8]) -> bool {
    let mut i = 0;
    while i < a.len() && i < b.len() && a[i] == b[i] {
        i += 1;
    }
    i == a.len() && i == b.len()
}

/// The refusal of operands or attributes that the table does not promise.
#[cold]
fn mismatch(name: &str) -> Error {
    Error::new(
        ErrorKind::InvalidArgument,
        format_args!("{name} was run with operands or attributes that it does not have"),
    )
}

fn one(value: Result<Value>) -> Result<Outputs> {
    let mut outputs = Outputs::new();
    outputs.push(value?);
    Ok(outputs)
}

fn list(values: Result<Vec<Value>>) -> Result<Outputs> {
    Ok(values?.into_iter().collect())
}

/// A row: `op!("name", "doc", (x, y) { attribute: Kind = default, "doc"; } => |cx| …)`. A last operand in
/// brackets is a list; `=> list` gives a list.
macro_rules! op {
    ($name:literal, $doc:literal, ($($operand:ident),* $([$rest:ident])?)
     $({ $($attr:ident: $kind:ident $(= $default:expr)?, $attr_doc:expr;)* })?
     => |$cx:ident| $body:expr) => {
        op!(@row $name, $doc, ($($operand),* $([$rest])?)
            { $($($attr: $kind $(= $default)?, $attr_doc;)*)? } Results::One, one, $cx, $body)
    };
    ($name:literal, $doc:literal, ($($operand:ident),* $([$rest:ident])?)
     $({ $($attr:ident: $kind:ident $(= $default:expr)?, $attr_doc:expr;)* })?
     => list |$cx:ident| $body:expr) => {
        op!(@row $name, $doc, ($($operand),* $([$rest])?)
            { $($($attr: $kind $(= $default)?, $attr_doc;)*)? } Results::List, list, $cx, $body)
    };
    (@row $name:literal, $doc:literal, ($($operand:ident),* $([$rest:ident])?)
     { $($attr:ident: $kind:ident $(= $default:expr)?, $attr_doc:expr;)* }
     $results:expr, $wrap:ident, $cx:ident, $body:expr) => {
        Op {
            name: $name,
            doc: $doc,
            operands: &[
                $(Operand { name: stringify!($operand), variadic: false },)*
                $(Operand { name: stringify!($rest), variadic: true },)?
            ],
            attributes: &[$(Attribute {
                name: stringify!($attr),
                kind: Kind::$kind,
                default: op!(@default $kind $($default)?),
                doc: $attr_doc,
            },)*],
            results: $results,
            run: |$cx, operands, attrs| {
                op!(@bind $name, operands, ($($operand),*) $($rest)?);
                let [$($attr,)*] = attrs else { return Err(mismatch($name)) };
                $(let Attr::$kind($attr) = *$attr else { return Err(mismatch($name)) };)*
                $wrap($body)
            },
        }
    };
    (@bind $name:literal, $all:ident, () $rest:ident) => { let $rest = $all; };
    (@bind $name:literal, $all:ident, ($($operand:ident),*) $($rest:ident)?) => {
        let [$($operand,)* $($rest @ ..)?] = $all else { return Err(mismatch($name)) };
    };
    (@default $kind:ident $default:expr) => { Some(Attr::$kind($default)) };
    (@default $kind:ident) => { None };
}
use op;

/// What `axes` means for reductions.
const AXES: &str = "which axes; an empty list stands for all";
/// What `keepdims` means.
const KEEPDIMS: &str = "whether reduced axes stay with size 1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_found() {
        for op in ops() {
            assert_eq!(ops().filter(|other| other.name == op.name).count(), 1, "{}", op.name);
            assert!(std::ptr::eq(find(op.name).unwrap(), op), "{}", op.name);
        }
        assert!(find("no_such_operation").is_none());
    }

    #[test]
    fn other_names_are_no_names_and_stand_for_operations() {
        for (i, (alias, name)) in ALIASES.iter().enumerate() {
            assert!(find(alias).is_none(), "{alias} is an operation itself");
            assert!(find(name).is_some(), "{alias} stands for {name}, which is not there");
            assert!(ALIASES[..i].iter().all(|(other, _)| other != alias), "{alias} is there twice");
        }
    }

    #[test]
    fn defaults_are_of_their_attributes_kind_and_lists_come_last() {
        for op in ops() {
            for attribute in op.attributes {
                let kind = attribute.default.map(|default| default.kind());
                assert!(kind.is_none_or(|kind| kind == attribute.kind), "{}", op.name);
                assert!(!attribute.doc.is_empty(), "{}", op.name);
            }
            let lists = op.operands.iter().rev().skip(1).filter(|operand| operand.variadic);
            assert_eq!(lists.count(), 0, "{}", op.name);
            assert!(op.doc.ends_with('.'), "{}", op.name);
        }
    }

    #[test]
    fn operands_and_attributes_have_names_of_their_own_in_c() {
        for op in ops() {
            // What a C function has beside them: the scope, and the place for its results.
            let taken = ["s", if op.results == Results::List { "r" } else { "out" }];
            let operands = op.operands.iter().map(|operand| operand.name);
            let attributes = op.attributes.iter().map(|attribute| attribute.name);
            let names: Vec<&str> = operands.chain(attributes).collect();
            for (k, name) in names.iter().enumerate() {
                assert!(
                    !taken.contains(name) && !names[..k].contains(name),
                    "{} of {}",
                    name,
                    op.name
                );
            }
        }
    }
}

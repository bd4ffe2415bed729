//! The files of `jax.export`: a portable artifact, and what JAX has to know to call it.
//!
//! Source: `jax/_src/export/serialization.py` of JAX 0.10.2, which reads files of the serialization versions 2 to 11; the
//! numbers of fields here are those of its tables.

mod derivatives;
mod read;
mod write;

use std::cell::Cell;
use std::fmt;

use jaxrs_data::{DType, Result};

pub use derivatives::write_differentiable;
pub use write::write_exported;

use crate::{bytecode, flat};

/// What a file of `jax.export` says.
#[derive(Clone, Debug, PartialEq)]
pub struct Exported {
    /// The name of the function.
    pub name: String,
    /// The arguments, of which the module may take some only.
    pub in_avals: Vec<Aval>,
    /// How the caller holds the arguments.
    pub in_tree: Tree,
    /// The results.
    pub out_avals: Vec<Aval>,
    /// How the caller gets the results.
    pub out_tree: Tree,
    /// For which platforms it was lowered: `cpu`, `cuda`, …
    pub platforms: Vec<String>,
    /// On how many devices it runs.
    pub nr_devices: usize,
    /// By which rules its module is called.
    pub calling_convention_version: usize,
    /// Effects whose order counts, by the names of their types in Python.
    pub ordered_effects: Vec<String>,
    /// Effects whose order does not.
    pub unordered_effects: Vec<String>,
    /// What is not checked before a call.
    pub disabled_checks: Vec<DisabledCheck>,
    /// The arguments that the module takes, in order.
    pub module_kept_var_idx: Vec<usize>,
    /// Whether sizes and platform are global constants of the module.
    pub uses_global_constants: bool,
    /// The module, as a portable artifact.
    pub module: Vec<u8>,
    /// The function that takes arguments and cotangents of results, and gives cotangents of arguments.
    pub vjp: Option<Box<Exported>>,
}

/// The type of an argument or a result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aval {
    /// Of its elements.
    pub dtype: Element,
    /// Its sizes: numbers, or formulas of variables, as `2*b + 1`.
    pub shape: Vec<String>,
}

/// The type of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Element {
    /// Ours.
    Of(DType),
    /// That of tangents of integers, which has no values; modules have truths for it.
    Float0,
    /// A key of a random number generator; modules have this many words of 32 bits for it.
    Key(usize),
}

/// How a caller holds arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tree {
    /// One array.
    Leaf,
    /// Nothing.
    None,
    /// In a tuple.
    Tuple(Vec<Tree>),
    /// In a list.
    List(Vec<Tree>),
    /// By name.
    Dict(Vec<(String, Tree)>),
    /// In an object of a registered type: the name of the type, what it says beside, its parts.
    Custom(String, Vec<u8>, Vec<Tree>),
}

/// A check that a call does not do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DisabledCheck {
    /// That the platform is one that it was lowered for.
    Platform,
    /// That a custom call has a stable meaning.
    CustomCall(String),
    /// That sizes are as they were said to be.
    ShapeAssertions,
}

/// Whether bytes are a file of `jax.export`, as far as their beginning says: these files have no mark of their own.
pub fn is_exported(data: &[u8]) -> bool {
    let left = Cell::new(0);
    let module = flat::root(data, &left).and_then(|root| root.bytes(read::MODULE));
    module.is_ok_and(|module| module.starts_with(bytecode::MAGIC))
}

/// Reads a file of `jax.export`.
pub fn read_exported(data: &[u8]) -> Result<Exported> {
    let left = Cell::new(0);
    read::exported(&flat::root(data, &left)?)
}

impl fmt::Display for Aval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.dtype {
            Element::Of(dtype) => write!(f, "{dtype}")?,
            Element::Float0 => f.write_str("float0")?,
            Element::Key(_) => f.write_str("key")?,
        }
        write!(f, "[{}]", self.shape.join(","))
    }
}

/// As JAX prints it, with `*` for an array.
impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, parts: &[Tree]| {
            parts.iter().enumerate().try_for_each(|(k, part)| {
                f.write_str(if k > 0 { ", " } else { "" })?;
                part.fmt(f)
            })
        };
        match self {
            Tree::Leaf => f.write_str("*"),
            Tree::None => f.write_str("None"),
            Tree::Tuple(parts) => {
                f.write_str("(")?;
                list(f, parts)?;
                f.write_str(if parts.len() == 1 { ",)" } else { ")" })
            }
            Tree::List(parts) => {
                f.write_str("[")?;
                list(f, parts)?;
                f.write_str("]")
            }
            Tree::Dict(parts) => {
                f.write_str("{")?;
                for (k, (name, part)) in parts.iter().enumerate() {
                    write!(f, "{}'{name}': {part}", if k > 0 { ", " } else { "" })?;
                }
                f.write_str("}")
            }
            Tree::Custom(name, _, parts) => {
                write!(f, "{name}(")?;
                list(f, parts)?;
                f.write_str(")")
            }
        }
    }
}

impl fmt::Display for DisabledCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DisabledCheck::Platform => f.write_str("platform"),
            DisabledCheck::CustomCall(target) => write!(f, "custom_call({target})"),
            DisabledCheck::ShapeAssertions => f.write_str("shape_assertions"),
        }
    }
}

/// A line for each thing that there is to know.
impl fmt::Display for Exported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn list<T: fmt::Display>(items: &[T]) -> String {
            items.iter().map(T::to_string).collect::<Vec<_>>().join(", ")
        }
        let orders = std::iter::successors(self.vjp.as_deref(), |vjp| vjp.vjp.as_deref()).count();
        writeln!(f, "name {}", self.name)?;
        writeln!(f, "inputs {}", list(&self.in_avals))?;
        writeln!(f, "in_tree {}", self.in_tree)?;
        writeln!(f, "outputs {}", list(&self.out_avals))?;
        writeln!(f, "out_tree {}", self.out_tree)?;
        writeln!(f, "platforms {}", list(&self.platforms))?;
        writeln!(f, "nr_devices {}", self.nr_devices)?;
        writeln!(f, "calling_convention_version {}", self.calling_convention_version)?;
        writeln!(f, "module_kept_var_idx {}", list(&self.module_kept_var_idx))?;
        writeln!(f, "ordered_effects {}", list(&self.ordered_effects))?;
        writeln!(f, "unordered_effects {}", list(&self.unordered_effects))?;
        writeln!(f, "disabled_checks {}", list(&self.disabled_checks))?;
        writeln!(f, "uses_global_constants {}", self.uses_global_constants)?;
        writeln!(f, "module {} bytes", self.module.len())?;
        writeln!(f, "vjp_order {orders}")
    }
}

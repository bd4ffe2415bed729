//! Collectives: operations across the examples of a `vmap` whose axis has a name.
//!
//! The trace that batches over the axis resolves them ([`Primitive::batch_collective`]) into operations on
//! the array of all examples. One that is left over names an axis that nothing binds, and cannot run.

mod all_reduce;
mod axis_index;
mod exchange;
mod pvary;

use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, SmallVec};

pub use all_reduce::AllReduce;
pub use axis_index::AxisIndex;
pub use exchange::{AxisExchange, Exchange};
pub use pvary::Pvary;

use crate::prims::Primitive;
use crate::{Jaxpr, Param, ParamReader, Prim};

/// Names of axes.
pub type AxisNames = SmallVec<[Arc<str>; 1]>;

/// Whether a primitive, or a program that it holds, has a collective over this axis.
pub fn uses_axis(prim: &Prim, name: &str) -> bool {
    let in_program = |jaxpr: &Jaxpr| jaxpr.eqns.iter().any(|eqn| uses_axis(&eqn.prim, name));
    prim.axis_names().iter().any(|axis| **axis == *name)
        || prim.params().iter().any(|(_, param)| match param {
            Param::Jaxpr(jaxpr) => in_program(jaxpr),
            Param::Jaxprs(jaxprs) => jaxprs.iter().any(|jaxpr| in_program(jaxpr)),
            _ => false,
        })
}

/// The refusal of a collective outside of its axis.
#[cold]
fn unbound<T>(prim: &dyn Primitive) -> Result<T> {
    let names = prim.axis_names();
    Err(Error::new(
        ErrorKind::InvalidArgument,
        format_args!(
            "{} runs over axis '{}', which no vmap around binds",
            prim.name(),
            names.join(",")
        ),
    ))
}

/// Axis names as one parameter; no name has a comma.
fn names_param(names: &[Arc<str>]) -> Param {
    Param::Name(names.join(","))
}

fn read_names(read: &ParamReader<'_>, key: &str) -> Result<AxisNames> {
    Ok(read.name(key)?.split(',').map(Arc::from).collect())
}

/// The names but one.
fn without(names: &[Arc<str>], name: Option<&Arc<str>>) -> AxisNames {
    names.iter().filter(|other| Some(*other) != name).cloned().collect()
}

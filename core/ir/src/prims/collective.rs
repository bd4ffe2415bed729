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

#[cfg(test)]
mod tests {
    use jaxrs_data::{DType, Type};
    use jaxrs_kernel::ReduceOp;

    use super::*;

    fn names(names: &[&str]) -> AxisNames {
        names.iter().map(|&name| Arc::from(name)).collect()
    }

    fn exchange(how: Exchange) -> Prim {
        AxisExchange::new("i".into(), 2, how).into()
    }

    fn collectives() -> Vec<Prim> {
        let reduce = |op| AllReduce { op, axes: names(&["i", "rows of x"]) }.into();
        vec![
            reduce(ReduceOp::Add),
            reduce(ReduceOp::Max),
            reduce(ReduceOp::Min),
            AxisIndex::new("i".into()).into(),
            Pvary { axes: names(&["i"]) }.into(),
            exchange(Exchange::Gather { dimension: 1, tiled: false }),
            exchange(Exchange::ReduceScatter { dimension: 0, tiled: true }),
            exchange(Exchange::AllToAll { split: 0, concat: 1 }),
            exchange(Exchange::Permute { pairs: vec![(0, 1), (1, 0)] }),
            exchange(Exchange::Permute { pairs: vec![] }),
        ]
    }

    #[test]
    fn collectives_read_back_as_they_are_printed() {
        for prim in collectives() {
            let operand = Type::new(DType::F32, [4, 3]);
            let inputs = if prim.name() == "axis_index" { vec![] } else { vec![operand] };
            let mut jaxpr = Jaxpr::default();
            let invars: Vec<_> = inputs.iter().map(|ty| jaxpr.add_invar(ty.clone())).collect();
            let out = prim.output_types(&inputs).unwrap().swap_remove(0);
            let output = jaxpr.fresh_var(out);
            jaxpr.outputs = vec![crate::Atom::Var(output)];
            jaxpr.eqns.push(crate::Eqn {
                prim: prim.clone(),
                inputs: invars.into_iter().map(crate::Atom::Var).collect(),
                outputs: SmallVec::from_iter([output]),
                name_stack: None,
            });
            let text = jaxpr.to_string();
            let read: Jaxpr = text.parse().unwrap_or_else(|err: Error| panic!("{text}: {err}"));
            assert_eq!(read.eqns[0].prim, prim, "{text}");
            assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn collectives_alone_cannot_run() {
        for prim in collectives() {
            let error = prim.evaluate(&[]).unwrap_err().to_string();
            assert!(error.ends_with("which no vmap around binds"), "{error}");
        }
    }
}

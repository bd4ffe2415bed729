//! Programs in files, with arrays for constants: [`jaxrs_ir::portable`].

mod prints;
mod rules;

use std::sync::Arc;

use jaxrs_data::Result;
use jaxrs_ir::portable::PortableProgram;
use jaxrs_ir::{Jaxpr, Param, Prim};
use jaxrs_runtime::Array;

pub(crate) use prints::{is_silent, printing};

use crate::{ClosedJaxpr, Scope, to_array, value_from_array};

/// The file of a program, in the portable format. Constants are arrays: a program that holds values of a trace under
/// way is an error, and so is one with callbacks. Rules for derivatives are traced, in the scope, for the types that they
/// are applied to.
pub fn save(name: &str, program: &ClosedJaxpr, scope: &Scope) -> Result<Vec<u8>> {
    let consts = program.consts.iter().map(|value| to_array(value)?.to_literal());
    let consts = consts.collect::<Result<Vec<_>>>()?;
    let mut jaxpr = rules::as_programs(&program.jaxpr, scope);
    if jaxpr.n_consts != consts.len() {
        Arc::make_mut(&mut jaxpr).n_consts = consts.len();
    }
    PortableProgram { name: name.to_owned(), jaxpr, consts }.to_bytes()
}

/// The name and the program of a file in the portable format.
pub fn load(bytes: &[u8]) -> Result<(String, ClosedJaxpr)> {
    let PortableProgram { name, jaxpr, consts } = PortableProgram::from_bytes(bytes)?;
    let array = |literal| Array::from_literal(literal).map(value_from_array);
    let consts = consts.iter().map(array).collect::<Result<_>>()?;
    Ok((name, ClosedJaxpr { jaxpr, consts }))
}

/// The program with what its primitives become; the very same where all stay as they are.
fn with_prims(jaxpr: &Arc<Jaxpr>, mut become_of: impl FnMut(&Prim) -> Option<Prim>) -> Arc<Jaxpr> {
    let mut changed: Option<Jaxpr> = None;
    for (k, eqn) in jaxpr.eqns.iter().enumerate() {
        if let Some(prim) = become_of(&eqn.prim) {
            changed.get_or_insert_with(|| (**jaxpr).clone()).eqns[k].prim = prim;
        }
    }
    changed.map_or_else(|| jaxpr.clone(), Arc::new)
}

/// A primitive that holds programs, with what they become; nothing where they stay as they are.
fn replaced(prim: &Prim, become_of: &mut dyn FnMut(&Arc<Jaxpr>) -> Arc<Jaxpr>) -> Option<Prim> {
    if prim.programs().is_empty() {
        return None;
    }
    let mut is_changed = false;
    let mut inner = |jaxpr: &Arc<Jaxpr>| {
        let new = become_of(jaxpr);
        is_changed |= !Arc::ptr_eq(&new, jaxpr);
        new
    };
    let mut params: Vec<(String, Param)> = Vec::new();
    for (name, value) in prim.params() {
        let value = match value {
            Param::Jaxpr(jaxpr) => Param::Jaxpr(inner(&jaxpr)),
            Param::Jaxprs(all) => Param::Jaxprs(all.iter().map(&mut inner).collect()),
            other => other,
        };
        params.push((name.to_owned(), value));
    }
    if is_changed { Prim::from_params(prim.name(), &params).ok() } else { None }
}

//! Whole programs: values, and derivatives in both modes.

use std::sync::Arc;

use jaxrs_data::tolerance::Class;
use jaxrs_ir::{Jaxpr, Value};
use jaxrs_transform::{
    ClosedJaxpr, Function, JitOptions, VmapOptions, function_from_jaxpr, jit, vmap,
};

use crate::primitives::{compare, derivatives_agree, engine, literals};
use crate::rows::Row;

/// The function that a row's program is, for several examples at once where it names an axis.
fn function(row: &Row) -> Result<Function, String> {
    let text = row.params["program"].as_str().unwrap();
    let jaxpr: Jaxpr = text.parse().map_err(|err: jaxrs_data::Error| format!("{text}: {err}"))?;
    jaxrs_ir::check::check(&jaxpr).map_err(|err| format!("{text}: {err:?}"))?;
    let program = ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts: Vec::new() };
    let f = function_from_jaxpr(&row.op, program);
    Ok(match row.params["axis"].as_str() {
        Some(axis) => {
            vmap(&f, VmapOptions { axis_name: Some(axis.into()), ..VmapOptions::default() })
        }
        None => f,
    })
}

/// The row's results and derivatives are ours too, by definition and compiled.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let f = function(row)?;
    let context = engine();
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let defined = literals(f.call(&context.root(), &inputs))?;
    compare("definition", defined.iter(), &row.outputs, Class::Accumulated)?;
    let compiled = literals(jit(&f, JitOptions::default()).call(&context.root(), &inputs))?;
    compare("compiled", compiled.iter(), &row.outputs, Class::Accumulated)?;
    match &row.derivatives {
        Some(derivatives) => derivatives_agree(&context.root(), &f, row, derivatives),
        None => Ok(()),
    }
}

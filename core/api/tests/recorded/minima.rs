//! Minima that are searched for.

use jaxrs_api::numpy;
use jaxrs_api::optimize::{MinimizeOptions, minimize};
use jaxrs_data::Result;
use jaxrs_data::tolerance::Class;
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, Scope};

use crate::primitives::{compare, literals};
use crate::rows::Row;

/// The functions of tests/recorded/minima.py.
fn function(name: &str) -> Function {
    let sum = |cx: &Scope, x: &Value| Ok(vec![numpy::sum(cx, x, &[], false)?]);
    match name {
        "parabola" => Function::new("parabola", move |cx: &Scope, x: &[Value]| {
            sum(cx, &numpy::square(cx, &numpy::subtract(cx, &x[0], &x[1])?)?)
        }),
        "rosenbrock" => Function::new("rosenbrock", move |cx: &Scope, x: &[Value]| {
            let n = x[0].shape()[0];
            let (low, high) = (
                jaxrs_ir::ops::slice_in_dim(cx, &x[0], 0, 0, n - 1)?,
                jaxrs_ir::ops::slice_in_dim(cx, &x[0], 0, 1, n)?,
            );
            let bend = numpy::subtract(cx, &high, &numpy::square(cx, &low)?)?;
            let bend = numpy::multiply(cx, &x[1], &numpy::square(cx, &bend)?)?;
            let one = numpy::full_like(cx, &low, 1.0, None)?;
            let rest = numpy::square(cx, &numpy::subtract(cx, &one, &low)?)?;
            sum(cx, &numpy::add(cx, &bend, &rest)?)
        }),
        "waves" => Function::new("waves", move |cx: &Scope, x: &[Value]| {
            let three = numpy::full_like(cx, &x[0], 3.0, None)?;
            let wave = numpy::sin(cx, &numpy::multiply(cx, &three, &x[0])?)?;
            let bowl = numpy::multiply(cx, &x[1], &numpy::square(cx, &x[0])?)?;
            sum(cx, &numpy::add(cx, &wave, &bowl)?)
        }),
        _ => Function::new("valley", move |cx: &Scope, x: &[Value]| {
            let n = x[0].shape()[0] as f64;
            let numbers = numpy::arange(cx, 1.0, n + 1.0, 1.0, x[0].ty().dtype)?;
            let square = numpy::square(cx, &numpy::multiply(cx, &x[0], &numbers)?)?;
            let one = numpy::full_like(cx, &square, 1.0, None)?;
            let inside = numpy::add(cx, &one, &numpy::multiply(cx, &x[1], &square)?)?;
            sum(cx, &numpy::log(cx, &inside)?)
        }),
    }
}

fn found(row: &Row) -> Result<Vec<Value>> {
    let context = Context::new(ContextOptions { wide_defaults: true, ..ContextOptions::default() });
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let f = function(row.params["function"].as_str().unwrap());
    let default = MinimizeOptions::default();
    let options = MinimizeOptions {
        maxiter: row.params.get("maxiter").map(|n| n.as_u64().unwrap() as usize),
        gtol: row.params.get("gtol").map_or(default.gtol, |gtol| gtol.as_f64().unwrap()),
        ..default
    };
    minimize(&context.root(), &f, &inputs[0], &inputs[1..], options)
}

/// How far numbers may be apart after steps that have each enlarged the roundings before it.
const APART: f64 = 1e-9;

/// The way there is JAX's in double precision: where it ends, what it says of it, and how many steps it takes. In single
/// precision roundings decide on steps, and the end is compared.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let results = literals(found(row))?;
    let is_single = row.outputs.len() == 2;
    let bound = if is_single { 0.1 * row.float("gtol").sqrt() } else { APART };
    for (k, (got, expected)) in results.iter().zip(&row.outputs).enumerate() {
        if !expected.ty().dtype.is_float() {
            compare(
                &format!("result {k}"),
                std::iter::once(got),
                std::slice::from_ref(expected),
                Class::Exact,
            )?;
            continue;
        }
        for (x, y) in got.to_f64s().iter().zip(expected.to_f64s()) {
            if (x - y).abs() > bound * (1.0 + y.abs()) {
                return Err(format!("result {k}: got {x}, expected {y}"));
            }
        }
    }
    Ok(())
}

//! Operations of the table, above the primitives: values, and derivatives in both modes.

use jaxrs_api::table::{self, Attr};
use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, ErrorKind, Literal, Result};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, Settings, VmapOptions, vmap};
use serde_json::Value as Json;

use crate::primitives::{compare, derivatives_agree, literals};
use crate::rows::Row;

/// An attribute that owns its value.
pub(crate) enum Owner {
    I64(i64),
    I64s(Vec<i64>),
    F64(f64),
    Bool(bool),
    Str(String),
}

impl Owner {
    pub(crate) fn new(json: &Json) -> Owner {
        match json {
            Json::Bool(value) => Owner::Bool(*value),
            Json::String(word) => Owner::Str(word.clone()),
            Json::Array(items) => Owner::I64s(items.iter().filter_map(Json::as_i64).collect()),
            other => match other.as_i64() {
                Some(value) => Owner::I64(value),
                None => Owner::F64(other.as_f64().unwrap()),
            },
        }
    }

    pub(crate) fn attr(&self) -> Attr<'_> {
        match self {
            Owner::I64(value) => Attr::I64(*value),
            Owner::I64s(values) => Attr::I64s(values),
            Owner::F64(value) => Attr::F64(*value),
            Owner::Bool(value) => Attr::Bool(*value),
            Owner::Str(word) => Attr::Str(word),
        }
    }
}

/// The operation with the row's attributes, as a function of its operands.
fn function(row: &Row) -> Function {
    let params = row.params.as_object().unwrap();
    let attrs: Vec<(String, Owner)> =
        params.iter().map(|(name, value)| (name.clone(), Owner::new(value))).collect();
    let op = row.op.clone();
    Function::new(row.op.as_str(), move |cx, inputs| {
        let attrs: Vec<(&str, Attr<'_>)> =
            attrs.iter().map(|(name, value)| (name.as_str(), value.attr())).collect();
        Ok(table::apply(cx, &op, inputs, &attrs)?.into_iter().collect())
    })
}

/// The row's results and derivatives are ours too. The recording has 64-bit defaults.
fn agrees_alone(row: &Row, settings: Settings) -> Result<(), String> {
    let context = context(settings);
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let f = function(row);
    let results = f.call(&context.root(), &inputs);
    // Weak results have no counterpart in the recording.
    let strong = |x: Literal| {
        let ty = x.ty().with_weak(false);
        x.with_type(ty).unwrap()
    };
    let results: Vec<Literal> = literals(results)?.into_iter().map(strong).collect();
    compare("values", results.iter(), &row.outputs, Class::Accumulated)?;
    match &row.derivatives {
        Some(derivatives) => derivatives_agree(&context.root(), &f, row, derivatives),
        None => Ok(()),
    }
}

/// The operation gives what it gave in JAX; and mapped over two examples what it gives for each.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    agrees_with(row, Settings::default())
}

/// The same, where Threefry is drawn from in JAX's first way.
pub(crate) fn agrees_in_the_first_way(row: &Row) -> Result<(), String> {
    agrees_with(row, Settings { original_threefry: true, ..Settings::default() })
}

fn context(settings: Settings) -> Context {
    Context::new(ContextOptions { wide_defaults: true, settings, ..ContextOptions::default() })
}

fn agrees_with(row: &Row, settings: Settings) -> Result<(), String> {
    agrees_alone(row, settings)?;
    if row.inputs.is_empty() || draws_for_all_examples(row) {
        return Ok(());
    }
    let context = context(settings);
    let f = function(row);
    let examples = [row.inputs.clone(), row.inputs.iter().map(turned).collect()];
    let values =
        |inputs: &[Literal]| inputs.iter().cloned().map(Value::literal).collect::<Vec<_>>();
    let stacked: Vec<Literal> =
        examples[0].iter().zip(&examples[1]).map(|(x, y)| stack(x, y)).collect();
    let mapped = vmap(&f, VmapOptions::default()).call(&context.root(), &values(&stacked));
    // What has to be known to tell the shape of a result cannot be mapped over.
    if mapped.as_ref().is_err_and(|error| error.kind() == ErrorKind::Concretization) {
        return Ok(());
    }
    let single = |inputs: &Vec<Literal>| literals(f.call(&context.root(), &values(inputs)));
    let (first, second) = (single(&examples[0])?, single(&examples[1])?);
    let expected: Vec<Literal> = first.iter().zip(&second).map(|(x, y)| stack(x, y)).collect();
    compare("batched", literals(mapped)?.iter(), &expected, Class::Accumulated)
}

/// Whether the numbers of all examples come from one stream, as JAX has it for generators of the machine.
fn draws_for_all_examples(row: &Row) -> bool {
    let is_of_machine = |x: &Literal| matches!(x.ty().dtype, DType::KeyRbg | DType::KeyUrbg);
    row.op == "rng_bit_generator" || row.inputs.iter().any(is_of_machine)
}

/// The elements in reverse order.
fn turned(x: &Literal) -> Literal {
    Literal::from_fn(x.ty().clone(), |i| x.get(x.len() - 1 - i))
}

fn stack(x: &Literal, y: &Literal) -> Literal {
    let ty = x.ty().with_shape(x.ty().shape.with(0, 2));
    let n = x.len();
    Literal::from_fn(ty, |i| if i < n { x.get(i) } else { y.get(i - n) })
}

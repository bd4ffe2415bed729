//! Values of operations, as JAX 0.10.2 gives them, and what they
//! say of operands that do not fit.
#![expect(clippy::unwrap_used, reason = "a failing test panics")]

mod contract;
mod elementwise;
mod movement;
mod windows;

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::{Jaxpr, Prim};

/// The primitive of a call as programs write it: `pad[padding_config=((0, 1, 0),)]`.
fn prim(call: &str, operands: usize) -> Prim {
    let names: Vec<String> = (0..operands).map(|k| format!("x{k}")).collect();
    let binders: Vec<String> = names.iter().map(|name| format!("{name}:f32[]")).collect();
    let (binders, names) = (binders.join(" "), names.join(" "));
    let text = format!("{{ lambda ; {binders}. let y:f32[] = {call} {names} in (y,) }}");
    let jaxpr: Jaxpr = text.parse().unwrap();
    jaxpr.eqns[0].prim.clone()
}

/// Applies a primitive; shows the results, or the error.
#[track_caller]
fn check(call: &str, inputs: &[Literal], expected: &str) {
    let prim = prim(call, inputs.len());
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let results = prim.output_types(&types).and_then(|_| prim.evaluate(inputs));
    let got = match results {
        Ok(results) => results.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
        Err(err) => format!("error: {err}"),
    };
    assert_eq!(got, expected);
}

/// 1, 2, 3, … as `f32`.
fn count(shape: &[usize]) -> Literal {
    Literal::from_fn(Type::new(DType::F32, shape), |k| Scalar::Float(k as f64 + 1.0))
}

fn f32s(values: &[f32]) -> Literal {
    Literal::f32([values.len()], values)
}

/// An integer or bool array.
fn ints(dtype: DType, shape: &[usize], values: &[i64]) -> Literal {
    let values: Vec<Scalar> = values.iter().map(|&value| Scalar::Int(value)).collect();
    Literal::from_scalars(Type::new(dtype, shape), &values)
}

fn i32s(shape: &[usize], values: &[i64]) -> Literal {
    ints(DType::I32, shape, values)
}

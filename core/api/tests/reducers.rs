//! Reductions by functions: what they become, their derivatives, and refusals.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::slice::from_ref;

use jaxrs_api::lax::{self, Padding, WindowOptions};
use jaxrs_data::{Literal, Result, Scalar};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Context, ContextOptions, Function, Scope, grad, jvp, make_jaxpr, to_array};

fn array(values: &[f32]) -> Value {
    Value::literal(Literal::f32([values.len()], values))
}

fn number(value: f32) -> Value {
    Value::literal(Literal::f32([], &[value]))
}

fn elements(value: &Value) -> Vec<f64> {
    to_array(value).unwrap().to_literal().unwrap().to_f64s()
}

fn binary(op: Binary) -> Function {
    Function::new("computation", move |cx: &Scope, x: &[Value]| {
        Ok(vec![ops::binary(cx, op, &x[0], &x[1])?])
    })
}

/// The reduction of a vector by an operation.
fn reduction(op: Binary, init: f32) -> Function {
    Function::new("reduction", move |cx: &Scope, x: &[Value]| {
        lax::reduce_by(cx, x, &[number(init)], &binary(op), &[0])
    })
}

/// The reduction of windows of three elements, two apart.
fn windows(op: Binary, init: f32) -> Function {
    Function::new("windows", move |cx: &Scope, x: &[Value]| {
        let options = WindowOptions {
            dimensions: &[3],
            strides: &[2],
            padding: Padding::Explicit(&[(1, 0)]),
            ..WindowOptions::default()
        };
        lax::reduce_window(cx, x, &[number(init)], &binary(op), &options)
    })
}

#[track_caller]
fn becomes(f: &Function, primitive: &str) {
    let context = Context::new(ContextOptions::default());
    let x = array(&[1.0, 2.0, 3.0]);
    let program = make_jaxpr(f, &context.root(), &[x.ty().clone()]).unwrap().jaxpr;
    assert_eq!(program.eqns[0].prim.name(), primitive);
    assert_eq!(program.eqns.len(), 1);
}

#[test]
fn known_operations_that_begin_with_their_identity_are_primitives_of_their_own() {
    becomes(&reduction(Binary::Add, 0.0), "reduce_sum");
    becomes(&reduction(Binary::Mul, 1.0), "reduce_prod");
    becomes(&reduction(Binary::Max, f32::NEG_INFINITY), "reduce_max");
    becomes(&reduction(Binary::Min, f32::INFINITY), "reduce_min");
    becomes(&windows(Binary::Add, 0.0), "reduce_window_sum");
    becomes(&windows(Binary::Max, f32::NEG_INFINITY), "reduce_window_max");
    becomes(&windows(Binary::Min, f32::INFINITY), "reduce_window_min");
}

#[test]
fn others_are_reductions_by_programs() {
    becomes(&reduction(Binary::Add, 1.0), "reduce");
    becomes(&reduction(Binary::Sub, 0.0), "reduce");
    becomes(&windows(Binary::Mul, 1.0), "reduce_window");
    becomes(&windows(Binary::Max, 0.0), "reduce_window");
}

#[test]
fn gradients_of_reductions_by_programs_are_those_of_what_the_programs_do() {
    let context = Context::new(ContextOptions::default());
    let product = grad(&reduction(Binary::Mul, 2.0), Default::default());
    // As in JAX the initial value is no part of the derivative, unless halves are filled up with it.
    let gradient = product.call(&context.root(), &[array(&[1.0, 2.0, 0.0, 5.0])]).unwrap();
    assert_eq!(elements(&gradient[0]), [0.0, 0.0, 10.0, 0.0]);
}

#[test]
fn tangents_of_windows_go_along_with_results() {
    let context = Context::new(ContextOptions::default());
    let (x, dx) = (array(&[3.0, 2.0, 5.0, 4.0]), array(&[1.0, 10.0, 100.0, 1000.0]));
    let both = jvp(&windows(Binary::Mul, 1.0)).call(&context.root(), &[x, dx]).unwrap();
    assert_eq!(elements(&both[0]), [6.0, 40.0]);
    assert_eq!(elements(&both[1]), [32.0, 10.0 * 20.0 + 100.0 * 8.0 + 1000.0 * 10.0]);
}

#[test]
fn several_operands_are_reduced_together() {
    let context = Context::new(ContextOptions::default());
    let both = Function::new("both", |cx: &Scope, x: &[Value]| -> Result<Vec<Value>> {
        let sum = ops::add(cx, &x[0], &x[2])?;
        Ok(vec![sum, ops::binary(cx, Binary::Max, &x[1], &x[3])?])
    });
    let operands = [array(&[1.0, 2.0, 3.0]), array(&[7.0, 9.0, 8.0])];
    let inits = [number(10.0), number(0.0)];
    let results = lax::reduce_by(&context.root(), &operands, &inits, &both, &[-1]).unwrap();
    assert_eq!(results.iter().flat_map(elements).collect::<Vec<_>>(), [16.0, 9.0]);
}

#[track_caller]
fn refused(operands: &[Value], inits: &[Value], computation: &Function, expected: &str) {
    let context = Context::new(ContextOptions::default());
    let result = lax::reduce_by(&context.root(), operands, inits, computation, &[0]);
    let err = result.map(drop).unwrap_err();
    assert!(err.message().contains(expected), "{}", err.message());
}

#[test]
fn computations_that_do_not_fit_are_refused() {
    let (x, zero, add) = (array(&[1.0, 2.0]), number(0.0), binary(Binary::Add));
    refused(&[], &[], &add, "reduce needs operands and an initial value for each, got 0 and 0");
    refused(from_ref(&x), &[], &add, "reduce needs operands and an initial value for each");
    let whole = Value::literal(Literal::scalar(jaxrs_data::DType::I32, Scalar::Int(1)));
    refused(
        from_ref(&x),
        &[whole],
        &binary(Binary::Sub),
        "needs a scalar of its type as initial value of f32[2], got i32[]",
    );
    let outside = array(&[1.0]);
    let closes = Function::new("closes", move |cx: &Scope, x: &[Value]| {
        let outside = ops::squeeze(cx, &outside, [0])?;
        Ok(vec![ops::add(cx, &x[0], &outside)?])
    });
    refused(from_ref(&x), from_ref(&zero), &closes, "'closes' uses 1 values from outside");
    let compares = Function::new("compares", |cx: &Scope, x: &[Value]| {
        Ok(vec![ops::compare(cx, jaxrs_kernel::Compare::Lt, &x[0], &x[1])?])
    });
    refused(&[x], &[zero], &compares, "reduce needs a reducer from scalars (f32, f32) to (f32)");
}

//! The order of the largest elements where recordings cannot tell, derivatives and refusals.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_api::lax;
use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, to_array, vjp};

fn positions(x: Literal, k: i64) -> Vec<f64> {
    let context = Context::new(ContextOptions::default());
    let top = Function::new("top", move |cx, inputs| Ok(lax::top_k(cx, &inputs[0], k, -1)?.into()));
    let results = top.call(&context.root(), &[Value::literal(x)]).unwrap();
    to_array(&results[1]).unwrap().to_literal().unwrap().to_f64s()
}

#[test]
fn floats_are_in_their_total_order() {
    let x = [0.0, -0.0, f32::NAN, 1.0, 1.0, -f32::NAN, f32::INFINITY, -0.0, 0.0];
    let expected = [2.0, 6.0, 3.0, 4.0, 0.0, 8.0, 1.0, 7.0, 5.0];
    assert_eq!(positions(Literal::f32([9], &x), 9), expected);
    assert_eq!(positions(of_bits(DType::F16, 0x7e00, 0x3c00, 0x7c00), 9), expected);
    assert_eq!(positions(of_bits(DType::BF16, 0x7fc0, 0x3f80, 0x7f80), 9), expected);
}

/// The same numbers in 16 bits, from those of NaN, one and infinity.
fn of_bits(dtype: DType, nan: u16, one: u16, infinity: u16) -> Literal {
    let sign = 0x8000;
    let x: [u16; 9] = [0, sign, nan, one, one, nan | sign, infinity, sign, 0];
    let bytes: Vec<u8> = x.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    Literal::from_bytes(Type::new(dtype, [9]), bytes).unwrap()
}

#[test]
fn each_cotangent_goes_to_the_element_that_was_chosen() {
    let context = Context::new(ContextOptions::default());
    let top =
        Function::new("top", |cx, inputs| Ok(vec![lax::top_k(cx, &inputs[0], 2, 0)?[0].clone()]));
    let array = |values: &[f32]| Value::literal(Literal::f32([values.len()], values));
    let scope = context.root();
    let (_, pullback) = vjp(&top, &scope, &[array(&[1.0, 3.0, 3.0, 2.0])]).unwrap();
    let gradients = pullback.call(&scope, &[array(&[10.0, 20.0])]).unwrap();
    let gradient = to_array(&gradients[0]).unwrap().to_literal().unwrap();
    assert_eq!(gradient.to_f64s(), [0.0, 10.0, 20.0, 0.0]);
}

#[track_caller]
fn refused(x: Literal, k: i64, expected: &str) {
    let context = Context::new(ContextOptions::default());
    let result = lax::top_k(&context.root(), &Value::literal(x), k, -1);
    assert_eq!(result.map(drop).unwrap_err().message(), expected);
}

#[test]
fn what_has_no_largest_elements_is_refused() {
    let x = |dtype| Literal::full(Type::new(dtype, [3]), Scalar::Int(1));
    refused(x(DType::F32), 4, "top_k needs k from 0 to 3, got 4");
    refused(x(DType::I32), -1, "top_k needs k from 0 to 3, got -1");
    refused(x(DType::C64), 1, "top_k does not take c64[3]");
}

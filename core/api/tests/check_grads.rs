//! Derivatives held against differences: right ones pass, wrong ones are told.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use jaxrs_api::check_grads::{GradCheck, check_grads};
use jaxrs_api::numpy;
use jaxrs_data::{DType, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, Scope, custom_jvp, custom_vjp};

fn numbers(dtype: DType, values: &[f64]) -> Value {
    Value::literal(Literal::from_fn(Type::new(dtype, [values.len()]), |i| Scalar::Float(values[i])))
}

fn check(f: &Function, inputs: &[Value], check: GradCheck) -> Result<()> {
    check_grads(&Context::new(ContextOptions::default()).root(), f, inputs, check)
}

fn product() -> Function {
    Function::new("product", |cx: &Scope, x: &[Value]| {
        let sine = numpy::sin(cx, &x[0])?;
        Ok(vec![numpy::multiply(cx, &sine, &x[1])?, numpy::exp(cx, &x[1])?])
    })
}

#[test]
fn derivatives_of_operations_pass_in_all_orders_and_precisions() {
    for dtype in [DType::F32, DType::F64, DType::C64, DType::C128] {
        let inputs = [numbers(dtype, &[0.3, -1.2, 0.9]), numbers(dtype, &[1.5, 0.2, -0.4])];
        for order in 1..=3 {
            check(&product(), &inputs, GradCheck { order, ..GradCheck::default() }).unwrap();
        }
    }
}

#[test]
fn integers_beside_floats_stay_as_they_are() {
    let f = Function::new("scaled", |cx: &Scope, x: &[Value]| {
        Ok(vec![numpy::multiply(cx, &x[0], &x[1])?, x[1].clone()])
    });
    let inputs = [numbers(DType::F64, &[0.3, 2.0]), numbers(DType::I32, &[3.0, -2.0])];
    check(&f, &inputs, GradCheck::default()).unwrap();
}

#[test]
fn a_wrong_rule_of_forward_mode_is_told() {
    let sine = Function::new("sine", |cx: &Scope, x: &[Value]| Ok(vec![numpy::sin(cx, &x[0])?]));
    let rule = Function::new("sine_jvp", |cx: &Scope, x: &[Value]| {
        Ok(vec![numpy::sin(cx, &x[0])?, numpy::multiply(cx, &numpy::sin(cx, &x[0])?, &x[1])?])
    });
    let error =
        check(&custom_jvp(&sine, &rule), &[numbers(DType::F64, &[0.3])], GradCheck::default());
    let error = error.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Check);
    assert!(error.to_string().contains("forward mode gives for result 0 of"), "{error}");
}

#[test]
fn a_wrong_rule_of_reverse_mode_is_told() {
    let square = |cx: &Scope, x: &[Value]| Ok(vec![numpy::square(cx, &x[0])?]);
    let forward = Function::new("square_fwd", move |cx: &Scope, x: &[Value]| {
        Ok(vec![numpy::square(cx, &x[0])?, x[0].clone()])
    });
    let backward = Function::new("square_bwd", |cx: &Scope, x: &[Value]| {
        Ok(vec![numpy::multiply(cx, &x[0], &x[1])?])
    });
    let f = custom_vjp(&Function::new("square", square), &forward, &backward, 1);
    let reverse = GradCheck { forward: false, order: 1, ..GradCheck::default() };
    let error = check(&f, &[numbers(DType::F32, &[0.3, 1.0])], reverse).unwrap_err();
    assert!(error.to_string().contains("reverse mode gives for"), "{error}");
}

#[test]
fn there_must_be_something_to_check() {
    let f = Function::new("nothing", |_: &Scope, x: &[Value]| Ok(x.to_vec()));
    let integers = [numbers(DType::I32, &[1.0])];
    assert!(check(&f, &integers, GradCheck::default()).is_err());
    let order = GradCheck { order: 0, ..GradCheck::default() };
    assert!(check(&f, &[numbers(DType::F32, &[1.0])], order).is_err());
}

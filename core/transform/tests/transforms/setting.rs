//! What the tests are written with.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_runtime::Array;
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, VmapOptions, to_array,
    value_from_array,
};

/// A context that evaluates by definition.
pub(crate) fn context() -> Context {
    Context::new(ContextOptions::default())
}

/// An array of these elements.
pub(crate) fn from_literal(literal: &Literal) -> Value {
    value_from_array(Array::from_literal(literal).expect("test data fit into memory"))
}

/// An array.
pub(crate) fn array(shape: &[usize], values: &[f32]) -> Value {
    from_literal(&Literal::f32(shape, values))
}

/// A scalar array.
pub(crate) fn scalar(value: f32) -> Value {
    array(&[], &[value])
}

/// An integer array.
pub(crate) fn int(value: i64) -> Value {
    let literal = Literal::scalar(DType::I32, Scalar::Int(value));
    from_literal(&literal)
}

/// A scalar constant, as host languages write them.
pub(crate) fn constant(value: f64) -> Value {
    ops::scalar(DType::F32, value)
}

/// The elements of a value.
#[track_caller]
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    let array = to_array(value).expect("results are known");
    array.to_literal().expect("arrays have the bytes of their type").to_f64s()
}

/// A function of one value.
pub(crate) fn unary(
    name: &str,
    f: impl Fn(&Scope, &Value) -> Result<Value> + Send + Sync + 'static,
) -> Function {
    Function::new(name, move |scope: &Scope, x: &[Value]| Ok(vec![f(scope, &x[0])?]))
}

/// A function of two values.
pub(crate) fn binary(
    name: &str,
    f: impl Fn(&Scope, &Value, &Value) -> Result<Value> + Send + Sync + 'static,
) -> Function {
    Function::new(name, move |scope: &Scope, x: &[Value]| Ok(vec![f(scope, &x[0], &x[1])?]))
}

pub(crate) fn sin(scope: &Scope, x: &Value) -> Result<Value> {
    ops::unary(scope, Unary::Sin, x)
}

pub(crate) fn cos(scope: &Scope, x: &Value) -> Result<Value> {
    ops::unary(scope, Unary::Cos, x)
}

pub(crate) fn mul(scope: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ops::mul(scope, x, y)
}

pub(crate) fn add(scope: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ops::binary(scope, Binary::Add, x, y)
}

pub(crate) fn sum(scope: &Scope, x: &Value) -> Result<Value> {
    ops::reduce_sum_all(scope, x)
}

pub(crate) fn grad(f: &Function) -> Function {
    jaxrs_transform::grad(f, DiffOptions::default())
}

pub(crate) fn jit(f: &Function) -> Function {
    jaxrs_transform::jit(f, JitOptions::default())
}

pub(crate) fn vmap(f: &Function) -> Function {
    jaxrs_transform::vmap(f, VmapOptions::default())
}

/// The only result.
pub(crate) fn call(f: &Function, scope: &Scope, inputs: &[Value]) -> Result<Value> {
    Ok(f.call(scope, inputs)?.swap_remove(0))
}

/// Checks the elements of all results at the root of a new context.
#[track_caller]
pub(crate) fn check(f: &Function, inputs: &[Value], expected: &[&[f64]]) {
    let context = context();
    let outputs = match f.call(&context.root(), inputs) {
        Ok(outputs) => outputs,
        Err(err) => panic!("{err:?}"),
    };
    let got: Vec<Vec<f64>> = outputs.iter().map(numbers).collect();
    assert_eq!(got.len(), expected.len(), "results: {got:?}");
    for (got, expected) in got.iter().zip(expected) {
        let close = got.len() == expected.len()
            && got.iter().zip(*expected).all(|(a, b)| {
                (a - b).abs() <= 1e-5 * (1.0 + b.abs()) || (a.is_nan() && b.is_nan())
            });
        assert!(close, "got {got:?}, expected {expected:?}");
    }
    drop(outputs);
    assert_eq!(context.stats().live_tracers, 0, "tracers are left over");
}

/// Checks the message of an error at the root of a new context, which stays usable.
#[track_caller]
pub(crate) fn check_error(f: &Function, inputs: &[Value], expected: &str) {
    let context = context();
    let error = f.call(&context.root(), inputs).map(drop).expect_err("it is to be refused");
    assert_eq!(error.to_string(), expected, "{error:?}");
    drop(error);
    assert_eq!(context.stats().live_tracers, 0, "tracers are left over");
}

/// The program of a function, as text.
#[track_caller]
pub(crate) fn program(f: &Function, types: &[Type]) -> String {
    let context = context();
    let closed = jaxrs_transform::make_jaxpr(f, &context.root(), types).expect("it can be traced");
    closed.jaxpr.to_string()
}

/// `f32` of a shape.
pub(crate) fn f32s(shape: &[usize]) -> Type {
    Type::new(DType::F32, shape)
}

//! Solutions of differential equations, their gradients, and steps of optimisers.

use jaxrs_api::ode::{self, Adjoint, OdeOptions, Problem};
use jaxrs_api::{numpy, table};
use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Result, Scalar, Shape};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, Scope, vjp};

use crate::operations::Owner;
use crate::primitives::{compare, literals};
use crate::rows::Row;

/// The right-hand sides of tests/recorded/differential_equations.py.
fn side(name: &str) -> Function {
    let element = |cx: &Scope, y: &Value, i: i64| {
        numpy::index::getitem(cx, y, &[numpy::index::Index::At(i)], READING)
    };
    match name {
        "decay" => Function::new("decay", |cx: &Scope, x: &[Value]| {
            let slope = numpy::multiply(cx, &x[2], &x[0])?;
            Ok(vec![numpy::negative(cx, &slope)?])
        }),
        "oscillator" => Function::new("oscillator", move |cx: &Scope, x: &[Value]| {
            let (place, speed) = (element(cx, &x[0], 0)?, element(cx, &x[0], 1)?);
            let pull = numpy::multiply(cx, &x[2], &place)?;
            let force = numpy::subtract(cx, &numpy::sin(cx, &x[1])?, &pull)?;
            Ok(vec![numpy::stack(cx, &[speed, force], 0)?])
        }),
        _ => Function::new("prey", move |cx: &Scope, x: &[Value]| {
            let (u, v) = (element(cx, &x[0], 0)?, element(cx, &x[0], 1)?);
            let eaten = numpy::subtract(cx, &x[2], &numpy::multiply(cx, &x[3], &v)?)?;
            let grown = numpy::subtract(cx, &numpy::multiply(cx, &x[3], &u)?, &x[2])?;
            let slopes = [numpy::multiply(cx, &u, &eaten)?, numpy::multiply(cx, &v, &grown)?];
            Ok(vec![numpy::stack(cx, &slopes, 0)?])
        }),
    }
}

const READING: numpy::index::GetOptions =
    numpy::index::GetOptions { mode: None, fill_value: None, size: None };

/// The row's solution as a function of its operands.
fn solution(row: &Row, adjoint: Adjoint) -> Function {
    let function = side(row.params["side"].as_str().unwrap());
    let number = |key: &str| row.params.get(key).map(|value| value.as_f64().unwrap());
    let default = OdeOptions::default();
    let options = OdeOptions {
        rtol: number("rtol").unwrap_or(default.rtol),
        atol: number("atol").unwrap_or(default.atol),
        hmax: number("hmax").unwrap_or(default.hmax),
        mxstep: (adjoint == Adjoint::Checkpointed).then_some(30),
        adjoint,
    };
    let is_fixed = row.op.starts_with("rk4");
    let substeps = number("substeps").unwrap_or(1.0) as usize;
    Function::new(row.op.as_str(), move |cx: &Scope, x: &[Value]| {
        let problem =
            Problem { function: &function, state: &x[..1], times: &x[1], arguments: &x[2..] };
        match is_fixed {
            true => ode::rk4(cx, &problem, substeps, adjoint == Adjoint::Checkpointed),
            false => ode::odeint(cx, &problem, options),
        }
    })
}

/// Solutions and gradients are JAX's; going through the steps gives them, too, up to the error of the steps.
pub(crate) fn agrees(row: &Row) -> Result<(), String> {
    let context = Context::new(ContextOptions { wide_defaults: true, ..ContextOptions::default() });
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let is_single = row.inputs[0].ty().dtype == DType::F32;
    let is_short = row.params.get("hmax").is_none() && !is_single;
    for adjoint in [Adjoint::Backsolve, Adjoint::Checkpointed] {
        if adjoint == Adjoint::Checkpointed && row.op.starts_with("odeint") && !is_short {
            continue;
        }
        let f = solution(row, adjoint);
        let results = match row.op.ends_with("_gradient") {
            false => f.call(&context.root(), &inputs),
            true => vjp(&f, &context.root(), &inputs)
                .and_then(|(y, pullback)| pullback.call(&context.root(), &[weights(&y[0])])),
        };
        let results = literals(results)?;
        let how = format!("{adjoint:?}");
        // Single precision may take a step here that it refuses there.
        if row.op == "odeint_gradient" && (adjoint == Adjoint::Checkpointed || is_single) {
            near(&results, &row.outputs, row.inputs[0].ty().dtype)
                .map_err(|why| format!("{how}: {why}"))?;
            continue;
        }
        compare(&how, results.iter(), &row.outputs, Class::Accumulated)?;
    }
    Ok(())
}

/// Two ways to a gradient agree up to the steps' errors.
fn near(results: &[Literal], expected: &[Literal], dtype: DType) -> Result<(), String> {
    let bound = if dtype == DType::F64 { 1e-6 } else { 1e-3 };
    for (got, expected) in results.iter().zip(expected) {
        for (x, y) in got.to_f64s().iter().zip(expected.to_f64s()) {
            if (x - y).abs() > bound * (1.0 + y.abs()) {
                return Err(format!("got {x}, expected {y}"));
            }
        }
    }
    Ok(())
}

/// The cotangent that the recording has: cosines of positions.
fn weights(y: &Value) -> Value {
    let ty = y.ty().with_weak(false);
    Value::literal(Literal::from_fn(ty, |i| Scalar::Float((i as f64).cos())))
}

/// Steps of optimisers give the recorded parameters; everything else is an operation.
pub(crate) fn optimises(row: &Row) -> Result<(), String> {
    let names =
        ["sgd", "momentum", "adam", "adamw", "rmsprop", "adagrad", "adamax", "lion", "lbfgs"];
    if !names.contains(&row.op.as_str()) {
        return crate::operations::agrees(row);
    }
    let context = Context::new(ContextOptions { wide_defaults: true, ..ContextOptions::default() });
    let cx = context.root();
    let results = if row.op == "lbfgs" { newton(&cx, row) } else { two_steps(&cx, row) };
    compare("parameters", literals(results)?.iter(), &row.outputs, Class::Accumulated)
}

fn rate(row: &Row, dtype: DType) -> Value {
    Value::literal(Literal::scalar(dtype, Scalar::Float(row.float("learning_rate"))))
}

fn two_steps(cx: &Scope, row: &Row) -> Result<Vec<Value>> {
    let inputs: Vec<Value> = row.inputs.iter().cloned().map(Value::literal).collect();
    let (params, gradients) = inputs.split_at(2);
    let params_json = row.params.as_object().unwrap();
    let attrs: Vec<(String, Owner)> = params_json
        .iter()
        .filter(|(name, _)| *name != "learning_rate")
        .map(|(name, value)| (name.clone(), Owner::new(value)))
        .collect();
    let attrs: Vec<_> = attrs.iter().map(|(name, value)| (name.as_str(), value.attr())).collect();
    let init = if row.op == "adamw" { "adam" } else { &row.op };
    let mut state = table::apply(cx, &format!("{init}_init"), params, &[])?.into_vec();
    let mut params = params.to_vec();
    for step in gradients.chunks(2) {
        let rate = rate(row, DType::F32);
        let all = [vec![rate], step.to_vec(), state, params].concat();
        params = table::apply(cx, &format!("{}_update", row.op), &all, &attrs)?.into_vec();
        state = params.split_off(2);
    }
    Ok(params)
}

fn newton(cx: &Scope, row: &Row) -> Result<Vec<Value>> {
    let mut params = vec![Value::literal(row.inputs[0].clone())];
    let memory = [("memory_size", table::Attr::I64(row.int("memory_size")))];
    let mut state = table::apply(cx, "lbfgs_init", &params, &memory)?.into_vec();
    for _ in 0..row.int("steps") {
        let two = Value::literal(Literal::full(
            params[0].ty().with_shape(Shape::scalar()),
            Scalar::Float(2.0),
        ));
        let cube = jaxrs_api::lax::integer_pow(cx, &params[0], 3)?;
        let gradient = numpy::add(cx, &numpy::multiply(cx, &two, &params[0])?, &cube)?;
        let all = [vec![rate(row, DType::F64), gradient], state, params].concat();
        params = table::apply(cx, "lbfgs_update", &all, &[])?.into_vec();
        state = params.split_off(1);
    }
    Ok(params)
}

//! What one call costs: `cargo run --release -p jaxrs-transform --example dispatch_cost`.
#![allow(clippy::print_stdout, reason = "it reports")]

use std::sync::Arc;
use std::time::Instant;

use jaxrs_data::Literal;
use jaxrs_ir::{Value, ops};
use jaxrs_runtime::{Array, Backend};
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, Scope, grad, jit, value_from_array,
};

/// Prints the time of one call in the best of many short runs: the machine may be busy otherwise.
fn report(what: &str, mut call: impl FnMut()) {
    const CALLS: u32 = 500;
    let mut best = f64::INFINITY;
    for _ in 0..200 {
        let start = Instant::now();
        (0..CALLS).for_each(|_| call());
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(CALLS));
    }
    println!("{what}: {best:.0} ns");
}

fn main() {
    let backend: Arc<dyn Backend> = Arc::new(jaxrs_reference::ReferenceBackend::new());
    let options = ContextOptions {
        compiler: Some(backend.clone()),
        eager: Some(backend),
        ..ContextOptions::default()
    };
    let scope = Context::new(options).root();
    let array = |n: usize| {
        let literal = Literal::f32([n], &vec![1.0; n]);
        value_from_array(Array::from_literal(&literal).expect("small arrays fit"))
    };
    let (x, y) = (array(10), array(10));
    report("eager add of f32[10]", || {
        let sum = ops::add(&scope, &x, &y).expect("shapes fit");
        assert!(sum.ty().rank() == 1);
    });
    let add =
        Function::new("add", |scope: &Scope, x: &[Value]| Ok(vec![ops::add(scope, &x[0], &x[1])?]));
    let (jitted, inputs) = (jit(&add, JitOptions::default()), [x.clone(), y]);
    report("compiled add of f32[10]", || {
        let sum = jitted.call(&scope, &inputs).expect("shapes fit");
        assert!(sum.len() == 1);
    });
    let square = Function::new("square", |scope: &Scope, x: &[Value]| {
        let square = ops::mul(scope, &x[0], &x[0])?;
        Ok(vec![ops::reduce_sum_all(scope, &square)?])
    });
    let gradient = grad(&square, DiffOptions::default());
    report("eager gradient of Σx²", || {
        assert!(gradient.call(&scope, &inputs[..1]).is_ok());
    });
    let gradient = grad(&jit(&square, JitOptions::default()), DiffOptions::default());
    report("gradient of compiled Σx²", || {
        assert!(gradient.call(&scope, &inputs[..1]).is_ok());
    });
    let gradient = jit(&grad(&square, DiffOptions::default()), JitOptions::default());
    report("compiled gradient of Σx²", || {
        assert!(gradient.call(&scope, &inputs[..1]).is_ok());
    });
}

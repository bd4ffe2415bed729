//! Reductions by functions that decide and repeat: by definition, compiled, batched, and their derivatives.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use std::sync::Arc;

use jaxrs_api::lax::{self, Padding, WindowOptions};
use jaxrs_data::{DType, Literal, Result, Scalar};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_reference::ReferenceBackend;
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, ScanOptions, Scope, VmapOptions,
    cond, grad, jit, scan, to_array, vmap, while_loop,
};

/// How a reducer begins, and what it makes of 1 to 12 in rows of four, and its gradient.
struct Case {
    name: &'static str,
    reducer: Function,
    init: f32,
    sums: [f64; 3],
    gradient: [f64; 4],
}

fn larger(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let is_larger = ops::compare(cx, Compare::Gt, &x[0], &x[1])?;
    let first = Function::new("first", |_: &Scope, x: &[Value]| Ok(vec![x[0].clone()]));
    let second = Function::new("second", |_: &Scope, x: &[Value]| Ok(vec![x[1].clone()]));
    cond(cx, &is_larger, &first, &second, x)
}

/// The sum, half of the second operand at a time.
fn sum_by_scan(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let body = Function::new("body", |cx: &Scope, x: &[Value]| {
        let half = ops::scale(cx, &x[1], 0.5)?;
        Ok(vec![ops::add(cx, &x[0], &half)?, x[1].clone()])
    });
    let options = ScanOptions { length: Some(2), ..ScanOptions::default() };
    Ok(scan(cx, &body, x, &[], options)?[..1].to_vec())
}

fn sum_by_while(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let goes_on = Function::new("goes_on", |cx: &Scope, x: &[Value]| {
        let end = ops::scalar(DType::I32, 2.0);
        Ok(vec![ops::compare(cx, Compare::Lt, &x[2], &end)?])
    });
    let body = Function::new("body", |cx: &Scope, x: &[Value]| {
        let half = ops::scale(cx, &x[1], 0.5)?;
        let next = ops::add(cx, &x[2], &ops::scalar(DType::I32, 1.0))?;
        Ok(vec![ops::add(cx, &x[0], &half)?, x[1].clone(), next])
    });
    let init = [x[0].clone(), x[1].clone(), ops::scalar(DType::I32, 0.0)];
    Ok(while_loop(cx, &goes_on, &body, &init)?[..1].to_vec())
}

fn cases() -> [Case; 3] {
    let sums = [10.0, 26.0, 42.0];
    let case = |name, f: fn(&Scope, &[Value]) -> Result<Vec<Value>>, init, sums, gradient| Case {
        name,
        reducer: Function::new(name, f),
        init,
        sums,
        gradient,
    };
    [
        case("cond", larger, f32::NEG_INFINITY, [4.0, 8.0, 12.0], [0.0, 0.0, 0.0, 1.0]),
        case("scan", sum_by_scan, 0.0, sums, [1.0; 4]),
        case("while", sum_by_while, 0.0, sums, [1.0; 4]),
    ]
}

fn rows() -> Value {
    let values: Vec<f32> = (1..13u8).map(f32::from).collect();
    Value::literal(Literal::f32([3, 4], &values))
}

fn number(value: f32) -> Value {
    Value::literal(Literal::f32([], &[value]))
}

fn elements(value: &Value) -> Vec<f64> {
    to_array(value).unwrap().to_literal().unwrap().to_f64s()
}

fn engine() -> Context {
    let compiler = Some(Arc::new(ReferenceBackend::new()) as _);
    Context::new(ContextOptions { compiler, ..ContextOptions::default() })
}

fn first_of(f: &Function, inputs: &[Value]) -> Result<Vec<f64>> {
    let context = engine();
    Ok(elements(&f.call(&context.root(), inputs)?[0]))
}

fn reduction(case: &Case) -> Function {
    let (reducer, init) = (case.reducer.clone(), case.init);
    Function::new(case.name, move |cx: &Scope, x: &[Value]| {
        lax::reduce_by(cx, x, &[number(init)], &reducer, &[-1])
    })
}

fn compiled(f: &Function) -> Function {
    jit(f, JitOptions::default())
}

fn total(f: &Function) -> Function {
    let f = f.clone();
    Function::new("total", move |cx: &Scope, x: &[Value]| {
        let y = f.call(cx, x)?.swap_remove(0);
        let rank = y.ty().rank();
        Ok(vec![ops::reduce_sum(cx, &y, 0..rank)?])
    })
}

#[test]
fn reductions_run_by_definition_compiled_and_batched() {
    for case in cases() {
        let f = reduction(&case);
        let mapped = vmap(&f, VmapOptions::default());
        for (how, g) in [
            ("plain", f.clone()),
            ("jit", compiled(&f)),
            ("vmap", mapped.clone()),
            ("jit of vmap", compiled(&mapped)),
        ] {
            assert_eq!(first_of(&g, &[rows()]).unwrap(), case.sums, "{} {how}", case.name);
        }
    }
}

#[test]
fn gradients_of_reductions_go_through_what_can_be_reversed() {
    for case in cases() {
        let slope = grad(&total(&reduction(&case)), DiffOptions::default());
        for g in [slope.clone(), compiled(&slope)] {
            match (case.name, first_of(&g, &[rows()])) {
                ("while", Err(err)) => assert!(err.message().contains("while"), "{err}"),
                (name, found) => assert_eq!(found.unwrap(), case.gradient.repeat(3), "{name}"),
            }
        }
    }
}

#[test]
fn windows_run_by_definition_compiled_and_batched() {
    for case in cases() {
        let (reducer, init) = (case.reducer.clone(), case.init);
        let f = Function::new(case.name, move |cx: &Scope, x: &[Value]| {
            let options = WindowOptions {
                dimensions: &[1, 4],
                padding: Padding::Valid,
                ..WindowOptions::default()
            };
            lax::reduce_window(cx, x, &[number(init)], &reducer, &options)
        });
        let stacked = Value::literal(Literal::from_scalars(
            jaxrs_data::Type::new(DType::F32, [1, 3, 4]),
            &(1..13).map(|k| Scalar::Float(f64::from(k))).collect::<Vec<_>>(),
        ));
        let mapped = vmap(&f, VmapOptions::default());
        for g in [f.clone(), compiled(&f)] {
            assert_eq!(first_of(&g, &[rows()]).unwrap(), case.sums, "{}", case.name);
        }
        for g in [mapped.clone(), compiled(&mapped)] {
            assert_eq!(first_of(&g, std::slice::from_ref(&stacked)).unwrap(), case.sums);
        }
    }
}

//! Compiled functions: what is kept, what is given away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::prims::Reduce;
use jaxrs_ir::{Value, ops};
use jaxrs_runtime::{Array, Backend};
use jaxrs_transform::{
    Context, ContextOptions, DiffOptions, Function, JitOptions, ScanOptions, Scope, VmapOptions,
    as_array, custom_jvp, custom_vjp, jit, scan, to_array, value_from_array,
};

use crate::setting::{add, array, call, constant, int, mul, numbers, scalar, sin, sum, unary};

/// A context that compiles, and interprets what was compiled.
fn context() -> Context {
    let backend: Arc<dyn Backend> = Arc::new(jaxrs_reference::ReferenceBackend::new());
    Context::new(ContextOptions {
        compiler: Some(backend.clone()),
        eager: Some(backend),
        ..ContextOptions::default()
    })
}

/// A function that counts how often it is traced.
fn counting(
    f: impl Fn(&Scope, &Value) -> jaxrs_data::Result<Value> + Send + Sync + 'static,
) -> (Function, Arc<AtomicUsize>) {
    let calls: Arc<AtomicUsize> = Arc::default();
    let counter = calls.clone();
    let f = unary("counted", move |s, x| {
        counter.fetch_add(1, Ordering::Relaxed);
        f(s, x)
    });
    (f, calls)
}

fn weak(value: f64) -> Value {
    let ty = Type::scalar(DType::F32).with_weak(true);
    Value::literal(Literal::full(ty, Scalar::Float(value)))
}

#[test]
fn a_function_is_traced_once_for_each_combination_of_types() {
    let (f, calls) = counting(|s, x| add(s, x, x));
    let (f, context) = (jit(&f, JitOptions::default()), context());
    let inputs = [
        weak(1.0),
        weak(2.0),
        int(1),
        scalar(1.0),
        scalar(3.0),
        array(&[2], &[1.0, 1.0]),
        array(&[2], &[0.0, 0.0]),
    ];
    for x in &inputs {
        call(&f, &context.root(), std::slice::from_ref(x)).unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 4);
    let stats = context.stats();
    assert_eq!((stats.traces, stats.compiles, stats.cache_hits), (4, 4, 3));
    assert!(stats.compile_ns > 0);
}

#[test]
fn transforms_of_compiled_functions_trace_and_compile_once() {
    let (f, calls) = counting(|s, x| sum(s, &mul(s, &sin(s, x)?, x)?));
    let f = jit(&f, JitOptions::default());
    let options = VmapOptions::default();
    let gradient = jaxrs_transform::grad(&f, DiffOptions::default());
    let mapped = jaxrs_transform::vmap(&f, options);
    let context = context();
    let mut compiles = Vec::new();
    for k in 0..3 {
        let x = array(&[2], &[1.0, k as f32]);
        call(&gradient, &context.root(), std::slice::from_ref(&x)).unwrap();
        let many = array(&[3, 2], &[k as f32; 6]);
        call(&mapped, &context.root(), &[many]).unwrap();
        compiles.push(context.stats().compiles);
    }
    assert_eq!(calls.load(Ordering::Relaxed), 1);
    // Forward, backward, and batched.
    assert_eq!(compiles, [3, 3, 3]);
    assert_eq!(context.stats().live_tracers, 0);
}

#[test]
fn two_contexts_do_not_share_programs() {
    let (f, calls) = counting(|s, x| add(s, x, &constant(1.0)));
    let f = jit(&f, JitOptions::default());
    for _ in 0..2 {
        let context = context();
        for _ in 0..2 {
            let y = call(&f, &context.root(), &[scalar(1.0)]).unwrap();
            assert_eq!(numbers(&y), [2.0]);
        }
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2);
}

#[test]
fn arguments_and_constants_may_be_results() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        let y = add(s, &x[0], &constant(1.0))?;
        Ok(vec![x[0].clone(), constant(3.0), y.clone(), y, x[0].clone()])
    });
    let outputs = jit(&f, JitOptions::default()).call(&context().root(), &[scalar(5.0)]).unwrap();
    let got: Vec<f64> = outputs.iter().map(|y| numbers(y)[0]).collect();
    assert_eq!(got, [5.0, 3.0, 6.0, 6.0, 5.0]);
}

fn donating(f: &Function) -> Function {
    jit(f, JitOptions { donate: vec![0], ..JitOptions::default() })
}

#[test]
fn a_donated_array_is_gone_once_a_result_has_its_memory() {
    let f = donating(&unary("increment", |s, x| add(s, x, &constant(1.0))));
    let context = context();
    let x = array(&[4], &[1.0, 2.0, 3.0, 4.0]);
    let address = to_array(&x).unwrap().buffer().as_ptr();
    let y = call(&f, &context.root(), std::slice::from_ref(&x)).unwrap();
    assert_eq!(numbers(&y), [2.0, 3.0, 4.0, 5.0]);
    assert_eq!(to_array(&y).unwrap().buffer().as_ptr(), address, "the memory is used again");
    assert!(as_array(&x).is_none());
    let gone = "an array f32[4] is used after its memory was donated to a compiled function";
    let error = sin(&context.root(), &x).map(drop).unwrap_err();
    assert_eq!(error.to_string(), gone);
    let error = call(&f, &context.root(), &[x]).map(drop).unwrap_err();
    assert_eq!(error.to_string(), gone);
}

#[test]
fn donated_memory_that_somebody_else_holds_stays_as_it_is() {
    let f = donating(&unary("increment", |s, x| add(s, x, &constant(1.0))));
    let x = array(&[2], &[1.0, 2.0]);
    let held = to_array(&x).unwrap();
    let y = call(&f, &context().root(), &[x]).unwrap();
    assert_eq!(numbers(&y), [2.0, 3.0]);
    assert_eq!(held.to_literal().unwrap().to_f64s(), [1.0, 2.0]);
}

#[test]
fn donated_memory_that_no_result_can_use_is_not_taken() {
    let total = unary("total", |s, x| {
        let axes = jaxrs_data::Axes::all(1);
        ops::bind1(s, Reduce { op: jaxrs_kernel::ReduceOp::Add, axes }, std::slice::from_ref(x))
    });
    let x = array(&[3], &[1.0, 2.0, 3.0]);
    let y = call(&donating(&total), &context().root(), std::slice::from_ref(&x)).unwrap();
    assert_eq!(numbers(&y), [6.0]);
    assert_eq!(numbers(&x), [1.0, 2.0, 3.0]);
}

#[test]
fn donating_an_argument_that_is_not_there_is_refused() {
    let f = jit(&unary("f", sin), JitOptions { donate: vec![1], ..JitOptions::default() });
    let error = f.call(&context().root(), &[scalar(1.0)]).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "jit donates argument 1, but got 1 inputs");
}

#[test]
fn operations_that_only_change_the_shape_share_memory() {
    let x = array(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let y = ops::reshape(&context().root(), &x, &[6].into()).unwrap();
    let (x, y) = (to_array(&x).unwrap(), to_array(&y).unwrap());
    assert_eq!(x.buffer().as_ptr(), y.buffer().as_ptr());
}

#[test]
fn large_and_hot_operations_move_to_the_compiler() {
    let context = context();
    let large = Literal::full(Type::new(DType::F32, [1 << 16]), Scalar::Float(1.0));
    let large = value_from_array(Array::from_literal(&large).unwrap());
    sin(&context.root(), &large).unwrap();
    assert_eq!(context.stats().compiles, 1);
    let middling = Literal::full(Type::new(DType::F32, [1 << 15]), Scalar::Float(1.0));
    let middling = value_from_array(Array::from_literal(&middling).unwrap());
    for _ in 0..130 {
        sin(&context.root(), &middling).unwrap();
    }
    assert_eq!(context.stats().compiles, 3, "once to interpret it, and once more when it is hot");
}

#[test]
fn equal_loops_are_compiled_once_whatever_rules_they_hold() {
    let rule =
        Function::new("rule", |s: &Scope, x: &[Value]| Ok(vec![sin(s, &x[0])?, x[1].clone()]));
    let with_jvp = custom_jvp(&unary("f", sin), &rule);
    let fwd = Function::new("fwd", |s: &Scope, x: &[Value]| Ok(vec![sin(s, &x[0])?]));
    let bwd = Function::new("bwd", |_: &Scope, x: &[Value]| Ok(vec![x[0].clone()]));
    let with_vjp = custom_vjp(&unary("f", sin), &fwd, &bwd, 1);
    for f in [with_jvp, with_vjp] {
        let context = context();
        let looped = unary("looped", move |s, x| {
            let options = ScanOptions { length: Some(2), ..ScanOptions::default() };
            Ok(scan(s, &f, std::slice::from_ref(x), &[], options)?.swap_remove(0))
        });
        for _ in 0..3 {
            call(&looped, &context.root(), &[scalar(0.5)]).unwrap();
        }
        assert_eq!(context.stats().compiles, 1);
        let gradient = jaxrs_transform::grad(&looped, DiffOptions::default());
        let mut compiles = Vec::new();
        for _ in 0..3 {
            let slope = call(&gradient, &context.root(), &[scalar(0.5)]).unwrap();
            assert_eq!(numbers(&slope), [1.0]);
            compiles.push(context.stats().compiles);
        }
        assert_eq!(compiles[0], compiles[2]);
    }
}

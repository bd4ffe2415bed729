//! What is refused, and with which words.

use std::sync::{Arc, Mutex};

use jaxrs_data::{DType, Error, ErrorKind};
use jaxrs_ir::Value;
use jaxrs_transform::{DiffOptions, Function, Scope, VmapOptions, to_array};

use crate::setting::*;

#[test]
fn an_escaped_tracer_says_where_it_was_born() {
    let context = context();
    let kept: Arc<Mutex<Vec<Value>>> = Arc::default();
    let store = kept.clone();
    let leaky = unary("leaky", move |s, x| {
        let y = sin(s, x)?;
        store.lock().unwrap().push(y.clone());
        Ok(y)
    });
    for f in [grad(&leaky), jit(&leaky), vmap(&leaky)] {
        let n = kept.lock().unwrap().len();
        let x = if n == 2 { array(&[2], &[0.5, 1.0]) } else { scalar(0.5) };
        call(&f, &context.root(), &[x]).unwrap();
    }
    for value in kept.lock().unwrap().iter() {
        let error = sin(&context.root(), value).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TracerEscaped);
        let message = error.to_string();
        assert!(message.starts_with("sin uses tracer #"), "{message}");
        assert!(message.ends_with("made by sin in trace 'leaky', which finished"), "{message}");
        assert_eq!(to_array(value).unwrap_err().kind(), ErrorKind::TracerEscaped);
    }
    // Of grad the value and, behind it, its tangent.
    assert_eq!(context.stats().live_tracers, 4);
    kept.lock().unwrap().clear();
    assert_eq!(context.stats().live_tracers, 0);
}

#[test]
fn a_scope_cannot_be_used_after_its_trace() {
    let kept: Arc<Mutex<Vec<Scope>>> = Arc::default();
    let store = kept.clone();
    let leaky = unary("leaky", move |s, x| {
        store.lock().unwrap().push(s.clone());
        sin(s, x)
    });
    let context = context();
    let root = context.root();
    call(&grad(&leaky), &root, &[scalar(0.5)]).unwrap();
    call(&jit(&leaky), &root, &[scalar(0.5)]).unwrap();
    jaxrs_transform::jvp(&leaky).call(&root, &[scalar(0.5), scalar(1.0)]).unwrap();
    call(&vmap(&leaky), &root, &[array(&[1], &[0.5])]).unwrap();
    for scope in kept.lock().unwrap().iter() {
        let error = sin(scope, &scalar(1.0)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TracerEscaped);
        assert_eq!(error.message(), "sin is asked for in trace 'leaky', which finished");
    }
    assert_eq!(kept.lock().unwrap().len(), 4);
    assert_eq!(context.stats().live_tracers, 0);
}

#[test]
fn tracers_of_two_contexts_do_not_mix() {
    let outer = unary("outer", |_, x| {
        let foreign = x.clone();
        let inner = unary("inner", move |s, y| mul(s, y, &foreign));
        call(&grad(&inner), &context().root(), &[scalar(1.0)])
    });
    let error = grad(&outer).call(&context().root(), &[scalar(1.0)]).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TracerScope, "{error:?}");
}

#[test]
fn an_inner_tracer_cannot_be_used_in_an_outer_scope() {
    let f = unary("outer", |outer, x| {
        let outer = outer.clone();
        let inner = unary("inner", move |_, y| sin(&outer, y));
        call(&grad(&inner), &outer_of(x), std::slice::from_ref(x))
    });
    let context = context();
    let error = f.call(&context.root(), &[scalar(1.0)]).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TracerScope);
    assert!(error.to_string().starts_with("sin in trace 'eager' uses tracer #"), "{error}");
    fn outer_of(_: &Value) -> jaxrs_transform::Scope {
        crate::setting::context().root()
    }
}

#[test]
fn values_that_are_not_known_cannot_be_asked_for() {
    let f = unary("peek", |s, x| {
        let y = sin(s, x)?;
        to_array(&y)?;
        Ok(y)
    });
    let check = |f: &Function, x: Value, expected: &str| {
        let error = f.call(&context().root(), &[x]).map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Concretization);
        let message = error.to_string();
        assert!(message.contains(expected), "{message}");
    };
    check(&jit(&f), scalar(1.0), "depends on argument 0, which is not known");
    check(&grad(&jit(&f)), scalar(1.0), "depends on argument 0, which is not known");
    let many = array(&[3], &[1.0, 2.0, 3.0]);
    check(&vmap(&f), many, "is a different one for each of the 3 examples of vmap");
}

#[test]
fn grad_needs_a_real_scalar_and_float_arguments() {
    let f = unary("f", sin);
    check_error(
        &grad(&f),
        &[array(&[2], &[1.0, 2.0])],
        "grad needs a function with a scalar output, got f32[2]",
    );
    check_error(
        &grad(&f),
        &[int(1)],
        "grad needs an argument of float or complex type, got i32[] for argument 0",
    );
    let options = DiffOptions { argnums: vec![1], n_aux: 0, ..Default::default() };
    check_error(
        &jaxrs_transform::grad(&f, options),
        &[scalar(1.0)],
        "grad has argnum 1, but got 1 inputs",
    );
    let to_int = unary("to_int", |s, x| jaxrs_ir::ops::convert(s, x, DType::I32));
    check_error(
        &grad(&to_int),
        &[scalar(1.0)],
        "grad needs a function with a real float output, got i32[]",
    );
}

#[test]
fn vmap_needs_axes_that_fit() {
    let f = binary("f", add);
    let three = || array(&[3], &[1.0, 2.0, 3.0]);
    check_error(
        &vmap(&f),
        &[three(), array(&[2], &[1.0, 2.0])],
        "vmap needs equal numbers of examples, but axis 0 of argument 0 (f32[3]) is 3 and axis 0 of argument 1 (f32[2]) is 2",
    );
    check_error(
        &vmap(&f),
        &[three(), scalar(1.0)],
        "vmap of argument 1 (f32[]) got axis 0 of an array with 0 axes",
    );
    let none = VmapOptions { in_axes: vec![None], ..VmapOptions::default() };
    check_error(
        &jaxrs_transform::vmap(&f, none),
        &[three(), three()],
        "vmap needs at least one mapped input or axis_size, got neither",
    );
    let out = VmapOptions { out_axes: vec![None], ..VmapOptions::default() };
    check_error(
        &jaxrs_transform::vmap(&f, out),
        &[three(), three()],
        "vmap has out_axes none for output 0, which differs between examples",
    );
    let short = VmapOptions { in_axes: vec![Some(0); 3], ..VmapOptions::default() };
    check_error(
        &jaxrs_transform::vmap(&f, short),
        &[three(), three()],
        "vmap needs one entry of in_axes for each of 2 inputs, got 3",
    );
}

#[test]
fn an_error_of_a_callback_passes_unchanged_and_leaves_nothing_behind() {
    let fails = unary("fails", |s, x| {
        sin(s, x)?;
        Err(Error::new(ErrorKind::Callback, "my own error").with_payload(Arc::new(7i32)))
    });
    let nested = [
        jit(&fails),
        grad(&jit(&vmap(&grad(&fails)))),
        vmap(&jit(&grad(&jit(&fails)))),
        jaxrs_transform::checkpoint(&grad(&fails)),
    ];
    for (k, f) in nested.iter().enumerate() {
        let context = context();
        let x = if k == 2 { array(&[2], &[1.0, 2.0]) } else { scalar(1.0) };
        let f = if k == 1 { &nested[0] } else { f };
        let error = f.call(&context.root(), &[x]).map(drop).unwrap_err();
        assert_eq!((error.kind(), error.message()), (ErrorKind::Callback, "my own error"));
        let payload = error.payload().unwrap().downcast_ref::<i32>();
        assert_eq!(payload, Some(&7));
        assert!(error.frames()[0].starts_with("while tracing 'fails' for "), "{error:?}");
        assert_eq!(context.stats().live_tracers, 0);
        let y = call(&jit(&unary("f", sin)), &context.root(), &[scalar(0.0)]).unwrap();
        assert_eq!(numbers(&y), [0.0]);
    }
}

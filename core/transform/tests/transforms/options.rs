//! Options of transforms, names and types.

use std::sync::{Arc, Mutex};

use jaxrs_data::{DType, ErrorKind, Literal, Scalar, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{
    Context, ContextOptions, Function, Scope, VmapOptions, infer_scope, linearize, make_jaxpr,
};

use crate::setting::{
    add, array, call, check, constant, context, f32s, grad, jit, mul, numbers, scalar, sin, sum,
    unary, vmap,
};

fn mapped(f: &Function, in_axes: &[Option<i64>], out_axes: &[Option<i64>]) -> Function {
    let options = VmapOptions {
        in_axes: in_axes.to_vec(),
        out_axes: out_axes.to_vec(),
        ..VmapOptions::default()
    };
    jaxrs_transform::vmap(f, options)
}

#[test]
fn vmap_maps_over_any_axis_and_puts_results_along_any() {
    let x = array(&[2, 3], &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    let total = unary("total", sum);
    check(&mapped(&total, &[Some(0)], &[]), std::slice::from_ref(&x), &[&[6.0, 15.0]]);
    check(&mapped(&total, &[Some(-1)], &[]), std::slice::from_ref(&x), &[&[5.0, 7.0, 9.0]]);
    let same = unary("same", |_, x| Ok(x.clone()));
    let turned = [1.0, 4.0, 2.0, 5.0, 3.0, 6.0];
    check(&mapped(&same, &[Some(0)], &[Some(-1)]), std::slice::from_ref(&x), &[&turned]);
    check(&mapped(&same, &[Some(1)], &[Some(0)]), &[x], &[&turned]);
}

#[test]
fn results_that_do_not_differ_are_repeated_or_left_alone() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![add(s, &x[0], &x[1])?, x[1].clone(), constant(7.0)])
    });
    let inputs = [array(&[2], &[1.0, 2.0]), scalar(10.0)];
    let axes = [Some(0), None];
    let all: &[&[f64]] = &[&[11.0, 12.0], &[10.0, 10.0], &[7.0, 7.0]];
    check(&mapped(&f, &axes, &[]), &inputs, all);
    let some: &[&[f64]] = &[&[11.0, 12.0], &[10.0], &[7.0, 7.0]];
    check(&mapped(&f, &axes, &[Some(0), None, Some(0)]), &inputs, some);
    let options = VmapOptions { axis_size: Some(3), ..VmapOptions::default() };
    let constant_only = Function::new("c", |_: &Scope, _: &[Value]| Ok(vec![constant(3.0)]));
    check(&jaxrs_transform::vmap(&constant_only, options), &[], &[&[3.0, 3.0, 3.0]]);
}

#[test]
fn gradients_are_as_weak_as_their_arguments() {
    let f = grad(&unary("square", |s, x| mul(s, x, x)));
    let weak = Type::scalar(DType::F32).with_weak(true);
    let x = Value::literal(Literal::full(weak.clone(), Scalar::Float(3.0)));
    let context = context();
    for f in [f.clone(), jit(&f)] {
        assert_eq!(*call(&f, &context.root(), std::slice::from_ref(&x)).unwrap().ty(), weak);
        assert_eq!(*call(&f, &context.root(), &[scalar(3.0)]).unwrap().ty(), f32s(&[]));
    }
}

#[test]
fn names_of_scopes_stand_on_operations_through_transforms() {
    let f = unary("f", |s, x| sin(&s.with_name("layer").with_name("act"), x));
    let context = context();
    let closed = make_jaxpr(&vmap(&grad(&f)), &context.root(), &[f32s(&[2])]).unwrap();
    let names: Vec<Option<&str>> =
        closed.jaxpr.eqns.iter().map(|eqn| eqn.name_stack.as_deref()).collect();
    assert_eq!(names[..2], [Some("layer/act"), Some("layer/act")], "{}", closed.jaxpr);
}

#[test]
fn the_scope_of_operands_is_the_deepest_of_theirs() {
    let found: Arc<Mutex<Vec<(bool, bool)>>> = Arc::default();
    let store = found.clone();
    let f = unary("outer", move |outer, x| {
        let (x, store, outer_scope) = (x.clone(), store.clone(), outer.clone());
        let inner = unary("inner", move |s, y| {
            let both = infer_scope(&[x.clone(), y.clone(), scalar(1.0)])?;
            let both = both.is_some_and(|scope| sin(&scope, y).is_ok());
            let only = infer_scope(std::slice::from_ref(&x))?;
            let refused = only.is_some_and(|scope| sin(&scope, y).is_err());
            store.lock().unwrap().push((both, refused));
            assert!(sin(&outer_scope, y).is_err());
            sin(s, y)
        });
        call(&grad(&inner), outer, &[constant(1.0)])
    });
    call(&grad(&f), &context().root(), &[scalar(1.0)]).unwrap();
    assert_eq!(*found.lock().unwrap(), [(true, true)]);
    assert!(infer_scope(&[scalar(1.0)]).unwrap().is_none());
}

#[test]
fn operands_of_unrelated_traces_have_no_scope() {
    let f = unary("outer", |_, x| {
        let x = x.clone();
        let inner = unary("inner", move |s, y| {
            let error = infer_scope(&[x.clone(), y.clone()]).map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TracerScope);
            sin(s, y)
        });
        call(&grad(&inner), &context().root(), &[scalar(1.0)])
    });
    call(&grad(&f), &context().root(), &[scalar(1.0)]).unwrap();
}

#[test]
fn a_linear_function_can_be_applied_many_times() {
    let f = unary("f", |s, x| mul(s, &sin(s, x)?, x));
    let context = context();
    let (y, forward) = linearize(&f, &context.root(), &[scalar(0.5)]).unwrap();
    assert_eq!(y.len(), 1);
    let slope = 0.5f64.sin() + 0.5 * 0.5f64.cos();
    for t in [1.0f32, -2.0] {
        let got = numbers(&call(&forward, &context.root(), &[scalar(t)]).unwrap())[0];
        assert!((got - slope * f64::from(t)).abs() < 1e-6);
    }
    let error = forward.call(&context.root(), &[array(&[2], &[1.0; 2])]).map(drop).unwrap_err();
    assert_eq!(
        error.to_string(),
        "linearize needs a tangent like f32[] for argument 0, got f32[2]"
    );
}

#[test]
fn contexts_say_how_wide_numbers_are() {
    let wide = Context::new(ContextOptions { wide_defaults: true, ..ContextOptions::default() });
    assert_eq!(wide.root().defaults().float(), DType::F64);
    assert_eq!(context().root().defaults().float(), DType::F32);
    assert!(wide.root().context().is_same(&wide));
    assert!(!wide.is_same(&context()));
}

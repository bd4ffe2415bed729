//! Functions with derivatives of their own, recomputation, and stopped gradients.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jaxrs_data::ErrorKind;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    DiffOptions, Function, Scope, checkpoint, custom_jvp, custom_vjp, jvp, stop_gradient, to_array,
};

use crate::setting::*;

/// sin, whose derivative is said to be 10 cos; the rule calls the function itself.
fn ten_cos() -> Function {
    fn make() -> Function {
        let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
            let y = call(&make(), s, &x[..1])?;
            let slope = ops::scale(s, &cos(s, &x[0])?, 10.0)?;
            Ok(vec![y, mul(s, &slope, &x[1])?])
        });
        custom_jvp(&unary("custom_sin", sin), &rule)
    }
    make()
}

#[test]
fn a_custom_jvp_counts_in_every_mode_and_nesting() {
    let (f, x) = (ten_cos(), 0.5f64);
    let slope: &[&[f64]] = &[&[10.0 * x.cos()]];
    check(&f, &[scalar(0.5)], &[&[x.sin()]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), grad(&checkpoint(&f)), jit(&grad(&jit(&f)))]
    {
        check(&g, &[scalar(0.5)], slope);
    }
    check(&jvp(&f), &[scalar(0.5), scalar(1.0)], &[&[x.sin()], slope[0]]);
    check(&jvp(&jit(&f)), &[scalar(0.5), scalar(1.0)], &[&[x.sin()], slope[0]]);
    // The rule's own cos is an ordinary one.
    let second: &[&[f64]] = &[&[-10.0 * x.sin()]];
    check(&grad(&grad(&f)), &[scalar(0.5)], second);
    check(&jit(&grad(&grad(&jit(&f)))), &[scalar(0.5)], second);
    let both = [10.0 * 0.5f64.cos(), 10.0 * 2f64.cos()];
    let xs = [array(&[2], &[0.5, 2.0])];
    for g in [vmap(&grad(&f)), vmap(&jit(&grad(&f))), vmap(&grad(&jit(&f))), jit(&vmap(&grad(&f)))]
    {
        check(&g, &xs, &[&both]);
    }
    for inner in [vmap(&f), jit(&vmap(&f)), vmap(&jit(&f))] {
        let total = unary("total", move |s, x| sum(s, &call(&inner, s, std::slice::from_ref(x))?));
        check(&grad(&total), &xs, &[&both]);
    }
}

#[test]
fn a_rule_sees_concrete_primals_outside_jit() {
    let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
        let large = to_array(&x[0])?.to_literal()?.to_f64s()[0] > 1.0;
        let slope = if large { 100.0 } else { 1.0 };
        Ok(vec![sin(s, &x[0])?, ops::scale(s, &x[1], slope)?])
    });
    let f = custom_jvp(&unary("sin", sin), &rule);
    check(&grad(&f), &[scalar(2.0)], &[&[100.0]]);
    check(&grad(&f), &[scalar(0.0)], &[&[1.0]]);
}

/// x·y, whose cotangents are scaled by 2 and 3.
fn scaled_product(calls: &Arc<AtomicUsize>) -> Function {
    let counted = calls.clone();
    let f = binary("product", mul);
    let fwd = Function::new("fwd", move |s: &Scope, x: &[Value]| {
        counted.fetch_add(1, Ordering::Relaxed);
        Ok(vec![mul(s, &x[0], &x[1])?, x[0].clone(), x[1].clone()])
    });
    let bwd = Function::new("bwd", |s: &Scope, x: &[Value]| {
        let (x, y, ct) = (&x[0], &x[1], &x[2]);
        let dx = ops::scale(s, &mul(s, ct, y)?, 2.0)?;
        let dy = ops::scale(s, &mul(s, ct, x)?, 3.0)?;
        Ok(vec![dx, dy])
    });
    custom_vjp(&f, &fwd, &bwd, 1)
}

#[test]
fn a_custom_vjp_counts_in_every_nesting() {
    let calls = Arc::default();
    let f = scaled_product(&calls);
    let inputs = [scalar(5.0), scalar(7.0)];
    check(&f, &inputs, &[&[35.0]]);
    assert_eq!(calls.load(Ordering::Relaxed), 0, "the forward rule is for derivatives only");
    let options = DiffOptions { argnums: vec![0, 1], n_aux: 0, ..Default::default() };
    let gradient = |f: &Function| jaxrs_transform::grad(f, options.clone());
    for g in [
        gradient(&f),
        jit(&gradient(&f)),
        gradient(&jit(&f)),
        gradient(&checkpoint(&f)),
        gradient(&checkpoint(&jit(&f))),
    ] {
        check(&g, &inputs, &[&[14.0], &[15.0]]);
    }
    let xs = [array(&[2], &[5.0, 1.0]), array(&[2], &[7.0, 2.0])];
    let expected: &[&[f64]] = &[&[14.0, 4.0], &[15.0, 3.0]];
    check(&vmap(&gradient(&f)), &xs, expected);
    check(&vmap(&gradient(&jit(&f))), &xs, expected);
    for inner in [vmap(&f), vmap(&jit(&f)), jit(&vmap(&f))] {
        let total =
            binary("total", move |s, x, y| sum(s, &call(&inner, s, &[x.clone(), y.clone()])?));
        check(&gradient(&total), &xs, expected);
        check(&jit(&gradient(&total)), &xs, expected);
    }
}

#[test]
fn an_argument_that_examples_share_gets_the_sum_of_their_cotangents() {
    let f = scaled_product(&Arc::default());
    let options = jaxrs_transform::VmapOptions {
        in_axes: vec![Some(0), None],
        ..jaxrs_transform::VmapOptions::default()
    };
    for inner in [f.clone(), jit(&f)] {
        let mapped = jaxrs_transform::vmap(&inner, options.clone());
        let total =
            binary("total", move |s, x, y| sum(s, &call(&mapped, s, &[x.clone(), y.clone()])?));
        let gradient = jaxrs_transform::grad(
            &total,
            DiffOptions { argnums: vec![1], n_aux: 0, ..Default::default() },
        );
        check(&gradient, &[array(&[2], &[5.0, 1.0]), scalar(7.0)], &[&[18.0]]);
    }
}

#[test]
fn custom_rules_are_checked() {
    let f = scaled_product(&Arc::default());
    let forward = jvp(&f);
    let inputs = || [scalar(1.0), scalar(2.0), scalar(1.0), scalar(0.0)];
    let refused =
        "forward-mode differentiation (jvp) cannot be applied to 'product', which has a custom_vjp";
    check_error(&forward, &inputs(), refused);
    let rule = Function::new("rule", |_: &Scope, x: &[Value]| Ok(vec![x[0].clone()]));
    check_error(
        &grad(&custom_jvp(&unary("f", sin), &rule)),
        &[scalar(1.0)],
        "the jvp rule of 'f' must give a tangent for each result, got 1 values in all",
    );
    let fwd = Function::new("fwd", |_: &Scope, x: &[Value]| Ok(vec![x[0].clone()]));
    let bwd = Function::new("bwd", |_: &Scope, _: &[Value]| Ok(Vec::new()));
    check_error(
        &grad(&custom_vjp(&unary("f", sin), &fwd, &bwd, 1)),
        &[scalar(1.0)],
        "the backward rule of 'f' must give a cotangent for each of 1 arguments, got 0",
    );
    let context = context();
    let error = jit(&jvp(&jit(&f))).call(&context.root(), &inputs()).map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unimplemented);
}

#[test]
fn stopped_gradients_are_constants() {
    let f = unary("f", |s, x| mul(s, x, &stop_gradient(s, x)?));
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), grad(&checkpoint(&f))] {
        check(&g, &[scalar(3.0)], &[&[3.0]]);
    }
    check(&jvp(&f), &[scalar(3.0), scalar(1.0)], &[&[9.0], &[3.0]]);
}

#[test]
fn recomputation_changes_no_value() {
    let triple = unary("triple", |s, x| sin(s, &sin(s, &sin(s, x)?)?));
    let x = 0.5f64;
    let slope = x.cos() * x.sin().cos() * x.sin().sin().cos();
    let f = checkpoint(&triple);
    check(&f, &[scalar(0.5)], &[&[x.sin().sin().sin()]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), grad(&checkpoint(&f))] {
        check(&g, &[scalar(0.5)], &[&[slope]]);
    }
    check(&vmap(&grad(&f)), &[array(&[2], &[0.5, 0.5])], &[&[slope, slope]]);
}

#[test]
fn auxiliary_outputs_are_passed_on() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &x[0])?, sin(s, &x[0])?, int(7)])
    });
    let options = DiffOptions { argnums: Vec::new(), n_aux: 2, ..Default::default() };
    let x = 3f64;
    check(
        &jaxrs_transform::grad(&f, options.clone()),
        &[scalar(3.0)],
        &[&[6.0], &[x.sin()], &[7.0]],
    );
    check(
        &jaxrs_transform::value_and_grad(&f, options),
        &[scalar(3.0)],
        &[&[9.0], &[x.sin()], &[7.0], &[6.0]],
    );
}

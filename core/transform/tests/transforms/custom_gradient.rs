//! Functions that give their backward rule along with their results.

use jaxrs_ir::{Value, ops};
use jaxrs_transform::{DiffOptions, Function, Scope, checkpoint, custom_gradient, jvp, to_array};

use crate::setting::*;

/// exp x, whose slope is said to be 10 exp x, from the result.
fn steep() -> Function {
    custom_gradient("steep", |s: &Scope, x: &[Value]| {
        let y = ops::bind1(s, jaxrs_ir::prims::Unary::Exp, x)?;
        let kept = y.clone();
        let rule = Function::new("rule", move |s: &Scope, ct: &[Value]| {
            Ok(vec![mul(s, &ops::scale(s, &kept, 10.0)?, &ct[0])?])
        });
        Ok((vec![y], rule))
    })
}

#[test]
fn the_rule_counts_in_every_nesting() {
    let (f, x) = (steep(), 0.5f64);
    let slope: &[&[f64]] = &[&[10.0 * x.exp()]];
    check(&f, &[scalar(0.5)], &[&[x.exp()]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), grad(&checkpoint(&f)), jit(&grad(&jit(&f)))]
    {
        check(&g, &[scalar(0.5)], slope);
    }
    // What the body does is ordinary: the slope 10 exp x has itself for its slope.
    let second = slope;
    check(&grad(&grad(&f)), &[scalar(0.5)], second);
    check(&jit(&grad(&grad(&jit(&f)))), &[scalar(0.5)], second);
    let both = [10.0 * 0.5f64.exp(), 10.0 * 2f64.exp()];
    let xs = [array(&[2], &[0.5, 2.0])];
    for g in [vmap(&grad(&f)), vmap(&jit(&grad(&f))), vmap(&grad(&jit(&f))), jit(&vmap(&grad(&f)))]
    {
        check(&g, &xs, &[&both]);
    }
    for inner in [vmap(&f), jit(&vmap(&f)), vmap(&jit(&f))] {
        let total = unary("total", move |s, x| sum(s, &call(&inner, s, std::slice::from_ref(x))?));
        check(&grad(&total), &xs, &[&both]);
    }
    let along = [scalar(0.5), scalar(1.0)];
    for g in [jvp(&f), jvp(&jit(&f))] {
        check_error(
            &g,
            &along,
            "forward-mode differentiation (jvp) cannot be applied to 'steep', which has a custom_vjp",
        );
    }
}

#[test]
fn the_body_may_decide_by_known_values_and_the_rule_by_what_the_body_knew() {
    let f = custom_gradient("by_size", |s: &Scope, x: &[Value]| {
        let is_large = to_array(&x[0])?.to_literal()?.to_f64s()[0] > 1.0;
        let scale = if is_large { 100.0 } else { 1.0 };
        let rule = Function::new("rule", move |s: &Scope, ct: &[Value]| {
            Ok(vec![ops::scale(s, &ct[0], scale)?])
        });
        Ok((vec![sin(s, &x[0])?], rule))
    });
    check(&grad(&f), &[scalar(2.0)], &[&[100.0]]);
    check(&grad(&f), &[scalar(0.0)], &[&[1.0]]);
}

/// x c for a c of an enclosing trace, with 2 c ct.
fn captured_product(c: &Value) -> Function {
    let c = c.clone();
    custom_gradient("captured", move |s: &Scope, x: &[Value]| {
        let kept = c.clone();
        let rule = Function::new("rule", move |s: &Scope, ct: &[Value]| {
            Ok(vec![ops::scale(s, &mul(s, &kept, &ct[0])?, 2.0)?])
        });
        Ok((vec![mul(s, &x[0], &c)?], rule))
    })
}

#[test]
fn bodies_and_rules_capture_values_of_enclosing_traces() {
    let outer =
        binary("outer", |s, c, x| call(&grad(&captured_product(c)), s, std::slice::from_ref(x)));
    let inputs = [scalar(3.0), scalar(5.0)];
    check(&outer, &inputs, &[&[6.0]]);
    check(&jit(&outer), &inputs, &[&[6.0]]);
    let staged = binary("staged", |s, c, x| {
        call(&grad(&jit(&captured_product(c))), s, std::slice::from_ref(x))
    });
    check(&jit(&staged), &inputs, &[&[6.0]]);
    let examples = [array(&[2], &[3.0, 4.0]), array(&[2], &[5.0, 6.0])];
    check(&vmap(&outer), &examples, &[&[6.0, 8.0]]);
    let inner = binary("inner", |s, c, x| call(&captured_product(c), s, std::slice::from_ref(x)));
    let second = DiffOptions { argnums: vec![1], ..DiffOptions::default() };
    check(&vmap(&jaxrs_transform::grad(&inner, second)), &examples, &[&[6.0, 8.0]]);
}

#[test]
fn rules_of_several_arguments_are_checked() {
    let f = |given: usize| {
        custom_gradient("pair", move |s: &Scope, x: &[Value]| {
            let rule = Function::new("rule", move |s: &Scope, ct: &[Value]| {
                (0..given).map(|k| ops::scale(s, &ct[0], k as f64 + 1.0)).collect()
            });
            Ok((vec![mul(s, &x[0], &x[1])?], rule))
        })
    };
    let both = DiffOptions { argnums: vec![0, 1], ..DiffOptions::default() };
    let inputs = [scalar(3.0), scalar(5.0)];
    check(&jaxrs_transform::grad(&f(2), both.clone()), &inputs, &[&[1.0], &[2.0]]);
    let needed = "the backward rule of 'pair' must give a cotangent for each of 2 arguments, got 1";
    check_error(&jaxrs_transform::grad(&f(1), both.clone()), &inputs, needed);
    check_error(&jit(&jaxrs_transform::grad(&f(1), both)), &inputs, needed);
}

#[test]
fn gradients_count_in_loops() {
    let inner = steep();
    let body = Function::new("body", move |s: &Scope, c: &[Value]| {
        Ok(vec![ops::scale(s, &inner.call(s, c)?[0], 0.1)?])
    });
    let options = jaxrs_transform::ScanOptions { length: Some(2), ..Default::default() };
    let looped = unary("looped", move |s, x| {
        let ys = jaxrs_transform::scan(s, &body, std::slice::from_ref(x), &[], options);
        ys.map(|mut y| y.swap_remove(0))
    });
    let (x, first) = (0.5f64, 0.1 * 0.5f64.exp());
    let slope = x.exp() * first.exp();
    check(&grad(&looped), &[scalar(0.5)], &[&[slope]]);
    check(&jit(&grad(&looped)), &[scalar(0.5)], &[&[slope]]);
}

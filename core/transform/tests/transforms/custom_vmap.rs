//! Batching rules of the caller's, under all transforms. Values are JAX's.

use jaxrs_data::Result;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    BatchedResults, Function, Scope, VmapOptions, VmapRule, custom_vmap, jvp, sequential_vmap,
};

use crate::setting::{
    self, array, binary, call, check_error, constant, f32s, grad, jit, mul, program, sin, sum,
    unary, vmap,
};

#[track_caller]
fn check(f: &Function, inputs: &[Value], expected: &[&[f64]]) {
    setting::check(f, inputs, expected);
    setting::check(&jit(f), inputs, expected);
}

/// sin(x)·y, of which the rule gives ten times as much and the number of examples, so that it shows.
fn marked() -> Function {
    let f = binary("f", |s, x, y| mul(s, &sin(s, x)?, y));
    let rule = VmapRule::new("rule", |s: &Scope, size: usize, batched: &[bool], x: &[Value]| {
        let ten = ops::scale(s, &mul(s, &sin(s, &x[0])?, &x[1])?, 10.0)?;
        Ok((vec![ops::offset(s, &ten, size as f64)?], vec![batched[0] || batched[1]]))
    });
    custom_vmap(&f, &rule)
}

/// The function of x alone.
fn doubled(f: &Function) -> Function {
    let f = f.clone();
    unary("doubled", move |s, x| call(&f, s, &[x.clone(), constant(2.0)]))
}

fn slope(f: &Function) -> Function {
    let f = jvp(f);
    unary("slope", move |s, x| Ok(f.call(s, &[x.clone(), constant(1.0)])?.swap_remove(1)))
}

fn xs() -> Value {
    array(&[3], &[0.0, 1.0, 2.0])
}

const TOGETHER: [f64; 3] = [3.0, 19.829_418, 21.185_947];
const SLOPES: [f64; 3] = [20.0, 10.806_046, -8.322_937];

#[test]
fn the_rule_counts_under_vmap_only() {
    for f in [marked(), jit(&marked())] {
        check(&doubled(&f), &[array(&[], &[1.0])], &[&[1.682_942]]);
        check(&vmap(&doubled(&f)), &[xs()], &[&TOGETHER]);
    }
}

#[test]
fn nested_vmaps_batch_what_the_rule_did() {
    let inner = VmapOptions { in_axes: vec![Some(0), None], ..VmapOptions::default() };
    let outer = VmapOptions { in_axes: vec![None, Some(0)], ..VmapOptions::default() };
    let f = jaxrs_transform::vmap(&jaxrs_transform::vmap(&marked(), inner), outer);
    let expected = [3.0, 3.0, 3.0, 3.0, 11.414_709, 12.092_974];
    check(&f, &[xs(), array(&[2], &[0.0, 1.0])], &[&expected]);
}

#[test]
fn the_derivative_has_the_derivative_of_the_rule() {
    for f in [marked(), jit(&marked())] {
        let f = doubled(&f);
        check(&slope(&f), &[array(&[], &[0.0])], &[&[2.0]]);
        check(&vmap(&slope(&f)), &[xs()], &[&SLOPES]);
        let total = vmap(&f);
        let total = unary("total", move |s, x| sum(s, &call(&total, s, std::slice::from_ref(x))?));
        check(&grad(&total), &[xs()], &[&SLOPES]);
        let second = [0.0, -16.829_418, -18.185_947];
        check(&vmap(&slope(&slope(&f))), &[xs()], &[&second]);
    }
}

#[test]
fn a_tangent_that_differs_between_examples_of_one_primal() {
    let f = doubled(&marked());
    let f = jvp(&f);
    let f = unary("f", move |s, dx| Ok(f.call(s, &[constant(0.0), dx.clone()])?.swap_remove(1)));
    check(&vmap(&f), &[xs()], &[&[0.0, 20.0, 40.0]]);
}

#[test]
fn reverse_mode_needs_a_rule_of_its_own() {
    let expected = "custom_vmap of 'rule' has no reverse mode before vmap has replaced it by its rule; give it one with custom_vjp";
    check_error(&grad(&doubled(&marked())), &[array(&[], &[1.0])], expected);
    check_error(&vmap(&grad(&jit(&doubled(&marked())))), &[xs()], expected);
}

#[test]
fn programs_show_the_call() {
    let text = program(&doubled(&marked()), &[f32s(&[])]);
    assert!(text.contains("custom_vmap_call["), "{text}");
    assert!(text.contains("rule=rule"), "{text}");
    let text = program(&vmap(&doubled(&marked())), &[f32s(&[3])]);
    assert!(!text.contains("custom_vmap_call"), "{text}");
}

/// The identity, whose rule gives this.
fn ruled(
    rule: impl Fn(&Scope, &[Value]) -> Result<BatchedResults> + Send + Sync + 'static,
) -> Function {
    let rule =
        VmapRule::new("rule", move |s: &Scope, _: usize, _: &[bool], x: &[Value]| rule(s, x));
    vmap(&custom_vmap(&unary("same", |_, x| Ok(x.clone())), &rule))
}

#[test]
fn what_rules_give_is_checked() {
    let f = ruled(|_, x| Ok((vec![x[0].clone()], vec![false])));
    let expected = "the vmap rule of 'rule' needs f32[] for result 0, got f32[3]";
    check_error(&f, &[xs()], expected);
    let f = ruled(|s, x| Ok((vec![sum(s, &x[0])?], vec![true])));
    let expected = "the vmap rule of 'rule' needs f32[3] for result 0, got f32[]";
    check_error(&f, &[xs()], expected);
    let f = ruled(|_, x| Ok((vec![x[0].clone()], vec![])));
    let expected = "the vmap rule of 'rule' must give 1 results and say of each whether it is batched, got 1 results and 0 words";
    check_error(&f, &[xs()], expected);
    check(&ruled(|s, x| Ok((vec![sum(s, &x[0])?], vec![false]))), &[xs()], &[&[3.0; 3]]);
}

#[test]
fn captured_values_must_be_the_same_for_all_examples() {
    let f = unary("f", |s, x| {
        let outer = x.clone();
        let rule = VmapRule::new("rule", |_: &Scope, _: usize, _: &[bool], x: &[Value]| {
            Ok((x.to_vec(), vec![true]))
        });
        let inner = custom_vmap(&unary("inner", move |s, y| mul(s, &outer, y)), &rule);
        call(&inner, s, std::slice::from_ref(x))
    });
    let expected =
        "custom_vmap of 'rule' captures a value that differs between examples; make it an argument";
    check_error(&vmap(&f), &[xs()], expected);
    let expected =
        "custom_vmap of 'rule' captures a value that is differentiated; make it an argument";
    check_error(&slope(&f), &[array(&[], &[1.0])], expected);
}

#[test]
fn sequential_vmap_is_a_loop() {
    let f = sequential_vmap(&binary("f", |s, x, y| mul(s, &sin(s, x)?, y)));
    check(&vmap(&doubled(&f)), &[xs()], &[&[0.0, 1.682_942, 1.818_595]]);
    let text = program(&vmap(&doubled(&f)), &[f32s(&[3])]);
    assert!(text.contains("scan["), "{text}");
    check(&vmap(&slope(&doubled(&f))), &[xs()], &[&[2.0, 1.080_604_6, -0.832_293_7]]);
    check(&vmap(&vmap(&doubled(&f))), &[array(&[1, 1], &[1.0])], &[&[1.682_942]]);
}

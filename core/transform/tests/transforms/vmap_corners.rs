//! `vmap` in its corners: no examples at all, control flow by example, indices by example. Values are JAX's.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{DynamicSlice, DynamicUpdateSlice};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, ScanOptions, Scope, cond, jvp, psum, scan, switch, while_loop};

use crate::named_axes::named;
use crate::setting::{
    self, add, array, constant, context, cos, f32s, from_literal, jit, mul, program, sin, sum,
    unary, vmap,
};

#[track_caller]
fn check(f: &Function, inputs: &[Value], expected: &[&[f64]]) {
    for way in [vmap(f), jit(&vmap(f)), vmap(&jit(f))] {
        setting::check(&way, inputs, expected);
    }
}

fn ints(values: &[i64]) -> Value {
    let ty = Type::new(DType::I32, [values.len()]);
    from_literal(&Literal::from_fn(ty, |k| Scalar::Int(values[k])))
}

fn i32_constant(value: i64) -> Value {
    Value::literal(Literal::scalar(DType::I32, Scalar::Int(value)))
}

/// (k, y) with y = s^k by counting up to n.
fn powers() -> Function {
    Function::new("powers", |s: &Scope, x: &[Value]| {
        let (n, base) = (x[0].clone(), x[1].clone());
        let below = Function::new("below", move |s: &Scope, c: &[Value]| {
            Ok(vec![ops::compare(s, Compare::Lt, &c[0], &n)?])
        });
        let step = Function::new("step", move |s: &Scope, c: &[Value]| {
            Ok(vec![add(s, &c[0], &i32_constant(1))?, mul(s, &c[1], &base)?])
        });
        while_loop(s, &below, &step, &[i32_constant(0), constant(1.0)])
    })
}

#[test]
fn loops_stop_for_each_example_on_its_own() {
    let inputs = [ints(&[1, 3, 0]), array(&[3], &[2.0, 3.0, 5.0])];
    check(&powers(), &inputs, &[&[1.0, 3.0, 0.0], &[2.0, 27.0, 1.0]]);
    let slope = Function::new("slope", |s: &Scope, x: &[Value]| {
        let n = x[0].clone();
        let power = unary("power", move |s, base| {
            Ok(powers().call(s, &[n.clone(), base.clone()])?.swap_remove(1))
        });
        jvp(&power).call(s, &[x[1].clone(), constant(1.0)])
    });
    let inputs = [ints(&[1, 3]), array(&[2], &[2.0, 3.0])];
    check(&slope, &inputs, &[&[2.0, 27.0], &[1.0, 27.0]]);
}

#[test]
fn a_condition_over_what_examples_carry() {
    let f = unary("f", |s, limit| {
        let limit = limit.clone();
        let below = unary("below", move |s, c| ops::compare(s, Compare::Lt, &sum(s, c)?, &limit));
        let step = unary("step", |s, c| add(s, c, &Value::literal(Literal::f32([2], &[1.0, 2.0]))));
        let zeros = Value::literal(Literal::f32([2], &[0.0, 0.0]));
        Ok(while_loop(s, &below, &step, &[zeros])?.swap_remove(0))
    });
    check(&f, &[array(&[3], &[0.0, 4.0, 10.0])], &[&[0., 0., 2., 4., 4., 8.]]);
}

fn choosing() -> Function {
    Function::new("choosing", |s: &Scope, x: &[Value]| {
        let ten = unary("ten", |s, x| ops::scale(s, x, 10.0));
        switch(s, &x[0], &[unary("sin", sin), unary("cos", cos), ten], &x[1..])
    })
}

#[test]
fn switches_choose_for_each_example() {
    let inputs = [ints(&[-5, 1, 9]), array(&[3], &[1.0, 2.0, 3.0])];
    check(&choosing(), &inputs, &[&[0.841_471, -0.416_147, 30.0]]);
}

#[test]
fn branches_without_operands_are_chosen_for_each_example() {
    let f = unary("f", |s, p| {
        let one = Function::new("one", |_: &Scope, _: &[Value]| Ok(vec![constant(1.0)]));
        let two = Function::new("two", |_: &Scope, _: &[Value]| Ok(vec![constant(2.0)]));
        Ok(cond(s, p, &one, &two, &[])?.swap_remove(0))
    });
    let truth = Literal::from_fn(Type::new(DType::Bool, [2]), |k| Scalar::Bool(k == 0));
    check(&f, &[from_literal(&truth)], &[&[1.0, 2.0]]);
}

fn summed(reverse: bool) -> Function {
    Function::new("summed", move |s: &Scope, x: &[Value]| {
        let body = Function::new("body", |s: &Scope, c: &[Value]| {
            let next = add(s, &ops::scale(s, &c[0], 0.5)?, &c[1])?;
            Ok(vec![next, c[0].clone()])
        });
        let options = ScanOptions { reverse, ..ScanOptions::default() };
        scan(s, &body, &[constant(1.0)], &x[..1], options)
    })
}

#[test]
fn scans_of_examples_run_backwards_too() {
    let x = array(&[2, 3], &[0., 1., 2., 3., 4., 5.]);
    let carried = [1.125, 6.375];
    check(&summed(true), &[x], &[&carried, &[2.25, 2.5, 1.0, 6.75, 5.5, 1.0]]);
}

#[test]
fn no_examples_at_all_go_through_everything() {
    let none = || array(&[0, 3], &[]);
    check(&unary("f", |s, x| sum(s, &mul(s, x, x)?)), &[none()], &[&[]]);
    check(&summed(false), &[none()], &[&[], &[]]);
    check(&choosing(), &[ints(&[]), array(&[0], &[])], &[&[]]);
    check(&powers(), &[ints(&[]), array(&[0], &[])], &[&[], &[]]);
    let total = unary("total", |s, x| psum(s, x, &["i"]));
    setting::check(&named(&total, "i"), &[none()], &[&[]]);
}

#[test]
fn indices_of_each_example_clamp_on_their_own() {
    let slice = Function::new("slice", |s: &Scope, x: &[Value]| -> Result<Vec<Value>> {
        let slice = DynamicSlice { slice_sizes: [2].as_slice().into() };
        Ok(vec![ops::bind1(s, slice, x)?])
    });
    let x = || {
        let values: Vec<f32> = (0..12).map(|k| k as f32).collect();
        array(&[3, 4], &values)
    };
    check(&slice, &[x(), ints(&[3, 1, 9])], &[&[2., 3., 5., 6., 10., 11.]]);
    let text = program(&vmap(&slice), &[f32s(&[3, 4]), Type::new(DType::I32, [3])]);
    assert!(text.contains("gather[") && !text.contains("dynamic_slice"), "{text}");
    let update = Function::new("update", |s: &Scope, x: &[Value]| {
        let new = Value::literal(Literal::f32([2], &[7.0, 8.0]));
        Ok(vec![ops::bind1(s, DynamicUpdateSlice, &[x[0].clone(), new, x[1].clone()])?])
    });
    let expected = [0., 1., 7., 8., 4., 7., 8., 7., 8., 9., 7., 8.];
    check(&update, &[x(), ints(&[3, 1, 9])], &[&expected]);
    let text = program(&vmap(&update), &[f32s(&[3, 4]), Type::new(DType::I32, [3])]);
    assert!(text.contains("scatter[") && !text.contains("dynamic_update_slice"), "{text}");
}

#[test]
fn compiled_functions_under_named_axes_are_traced_once_for_each_size() {
    let context = context();
    let root = context.root();
    let f = named(&jit(&unary("f", |s, x| psum(s, x, &["i"]))), "i");
    for (n, traces) in [(3, 1), (3, 1), (2, 2), (3, 2), (2, 2)] {
        let x = array(&[n], &vec![1.0; n]);
        let got = f.call(&root, &[x]).expect("it runs");
        assert_eq!(setting::numbers(&got[0]), vec![n as f64; n]);
        assert_eq!(context.stats().traces, traces);
    }
}

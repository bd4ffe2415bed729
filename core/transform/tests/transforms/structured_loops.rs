//! Loops made of loops: prefixes, maps, counted loops with options. Values are JAX's.

use jaxrs_data::Result;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::{
    AssociativeScanOptions, Function, ScanOptions, Scope, UNROLL_ALL, associative_scan, fori_loop,
    map, platform_dependent, scan,
};

use crate::setting::{
    self, add, array, binary, call, check_error, constant, f32s, grad, int, jit, mul, program, sin,
    sum, unary, vmap,
};

#[track_caller]
fn check(f: &Function, inputs: &[Value], expected: &[&[f64]]) {
    setting::check(f, inputs, expected);
    setting::check(&jit(f), inputs, expected);
}

fn count(n: usize) -> Value {
    array(&[n], &(0..n).map(|k| k as f32 + 1.0).collect::<Vec<_>>())
}

fn prefixes(combine: &Function, reverse: bool, axis: i64) -> Function {
    let combine = combine.clone();
    Function::new("prefixes", move |s: &Scope, x: &[Value]| {
        associative_scan(s, &combine, x, AssociativeScanOptions { reverse, axis })
    })
}

#[test]
fn prefixes_of_sums_and_products() {
    let sums = prefixes(&binary("add", add), false, 0);
    for n in 0..=9 {
        let expected: Vec<f64> = (1..=n).map(|k| (k * (k + 1) / 2) as f64).collect();
        check(&sums, &[count(n)], &[&expected]);
    }
    let back = prefixes(&binary("mul", mul), true, 0);
    check(&back, &[count(5)], &[&[120., 120., 60., 20., 5.]]);
    let along = prefixes(&binary("add", add), false, -1);
    let x = array(&[2, 3], &[0., 1., 2., 3., 4., 5.]);
    check(&along, &[x], &[&[0., 1., 3., 3., 7., 12.]]);
}

/// a·x + b after a'·x + b'.
fn affine() -> Function {
    Function::new("affine", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &x[2])?, add(s, &mul(s, &x[2], &x[1])?, &x[3])?])
    })
}

#[test]
fn prefixes_of_pairs_under_an_operation_that_does_not_commute() {
    let inputs = [array(&[5], &[0.5, 2.0, 3.0, 1.0, 2.0]), count(5)];
    let expected: [&[f64]; 2] = [&[0.5, 1., 3., 3., 6.], &[1., 4., 15., 19., 43.]];
    check(&prefixes(&affine(), false, 0), &inputs, &expected);
    let rows = [array(&[1, 5], &[0.5, 2.0, 3.0, 1.0, 2.0]), array(&[1, 5], &[1., 2., 3., 4., 5.])];
    check(&vmap(&prefixes(&affine(), false, 0)), &rows, &expected);
}

#[test]
fn prefixes_have_derivatives() {
    let products = prefixes(&binary("mul", mul), false, 0);
    let total = unary("total", move |s, x| sum(s, &call(&products, s, std::slice::from_ref(x))?));
    // 1 + b + bc, a + ac, ab of a + ab + abc.
    check(&grad(&total), &[array(&[3], &[2., 3., 4.])], &[&[16., 10., 6.]]);
}

#[test]
fn prefixes_refuse_what_does_not_fit() {
    let two = prefixes(&affine(), false, 0);
    let expected = "associative_scan needs elements of one number along axis 0, but input 0 is f32[2] and input 1 f32[3]";
    check_error(&two, &[count(2), count(3)], expected);
    let sums = unary("sums", |s, x| ops::reduce(s, ReduceOp::Add, x, jaxrs_data::Axes::all(1)));
    let expected = "associative_scan needs 'sums' to give what it takes, but value 0 is f32[1] and comes back as f32[]";
    check_error(&prefixes(&sums, false, 0), &[count(2)], expected);
}

#[test]
fn maps_take_slices_alone_or_in_batches() {
    for batch_size in [None, Some(1), Some(3), Some(7), Some(100)] {
        let f = Function::new("mapped", move |s: &Scope, x: &[Value]| {
            let square = unary("square", |s, x| ops::offset(s, &mul(s, x, x)?, 1.0));
            map(s, &square, x, batch_size)
        });
        check(&f, &[count(7)], &[&[2., 5., 10., 17., 26., 37., 50.]]);
        check(&f, &[count(0)], &[&[]]);
    }
    let f = Function::new("mapped", |s: &Scope, x: &[Value]| {
        map(s, &unary("same", |_, x| Ok(x.clone())), x, Some(0))
    });
    let expected = "map needs batches of at least one slice, got a batch size of 0";
    check_error(&f, &[count(2)], expected);
    let f = Function::new("mapped", |s: &Scope, _: &[Value]| {
        map(s, &unary("same", |_, x| Ok(x.clone())), &[], Some(2))
    });
    check_error(&f, &[], "map needs inputs to run over or a length, got neither");
}

fn counted(unroll: Option<usize>) -> Function {
    Function::new("counted", move |s: &Scope, x: &[Value]| {
        let step = Function::new("step", |s: &Scope, c: &[Value]| Ok(vec![sin(s, &c[1])?]));
        fori_loop(s, &int(0), &x[1], &step, &x[..1], unroll)
    })
}

#[test]
fn counted_loops_unroll_where_their_bounds_are_known() {
    let f = unary("f", |s, x| Ok(counted(Some(2)).call(s, &[x.clone(), int(3)])?.swap_remove(0)));
    let text = program(&f, &[f32s(&[])]);
    assert!(text.contains("unroll=2"), "{text}");
    check(&f, &[array(&[], &[0.5])], &[&[0.445_085_35]]);
    setting::check(&counted(None), &[array(&[], &[0.5]), int(3)], &[&[0.445_085_35]]);
    let expected = "fori_loop can only be unrolled where its bounds are known";
    check_error(&jit(&counted(Some(2))), &[array(&[], &[0.5]), int(3)], expected);
}

#[test]
fn loops_unroll_as_a_whole() {
    let f = unary("f", |s, x| {
        let step = unary("step", |s, c| add(s, c, &constant(1.0)));
        let options = ScanOptions { length: Some(5), unroll: UNROLL_ALL, ..ScanOptions::default() };
        Ok(scan(s, &step, std::slice::from_ref(x), &[], options)?.swap_remove(0))
    });
    let text = program(&f, &[f32s(&[])]);
    assert!(text.contains("unroll=5"), "{text}");
    check(&f, &[array(&[], &[0.5])], &[&[5.5]]);
}

#[test]
fn platforms_choose_their_function() {
    let choosing = |names: &'static [&'static str], has_default: bool| {
        unary("choosing", move |s, x| {
            let of = |k: usize| unary("scaled", move |s, x| ops::scale(s, x, k as f64 + 1.0));
            let functions: Vec<(&str, Function)> =
                names.iter().enumerate().map(|(k, &name)| (name, of(k))).collect();
            let default = of(9);
            let x = std::slice::from_ref(x);
            let default = has_default.then_some(&default);
            Ok(platform_dependent(s, x, &functions, default)?.swap_remove(0))
        })
    };
    let one = || [array(&[], &[1.0])];
    check(&choosing(&["cuda", "cpu"], true), &one(), &[&[2.0]]);
    check(&choosing(&["cuda"], true), &one(), &[&[10.0]]);
    let expected = "platform_dependent needs a function for cpu or a default, got [cuda, tpu]";
    check_error(&choosing(&["cuda", "tpu"], false), &one(), expected);
    let uneven = unary("uneven", |s, x| -> Result<Value> {
        let pair = Function::new("pair", |_: &Scope, x: &[Value]| Ok([x, x].concat()));
        let same = unary("same", |_, x| Ok(x.clone()));
        let x = std::slice::from_ref(x);
        Ok(platform_dependent(s, x, &[("cuda", pair)], Some(&same))?.swap_remove(0))
    });
    let expected = "platform_dependent needs branches with equal numbers of outputs, but 'pair' gives 2 and 'same' 1";
    check_error(&uneven, &one(), expected);
}

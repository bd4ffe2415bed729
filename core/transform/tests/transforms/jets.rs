//! Taylor mode: against JAX, against nested forward mode, and through what holds programs.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::{Jaxpr, Value, ops};
use jaxrs_transform::{
    ClosedJaxpr, Function, JetOptions, ScanOptions, Scope, checkpoint, cond, function_from_jaxpr,
    jet, jvp, scan, while_loop,
};

use crate::setting::*;

fn of_order(f: &Function, order: usize) -> Function {
    jet(f, JetOptions { order, factorial_scaled: true })
}

/// Numbers of a list of arrays: `1.0 2.0 / 3.0 4.0`.
fn arrays(text: &str) -> Vec<Vec<f64>> {
    let numbers =
        |text: &str| text.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    text.split('/').map(numbers).collect()
}

fn doubles(ty: &Type, values: &[f64]) -> Value {
    from_literal(&Literal::from_fn(ty.clone(), |k| Scalar::Float(values[k])))
}

/// What is wrong with a recorded case.
fn fault(line: &str) -> Option<String> {
    let parts: Vec<&str> = line.split('|').collect();
    let [source, inputs, series, result, terms] = parts[..] else { return Some("parts".into()) };
    let jaxpr: Jaxpr = source.parse().expect("a program");
    let types: Vec<Type> = jaxpr.in_types().cloned().collect();
    let list = |text: &str| text.split(';').map(arrays).collect::<Vec<_>>();
    let (inputs, series) = (list(inputs), list(series));
    let order = series[0].len();
    let mut values: Vec<Value> =
        types.iter().zip(&inputs).map(|(ty, x)| doubles(ty, &x[0])).collect();
    for (ty, terms) in types.iter().zip(&series) {
        values.extend(terms.iter().map(|term| doubles(ty, term)));
    }
    let f = function_from_jaxpr("f", ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts: Vec::new() });
    let outputs = match of_order(&f, order).call(&context().root(), &values) {
        Ok(outputs) => outputs,
        Err(err) => return Some(format!("{err:?}")),
    };
    let expected = [arrays(result), arrays(terms)].concat();
    let got: Vec<Vec<f64>> = outputs.iter().map(numbers).collect();
    let close = |a: &f64, b: &f64| (a - b).abs() <= 1e-11 * (1.0 + b.abs());
    let same = got.len() == expected.len()
        && got
            .iter()
            .zip(&expected)
            .all(|(a, b)| a.len() == b.len() && a.iter().zip(b).all(|(a, b)| close(a, b)));
    (!same).then(|| format!("got {got:?}, JAX has {expected:?}"))
}

#[test]
fn series_are_those_of_jax() {
    let table = include_str!("../../../../tests/recorded/taylor.txt");
    let faults: Vec<String> =
        (table.lines()).filter_map(|line| Some(format!("{line}: {}", fault(line)?))).collect();
    assert!(table.lines().count() > 50 && faults.is_empty(), "{faults:#?}");
}

#[test]
fn terms_are_derivatives_or_coefficients() {
    let cube = unary("cube", |s, x| ops::integer_pow(s, x, 3));
    let inputs = [scalar(2.0), scalar(1.0), scalar(0.0), scalar(0.0)];
    check(&of_order(&cube, 3), &inputs, &[&[8.0], &[12.0], &[12.0], &[6.0]]);
    let coefficients = jet(&cube, JetOptions { order: 3, factorial_scaled: false });
    check(&coefficients, &inputs, &[&[8.0], &[12.0], &[6.0], &[1.0]]);
    let exp = unary("exp", |s, x| ops::unary(s, jaxrs_ir::prims::Unary::Exp, x));
    let inputs = [scalar(0.0), scalar(1.0), scalar(0.0), scalar(0.0), scalar(0.0)];
    check(&of_order(&exp, 4), &inputs, &[&[1.0], &[1.0], &[1.0], &[1.0], &[1.0]]);
    check(&of_order(&exp, 0), &[scalar(0.0)], &[&[1.0]]);
}

/// sin(x y) / x + x^y, with a value that is passed on.
fn mixed() -> Function {
    Function::new("mixed", |s: &Scope, x: &[Value]| {
        let product = sin(s, &mul(s, &x[0], &x[1])?)?;
        let power = ops::binary(s, jaxrs_ir::prims::Binary::Pow, &x[0], &x[1])?;
        Ok(vec![add(s, &ops::div(s, &product, &x[0])?, &power)?, x[1].clone()])
    })
}

/// Derivatives along x + t v by nested forward mode.
fn nested(f: &Function, x: &[Value], v: &[Value], order: usize) -> Vec<f64> {
    let mut along = f.clone();
    let (n, all) = (x.len(), order);
    for _ in 0..all {
        let (inner, v) = (along.clone(), v.to_vec());
        along = Function::new("along", move |s: &Scope, x: &[Value]| {
            let inputs: Vec<Value> = x.iter().chain(&v).cloned().collect();
            let outputs = jvp(&inner).call(s, &inputs)?;
            Ok(outputs[outputs.len() / 2..].to_vec())
        });
    }
    let outputs = along.call(&context().root(), &x[..n]).expect("it runs");
    outputs.iter().flat_map(numbers).collect()
}

/// Series along a line, against nested forward mode, eagerly and compiled.
#[track_caller]
fn check_against_nested(f: &Function, x: &[Value], v: &[Value]) {
    const ORDER: usize = 3;
    let expected: Vec<Vec<f64>> = (0..=ORDER).map(|k| nested(f, x, v, k)).collect();
    let mut inputs = x.to_vec();
    for v in v {
        inputs.push(v.clone());
        let zero = Literal::full(v.ty().clone(), Scalar::zero(v.ty().dtype));
        inputs.extend(vec![from_literal(&zero); ORDER - 1]);
    }
    for g in [
        of_order(f, ORDER),
        jit(&of_order(f, ORDER)),
        of_order(&jit(f), ORDER),
        of_order(&checkpoint(f), ORDER),
    ] {
        let outputs = g.call(&context().root(), &inputs).unwrap_or_else(|err| panic!("{err:?}"));
        let n = outputs.len() / (ORDER + 1);
        for (k, expected) in expected.iter().enumerate() {
            let of_order = (0..n)
                .flat_map(|j| numbers(&outputs[if k == 0 { j } else { n + j * ORDER + k - 1 }]));
            let got: Vec<f64> = of_order.collect();
            let close = got.len() == expected.len()
                && got.iter().zip(expected).all(|(a, b)| (a - b).abs() <= 2e-4 * (1.0 + b.abs()));
            assert!(close, "order {k}: got {got:?}, nested forward mode has {expected:?}");
        }
    }
}

#[test]
fn series_agree_with_nested_forward_mode() {
    check_against_nested(&mixed(), &[scalar(1.3), scalar(0.7)], &[scalar(1.0), scalar(-0.5)]);
}

#[test]
fn series_go_through_loops_and_branches() {
    let body = Function::new("body", |s: &Scope, x: &[Value]| {
        let next = sin(s, &mul(s, &x[0], &x[1])?)?;
        Ok(vec![next.clone(), mul(s, &next, &next)?])
    });
    let looped = Function::new("looped", move |s: &Scope, x: &[Value]| {
        scan(s, &body, &x[..1], &x[1..], ScanOptions::default())
    });
    let (xs, vs) = (array(&[3], &[0.5, 1.5, -0.5]), array(&[3], &[1.0, 0.0, 0.5]));
    check_against_nested(&looped, &[scalar(0.8), xs], &[scalar(1.0), vs]);

    let until = unary("until", |s, x| {
        let x = x.clone();
        let small = Function::new("small", |s: &Scope, c: &[Value]| {
            Ok(vec![ops::compare(s, jaxrs_kernel::Compare::Lt, &c[0], &constant(5.0))?])
        });
        let grow = Function::new("grow", move |s: &Scope, c: &[Value]| {
            Ok(vec![add(s, &c[0], &mul(s, &c[0], &x)?)?])
        });
        while_loop(s, &small, &grow, &[constant(1.0)]).map(|mut y| y.swap_remove(0))
    });
    check_against_nested(&until, &[scalar(0.6)], &[scalar(1.0)]);

    let branched = unary("branched", |s, x| {
        let positive = ops::compare(s, jaxrs_kernel::Compare::Gt, x, &constant(0.0))?;
        let (a, b) = (unary("a", sin), unary("b", |s, x| mul(s, x, x)));
        cond(s, &positive, &a, &b, std::slice::from_ref(x)).map(|mut y| y.swap_remove(0))
    });
    check_against_nested(&branched, &[scalar(0.6)], &[scalar(1.0)]);
    check_against_nested(&branched, &[scalar(-0.6)], &[scalar(1.0)]);
}

#[test]
fn series_are_batched_and_differentiated() {
    let first = unary("slope", |s, x| {
        let f = unary("f", |s, x| mul(s, &sin(s, x)?, x));
        let terms = of_order(&f, 2).call(s, &[x.clone(), constant(1.0), constant(0.0)])?;
        Ok(terms[2].clone())
    });
    // (x sin x)'' = 2 cos x − x sin x
    let second = |x: f64| 2.0 * x.cos() - x * x.sin();
    let third = |x: f64| -3.0 * x.sin() - x * x.cos();
    check(&first, &[scalar(0.5)], &[&[second(0.5)]]);
    check(&grad(&first), &[scalar(0.5)], &[&[third(0.5)]]);
    check(&jit(&vmap(&first)), &[array(&[2], &[0.5, 1.5])], &[&[second(0.5), second(1.5)]]);
}

#[test]
fn integers_have_no_series() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &ops::convert(s, &x[1], DType::F32)?)?, x[1].clone()])
    });
    let inputs = [scalar(2.0), int(3), scalar(1.0), int(7)];
    check(&of_order(&f, 1), &inputs, &[&[6.0], &[3.0], &[3.0], &[0.0]]);
}

#[test]
fn terms_of_something_else_are_refused() {
    let f = unary("f", sin);
    check_error(
        &of_order(&f, 2),
        &[scalar(1.0), scalar(1.0)],
        "jet of order 2 takes 3 values for each argument, got 2 values in all",
    );
    check_error(
        &of_order(&f, 1),
        &[scalar(1.0), array(&[2], &[1.0, 2.0])],
        "jet needs a tangent like f32[] for argument 0, got f32[2]",
    );
}

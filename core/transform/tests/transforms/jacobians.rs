//! Jacobians and Hessians.

use jaxrs_transform::{DiffOptions, Function, hessian, jacfwd, jacrev};

use crate::setting::*;

fn both(f: &Function, options: &DiffOptions, inputs: &[jaxrs_ir::Value], expected: &[&[f64]]) {
    for jacobian in [jacfwd(f, options.clone()), jacrev(f, options.clone())] {
        check(&jacobian, inputs, expected);
        check(&jit(&jacobian), inputs, expected);
    }
}

#[test]
fn jacobians_have_outputs_before_inputs() {
    let f = binary("scaled", |s, x, y| mul(s, &mul(s, x, x)?, y));
    let x = array(&[2], &[1.0, 2.0]);
    let y = scalar(3.0);
    both(&f, &DiffOptions::default(), &[x.clone(), y.clone()], &[&[6.0, 0.0, 0.0, 12.0]]);
    let options = DiffOptions { argnums: vec![1, 0], n_aux: 0, ..Default::default() };
    both(&f, &options, &[x, y], &[&[1.0, 4.0], &[6.0, 0.0, 0.0, 12.0]]);
}

#[test]
fn hessians_are_symmetric() {
    let f = unary("f", |s, x| sum(s, &mul(s, x, &mul(s, x, x)?)?));
    let x = array(&[2], &[1.0, 2.0]);
    check(
        &hessian(&f, DiffOptions::default()),
        std::slice::from_ref(&x),
        &[&[6.0, 0.0, 0.0, 12.0]],
    );
    check(&jit(&hessian(&f, DiffOptions::default())), &[x], &[&[6.0, 0.0, 0.0, 12.0]]);
}

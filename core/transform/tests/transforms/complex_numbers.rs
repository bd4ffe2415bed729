//! Derivatives of functions of complex numbers, by JAX's convention: transposes do not conjugate, so that the
//! gradient of a real function is ∂f/∂x − i ∂f/∂y.

use jaxrs_data::{DType, Literal, Scalar};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, ScanOptions, scan, to_array, vjp};

use crate::setting::*;

fn complex(re: f64, im: f64) -> Value {
    from_literal(&Literal::scalar(DType::C64, Scalar::Complex(re, im)))
}

/// The parts of the only element.
#[track_caller]
fn pair(value: &Value) -> (f64, f64) {
    let array = to_array(value).expect("results are known");
    array.to_literal().expect("arrays have the bytes of their type").get(0).as_complex()
}

#[track_caller]
fn check_gradient(f: Function, at: (f64, f64), expected: (f64, f64)) {
    let context = context();
    for gradient in [grad(&f), jit(&grad(&f)), grad(&jit(&f))] {
        let got = call(&gradient, &context.root(), &[complex(at.0, at.1)]);
        assert_eq!(pair(&got.expect("it has a gradient")), expected);
    }
}

#[track_caller]
fn check_pullback(f: Function, ct: (f64, f64), expected: (f64, f64)) {
    let context = context();
    let scope = context.root();
    let (_, pullback) = vjp(&f, &scope, &[complex(0.5, -1.0)]).expect("it has derivatives");
    let pulled = pullback.call(&scope, &[complex(ct.0, ct.1)]).expect("it can be pulled back");
    assert_eq!(pair(&pulled[0]), expected);
}

#[test]
fn cotangents_are_not_conjugated() {
    let factor = || Value::literal(Literal::scalar(DType::C64, Scalar::Complex(2.0, 3.0)));
    check_pullback(unary("f", move |s, z| mul(s, z, &factor())), (1.0, 0.0), (2.0, 3.0));
    check_pullback(unary("f", |s, z| ops::conj(s, z)), (1.0, 2.0), (1.0, -2.0));
    check_pullback(unary("f", |s, z| ops::neg(s, z)), (1.0, 2.0), (-1.0, -2.0));
}

#[test]
fn gradients_of_real_functions_have_the_negative_imaginary_part() {
    let squared_size = unary("f", |s, z| {
        let size = ops::unary(s, Unary::Abs, z)?;
        mul(s, &size, &size)
    });
    check_gradient(squared_size, (3.0, 4.0), (6.0, -8.0));
    check_gradient(unary("f", |s, z| ops::real(s, z)), (1.0, 2.0), (1.0, 0.0));
    check_gradient(unary("f", |s, z| ops::imag(s, z)), (1.0, 2.0), (0.0, -1.0));
    check_gradient(unary("f", |s, z| ops::unary(s, Unary::Abs, z)), (0.0, 0.0), (0.0, 0.0));
    check_gradient(unary("f", |s, z| ops::convert(s, z, DType::F32)), (1.0, 2.0), (1.0, 0.0));
}

#[test]
fn a_real_argument_has_a_real_gradient() {
    let f = unary("f", |s, x| {
        let turned = ops::complex(s, &ops::scalar_like(x, 0.0), x)?;
        let power = ops::unary(s, Unary::Exp, &turned)?;
        ops::real(s, &power)
    });
    check(&grad(&f), &[scalar(0.5)], &[&[-0.5f64.sin()]]);
    let f = unary("f", |s, x| {
        let z = ops::convert(s, x, DType::C64)?;
        ops::real(s, &ops::mul(s, &z, &z)?)
    });
    check(&grad(&f), &[scalar(3.0)], &[&[6.0]]);
}

/// Turns by the angle five times: the real part is cos 5x.
fn turns() -> Function {
    unary("turns", |s, x| {
        let angle = ops::complex(s, &ops::scalar_like(x, 0.0), x)?;
        let turn = ops::unary(s, Unary::Exp, &angle)?;
        let body = unary("body", move |s, z| mul(s, z, &turn));
        let start = complex(1.0, 0.0);
        let options = ScanOptions { length: Some(5), ..ScanOptions::default() };
        let last = scan(s, &body, std::slice::from_ref(&start), &[], options)?.swap_remove(0);
        ops::real(s, &last)
    })
}

#[test]
fn loops_that_carry_complex_numbers_have_derivatives() {
    let slope = |x: f64| -5.0 * (5.0 * x).sin();
    let curvature = |x: f64| -25.0 * (5.0 * x).cos();
    for f in [turns(), jit(&turns())] {
        check(&f, &[scalar(0.3)], &[&[1.5f64.cos()]]);
        check(&grad(&f), &[scalar(0.3)], &[&[slope(0.3)]]);
        check(&grad(&grad(&f)), &[scalar(0.3)], &[&[curvature(0.3)]]);
        let many = array(&[2], &[0.3, -0.1]);
        check(&vmap(&grad(&f)), std::slice::from_ref(&many), &[&[slope(0.3), slope(-0.1)]]);
        check(&jit(&vmap(&grad(&f))), &[many], &[&[slope(0.3), slope(-0.1)]]);
    }
}

#[test]
fn gradients_need_a_real_output() {
    let f = unary("f", |s, z| mul(s, z, z));
    let expected = "grad needs a function with a real float output, got c64[]";
    check_error(&grad(&f), &[complex(1.0, 2.0)], expected);
}

//! What may be differentiated, and what comes out.

use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    ALL_BUT_FIRST, DiffOptions, Function, Scope, fwd_and_bwd, hessian, jacfwd, jacrev,
    value_and_grad,
};

use crate::setting::*;

fn complex(re: f64, im: f64) -> Value {
    from_literal(&Literal::scalar(DType::C64, Scalar::Complex(re, im)))
}

fn parts(value: &Value) -> (f64, f64) {
    let literal = jaxrs_transform::to_array(value).and_then(|x| x.to_literal());
    literal.expect("it is known").get(0).as_complex()
}

fn with(argnums: &[usize], holomorphic: bool, allow_int: bool) -> DiffOptions {
    DiffOptions { argnums: argnums.to_vec(), holomorphic, allow_int, ..DiffOptions::default() }
}

fn square() -> Function {
    unary("square", |s, z| mul(s, z, z))
}

type Derivative = fn(&Function, DiffOptions) -> Function;

const FIRST: [Derivative; 3] = [jaxrs_transform::grad, jacfwd, jacrev];

#[test]
fn holomorphic_functions_have_complex_derivatives() {
    for derivative in FIRST {
        let f = derivative(&square(), with(&[], true, false));
        for f in [f.clone(), jit(&f)] {
            let y = call(&f, &context().root(), &[complex(1.0, 2.0)]).expect("it runs");
            assert_eq!(parts(&y), (2.0, 4.0));
        }
    }
    let cube = unary("cube", |s, z| ops::integer_pow(s, z, 3));
    let second = hessian(&cube, with(&[], true, false));
    let y = call(&second, &context().root(), &[complex(0.0, 1.0)]).expect("it runs");
    assert_eq!(parts(&y), (0.0, 6.0));
}

#[test]
fn holomorphic_functions_are_complex_on_both_sides() {
    let names = ["grad", "jacfwd", "jacrev"];
    for (derivative, name) in FIRST.into_iter().zip(names) {
        check_error(
            &derivative(&square(), with(&[], true, false)),
            &[scalar(1.0)],
            &format!(
                "{name} of a holomorphic function needs complex arguments, got f32[] for argument 0"
            ),
        );
        let real = unary("real", |s, z| ops::real(s, z));
        check_error(
            &derivative(&real, with(&[], true, false)),
            &[complex(1.0, 2.0)],
            &format!("{name} of a holomorphic function needs a complex output, got f32[]"),
        );
    }
}

#[test]
fn other_functions_are_real_where_jax_needs_it() {
    check_error(
        &jacfwd(&square(), DiffOptions::default()),
        &[complex(1.0, 2.0)],
        "jacfwd needs real arguments unless the function is holomorphic, got c64[] for argument 0",
    );
    for (derivative, name) in [(jaxrs_transform::grad as Derivative, "grad"), (jacrev, "jacrev")] {
        check_error(
            &derivative(&square(), DiffOptions::default()),
            &[complex(1.0, 2.0)],
            &format!("{name} needs a function with a real float output, got c64[]"),
        );
        let whole = unary("whole", |s, x| ops::convert(s, x, DType::I32));
        check_error(
            &derivative(&whole, DiffOptions::default()),
            &[scalar(1.0)],
            &format!("{name} needs a function with a real float output, got i32[]"),
        );
    }
    let whole = unary("whole", |s, x| ops::convert(s, x, DType::I32));
    check(&jacfwd(&whole, DiffOptions::default()), &[scalar(3.0)], &[&[0.0]]);
}

/// n x, for a whole n.
fn multiple() -> Function {
    binary("multiple", |s, n, x| mul(s, &ops::convert(s, n, DType::F32)?, x))
}

#[test]
fn integers_are_refused_or_have_a_derivative_of_false() {
    let inputs = [int(3), scalar(2.0)];
    for (derivative, name) in FIRST.into_iter().zip(["grad", "jacfwd", "jacrev"]) {
        check_error(
            &derivative(&multiple(), DiffOptions::default()),
            &inputs,
            &format!("{name} needs an argument of float or complex type, got i32[] for argument 0"),
        );
    }
    let both = jaxrs_transform::grad(&multiple(), with(&[0, 1], false, true));
    for f in [both.clone(), jit(&both)] {
        let outputs = f.call(&context().root(), &inputs).expect("it runs");
        assert_eq!(*outputs[0].ty(), Type::scalar(DType::Bool));
        assert_eq!((numbers(&outputs[0]), numbers(&outputs[1])), (vec![0.0], vec![3.0]));
    }
    // The other way round, and alone.
    check(
        &jaxrs_transform::grad(&multiple(), with(&[1, 0], false, true)),
        &inputs,
        &[&[3.0], &[0.0]],
    );
    check(&value_and_grad(&multiple(), with(&[0], false, true)), &inputs, &[&[6.0], &[0.0]]);
    let rows = jacrev(&multiple(), with(&[0, 1], false, true));
    check(&rows, &inputs, &[&[0.0], &[3.0]]);
}

#[test]
fn auxiliary_outputs_are_counted_or_the_rest() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &x[0])?, sin(s, &x[0])?, x[0].clone()])
    });
    for n_aux in [2, ALL_BUT_FIRST] {
        let options = DiffOptions { n_aux, ..DiffOptions::default() };
        check(
            &jaxrs_transform::grad(&f, options.clone()),
            &[scalar(0.0)],
            &[&[0.0], &[0.0], &[0.0]],
        );
        let both = value_and_grad(&f, options.clone());
        check(&both, &[scalar(3.0)], &[&[9.0], &[3f64.sin()], &[3.0], &[6.0]]);
        for jacobian in [jacfwd, jacrev] {
            let f = jacobian(&f, options.clone());
            check(&f, &[scalar(3.0)], &[&[6.0], &[3f64.sin()], &[3.0]]);
        }
        let second = hessian(&f, options);
        check(&second, &[scalar(3.0)], &[&[2.0], &[3f64.sin()], &[3.0]]);
    }
}

#[test]
fn derivatives_are_as_weak_as_jax_has_them() {
    let weak = Type::scalar(DType::F32).with_weak(true);
    let x = Value::literal(Literal::full(weak.clone(), Scalar::Float(2.0)));
    let cube = unary("cube", |s, x| ops::integer_pow(s, x, 3));
    for f in [jacfwd as Derivative, jacrev, hessian, jaxrs_transform::grad] {
        let y =
            call(&f(&cube, DiffOptions::default()), &context().root(), std::slice::from_ref(&x));
        assert_eq!(*y.expect("it runs").ty(), weak);
        let y = call(&f(&cube, DiffOptions::default()), &context().root(), &[scalar(2.0)]);
        assert_eq!(*y.expect("it runs").ty(), f32s(&[]));
    }
}

#[test]
fn passes_forward_and_backward_are_functions_of_their_own() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &sin(s, &x[1])?)?, x[2].clone(), sin(s, &x[0])?])
    });
    let types = [f32s(&[]), f32s(&[]), Type::scalar(DType::I32)];
    let options = DiffOptions { argnums: vec![1, 0], n_aux: 1, ..DiffOptions::default() };
    let context = context();
    let passes = fwd_and_bwd(&f, &context.root(), &types, &options).expect("it traces");
    let inputs = [scalar(3.0), scalar(0.5), int(7)];
    for (fwd, bwd) in
        [(passes.fwd.clone(), passes.bwd.clone()), (jit(&passes.fwd), jit(&passes.bwd))]
    {
        let outputs = fwd.call(&context.root(), &inputs).expect("it runs");
        assert_eq!(outputs.len(), passes.n_outputs + passes.n_residuals);
        let (y, residuals) = outputs.split_at(passes.n_outputs);
        let y: Vec<f64> = y.iter().flat_map(numbers).collect();
        assert!((y[0] - 3.0 * 0.5f64.sin()).abs() < 1e-6 && y[1] == 7.0, "{y:?}");
        let operands = [residuals, &[scalar(2.0), int(0)]].concat();
        let got = bwd.call(&context.root(), &operands).expect("it runs");
        let got: Vec<f64> = got.iter().flat_map(numbers).collect();
        let expected = [6.0 * 0.5f64.cos(), 2.0 * 0.5f64.sin()];
        assert!(got.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-5), "{got:?}");
    }
    check_error(
        &passes.bwd,
        &[scalar(1.0)],
        &format!(
            "a backward pass takes {} residuals and 2 cotangents, got 1 values in all",
            passes.n_residuals
        ),
    );
}

#[test]
fn pullbacks_and_pushforwards_leave_out_auxiliary_results() {
    let f =
        Function::new("f", |s: &Scope, x: &[Value]| Ok(vec![mul(s, &x[0], &x[1])?, x[0].clone()]));
    let context = context();
    let (scope, inputs) = (context.root(), [scalar(3.0), scalar(4.0)]);
    let (y, back) = jaxrs_transform::vjp_with_aux(&f, &scope, &inputs, 1).expect("it runs");
    assert_eq!(y.iter().flat_map(numbers).collect::<Vec<_>>(), [12.0, 3.0]);
    let found = back.call(&scope, &[scalar(10.0)]).expect("it runs");
    assert_eq!(found.iter().flat_map(numbers).collect::<Vec<_>>(), [40.0, 30.0]);
    let (_, forward) =
        jaxrs_transform::linearize_with_aux(&f, &scope, &inputs, 1).expect("it runs");
    let found = forward.call(&scope, &[scalar(1.0), scalar(0.0)]).expect("it runs");
    assert_eq!(found.iter().flat_map(numbers).collect::<Vec<_>>(), [4.0]);
    let refused = jaxrs_transform::vjp_with_aux(&f, &scope, &inputs, 3).map(drop);
    let message = refused.expect_err("it is to be refused").to_string();
    assert_eq!(message, "vjp needs 3 auxiliary outputs, but the function gives 2 in all");
}

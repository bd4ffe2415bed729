//! Linear equations by matrix-vector products alone.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::DotGeneral;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{DiffOptions, Function, KrylovOptions, Scope, bicgstab, cg, gmres};

use crate::setting::*;

fn matvec(s: &Scope, a: &Value, x: &Value) -> Result<Value> {
    let dot = DotGeneral {
        lhs_contracting: [1].into_iter().collect(),
        rhs_contracting: [0].into_iter().collect(),
        lhs_batch: Default::default(),
        rhs_batch: Default::default(),
        preferred_element_type: None,
    };
    ops::dot_general(s, dot, a, x)
}

type Solve = fn(
    &Scope,
    &Function,
    &[Value],
    Option<&[Value]>,
    Option<&Function>,
    KrylovOptions,
) -> Result<Vec<Value>>;

fn tight() -> KrylovOptions {
    KrylovOptions { tol: 1e-7, ..KrylovOptions::default() }
}

/// The solution as a function of the matrix and the right hand side.
fn solution(solve: Solve, options: KrylovOptions) -> Function {
    binary("solution", move |s, a, b| {
        let a = a.clone();
        let times = unary("times", move |s, x| matvec(s, &a, x));
        Ok(solve(s, &times, std::slice::from_ref(b), None, None, options)?.swap_remove(0))
    })
}

const SOLVERS: [(Solve, bool); 3] = [(cg, true), (bicgstab, false), (gmres, false)];

/// A matrix with a right hand side and the solution: symmetric, or not.
fn example(symmetric: bool) -> ([Value; 2], [f64; 3]) {
    let lower = if symmetric { 1.0 } else { -2.0 };
    let matrix = array(&[3, 3], &[4.0, 1.0, 0.5, lower, 3.0, 1.0, 0.5, 1.0, 5.0]);
    let x = [1.0, -2.0, 0.5];
    let b = [4.0 - 2.0 + 0.25, lower - 6.0 + 0.5, 0.5 - 2.0 + 2.5];
    ([matrix, array(&[3], &b)], x.map(f64::from))
}

#[test]
fn solvers_find_solutions_eagerly_compiled_and_for_many_examples() {
    for (solve, symmetric) in SOLVERS {
        let f = solution(solve, tight());
        for symmetric in [true, symmetric] {
            let (inputs, x) = example(symmetric);
            check(&f, &inputs, &[&x]);
            check(&jit(&f), &inputs, &[&x]);
        }
        let ([a, b], x) = example(true);
        let both = |x: &Value| {
            let values: Vec<f32> = numbers(x).iter().map(|&x| x as f32).collect();
            let shape: Vec<usize> = std::iter::once(2).chain(x.shape().iter().copied()).collect();
            array(&shape, &[values.clone(), values.iter().map(|x| 2.0 * x).collect()].concat())
        };
        // (2 A) x = 2 b
        check(&vmap(&f), &[both(&a), both(&b)], &[&[x, x].concat()]);
    }
}

#[test]
fn derivatives_are_those_of_the_solution() {
    let options = DiffOptions { argnums: vec![0, 1], ..DiffOptions::default() };
    for (solve, symmetric) in SOLVERS {
        let inner = solution(solve, tight());
        let total =
            binary("total", move |s, a, b| sum(s, &call(&inner, s, &[a.clone(), b.clone()])?));
        let (inputs, x) = example(symmetric);
        let gradient = jaxrs_transform::grad(&total, options.clone());
        let outputs = jit(&gradient).call(&context().root(), &inputs).expect("it runs");
        // b̄ solves Aᵀ b̄ = 1, and Ā = −b̄ xᵀ.
        let back = numbers(&outputs[1]);
        let a = numbers(&inputs[0]);
        for j in 0..3 {
            let row: f64 = (0..3).map(|i| a[3 * i + j] * back[i]).sum();
            assert!((row - 1.0).abs() < 1e-4, "{row}");
        }
        let outer: Vec<f64> = (0..9).map(|k| -back[k / 3] * x[k % 3]).collect();
        let got = numbers(&outputs[0]);
        assert!(got.iter().zip(&outer).all(|(a, b)| (a - b).abs() < 1e-4), "{got:?} {outer:?}");
    }
}

#[test]
fn preconditioners_and_starts_change_the_way_only() {
    for (solve, _) in SOLVERS {
        let f = binary("f", move |s, a, b| {
            let a = a.clone();
            let times = unary("times", move |s, x| matvec(s, &a, x));
            let diagonal = array(&[3], &[0.25, 1.0 / 3.0, 0.2]);
            let roughly = unary("roughly", move |s, x| mul(s, x, &diagonal));
            let start = [array(&[3], &[1.0, -1.0, 1.0])];
            let b = std::slice::from_ref(b);
            Ok(solve(s, &times, b, Some(&start), Some(&roughly), tight())?.swap_remove(0))
        });
        let (inputs, x) = example(true);
        check(&f, &inputs, &[&x]);
    }
}

#[test]
fn vectors_may_be_several_arrays() {
    for (solve, _) in SOLVERS {
        let f = Function::new("f", move |s: &Scope, b: &[Value]| {
            // [[2, 1], [1, 3]] by parts, on a scalar and on a vector of one.
            let times = Function::new("times", |s: &Scope, x: &[Value]| {
                let second = sum(s, &x[1])?;
                let first = add(s, &ops::scale(s, &x[0], 2.0)?, &second)?;
                let second = add(s, &ops::scale(s, &x[1], 3.0)?, &x[0])?;
                Ok(vec![first, second])
            });
            let mut x = solve(s, &times, b, None, None, tight())?;
            x.truncate(2);
            Ok(x)
        });
        check(&f, &[scalar(4.0), array(&[1], &[7.0])], &[&[1.0], &[2.0]]);
    }
}

#[test]
fn complex_equations_are_solved() {
    let ty = |shape: &[usize]| Type::new(DType::C64, shape);
    let complex = |shape: &[usize], z: &[(f64, f64)]| {
        from_literal(&Literal::from_fn(ty(shape), |k| Scalar::Complex(z[k].0, z[k].1)))
    };
    // Hermitian and positive definite; x = (1, i).
    let a = complex(&[2, 2], &[(3.0, 0.0), (0.0, 1.0), (0.0, -1.0), (2.0, 0.0)]);
    let b = complex(&[2], &[(2.0, 0.0), (0.0, 1.0)]);
    for (solve, _) in SOLVERS {
        let f = binary("f", move |s, a, b| {
            let x = call(&solution(solve, tight()), s, &[a.clone(), b.clone()])?;
            ops::concatenate(s, &[ops::real(s, &x)?, ops::imag(s, &x)?], 0)
        });
        check(&f, &[a.clone(), b.clone()], &[&[1.0, 0.0, 0.0, 1.0]]);
    }
}

#[test]
fn gmres_starts_again_after_a_few_directions() {
    let (inputs, x) = example(false);
    let options = KrylovOptions { restart: 2, ..tight() };
    check(&solution(gmres, options), &inputs, &[&x]);
    let f = unary("f", |s, b| {
        let times = unary("times", |s, x| ops::scale(s, x, f64::NAN));
        let b = std::slice::from_ref(b);
        Ok(gmres(s, &times, b, None, None, tight())?.swap_remove(1))
    });
    check(&f, &[scalar(1.0)], &[&[0.0]]);
}

#[test]
fn iterations_are_limited() {
    let (inputs, _) = example(true);
    let options = KrylovOptions { maxiter: Some(0), ..tight() };
    for (solve, _) in SOLVERS {
        check(&solution(solve, options), &inputs, &[&[0.0, 0.0, 0.0]]);
    }
}

#[test]
fn equations_that_do_not_fit_are_refused() {
    let f = unary("f", |s, b| {
        let times = unary("times", |_, x| Ok(x.clone()));
        let start = [scalar(1.0)];
        let b = std::slice::from_ref(b);
        Ok(cg(s, &times, b, Some(&start), None, tight())?.swap_remove(0))
    });
    let refused = "cg needs x0 like f32[2] as value 0, got f32[]";
    check_error(&f, &[array(&[2], &[1.0, 2.0])], refused);
    let f = unary("f", |s, b| {
        let times = unary("times", |_, x| Ok(x.clone()));
        let b = std::slice::from_ref(b);
        Ok(cg(s, &times, b, None, None, tight())?.swap_remove(0))
    });
    let refused = "cg needs a right hand side of one float or complex type, got i32[] as value 0";
    check_error(&f, &[int(1)], refused);
}

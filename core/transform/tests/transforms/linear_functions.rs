//! Linear functions, their transposes, and equations that are differentiated as such.

use jaxrs_data::{Result, Type};
use jaxrs_ir::{Jaxpr, Value, ops};
use jaxrs_transform::{
    DiffOptions, Function, Scope, SolveOptions, Solver, closure_convert, custom_linear_solve,
    custom_root, jvp, linear_call, linear_transpose, while_loop,
};

use crate::setting::*;

#[test]
fn linear_functions_are_transposed() {
    let f = unary("f", |s, x| ops::scale(s, &ops::rev(s, x, [0])?, 3.0));
    let t = linear_transpose(&f, &[f32s(&[2])]);
    check(&t, &[array(&[2], &[1.0, 2.0])], &[&[6.0, 3.0]]);
    check(&jit(&t), &[array(&[2], &[1.0, 2.0])], &[&[6.0, 3.0]]);
    let back = linear_transpose(&t, &[f32s(&[2])]);
    check(&back, &[array(&[2], &[1.0, 2.0])], &[&[6.0, 3.0]]);
    // Of two arguments to one result, and of an argument that is not used.
    let g = Function::new("g", |s: &Scope, x: &[Value]| {
        Ok(vec![ops::sub(s, &x[0], &ops::scale(s, &x[1], 2.0)?)?])
    });
    let types = [f32s(&[]), f32s(&[]), f32s(&[2])];
    check(&linear_transpose(&g, &types), &[scalar(5.0)], &[&[5.0], &[-10.0], &[0.0, 0.0]]);
}

#[test]
fn transposes_go_through_calls_loops_and_captured_values() {
    let outer = unary("outer", |s, y| {
        let y = y.clone();
        let f = jit(&unary("f", move |s, x| mul(s, x, &y)));
        call(&linear_transpose(&f, &[f32s(&[])]), s, &[scalar(3.0)])
    });
    check(&outer, &[scalar(5.0)], &[&[15.0]]);
    check(&grad(&outer), &[scalar(5.0)], &[&[3.0]]);
    check(&vmap(&outer), &[array(&[2], &[5.0, 7.0])], &[&[15.0, 21.0]]);
}

#[test]
fn what_is_not_linear_has_no_transpose() {
    let square = unary("square", |s, x| mul(s, x, x));
    check_error(
        &linear_transpose(&square, &[f32s(&[])]),
        &[scalar(1.0)],
        "linear_transpose needs a linear function, but mul is not linear and cannot be transposed",
    );
    check_error(
        &linear_transpose(&unary("sine", sin), &[f32s(&[])]),
        &[scalar(1.0)],
        "linear_transpose needs a linear function, but sin is not linear and cannot be transposed",
    );
    let ints = Type::new(jaxrs_data::DType::I32, [2usize]);
    check_error(
        &linear_transpose(&unary("f", |_, x| Ok(x.clone())), &[ints]),
        &[int(1)],
        "linear_transpose needs inputs of float or complex type, got i32[2] as input 0",
    );
    check_error(
        &linear_transpose(&unary("f", |_, x| Ok(x.clone())), &[f32s(&[2])]),
        &[scalar(1.0)],
        "linear_transpose needs a tangent like f32[2] for argument 0, got f32[]",
    );
}

/// x / r, whose transpose is said to be 10 · ct / r.
fn divided(s: &Scope, r: &Value, x: &Value) -> Result<Value> {
    let f = binary("f", |s, r, x| ops::div(s, x, r));
    let t = binary("t", |s, r, ct| ops::scale(s, &ops::div(s, ct, r)?, 10.0));
    let one = std::slice::from_ref::<Value>;
    Ok(linear_call(s, &f, &t, one(r), one(x))?.swap_remove(0))
}

#[test]
fn linear_calls_are_transposed_by_what_they_say() {
    let f = binary("f", divided);
    let inputs = [scalar(2.0), scalar(3.0)];
    check(&f, &inputs, &[&[1.5]]);
    let along_x = unary("along_x", |s, x| divided(s, &scalar(2.0), x));
    check(&jvp(&along_x), &[scalar(3.0), scalar(1.0)], &[&[1.5], &[0.5]]);
    for g in [grad(&along_x), jit(&grad(&along_x)), grad(&jit(&along_x))] {
        check(&g, &[scalar(3.0)], &[&[5.0]]);
    }
    let t = linear_transpose(&along_x, &[f32s(&[])]);
    check(&t, &[scalar(1.0)], &[&[5.0]]);
    // Transposed twice it is itself.
    check(&linear_transpose(&t, &[f32s(&[])]), &[scalar(1.0)], &[&[0.5]]);
    let xs = array(&[2], &[1.0, 3.0]);
    check(&vmap(&f), &[array(&[2], &[2.0, 4.0]), xs.clone()], &[&[0.5, 0.75]]);
    check(&vmap(&grad(&along_x)), &[xs], &[&[5.0, 5.0]]);
    let along_r = unary("along_r", |s, r| divided(s, r, &scalar(3.0)));
    let refused = "linear_call has no derivative with respect to its residual arguments";
    check_error(&jvp(&along_r), &[scalar(2.0), scalar(1.0)], refused);
    let text = program(&f, &[f32s(&[]), f32s(&[])]);
    assert!(text.contains("c:f32[] = linear_call["), "{text}");
    assert_eq!(text.parse::<Jaxpr>().expect("it reads back").to_string(), text);
}

#[test]
fn linear_calls_keep_residuals_that_follow_from_what_is_differentiated_apart() {
    let f = unary("f", |s, x| {
        let r = jaxrs_transform::stop_gradient(s, x)?;
        divided(s, &r, x)
    });
    check(&grad(&f), &[scalar(4.0)], &[&[2.5]]);
    let g = binary("g", |s, y, x| {
        let y = y.clone();
        let f = unary("f", move |s, x| mul(s, x, &y));
        let f2 = f.clone();
        linear_call(s, &f, &f2, &[], std::slice::from_ref(x)).map(|mut y| y.swap_remove(0))
    });
    let along_x = DiffOptions { argnums: vec![1], ..DiffOptions::default() };
    check(&jaxrs_transform::grad(&g, along_x), &[scalar(3.0), scalar(2.0)], &[&[3.0]]);
}

#[test]
fn linear_calls_need_a_transpose_that_fits() {
    let f = unary("f", |s, x| {
        let f = unary("f", |_, x| Ok(x.clone()));
        let t = Function::new("t", |_: &Scope, x: &[Value]| Ok(vec![x[0].clone(), x[0].clone()]));
        linear_call(s, &f, &t, &[], std::slice::from_ref(x)).map(|mut y| y.swap_remove(0))
    });
    check_error(
        &jit(&f),
        &[scalar(1.0)],
        "linear_call has 1 inputs (0 of them residuals) and 1 results, but its transpose has 1 and 2",
    );
}

#[test]
fn closures_are_converted_to_functions_of_what_they_captured() {
    let outer = unary("outer", |s, y| {
        let y = y.clone();
        let f = unary("f", move |s, x| mul(s, x, &y));
        let (converted, hoisted) = closure_convert(&f, s, &[f32s(&[])])?;
        assert_eq!(hoisted.len(), usize::from(!s.is_eager()));
        let inputs: Vec<Value> = std::iter::once(scalar(2.0)).chain(hoisted).collect();
        call(&converted, s, &inputs)
    });
    check(&outer, &[scalar(5.0)], &[&[10.0]]);
    for f in [grad(&outer), jit(&grad(&outer)), grad(&jit(&outer))] {
        check(&f, &[scalar(5.0)], &[&[2.0]]);
    }
}

/// The solution of `diag(a) x = b` by a loop that nothing but the equation could be differentiated through.
fn diagonal(
    s: &Scope,
    a: &Value,
    b: &Value,
    options: SolveOptions,
    back: bool,
) -> Result<Vec<Value>> {
    let a = a.clone();
    let matvec = unary("matvec", move |s, x| mul(s, &a, x));
    let has_aux = options.has_aux;
    let solve = Solver::new("solve", move |s: &Scope, matvec: &Function, b: &[Value]| {
        let matvec = matvec.clone();
        // x ← x + (b − A x) / 4, a hundred times: any diagonal between 0 and 8 will do.
        let more =
            unary("more", |s, k| ops::compare(s, jaxrs_kernel::Compare::Lt, k, &constant(100.0)));
        let cond = Function::new("cond", move |s: &Scope, c: &[Value]| more.call(s, &c[..1]));
        let b = b.to_vec();
        let body = Function::new("body", {
            let b = b.clone();
            move |s: &Scope, c: &[Value]| {
                let error = ops::sub(s, &b[0], &call(&matvec, s, &c[1..])?)?;
                let next = add(s, &c[1], &ops::scale(s, &error, 0.25)?)?;
                Ok(vec![ops::offset(s, &c[0], 1.0)?, next])
            }
        });
        let mut found = while_loop(s, &cond, &body, &[constant(0.0), b[0].clone()])?;
        let steps = found.remove(0);
        if has_aux {
            found.push(steps);
        }
        Ok(found)
    });
    let b = std::slice::from_ref(b);
    custom_linear_solve(s, &matvec, b, &solve, back.then_some(&solve), options)
}

fn both(f: &Function) -> Function {
    jaxrs_transform::grad(f, DiffOptions { argnums: vec![0, 1], ..DiffOptions::default() })
}

#[test]
fn solutions_are_differentiated_by_their_equation() {
    let inputs = [array(&[2], &[2.0, 4.0]), array(&[2], &[3.0, 8.0])];
    for (symmetric, back) in [(true, false), (false, true)] {
        let options = SolveOptions { symmetric, has_aux: false };
        let f = binary("f", move |s, a, b| Ok(diagonal(s, a, b, options, back)?.swap_remove(0)));
        check(&f, &inputs, &[&[1.5, 2.0]]);
        check(&jit(&f), &inputs, &[&[1.5, 2.0]]);
        let tangents = [array(&[2], &[1.0, 0.0]), array(&[2], &[0.0, 1.0])];
        let along = [inputs.clone().as_slice(), &tangents].concat();
        // dx = (db − da x) / a
        check(&jvp(&f), &along, &[&[1.5, 2.0], &[-0.75, 0.25]]);
        let inner = f.clone();
        let total =
            binary("total", move |s, a, b| sum(s, &call(&inner, s, &[a.clone(), b.clone()])?));
        let expected: &[&[f64]] = &[&[-0.75, -0.5], &[0.5, 0.25]];
        for g in [both(&total), jit(&both(&total)), both(&jit(&total))] {
            check(&g, &inputs, expected);
        }
        // ∂²/∂a² of b/a is 2 b/a³.
        let one = unary("one", {
            let total = total.clone();
            move |s, a| call(&total, s, &[a.clone(), scalar(3.0)])
        });
        check(&grad(&grad(&one)), &[scalar(2.0)], &[&[0.75]]);
        let xs = [array(&[2, 2], &[2.0, 4.0, 1.0, 5.0]), array(&[2, 2], &[3.0, 8.0, 1.0, 5.0])];
        check(&vmap(&f), &xs, &[&[1.5, 2.0, 1.0, 1.0]]);
        check(&vmap(&both(&total)), &xs, &[&[-0.75, -0.5, -1.0, -0.2], &[0.5, 0.25, 1.0, 0.2]]);
        let text = program(&f, &[f32s(&[2]), f32s(&[2])]);
        assert!(text.contains("custom_linear_solve["), "{text}");
        assert_eq!(text.parse::<Jaxpr>().expect("it reads back").to_string(), text);
    }
}

#[test]
fn a_solver_without_transpose_goes_forward_only() {
    let f = binary("f", |s, a, b| sum(s, &diagonal(s, a, b, SolveOptions::default(), false)?[0]));
    let inputs = [array(&[1], &[2.0]), array(&[1], &[3.0])];
    let along = [inputs.clone(), [array(&[1], &[1.0]), array(&[1], &[0.0])]].concat();
    check(&jvp(&f), &along, &[&[1.5], &[-0.75]]);
    check_error(&grad(&f), &inputs, "custom_linear_solve needs a transpose_solve to go backwards");
}

#[test]
fn what_solvers_give_beside_the_solution_has_no_derivative() {
    let options = SolveOptions { symmetric: true, has_aux: true };
    let f =
        Function::new("f", move |s: &Scope, x: &[Value]| diagonal(s, &x[0], &x[1], options, false));
    let inputs = [scalar(2.0), scalar(3.0)];
    check(&f, &inputs, &[&[1.5], &[100.0]]);
    let along = [inputs.clone(), [scalar(1.0), scalar(0.0)]].concat();
    check(&jvp(&f), &along, &[&[1.5], &[100.0], &[-0.75], &[0.0]]);
    let with_aux = DiffOptions { n_aux: 1, ..DiffOptions::default() };
    check(&jaxrs_transform::grad(&f, with_aux), &inputs, &[&[-0.75], &[100.0]]);
}

#[test]
fn solvers_of_something_else_are_refused() {
    let f = unary("f", |s, b| {
        let matvec = unary("matvec", |s, x| ops::reshape(s, x, &jaxrs_data::Shape::new(&[1])));
        let solve = Solver::new("solve", |_: &Scope, _: &Function, b: &[Value]| Ok(b.to_vec()));
        let b = std::slice::from_ref(b);
        custom_linear_solve(s, &matvec, b, &solve, None, SolveOptions::default())
            .map(|mut x| x.swap_remove(0))
    });
    check_error(
        &f,
        &[scalar(1.0)],
        "custom_linear_solve needs a result of matvec like f32[] as result 0, got f32[1]",
    );
}

/// The square root of `a`, as the root of x² − a.
fn square_root(s: &Scope, a: &Value, has_aux: bool) -> Result<Vec<Value>> {
    let a = a.clone();
    let f = unary("f", move |s, x| ops::sub(s, &mul(s, x, x)?, &a));
    let solve = Solver::new("newton", move |s: &Scope, f: &Function, guess: &[Value]| {
        let (f, slope) = (f.clone(), grad(f));
        let mut x = guess[0].clone();
        for _ in 0..8 {
            let one = std::slice::from_ref(&x);
            let step = ops::div(s, &call(&f, s, one)?, &call(&slope, s, one)?)?;
            x = ops::sub(s, &x, &step)?;
        }
        let error = call(&f, s, std::slice::from_ref(&x))?;
        Ok(if has_aux { vec![x, error] } else { vec![x] })
    });
    let tangent_solve = Solver::new("divide", |s: &Scope, g: &Function, y: &[Value]| {
        let slope = call(g, s, &[ops::scalar_like(&y[0], 1.0)])?;
        Ok(vec![ops::div(s, &y[0], &slope)?])
    });
    custom_root(s, &f, &[scalar(1.0)], &solve, &tangent_solve, has_aux)
}

#[test]
fn roots_are_differentiated_by_their_equation() {
    let f = unary("square_root", |s, a| Ok(square_root(s, a, false)?.swap_remove(0)));
    check(&f, &[scalar(4.0)], &[&[2.0]]);
    check(&jvp(&f), &[scalar(4.0), scalar(1.0)], &[&[2.0], &[0.25]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), jit(&grad(&jit(&f)))] {
        check(&g, &[scalar(4.0)], &[&[0.25]]);
    }
    check(&grad(&grad(&f)), &[scalar(4.0)], &[&[-1.0 / 32.0]]);
    check(&vmap(&grad(&f)), &[array(&[2], &[4.0, 1.0])], &[&[0.25, 0.5]]);
    check(&jit(&vmap(&f)), &[array(&[2], &[4.0, 9.0])], &[&[2.0, 3.0]]);
}

#[test]
fn roots_with_aux_give_it_without_a_derivative() {
    let f = Function::new("square_root", |s: &Scope, a: &[Value]| square_root(s, &a[0], true));
    check(&f, &[scalar(4.0)], &[&[2.0], &[0.0]]);
    check(&jvp(&f), &[scalar(4.0), scalar(1.0)], &[&[2.0], &[0.0], &[0.25], &[0.0]]);
}

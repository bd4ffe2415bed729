//! Derivatives, batches and compiled functions within one another.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::{Function, Scope, jvp, to_array};

use crate::setting::*;

fn cube() -> Function {
    unary("cube", |s, x| mul(s, x, &mul(s, x, x)?))
}

#[test]
fn third_derivatives_are_right_in_any_mode() {
    let fourth = unary("fourth", |s, x| mul(s, &mul(s, x, x)?, &mul(s, x, x)?));
    check(&grad(&grad(&grad(&fourth))), &[scalar(2.0)], &[&[48.0]]);
    check(&grad(&jit(&grad(&jit(&grad(&fourth))))), &[scalar(2.0)], &[&[48.0]]);
    check(&jit(&grad(&grad(&grad(&fourth)))), &[scalar(2.0)], &[&[48.0]]);
    let forward = |f: &Function| {
        let f = jvp(f);
        unary("forward", move |s, x| Ok(f.call(s, &[x.clone(), constant(1.0)])?.swap_remove(1)))
    };
    check(&forward(&forward(&forward(&fourth))), &[scalar(2.0)], &[&[48.0]]);
    check(&forward(&grad(&forward(&fourth))), &[scalar(2.0)], &[&[48.0]]);
    check(&grad(&forward(&jit(&grad(&fourth)))), &[scalar(2.0)], &[&[48.0]]);
}

#[test]
fn vmap_and_grad_commute() {
    let xs = || [array(&[3], &[0.5, 1.0, 2.0])];
    let expected: &[&[f64]] = &[&[0.75, 3.0, 12.0]];
    check(&vmap(&grad(&cube())), &xs(), expected);
    check(&jit(&vmap(&grad(&cube()))), &xs(), expected);
    check(&vmap(&jit(&grad(&cube()))), &xs(), expected);
    check(&vmap(&grad(&jit(&cube()))), &xs(), expected);
    let total = vmap(&cube());
    let total = unary("total", move |s, x| sum(s, &call(&total, s, std::slice::from_ref(x))?));
    check(&grad(&total), &xs(), expected);
}

#[test]
fn vmaps_nest() {
    let outer = vmap(&vmap(&binary("mul_add", |s, x, y| add(s, &mul(s, x, y)?, y))));
    let x = array(&[2, 2], &[1.0, 2.0, 3.0, 4.0]);
    check(&outer, &[x.clone(), x], &[&[2.0, 6.0, 12.0, 20.0]]);
}

#[test]
fn inner_perturbations_are_not_confused_with_outer_ones() {
    // d/dx x · d/dy (x + y) = 1
    let f = |derivative: fn(&Function) -> Function| {
        unary("outer", move |s: &Scope, x: &Value| {
            let outer = x.clone();
            let inner = unary("inner", move |s, y| add(s, &outer, y));
            mul(s, x, &call(&derivative(&inner), s, &[constant(1.0)])?)
        })
    };
    let forward = |g: &Function| {
        let g = jvp(g);
        unary("forward", move |s, x| Ok(g.call(s, &[x.clone(), constant(1.0)])?.swap_remove(1)))
    };
    check(&grad(&f(grad)), &[scalar(1.0)], &[&[1.0]]);
    check(&forward(&f(grad)), &[scalar(1.0)], &[&[1.0]]);
    check(&grad(&f(forward)), &[scalar(1.0)], &[&[1.0]]);
    check(&forward(&f(forward)), &[scalar(1.0)], &[&[1.0]]);
    check(&grad(&jit(&f(grad))), &[scalar(1.0)], &[&[1.0]]);
}

#[test]
fn an_outer_variable_is_a_constant_to_an_inner_derivative() {
    let f = unary("outer", |s, x| {
        let outer = x.clone();
        let inner = unary("inner", move |s, _| sin(s, &outer));
        call(&grad(&inner), s, &[constant(1.0)])
    });
    check(&f, &[scalar(0.5)], &[&[0.0]]);
    check(&grad(&f), &[scalar(0.5)], &[&[0.0]]);
}

#[test]
fn compiled_functions_may_capture_tracers() {
    let f = unary("outer", |s, x| {
        let outer = x.clone();
        let inner = jit(&unary("inner", move |s, y| mul(s, &outer, y)));
        call(&inner, s, std::slice::from_ref(x))
    });
    check(&grad(&f), &[scalar(3.0)], &[&[6.0]]);
    check(&vmap(&grad(&jit(&f))), &[array(&[2], &[3.0, -1.0])], &[&[6.0, -2.0]]);
}

#[test]
fn host_code_may_branch_on_primals_under_grad_and_jvp() {
    let f = unary("branch", |s, x| {
        let positive = to_array(x)?.to_literal()?.to_f64s()[0] > 0.0;
        if positive { mul(s, x, x) } else { sin(s, x) }
    });
    check(&grad(&f), &[scalar(3.0)], &[&[6.0]]);
    check(&grad(&f), &[scalar(-1.0)], &[&[(-1f64).cos()]]);
    check(&grad(&grad(&f)), &[scalar(3.0)], &[&[2.0]]);
}

#[test]
fn every_operation_may_come_from_another_thread() {
    fn elsewhere<R: Send>(f: impl FnOnce() -> R + Send) -> R {
        std::thread::scope(|threads| threads.spawn(f).join().unwrap())
    }
    let f = unary("threads", |s, x| {
        let square = elsewhere(|| mul(s, x, x))?;
        elsewhere(|| mul(s, &square, x))
    });
    check(&grad(&grad(&grad(&f))), &[scalar(2.0)], &[&[6.0]]);
    check(&jit(&vmap(&grad(&f))), &[array(&[2], &[1.0, 2.0])], &[&[3.0, 12.0]]);
}

#[test]
fn one_function_may_be_called_from_many_threads_at_once() {
    let context = context();
    let f = jit(&grad(&jit(&cube())));
    std::thread::scope(|threads| {
        for k in 0..4 {
            let (f, scope) = (f.clone(), context.root());
            threads.spawn(move || {
                for _ in 0..20 {
                    let y = call(&f, &scope, &[scalar(k as f32)]).unwrap();
                    assert_eq!(numbers(&y), [3.0 * f64::from(k) * f64::from(k)]);
                }
            });
        }
    });
    assert_eq!(context.stats().live_tracers, 0);
}

#[test]
fn pullbacks_can_be_called_often_and_inside_other_transforms() {
    let f = unary("outer", |s, x| -> Result<Value> {
        let (y, pullback) = jaxrs_transform::vjp(&unary("sin", sin), s, std::slice::from_ref(x))?;
        let once = call(&pullback, s, &y)?;
        call(&pullback, s, &[once])
    });
    // sin x cos² x
    let x = 0.7f64;
    check(&f, &[scalar(0.7)], &[&[x.sin() * x.cos().powi(2)]]);
    let slope = x.cos().powi(3) - 2.0 * x.sin().powi(2) * x.cos();
    check(&grad(&f), &[scalar(0.7)], &[&[slope]]);
    check(&jit(&grad(&f)), &[scalar(0.7)], &[&[slope]]);
    check(&grad(&unary("cos", cos)), &[scalar(0.7)], &[&[-x.sin()]]);
}

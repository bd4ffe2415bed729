//! Options of custom rules: known zeros, fixed arguments, rules by argument; rules in loops and branches.

use std::sync::{Arc, Mutex};

use jaxrs_data::DType;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    CustomOptions, DiffOptions, Function, ScanOptions, Scope, cond, custom_jvp, custom_jvp_with,
    custom_jvps, custom_vjp, custom_vjp_with, jvp, scan, while_loop,
};

use crate::setting::*;

fn symbolic() -> CustomOptions {
    CustomOptions { symbolic_zeros: true, ..CustomOptions::default() }
}

type Log = Arc<Mutex<Vec<Vec<bool>>>>;

fn first(f: &Function) -> Function {
    let f = f.clone();
    unary("first", move |s, x| call(&f, s, &[x.clone(), scalar(3.0)]))
}

/// x y, whose rule notes which tangents are known zeros, and leaves out their part.
fn noting_jvp(log: &Log) -> Function {
    let log = log.clone();
    let rule = Function::new("rule", move |s: &Scope, x: &[Value]| {
        let (x, dx) = x.split_at(2);
        log.lock()
            .expect("nobody panicked with it")
            .push(dx.iter().map(Value::is_symbolic_zero).collect());
        let y = mul(s, &x[0], &x[1])?;
        if dx.iter().all(Value::is_symbolic_zero) {
            return Ok(vec![y.clone(), Value::symbolic_zero(y.ty().clone())]);
        }
        // A known zero may also stand for an array.
        let dy = add(s, &mul(s, &dx[0], &x[1])?, &mul(s, &x[0], &dx[1])?)?;
        Ok(vec![y, dy])
    });
    custom_jvp_with(&binary("product", mul), &rule, symbolic())
}

#[test]
fn jvp_rules_see_known_zeros() {
    let log = Log::default();
    let f = first(&noting_jvp(&log));
    check(&jvp(&f), &[scalar(2.0), scalar(1.0)], &[&[6.0], &[3.0]]);
    check(&jvp(&jit(&f)), &[scalar(2.0), scalar(1.0)], &[&[6.0], &[3.0]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f))] {
        check(&g, &[scalar(2.0)], &[&[3.0]]);
    }
    let xs = array(&[2], &[2.0, 5.0]);
    for g in [vmap(&grad(&f)), jit(&vmap(&grad(&jit(&f))))] {
        check(&g, std::slice::from_ref(&xs), &[&[3.0, 3.0]]);
    }
    let inner = vmap(&f);
    check(
        &grad(&unary("total", move |s, x| sum(s, &call(&inner, s, std::slice::from_ref(x))?))),
        &[xs],
        &[&[3.0, 3.0]],
    );
    let seen = log.lock().expect("nobody panicked with it");
    assert!(seen.len() >= 7 && seen.iter().all(|zeros| *zeros == [false, true]), "{seen:?}");
}

#[test]
fn other_jvp_rules_get_arrays_of_zeros() {
    let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
        assert!(x.iter().all(|x| !x.is_symbolic_zero()));
        Ok(vec![mul(s, &x[0], &x[1])?, add(s, &mul(s, &x[2], &x[1])?, &x[3])?])
    });
    let f = first(&custom_jvp(&binary("product", mul), &rule));
    check(&jvp(&f), &[scalar(2.0), scalar(1.0)], &[&[6.0], &[3.0]]);
}

/// x y and x, whose forward rule notes which arguments move, and the backward one which cotangents are zero.
fn noting_vjp(log: &Log) -> Function {
    let f =
        Function::new("f", |s: &Scope, x: &[Value]| Ok(vec![mul(s, &x[0], &x[1])?, x[0].clone()]));
    let of_fwd = log.clone();
    let fwd = Function::new("fwd", move |s: &Scope, x: &[Value]| {
        let flags = x[2..].iter().map(|flag| numbers(flag)[0] != 0.0).collect();
        of_fwd.lock().expect("nobody panicked with it").push(flags);
        Ok(vec![mul(s, &x[0], &x[1])?, x[0].clone(), x[0].clone(), x[1].clone()])
    });
    let of_bwd = log.clone();
    let bwd = Function::new("bwd", move |s: &Scope, x: &[Value]| {
        let zeros = x[2..].iter().map(Value::is_symbolic_zero).collect();
        of_bwd.lock().expect("nobody panicked with it").push(zeros);
        Ok(vec![mul(s, &x[2], &x[1])?, Value::symbolic_zero(x[1].ty().clone())])
    });
    custom_vjp_with(&f, &fwd, &bwd, 2, symbolic())
}

#[test]
fn vjp_rules_see_what_moves_and_known_zeros() {
    let log = Log::default();
    let f = first(&noting_vjp(&log));
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f))] {
        check(&g, &[scalar(2.0)], &[&[3.0]]);
    }
    check(&vmap(&grad(&f)), &[array(&[2], &[2.0, 5.0])], &[&[3.0, 3.0]]);
    let seen = log.lock().expect("nobody panicked with it");
    assert_eq!(seen.len(), 8);
    for pass in seen.chunks(2) {
        assert_eq!(pass, [vec![true, false], vec![false, true]]);
    }
    drop(seen);
    let both = DiffOptions { argnums: vec![0, 1], n_aux: 1, ..DiffOptions::default() };
    let gradient = jaxrs_transform::grad(&noting_vjp(&Log::default()), both);
    check(&gradient, &[scalar(2.0), scalar(3.0)], &[&[3.0], &[0.0], &[2.0]]);
}

#[test]
fn fixed_arguments_come_first_and_have_no_derivative() {
    let options = CustomOptions { nondiff: vec![1], ..CustomOptions::default() };
    let power = binary("power", mul);
    let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
        assert_eq!(x.len(), 3);
        Ok(vec![mul(s, &x[1], &x[0])?, mul(s, &x[2], &ops::scale(s, &x[0], 10.0)?)?])
    });
    let f = custom_jvp_with(&power, &rule, options.clone());
    let inputs = [scalar(2.0), scalar(3.0)];
    check(&f, &inputs, &[&[6.0]]);
    for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f))] {
        check(&g, &inputs, &[&[30.0]]);
    }
    let both = DiffOptions { argnums: vec![0, 1], ..DiffOptions::default() };
    check(&jaxrs_transform::grad(&f, both.clone()), &inputs, &[&[30.0], &[0.0]]);
    let fwd = binary("fwd", mul);
    let bwd = Function::new("bwd", |s: &Scope, x: &[Value]| {
        assert_eq!(x.len(), 2);
        Ok(vec![mul(s, &x[1], &ops::scale(s, &x[0], 100.0)?)?])
    });
    let g = custom_vjp_with(&power, &fwd, &bwd, 1, options);
    check(&grad(&g), &inputs, &[&[300.0]]);
    let context = context();
    let refused = jaxrs_transform::grad(&g, both).call(&context.root(), &inputs);
    let message = refused.map(drop).expect_err("it is to be refused").to_string();
    let expected =
        "the custom_vjp of 'power' takes argument 1 as not differentiable, which is tracer #";
    assert!(message.contains(expected), "{message}");
}

#[test]
fn fixed_arguments_go_with_known_zeros() {
    let options = CustomOptions { nondiff: vec![0], symbolic_zeros: true };
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        Ok(vec![mul(s, &x[0], &mul(s, &x[1], &x[2])?)?])
    });
    let fwd = Function::new("fwd", |s: &Scope, x: &[Value]| {
        let flags: Vec<f64> = x[3..].iter().flat_map(numbers).collect();
        assert_eq!(flags, [1.0, 0.0]);
        Ok(vec![mul(s, &x[0], &mul(s, &x[1], &x[2])?)?, x[2].clone()])
    });
    let bwd = Function::new("bwd", |s: &Scope, x: &[Value]| {
        let of_first = mul(s, &x[0], &mul(s, &x[1], &x[2])?)?;
        Ok(vec![of_first, Value::symbolic_zero(x[2].ty().clone())])
    });
    let g = custom_vjp_with(&f, &fwd, &bwd, 1, options);
    let second = DiffOptions { argnums: vec![1], ..DiffOptions::default() };
    let inputs = [scalar(2.0), scalar(3.0), scalar(5.0)];
    check(&jaxrs_transform::grad(&g, second), &inputs, &[&[10.0]]);
}

#[test]
fn derivatives_by_argument_are_summed_and_may_be_missing() {
    let of_x = Function::new("of_x", |s: &Scope, x: &[Value]| {
        assert_eq!(x.len(), 4); // the tangent, the result, both arguments
        Ok(vec![ops::scale(s, &x[0], 5.0)?])
    });
    let of_y = Function::new("of_y", |s: &Scope, x: &[Value]| Ok(vec![mul(s, &x[0], &x[1])?]));
    let inputs = [scalar(2.0), scalar(3.0)];
    let both = DiffOptions { argnums: vec![0, 1], ..DiffOptions::default() };
    let f = custom_jvps(&binary("product", mul), &[Some(of_x.clone()), None]);
    check(&jaxrs_transform::grad(&f, both.clone()), &inputs, &[&[5.0], &[0.0]]);
    let f = custom_jvps(&binary("product", mul), &[Some(of_x), Some(of_y)]);
    check(&jaxrs_transform::grad(&f, both.clone()), &inputs, &[&[5.0], &[6.0]]);
    check(&jit(&jaxrs_transform::grad(&jit(&f), both)), &inputs, &[&[5.0], &[6.0]]);
    let along = [inputs.clone(), [scalar(1.0), scalar(1.0)]].concat();
    check(&jvp(&f), &along, &[&[6.0], &[11.0]]);
    let alone = custom_jvps(&binary("product", mul), &[None]);
    check_error(
        &jvp(&alone),
        &along,
        "'product' has 1 derivatives, one for each argument, but got 2 arguments",
    );
}

/// sin with the slope 10 cos, by a rule of either kind.
fn steep(reverse: bool) -> Function {
    let slope = |s: &Scope, x: &Value, t: &Value| mul(s, &ops::scale(s, &cos(s, x)?, 10.0)?, t);
    if reverse {
        let fwd =
            Function::new("fwd", |s: &Scope, x: &[Value]| Ok(vec![sin(s, &x[0])?, x[0].clone()]));
        let bwd =
            Function::new("bwd", move |s: &Scope, x: &[Value]| Ok(vec![slope(s, &x[0], &x[1])?]));
        return custom_vjp(&unary("steep", sin), &fwd, &bwd, 1);
    }
    let rule = Function::new("rule", move |s: &Scope, x: &[Value]| {
        Ok(vec![sin(s, &x[0])?, slope(s, &x[0], &x[1])?])
    });
    custom_jvp(&unary("steep", sin), &rule)
}

#[test]
fn rules_count_in_loops_and_branches() {
    for reverse in [false, true] {
        let inner = steep(reverse);
        let body = Function::new("body", move |s: &Scope, c: &[Value]| inner.call(s, c));
        let looped = unary("looped", move |s, x| {
            let options = ScanOptions { length: Some(2), ..ScanOptions::default() };
            scan(s, &body, std::slice::from_ref(x), &[], options).map(|mut y| y.swap_remove(0))
        });
        let slope = 100.0 * 0.5f64.cos() * 0.5f64.sin().cos();
        for g in [grad(&looped), jit(&grad(&looped)), grad(&jit(&looped))] {
            check(&g, &[scalar(0.5)], &[&[slope]]);
        }
        check(&vmap(&grad(&looped)), &[array(&[2], &[0.5, 0.0])], &[&[slope, 100.0]]);
        let (a, b) = (steep(reverse), unary("same", |_, x| Ok(x.clone())));
        let branched = unary("branched", move |s, x| {
            let positive = ops::compare(s, jaxrs_kernel::Compare::Gt, x, &constant(0.0))?;
            cond(s, &positive, &a, &b, std::slice::from_ref(x)).map(|mut y| y.swap_remove(0))
        });
        for g in [grad(&branched), jit(&grad(&branched))] {
            check(&g, &[scalar(0.5)], &[&[10.0 * 0.5f64.cos()]]);
            check(&g, &[scalar(-0.5)], &[&[1.0]]);
        }
        check(
            &vmap(&grad(&branched)),
            &[array(&[2], &[0.5, -0.5])],
            &[&[10.0 * 0.5f64.cos(), 1.0]],
        );
    }
}

#[test]
fn forward_mode_goes_through_jvp_rules_in_while_loops_and_refuses_vjp_rules_everywhere() {
    let repeated = |f: Function| {
        unary("repeated", move |s, x| {
            let few = Function::new("few", |s: &Scope, c: &[Value]| {
                Ok(vec![ops::compare(s, jaxrs_kernel::Compare::Lt, &c[0], &constant(1.5))?])
            });
            let f = f.clone();
            let body = Function::new("body", move |s: &Scope, c: &[Value]| {
                Ok(vec![ops::offset(s, &c[0], 1.0)?, call(&f, s, &c[1..])?])
            });
            while_loop(s, &few, &body, &[constant(0.0), x.clone()]).map(|mut y| y.swap_remove(1))
        })
    };
    let slope = 100.0 * 0.5f64.cos() * 0.5f64.sin().cos();
    let along = [scalar(0.5), scalar(1.0)];
    check(&jvp(&repeated(steep(false))), &along, &[&[0.5f64.sin().sin()], &[slope]]);
    for f in [steep(true), repeated(steep(true)), jit(&steep(true))] {
        let context = context();
        let message =
            jvp(&f).call(&context.root(), &along).map(drop).expect_err("refused").to_string();
        assert!(
            message.contains("forward-mode differentiation (jvp) cannot be applied"),
            "{message}"
        );
    }
}

#[test]
fn tangents_of_another_type_are_refused_as_such() {
    let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
        Ok(vec![x[0].clone(), ops::convert(s, &x[1], DType::F16)?])
    });
    check_error(
        &grad(&custom_jvp(&unary("f", sin), &rule)),
        &[scalar(1.0)],
        "the jvp rule of 'f' needs a tangent like f32[] for result 0, got f16[]",
    );
}

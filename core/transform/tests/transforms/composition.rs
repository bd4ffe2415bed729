//! Loops, branches, calls, checkpoints and custom rules within one another: all ways to a derivative
//! agree.

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{
    Function, ScanOptions, Scope, checkpoint, cond, custom_jvp, custom_vjp, jvp, scan, while_loop,
};

use crate::setting::{
    add, call, context, from_literal, grad, jit, mul, numbers, sin, sum, unary, vmap,
};

fn double(value: f64) -> Value {
    from_literal(&Literal::full(Type::scalar(DType::F64), Scalar::Float(value)))
}

fn half(scope: &Scope, x: &Value) -> Result<Value> {
    ops::scale(scope, x, 0.5)
}

/// f(f(… x)), by a loop over examples of another argument.
fn iterated(f: &Function, length: usize, reverse: bool) -> Function {
    let f = f.clone();
    unary("iterated", move |s, x| {
        let (f, outer) = (f.clone(), x.clone());
        let body = Function::new("body", move |s: &Scope, c: &[Value]| {
            let next = call(&f, s, &c[..1])?;
            // Something invariant, something from outside, and something stacked.
            let next = add(s, &half(s, &next)?, &mul(s, &sin(s, &outer)?, &c[1])?)?;
            Ok(vec![next.clone(), mul(s, &next, &c[1])?])
        });
        let ramp = ops::iota(s, DType::F64, &[length].into(), 0)?;
        let ramp = ops::scale(s, &ramp, 0.125)?;
        let options = ScanOptions { length: None, reverse, unroll: 1 };
        let outputs = scan(s, &body, std::slice::from_ref(x), &[ramp], options)?;
        add(s, &outputs[0], &sum(s, &outputs[1])?)
    })
}

/// f(x) or sin(x)/2, by the sign of x - ½.
fn branching(f: &Function) -> Function {
    let f = f.clone();
    unary("branching", move |s, x| {
        let half_sin = unary("half_sin", |s, x| half(s, &sin(s, x)?));
        let large = ops::compare(s, Compare::Gt, x, &ops::scalar(DType::F64, 0.5))?;
        call_cond(s, &large, &f, &half_sin, x)
    })
}

fn call_cond(s: &Scope, p: &Value, f: &Function, g: &Function, x: &Value) -> Result<Value> {
    Ok(cond(s, p, f, g, std::slice::from_ref(x))?.swap_remove(0))
}

/// x·f(x), with a rule that differentiates f itself in a compiled function.
fn with_rule(f: &Function) -> Function {
    let (f, inner) = (f.clone(), f.clone());
    let product = unary("product", move |s, x| mul(s, x, &call(&f, s, std::slice::from_ref(x))?));
    let rule = Function::new("rule", move |s: &Scope, x: &[Value]| {
        let both = jit(&jvp(&inner)).call(s, x)?;
        let tangent = add(s, &mul(s, &x[1], &both[0])?, &mul(s, &x[0], &both[1])?)?;
        Ok(vec![mul(s, &x[0], &both[0])?, tangent])
    });
    custom_jvp(&product, &rule)
}

/// f(x), with rules for reverse mode made of its own.
fn with_pullback(f: &Function) -> Function {
    let (forward, backward) = (f.clone(), f.clone());
    let fwd = Function::new("fwd", move |s: &Scope, x: &[Value]| {
        Ok(vec![call(&forward, s, x)?, x[0].clone()])
    });
    let bwd = Function::new("bwd", move |s: &Scope, x: &[Value]| {
        let slope = call(&grad(&backward), s, &x[..1])?;
        Ok(vec![mul(s, &slope, &x[1])?])
    });
    custom_vjp(f, &fwd, &bwd, 1)
}

/// Checks the derivative of a function of one number in all ways, against differences.
#[track_caller]
fn check(f: &Function, forward: bool) {
    let context = context();
    let root = context.root();
    let run = |f: &Function, x: f64| match call(f, &root, &[double(x)]) {
        Ok(y) => numbers(&y)[0],
        Err(err) => panic!("{err:?}"),
    };
    for x in [0.3, 0.8] {
        let step = 1e-5;
        let expected = (run(f, x + step) - run(f, x - step)) / (2.0 * step);
        let slope = |f: &Function| {
            let f = jvp(f);
            unary("slope", move |s, x| {
                Ok(f.call(s, &[x.clone(), ops::scalar(DType::F64, 1.0)])?.swap_remove(1))
            })
        };
        let mut ways = vec![grad(f), jit(&grad(f)), grad(&jit(f)), grad(&checkpoint(f))];
        if forward {
            ways.extend([slope(f), jit(&slope(&jit(f))), slope(&checkpoint(f))]);
        }
        for (k, way) in ways.iter().enumerate() {
            let got = run(way, x);
            assert!((got - expected).abs() < 1e-7, "way {k} at {x}: {got}, not {expected}");
        }
        let gradient = grad(f);
        let second = (run(&gradient, x + step) - run(&gradient, x - step)) / (2.0 * step);
        let mut ways = vec![grad(&gradient), jit(&grad(&jit(&gradient)))];
        if forward {
            ways.extend([grad(&slope(f)), slope(&gradient)]);
        }
        for (k, way) in ways.iter().enumerate() {
            let got = run(way, x);
            assert!((got - second).abs() < 1e-6, "second way {k} at {x}: {got}, not {second}");
        }
    }
    let both = Literal::from_fn(Type::new(DType::F64, [2]), |k| Scalar::Float([0.3, 0.8][k]));
    for way in [vmap(&grad(f)), jit(&vmap(&grad(&jit(f)))), vmap(&grad(&checkpoint(f)))] {
        let got = call(&way, &root, &[from_literal(&both)]).expect("examples differentiate");
        let got = numbers(&got);
        let alone = [run(&grad(f), 0.3), run(&grad(f), 0.8)];
        let close = got.iter().zip(alone).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close, "together {got:?}, alone {alone:?}");
    }
    assert_eq!(context.stats().live_tracers, 0);
}

fn seed() -> Function {
    unary("seed", |s, x| mul(s, x, &sin(s, x)?))
}

#[test]
fn loops_within_loops() {
    check(&iterated(&iterated(&seed(), 3, false), 2, true), true);
}

#[test]
fn branches_within_loops_within_branches() {
    check(&branching(&iterated(&branching(&seed()), 3, true)), true);
}

#[test]
fn checkpoints_within_loops() {
    check(
        &iterated(&checkpoint(&iterated(&checkpoint(&branching(&seed())), 2, false)), 3, false),
        true,
    );
}

#[test]
fn compiled_functions_within_loops() {
    check(&iterated(&jit(&branching(&jit(&seed()))), 3, false), true);
}

#[test]
fn custom_rules_within_loops_and_branches() {
    check(&iterated(&with_rule(&branching(&seed())), 3, false), true);
    check(&with_rule(&iterated(&with_rule(&seed()), 2, true)), true);
    check(&branching(&checkpoint(&with_rule(&seed()))), true);
}

#[test]
fn custom_pullbacks_within_loops_and_branches() {
    check(&iterated(&with_pullback(&seed()), 3, false), false);
    check(&with_pullback(&iterated(&seed(), 2, true)), false);
    check(&branching(&checkpoint(&with_pullback(&seed()))), false);
}

#[test]
fn loops_of_computed_length_within_loops_of_fixed_length() {
    // The inner loop has no derivative, so that reverse mode goes past it.
    let f = unary("scaled", |s, x| {
        let condition =
            unary("below", |s, n| ops::compare(s, Compare::Lt, n, &ops::scalar(DType::F64, 4.0)));
        let body = unary("double", |s, n| add(s, n, n));
        let one = ops::scalar(DType::F64, 1.0);
        let n = while_loop(s, &condition, &body, &[one])?.swap_remove(0);
        mul(s, &sin(s, x)?, &n)
    });
    check(&iterated(&f, 3, false), true);
}

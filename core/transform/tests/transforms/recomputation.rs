//! What checkpoints keep, and that they change no value.

use jaxrs_ir::prims::{DotGeneral, Policy};
use jaxrs_ir::{Jaxpr, Value, ops};
use jaxrs_transform::{
    CheckpointOptions, Function, ScanOptions, Scope, checkpoint, checkpoint_name, checkpoint_with,
    optimization_barrier, saved_residuals, scan,
};

use crate::setting::*;

fn with_policy(f: &Function, policy: &str) -> Function {
    let policy: Policy = policy.parse().expect("it is a policy");
    checkpoint_with(f, CheckpointOptions { policy: Some(policy), ..CheckpointOptions::default() })
}

/// What is kept, a line each.
#[track_caller]
fn kept(f: &Function, shapes: &[&[usize]]) -> String {
    let types: Vec<_> = shapes.iter().map(|shape| f32s(shape)).collect();
    let saved = saved_residuals(f, &context().root(), &types).expect("it can be traced");
    let lines: Vec<String> = saved.iter().map(ToString::to_string).collect();
    lines.join("\n")
}

/// sin ∘ sin ∘ sin, with names for what the inner two give.
fn sines() -> Function {
    unary("sines", |s, x| {
        let a = checkpoint_name(s, &sin(s, x)?, "a")?;
        let b = checkpoint_name(s, &sin(s, &a)?, "b")?;
        sin(s, &b)
    })
}

fn matvec(s: &Scope, w: &Value, x: &Value) -> jaxrs_data::Result<Value> {
    let dot = DotGeneral {
        lhs_contracting: [1].into_iter().collect(),
        rhs_contracting: [0].into_iter().collect(),
        lhs_batch: Default::default(),
        rhs_batch: Default::default(),
        preferred_element_type: None,
    };
    ops::dot_general(s, dot, w, x)
}

/// sin(W sin(W x))
fn layers() -> Function {
    binary("layers", |s, w, x| {
        let inner = sin(s, &matvec(s, w, x)?)?;
        sin(s, &matvec(s, w, &inner)?)
    })
}

#[test]
fn policies_keep_what_jax_keeps() {
    let cases = [
        ("nothing_saveable", "f32[] from the argument 0"),
        ("save_only_these_names('a')", "f32[] from the argument 0\nf32[] named 'a'"),
        ("save_only_these_names('b', 'c')", "f32[] from the argument 0\nf32[] named 'b'"),
        ("save_any_names_but_these('b')", "f32[] from the argument 0\nf32[] named 'a'"),
        (
            "save_any_names_but_these()",
            "f32[] from the argument 0\nf32[] named 'a'\nf32[] named 'b'",
        ),
        (
            "save_from_both_policies(save_only_these_names('a'), save_only_these_names('b'))",
            "f32[] from the argument 0\nf32[] named 'a'\nf32[] named 'b'",
        ),
        ("dots_saveable", "f32[] from the argument 0"),
    ];
    for (policy, expected) in cases {
        assert_eq!(kept(&with_policy(&sines(), policy), &[&[]]), expected, "{policy}");
    }
    assert_eq!(kept(&checkpoint(&sines()), &[&[]]), "f32[] from the argument 0");
    let all = "f32[] output of cos\nf32[] output of cos\nf32[] output of cos";
    assert_eq!(kept(&sines(), &[&[]]), all);
}

#[test]
fn everything_saveable_keeps_what_is_kept_without_a_checkpoint() {
    for policy in ["everything_saveable", "save_anything_except_these_names('a')"] {
        let f = with_policy(&sines(), policy);
        let saved = saved_residuals(&f, &context().root(), &[f32s(&[])]).expect("it traces");
        assert_eq!(saved.len(), 3);
        assert!(saved.iter().all(|residual| residual.size_bytes() == 4), "{saved:?}");
    }
}

#[test]
fn dots_are_kept_with_what_their_derivatives_take() {
    for policy in ["dots_saveable", "dots_with_no_batch_dims_saveable"] {
        let lines = kept(&with_policy(&layers(), policy), &[&[3, 3], &[3]]);
        let expected = "f32[3,3] from the argument 0\nf32[3] from the argument 1\n\
                        f32[3] output of dot_general\nf32[3] output of dot_general";
        assert_eq!(lines, expected, "{policy}");
    }
    // A batch axis makes the second policy compute the products again.
    let batched = |policy: &str| {
        let square = binary("square", |s, a, b| {
            let dot = DotGeneral {
                lhs_contracting: [2].into_iter().collect(),
                rhs_contracting: [1].into_iter().collect(),
                lhs_batch: [0].into_iter().collect(),
                rhs_batch: [0].into_iter().collect(),
                preferred_element_type: None,
            };
            sin(s, &ops::dot_general(s, dot, a, b)?)
        });
        kept(&with_policy(&square, policy), &[&[2, 3, 3], &[2, 3, 3]]).lines().count()
    };
    assert_eq!(batched("dots_saveable"), 3);
    assert_eq!(batched("dots_with_no_batch_dims_saveable"), 2);
}

const POLICIES: [&str; 5] = [
    "everything_saveable",
    "nothing_saveable",
    "dots_saveable",
    "save_only_these_names('a')",
    "save_from_both_policies(dots_saveable, save_any_names_but_these('a'))",
];

#[test]
fn values_and_derivatives_do_not_depend_on_policies() {
    let plain = sines();
    let x = 0.7f64;
    let (a, b) = (x.sin(), x.sin().sin());
    let slope = b.cos() * a.cos() * x.cos();
    for policy in POLICIES {
        let f = with_policy(&plain, policy);
        for g in [grad(&f), jit(&grad(&f)), grad(&jit(&f)), grad(&with_policy(&f, "dots_saveable"))]
        {
            check(&g, &[scalar(0.7)], &[&[slope]]);
        }
        for g in [vmap(&grad(&f)), jit(&vmap(&grad(&f)))] {
            check(&g, &[array(&[2], &[0.7, 0.0])], &[&[slope, 1.0]]);
        }
        // Second derivatives, in both orders of modes.
        let second =
            numbers(&call(&grad(&grad(&plain)), &context().root(), &[scalar(0.7)]).unwrap());
        check(&grad(&grad(&f)), &[scalar(0.7)], &[&second]);
        let forward = jaxrs_transform::jvp(&grad(&f));
        check(&forward, &[scalar(0.7), scalar(1.0)], &[&[slope], &second]);
    }
}

/// A loop of three steps x ← name(sin(W x)).
fn recurrent(policy: Option<&'static str>) -> Function {
    binary("recurrent", move |s, w, x| {
        let w = w.clone();
        let body = Function::new("step", move |s: &Scope, c: &[Value]| {
            let next = checkpoint_name(s, &matvec(s, &w, &c[0])?, "a")?;
            Ok(vec![sin(s, &next)?])
        });
        let looped = Function::new("loop", move |s: &Scope, c: &[Value]| {
            scan(s, &body, c, &[], ScanOptions { length: Some(3), ..ScanOptions::default() })
        });
        let looped = match policy {
            Some(policy) => with_policy(&looped, policy),
            None => looped,
        };
        sum(s, &call(&looped, s, std::slice::from_ref(x))?)
    })
}

#[test]
fn loops_keep_what_policies_say_of_each_iteration() {
    let count = |policy: &'static str, shape: &str| {
        kept(&recurrent(Some(policy)), &[&[2, 2], &[2]])
            .lines()
            .filter(|line| line.starts_with(shape))
            .count()
    };
    assert_eq!(count("nothing_saveable", "f32[3,2]"), 0);
    assert_eq!(count("dots_saveable", "f32[3,2]"), 1);
    assert_eq!(count("save_only_these_names('a')", "f32[3,2]"), 1);
    let w = array(&[2, 2], &[0.5, -1.0, 0.25, 2.0]);
    let inputs = [w, array(&[2], &[0.3, -0.2])];
    let both = |f: &Function| {
        let options = jaxrs_transform::DiffOptions { argnums: vec![0, 1], ..Default::default() };
        jaxrs_transform::grad(f, options)
    };
    let plain = both(&recurrent(None)).call(&context().root(), &inputs).expect("it runs");
    let plain: Vec<Vec<f64>> = plain.iter().map(numbers).collect();
    let expected: Vec<&[f64]> = plain.iter().map(Vec::as_slice).collect();
    for policy in POLICIES {
        for g in [both(&recurrent(Some(policy))), jit(&both(&recurrent(Some(policy))))] {
            check(&g, &inputs, &expected);
        }
    }
}

#[test]
fn derivatives_of_checkpoints_print_and_read_back_in_full() {
    for policy in POLICIES {
        let text = program(&grad(&with_policy(&sines(), policy)), &[f32s(&[])]);
        let read: Jaxpr = text.parse().expect("it reads back");
        assert_eq!(read.to_string(), text);
        let again = read.eqns.iter().filter(|eqn| eqn.prim.name() == "remat2").count();
        assert_eq!(again, 2, "{text}");
        assert!(text.contains("differentiated=true"), "{text}");
    }
}

#[test]
fn a_derivative_that_was_read_back_has_derivatives_of_its_own() {
    use jaxrs_transform::{ClosedJaxpr, function_from_jaxpr};
    let text = program(&grad(&checkpoint(&sines())), &[f32s(&[])]);
    let jaxpr = std::sync::Arc::new(text.parse::<Jaxpr>().expect("it reads back"));
    let slope = function_from_jaxpr("slope", ClosedJaxpr { jaxpr, consts: Vec::new() });
    let second = call(&grad(&grad(&sines())), &context().root(), &[scalar(0.7)]).expect("it runs");
    check(&grad(&slope), &[scalar(0.7)], &[&numbers(&second)]);
}

#[test]
fn barriers_pass_values_and_derivatives_on_together() {
    let f = binary("f", |s, x, y| {
        let behind = optimization_barrier(s, &[x.clone(), sin(s, y)?])?;
        mul(s, &behind[0], &behind[1])
    });
    let text = program(&f, &[f32s(&[]), f32s(&[])]);
    assert!(text.contains("d:f32[] e:f32[] = optimization_barrier a c"), "{text}");
    let inputs = [scalar(2.0), scalar(0.5)];
    check(&f, &inputs, &[&[2.0 * 0.5f64.sin()]]);
    let options = jaxrs_transform::DiffOptions { argnums: vec![0, 1], ..Default::default() };
    let both = jaxrs_transform::grad(&f, options);
    let expected: &[&[f64]] = &[&[0.5f64.sin()], &[2.0 * 0.5f64.cos()]];
    check(&both, &inputs, expected);
    check(&jit(&both), &inputs, expected);
    let text = program(&both, &[f32s(&[]), f32s(&[])]);
    assert_eq!(text.matches("optimization_barrier").count(), 2, "{text}");
    check(&optimized(), &[], &[]);
}

/// A barrier without operands.
fn optimized() -> Function {
    Function::new("none", |s: &Scope, _: &[Value]| optimization_barrier(s, &[]))
}

/// sin(name(x sin x)) or x², by the sign of x.
fn branched(policy: Option<&'static str>) -> Function {
    let a = unary("a", |s, x| {
        let product = mul(s, &sin(s, x)?, x)?;
        sin(s, &checkpoint_name(s, &product, "a")?)
    });
    let b = unary("b", |s, x| mul(s, x, x));
    let f = unary("branched", move |s, x| {
        let positive = ops::compare(s, jaxrs_kernel::Compare::Gt, x, &constant(0.0))?;
        let x = std::slice::from_ref(x);
        jaxrs_transform::cond(s, &positive, &a, &b, x).map(|mut y| y.swap_remove(0))
    });
    match policy {
        Some(policy) => with_policy(&f, policy),
        None => f,
    }
}

#[test]
fn branches_keep_what_policies_say() {
    let lines = |policy| kept(&branched(Some(policy)), &[&[]]).lines().count();
    assert_eq!(lines("nothing_saveable"), 1);
    assert_eq!(lines("save_only_these_names('b')"), 1);
    assert_eq!(lines("save_only_these_names('a')"), 2);
    let slope = |x: f64| (x * x.sin()).cos() * (x.sin() + x * x.cos());
    for policy in POLICIES {
        let f = branched(Some(policy));
        for g in [grad(&f), jit(&grad(&f))] {
            check(&g, &[scalar(0.7)], &[&[slope(0.7)]]);
            check(&g, &[scalar(-0.7)], &[&[-1.4]]);
        }
        check(&vmap(&grad(&f)), &[array(&[2], &[0.7, -0.7])], &[&[slope(0.7), -1.4]]);
        let second = numbers(
            &call(&grad(&grad(&branched(None))), &context().root(), &[scalar(0.7)]).unwrap(),
        );
        check(&grad(&grad(&f)), &[scalar(0.7)], &[&second]);
    }
}

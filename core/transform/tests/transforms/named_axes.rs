//! Collectives over the named axes of `vmap`: JAX's values, at once and compiled.

use std::sync::{Arc, Mutex};

use jaxrs_data::{DType, Literal, Result, Scalar, Type};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{
    ClosedJaxpr, Function, ScanOptions, Scope, VmapOptions, all_gather, all_to_all, axis_index,
    axis_size, checkpoint, cond, custom_jvp, custom_vjp, function_from_jaxpr, make_jaxpr, pmax,
    pmean, pmin, ppermute, psum, psum_scatter, pvary, scan, while_loop,
};

use crate::setting::{
    self, add, array, call, check_error, constant, f32s, from_literal, grad, jit, mul, program,
    sin, sum, unary,
};

/// The function for all examples of an axis of this name.
pub(crate) fn named(f: &Function, name: &str) -> Function {
    let options = VmapOptions { axis_name: Some(name.into()), ..VmapOptions::default() };
    jaxrs_transform::vmap(f, options)
}

/// Checks a function of one example along an axis `i`, in all ways to run it.
#[track_caller]
fn check(
    f: impl Fn(&Scope, &Value) -> Result<Value> + Send + Sync + 'static,
    input: &Value,
    expected: &[f64],
) {
    let f = unary("f", f);
    let inputs = std::slice::from_ref(input);
    for way in [named(&f, "i"), jit(&named(&f, "i")), named(&jit(&f), "i")] {
        setting::check(&way, inputs, &[expected]);
    }
}

/// Checks a function of one example along axes `i` and `j`, the inner one.
#[track_caller]
fn check_two(
    f: impl Fn(&Scope, &Value) -> Result<Value> + Send + Sync + 'static,
    input: &Value,
    expected: &[f64],
) {
    let f = unary("f", f);
    let inputs = std::slice::from_ref(input);
    for f in [f.clone(), jit(&f)] {
        let both = named(&named(&f, "j"), "i");
        setting::check(&both, inputs, &[expected]);
        setting::check(&jit(&both), inputs, &[expected]);
    }
}

fn count(shape: &[usize]) -> Value {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|k| k as f32).collect();
    array(shape, &values)
}

fn xs() -> Value {
    array(&[3], &[1.0, 3.0, 2.0])
}

fn sub(s: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ops::sub(s, x, y)
}

/// The whole of each example's result, repeated for each of three.
fn thrice(values: &[f64]) -> Vec<f64> {
    values.repeat(3)
}

#[test]
fn reductions_give_all_examples_one_result() {
    check(|s, x| ops::div(s, x, &psum(s, x, &["i"])?), &array(&[2], &[1.0, 3.0]), &[0.25, 0.75]);
    check(|s, x| pmean(s, x, &["i"]), &array(&[2], &[1.0, 3.0]), &[2.0, 2.0]);
    check(|s, x| pmax(s, x, &["i"]), &xs(), &[3.0; 3]);
    check(|s, x| pmin(s, x, &["i"]), &xs(), &[1.0; 3]);
}

#[test]
fn reductions_of_what_is_the_same_for_all_count_it() {
    check(|s, x| mul(s, x, &psum(s, &constant(1.0), &["i"])?), &xs(), &[3.0, 9.0, 6.0]);
    check(|s, x| mul(s, x, &pmax(s, &constant(2.0), &["i"])?), &xs(), &[2.0, 6.0, 4.0]);
    check(|s, x| add(s, x, &pmean(s, &constant(2.0), &["i"])?), &xs(), &[3.0, 5.0, 4.0]);
    let truth = from_literal(&Literal::full(Type::new(DType::Bool, [3]), Scalar::Bool(true)));
    check(|s, x| psum(s, x, &["i"]), &truth, &[3.0; 3]);
    check(|s, x| pmean(s, x, &["i"]), &truth, &[1.0; 3]);
}

#[test]
fn positions_and_sizes_along_axes() {
    let options = || VmapOptions {
        axis_name: Some("i".into()),
        axis_size: Some(3),
        ..VmapOptions::default()
    };
    let index = Function::new("index", |s: &Scope, _: &[Value]| Ok(vec![axis_index(s, &["i"])?]));
    setting::check(&jaxrs_transform::vmap(&index, options()), &[], &[&[0.0, 1.0, 2.0]]);
    setting::check(&jit(&jaxrs_transform::vmap(&jit(&index), options())), &[], &[&[0.0, 1.0, 2.0]]);
    let size = Function::new("size", |s: &Scope, _: &[Value]| Ok(vec![axis_size(s, &["i"])?]));
    setting::check(&jaxrs_transform::vmap(&size, options()), &[], &[&[3.0; 3]]);
    check_two(|s, _| axis_index(s, &["i", "j"]), &count(&[2, 3]), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    check_two(|s, _| axis_index(s, &["j", "i"]), &count(&[2, 3]), &[0.0, 2.0, 4.0, 1.0, 3.0, 5.0]);
    check_two(|s, _| axis_size(s, &["i", "j"]), &count(&[2, 3]), &[6.0; 6]);
}

#[test]
fn gathering_stacks_or_joins() {
    let m = count(&[3, 3]);
    let all: Vec<f64> = (0..9).map(f64::from).collect();
    check(|s, x| all_gather(s, x, &["i"], 0, false), &m, &thrice(&all));
    check(|s, x| all_gather(s, x, &["i"], 0, true), &m, &thrice(&all));
    let turned = [0.0, 3.0, 6.0, 1.0, 4.0, 7.0, 2.0, 5.0, 8.0];
    check(|s, x| all_gather(s, x, &["i"], 1, false), &m, &thrice(&turned));
    check(|s, x| all_gather(s, x, &["i"], -1, false), &m, &thrice(&turned));
    let seven = [8.0, 8.0, 8.0, 10.0, 10.0, 10.0, 9.0, 9.0, 9.0];
    check(
        |s, x| {
            let all = all_gather(s, &constant(7.0), &["i"], 0, false)?;
            add(s, &all, &ops::broadcast_in_dim(s, x, &[3].into(), [])?)
        },
        &xs(),
        &seven,
    );
    let six: Vec<f64> = (0..6).map(f64::from).collect();
    check_two(|s, x| all_gather(s, x, &["i", "j"], 0, false), &count(&[2, 3]), &six.repeat(6));
}

#[test]
fn scattered_sums_give_each_example_its_part() {
    check(|s, x| psum_scatter(s, x, "i", 0, false), &count(&[3, 3]), &[9.0, 12.0, 15.0]);
    let tiled = [18.0, 21.0, 24.0, 27.0, 30.0, 33.0];
    check(|s, x| psum_scatter(s, x, "i", 0, true), &count(&[3, 6]), &tiled);
    check(
        |s, _| psum_scatter(s, &Value::literal(Literal::f32([3], &[1.0, 2.0, 3.0])), "i", 0, false),
        &xs(),
        &[3.0, 6.0, 9.0],
    );
}

#[test]
fn everybody_sends_to_everybody() {
    let six = count(&[3, 6]);
    let tiled = [0., 1., 6., 7., 12., 13., 2., 3., 8., 9., 14., 15., 4., 5., 10., 11., 16., 17.];
    check(|s, x| all_to_all(s, x, "i", 0, 0, true), &six, &tiled);
    check(
        |s, x| all_to_all(s, x, "i", 0, 0, false),
        &count(&[3, 3]),
        &[0., 3., 6., 1., 4., 7., 2., 5., 8.],
    );
    let there = [0., 6., 12., 1., 7., 13., 2., 8., 14., 3., 9., 15., 4., 10., 16., 5., 11., 17.];
    check(|s, x| all_to_all(s, x, "i", 0, 1, false), &count(&[3, 3, 2]), &there);
    let back = [0., 3., 6., 9., 12., 15., 1., 4., 7., 10., 13., 16., 2., 5., 8., 11., 14., 17.];
    check(|s, x| all_to_all(s, x, "i", 1, 0, false), &count(&[3, 2, 3]), &back);
    check(|s, x| all_to_all(s, x, "i", 1, 0, true), &count(&[3, 2, 3]), &back);
    check(|s, x| all_to_all(s, x, "i", 0, 1, true), &count(&[3, 3, 2]), &tiled);
}

#[test]
fn permutations_move_examples() {
    check(|s, x| ppermute(s, x, "i", &[(0, 1), (1, 2), (2, 0)]), &xs(), &[2.0, 1.0, 3.0]);
    check(|s, x| ppermute(s, x, "i", &[(2, 0), (0, 2), (1, 1)]), &xs(), &[2.0, 3.0, 1.0]);
    check(|s, x| ppermute(s, x, "i", &[(0, 0), (1, 1), (2, 2)]), &xs(), &[1.0, 3.0, 2.0]);
    let weighted = unary("weighted", |s, z| {
        let shift = unary("shift", |s, x| ppermute(s, x, "i", &[(0, 1), (1, 2), (2, 0)]));
        let y = call(&named(&shift, "i"), s, std::slice::from_ref(z))?;
        sum(s, &mul(s, &y, &Value::literal(Literal::f32([3], &[1.0, 10.0, 100.0])))?)
    });
    setting::check(&grad(&weighted), &[xs()], &[&[10.0, 100.0, 1.0]]);
    setting::check(&jit(&grad(&jit(&weighted))), &[xs()], &[&[10.0, 100.0, 1.0]]);
}

#[test]
fn several_axes_at_once_and_axes_one_by_one() {
    let q = count(&[2, 3]);
    check_two(|s, x| psum(s, x, &["i", "j"]), &q, &[15.0; 6]);
    check_two(
        |s, x| {
            let total = psum(s, &ops::offset(s, x, 1.0)?, &["j"])?;
            add(s, &ops::div(s, x, &total)?, &pmax(s, x, &["i"])?)
        },
        &q,
        &[3.0, 4.166_666_5, 5.333_333_5, 3.2, 4.266_666_9, 5.333_333_5],
    );
    // An axis without a name lets collectives pass, and of two of one name the inner one is meant.
    let centred = unary("centred", |s, x| sub(s, x, &psum(s, x, &["i"])?));
    let expected = [-9.0, -11.0, -13.0, -6.0, -8.0, -10.0, -3.0, -5.0, -7.0];
    setting::check(&named(&setting::vmap(&centred), "i"), &[count(&[3, 3])], &[&expected]);
    let total = unary("total", |s, x| psum(s, x, &["i"]));
    let expected = [3.0, 3.0, 3.0, 12.0, 12.0, 12.0];
    setting::check(&named(&named(&total, "i"), "i"), &[q], &[&expected]);
}

#[test]
fn derivatives_of_collectives() {
    let square = |s: &Scope, x: &Value| psum(s, &mul(s, x, x)?, &["i"]);
    let inside = move |s: &Scope, x: &Value| {
        call(&grad(&unary("square", square)), s, std::slice::from_ref(x))
    };
    check(inside, &xs(), &[6.0, 18.0, 12.0]);
    let outside = unary("outside", move |s, x| {
        let squares = call(&named(&unary("square", square), "i"), s, std::slice::from_ref(x))?;
        sum(s, &squares)
    });
    for way in [grad(&outside), jit(&grad(&outside)), grad(&jit(&outside))] {
        setting::check(&way, &[array(&[2], &[1.0, 2.0])], &[&[4.0, 8.0]]);
    }
    let gathered = |s: &Scope, x: &Value| {
        let weighted = unary("weighted", |s, x| {
            let weights = Value::literal(Literal::f32([3], &[1.0, 10.0, 100.0]));
            sum(s, &mul(s, &all_gather(s, x, &["i"], 0, false)?, &weights)?)
        });
        call(&grad(&weighted), s, std::slice::from_ref(x))
    };
    check(gathered, &xs(), &[3.0, 30.0, 300.0]);
    // Each example's value is its own already.
    let varied = |s: &Scope, x: &Value| {
        let f = unary("varied", |s, x| pvary(s, x, &["i"]));
        call(&grad(&f), s, std::slice::from_ref(x))
    };
    check(varied, &xs(), &[1.0; 3]);
    let f = unary("f", |s, x| pmax(s, x, &["i"]));
    check_error(&named(&grad(&f), "i"), &[xs()], "pmax has no derivative");
}

#[test]
fn loops_and_branches_hold_collectives() {
    let looped = |s: &Scope, x: &Value| {
        let body = unary("body", |s, c| ops::scale(s, &psum(s, c, &["i"])?, 0.5));
        let options = ScanOptions { length: Some(3), ..ScanOptions::default() };
        Ok(scan(s, &body, std::slice::from_ref(x), &[], options)?.swap_remove(0))
    };
    check(looped, &xs(), &[6.75; 3]);
    let branched = |s: &Scope, x: &Value| {
        let total = unary("total", |s, x| psum(s, x, &["i"]));
        let shifted = unary("shifted", |s, x| {
            let index = ops::convert(s, &axis_index(s, &["i"])?, DType::F32)?;
            sub(s, x, &index)
        });
        let large = ops::compare(s, Compare::Gt, x, &constant(1.5))?;
        Ok(cond(s, &large, &total, &shifted, std::slice::from_ref(x))?.swap_remove(0))
    };
    check(branched, &xs(), &[1.0, 6.0, 6.0]);
    let until = |s: &Scope, x: &Value| {
        let small = unary("small", |s, c| {
            ops::compare(s, Compare::Lt, &pmax(s, c, &["i"])?, &constant(50.0))
        });
        let step = unary("step", |s, c| add(s, c, &psum(s, c, &["i"])?));
        Ok(while_loop(s, &small, &step, std::slice::from_ref(x))?.swap_remove(0))
    };
    check(until, &xs(), &[127.0, 129.0, 128.0]);
    // Nothing that goes in differs between examples, but what comes out does.
    let counting = |s: &Scope, x: &Value| {
        let body =
            unary("body", |s, c| add(s, c, &ops::convert(s, &axis_index(s, &["i"])?, DType::F32)?));
        let options = ScanOptions { length: Some(2), ..ScanOptions::default() };
        let sum = scan(s, &body, &[constant(0.0)], &[], options)?.swap_remove(0);
        add(s, x, &sum)
    };
    check(counting, &xs(), &[1.0, 5.0, 6.0]);
}

#[test]
fn derivatives_of_loops_and_checkpoints_that_hold_collectives() {
    let checkpointed = |s: &Scope, x: &Value| {
        let f = unary("f", |s, x| {
            let total = psum(s, &mul(s, x, x)?, &["i"])?;
            mul(s, &sin(s, &total)?, x)
        });
        call(&grad(&checkpoint(&f)), s, std::slice::from_ref(x))
    };
    let expected = [2.631_453_990_936_279_3, 5.913_146_972_656_25, 4.272_300_720_214_844];
    check(checkpointed, &xs(), &expected);
    let looped = unary("looped", |s, z| {
        let f = unary("f", |s, x| {
            let body = unary("body", |s, c| mul(s, &sin(s, &psum(s, c, &["i"])?)?, c));
            let options = ScanOptions { length: Some(2), ..ScanOptions::default() };
            Ok(scan(s, &body, std::slice::from_ref(x), &[], options)?.swap_remove(0))
        });
        sum(s, &call(&named(&f, "i"), s, std::slice::from_ref(z))?)
    });
    setting::check(&grad(&looped), &[xs()], &[&[-4.481_484; 3]]);
    setting::check(&jit(&grad(&jit(&looped))), &[xs()], &[&[-4.481_484; 3]]);
}

#[test]
fn custom_rules_hold_collectives() {
    // The rule doubles the derivative, so that it is seen to have been used.
    let total = unary("total", |s, x| psum(s, x, &["i"]));
    let rule = Function::new("rule", |s: &Scope, x: &[Value]| {
        let tangent = psum(s, &ops::scale(s, &x[1], 2.0)?, &["i"])?;
        Ok(vec![psum(s, &x[0], &["i"])?, tangent])
    });
    let forward = custom_jvp(&total, &rule);
    let fwd = Function::new("fwd", |s: &Scope, x: &[Value]| Ok(vec![psum(s, &x[0], &["i"])?]));
    let bwd = Function::new("bwd", |s: &Scope, ct: &[Value]| {
        Ok(vec![ops::scale(s, &psum(s, &ct[0], &["i"])?, 2.0)?])
    });
    let backward = custom_vjp(&total, &fwd, &bwd, 1);
    for f in [forward.clone(), backward.clone(), jit(&forward), jit(&backward)] {
        let g = f.clone();
        check(move |s, x| call(&g, s, std::slice::from_ref(x)), &xs(), &[6.0; 3]);
        check(move |s, x| call(&grad(&f), s, std::slice::from_ref(x)), &xs(), &[6.0; 3]);
    }
}

#[test]
fn programs_hold_collectives_under_jaxs_names() {
    let f = Function::new("f", |s: &Scope, x: &[Value]| {
        let f = unary("f", |s, x| {
            let f = jit(&unary("f", |s, x| psum(s, &pmax(s, x, &["i"])?, &["i", "j"])));
            let y = call(&f, s, std::slice::from_ref(x))?;
            all_gather(s, &y, &["j"], 0, false)
        });
        let inner = named(&f, "j");
        Ok(vec![call(&inner, s, x)?])
    });
    // The inner axis is resolved, the outer one has yet to be.
    let outer = unary("outer", move |s, x| {
        let f = f.clone();
        call(&named(&f, "i"), s, std::slice::from_ref(x))
    });
    let text = program(&outer, &[f32s(&[2, 3])]);
    assert!(!text.contains("psum"), "{text}");
    assert!(text.contains("reduce_max"), "{text}");
}

#[test]
fn axes_that_nobody_binds_are_named() {
    let f = unary("f", |s, x| psum(s, x, &["nope"]));
    let unbound = "psum needs the axis 'nope', which is not bound here: ";
    check_error(&f, &[xs()], &format!("{unbound}no axis has a name"));
    check_error(&named(&f, "i"), &[xs()], &format!("{unbound}the named axes are [i]"));
    let two = named(&named(&f, "j"), "i");
    check_error(&two, &[count(&[2, 3])], &format!("{unbound}the named axes are [j, i]"));
    let twice = unary("f", |s, x| psum(s, x, &["i", "i"]));
    let expected = "psum needs distinct axes, got 'i' twice";
    check_error(&named(&twice, "i"), &[xs()], expected);
}

#[test]
fn programs_that_hold_collectives_cannot_run_outside_of_their_axis() {
    let slot: Arc<Mutex<Option<ClosedJaxpr>>> = Arc::default();
    let outside = unary("outside", move |s, x| {
        let (kept, inside) = (slot.clone(), slot.clone());
        let types = [f32s(&[])];
        let f = unary("f", move |s, x| {
            let inner = unary("inner", |s, x| psum(s, x, &["i"]));
            let traced = make_jaxpr(&inner, s, &types)?;
            assert!(traced.jaxpr.to_string().contains("psum[axes=i "), "{}", traced.jaxpr);
            inside.lock().expect("nobody panicked").replace(traced);
            Ok(x.clone())
        });
        call(&named(&f, "i"), s, std::slice::from_ref(x))?;
        let traced = kept.lock().expect("nobody panicked").take().expect("it was traced");
        let f = function_from_jaxpr("f", traced);
        call(&f, s, &[constant(1.0)])
    });
    let expected = "psum runs over axis 'i', which no vmap around binds";
    check_error(&outside, &[xs()], expected);
}

#[test]
fn collectives_refuse_what_does_not_fit() {
    let f = unary("f", |s, x| ppermute(s, x, "i", &[(0, 1), (1, 2)]));
    let expected = "ppermute under vmap needs a permutation of all 3 examples, got 2 pairs";
    check_error(&named(&f, "i"), &[xs()], expected);
    let f = unary("f", |s, x| ppermute(s, x, "i", &[(0, 1), (0, 2), (2, 0)]));
    let expected = "ppermute needs distinct sources and destinations, got [(0, 1), (0, 2), (2, 0)]";
    check_error(&named(&f, "i"), &[xs()], expected);
    let f = unary("f", |s, x| psum_scatter(s, x, "i", 0, false));
    let expected = "reduce_scatter needs axis 0 of f32[4] to have the size of axis 'i', which is 3";
    check_error(&named(&f, "i"), &[count(&[3, 4])], expected);
    let f = unary("f", |s, x| psum_scatter(s, x, "i", 0, true));
    let expected = "reduce_scatter cuts axis 0 of f32[4] for the 3 examples of axis 'i', which does not divide it";
    check_error(&named(&f, "i"), &[count(&[3, 4])], expected);
    let f = unary("f", |s, x| all_to_all(s, x, "i", 0, 0, false));
    let expected = "all_to_all needs axis 0 of f32[4] to have the size of axis 'i', which is 3";
    check_error(&named(&f, "i"), &[count(&[3, 4])], expected);
    let f = unary("f", |_, x| Ok(x.clone()));
    let expected = "vmap needs an axis name without commas, got \"i,j\"";
    check_error(&named(&f, "i,j"), &[xs()], expected);
}

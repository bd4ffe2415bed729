//! Loops and branches, and transforms through them.

use jaxrs_data::DType;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, ScanOptions, Scope, cond, fori_loop, scan, switch, while_loop};

use crate::setting::*;

fn sqrt_or_zero() -> Function {
    unary("choose", |s, x| {
        let positive = ops::compare(s, Compare::Gt, x, &constant(0.0))?;
        let sqrt = unary("sqrt", |s, x| ops::unary(s, jaxrs_ir::prims::Unary::Sqrt, x));
        let zero = unary("zero", |s, x| ops::scale(s, x, 0.0));
        Ok(cond(s, &positive, &sqrt, &zero, std::slice::from_ref(x))?.swap_remove(0))
    })
}

#[test]
fn a_branch_that_is_not_taken_does_not_spoil_gradients() {
    let f = sqrt_or_zero();
    check(&f, &[scalar(4.0)], &[&[2.0]]);
    check(&grad(&f), &[scalar(4.0)], &[&[0.25]]);
    check(&grad(&f), &[scalar(0.0)], &[&[0.0]]);
    let inner = f.clone();
    let total =
        unary("total", move |s, x| sum(s, &call(&vmap(&inner), s, std::slice::from_ref(x))?));
    check(&grad(&total), &[array(&[2], &[0.0, 1.0])], &[&[0.0, 0.5]]);
    check(&jit(&grad(&total)), &[array(&[2], &[0.0, 1.0])], &[&[0.0, 0.5]]);
    check(&vmap(&grad(&f)), &[array(&[2], &[0.0, 1.0])], &[&[0.0, 0.5]]);
}

#[test]
fn switch_clamps_its_index() {
    let f = Function::new("switch", |s: &Scope, x: &[Value]| {
        let branches = [unary("sin", sin), unary("cos", cos), unary("square", |s, x| mul(s, x, x))];
        switch(s, &x[0], &branches, &x[1..])
    });
    for (index, expected) in [(-3, 2f64.sin()), (0, 2f64.sin()), (1, 2f64.cos()), (7, 4.0)] {
        check(&f, &[int(index), scalar(2.0)], &[&[expected]]);
        check(&jit(&f), &[int(index), scalar(2.0)], &[&[expected]]);
    }
}

#[test]
fn branches_may_capture_tracers_of_the_scopes_around() {
    let f = binary("capture", |s, x, y| {
        let (a, b) = (x.clone(), y.clone());
        let first = unary("first", move |s, z| mul(s, &a, z));
        let second = unary("second", move |s, z| mul(s, &b, z));
        let less = ops::compare(s, Compare::Lt, x, y)?;
        Ok(cond(s, &less, &first, &second, std::slice::from_ref(x))?.swap_remove(0))
    });
    check(&grad(&f), &[scalar(2.0), scalar(3.0)], &[&[4.0]]);
    check(&grad(&f), &[scalar(3.0), scalar(2.0)], &[&[2.0]]);
    check(&jit(&grad(&f)), &[scalar(3.0), scalar(2.0)], &[&[2.0]]);
}

fn cumulative(options: ScanOptions) -> Function {
    Function::new("cumulative", move |s: &Scope, x: &[Value]| {
        let body = Function::new("body", |s: &Scope, x: &[Value]| {
            let next = add(s, &x[0], &x[1])?;
            Ok(vec![next.clone(), next])
        });
        scan(s, &body, &x[..1], &x[1..], options)
    })
}

#[test]
fn scan_stacks_results_where_they_belong() {
    let xs = array(&[3], &[1.0, 2.0, 4.0]);
    let forward = cumulative(ScanOptions::default());
    check(&forward, &[scalar(0.0), xs.clone()], &[&[7.0], &[1.0, 3.0, 7.0]]);
    let backward = cumulative(ScanOptions { reverse: true, ..ScanOptions::default() });
    check(&backward, &[scalar(0.0), xs], &[&[7.0], &[7.0, 6.0, 4.0]]);
    check(&forward, &[scalar(5.0), array(&[0], &[])], &[&[5.0], &[]]);
}

#[test]
fn gradients_go_through_scans_however_they_are_wrapped() {
    // x ↦ sin(w · sin(w · … x)), five times
    let f = binary("rnn", |s, w, x| {
        let w = w.clone();
        let body = unary("body", move |s, c| sin(s, &mul(s, &w, c)?));
        let options = ScanOptions { length: Some(5), ..ScanOptions::default() };
        Ok(scan(s, &body, std::slice::from_ref(x), &[], options)?.swap_remove(0))
    });
    let reference = |w: f64, x: f64| (0..5).fold(x, |c, _| (w * c).sin());
    let (w, x, h) = (1.25, 0.7, 1e-6);
    let expected = (reference(w + h, x) - reference(w - h, x)) / (2.0 * h);
    let inputs = [scalar(1.25), scalar(0.7)];
    for g in [
        grad(&f),
        jit(&grad(&f)),
        grad(&jit(&f)),
        grad(&jaxrs_transform::checkpoint(&f)),
        jit(&grad(&jaxrs_transform::checkpoint(&jit(&f)))),
    ] {
        check(&g, &inputs, &[&[expected]]);
    }
    let h = 1e-4;
    let second = (reference(w + h, x) - 2.0 * reference(w, x) + reference(w - h, x)) / (h * h);
    let context = context();
    for g in [grad(&grad(&f)), jit(&grad(&grad(&jaxrs_transform::checkpoint(&f))))] {
        let got = numbers(&call(&g, &context.root(), &inputs).unwrap());
        assert!((got[0] - second).abs() < 1e-3, "{got:?} is not {second}");
    }
}

#[test]
fn weak_carries_are_promoted_to_what_the_body_gives() {
    let f = unary("weak", |s, x| {
        let body = Function::new("body", |s: &Scope, x: &[Value]| Ok(vec![mul(s, &x[0], &x[1])?]));
        let weak = ops::bind1(
            s,
            jaxrs_ir::prims::ConvertElementType { new_dtype: DType::F32, weak_type: true },
            &[constant(1.0)],
        )?;
        let xs = std::slice::from_ref(x);
        let last = scan(s, &body, &[weak], xs, ScanOptions::default())?.swap_remove(0);
        assert!(!last.ty().weak);
        Ok(last)
    });
    check(&f, &[array(&[3], &[2.0, 3.0, 4.0])], &[&[24.0]]);
    check(&jit(&f), &[array(&[3], &[2.0, 3.0, 4.0])], &[&[24.0]]);
}

/// Doubles until 100 is reached.
fn doubling() -> Function {
    unary("doubling", |s, x| {
        let condition = unary("below", |s, x| ops::compare(s, Compare::Lt, x, &constant(100.0)));
        let body = unary("double", |s, x| add(s, x, x));
        Ok(while_loop(s, &condition, &body, std::slice::from_ref(x))?.swap_remove(0))
    })
}

#[test]
fn while_loops_run_forward_and_refuse_reverse_mode() {
    check(&doubling(), &[scalar(3.0)], &[&[192.0]]);
    let forward = jaxrs_transform::jvp(&doubling());
    check(&forward, &[scalar(3.0), scalar(1.0)], &[&[192.0], &[64.0]]);
    check(&jit(&forward), &[scalar(3.0), scalar(1.0)], &[&[192.0], &[64.0]]);
    let refused = "reverse-mode differentiation does not work for while_loop, nor for fori_loop with bounds that are not known when it is traced; use scan, or fori_loop with known bounds";
    check_error(&grad(&doubling()), &[scalar(3.0)], refused);
    check_error(&jit(&grad(&doubling())), &[scalar(3.0)], refused);
}

#[test]
fn while_loops_of_examples_run_until_all_are_done() {
    let xs = array(&[4], &[3.0, 200.0, 60.0, 1.0]);
    check(&vmap(&doubling()), std::slice::from_ref(&xs), &[&[192.0, 200.0, 120.0, 128.0]]);
    check(&jit(&vmap(&doubling())), &[xs], &[&[192.0, 200.0, 120.0, 128.0]]);
}

#[test]
fn loops_with_known_bounds_have_gradients() {
    let power = |n: i64| {
        unary("power", move |s, x| {
            let factor = x.clone();
            let body = Function::new("body", move |s: &Scope, x: &[Value]| {
                Ok(vec![mul(s, &x[1], &factor)?])
            });
            let init = ops::add(s, &ops::scale(s, x, 0.0)?, &constant(1.0))?;
            Ok(fori_loop(s, &int(0), &int(n), &body, &[init], None)?.swap_remove(0))
        })
    };
    check(&power(4), &[scalar(3.0)], &[&[81.0]]);
    check(&power(-2), &[scalar(3.0)], &[&[1.0]]);
    check(&grad(&power(4)), &[scalar(3.0)], &[&[108.0]]);
    check(&jit(&grad(&power(4))), &[scalar(3.0)], &[&[108.0]]);
    let counted = Function::new("counted", |s: &Scope, x: &[Value]| {
        let body = Function::new("body", |s: &Scope, x: &[Value]| Ok(vec![add(s, &x[0], &x[1])?]));
        fori_loop(s, &x[0], &x[1], &body, &[int(0)], None)
    });
    check(&counted, &[int(2), int(6)], &[&[14.0]]);
    check(&jit(&counted), &[int(2), int(6)], &[&[14.0]]);
}

#[test]
fn loops_and_branches_refuse_what_does_not_fit() {
    let widening = Function::new("loop", |s: &Scope, x: &[Value]| {
        let body = unary("widen", |s, x| ops::broadcast_in_dim(s, x, &[2].into(), []));
        let options = ScanOptions { length: Some(3), ..ScanOptions::default() };
        scan(s, &body, x, &[], options)
    });
    check_error(
        &widening,
        &[scalar(1.0)],
        "scan body 'widen' must give the type of its carry, but carry 0 is f32[] and comes back as f32[2]",
    );
    let short = Function::new("short", |s: &Scope, x: &[Value]| {
        scan(s, &unary("body", sin), &x[..1], &x[1..], ScanOptions::default())
    });
    check_error(
        &short,
        &[scalar(1.0), array(&[2], &[0.0; 2]), array(&[3], &[0.0; 3])],
        "scan needs inputs of one length, but x 0 (f32[2]) is 2 and x 1 (f32[3]) has 3",
    );
    let condition = unary("loop", |s, x| {
        Ok(while_loop(s, &unary("c", sin), &unary("b", sin), std::slice::from_ref(x))?
            .swap_remove(0))
    });
    check_error(
        &condition,
        &[scalar(1.0)],
        "while_loop condition 'c' must give one bool[], got f32[]",
    );
    let branches = binary("branches", |s, p, x| {
        let wide = unary("wide", |s, x| ops::broadcast_in_dim(s, x, &[2].into(), []));
        Ok(cond(s, p, &unary("sin", sin), &wide, std::slice::from_ref(x))?.swap_remove(0))
    });
    check_error(
        &branches,
        &[int(1), scalar(1.0)],
        "cond needs branches with outputs of equal types, but output 0 is f32[2] in 'wide' and f32[] in 'sin'",
    );
    check_error(
        &branches,
        &[array(&[1], &[1.0]), scalar(1.0)],
        "cond needs a scalar of boolean or integer type to decide by, got f32[1]",
    );
}

//! Calls back to the host, and text about values: how often, in which order, with what.

use std::sync::Arc;

use expect_test::expect;
use jaxrs_data::{Error, ErrorKind, Literal};
use jaxrs_ir::prims::{Host, VmapMethod};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    Callback, Function, Scope, cond, fori_loop, io_callback, pure_callback, while_loop,
};

use crate::events::{Events, check, contexts, doubled, ordered_io, pure, seen, text};
use crate::setting::{
    add, array, call, constant, grad, int, jit, numbers, scalar, sin, unary, vmap,
};

#[test]
fn a_pure_callback_computes_at_once_and_when_compiled() {
    let f = |events: &Events| {
        let host = doubled(events);
        unary("f", move |s, x| add(s, &pure(s, &host, &sin(s, x)?, VmapMethod::None)?, x))
    };
    let x = [array(&[2], &[0.0, 1.0])];
    check(
        f,
        &x,
        &expect![[r#"
        [0.0, 2.6829419136047363]
        [0.0, 0.8414709568023682][2]"#]],
    );
    check(
        |events| jit(&f(events)),
        &x,
        &expect![[r#"
        [0.0, 2.6829419136047363]
        [0.0, 0.8414709568023682][2]"#]],
    );
}

#[test]
fn a_pure_callback_whose_results_nobody_needs_is_left_out() {
    let f = |events: &Events| {
        let host = doubled(events);
        jit(&unary("f", move |s, x| {
            pure(s, &host, x, VmapMethod::None)?;
            Ok(x.clone())
        }))
    };
    let events = Events::default();
    // Evaluation by definition leaves nothing out.
    let [_, compiled] = contexts(&events);
    let y = call(&f(&events), &compiled.root(), &[scalar(1.0)]).unwrap();
    assert_eq!((numbers(&y), events.take()), (vec![1.0], String::new()));
}

#[test]
fn vmap_calls_as_the_method_says() {
    for (method, expected) in [
        (
            VmapMethod::None,
            expect![[r#"
            Unimplemented: pure_callback of doubled has no vmap_method, so that vmap cannot tell how to call it: choose sequential, sequential_unrolled, expand_dims, broadcast_all or legacy_vectorized
        "#]],
        ),
        (
            VmapMethod::Sequential,
            expect![[r#"
            [2.0, 4.0]
            [1.0] [2.0]"#]],
        ),
        (
            VmapMethod::SequentialUnrolled,
            expect![[r#"
            [2.0, 4.0]
            [1.0] [2.0]"#]],
        ),
        (
            VmapMethod::ExpandDims,
            expect![[r#"
            [2.0, 4.0]
            [1.0, 2.0][2]"#]],
        ),
        (
            VmapMethod::BroadcastAll,
            expect![[r#"
            [2.0, 4.0]
            [1.0, 2.0][2]"#]],
        ),
        (
            VmapMethod::LegacyVectorized,
            expect![[r#"
            [2.0, 4.0]
            [1.0, 2.0][2]"#]],
        ),
    ] {
        let f = |events: &Events| {
            let host = doubled(events);
            vmap(&unary("f", move |s, x| pure(s, &host, x, method)))
        };
        check(f, &[array(&[2], &[1.0, 2.0])], &expected);
    }
}

#[test]
fn shared_operands_get_an_axis_as_the_method_says() {
    for (method, expected) in [
        (
            VmapMethod::Sequential,
            expect![[r#"
            [1.0, 2.0]
            [1.0],[7.0][1] [2.0],[7.0][1]"#]],
        ),
        (
            VmapMethod::ExpandDims,
            expect![[r#"
            [1.0, 2.0]
            [1.0, 2.0][2],[7.0][1,1]"#]],
        ),
        (
            VmapMethod::BroadcastAll,
            expect![[r#"
            [1.0, 2.0]
            [1.0, 2.0][2],[7.0, 7.0][2,1]"#]],
        ),
        (
            VmapMethod::LegacyVectorized,
            expect![[r#"
            [1.0, 2.0]
            [1.0, 2.0][2],[7.0][1]"#]],
        ),
    ] {
        let f = |events: &Events| {
            let events = events.clone();
            let host = Host::of_arrays("sum", move |x| {
                events.add(x.iter().map(text).collect::<Vec<_>>().join(","));
                Ok(vec![x[0].with_type(x[0].ty().with_weak(false))?])
            });
            vmap(&unary("f", move |s, x| {
                let shared = array(&[1], &[7.0]);
                let result_types = vec![x.ty().clone()];
                let callback = Callback { host: host.clone(), result_types, vmap_method: method };
                Ok(pure_callback(s, callback, &[x.clone(), shared])?.swap_remove(0))
            }))
        };
        check(f, &[array(&[2], &[1.0, 2.0])], &expected);
    }
}

#[test]
fn a_callback_with_results_has_no_derivative() {
    let f = |events: &Events| {
        let host = doubled(events);
        grad(&unary("f", move |s, x| pure(s, &host, x, VmapMethod::None)))
    };
    check(
        f,
        &[scalar(1.0)],
        &expect![[r#"
        Unimplemented: pure_callback of doubled has no derivative; wrap it in a function with custom_jvp or custom_vjp
    "#]],
    );
}

#[test]
fn results_are_checked_against_the_types_announced() {
    let f = |_: &Events| {
        let host = Host::of_arrays("wrong", |_| Ok(vec![Literal::f32([2], &[1.0, 2.0])]));
        unary("f", move |s, x| pure(s, &host, x, VmapMethod::None))
    };
    check(
        f,
        &[scalar(1.0)],
        &expect![[r#"
        Shape: a callback must give f32[] as result 0, got f32[2]
    "#]],
    );
    check(
        |events| jit(&f(events)),
        &[scalar(1.0)],
        &expect![[r#"
        Shape: a callback must give f32[] as result 0, got f32[2]
    "#]],
    );
}

#[test]
fn an_error_of_a_callback_ends_the_program_and_comes_back_with_its_payload() {
    let events = Events::default();
    for context in contexts(&events) {
        let payload: Arc<dyn std::any::Any + Send + Sync> = Arc::new(42_u8);
        let kept = payload.clone();
        let fails = Host::of_arrays("fails", move |_| {
            Err(Error::new(ErrorKind::Callback, "no more").with_payload(kept.clone()))
        });
        let noted = seen(&events);
        let f = jit(&unary("f", move |s, x| {
            ordered_io(s, &noted, x)?;
            ordered_io(s, &fails, x)?;
            ordered_io(s, &noted, x)?;
            Ok(x.clone())
        }));
        let err = f.call(&context.root(), &[scalar(1.0)]).unwrap_err();
        assert_eq!((err.kind(), err.message()), (ErrorKind::Callback, "no more"));
        assert!(err.payload().is_some_and(|found| Arc::ptr_eq(found, &payload)));
        assert_eq!(events.take(), "[1.0]");
        // The program is none the worse.
        assert!(f.call(&context.root(), &[scalar(2.0)]).is_err());
        events.take();
    }
}

#[test]
fn an_error_in_a_loop_ends_the_loop() {
    let f = |events: &Events| {
        let events = events.clone();
        let host = Host::of_arrays("third", move |x| {
            events.add(text(&x[0]));
            match x[0].get(0).as_i64() {
                2 => Err(Error::new(ErrorKind::Callback, "the third")),
                _ => Ok(Vec::new()),
            }
        });
        jit(&unary("f", move |s, x| {
            let host = host.clone();
            let body = Function::new("body", move |s: &Scope, c: &[Value]| {
                ordered_io(s, &host, &c[0])?;
                Ok(vec![ops::offset(s, &c[0], 1.0)?])
            });
            let forever =
                unary("forever", |s, c| ops::compare(s, jaxrs_kernel::Compare::Ge, c, &int(0)));
            Ok(while_loop(s, &forever, &body, std::slice::from_ref(x))?.swap_remove(0))
        }))
    };
    check(
        f,
        &[int(0)],
        &expect![[r#"
        Callback: the third
        [0.0] [1.0] [2.0]"#]],
    );
}

#[test]
fn ordered_calls_keep_their_order_in_loops_and_branches() {
    let f = |events: &Events| {
        let host = seen(events);
        jit(&unary("f", move |s, x| {
            let (inner, host) = (host.clone(), host.clone());
            ordered_io(s, &host, &constant(-1.0))?;
            let body = Function::new("body", move |s: &Scope, c: &[Value]| {
                let (then, host) = (inner.clone(), inner.clone());
                let is_odd = ops::binary(s, jaxrs_ir::prims::Binary::Rem, &c[0], &int(2))?;
                let on_true = unary("odd", move |s, i| {
                    ordered_io(s, &then, &ops::scale(s, i, 10.0)?)?;
                    Ok(i.clone())
                });
                let on_false = unary("even", |_, i| Ok(i.clone()));
                cond(s, &is_odd, &on_true, &on_false, &c[..1])?;
                ordered_io(s, &host, &c[0])?;
                Ok(vec![c[1].clone()])
            });
            let out = fori_loop(s, &int(0), &int(4), &body, std::slice::from_ref(x), None)?;
            ordered_io(s, &host, &constant(9.0))?;
            Ok(out[0].clone())
        }))
    };
    check(
        f,
        &[scalar(5.0)],
        &expect![[r#"
        [5.0]
        [-1.0] [0.0] [10.0] [1.0] [2.0] [30.0] [3.0] [9.0]"#]],
    );
}

#[test]
fn ordered_calls_have_no_order_under_vmap() {
    let f = |events: &Events| {
        let host = seen(events);
        vmap(&unary("f", move |s, x| {
            ordered_io(s, &host, x)?;
            Ok(x.clone())
        }))
    };
    check(
        f,
        &[array(&[2], &[1.0, 2.0])],
        &expect![[r#"
        InvalidArgument: vmap has no order for the examples of io_callback of seen, which is ordered
    "#]],
    );
}

#[test]
fn unordered_calls_happen_once_for_each_example_and_are_neither_merged_nor_dropped() {
    let f = |events: &Events| {
        let host = seen(events);
        jit(&vmap(&unary("f", move |s, x| {
            for _ in 0..2 {
                io_callback(s, host.clone(), Vec::new(), false, std::slice::from_ref(x))?;
            }
            Ok(constant(1.0))
        })))
    };
    check(
        f,
        &[array(&[2], &[1.0, 2.0])],
        &expect![[r#"
        [1.0, 1.0]
        [1.0] [2.0] [1.0] [2.0]"#]],
    );
}

#[test]
fn a_callback_may_run_programs_itself() {
    let events = Events::default();
    for context in contexts(&events) {
        let inner = jit(&unary("inner", sin));
        let there = context.clone();
        let host = Host::of_arrays("inner", move |x| {
            let x = crate::setting::from_literal(&x[0]);
            let y = inner.call(&there.root(), &[x])?.swap_remove(0);
            Ok(vec![jaxrs_transform::to_array(&y)?.to_literal()?])
        });
        let f = jit(&unary("f", move |s, x| pure(s, &host, x, VmapMethod::None)));
        let y = call(&f, &context.root(), &[scalar(1.0)]).unwrap();
        assert_eq!(numbers(&y), [f64::from(1.0_f32.sin())]);
    }
}

//! Calls back to the host, and text about values: how often, in which order, with what.

use std::sync::Arc;

use expect_test::{Expect, expect};
use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{Host, LogSink, VmapMethod};
use jaxrs_ir::{Value, ops};
use jaxrs_runtime::Backend;
use jaxrs_transform::{
    Callback, Context, ContextOptions, Function, ScanOptions, Scope, cond, debug_callback,
    debug_print, fori_loop, io_callback, jvp, make_jaxpr, pure_callback, scan, while_loop,
};
use parking_lot::Mutex;

use crate::setting::{
    add, array, call, constant, grad, int, jit, mul, numbers, scalar, sin, sum, unary, vmap,
};

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Events(Arc<Mutex<Vec<String>>>);

impl Events {
    fn add(&self, event: String) {
        self.0.lock().push(event);
    }

    /// What happened since the last time.
    pub(crate) fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock()).join(" ")
    }
}

impl LogSink for Events {
    fn log(&self, level: u32, text: &str) {
        let level = if level == 0 { String::new() } else { format!("{level}:") };
        self.add(format!("{level}{text}"));
    }
}

/// A context that evaluates by definition, and one that compiles; both print to `events`.
fn contexts(events: &Events) -> [Context; 2] {
    let backend: Arc<dyn Backend> = Arc::new(jaxrs_reference::ReferenceBackend::new());
    let log: Option<Arc<dyn LogSink>> = Some(Arc::new(events.clone()));
    [None, Some(backend)].map(|backend| {
        let (compiler, eager, log) = (backend.clone(), backend, log.clone());
        Context::new(ContextOptions { compiler, eager, log, ..ContextOptions::default() })
    })
}

fn text(value: &Literal) -> String {
    let shape = if value.ty().rank() == 0 { String::new() } else { value.ty().shape.to_string() };
    format!("{:?}{shape}", value.to_f64s())
}

/// A host function that notes what it sees.
fn seen(events: &Events) -> Host {
    let events = events.clone();
    Host::of_arrays("seen", move |inputs| {
        events.add(inputs.iter().map(text).collect::<Vec<_>>().join(","));
        Ok(Vec::new())
    })
}

/// A host function that notes what it sees, and gives it doubled.
fn doubled(events: &Events) -> Host {
    let events = events.clone();
    Host::of_arrays("doubled", move |inputs| {
        events.add(text(&inputs[0]));
        let x = &inputs[0];
        let twice = |k: usize| Scalar::Float(2.0 * x.get(k).as_f64());
        Ok(vec![Literal::from_fn(x.ty().with_weak(false), twice)])
    })
}

fn pure(scope: &Scope, host: &Host, x: &Value, vmap_method: VmapMethod) -> Result<Value> {
    let result_types = vec![x.ty().with_weak(false)];
    let callback = Callback { host: host.clone(), result_types, vmap_method };
    Ok(pure_callback(scope, callback, std::slice::from_ref(x))?.swap_remove(0))
}

fn ordered_io(scope: &Scope, host: &Host, x: &Value) -> Result<()> {
    io_callback(scope, host.clone(), Vec::new(), true, std::slice::from_ref(x)).map(drop)
}

/// What a function gives and does, in both contexts.
#[track_caller]
fn check(make: impl Fn(&Events) -> Function, inputs: &[Value], expected: &Expect) {
    let events = Events::default();
    let f = make(&events);
    let texts: Vec<String> = contexts(&events)
        .iter()
        .map(|context| {
            let result = match f.call(&context.root(), inputs) {
                Ok(outputs) => {
                    let outputs: Vec<String> =
                        outputs.iter().map(|y| format!("{:?}", numbers(y))).collect();
                    outputs.join(" ")
                }
                Err(err) => format!("{:?}: {err}", err.kind()),
            };
            format!("{result}\n{}", events.take())
        })
        .collect();
    assert_eq!(texts[0], texts[1], "the contexts differ");
    expected.assert_eq(&texts[0]);
}

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
            Ok(while_loop(s, &forever, &body, &[x.clone()])?.swap_remove(0))
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
fn what_looks_on_sees_the_forward_pass_once() {
    let f = |events: &Events| {
        let host = seen(events);
        unary("f", move |s, x| {
            debug_callback(s, host.clone(), false, std::slice::from_ref(x))?;
            mul(s, x, x)
        })
    };
    check(
        |events| grad(&f(events)),
        &[scalar(3.0)],
        &expect![[r#"
        [6.0]
        [3.0]"#]],
    );
    check(
        |events| jit(&grad(&f(events))),
        &[scalar(3.0)],
        &expect![[r#"
        [6.0]
        [3.0]"#]],
    );
    check(
        |events| grad(&jit(&f(events))),
        &[scalar(3.0)],
        &expect![[r#"
        [6.0]
        [3.0]"#]],
    );
    check(
        |events| vmap(&grad(&f(events))),
        &[array(&[3], &[0.0, 1.0, 2.0])],
        &expect![[r#"
        [0.0, 2.0, 4.0]
        [0.0] [1.0] [2.0]"#]],
    );
    check(
        |events| jit(&vmap(&f(events))),
        &[array(&[3], &[0.0, 1.0, 2.0])],
        &expect![[r#"
        [0.0, 1.0, 4.0]
        [0.0] [1.0] [2.0]"#]],
    );
    check(
        |events| jvp(&f(events)),
        &[scalar(3.0), scalar(1.0)],
        &expect![[r#"
        [9.0] [6.0]
        [3.0]"#]],
    );
}

#[test]
fn what_looks_on_in_a_scan_is_called_in_each_iteration_of_the_forward_pass() {
    let f = |events: &Events| {
        let host = seen(events);
        grad(&unary("f", move |s, x| {
            let host = host.clone();
            let body = Function::new("body", move |s: &Scope, c: &[Value]| {
                debug_callback(s, host.clone(), true, &c[..1])?;
                Ok(vec![mul(s, &c[0], &c[0])?])
            });
            let options = ScanOptions { length: Some(3), ..ScanOptions::default() };
            Ok(scan(s, &body, std::slice::from_ref(x), &[], options)?.swap_remove(0))
        }))
    };
    check(f, &[scalar(2.0)], &expect![[r#"
        [1024.0]
        [2.0] [4.0] [16.0]"#]]);
    check(|events| jit(&f(events)), &[scalar(2.0)], &expect![[r#"
        [1024.0]
        [2.0] [4.0] [16.0]"#]]);
}

#[test]
fn both_branches_of_a_batched_condition_happen() {
    let f = |events: &Events| {
        let host = seen(events);
        vmap(&unary("f", move |s, x| {
            let positive = ops::compare(s, jaxrs_kernel::Compare::Gt, x, &constant(0.0))?;
            let branch = |factor: f64| {
                let host = host.clone();
                unary("branch", move |s, x| {
                    let y = ops::scale(s, x, factor)?;
                    debug_callback(s, host.clone(), false, std::slice::from_ref(&y))?;
                    Ok(y)
                })
            };
            Ok(cond(s, &positive, &branch(10.0), &branch(-1.0), std::slice::from_ref(x))?
                .swap_remove(0))
        }))
    };
    check(
        f,
        &[array(&[2], &[1.0, -2.0])],
        &expect![[r#"
        [10.0, 2.0]
        [-1.0] [2.0] [10.0] [-20.0]"#]],
    );
}

#[test]
fn programs_print_to_the_log_of_their_context() {
    let f = |_: &Events| {
        unary("f", |s, x| {
            let y = sum(s, x)?;
            debug_print(s, "x={} sum={y:.2f}", &["y"], true, &[x.clone(), y.clone()])?;
            Ok(y)
        })
    };
    let x = [array(&[2], &[1.0, 2.5])];
    check(
        f,
        &x,
        &expect![[r#"
        [3.5]
        x=[1.0 2.5] sum=3.50"#]],
    );
    check(
        |events| jit(&f(events)),
        &x,
        &expect![[r#"
        [3.5]
        x=[1.0 2.5] sum=3.50"#]],
    );
    let g = |_: &Events| {
        vmap(&unary("g", |s, x| {
            debug_print(s, "{}", &[], false, std::slice::from_ref(x))?;
            Ok(x.clone())
        }))
    };
    let many: Vec<f32> = (0..10).map(|i| i as f32).collect();
    check(
        g,
        &[array(&[10], &many)],
        &expect![[r#"
        [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]
        0.0 1.0 2.0 3.0 4.0 5.0 6.0 7.0 8.0 9.0"#]],
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

#[test]
fn programs_with_effects_read_back_as_printed() {
    let events = Events::default();
    let [context, _] = contexts(&events);
    let (noted, twice) = (seen(&events), doubled(&events));
    let f = unary("f", move |s, x| {
        ordered_io(s, &noted, x)?;
        debug_callback(s, noted.clone(), false, std::slice::from_ref(x))?;
        debug_print(s, "x = {x:8.3f}", &["x"], true, std::slice::from_ref(x))?;
        let holds = ops::compare(s, jaxrs_kernel::Compare::Gt, x, &constant(0.0))?;
        jaxrs_transform::check(s, &holds, "x is {}", &[], std::slice::from_ref(x))?;
        pure(s, &twice, x, VmapMethod::ExpandDims)
    });
    let program = make_jaxpr(&f, &context.root(), &[Type::scalar(DType::F32)]).unwrap();
    let text = program.jaxpr.to_string();
    expect![[r#"
        { lambda ; a:f32[]. let
            io_callback[
              callback=seen
              ordered=true
              result_types=""
              vmap_method=sequential
            ] a
            debug_callback[callback=seen ordered=false] a
            debug_print[fmt="x = {x:8.3f}" names=x ordered=true] a
            b:bool[] = gt a 0.0:f32[]
            check[debug=false fmt="x is {}" names=""] b a
            c:f32[] = pure_callback[
              callback=doubled
              result_types="f32[]"
              vmap_method=expand_dims
            ] a
          in (c,) }"#]]
    .assert_eq(&text);
    let read: jaxrs_ir::Jaxpr = text.parse().unwrap();
    jaxrs_ir::check::check(&read).unwrap();
    assert_eq!(read.to_string(), text);
    assert!(program.jaxpr.effect().is_some());
}

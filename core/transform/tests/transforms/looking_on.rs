//! What looks on while programs run: transforms pass it by.

use expect_test::expect;
use jaxrs_data::{DType, Type};
use jaxrs_ir::prims::VmapMethod;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{
    Function, ScanOptions, Scope, cond, debug_callback, debug_print, function_from_jaxpr, jvp,
    make_jaxpr, portable, scan,
};

use crate::events::{Events, check, contexts, doubled, ordered_io, pure, seen};
use crate::setting::{array, constant, grad, jit, mul, numbers, scalar, sum, unary, vmap};

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
    check(
        f,
        &[scalar(2.0)],
        &expect![[r#"
        [1024.0]
        [2.0] [4.0] [16.0]"#]],
    );
    check(
        |events| jit(&f(events)),
        &[scalar(2.0)],
        &expect![[r#"
        [1024.0]
        [2.0] [4.0] [16.0]"#]],
    );
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
        x=[1.  2.5] sum=3.50"#]],
    );
    check(
        |events| jit(&f(events)),
        &x,
        &expect![[r#"
        [3.5]
        x=[1.  2.5] sum=3.50"#]],
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

/// Programs in files and in text know what they print, and not where to.
#[test]
fn saved_programs_print_where_they_are_called() {
    let inner = jit(&unary("inner", |s, x| {
        debug_print(s, "x={}", &[], true, std::slice::from_ref(x))?;
        Ok(x.clone())
    }));
    let f = unary("f", move |s, x| {
        let y = mul(s, x, &inner.call(s, std::slice::from_ref(x))?[0])?;
        debug_print(s, "y={}", &[], true, std::slice::from_ref(&y))?;
        Ok(y)
    });
    let (first, second) = (Events::default(), Events::default());
    let [writer, _] = contexts(&first);
    let program = make_jaxpr(&f, &writer.root(), &[Type::scalar(DType::F32)]).unwrap();
    let file = portable::save("f", &program, &writer.root()).unwrap();
    let (name, program) = portable::load(&file).unwrap();
    let loaded = function_from_jaxpr(&name, program);
    for context in contexts(&second) {
        for function in [loaded.clone(), jit(&loaded)] {
            let y = function.call(&context.root(), &[scalar(3.0)]).unwrap();
            assert_eq!(numbers(&y[0]), [9.0]);
            assert_eq!(second.take(), "x=3.0 y=9.0");
        }
    }
    assert_eq!(first.take(), "");
}

//! References: what is written is read next, under every transform.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jaxrs_data::{DType, Type};
use jaxrs_ir::Value;
use jaxrs_transform::{
    Function, Ref, ScanOptions, Scope, checkpoint, cond, fori_loop, new_ref, run_state, scan,
    stop_gradient, while_loop,
};

use crate::setting::*;

/// `r[…] = 2 r[…] x`, from `r[…] = x`: `2 x²`.
fn doubled_square() -> Function {
    unary("doubled_square", |s, x| {
        let r = new_ref(s, x)?;
        let twice = jaxrs_ir::ops::scale(s, &r.get(s, &[])?, 2.0)?;
        r.set(s, &[], &mul(s, &twice, x)?)?;
        r.freeze(s)
    })
}

#[test]
fn references_inside_of_a_function_are_a_pure_program() {
    let f = doubled_square();
    check(&f, &[scalar(3.0)], &[&[18.0]]);
    check(&grad(&f), &[scalar(3.0)], &[&[12.0]]);
    check(&jit(&grad(&f)), &[scalar(3.0)], &[&[12.0]]);
    check(&vmap(&grad(&f)), &[array(&[2], &[1.0, 2.0])], &[&[4.0, 8.0]]);
    expect_test::expect![
        "{ lambda ; a:f32[]. let b:f32[] = mul a 2.0:f32[]; c:f32[] = mul b a in (c,) }"
    ]
    .assert_eq(&program(&f, &[Type::scalar(DType::F32)]));
}

#[test]
fn positions_are_read_and_written() {
    let context = context();
    let s = context.root();
    let r = new_ref(&s, &array(&[2, 3], &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0])).unwrap();
    assert_eq!(numbers(&r.get(&s, &[int(1)]).unwrap()), [3.0, 4.0, 5.0]);
    assert_eq!(numbers(&r.get(&s, &[int(-1), int(-3)]).unwrap()), [3.0]);
    r.set(&s, &[int(0), int(2)], &scalar(7.0)).unwrap();
    r.addupdate(&s, &[int(0)], &array(&[3], &[1.0, 1.0, 1.0])).unwrap();
    let before = r.swap(&s, &[int(1)], &array(&[3], &[9.0, 9.0, 9.0])).unwrap();
    assert_eq!(numbers(&before), [3.0, 4.0, 5.0]);
    assert_eq!(numbers(&r.freeze(&s).unwrap()), [1.0, 2.0, 8.0, 9.0, 9.0, 9.0]);
    assert_eq!(r.to_string(), "Ref{f32[2,3]}");
}

#[test]
fn what_does_not_fit_is_refused() {
    let context = context();
    let s = context.root();
    let r = new_ref(&s, &array(&[3], &[0.0, 1.0, 2.0])).unwrap();
    let message = |err: jaxrs_data::Error| err.message().to_owned();
    let out = r.get(&s, &[int(5)]).unwrap_err();
    assert_eq!(message(out), "get at index 5 is out of bounds of Ref{f32[3]}");
    let shape = r.set(&s, &[], &array(&[2], &[0.0, 0.0])).unwrap_err();
    assert_eq!(message(shape), "set needs a value of shape [3] for Ref{f32[3]}, got f32[2]");
    let dtype = r.set(&s, &[int(0)], &int(1)).unwrap_err();
    assert_eq!(message(dtype), "set needs a value of type f32 for Ref{f32[3]}, got i32[]");
    let many = r.get(&s, &[int(0), int(0)]).unwrap_err();
    assert_eq!(message(many), "get got 2 indices into Ref{f32[3]}");
    let index = r.get(&s, &[scalar(0.0)]).unwrap_err();
    assert_eq!(message(index), "get needs integer scalars as indices into Ref{f32[3]}, got f32[]");
}

/// `r[…] = r[…] x`, and its new value.
fn multiplying(r: &Ref) -> Function {
    let r = r.clone();
    unary("multiplying", move |s, x| {
        let product = mul(s, &r.get(s, &[])?, x)?;
        r.set(s, &[], &product)?;
        Ok(product)
    })
}

#[test]
fn compiled_functions_change_references_from_outside() {
    let context = context();
    let s = context.root();
    let r = new_ref(&s, &scalar(1.0)).unwrap();
    let f = jit(&multiplying(&r));
    for (x, expected) in [(2.0, 2.0), (3.0, 6.0), (5.0, 30.0)] {
        assert_eq!(numbers(&call(&f, &s, &[scalar(x)]).unwrap()), [expected]);
    }
    assert_eq!(numbers(&r.get(&s, &[]).unwrap()), [30.0]);
    assert_eq!(context.stats().traces, 1);
    // Functions inside of functions hand it on.
    let nested =
        jit(&unary("nested", move |s, x| call(&f, s, &[call(&f, s, std::slice::from_ref(x))?])));
    assert_eq!(numbers(&call(&nested, &s, &[scalar(2.0)]).unwrap()), [3600.0]);
    let remat = checkpoint(&multiplying(&r));
    call(&remat, &s, &[scalar(0.5)]).unwrap();
    assert_eq!(numbers(&r.get(&s, &[]).unwrap()), [1800.0]);
}

/// Adds up the elements of an array in a loop, and gives the partial sums.
fn partial_sums() -> Function {
    Function::new("partial_sums", |s: &Scope, x: &[Value]| {
        let r = new_ref(s, &constant(1.0))?;
        let inner = r.clone();
        let body = Function::new("body", move |s: &Scope, x: &[Value]| {
            inner.addupdate(s, &[], &x[1])?;
            Ok(vec![mul(s, &x[0], &x[1])?, inner.get(s, &[])?])
        });
        let mut outputs = scan(s, &body, &[constant(1.0)], &x[..1], ScanOptions::default())?;
        outputs.push(r.freeze(s)?);
        Ok(outputs)
    })
}

#[test]
fn loops_carry_references() {
    let f = partial_sums();
    let x = array(&[3], &[1.0, 2.0, 3.0]);
    let expected: [&[f64]; 3] = [&[6.0], &[2.0, 4.0, 7.0], &[7.0]];
    check(&f, std::slice::from_ref(&x), &expected);
    check(&jit(&f), std::slice::from_ref(&x), &expected);
    let last = f.clone();
    let last = unary("last", move |s, x| Ok(last.call(s, std::slice::from_ref(x))?.swap_remove(2)));
    check(&grad(&last), std::slice::from_ref(&x), &[&[1.0, 1.0, 1.0]]);
    let rows = array(&[2, 3], &[1.0, 2.0, 3.0, 0.0, 1.0, 0.0]);
    check(&vmap(&last), &[rows], &[&[7.0, 2.0]]);
    let doubling = unary("doubling", |s, x| {
        let r = new_ref(s, x)?;
        let inner = r.clone();
        let below = unary("below", |s, c| {
            jaxrs_ir::ops::compare(s, jaxrs_kernel::Compare::Lt, c, &constant(3.0))
        });
        let body = unary("body", move |s, c| {
            let twice = add(s, &inner.get(s, &[])?, &inner.get(s, &[])?)?;
            inner.set(s, &[], &twice)?;
            add(s, c, &constant(1.0))
        });
        while_loop(s, &below, &body, &[constant(0.0)])?;
        r.freeze(s)
    });
    check(&doubling, &[scalar(1.0)], &[&[8.0]]);
    check(&jit(&doubling), &[scalar(1.5)], &[&[12.0]]);
}

#[test]
fn branches_change_references() {
    let f = Function::new("branches", |s: &Scope, x: &[Value]| {
        let (r, q) = (new_ref(s, &x[1])?, new_ref(s, &constant(5.0))?);
        let (one, other) = (r.clone(), q.clone());
        let double = Function::new("double", move |s: &Scope, x: &[Value]| {
            one.set(s, &[], &add(s, &x[0], &x[0])?)?;
            Ok(vec![])
        });
        let both = Function::new("both", move |s: &Scope, x: &[Value]| {
            other.addupdate(s, &[], &x[0])?;
            Ok(vec![])
        });
        let positive = jaxrs_ir::ops::compare(s, jaxrs_kernel::Compare::Gt, &x[0], &constant(0.0))?;
        cond(s, &positive, &double, &both, &x[1..])?;
        Ok(vec![r.freeze(s)?, q.freeze(s)?])
    });
    for f in [f.clone(), jit(&f)] {
        check(&f, &[scalar(1.0), scalar(3.0)], &[&[6.0], &[5.0]]);
        check(&f, &[scalar(-1.0), scalar(3.0)], &[&[3.0], &[8.0]]);
    }
    let both = vmap(&f);
    let inputs = [array(&[2], &[1.0, -1.0]), array(&[2], &[3.0, 3.0])];
    check(&both, &inputs, &[&[6.0, 3.0], &[5.0, 8.0]]);
}

#[test]
fn transformed_values_do_not_leave_their_transform() {
    let context = context();
    let s = context.root();
    let r = new_ref(&s, &scalar(1.0)).unwrap();
    let f = multiplying(&r);
    let differentiated = grad(&f).call(&s, &[scalar(2.0)]).unwrap_err();
    assert_eq!(
        differentiated.message(),
        "set writes a value that is being differentiated to a Ref{f32[]} from outside; make the reference inside of \
         the transformed function"
    );
    let batched = vmap(&f).call(&s, &[array(&[2], &[1.0, 2.0])]).unwrap_err();
    assert!(
        batched.message().starts_with("set writes a value that is batched by vmap"),
        "{batched}"
    );
    assert_eq!(numbers(&r.get(&s, &[]).unwrap()), [1.0]);
    let noting = r.clone();
    let stopped = unary("stopped", move |s, x| {
        noting.set(s, &[], &stop_gradient(s, x)?)?;
        mul(s, x, x)
    });
    assert_eq!(numbers(&call(&grad(&stopped), &s, &[scalar(3.0)]).unwrap()), [6.0]);
    assert_eq!(numbers(&r.get(&s, &[]).unwrap()), [3.0]);
}

#[test]
fn references_do_not_outlive_their_trace() {
    let context = context();
    let s = context.root();
    let kept: Arc<parking_lot::Mutex<Option<Ref>>> = Arc::default();
    let keep = kept.clone();
    let leaky = jit(&unary("leaky", move |s, x| {
        *keep.lock() = Some(new_ref(s, x)?);
        Ok(x.clone())
    }));
    call(&leaky, &s, &[scalar(1.0)]).unwrap();
    let r = kept.lock().take().unwrap();
    let error = r.get(&s, &[]).unwrap_err();
    assert_eq!(error.message(), "get uses a Ref{f32[]} of trace 'leaky', which finished");
}

#[test]
fn conditions_and_rules_may_not_use_references_from_outside() {
    let context = context();
    let s = context.root();
    let r = new_ref(&s, &scalar(1.0)).unwrap();
    let reading = r.clone();
    let below = unary("below", move |s, _| {
        jaxrs_ir::ops::compare(s, jaxrs_kernel::Compare::Lt, &reading.get(s, &[])?, &constant(3.0))
    });
    let body = unary("body", |_, c| Ok(c.clone()));
    let error = while_loop(&s, &below, &body, &[scalar(0.0)]).unwrap_err();
    assert!(error.message().contains("'below' uses a Ref{f32[]} from outside"), "{error}");
}

#[test]
fn run_state_gives_the_final_arrays() {
    let f = unary("f", |s, x| {
        let square = |s: &Scope, r: &[Ref]| {
            let x = r[0].get(s, &[])?;
            r[0].set(s, &[], &mul(s, &x, &x)?)
        };
        Ok(run_state(s, square, std::slice::from_ref(x))?.swap_remove(0))
    });
    check(&f, &[scalar(3.0)], &[&[9.0]]);
    check(&grad(&f), &[scalar(3.0)], &[&[6.0]]);
}

#[test]
fn bodies_are_traced_once_outside_of_traces() {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let body = Function::new("body", move |s: &Scope, x: &[Value]| {
        counter.fetch_add(1, Ordering::Relaxed);
        Ok(vec![mul(s, &x[x.len() - 1], &constant(2.0))?])
    });
    let context = context();
    let s = context.root();
    let traced = || count.swap(0, Ordering::Relaxed);
    for expected in [1, 0, 0] {
        let y = scan(
            &s,
            &body,
            &[scalar(1.0)],
            &[],
            ScanOptions { length: Some(3), ..ScanOptions::default() },
        );
        assert_eq!(numbers(&y.unwrap()[0]), [8.0]);
        assert_eq!(traced(), expected);
    }
    for expected in [1, 0] {
        let y = fori_loop(&s, &int(0), &int(4), &body, &[scalar(1.0)], None).unwrap();
        assert_eq!(numbers(&y[0]), [16.0]);
        assert_eq!(traced(), expected);
    }
    // Other types, and another context, are traced anew.
    scan(
        &s,
        &body,
        &[array(&[2], &[1.0, 2.0])],
        &[],
        ScanOptions { length: Some(1), ..ScanOptions::default() },
    )
    .unwrap();
    assert_eq!(traced(), 1);
    let other = crate::setting::context();
    cond(&other.root(), &int(1), &body, &body, &[scalar(1.0)]).unwrap();
    assert_eq!(traced(), 1);
    cond(&other.root(), &int(0), &body, &body, &[scalar(1.0)]).unwrap();
    assert_eq!(traced(), 0);
}

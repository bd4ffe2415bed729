//! Shorthands for exchanges along named axes: values as JAX gives them.

#![allow(clippy::unwrap_used, reason = "a failing test panics")]

use jaxrs_api::table::{self, Attr};
use jaxrs_data::{Literal, Result};
use jaxrs_ir::Value;
use jaxrs_transform::{Context, ContextOptions, Function, VmapOptions, to_array, vmap};

/// An operation over the examples of axis `i` along axis 0.
fn mapped(
    op: &'static str,
    shape: [usize; 2],
    more: (&'static str, Attr<'static>),
) -> Result<Vec<f64>> {
    let f = Function::new(op, move |cx, x| {
        Ok(table::apply(cx, op, x, &[("axis_name", Attr::Str("i")), more])?.into_vec())
    });
    let elements: Vec<f32> = (0..shape[0] * shape[1]).map(|k| k as f32).collect();
    let x = Value::literal(Literal::f32(shape, &elements));
    let options = VmapOptions { axis_name: Some("i".into()), ..VmapOptions::default() };
    let context = Context::new(ContextOptions::default());
    let y = vmap(&f, options).call(&context.root(), &[x])?;
    Ok(to_array(&y[0])?.to_literal()?.to_f64s())
}

#[test]
fn examples_are_shuffled() {
    let perm = ("perm", Attr::I64s(&[1, 0, 3, 2]));
    let expected = [2.0, 3.0, 0.0, 1.0, 6.0, 7.0, 4.0, 5.0];
    assert_eq!(mapped("pshuffle", [4, 2], perm).unwrap(), expected);
    let twice = ("perm", Attr::I64s(&[1, 1, 3, 2]));
    let error = mapped("pshuffle", [4, 2], twice).unwrap_err().to_string();
    assert!(error.contains("pshuffle needs each of 4 examples once"), "{error}");
}

#[test]
fn an_axis_is_exchanged_with_that_of_the_examples() {
    let swapped = mapped("pswapaxes", [3, 3], ("axis", Attr::I64(0))).unwrap();
    assert_eq!(swapped, [0.0, 3.0, 6.0, 1.0, 4.0, 7.0, 2.0, 5.0, 8.0]);
}

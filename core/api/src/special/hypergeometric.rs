//! Confluent hypergeometric functions.

use jaxrs_data::{Error, Result};
use jaxrs_ir::prims::Special;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{reals, with_rule};
use crate::formula::Term;

/// A primitive of three operands, as a formula.
fn apply<'a>(function: Special, x: &[Term<'a>]) -> Term<'a> {
    x[0].map(|cx, first| match x {
        [_, second, third] => {
            let operands = [first.clone(), second.clone().done()?, third.clone().done()?];
            ops::bind1(cx, function, &operands)
        }
        _ => Err(Error::internal("hyp1f1 takes 3 operands")),
    })
}

/// Kummer's function ₁F₁(a; b; x).
pub fn hyp1f1(cx: &Scope, a: &Value, b: &Value, x: &Value) -> Result<Value> {
    let operands = reals(cx, "hyp1f1", [a, b, x])?;
    with_rule(
        cx,
        "hyp1f1",
        &operands,
        |x| apply(Special::Hyp1f1, x),
        |x, dx| {
            let by_a = apply(Special::Hyp1f1GradA, x) * &dx[0];
            let by_b = apply(Special::Hyp1f1GradB, x) * &dx[1];
            let next = apply(Special::Hyp1f1, &[&x[0] + 1.0, &x[1] + 1.0, x[2].clone()]);
            let by_x = &x[0] / &x[1] * next * &dx[2];
            [apply(Special::Hyp1f1, x), by_a + by_b + by_x]
        },
    )
}

//! Products with logarithms, whose factor 0 wins, and entropies.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{formula, formula2, real, reals, with_rule};
use crate::formula::Term;

/// x · log, and 0 where x is, unless y is NaN.
fn product<'a>(x: &Term<'a>, log: &Term<'a>, y: &Term<'a>) -> Term<'a> {
    let counts = x.is(0.0).unary(Unary::Not).or(&y.is_nan());
    counts.choose(&(x * log), &x.constant(0.0))
}

/// x ln y, and 0 where x = 0.
pub fn xlogy(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let operands = reals(cx, "xlogy", [x, y])?;
    with_rule(
        cx,
        "xlogy",
        &operands,
        |x| product(&x[0], &x[1].ln(), &x[1]),
        |x, dx| {
            let log = x[1].ln();
            let tangent = &dx[0] * &log + &dx[1] * &x[0] / &x[1];
            [product(&x[0], &log, &x[1]), tangent]
        },
    )
}

/// x ln(1 + y), and 0 where x = 0.
pub fn xlog1py(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let operands = reals(cx, "xlog1py", [x, y])?;
    fn log1p<'a>(x: &[Term<'a>]) -> Term<'a> {
        product(&x[0], &x[1].unary(Unary::Log1p), &x[1])
    }
    with_rule(cx, "xlog1py", &operands, log1p, |x, dx| {
        let tangent = &dx[0] * x[1].unary(Unary::Log1p) + &dx[1] * &x[0] / (1.0 + &x[1]);
        [log1p(x), tangent]
    })
}

/// x ln x, and 0 where x = 0.
fn xlogx(cx: &Scope, x: &Value) -> Result<Value> {
    with_rule(
        cx,
        "xlogx",
        std::slice::from_ref(x),
        |x| product(&x[0], &x[0].ln(), &x[0]),
        |x, dx| {
            let log = x[0].ln();
            [product(&x[0], &log, &x[0]), &dx[0] * (log + 1.0)]
        },
    )
}

/// −x ln x; −∞ for negative numbers.
pub fn entr(cx: &Scope, x: &Value) -> Result<Value> {
    let x = real(cx, "entr", x)?;
    formula(cx, "entr", &x, |x| (-x.map(xlogx)).unless(&x.below(0.0), f64::NEG_INFINITY))
}

fn relative<'a>(p: &Term<'a>, q: &Term<'a>) -> Term<'a> {
    let both = p.above(0.0).and(&q.above(0.0));
    let first_is_zero = p.is(0.0).and(&q.at_least(0.0));
    let one = p.constant(1.0);
    let (safe_p, safe_q) = (both.choose(p, &one), both.choose(q, &one));
    let cross = safe_p.map(|cx, p| xlogy(cx, p, &safe_q.clone().done()?));
    let value = safe_p.map(xlogx) - cross;
    let infinite = p.constant(f64::INFINITY);
    both.choose(&value, &infinite.unless(&first_is_zero, 0.0))
}

/// p ln(p/q); 0 for p = 0, ∞ where that makes no sense.
pub fn rel_entr(cx: &Scope, p: &Value, q: &Value) -> Result<Value> {
    formula2(cx, "rel_entr", p, q, relative)
}

/// p ln(p/q) − p + q.
pub fn kl_div(cx: &Scope, p: &Value, q: &Value) -> Result<Value> {
    formula2(cx, "kl_div", p, q, |p, q| relative(p, q) - p + q)
}

/// (xᵏ − 1)/k, and ln x for k = 0.
pub fn boxcox(cx: &Scope, x: &Value, lmbda: &Value) -> Result<Value> {
    formula2(cx, "boxcox", x, lmbda, |x, k| transformed(&x.ln(), k))
}

/// ((1 + x)ᵏ − 1)/k, and ln(1 + x) for k = 0.
pub fn boxcox1p(cx: &Scope, x: &Value, lmbda: &Value) -> Result<Value> {
    formula2(cx, "boxcox1p", x, lmbda, |x, k| transformed(&x.unary(Unary::Log1p), k))
}

fn transformed<'a>(log: &Term<'a>, k: &Term<'a>) -> Term<'a> {
    let is_zero = k.is(0.0);
    let safe = k.unless(&is_zero, 1.0);
    is_zero.choose(log, &((&safe * log).unary(Unary::Expm1) / &safe))
}

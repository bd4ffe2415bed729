//! Owen's T function.

use std::f64::consts::{PI, SQRT_2};

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{reals, with_rule};
use crate::formula::Term;

/// Places and weights for ∫ from 0 to a of e^(−h²(1 + u²)/2)/(1 + u²) du, u² = a²t, over 2π (M. Patefield and
/// D. Tandy, "Fast and accurate calculation of Owen's T function", J. Stat. Soft. 5 (2000), method T5).
const POINTS: [(f64, f64); 13] = [
    (0.0035082039676451716, 0.018831438115323503),
    (0.031279042338030756, 0.01856708624397765),
    (0.08526682628321945, 0.018042093461223385),
    (0.16245071730812277, 0.017263829606398752),
    (0.25851196049125436, 0.016243219975989858),
    (0.3680755384069753, 0.014994592034116705),
    (0.485010929056047, 0.013535474469662087),
    (0.6027751415261857, 0.011886351605820165),
    (0.7147788421775323, 0.010070377242777432),
    (0.814755109887601, 0.008113054574229958),
    (0.8971102975594897, 0.006041900952847024),
    (0.9572380808594426, 0.0038862217010742057),
    (0.991788329746297, 0.001679303108454609),
];

/// Owen's T function.
pub fn owens_t(cx: &Scope, h: &Value, a: &Value) -> Result<Value> {
    let operands = reals(cx, "owens_t", [h, a])?;
    with_rule(
        cx,
        "owens_t",
        &operands,
        |x| owen(&x[0], &x[1]),
        |x, dx| {
            let (h, a) = (&x[0], &x[1]);
            let error = (a * h / SQRT_2).unary(Unary::Erf);
            let by_h = -((h.square() * -0.5).exp()) * error / (2.0 * (2.0 * PI).sqrt());
            let more = a.square() + 1.0;
            let by_a = (&more * -0.5 * h.square()).exp() / (2.0 * PI * &more);
            [owen(h, a), by_h * &dx[0] + by_a * &dx[1]]
        },
    )
}

fn owen<'a>(h: &Term<'a>, a: &Term<'a>) -> Term<'a> {
    let (height, slope) = (h.abs(), a.abs());
    let is_flat = slope.at_most(&slope.constant(1.0));
    // |a| above 1 is led back to its inverse.
    let a1 = is_flat.choose(&slope, &(1.0 / &slope));
    let h1 = is_flat.choose(&height, &(&slope * &height));
    let mut result = quadrature(&h1, &a1);
    result = h1.is(0.0).choose(&(a1.unary(Unary::Atan) / (2.0 * PI)), &result);
    let erfc = |x: Term<'a>| x.unary(Unary::Erfc);
    let at_one = 0.125 * erfc(-&h1 / SQRT_2) * erfc(&h1 / SQRT_2);
    result = a1.is(1.0).choose(&at_one, &result);
    let (near, far) = (&height / SQRT_2, &slope * (&height / SQRT_2));
    let erf = |x: &Term<'a>| x.unary(Unary::Erf);
    let small = 0.25 - 0.25 * erf(&near) * erf(&far) - &result;
    let (p, q) = (erfc(near), erfc(far));
    let large = 0.25 * (&p + &q - &p * &q) - &result;
    let is_small = (&slope * &height).at_most(&height.constant(0.67));
    result = slope.above(1.0).choose(&is_small.choose(&small, &large), &result);
    let result = a.unary(Unary::Sign) * result;
    result.unless(&a.is_nan().or(&h.is_nan()), f64::NAN)
}

fn quadrature<'a>(h: &Term<'a>, a: &Term<'a>) -> Term<'a> {
    let (exponent, square) = (h.square() * -0.5, a.square());
    let mut sum = a.constant(0.0);
    for (place, weight) in POINTS {
        let more = 1.0 + &square * place;
        sum = sum + (&exponent * &more).exp() / &more * weight;
    }
    a * sum
}

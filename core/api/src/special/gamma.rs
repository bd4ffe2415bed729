//! The gamma function and what is made of it.

use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{formula, formula2, gammaln, real, reals, with_rule};
use crate::formula::Term;
use crate::numpy;

/// The sign of Γ(x): that of zeros is theirs; NaN at negative whole numbers.
fn sign<'a>(x: &Term<'a>) -> Term<'a> {
    let floor = x.unary(Unary::Floor);
    let is_negative = x.below(0.0);
    let is_pole = is_negative.and(&x.equals(&floor));
    let parity = (&floor / 2.0).unary(Unary::Floor) * 2.0;
    let is_odd = floor.map(|_, floor| Ok(floor.clone())).equals(&parity);
    let is_odd = is_odd.unary(Unary::Not);
    // The reciprocal tells the zeros apart.
    let is_negative_zero = x.is(0.0).and(&(1.0 / x).below(0.0));
    let flips = is_negative.and(&is_odd).or(&is_negative_zero);
    let sign = x.map(|cx, x| numpy::full_like(cx, x, 1.0, None));
    sign.unless(&flips, -1.0).unless(&is_pole.or(&x.is_nan()), f64::NAN)
}

fn gamma_of<'a>(x: &Term<'a>) -> Term<'a> {
    sign(x) * x.lgamma().exp()
}

/// The sign of Γ(x); NaN at its poles but 0.
pub fn gammasgn(cx: &Scope, x: &Value) -> Result<Value> {
    formula(cx, "gammasgn", x, sign)
}

/// Γ(x).
pub fn gamma(cx: &Scope, x: &Value) -> Result<Value> {
    formula(cx, "gamma", x, gamma_of)
}

/// ln Γ(x) of positive numbers; NaN elsewhere.
pub fn loggamma(cx: &Scope, x: &Value) -> Result<Value> {
    formula(cx, "loggamma", x, |x| x.above(0.0).choose(&x.lgamma(), &x.constant(f64::NAN)))
}

/// n! = Γ(n + 1); 0 for negative n.
pub fn factorial(cx: &Scope, n: &Value) -> Result<Value> {
    formula(cx, "factorial", n, |n| (n + 1.0).lgamma().exp().unless(&n.below(0.0), 0.0))
}

/// How many ways there are to choose k of n things; each any number of times with `repetition`.
pub fn comb(cx: &Scope, n: &Value, k: &Value, repetition: bool) -> Result<Value> {
    fn ways<'a>(n: &Term<'a>, k: &Term<'a>) -> Term<'a> {
        let fits = k.at_most(n).and(&n.at_least(0.0)).and(&k.at_least(0.0));
        let zero = n.constant(0.0);
        let (n, k) = (fits.choose(n, &zero), fits.choose(k, &zero));
        let log = (&n + 1.0).lgamma() - (&k + 1.0).lgamma() - (&n + 1.0 - &k).lgamma();
        fits.choose(&log.exp(), &zero)
    }
    formula2(cx, "comb", n, k, |n, k| match repetition {
        true => ways(&(n + k - 1.0), k).unless(&k.is(0.0).and(&n.at_least(0.0)), 1.0),
        false => ways(n, k),
    })
}

/// The coefficients of ln Γ(b) − (b − ½) ln b + b − ½ ln 2π in odd powers of 1/b, from the first; A. Didonato and
/// A. Morris, "Algorithm 708", ACM Transactions on Mathematical Software 18 (1992).
const STIRLING: [f64; 6] = [
    0.833333333333333e-01,
    -0.277777777760991e-02,
    0.793650666825390e-03,
    -0.595202931351870e-03,
    0.837308034031215e-03,
    -0.165322962780713e-02,
];

/// ln(Γ(b)/Γ(a + b)) for b of at least 8, where the difference of both logarithms has lost its digits.
fn log_gamma_ratio<'a>(a: &Term<'a>, b: &Term<'a>) -> Term<'a> {
    let h = a / b;
    let c = &h / (1.0 + &h);
    let d = b + (a - 0.5);
    let square = c.square();
    // (1 − cᵏ)/(1 − c) for k = 1, 3, 5, …
    let mut geometric = vec![a.constant(1.0)];
    for k in 1..STIRLING.len() {
        let next = 1.0 + (&c + &square * &geometric[k - 1]);
        geometric.push(next);
    }
    let t = (1.0 / b).square();
    let mut sum = &geometric[5] * STIRLING[5];
    for k in (1..5).rev() {
        sum = sum * &t + &geometric[k] * STIRLING[k];
    }
    let w = (sum * &t + STIRLING[0]) * (&c / b);
    let (u, v) = (d * h.unary(Unary::Log1p), a * (b.ln() - 1.0));
    u.at_most(&v).choose(&(&w - &v - &u), &(&w - &u - &v))
}

fn betaln_of<'a>(a: &Term<'a>, b: &Term<'a>) -> Term<'a> {
    let (a, b) = (a.min(b), a.max(b));
    let small = a.lgamma() + (b.lgamma() - (&a + &b).lgamma());
    let large = a.lgamma() + log_gamma_ratio(&a, &b);
    b.below(8.0).choose(&small, &large)
}

/// ln |B(a, b)|.
pub fn betaln(cx: &Scope, a: &Value, b: &Value) -> Result<Value> {
    formula2(cx, "betaln", a, b, betaln_of)
}

/// B(a, b) = Γ(a) Γ(b)/Γ(a + b).
pub fn beta(cx: &Scope, a: &Value, b: &Value) -> Result<Value> {
    formula2(cx, "beta", a, b, |a, b| sign(a) * sign(b) * sign(&(a + b)) * betaln_of(a, b).exp())
}

/// ln Γ_d(a), the multivariate gamma function.
pub fn multigammaln(cx: &Scope, a: &Value, d: i64) -> Result<Value> {
    let Ok(count) = usize::try_from(d) else {
        bail!(InvalidArgument, "multigammaln needs d of at least 0, got {d}");
    };
    let a = real(cx, "multigammaln", a)?;
    let last = a.ty().rank();
    let shape = a.shape().with(last, count);
    let positions = ops::iota(cx, a.ty().dtype, &Shape::from([count]), 0)?;
    let halves = ops::scale(cx, &positions, 0.5)?;
    let halves = ops::broadcast_in_dim(cx, &halves, &shape, [last])?;
    let many = ops::broadcast_in_dim(cx, &a, &shape, 0..last)?;
    let terms = gammaln(cx, &ops::binary(cx, Binary::Sub, &many, &halves)?)?;
    let constant = 0.25 * d as f64 * (d as f64 - 1.0) * std::f64::consts::PI.ln();
    ops::offset(cx, &ops::reduce_sum(cx, &terms, [last])?, constant)
}

/// The rising factorial Γ(z + m)/Γ(z).
pub fn poch(cx: &Scope, z: &Value, m: &Value) -> Result<Value> {
    fn value<'a>(x: &[Term<'a>]) -> Term<'a> {
        let (z, m) = (&x[0], &x[1]);
        (gamma_of(&(z + m)) / gamma_of(z)).unless(&m.is(0.0), 1.0)
    }
    let operands = reals(cx, "poch", [z, m])?;
    with_rule(cx, "poch", &operands, value, |x, dx| {
        let (y, z) = (value(x), &x[0]);
        let end = (z + &x[1]).unary(Unary::Digamma);
        let by_z = (&end - z.unary(Unary::Digamma)) * &y * &dx[0];
        let by_m = end * &y * &dx[1];
        [y, by_z + by_m]
    })
}

/// The Bernoulli numbers B(0) to B(n).
pub fn bernoulli(cx: &Scope, n: i64, dtype: Option<DType>) -> Result<Value> {
    let Ok(count) = usize::try_from(n) else {
        bail!(InvalidArgument, "bernoulli needs n of at least 0, got {n}");
    };
    let dtype = dtype.unwrap_or(cx.defaults().float());
    Shape::from_user("bernoulli", &[n.saturating_add(1)], dtype.size_bytes())?;
    let numbers: Vec<f64> = (0..=count).map(bernoulli_number).collect();
    let values: Vec<jaxrs_data::Scalar> =
        numbers.into_iter().map(jaxrs_data::Scalar::Float).collect();
    let ty = jaxrs_data::Type::new(dtype, [count + 1]);
    let literal = jaxrs_data::Literal::from_scalars(ty, &values);
    Ok(jaxrs_transform::value_from_array(jaxrs_runtime::Array::from_literal(&literal)?))
}

/// B(k): 2 (−1)^(k/2+1) k! ζ(k)/(2π)ᵏ for even k from 4 on (NIST Handbook, 25.6.2).
fn bernoulli_number(k: usize) -> f64 {
    match k {
        0 => 1.0,
        1 => -0.5,
        2 => 1.0 / 6.0,
        _ if !k.is_multiple_of(2) => 0.0,
        _ => {
            let zeta: f64 = (1..50).rev().map(|m| f64::from(m).powi(-(k as i32))).sum();
            let ratio = (1..=k).fold(2.0, |product, i| product * i as f64 / std::f64::consts::TAU);
            let sign = if k.is_multiple_of(4) { -1.0 } else { 1.0 };
            sign * ratio * zeta
        }
    }
}

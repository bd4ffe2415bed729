//! The Poisson distribution.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, while_loop};

use super::keys::{children, sampler_key};
use super::sample_shape;
use super::uniform::uniform;
use crate::formula::Term;
use crate::numpy;
use crate::operands::{broadcast, constant, convert};

/// Integers from the Poisson distribution of mean `lam`. As in JAX, only with keys of Threefry-2x32.
pub fn poisson(
    cx: &Scope,
    key: &Value,
    lam: &Value,
    shape: Option<&Shape>,
    dtype: DType,
) -> Result<Value> {
    let key = sampler_key(cx, "random_poisson", key)?;
    if key.ty().dtype != DType::KeyFry {
        bail!(
            Unimplemented,
            "random_poisson is only implemented for the threefry2x32 RNG, got {}",
            key.ty()
        );
    }
    if !dtype.is_integer() {
        bail!(Dtype, "dtype argument to poisson must be an int dtype, got {dtype}");
    }
    let shape = sample_shape("random_poisson", shape, &[lam])?;
    let lam = convert(cx, lam, DType::F32, false)?;
    let lam = Term::new(cx, &broadcast(cx, "random_poisson", &lam, &shape)?);
    let is_small = lam.is_nan().or(&lam.below(10.0));
    let small = is_small.choose(&lam, &lam.constant(0.0)).done()?;
    let large = is_small.choose(&lam.constant(1e5), &lam).done()?;
    let limit = limit(dtype);
    let by_products = Term::new(cx, &knuth(cx, &key, &small, dtype, limit)?);
    let by_rejection = Term::new(cx, &rejection(cx, &key, &large, dtype, limit)?);
    let result = is_small.choose(&by_products, &by_rejection);
    result.unless(&lam.is(0.0), 0.0).done()
}

/// As many rounds as the type has positive numbers.
fn limit(dtype: DType) -> i64 {
    Scalar::Float(f64::INFINITY).cast(dtype).as_i64().unsigned_abs().min(i64::MAX as u64) as i64
}

/// Whether a loop goes on: something holds somewhere, and there are rounds left.
pub(super) fn goes_on(cx: &Scope, open: &Value, round: &Value, limit: i64) -> Result<Vec<Value>> {
    let any = numpy::any(cx, open, &[], false)?;
    let limit = Value::literal(Literal::scalar(DType::I64, Scalar::Int(limit)));
    let left = ops::compare(cx, Compare::Lt, round, &limit)?;
    Ok(vec![ops::binary(cx, Binary::And, &any, &left)?])
}

/// The number of the next round.
pub(super) fn next_round(cx: &Scope, round: &Value) -> Result<Value> {
    ops::add(cx, round, &constant(DType::I64, 1.0))
}

/// An array that repeats a number.
pub(super) fn filled(cx: &Scope, like: &Value, dtype: DType, value: f64) -> Result<Value> {
    ops::full(cx, &like.ty().with_dtype(dtype), Scalar::Float(value))
}

/// Knuth's way: how many uniform numbers it takes for their product to fall below e^−λ.
fn knuth(cx: &Scope, key: &Value, lam: &Value, dtype: DType, limit: i64) -> Result<Value> {
    let bound = (-Term::new(cx, lam)).done()?;
    let (bound_there, shape) = (bound.clone(), lam.shape().clone());
    let condition = Function::new("poisson_knuth", move |cx: &Scope, x: &[Value]| {
        let open = ops::compare(cx, Compare::Gt, &x[3], &bound_there)?;
        goes_on(cx, &open, &x[0], limit)
    });
    let step = Function::new("poisson_knuth", move |cx: &Scope, x: &[Value]| {
        let [next, own] = children(cx, &x[2])?;
        let (k, log) = (Term::new(cx, &x[1]), Term::new(cx, &x[3]));
        let open = Term::new(cx, &ops::compare(cx, Compare::Gt, &x[3], &bound)?);
        let k = open.choose(&(&k + 1.0), &k).done()?;
        let u = Term::new(cx, &uniform(cx, &own, &shape, DType::F32, 0.0, 1.0)?);
        Ok(vec![next_round(cx, &x[0])?, k, next, (log + u.ln()).done()?])
    });
    let (zero, k) = (constant(DType::I64, 0.0), filled(cx, lam, dtype, 0.0)?);
    let init = [zero, k, key.clone(), filled(cx, lam, DType::F32, 0.0)?];
    let end = while_loop(cx, &condition, &step, &init)?;
    (Term::new(cx, &end[1]) - 1.0).done()
}

/// Hörmann's way, "The transformed rejection method for generating Poisson random variables" (1993), PTRS.
fn rejection(cx: &Scope, key: &Value, lam: &Value, dtype: DType, limit: i64) -> Result<Value> {
    let condition = Function::new("poisson_rejection", move |cx: &Scope, x: &[Value]| {
        goes_on(cx, &ops::unary(cx, Unary::Not, &x[2])?, &x[0], limit)
    });
    let outer = lam.clone();
    let step = Function::new("poisson_rejection", move |cx: &Scope, x: &[Value]| {
        let [next, first, second] = children(cx, &x[3])?;
        let (k, accepts) = proposal(cx, &outer, [&first, &second])?;
        let k = accepts.choose(&k, &Term::new(cx, &x[1])).done()?;
        let accepted = Term::new(cx, &x[2]).or(&accepts).done()?;
        Ok(vec![next_round(cx, &x[0])?, k, accepted, next])
    });
    let none = filled(cx, lam, DType::Bool, 0.0)?;
    let init = [constant(DType::I64, 0.0), filled(cx, lam, DType::F32, -1.0)?, none, key.clone()];
    let end = while_loop(cx, &condition, &step, &init)?;
    convert(cx, &end[1], dtype, false)
}

/// A proposed count, and whether it is accepted.
fn proposal<'a>(cx: &'a Scope, lam: &Value, keys: [&Value; 2]) -> Result<(Term<'a>, Term<'a>)> {
    let [u, v] = keys.map(|key| uniform(cx, key, lam.shape(), DType::F32, 0.0, 1.0));
    let (u, v) = (Term::new(cx, &u?) - 0.5, Term::new(cx, &v?));
    let lam = Term::new(cx, lam);
    let b = 0.931 + 2.53 * lam.unary(Unary::Sqrt);
    let a = -0.059 + 0.02483 * &b;
    let inv_alpha = 1.1239 + 1.1328 / (&b - 3.4);
    let v_r = 0.9277 - 3.6224 / (&b - 2.0);
    let shifted = 0.5 - u.abs();
    let k = ((2.0 * &a / &shifted + &b) * u + &lam + 0.43).unary(Unary::Floor);
    let s = (&v * inv_alpha / (a / (&shifted * &shifted) + b)).ln();
    let t = -&lam + &k * lam.ln() - (&k + 1.0).lgamma();
    let at_once = shifted.at_least(0.07).and(&v.at_most(&v_r));
    let outside = k.below(0.0).or(&shifted.below(0.013).and(&shifted.less(&v)));
    let accepts = at_once.or(&outside.unary(Unary::Not).and(&s.at_most(&t)));
    Ok((k, accepts))
}

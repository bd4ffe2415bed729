//! Windows of signals, running sums, products of vectors.

use crate::formula::Term;
use crate::operands::convert;
use jaxrs_data::{Result, Shape, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// A window of `m` numbers, from one formula in positions.
fn window(cx: &Scope, m: i64, formula: impl Fn(Term<'_>, f64) -> Result<Value>) -> Result<Value> {
    let dtype = cx.defaults().float();
    let shape = Shape::from_user("a window", &[m], dtype.size_bytes())?;
    if m <= 1 {
        return super::full(cx, &shape, 1.0, dtype);
    }
    formula(Term::new(cx, &ops::iota(cx, dtype, &shape, 0)?), m as f64)
}

const TURN: f64 = 2.0 * std::f64::consts::PI;

/// The Bartlett window.
pub fn bartlett(cx: &Scope, m: i64) -> Result<Value> {
    window(cx, m, |n, m| (1.0 - (n * 2.0 + (1.0 - m)).abs() / (m - 1.0)).done())
}

/// The Blackman window.
pub fn blackman(cx: &Scope, m: i64) -> Result<Value> {
    window(cx, m, |n, m| {
        let wave = |k: f64| (&n * (k * TURN) / (m - 1.0)).cos();
        (0.42 - wave(1.0) * 0.5 + wave(2.0) * 0.08).done()
    })
}

/// The Hamming window.
pub fn hamming(cx: &Scope, m: i64) -> Result<Value> {
    window(cx, m, |n, m| (0.54 - (n * TURN / (m - 1.0)).cos() * 0.46).done())
}

/// The Hann window.
pub fn hanning(cx: &Scope, m: i64) -> Result<Value> {
    window(cx, m, |n, m| ((1.0 - (n * TURN / (m - 1.0)).cos()) * 0.5).done())
}

/// The Kaiser window.
pub fn kaiser(cx: &Scope, m: i64, beta: f64) -> Result<Value> {
    window(cx, m, |n, m| {
        let alpha = 0.5 * (m - 1.0);
        let argument = (1.0 - ((n - alpha) / alpha).square()).sqrt() * beta;
        let top = argument.map(crate::special::i0);
        let bottom = top.constant(beta).map(crate::special::i0);
        (top / bottom).done()
    })
}

/// Sums or products of all elements up to each one along an axis (the only one if missing), from none at all on if
/// `include_initial`.
pub fn cumulative(
    cx: &Scope,
    x: &Value,
    is_sum: bool,
    axis: Option<i64>,
    include_initial: bool,
) -> Result<Value> {
    let rank = x.ty().rank();
    if rank == 0 || (axis.is_none() && rank > 1) {
        bail!(
            InvalidArgument,
            "a cumulative sum or product of more than 1 axis needs to know which, got {}",
            x.ty()
        );
    }
    let axis = normalize_axis("cumulative", axis.unwrap_or(0), rank)?;
    // Only sums of narrow integers are wider.
    let dtype =
        if is_sum { super::accumulator(x.ty().dtype, cx.defaults().int()) } else { x.ty().dtype };
    let wide = if dtype == x.ty().dtype { x.clone() } else { convert(cx, x, dtype, false)? };
    let along = Some(axis as i64);
    let result = match is_sum {
        true => super::cumsum(cx, &wide, along, false)?,
        false => super::cumprod(cx, &wide, along, false)?,
    };
    if !include_initial {
        return Ok(result);
    }
    let mut shape = x.shape().clone();
    shape[axis] = 1;
    let first = super::full(cx, &shape, if is_sum { 0.0 } else { 1.0 }, result.ty().dtype)?;
    super::concatenate(cx, &[first, result], axis as i64)
}

/// The product of vectors along an axis, the first conjugated; other axes are broadcast.
pub fn vecdot(cx: &Scope, x: &Value, y: &Value, axis: i64) -> Result<Value> {
    let (x, y) = (super::moveaxis(cx, x, &[axis], &[-1])?, super::moveaxis(cx, y, &[axis], &[-1])?);
    let row = super::expand_dims(cx, &super::conj(cx, &x)?, &[-2])?;
    let product = super::matmul(cx, &row, &super::expand_dims(cx, &y, &[-1])?)?;
    super::squeeze(cx, &product, &[-2, -1])
}

/// Matrices times vectors.
pub fn matvec(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    super::squeeze(cx, &super::matmul(cx, x, &super::expand_dims(cx, y, &[-1])?)?, &[-1])
}

/// Vectors, conjugated, times matrices.
pub fn vecmat(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let row = super::expand_dims(cx, &super::conj(cx, x)?, &[-2])?;
    super::squeeze(cx, &super::matmul(cx, &row, y)?, &[-2])
}

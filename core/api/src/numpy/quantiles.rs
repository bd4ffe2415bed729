//! Order statistics.

use super::axes_of;
use super::index::Index;
use super::shapes::part;
use crate::formula::Term;
use crate::operands::{aligned, broadcast, constant, constant_like, convert, to_inexact};
use jaxrs_data::{Result, Shape, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// Over which axes quantiles are, and how they are told.
#[derive(Clone, Copy, Debug)]
pub struct QuantileOptions<'a> {
    /// Over which axes; all if empty.
    pub axes: &'a [i64],
    /// `linear`, `lower`, `higher`, `midpoint` or `nearest`.
    pub method: &'a str,
    /// Whether reduced axes stay with size 1.
    pub keepdims: bool,
    /// Whether NaN is left out.
    pub ignores_nan: bool,
}

/// The elements below which there are parts `q` (from 0 to 1) of all, over some axes; an axis for `q` comes first.
pub fn quantile(cx: &Scope, x: &Value, q: &Value, options: QuantileOptions<'_>) -> Result<Value> {
    let name = "quantile";
    let x = to_inexact(cx, x)?;
    let q = to_inexact(cx, q)?;
    if x.ty().dtype.is_complex() || q.ty().rank() > 1 {
        bail!(
            InvalidArgument,
            "quantile needs real numbers, and parts with at most 1 axis, got {} and {}",
            x.ty(),
            q.ty()
        );
    }
    let rank = x.ty().rank();
    let axes = axes_of(name, options.axes, rank)?;
    let listed: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
    let last: Vec<i64> = (rank as i64 - listed.len() as i64..rank as i64).collect();
    let moved = super::moveaxis(cx, &x, &listed, &last)?;
    let kept: Shape = moved.shape()[..rank - listed.len()].into();
    let n = axes.iter().map(|&axis| x.shape()[axis]).product();
    let rows = ops::reshape(cx, &moved, &kept.with(kept.rank(), n))?;
    let result = of_rows(cx, &rows, &q, options)?;
    if !options.keepdims {
        return Ok(result);
    }
    let shape: Shape =
        (0..rank).map(|i| if axes.contains(&i) { 1 } else { x.shape()[i] }).collect();
    let parts: Shape = q.shape().iter().chain(shape.iter()).copied().collect();
    ops::reshape(cx, &result, &parts)
}

/// Quantiles along the last axis.
fn of_rows(cx: &Scope, rows: &Value, q: &Value, options: QuantileOptions<'_>) -> Result<Value> {
    let rank = rows.ty().rank();
    let axis = [rank as i64 - 1];
    let nan = super::isnan(cx, rows)?;
    let counted = match options.ignores_nan {
        true => super::sum(cx, &super::logical_not(cx, &nan)?, &axis, false)?,
        false => constant(cx.defaults().int(), rows.shape()[rank - 1] as f64),
    };
    // One NaN makes all of a row so, unless NaN is left out.
    let rows = match options.ignores_nan {
        true => rows.clone(),
        false => super::select(
            cx,
            &super::any(cx, &nan, &axis, true)?,
            &constant_like(rows, f64::NAN),
            rows,
        )?,
    };
    let sorted = super::sort(cx, &rows, -1, false)?;
    let new: Vec<i64> = (q.ty().rank() as i64..(q.ty().rank() + rank - 1) as i64).collect();
    let q = super::expand_dims(cx, q, &new)?;
    let last = ops::offset(cx, &convert(cx, &counted, q.ty().dtype, false)?, -1.0)?;
    let (place, last) = (super::multiply(cx, &q, &last)?, Term::new(cx, &last));
    let place = Term::new(cx, &place);
    let (low, high) = (place.floor(), place.unary(jaxrs_ir::prims::Unary::Ceil));
    let weight = (&place - &low).done()?;
    let bounded = |place: &Term<'_>| place.min(&last).max(&place.constant(0.0)).done();
    let element = |place: Value| at_last(cx, &sorted, &place);
    let (low, high) = (element(bounded(&low)?)?, element(bounded(&high)?)?);
    let [weight, low, high] = aligned(cx, "quantile", [weight, low, high])?;
    let [weight, low, high] = [&weight, &low, &high].map(|x| Term::new(cx, x));
    let result = match options.method {
        "linear" => {
            let [low, high] =
                [&low, &high].map(|x| x.map(|cx, x| convert(cx, x, q.ty().dtype, x.ty().weak)));
            low * (1.0 - &weight) + high * &weight
        }
        "lower" => low,
        "higher" => high,
        "midpoint" => (low + high) * 0.5,
        "nearest" => weight.at_most(&weight.constant(0.5)).choose(&low, &high),
        other => bail!(
            InvalidArgument,
            "quantile takes method linear, lower, higher, midpoint or nearest, got {other:?}"
        ),
    };
    convert(cx, &result.done()?, rows.ty().dtype, rows.ty().weak)
}

/// For each place (whole numbers, of the shape of the result) the element of the last axis.
fn at_last(cx: &Scope, rows: &Value, places: &Value) -> Result<Value> {
    let places = convert(cx, places, cx.defaults().int(), false)?;
    let rank = rows.ty().rank();
    let before = rank - 1;
    let shape: Shape = {
        let outer = places.ty().rank() - before.min(places.ty().rank());
        places.shape()[..outer].iter().chain(&rows.shape()[..before]).copied().collect()
    };
    let places = broadcast(cx, "quantile", &places, &shape)?;
    let outer = shape.rank() - before;
    let counted =
        |axis: usize| ops::iota(cx, places.ty().dtype, &shape, outer + axis).map(Index::Array);
    let mut index = (0..before).map(counted).collect::<Result<Vec<_>>>()?;
    index.push(Index::Array(places));
    part(cx, rows, &index)
}

/// As [`quantile`], of hundredths.
pub fn percentile(cx: &Scope, x: &Value, q: &Value, options: QuantileOptions<'_>) -> Result<Value> {
    let q = to_inexact(cx, q)?;
    quantile(cx, x, &ops::div(cx, &q, &constant_like(&q, 100.0))?, options)
}

/// The element in the middle, or the mean of both.
pub fn median(
    cx: &Scope,
    x: &Value,
    axes: &[i64],
    keepdims: bool,
    ignores_nan: bool,
) -> Result<Value> {
    let half = Value::literal(jaxrs_data::Literal::full(
        jaxrs_data::Type::new(cx.defaults().float(), Shape::scalar()).with_weak(true),
        jaxrs_data::Scalar::Float(0.5),
    ));
    let options = QuantileOptions { axes, method: "midpoint", keepdims, ignores_nan };
    quantile(cx, x, &half, options)
}

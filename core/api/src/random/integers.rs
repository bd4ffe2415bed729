//! Integers in a range.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::Binary;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use super::keys::{children, draw, sampler_key};
use crate::numpy;
use crate::operands::{broadcast, constant, constant_like, convert};

/// Integers in `[low, high)`; the bounds broadcast to the shape.
pub fn randint(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    low: &Value,
    high: &Value,
    dtype: DType,
) -> Result<Value> {
    let key = &sampler_key(cx, "random_randint", key)?;
    if !dtype.is_integer() || dtype.is_narrow() {
        bail!(Dtype, "randint only accepts integer dtypes, got {dtype}");
    }
    let bound = |bound: &Value| integer_bound(cx, bound, shape);
    let (low, high) = (&bound(low)?, &bound(high)?);
    if dtype.bits() < 32 {
        let (smallest, largest) = range(dtype);
        let low = clipped(cx, low, smallest, largest)?;
        let high = clipped(cx, high, smallest, largest + 1)?;
        return convert(
            cx,
            &sample_integers(cx, key, shape, &low, &high, DType::I32)?,
            dtype,
            false,
        );
    }
    sample_integers(cx, key, shape, low, high, dtype)
}

/// A bound as an integer that has the shape of the sample or is a scalar.
fn integer_bound(cx: &Scope, bound: &Value, shape: &Shape) -> Result<Value> {
    let ty = bound.ty();
    let bound = match ty.dtype.is_integer() && !ty.dtype.is_narrow() {
        true => bound.clone(),
        false => convert(cx, bound, cx.defaults().int(), false)?,
    };
    if bound.ty().rank() == 0 { Ok(bound) } else { broadcast(cx, "random_randint", &bound, shape) }
}

fn clipped(cx: &Scope, bound: &Value, low: i64, high: i64) -> Result<Value> {
    let bound = convert(cx, bound, DType::I32, false)?;
    let (low, high) = (constant(DType::I32, low as f64), constant(DType::I32, high as f64));
    numpy::clip(cx, &bound, Some(&low), Some(&high))
}

/// The smallest and largest value of an integer type of at most 32 bits.
fn range(dtype: DType) -> (i64, i64) {
    match dtype.is_signed() {
        true => (-(1i64 << (dtype.bits() - 1)), (1i64 << (dtype.bits() - 1)) - 1),
        false => (0, (1i64 << dtype.bits()) - 1),
    }
}

fn extreme(dtype: DType, largest: bool) -> Scalar {
    let infinity = if largest { f64::INFINITY } else { f64::NEG_INFINITY };
    Scalar::Float(infinity).cast(dtype)
}

/// A bound at another integer type: moved into its range rather than wrapped.
fn saturated(cx: &Scope, bound: &Value, dtype: DType) -> Result<Value> {
    let from = bound.ty().dtype;
    let mut bound = bound.clone();
    // Limits that the bound's own type cannot exceed need no check.
    if from.is_signed() && !dtype.is_signed() {
        bound = numpy::maximum(cx, &bound, &constant_like(&bound, 0.0))?;
    }
    if from.bits() > dtype.bits()
        || (from.bits() == dtype.bits() && dtype.is_signed() && !from.is_signed())
    {
        let largest = Value::literal(Literal::scalar(from, extreme(dtype, true)));
        bound = numpy::minimum(cx, &bound, &largest)?;
        if from.is_signed() && dtype.is_signed() {
            let smallest = Value::literal(Literal::scalar(from, extreme(dtype, false)));
            bound = numpy::maximum(cx, &bound, &smallest)?;
        }
    }
    convert(cx, &bound, dtype, false)
}

fn is_above_range(cx: &Scope, bound: &Value, dtype: DType) -> Result<Value> {
    let from = bound.ty().dtype;
    let largest = extreme(dtype, true);
    // As JAX does it: the limit is clipped to the bound's own type first.
    let limit = match (largest, from.is_signed()) {
        (Scalar::Uint(v), true) => Scalar::Int(i64::try_from(v).unwrap_or(i64::MAX)),
        (other, _) => other,
    };
    let own = extreme(from, true);
    let limit = if limit.as_f64() > own.as_f64() { own } else { limit };
    ops::compare(cx, Compare::Gt, bound, &Value::literal(Literal::scalar(from, limit)))
}

/// Two words of random bits for each number, reduced modulo the span.
fn sample_integers(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    low: &Value,
    high: &Value,
    dtype: DType,
) -> Result<Value> {
    let above = is_above_range(cx, high, dtype)?;
    let (low, high) = (saturated(cx, low, dtype)?, saturated(cx, high, dtype)?);
    let [first, second] = children(cx, key)?;
    let width = dtype.bits();
    let (higher, lower) = (draw(cx, &first, width, shape)?, draw(cx, &second, width, shape)?);
    let span = span(cx, &low, &high, &above)?;
    let half = Scalar::Uint(1 << (width / 2));
    let half = Value::literal(Literal::scalar(span.ty().dtype, half));
    let rem = |x: &Value| ops::binary(cx, Binary::Rem, x, &span);
    let root = rem(&half)?;
    let multiplier = rem(&ops::mul(cx, &root, &root)?)?;
    let offset = ops::add(cx, &ops::mul(cx, &rem(&higher)?, &multiplier)?, &rem(&lower)?)?;
    ops::add(cx, &low, &convert(cx, &rem(&offset)?, dtype, false)?)
}

/// `high - low` without sign; 1 where that is not positive, and one more where `high` was out of range.
fn span(cx: &Scope, low: &Value, high: &Value, above: &Value) -> Result<Value> {
    let unsigned = low.ty().dtype.unsigned_of_same_width().unwrap_or(DType::U32);
    let span = convert(cx, &ops::sub(cx, high, low)?, unsigned, false)?;
    let one = constant(unsigned, 1.0);
    let is_empty = ops::compare(cx, Compare::Le, high, low)?;
    let span = numpy::select(cx, &is_empty, &one, &span)?;
    let not_empty = ops::compare(cx, Compare::Gt, high, low)?;
    let wider = ops::binary(cx, Binary::And, above, &not_empty)?;
    numpy::select(cx, &wider, &ops::add(cx, &span, &one)?, &span)
}

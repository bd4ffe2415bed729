//! Random numbers: JAX's default generator, Threefry-2x32 with partitionable counters, bit for bit.
//!
//! A key is a `u32[2]` array. Every function takes one and is pure: the same key gives the same numbers.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail, normalize_axis};
use jaxrs_ir::prims::{Binary, BitcastConvertType, RandomBits, Sort, Threefry2x32, Unary};
use jaxrs_ir::{Context, Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::numpy;
use crate::operands::{broadcast, constant, constant_like, convert};

fn word(value: u32) -> Value {
    Value::literal(Literal::scalar(DType::U32, Scalar::Uint(value.into())))
}

fn check_key(name: &str, key: &Value) -> Result<()> {
    if key.ty().dtype != DType::U32 || **key.shape() != [2] {
        bail!(InvalidArgument, "{name} needs a key, which is a u32[2], got {}", key.ty());
    }
    Ok(())
}

fn check_float(name: &str, dtype: DType) -> Result<()> {
    if !dtype.is_float() {
        bail!(Dtype, "{name} gives floats, got element type {dtype}");
    }
    Ok(())
}

/// A key from a seed. With 32-bit defaults only the low 32 bits of the seed count, as in JAX.
pub fn key(cx: &Scope, seed: u64) -> Result<Value> {
    let high = if cx.defaults().wide { (seed >> 32) as u32 } else { 0 };
    let words = [Scalar::Uint(high.into()), Scalar::Uint((seed as u32).into())];
    let literal = Literal::from_scalars(Type::new(DType::U32, [2]), &words);
    crate::lax::constant(cx, literal)
}

fn key_words(cx: &Scope, key: &Value) -> Result<[Value; 2]> {
    let part = |i| ops::squeeze(cx, &ops::slice_in_dim(cx, key, 0, i, i + 1)?, [0]);
    Ok([part(0)?, part(1)?])
}

/// The cipher on counters.
fn threefry(cx: &Scope, key: &Value, high: &Value, low: &Value) -> Result<[Value; 2]> {
    let shape = low.shape().clone();
    let [k0, k1] = key_words(cx, key)?;
    let spread = |value: &Value| broadcast(cx, "threefry2x32", value, &shape);
    let operands = [spread(&k0)?, spread(&k1)?, spread(high)?, low.clone()];
    let mut words = cx.bind(&Threefry2x32.into(), &operands)?.into_iter();
    match (words.next(), words.next()) {
        (Some(first), Some(second)) => Ok([first, second]),
        _ => Err(jaxrs_data::Error::internal("threefry2x32 gives two results")),
    }
}

/// `num` new keys along the leading axis of the result.
pub fn split(cx: &Scope, key: &Value, num: i64) -> Result<Value> {
    check_key("random_split", key)?;
    let shape = Shape::from_user("random_split", &[num], 8)?;
    let counters = ops::iota(cx, DType::U32, &shape, 0)?;
    let [first, second] = threefry(cx, key, &word(0), &counters)?;
    let columns = [ops::expand_dim(cx, &first, 1)?, ops::expand_dim(cx, &second, 1)?];
    ops::concatenate(cx, &columns, 1)
}

/// The two keys that most samplers split theirs into.
fn split2(cx: &Scope, key: &Value) -> Result<[Value; 2]> {
    let keys = split(cx, key, 2)?;
    let row = |i| ops::squeeze(cx, &ops::slice_in_dim(cx, &keys, 0, i, i + 1)?, [0]);
    Ok([row(0)?, row(1)?])
}

/// A new key from a key and a number, which may be a tracer.
pub fn fold_in(cx: &Scope, key: &Value, data: &Value) -> Result<Value> {
    check_key("random_fold_in", key)?;
    if !data.ty().dtype.is_integer() || data.ty().rank() != 0 {
        bail!(InvalidArgument, "random_fold_in needs an integer scalar, got {}", data.ty());
    }
    let low = ops::reshape(cx, &convert(cx, data, DType::U32, false)?, &[1].into())?;
    let [first, second] = threefry(cx, key, &word(0), &low)?;
    ops::concatenate(cx, &[first, second], 0)
}

/// Random unsigned integers of 8, 16, 32 or 64 bits.
pub fn bits(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    check_key("random_bits", key)?;
    if !dtype.is_unsigned() {
        bail!(Dtype, "random_bits gives unsigned integers, got element type {dtype}");
    }
    random_bits(cx, key, dtype.bits(), shape)
}

fn random_bits(cx: &Scope, key: &Value, bit_width: u32, shape: &Shape) -> Result<Value> {
    let prim = RandomBits { bit_width, shape: shape.clone() };
    ops::bind1(cx, prim, std::slice::from_ref(key))
}

/// The bits of a float's fraction.
fn fraction_bits(dtype: DType) -> u32 {
    match dtype {
        DType::F16 => 10,
        DType::BF16 => 7,
        DType::F32 => 23,
        _ => 52,
    }
}

/// Uniformly distributed floats in `[low, high)`.
///
/// Random bits become the fraction of a float between 1 and 2.
pub fn uniform(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    dtype: DType,
    low: f64,
    high: f64,
) -> Result<Value> {
    let (low, high) = (Scalar::Float(low).cast(dtype), Scalar::Float(high).cast(dtype));
    let span = Scalar::Float(high.as_f64() - low.as_f64()).cast(dtype);
    let unit = unit_floats(cx, key, shape, dtype)?;
    let scaled = ops::mul(cx, &unit, &constant(dtype, span.as_f64()))?;
    let low = constant(dtype, low.as_f64());
    ops::binary(cx, Binary::Max, &low, &ops::add(cx, &scaled, &low)?)
}

fn unit_floats(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    check_key("random_uniform", key)?;
    check_float("random_uniform", dtype)?;
    let fraction = fraction_bits(dtype);
    // bf16 has too few bits of fraction for 16 random ones.
    let width = if fraction < 8 { 8 } else { dtype.bits() };
    let unsigned = dtype.unsigned_of_same_width().unwrap_or(DType::U32);
    let bits = convert(cx, &random_bits(cx, key, width, shape)?, unsigned, false)?;
    let shift = constant(unsigned, f64::from(width - fraction));
    let fraction_only = ops::binary(cx, Binary::ShiftRightLogical, &bits, &shift)?;
    let one = Value::literal(Literal::scalar(unsigned, Scalar::Uint(bits_of_one(dtype))));
    let float_bits = ops::binary(cx, Binary::Or, &fraction_only, &one)?;
    let floats = ops::bind1(cx, BitcastConvertType { new_dtype: dtype }, &[float_bits])?;
    ops::sub(cx, &floats, &constant(dtype, 1.0))
}

fn bits_of_one(dtype: DType) -> u64 {
    match dtype {
        DType::F16 => 0x3c00,
        DType::BF16 => 0x3f80,
        DType::F32 => 0x3f80_0000,
        _ => 0x3ff0_0000_0000_0000,
    }
}

/// Floats from the standard normal distribution.
pub fn normal(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    if dtype.is_complex() {
        return complex_normal(cx, key, shape, dtype.real_part());
    }
    check_float("random_normal", dtype)?;
    // The float after −1, so that the inverse error function stays finite.
    let low = -1.0 + 2f64.powi(-(fraction_bits(dtype) as i32) - 1);
    let unit = uniform(cx, key, shape, dtype, low, 1.0)?;
    let quantiles = ops::unary(cx, Unary::ErfInv, &unit)?;
    ops::mul(cx, &constant(dtype, std::f64::consts::SQRT_2), &quantiles)
}

/// Complex numbers whose parts share the variance.
fn complex_normal(cx: &Scope, key: &Value, shape: &Shape, part: DType) -> Result<Value> {
    let keys = split(cx, key, 2)?;
    let half = |k: usize| -> Result<Value> {
        let key = ops::squeeze(cx, &ops::slice_in_dim(cx, &keys, 0, k, k + 1)?, [0])?;
        let sample = normal(cx, &key, shape, part)?;
        ops::div(cx, &sample, &constant(part, std::f64::consts::SQRT_2))
    };
    ops::complex(cx, &half(0)?, &half(1)?)
}

/// Integers in `[low, high)`, which are integer scalars.
pub fn randint(
    cx: &Scope,
    key: &Value,
    shape: &Shape,
    low: &Value,
    high: &Value,
    dtype: DType,
) -> Result<Value> {
    check_key("random_randint", key)?;
    if !dtype.is_integer() {
        bail!(Dtype, "random_randint gives integers, got element type {dtype}");
    }
    for bound in [low, high] {
        if !bound.ty().dtype.is_integer() || bound.ty().rank() != 0 {
            bail!(
                InvalidArgument,
                "random_randint needs integer scalars as bounds, got {}",
                bound.ty()
            );
        }
    }
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
    let [first, second] = split2(cx, key)?;
    let width = dtype.bits();
    let (higher, lower) =
        (random_bits(cx, &first, width, shape)?, random_bits(cx, &second, width, shape)?);
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

/// The numbers from 0 up to `n` in random order.
pub fn permutation(cx: &Scope, key: &Value, n: i64) -> Result<Value> {
    check_key("random_permutation", key)?;
    let shape = Shape::from_user("random_permutation", &[n], 4)?;
    let ordered = ops::iota(cx, cx.defaults().int(), &shape, 0)?;
    shuffle_vector(cx, key, ordered)
}

/// `x` with its parts along an axis in random order.
pub fn shuffle(cx: &Scope, key: &Value, x: &Value, axis: i64) -> Result<Value> {
    check_key("random_shuffle", key)?;
    let axis = normalize_axis("random_shuffle", axis, x.ty().rank())?;
    if x.ty().rank() == 1 {
        return shuffle_vector(cx, key, x.clone());
    }
    let order = permutation(cx, key, x.shape()[axis] as i64)?;
    numpy::take(cx, x, &order, axis as i64, "fill")
}

/// Sorts by random keys, often enough that ties do not matter.
fn shuffle_vector(cx: &Scope, key: &Value, mut x: Value) -> Result<Value> {
    let size = x.ty().numel().max(1) as f64;
    let rounds = (3.0 * size.ln() / f64::from(u32::MAX).ln()).ceil() as usize;
    let mut key = key.clone();
    for _ in 0..rounds {
        let [next, now] = split2(cx, &key)?;
        key = next;
        let order = random_bits(cx, &now, 32, x.shape())?;
        let sort = Sort { dimension: 0, num_keys: 1, is_stable: true };
        x = cx.bind(&sort.into(), &[order, x])?.swap_remove(1);
    }
    Ok(x)
}

/// `true` with probability `p`, a float; the shape of `p` unless another is given.
pub fn bernoulli(cx: &Scope, key: &Value, p: &Value, shape: Option<&Shape>) -> Result<Value> {
    check_float("random_bernoulli", p.ty().dtype)?;
    let shape = shape.unwrap_or(p.shape());
    let unit = uniform(cx, key, shape, p.ty().dtype, 0.0, 1.0)?;
    numpy::less(cx, &unit, p)
}

/// Floats from the Gumbel distribution.
pub fn gumbel(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    check_float("random_gumbel", dtype)?;
    let tiny = match dtype {
        DType::F16 => 2f64.powi(-14),
        DType::F64 => f64::MIN_POSITIVE,
        _ => 2f64.powi(-126),
    };
    let unit = uniform(cx, key, shape, dtype, tiny, 1.0)?;
    let log = |x: &Value| ops::unary(cx, Unary::Log, x);
    ops::neg(cx, &log(&ops::neg(cx, &log(&unit)?)?)?)
}

/// Floats from the exponential distribution.
pub fn exponential(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let unit = uniform(cx, key, shape, dtype, 0.0, 1.0)?;
    ops::neg(cx, &ops::unary(cx, Unary::Log1p, &ops::neg(cx, &unit)?)?)
}

/// Class indices, drawn with probabilities that are the softmax of `logits` along an axis. `shape` is that
/// of the result; leading axes that `logits` does not have hold independent draws.
pub fn categorical(
    cx: &Scope,
    key: &Value,
    logits: &Value,
    axis: i64,
    shape: Option<&Shape>,
) -> Result<Value> {
    check_float("random_categorical", logits.ty().dtype)?;
    let rank = logits.ty().rank();
    let axis = normalize_axis("random_categorical", axis, rank)?;
    let batch = logits.shape().without(axis);
    let shape = shape.unwrap_or(&batch);
    let Some(prefix) = shape.rank().checked_sub(batch.rank()) else {
        bail!(Shape, "random_categorical needs a shape that {batch} broadcasts to, got {shape}");
    };
    let sampled = shape.with(prefix + axis, logits.shape()[axis]);
    let noise = gumbel(cx, key, &sampled, logits.ty().dtype)?;
    let scores = numpy::add(cx, &noise, logits)?;
    let index_dtype = cx.defaults().int();
    numpy::argmax(cx, &scores, Some((prefix + axis) as i64), false, index_dtype)
}

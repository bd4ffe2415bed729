//! Classes, and the noise that chooses them.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::{Binary, BitcastConvertType, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::float::{epsilon, tiny};
use super::keys::{draw, sampler_key};
use super::uniform::uniform;
use super::{check_float, rows};
use crate::formula::Term;
use crate::operands::{constant, convert};
use crate::{lax, numpy};

/// Floats from the Gumbel distribution. Mode `low` draws a float for each; `high` two, so that large
/// samples are as fine as small ones; `highest` 64 bits for `f32`, and else as `high`.
pub fn gumbel(cx: &Scope, key: &Value, shape: &Shape, dtype: DType, mode: &str) -> Result<Value> {
    check_float("random_gumbel", dtype)?;
    let key = sampler_key(cx, "random_gumbel", key)?;
    match mode {
        "highest" if dtype == DType::F32 => highest(cx, &key, shape),
        "high" | "highest" => {
            let both = uniform(cx, &key, &shape.with(0, 2), dtype, 0.0, 1.0)?;
            let [high, low] = rows(cx, &both)?.map(|x| Term::new(cx, &x));
            let x = high.at_least(0.5).choose(&high, &(&high + epsilon(dtype) * low + tiny(dtype)));
            (-(-(-x).unary(Unary::Log1p)).ln()).done()
        }
        "low" => {
            let unit = Term::new(cx, &uniform(cx, &key, shape, dtype, tiny(dtype), 1.0)?);
            (-(-unit.ln()).ln()).done()
        }
        _ => bail!(
            InvalidArgument,
            "random_gumbel takes mode 'low', 'high' or 'highest', got {mode:?}"
        ),
    }
}

/// From 64 random bits, the first of which tells from which end of the unit interval the others count.
fn highest(cx: &Scope, key: &Value, shape: &Shape) -> Result<Value> {
    let bits = draw(cx, key, 32, &shape.with(0, 2))?;
    let [high, low] = rows(cx, &bits)?;
    let word = |value: u32| constant(DType::U32, value.into());
    let flipped = ops::compare(cx, jaxrs_kernel::Compare::Lt, &high, &word(1 << 31))?;
    let complement = |x: &Value| ops::unary(cx, Unary::Not, x);
    let (other_high, other_low) = (complement(&high)?, complement(&low)?);
    let carries = ops::compare(cx, jaxrs_kernel::Compare::Eq, &other_low, &word(u32::MAX))?;
    let carry = convert(cx, &carries, DType::U32, false)?;
    let other = [ops::add(cx, &other_high, &carry)?, ops::add(cx, &other_low, &word(1))?];
    let choose = |own: &Value, other: &Value| numpy::select(cx, &flipped, own, other);
    let x = fraction(cx, &choose(&high, &other[0])?, &choose(&low, &other[1])?)?;
    let x = Term::new(cx, &x);
    let near_one = -(-(-&x).unary(Unary::Log1p)).ln();
    Term::new(cx, &flipped).choose(&near_one, &-(-x.ln()).ln()).done()
}

/// The `f32` whose 64 bits behind the point are given, without rounding; it is below 1.
fn fraction(cx: &Scope, high: &Value, low: &Value) -> Result<Value> {
    use Binary::{And, Or, ShiftLeft, ShiftRightLogical};
    let word = |value: u32| constant(DType::U32, value.into());
    let op = |op: Binary, x: &Value, y: &Value| ops::binary(cx, op, x, y);
    let zeros = |x: &Value| ops::unary(cx, Unary::Clz, x);
    let (high_zeros, low_zeros) = (zeros(high)?, zeros(low)?);
    let is_small = ops::compare(cx, jaxrs_kernel::Compare::Eq, &high_zeros, &word(32))?;
    let choose = |small: &Value, large: &Value| numpy::select(cx, &is_small, small, large);
    let behind = op(ShiftRightLogical, low, &op(Binary::Sub, &word(32), &high_zeros)?)?;
    let rest = choose(&op(ShiftLeft, low, &low_zeros)?, &behind)?;
    let mantissa = op(Or, &op(ShiftLeft, high, &high_zeros)?, &rest)?;
    let mantissa = op(And, &op(ShiftRightLogical, &mantissa, &word(8))?, &word((1 << 23) - 1))?;
    let all_zeros = choose(&op(Binary::Add, &word(32), &low_zeros)?, &high_zeros)?;
    let exponent = op(ShiftLeft, &op(Binary::Sub, &word(126), &all_zeros)?, &word(23))?;
    let exponent = op(And, &exponent, &word((1 << 30) - (1 << 22)))?;
    let bits = op(Or, &exponent, &mantissa)?;
    ops::bind1(cx, BitcastConvertType { new_dtype: DType::F32 }, &[bits])
}

/// How classes are drawn.
pub struct Draws<'a> {
    /// The axis of the classes.
    pub axis: i64,
    /// The shape of the result; leading axes that the logits do not have hold further draws.
    pub shape: Option<&'a Shape>,
    /// Whether further draws may give a class again.
    pub replace: bool,
    /// See [`gumbel`].
    pub mode: &'a str,
}

/// Class indices, drawn with probabilities that are the softmax of `logits` along an axis.
pub fn categorical(cx: &Scope, key: &Value, logits: &Value, draws: &Draws<'_>) -> Result<Value> {
    let (dtype, rank) = (logits.ty().dtype, logits.ty().rank());
    check_float("random_categorical", dtype)?;
    let axis = normalize_axis("random_categorical", draws.axis, rank)?;
    let batch = logits.shape().without(axis);
    let shape = draws.shape.unwrap_or(&batch);
    let fits = sample_batch(shape, &batch);
    let Some(prefix) = shape.rank().checked_sub(batch.rank()).filter(|_| fits) else {
        bail!(Shape, "random_categorical needs a shape that {batch} broadcasts to, got {shape}");
    };
    if !draws.replace {
        return distinct(cx, key, logits, axis, (shape, prefix), draws.mode);
    }
    let sampled = shape.with(prefix + axis, logits.shape()[axis]);
    let noise = gumbel(cx, key, &sampled, dtype, draws.mode)?;
    let scores = numpy::add(cx, &noise, logits)?;
    numpy::argmax(cx, &scores, Some((prefix + axis) as i64), false, cx.defaults().int())
}

fn sample_batch(shape: &Shape, batch: &Shape) -> bool {
    let Some(prefix) = shape.rank().checked_sub(batch.rank()) else { return false };
    shape[prefix..].iter().zip(batch.iter()).all(|(&to, &from)| to == from || from == 1)
}

/// As many classes for each distribution as the leading axes of the shape have places, no class twice.
fn distinct(
    cx: &Scope,
    key: &Value,
    logits: &Value,
    axis: usize,
    (shape, prefix): (&Shape, usize),
    mode: &str,
) -> Result<Value> {
    let (k, n) = (shape[..prefix].iter().product::<usize>(), logits.shape()[axis]);
    if k > n {
        bail!(
            InvalidArgument,
            "random_categorical cannot draw {k} of {n} categories without replacement"
        );
    }
    let noise = gumbel(cx, key, logits.shape(), logits.ty().dtype, mode)?;
    let scores = ops::add(cx, logits, &noise)?;
    let last = logits.ty().rank() - 1;
    let scores = ops::move_axis(cx, &scores, axis, last)?;
    let [_, indices] = lax::top_k(cx, &scores, k as i64, last as i64)?;
    ops::reshape(cx, &ops::move_axis(cx, &indices, last, 0)?, shape)
}

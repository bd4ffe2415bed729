//! Random numbers.

use super::arrange::shape_of;
use super::*;
use crate::random;

const SHAPE: &str = "the shape of the result";
const FLOAT: &str = "the element type, a float; the default float if none";

fn float(cx: &Scope, dtype: Option<DType>) -> DType {
    dtype.unwrap_or(cx.defaults().float())
}

pub(super) static OPS: &[Op] = &[
    op!("random_key", "A key of the random generator (Threefry-2x32) from a seed: two 32-bit words.", ()
        { seed: I64, "the seed"; } => |cx| random::key(cx, seed as u64)),
    op!("random_split", "New keys from a key, along the leading axis.", (key) { num: I64 = 2, "how many"; }
        => |cx| random::split(cx, key, num)),
    op!("random_fold_in", "A new key from a key and an integer scalar.", (key, data)
        => |cx| random::fold_in(cx, key, data)),
    op!("random_bits", "Random unsigned integers.", (key)
    { shape: I64s, SHAPE; dtype: DType = Some(DType::U32), "an unsigned integer type"; }
    => |cx| {
        let dtype = dtype.unwrap_or(DType::U32);
        random::bits(cx, key, &shape_of("random_bits", shape, dtype)?, dtype)
    }),
    op!("random_uniform", "Uniformly distributed floats from low up to, not including, high.", (key)
    { shape: I64s, SHAPE; dtype: DType = None, FLOAT; low: F64 = 0.0, "the lower bound"; high: F64 = 1.0, "the upper bound"; }
    => |cx| {
        let dtype = float(cx, dtype);
        random::uniform(cx, key, &shape_of("random_uniform", shape, dtype)?, dtype, low, high)
    }),
    op!("random_normal", "Floats from the standard normal distribution.", (key)
        { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
        => |cx| random::normal(cx, key, &shape_of("random_normal", shape, float(cx, dtype))?, float(cx, dtype))),
    op!("random_gumbel", "Floats from the Gumbel distribution.", (key)
        { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
        => |cx| random::gumbel(cx, key, &shape_of("random_gumbel", shape, float(cx, dtype))?, float(cx, dtype))),
    op!("random_exponential", "Floats from the exponential distribution.", (key)
        { shape: I64s, SHAPE; dtype: DType = None, FLOAT; }
        => |cx| random::exponential(cx, key, &shape_of("random_exponential", shape, float(cx, dtype))?, float(cx, dtype))),
    op!("random_randint", "Integers from low up to, not including, high, which are integer scalars.", (key, low, high)
    { shape: I64s, SHAPE; dtype: DType = None, "the element type, an integer; the default integer if none"; }
    => |cx| {
        let dtype = dtype.unwrap_or(cx.defaults().int());
        random::randint(cx, key, &shape_of("random_randint", shape, dtype)?, low, high, dtype)
    }),
    op!("random_permutation", "The numbers from 0 up to n in random order.", (key) { n: I64, "how many"; }
        => |cx| random::permutation(cx, key, n)),
    op!("random_shuffle", "x with its parts along an axis in random order.", (key, x)
        { axis: I64 = 0, "along which axis"; } => |cx| random::shuffle(cx, key, x, axis)),
    op!("random_bernoulli", "True with probability p, a float.", (key, p)
    { shape: I64s = &[], "the shape of the result; that of p for an empty list"; }
    => |cx| {
        let asked = shape_of("random_bernoulli", shape, p.ty().dtype)?;
        random::bernoulli(cx, key, p, (!shape.is_empty()).then_some(&asked))
    }),
    op!("random_categorical", "Class indices, drawn with probabilities that are the softmax of logits.", (key, logits)
    { axis: I64 = -1, "the axis of the classes";
      shape: I64s = &[], "the shape of the result; that of the other axes for an empty list"; }
    => |cx| {
        let asked = shape_of("random_categorical", shape, logits.ty().dtype)?;
        random::categorical(cx, key, logits, axis, (!shape.is_empty()).then_some(&asked))
    }),
];

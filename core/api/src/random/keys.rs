//! Keys, and the bits that all samplers draw.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, bail};
use jaxrs_ir::prims::{
    RandomBits, RandomClone, RandomFoldIn, RandomSeed, RandomSplit, RandomUnwrap, RandomWrap,
};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::rows;
use crate::operands::convert;

/// The generators by the names that JAX has for them, and the types of their keys.
const GENERATORS: [(&str, DType); 6] = [
    ("threefry2x32", DType::KeyFry),
    ("rbg", DType::KeyRbg),
    ("unsafe_rbg", DType::KeyUrbg),
    ("threefry4x32", DType::KeyFry4),
    ("philox2x32", DType::KeyPhx2),
    ("philox4x32", DType::KeyPhx4),
];

/// The type of keys of raw words.
const DEFAULT: DType = DType::KeyFry;

/// The type of the keys of a generator.
pub fn generator(name: &str) -> Result<DType> {
    let known = GENERATORS.iter().find(|(known, _)| *known == name);
    known.map_or_else(
        || {
            let names: Vec<&str> = GENERATORS.iter().map(|(name, _)| *name).collect();
            bail!(
                InvalidArgument,
                "unrecognized PRNG implementation {name:?}; did you mean one of: {}?",
                names.join(", ")
            )
        },
        |&(_, dtype)| Ok(dtype),
    )
}

/// A key from an integer scalar.
pub fn key(cx: &Scope, seed: &Value, keys: DType) -> Result<Value> {
    if seed.ty().rank() != 0 {
        bail!(
            Shape,
            "key accepts a scalar seed, but was given {}; use vmap for batching",
            seed.ty()
        );
    }
    if !seed.ty().dtype.is_integer() {
        bail!(Dtype, "PRNG key seed must be an integer, got {}", seed.ty());
    }
    ops::bind1(cx, RandomSeed { keys }, std::slice::from_ref(seed))
}

/// A seed as a value: with 32-bit defaults only its low 32 bits count, as in JAX.
pub(crate) fn seed(cx: &Scope, seed: i64) -> Result<Value> {
    let dtype = cx.defaults().int();
    crate::lax::constant(cx, Literal::scalar(dtype, Scalar::Int(seed).rounded(dtype)))
}

/// The words of a key from an integer scalar.
pub fn prng_key(cx: &Scope, seed: &Value, keys: DType) -> Result<Value> {
    key_data(cx, &key(cx, seed, keys)?)
}

/// The words of keys, along a new last axis.
pub fn key_data(cx: &Scope, keys: &Value) -> Result<Value> {
    let (keys, _) = typed(cx, "key_data", keys)?;
    ops::bind1(cx, RandomUnwrap, &[keys])
}

/// The keys with these words, which lie along the last axis.
pub fn wrap_key_data(cx: &Scope, words: &Value, keys: DType) -> Result<Value> {
    ops::bind1(cx, RandomWrap { keys }, std::slice::from_ref(words))
}

/// The same keys; where it is checked that no key is used twice, they may be used again.
pub fn clone(cx: &Scope, keys: &Value) -> Result<Value> {
    ops::bind1(cx, RandomClone, std::slice::from_ref(keys))
}

/// Keys as an array of keys, and whether they were words.
fn typed(cx: &Scope, name: &str, keys: &Value) -> Result<(Value, bool)> {
    if keys.ty().dtype.is_key() {
        return Ok((keys.clone(), false));
    }
    if keys.ty().dtype != DType::U32 || keys.shape().last() != Some(&2) {
        bail!(InvalidArgument, "{name} needs a key, or the u32[2] of one, got {}", keys.ty());
    }
    Ok((wrap_key_data(cx, keys, DEFAULT)?, true))
}

/// One key as a key, and whether it was words.
fn single(cx: &Scope, name: &str, key: &Value) -> Result<(Value, bool)> {
    let (typed, was_raw) = typed(cx, name, key)?;
    if typed.ty().rank() != 0 {
        bail!(
            InvalidArgument,
            "{name} accepts a single key, but was given {}; use vmap for batching",
            key.ty()
        );
    }
    Ok((typed, was_raw))
}

/// The key that a sampler draws from.
pub(super) fn sampler_key(cx: &Scope, name: &str, key: &Value) -> Result<Value> {
    Ok(single(cx, name, key)?.0)
}

/// Keys as the caller has them: as words, if the key was words.
fn returned(cx: &Scope, keys: Value, was_raw: bool) -> Result<Value> {
    if was_raw { ops::bind1(cx, RandomUnwrap, &[keys]) } else { Ok(keys) }
}

/// `num` new keys along the leading axis of the result.
pub fn split(cx: &Scope, key: &Value, num: i64) -> Result<Value> {
    split_shape(cx, key, &[num])
}

/// An array of new keys.
pub fn split_shape(cx: &Scope, key: &Value, shape: &[i64]) -> Result<Value> {
    let (key, was_raw) = single(cx, "random_split", key)?;
    let shape = Shape::from_user("random_split", shape, key.ty().dtype.size_bytes())?;
    returned(cx, children_of(cx, &key, shape)?, was_raw)
}

/// The keys that most samplers split theirs into. The key is typed.
pub(super) fn children<const N: usize>(cx: &Scope, key: &Value) -> Result<[Value; N]> {
    let shape = Shape::from(&[N][..]);
    rows(cx, &children_of(cx, key, shape)?)
}

fn children_of(cx: &Scope, key: &Value, shape: Shape) -> Result<Value> {
    let is_original = cx.settings().original_threefry;
    ops::bind1(cx, RandomSplit { shape, is_original }, std::slice::from_ref(key))
}

/// A new key from a key and a number, which may be a tracer.
pub fn fold_in(cx: &Scope, key: &Value, data: &Value) -> Result<Value> {
    let (key, was_raw) = single(cx, "random_fold_in", key)?;
    if !data.ty().dtype.is_integer() || data.ty().rank() != 0 {
        bail!(InvalidArgument, "random_fold_in needs an integer scalar, got {}", data.ty());
    }
    let data = convert(cx, data, DType::U32, false)?;
    returned(cx, ops::bind1(cx, RandomFoldIn, &[key, data])?, was_raw)
}

/// Random unsigned integers of 8, 16, 32 or 64 bits.
pub fn bits(cx: &Scope, key: &Value, shape: &Shape, dtype: DType) -> Result<Value> {
    let key = sampler_key(cx, "random_bits", key)?;
    if !dtype.is_unsigned() || dtype.is_narrow() {
        bail!(Dtype, "dtype argument to random_bits must be an unsigned int dtype, got {dtype}");
    }
    draw(cx, &key, dtype.bits(), shape)
}

/// Random bits of a typed key.
pub(super) fn draw(cx: &Scope, key: &Value, bit_width: u32, shape: &Shape) -> Result<Value> {
    let (shape, is_original) = (shape.clone(), cx.settings().original_threefry);
    ops::bind1(cx, RandomBits { bit_width, shape, is_original }, std::slice::from_ref(key))
}

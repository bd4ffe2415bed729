//! Random bits from counters: keys of six generators, what is made of them, and the ciphers themselves.

mod bit_generator;
mod bits;
mod cipher;
mod ciphers;
mod counters;
mod fold_in;
mod gamma;
mod generator;
mod original;
mod reals;
mod rejection;
mod seed;
mod split;
mod uniform;
mod words;
mod wrap;

use jaxrs_data::{DType, Result, Type, bail};

pub use bit_generator::{RandomAlgorithm, RngBitGenerator};
pub use bits::RandomBits;
pub use cipher::Cipher;
pub use counters::Iota2x32Shape;
pub use fold_in::RandomFoldIn;
pub use gamma::RandomGamma;
pub use seed::RandomSeed;
pub use split::RandomSplit;
pub use uniform::RngUniform;
pub use wrap::{RandomClone, RandomUnwrap, RandomWrap};

use crate::{Param, ParamReader, Params};

/// Additions that a cipher costs: some 20 rounds of six operations, and the key schedule.
const CIPHER_COST: u32 = 140;

/// Checks that an operand holds keys, and gives their type.
fn check_keys(name: &str, keys: &Type) -> Result<DType> {
    if !keys.dtype.is_key() {
        bail!(Dtype, "{name} takes key array operand, got {keys}");
    }
    Ok(keys.dtype)
}

/// The words of a key of a type.
fn n_words(keys: DType) -> usize {
    keys.size_bytes() / 4
}

/// The short name of a generator, as programs print it: `fry` for keys of type `key<fry>`.
fn tag(keys: DType) -> &'static str {
    keys.name().trim_start_matches("key<").trim_end_matches('>')
}

/// A generator as a parameter.
fn impl_param(keys: DType) -> Param {
    Param::Name(tag(keys).to_owned())
}

/// Reads it back.
fn read_impl(read: &ParamReader<'_>) -> Result<DType> {
    let name = read.name("impl")?;
    let known = DType::ALL.into_iter().find(|dtype| dtype.is_key() && tag(*dtype) == name);
    known.ok_or_else(|| read.error(format_args!("knows no generator {name}")))
}

/// What programs show of drawing in JAX's first way; nothing where elements are drawn apart.
fn original_param(is_original: bool) -> Params {
    if is_original { vec![("threefry_partitionable", Param::Bool(false))] } else { vec![] }
}

/// Reads it back.
fn read_original(read: &ParamReader<'_>) -> Result<bool> {
    match read.optional("threefry_partitionable") {
        None => Ok(false),
        Some(_) => Ok(!read.bool("threefry_partitionable")?),
    }
}

/// Keys for samples: of each generator, with all their words in use.
#[cfg(any(test, feature = "testing"))]
fn sample_keys(keys: DType, shape: &[usize]) -> jaxrs_data::Literal {
    jaxrs_data::Literal::from_fn(Type::new(keys, shape), |position| {
        let step = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C834_u128;
        jaxrs_data::Scalar::Key((position as u128 + 1).wrapping_mul(step))
    })
}

/// The types of keys.
#[cfg(any(test, feature = "testing"))]
fn key_types() -> impl Iterator<Item = DType> {
    DType::ALL.into_iter().filter(|dtype| dtype.is_key())
}

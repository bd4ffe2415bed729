//! Keys from keys.

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type, smallvec};
use jaxrs_kernel::ValueId;

use super::generator::KeyOf;
use super::words::{Emitted, Plain, Words, key_of, key_words, split};
use super::{CIPHER_COST, check_keys, generator, original, original_param, read_original};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_split(keys)`: for each key an array of new ones, along further axes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomSplit {
    /// The shape for each key.
    pub shape: Shape,
    /// Whether this is done in JAX's first way (`jax_threefry_partitionable` off).
    pub is_original: bool,
}

impl RandomSplit {
    fn child<W: Words>(
        &self,
        w: &mut W,
        keys: DType,
        key: &[W::Word],
        number: [W::Word; 2],
    ) -> KeyOf<W> {
        child(w, keys, key, (number, self.is_original.then(|| self.shape.numel())))
    }
}

/// The child of a key with a number; of so many, where that counts.
pub(super) fn child<W: Words>(
    w: &mut W,
    keys: DType,
    key: &[W::Word],
    (number, of): ([W::Word; 2], Option<usize>),
) -> KeyOf<W> {
    match of {
        Some(count) if original::splits(keys) => original::child(w, key, number[1], count),
        _ => generator::split(w, keys, key, number),
    }
}

/// The shape of keys with that of what comes of each.
pub(super) fn joined(keys: &Shape, each: &Shape) -> Shape {
    keys.iter().chain(each.iter()).copied().collect()
}

/// Whether keys share their stream, in which elements then count through all of them.
pub(super) fn counts_through(keys: DType) -> bool {
    keys == DType::KeyUrbg
}

impl Primitive for RandomSplit {
    fn name(&self) -> &'static str {
        "random_split"
    }

    fn params(&self) -> Params {
        let mut params = vec![("shape", Param::sizes(&self.shape))];
        params.extend(original_param(self.is_original));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_split").then(|| {
            Ok(RandomSplit { shape: read.sizes("shape")?, is_original: read_original(&read)? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let dtype = check_keys(self.name(), &inputs[0])?;
        let shape = joined(&inputs[0].shape, &self.shape);
        axes::check_addressable(self.name(), &shape, dtype)?;
        if self.is_original && original::splits(dtype) {
            original::check(self.name(), 64, self.shape.numel())?;
        }
        Ok(smallvec![Type::new(dtype, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (keys, dtype) = (&inputs[0], inputs[0].ty().dtype);
        let out = Type::new(dtype, joined(&keys.ty().shape, &self.shape));
        let count = self.shape.numel();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let (key, number) = match counts_through(dtype) {
                true => (0, position),
                false => (position / count, position % count),
            };
            let key = key_words(keys.get(key), dtype);
            key_of(&self.child(&mut Plain, dtype, &key, split(number as u64)))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        // Axes of keys are axes of examples already; where keys share a stream, their order counts.
        let (keys, axis) = linear::example(inputs, axes)?;
        Ok(linear::batched(ops::bind1(cx, self.clone(), &[keys])?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let dtype = cx.input_type(0).dtype;
        let (key, number, limit) = stream(cx, index, &self.shape, counts_through(dtype))?;
        let b = cx.builder();
        let key = b.words_of_key(key);
        let mut words = Emitted(b);
        let number = words.position(number, limit);
        let child = self.child(&mut words, dtype, &key, number);
        Ok(b.key_of_words(dtype, &child))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    fn mixes_examples(&self, inputs: &[Type]) -> bool {
        counts_through(inputs[0].dtype)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample_keys;
        use crate::prims::sample::exact;
        let of = |dtype| {
            let split = move |shape: &[usize], keys: &[usize]| {
                let prim = RandomSplit { shape: shape.into(), is_original: false };
                exact(prim, vec![sample_keys(dtype, keys)])
            };
            let original = move |shape: &[usize], keys: &[usize]| {
                let prim = RandomSplit { shape: shape.into(), is_original: true };
                exact(prim, vec![sample_keys(dtype, keys)])
            };
            [
                split(&[2], &[]),
                split(&[], &[]),
                split(&[0], &[3]),
                split(&[3], &[0]),
                split(&[2, 3], &[2]),
                split(&[1], &[1, 2]),
                original(&[3], &[2]),
                original(&[2, 2], &[]),
                original(&[], &[]),
                original(&[0], &[2]),
            ]
        };
        super::key_types().flat_map(of).collect()
    }
}

/// For the element at an index of what comes of an array of keys: the key, the element's position among
/// those of the key, and how many there are; or the first key, and the position among all.
pub(super) fn stream(
    cx: &mut dyn Elements,
    index: &[ValueId],
    each: &Shape,
    through: bool,
) -> Result<(ValueId, ValueId, usize)> {
    let keys = cx.input_type(0).shape.clone();
    let (of_key, within) = index.split_at(keys.rank());
    if !through {
        let key = cx.operand(0, of_key)?;
        return Ok((key, index::ravel(cx.builder(), within, each), each.numel()));
    }
    let zero = cx.builder().index(0);
    let first: Index = of_key.iter().map(|_| zero).collect();
    let key = cx.operand(0, &first)?;
    let all = joined(&keys, each);
    Ok((key, index::ravel(cx.builder(), index, &all), all.numel()))
}

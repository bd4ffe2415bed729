//! Keys and the words that they are made of.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{KeyWords, ValueId};

use super::words::{Emitted, Words, key_of, key_words};
use super::{check_keys, impl_param, n_words, read_impl};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::index::Index;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_wrap(words)`: the keys with these words, `u32`, which lie along the last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomWrap {
    /// The type of the keys.
    pub keys: DType,
}

/// `random_unwrap(keys)`: the words of keys along a new last axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomUnwrap;

/// `random_clone(keys)`: the same keys, for programs that are checked for using keys twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomClone;

fn without_last(shape: &Shape) -> Shape {
    shape.without(shape.rank() - 1)
}

impl Primitive for RandomWrap {
    fn name(&self) -> &'static str {
        "random_wrap"
    }

    fn params(&self) -> Params {
        vec![("impl", impl_param(self.keys))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_wrap").then(|| Ok(RandomWrap { keys: read_impl(&read)? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let (words, n) = (&inputs[0], n_words(self.keys));
        if words.dtype != DType::U32 || words.shape.last() != Some(&n) {
            bail!(
                Dtype,
                "random_wrap needs u32[…,{n}] for keys of type {}, got {words}",
                self.keys
            );
        }
        Ok(smallvec![Type::new(self.keys, without_last(&words.shape))])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (words, n) = (&inputs[0], n_words(self.keys));
        let out = Type::new(self.keys, without_last(&words.ty().shape));
        Ok(smallvec![Literal::from_fn(out, |position| {
            let word = |k: usize| words.get(n * position + k).as_i64() as u32;
            key_of(&(0..n).map(word).collect::<SmallVec<[u32; 4]>>())
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let words = axes::to_front(cx, size, &inputs[0], axes[0])?;
        Ok(linear::batched(ops::bind1(cx, *self, &[words])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut at = Index::from_slice(index);
        let mut words = KeyWords::new();
        for k in 0..n_words(self.keys) {
            at.push(cx.builder().index(k as i64));
            words.push(cx.operand(0, &at)?);
            at.pop();
        }
        Ok(cx.builder().key_of_words(self.keys, &words))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, finite, hard};
        let of = |keys| {
            let (n, wrap) = (n_words(keys), move |words| exact(RandomWrap { keys }, vec![words]));
            [
                wrap(finite(DType::U32, &[n])),
                wrap(hard(DType::U32, &[2, 3, n])),
                wrap(finite(DType::U32, &[0, n])),
                wrap(finite(DType::U32, &[1, n])),
            ]
        };
        super::key_types().flat_map(of).collect()
    }
}

impl Primitive for RandomUnwrap {
    fn name(&self) -> &'static str {
        "random_unwrap"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        (name == "random_unwrap").then_some(Ok(RandomUnwrap))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let n = n_words(check_keys(self.name(), &inputs[0])?);
        let shape = inputs[0].shape.with(inputs[0].rank(), n);
        Ok(smallvec![Type::new(DType::U32, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (keys, dtype) = (&inputs[0], inputs[0].ty().dtype);
        let n = n_words(dtype);
        let out = Type::new(DType::U32, keys.ty().shape.with(keys.ty().rank(), n));
        Ok(smallvec![Literal::from_fn(out, |position| {
            Scalar::Uint(key_words(keys.get(position / n), dtype)[position % n].into())
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (keys, axis) = linear::example(inputs, axes)?;
        Ok(linear::batched(ops::bind1(cx, *self, &[keys])?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (of_key, which) = index.split_at(cx.input_type(0).rank());
        let key = cx.operand(0, of_key)?;
        let b = cx.builder();
        let words = b.words_of_key(key);
        if let Some(Scalar::Int(which)) = b.as_constant(which[0]) {
            return Ok(words[which as usize]);
        }
        let which = b.cast(which[0], DType::U32);
        Ok(Emitted(b).choose(which, &words))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        let shapes = [&[][..], &[2, 3], &[0], &[1]];
        of_keys(RandomUnwrap, &shapes)
    }
}

#[cfg(any(test, feature = "testing"))]
fn of_keys(prim: impl Into<crate::Prim>, shapes: &[&[usize]]) -> Vec<crate::prims::Sample> {
    let prim = prim.into();
    let all = super::key_types().flat_map(|keys| shapes.iter().map(move |shape| (keys, shape)));
    let input = |(keys, shape): (DType, &&[usize])| super::sample_keys(keys, shape);
    all.map(|of| crate::prims::sample::exact(prim.clone(), vec![input(of)])).collect()
}

impl Primitive for RandomClone {
    fn name(&self) -> &'static str {
        "random_clone"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        (name == "random_clone").then_some(Ok(RandomClone))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        check_keys(self.name(), &inputs[0])?;
        Ok(smallvec![inputs[0].clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        Ok(inputs.into())
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (keys, axis) = linear::example(inputs, axes)?;
        Ok(linear::batched(ops::bind1(cx, *self, &[keys])?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        cx.operand(0, index)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        of_keys(RandomClone, &[&[], &[2, 3], &[0]])
    }
}

//! Arrays of random bits.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use super::generator::{self, shares_stream};
use super::split::{joined, stream};
use super::words::{Emitted, Plain, Words, join, key_words, split};
use super::{CIPHER_COST, check_keys, original, original_param, read_original};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_bits(keys)`: for each key an array of random unsigned integers, along further axes. Fewer than
/// 32 bits are the low ones of 32.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomBits {
    /// 8, 16, 32 or 64.
    pub bit_width: u32,
    /// The shape for each key.
    pub shape: Shape,
    /// Whether this is done in JAX's first way (`jax_threefry_partitionable` off).
    pub is_original: bool,
}

impl RandomBits {
    /// Bits as high and low word, of which the low bits count.
    fn draw<W: Words>(
        &self,
        w: &mut W,
        keys: DType,
        key: &[W::Word],
        position: [W::Word; 2],
    ) -> [W::Word; 2] {
        if self.is_original && keys == DType::KeyFry {
            return original::bits(w, key, position[1], (self.bit_width, self.shape.numel()));
        }
        generator::bits(w, keys, key, position, self.bit_width == 64)
    }

    fn dtype(&self) -> Result<DType> {
        match self.bit_width {
            8 => Ok(DType::U8),
            16 => Ok(DType::U16),
            32 => Ok(DType::U32),
            64 => Ok(DType::U64),
            other => bail!(InvalidArgument, "random_bits gives 8, 16, 32 or 64 bits, not {other}"),
        }
    }
}

/// An unsigned integer of a type, from a high and a low word.
pub(super) fn join_values(b: &mut BodyBuilder, words: [ValueId; 2], dtype: DType) -> ValueId {
    if dtype != DType::U64 {
        return b.cast(words[1], dtype);
    }
    let [high, low] = words.map(|word| b.cast(word, dtype));
    let by = b.constant(dtype, Scalar::Uint(32));
    let high = b.op(ScalarOp::ShiftLeft, &[high, by]);
    b.op(ScalarOp::Or, &[high, low])
}

impl Primitive for RandomBits {
    fn name(&self) -> &'static str {
        "random_bits"
    }

    fn params(&self) -> Params {
        let mut params = vec![
            ("bit_width", Param::Int(self.bit_width.into())),
            ("shape", Param::sizes(&self.shape)),
        ];
        params.extend(original_param(self.is_original));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_bits").then(|| {
            let bit_width = u32::try_from(read.size("bit_width")?).unwrap_or(u32::MAX);
            let is_original = read_original(&read)?;
            Ok(RandomBits { bit_width, shape: read.sizes("shape")?, is_original })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        check_keys(self.name(), &inputs[0])?;
        let (shape, dtype) = (joined(&inputs[0].shape, &self.shape), self.dtype()?);
        axes::check_addressable(self.name(), &shape, dtype)?;
        if self.is_original && inputs[0].dtype == DType::KeyFry {
            original::check(self.name(), self.bit_width, self.shape.numel())?;
        }
        Ok(smallvec![Type::new(dtype, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (keys, dtype) = (&inputs[0], inputs[0].ty().dtype);
        let out = Type::new(self.dtype()?, joined(&keys.ty().shape, &self.shape));
        let (count, wide) = (self.shape.numel(), self.bit_width == 64);
        Ok(smallvec![Literal::from_fn(out.clone(), |position| {
            let (key, at) = match shares_stream(dtype) {
                true => (0, position),
                false => (position / count, position % count),
            };
            let key = key_words(keys.get(key), dtype);
            let [high, low] = self.draw(&mut Plain, dtype, &key, split(at as u64));
            Scalar::Uint(if wide { join([high, low]) } else { low.into() }).rounded(out.dtype)
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
        let (keys, dtype) = (cx.input_type(0).dtype, self.dtype()?);
        let (key, position, limit) = stream(cx, index, &self.shape, shares_stream(keys))?;
        let b = cx.builder();
        let key = b.words_of_key(key);
        let mut words = Emitted(b);
        let position = words.position(position, limit);
        let bits = self.draw(&mut words, keys, &key, position);
        Ok(join_values(b, bits, dtype))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    fn mixes_examples(&self, inputs: &[Type]) -> bool {
        shares_stream(inputs[0].dtype)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample_keys;
        use crate::prims::sample::exact;
        let of =
            |dtype| {
                let bits = move |bit_width, shape: &[usize], keys: &[usize]| {
                    let prim = RandomBits { bit_width, shape: shape.into(), is_original: false };
                    exact(prim, vec![sample_keys(dtype, keys)])
                };
                let original = move |bit_width, shape: &[usize], keys: &[usize]| {
                    let prim = RandomBits { bit_width, shape: shape.into(), is_original: true };
                    exact(prim, vec![sample_keys(dtype, keys)])
                };
                let mut samples: Vec<_> =
                    [8, 16, 32, 64].into_iter().map(|width| bits(width, &[2, 3], &[])).collect();
                samples.extend([
                    bits(32, &[], &[]),
                    bits(32, &[0], &[]),
                    bits(32, &[3], &[2]),
                    bits(64, &[], &[2]),
                    bits(16, &[2, 1], &[1, 3]),
                    bits(32, &[2], &[0]),
                ]);
                samples.extend([8, 16, 32, 64].into_iter().flat_map(|width| {
                    [original(width, &[7], &[2]), original(width, &[2, 4], &[])]
                }));
                samples.extend([original(32, &[], &[]), original(16, &[0], &[1])]);
                samples
            };
        super::key_types().flat_map(of).collect()
    }
}

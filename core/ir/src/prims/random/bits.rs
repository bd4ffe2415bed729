//! Arrays of random bits.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use super::{CIPHER_COST, as_word, cipher, threefry2x32};
use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_bits(key)`: for each key along the leading axes of a `u32[…,2]` array an array of random unsigned
/// integers. Element `i` (row-major) comes from the counter `(i >> 32, i)`: 32 bits are the exclusive or of
/// the two words, fewer the low bits of that, 64 both words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomBits {
    /// 8, 16, 32 or 64.
    pub bit_width: u32,
    /// The shape for each key.
    pub shape: Shape,
}

impl RandomBits {
    fn dtype(&self) -> Result<DType> {
        match self.bit_width {
            8 => Ok(DType::U8),
            16 => Ok(DType::U16),
            32 => Ok(DType::U32),
            64 => Ok(DType::U64),
            other => bail!(InvalidArgument, "random_bits gives 8, 16, 32 or 64 bits, not {other}"),
        }
    }

    /// The shape for some keys.
    fn full_shape(&self, keys: &Shape) -> Shape {
        let keys = keys.iter().take(keys.rank().saturating_sub(1));
        keys.chain(self.shape.iter()).copied().collect()
    }
}

/// The element from the two words that the cipher gives.
fn join(words: [u32; 2], bit_width: u32) -> Scalar {
    let [high, low] = words.map(u64::from);
    Scalar::Uint(if bit_width == 64 { high << 32 | low } else { high ^ low })
}

fn join_values(b: &mut BodyBuilder, words: [ValueId; 2], dtype: DType) -> ValueId {
    if dtype != DType::U64 {
        let word = b.op(ScalarOp::Xor, &words);
        return b.cast(word, dtype);
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
        vec![("bit_width", Param::Int(self.bit_width.into())), ("shape", Param::sizes(&self.shape))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_bits").then(|| {
            let bit_width = u32::try_from(read.size("bit_width")?).unwrap_or(u32::MAX);
            Ok(RandomBits { bit_width, shape: read.sizes("shape")? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let (keys, dtype) = (&inputs[0], self.dtype()?);
        if keys.dtype != DType::U32 || keys.shape.last() != Some(&2) {
            bail!(Dtype, "random_bits needs keys as u32[…,2], got {keys}");
        }
        let shape = self.full_shape(&keys.shape);
        axes::check_addressable(self.name(), &shape, dtype)?;
        Ok(smallvec![Type::new(dtype, shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let keys = &inputs[0];
        let out = Type::new(self.dtype()?, self.full_shape(&keys.ty().shape));
        let count = self.shape.numel();
        Ok(smallvec![Literal::from_fn(out, |position| {
            let (key, i) = (position / count, (position % count) as u64);
            let key = [0, 1].map(|word| as_word(keys.get(2 * key + word)));
            join(threefry2x32(key, [(i >> 32) as u32, i as u32]), self.bit_width)
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(self.clone(), cx, primals)
    }

    fn transpose(
        &self,
        _cx: Cx<'_>,
        _inputs: &[Operand],
        _cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        Err(not_linear(self))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        // Leading axes are examples already.
        let keys = axes::to_front(cx, size, &inputs[0], axes[0])?;
        Ok(linear::batched(ops::bind1(cx, self.clone(), &[keys])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let dtype = self.dtype()?;
        let (keys, within) = index.split_at(cx.input_type(0).rank() - 1);
        let mut at = Index::from_slice(keys);
        at.push(cx.builder().index(0));
        let first = cx.operand(0, &at)?;
        at[keys.len()] = cx.builder().index(1);
        let second = cx.operand(0, &at)?;
        let b = cx.builder();
        let position = index::ravel(b, within, &self.shape);
        let high = match u32::try_from(self.shape.numel()) {
            Ok(_) => b.index(0),
            Err(_) => {
                let by = b.index(32);
                b.op(ScalarOp::ShiftRightLogical, &[position, by])
            }
        };
        let counter = [high, position].map(|word| b.cast(word, DType::U32));
        let words = cipher(b, [first, second], counter);
        Ok(join_values(b, words, dtype))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, integers};
        let bits = |bit_width, shape: &[usize]| RandomBits { bit_width, shape: shape.into() };
        let key = || integers(DType::U32, [2], &[0, 42]);
        let keys = || integers(DType::U32, [2, 2], &[0, 1, 4_000_000_000, 7]);
        let every = |width| exact(bits(width, &[2, 3]), vec![key()]);
        let mut samples: Vec<_> = [8, 16, 32, 64].into_iter().map(every).collect();
        samples.extend([
            exact(bits(32, &[]), vec![key()]),
            exact(bits(32, &[0]), vec![key()]),
            exact(bits(32, &[3]), vec![keys()]),
            exact(bits(64, &[]), vec![keys()]),
        ]);
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prims::sample::integers;

    #[track_caller]
    fn check(bit_width: u32, shape: &[usize], key: [i64; 2], expected: &[u64]) {
        let bits = RandomBits { bit_width, shape: shape.into() };
        let got = bits.evaluate(&[integers(DType::U32, [2], &key)]).unwrap();
        let got: Vec<Scalar> = got[0].iter().collect();
        let expected: Vec<Scalar> = expected.iter().map(|&value| Scalar::Uint(value)).collect();
        assert_eq!(got, expected);
    }

    /// From `jax.random.bits` of JAX 0.10.2.
    #[test]
    fn bits_are_those_of_jax_at_each_width() {
        check(32, &[5], [0, 0], &[4070199207, 4202968722, 1427181096, 2012915765, 2447653815]);
    }
}

//! Keys from seeds.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

use super::words::{Emitted, Plain, Words, key_of, split};
use super::{CIPHER_COST, generator, impl_param, read_impl};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_seed(seeds)`: a key for each integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomSeed {
    /// The type of the keys.
    pub keys: DType,
}

/// Checks that these are integers which a key can be made of.
pub(super) fn check_integers(name: &str, what: &str, ty: &Type) -> Result<()> {
    if !ty.dtype.is_integer() || ty.dtype.is_narrow() {
        bail!(Dtype, "{name} needs integers as {what}, got {ty}");
    }
    Ok(())
}

/// An integer as two words, the high one first: that of integers of up to 32 bits is 0.
pub(super) fn long(value: Scalar, dtype: DType) -> [u32; 2] {
    let bits = match value {
        Scalar::Uint(value) => value,
        other => other.as_i64() as u64,
    };
    let [high, low] = split(bits);
    [if dtype.bits() == 64 { high } else { 0 }, low]
}

/// The same in a kernel.
pub(super) fn emit_long(b: &mut BodyBuilder, value: ValueId) -> [ValueId; 2] {
    let dtype = b.dtype(value);
    let high = if dtype.bits() == 64 {
        let places = b.constant(dtype, Scalar::Int(32));
        let high = b.op(ScalarOp::ShiftRightLogical, &[value, places]);
        b.cast(high, DType::U32)
    } else {
        Emitted(b).word(0)
    };
    [high, b.cast(value, DType::U32)]
}

impl Primitive for RandomSeed {
    fn name(&self) -> &'static str {
        "random_seed"
    }

    fn params(&self) -> Params {
        vec![("impl", impl_param(self.keys))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_seed").then(|| Ok(RandomSeed { keys: read_impl(&read)? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        check_integers(self.name(), "seeds", &inputs[0])?;
        Ok(smallvec![inputs[0].with_dtype(self.keys)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let from = inputs[0].ty();
        Ok(smallvec![nary::evaluate(&from.with_dtype(self.keys), inputs, |x| {
            key_of(&generator::seed(&mut Plain, self.keys, long(x[0], from.dtype)))
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
        let (seeds, axis) = linear::example(inputs, axes)?;
        Ok(linear::batched(ops::bind1(cx, *self, &[seeds])?, axis))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let seed = cx.operand(0, index)?;
        let b = cx.builder();
        let seed = emit_long(b, seed);
        let words = generator::seed(&mut Emitted(b), self.keys, seed);
        Ok(b.key_of_words(self.keys, &words))
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, hard, integers};
        let whole = |dtype: &DType| dtype.is_integer() && !dtype.is_narrow();
        let of = |keys| {
            let seed = move |input| exact(RandomSeed { keys }, vec![input]);
            let every = DType::ALL.into_iter().filter(whole);
            let mut samples: Vec<_> = every.map(|dtype| seed(hard(dtype, &[2, 3]))).collect();
            samples.extend([
                seed(integers(DType::I32, [], &[-1])),
                seed(integers(DType::I64, [], &[(1 << 32) + 5])),
                seed(integers(DType::I32, [0], &[])),
            ]);
            samples
        };
        super::key_types().flat_map(of).collect()
    }
}

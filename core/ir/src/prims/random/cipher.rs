//! Ciphers as elementwise primitives.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use super::CIPHER_COST;
use super::ciphers::{philox2x32, philox4x32, threefry2x32, threefry4x32};
use super::words::{Emitted, Plain, Words};
use crate::lower::{Elements, Lowering};
use crate::prims::Primitive;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, Tangent, Value};

/// A cipher, elementwise on `u32` operands of one shape: the words of the key, then those of the counter.
/// There is a result for each word of the counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cipher {
    /// `threefry2x32(k0, k1, c0, c1)`.
    Threefry2x32,
    /// `threefry4x32(k0, k1, k2, k3, c0, c1, c2, c3)`.
    Threefry4x32,
    /// `philox2x32(k0, c0, c1)`.
    Philox2x32,
    /// `philox4x32(k0, k1, c0, c1, c2, c3)`.
    Philox4x32,
}

impl Cipher {
    const ALL: [Cipher; 4] =
        [Cipher::Threefry2x32, Cipher::Threefry4x32, Cipher::Philox2x32, Cipher::Philox4x32];

    /// The words of the key, and those of the counter.
    fn n_words(self) -> (usize, usize) {
        match self {
            Cipher::Threefry2x32 => (2, 2),
            Cipher::Threefry4x32 => (4, 4),
            Cipher::Philox2x32 => (1, 2),
            Cipher::Philox4x32 => (2, 4),
        }
    }

    fn n_operands(self) -> usize {
        let (key, counter) = self.n_words();
        key + counter
    }

    /// The results, from as many words as there are operands.
    fn apply<W: Words>(self, w: &mut W, x: &[W::Word]) -> SmallVec<[W::Word; 4]> {
        match self {
            Cipher::Threefry2x32 => {
                SmallVec::from_slice(&threefry2x32(w, [x[0], x[1]], [x[2], x[3]]))
            }
            Cipher::Threefry4x32 => {
                threefry4x32(w, [x[0], x[1], x[2], x[3]], [x[4], x[5], x[6], x[7]]).into()
            }
            Cipher::Philox2x32 => SmallVec::from_slice(&philox2x32(w, x[0], [x[1], x[2]])),
            Cipher::Philox4x32 => philox4x32(w, [x[0], x[1]], [x[2], x[3], x[4], x[5]]).into(),
        }
    }
}

fn as_word(value: Scalar) -> u32 {
    match value {
        Scalar::Uint(value) => value as u32,
        other => other.as_i64() as u32,
    }
}

impl Primitive for Cipher {
    fn name(&self) -> &'static str {
        match self {
            Cipher::Threefry2x32 => "threefry2x32",
            Cipher::Threefry4x32 => "threefry4x32",
            Cipher::Philox2x32 => "philox2x32",
            Cipher::Philox4x32 => "philox4x32",
        }
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        Cipher::ALL.into_iter().find(|cipher| cipher.name() == name).map(Ok)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, self.n_operands())?;
        if let Some(ty) = inputs.iter().find(|ty| ty.dtype != DType::U32) {
            bail!(Dtype, "{} needs u32 operands, got {ty}", self.name());
        }
        let out = Type::new(DType::U32, nary::shape(self.name(), inputs)?);
        Ok(SmallVec::from_elem(out, self.n_words().1))
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: SmallVec<[Type; 8]> = inputs.iter().map(|x| x.ty().clone()).collect();
        let outs = self.output_types(&types)?;
        let result = |(k, out): (usize, &Type)| {
            nary::evaluate(out, inputs, |x| {
                let words: SmallVec<[u32; 8]> = x.iter().map(|&x| as_word(x)).collect();
                Scalar::Uint(self.apply(&mut Plain, &words)[k].into())
            })
        };
        Ok(outs.iter().enumerate().map(result).collect())
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
        nary::batch(&(*self).into(), cx, size, inputs, axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut words: SmallVec<[ValueId; 8]> = smallvec![];
        for k in 0..self.n_operands() {
            words.push(nary::operand(cx, k, index)?);
        }
        Ok(self.apply(&mut Emitted(cx.builder()), &words)[output])
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, hard, integers};
        let words = |values: &[i64]| integers(DType::U32, [values.len()], values);
        let scalar = |value| integers(DType::U32, [], &[value]);
        let of = |cipher: Cipher| {
            let (n_key, n) = (cipher.n_words().0, cipher.n_operands());
            let beside = |k: usize| if k < n_key { scalar(42) } else { words(&[0, k as i64]) };
            [
                exact(cipher, (0..n).map(|_| scalar(0)).collect()),
                exact(cipher, (0..n).map(beside).collect()),
                exact(cipher, (0..n).map(|_| hard(DType::U32, &[2, 3])).collect()),
                exact(cipher, (0..n).map(|_| hard(DType::U32, &[0])).collect()),
            ]
        };
        Cipher::ALL.into_iter().flat_map(of).collect()
    }
}

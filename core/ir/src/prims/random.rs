//! Counter-based random bits: Threefry-2x32 (Salmon et al., SC 2011), with JAX's partitionable counters.

mod bits;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, ScalarOp, ValueId};

pub use bits::RandomBits;

use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, not_linear};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value};

/// `threefry2x32(k0, k1, c0, c1)`: the cipher, elementwise on `u32` operands of one shape; two results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Threefry2x32;

/// By how much words rotate, in rounds of four: even and odd groups.
const ROTATIONS: [[u32; 4]; 2] = [[13, 15, 26, 6], [17, 29, 16, 24]];

/// What the third key word is mixed with (Skein's key schedule parity).
const PARITY: u32 = 0x1BD1_1BDA;

/// The cipher of a counter under a key.
fn threefry2x32(key: [u32; 2], counter: [u32; 2]) -> [u32; 2] {
    let keys = [key[0], key[1], key[0] ^ key[1] ^ PARITY];
    let [mut x, mut y] = [counter[0].wrapping_add(key[0]), counter[1].wrapping_add(key[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x = x.wrapping_add(y);
            y = y.rotate_left(rotation) ^ x;
        }
        x = x.wrapping_add(keys[(group + 1) % 3]);
        y = y.wrapping_add(keys[(group + 2) % 3]).wrapping_add(group as u32 + 1);
    }
    [x, y]
}

fn word(b: &mut BodyBuilder, value: u32) -> ValueId {
    b.constant(DType::U32, Scalar::Uint(value.into()))
}

fn rotate(b: &mut BodyBuilder, x: ValueId, by: u32) -> ValueId {
    let (left, right) = (word(b, by), word(b, 32 - by));
    let high = b.op(ScalarOp::ShiftLeft, &[x, left]);
    let low = b.op(ScalarOp::ShiftRightLogical, &[x, right]);
    b.op(ScalarOp::Or, &[high, low])
}

/// The same in a kernel, on `u32` values.
pub(super) fn cipher(
    b: &mut BodyBuilder,
    key: [ValueId; 2],
    counter: [ValueId; 2],
) -> [ValueId; 2] {
    let parity = word(b, PARITY);
    let mixed = b.op(ScalarOp::Xor, &key);
    let keys = [key[0], key[1], b.op(ScalarOp::Xor, &[mixed, parity])];
    let [mut x, mut y] = [b.add(counter[0], key[0]), b.add(counter[1], key[1])];
    for group in 0..5 {
        for rotation in ROTATIONS[group % 2] {
            x = b.add(x, y);
            y = rotate(b, y, rotation);
            y = b.op(ScalarOp::Xor, &[y, x]);
        }
        x = b.add(x, keys[(group + 1) % 3]);
        // The key word and the number of the group come in at once, so that constant keys fold.
        let number = word(b, group as u32 + 1);
        let key = b.add(keys[(group + 2) % 3], number);
        y = b.add(y, key);
    }
    [x, y]
}

/// Additions that the cipher costs: 20 rounds of six operations, and the key schedule.
const CIPHER_COST: u32 = 140;

fn as_word(value: Scalar) -> u32 {
    match value {
        Scalar::Uint(value) => value as u32,
        other => other.as_i64() as u32,
    }
}

impl Primitive for Threefry2x32 {
    fn name(&self) -> &'static str {
        "threefry2x32"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        (name == "threefry2x32").then_some(Ok(Threefry2x32))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 4)?;
        if let Some(ty) = inputs.iter().find(|ty| ty.dtype != DType::U32) {
            bail!(Dtype, "threefry2x32 needs u32 operands, got {ty}");
        }
        let out = Type::new(DType::U32, nary::shape(self.name(), inputs)?);
        Ok(smallvec![out.clone(), out])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: SmallVec<[Type; 4]> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let result = |k: usize| {
            nary::evaluate(&out, inputs, |x| {
                let [k0, k1, c0, c1] = [0, 1, 2, 3].map(|i| as_word(x[i]));
                Scalar::Uint(threefry2x32([k0, k1], [c0, c1])[k].into())
            })
        };
        Ok(smallvec![result(0), result(1)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        linear::no_tangent(*self, cx, primals)
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
        nary::batch(&(*self).into(), cx, size, inputs, axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, output: usize, index: &[ValueId]) -> Result<ValueId> {
        let mut words = [nary::operand(cx, 0, index)?; 4];
        for (k, word) in words.iter_mut().enumerate().skip(1) {
            *word = nary::operand(cx, k, index)?;
        }
        let [k0, k1, c0, c1] = words;
        Ok(cipher(cx.builder(), [k0, k1], [c0, c1])[output])
    }

    fn cost(&self) -> u32 {
        CIPHER_COST
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::sample::{exact, hard, integers};
        let words = |values: &[i64]| integers(DType::U32, [values.len()], values);
        let scalar = |value| integers(DType::U32, [], &[value]);
        vec![
            exact(Threefry2x32, vec![scalar(0), scalar(0), scalar(0), scalar(0)]),
            exact(Threefry2x32, vec![scalar(0), scalar(42), words(&[0, 0]), words(&[0, 1])]),
            exact(Threefry2x32, (0..4).map(|_| hard(DType::U32, &[2, 3])).collect()),
            exact(Threefry2x32, (0..4).map(|_| hard(DType::U32, &[0])).collect()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(key: [u32; 2], counter: [u32; 2], expected: [u32; 2]) {
        assert_eq!(threefry2x32(key, counter), expected);
    }

    /// From JAX 0.10.2: `split(key(0))`, `fold_in(key(0), 7)`.
    #[test]
    fn the_cipher_gives_the_known_answers() {
        check([0, 0], [0, 0], [1797259609, 2579123966]);
        check([0, 0], [0, 1], [928981903, 3453687069]);
        check([0, 0], [0, 7], [2716826189, 292468403]);
    }

    /// From the test vectors of the Random123 library.
    #[test]
    fn the_cipher_gives_its_authors_answers() {
        let ones = [u32::MAX; 2];
        check(ones, ones, [0x1cb9_96fc, 0xbb00_2be7]);
        check([0x1319_8a2e, 0x0370_7344], [0x243f_6a88, 0x85a3_08d3], [0xc492_3a9c, 0x483d_f7a0]);
    }
}

//! Uniform numbers from the generator of the process, which no key names.

use std::sync::atomic::{AtomicU64, Ordering};

use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Shape, SmallVec, Type};
use jaxrs_data::{bail, smallvec};

use super::generator::philox_bits;
use super::words::{Plain, join, split};
use crate::lower::{Lowering, Steps};
use crate::prims::{Primitive, callback, not_differentiable};
use crate::rules::{axes, nary};
use crate::{Batched, Cx, Effect, Jvp, Param, ParamReader, Params, Tangent, Value};

/// What the generator's stream begins with; that of a process is always the same, as XLA's is.
const STATE: [u32; 4] = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];

/// Words of the stream that are used up.
static USED: AtomicU64 = AtomicU64::new(0);

/// `rng_uniform(a, b)`: numbers of `[a, b)`, others with each run. Where `b <= a`, floats lie between the two,
/// and integers may be any.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RngUniform {
    /// The shape of the result.
    pub shape: Shape,
}

/// The element types that XLA draws on a CPU.
fn takes(dtype: DType) -> bool {
    use DType::{BF16, F16, F32, F64, I32, I64, U32, U64};
    matches!(dtype, I32 | I64 | U32 | U64 | F16 | BF16 | F32 | F64)
}

/// A number of `[a, b)` from random bits: 64, or 32 in the low end for types of less.
fn number(dtype: DType, bits: u64, a: Scalar, b: Scalar) -> Scalar {
    let wide = dtype.bits() == 64;
    if dtype.is_integer() {
        // The distance wraps as the type does; from a to a there are all integers.
        let span = b.to_bits(dtype).wrapping_sub(a.to_bits(dtype));
        let span = if wide { span } else { span & u64::from(u32::MAX) };
        let offset = bits.checked_rem(span).unwrap_or(bits);
        return Scalar::from_bits(dtype, a.to_bits(dtype).wrapping_add(offset));
    }
    let (a, b) = (a.as_f64(), b.as_f64());
    if wide {
        let unit = (bits >> 12) as f64 * 2f64.powi(-52);
        return Scalar::Float(unit * (b - a) + a);
    }
    let unit = (bits as u32 >> 9) as f32 * 2f32.powi(-23);
    Scalar::Float((unit * (b as f32 - a as f32) + a as f32).into()).rounded(dtype)
}

impl RngUniform {
    fn draw(&self, ends: &[Literal]) -> Result<Literal> {
        let ty = self.output_types(&[ends[0].ty().clone(), ends[1].ty().clone()])?.swap_remove(0);
        let (a, b, dtype) = (ends[0].get(0), ends[1].get(0), ty.dtype);
        let wide = dtype.bits() == 64;
        let first = USED.fetch_add(ty.numel() as u64 * 2, Ordering::Relaxed);
        Ok(Literal::from_fn(ty, |k| {
            // Places are counted in words of the wanted size.
            let place = if wide { first / 2 } else { first } + k as u64;
            let [high, low] = philox_bits(&mut Plain, &STATE, split(place), wide);
            let bits = if wide { join([high, low]) } else { low.into() };
            number(dtype, bits, a, b)
        }))
    }
}

impl Primitive for RngUniform {
    fn name(&self) -> &'static str {
        "rng_uniform"
    }

    fn params(&self) -> Params {
        vec![("shape", Param::sizes(&self.shape))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "rng_uniform").then(|| Ok(RngUniform { shape: read.sizes("shape")? }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let (a, b) = (&inputs[0], &inputs[1]);
        if a.dtype != b.dtype || !takes(a.dtype) {
            bail!(
                Dtype,
                "rng_uniform needs bounds of one type, a float or an integer of 32 or 64 bits, got {a} and {b}"
            );
        }
        if a.rank() + b.rank() > 0 {
            bail!(Shape, "rng_uniform needs scalar bounds, got {a} and {b}");
        }
        axes::check_addressable(self.name(), &self.shape, a.dtype)?;
        Ok(smallvec![a.with_shape(self.shape.clone()).with_weak(a.weak && b.weak)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        Ok(smallvec![self.draw(inputs)?])
    }

    fn effect(&self) -> Effect {
        Effect::Unordered
    }

    fn jvp(&self, _cx: Cx<'_>, _primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        Err(not_differentiable(self))
    }

    fn batch(
        &self,
        _cx: Cx<'_>,
        _size: usize,
        _inputs: &[Value],
        _axes: &[Option<usize>],
    ) -> Result<Batched> {
        Err(Error::new(
            ErrorKind::Unimplemented,
            format_args!("rng_uniform has no batching rule; jax.random.uniform draws from keys"),
        ))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let prim = self.clone();
        callback::steps(cx, self.name(), "", move |inputs, outputs| {
            let read = |k: usize| Literal::from_bytes(inputs[k].ty.clone(), inputs[k].bytes);
            outputs[0].bytes.copy_from_slice(prim.draw(&[read(0)?, read(1)?])?.bytes());
            Ok(())
        })
    }

    fn mixes_examples(&self, _inputs: &[Type]) -> bool {
        true
    }

    /// Of intervals that hold one number, so that it is known.
    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        for dtype in DType::ALL.into_iter().filter(|&dtype| takes(dtype)) {
            let scalar = |value| Literal::full(Type::scalar(dtype), Scalar::Float(value));
            for shape in [&[][..], &[3], &[2, 3], &[0, 2]] {
                let prim = RngUniform { shape: shape.into() };
                let end = if dtype.is_integer() { 8.0 } else { 7.0 };
                let inputs = vec![scalar(7.0), scalar(end)];
                samples.push(Sample { smooth: false, ..sample::exact(prim, inputs) });
            }
        }
        samples
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(dtype: DType, a: f64, b: f64) -> Vec<f64> {
        let scalar = |value| Literal::full(Type::scalar(dtype), Scalar::Float(value));
        let prim = RngUniform { shape: [4096].into() };
        prim.evaluate(&[scalar(a), scalar(b)]).unwrap()[0].to_f64s()
    }

    #[test]
    fn numbers_lie_evenly_between_the_bounds_and_differ_with_each_draw() {
        use DType::{F32, F64, I32, I64, U32, U64};
        for dtype in [F32, F64, I32, I64, U32, U64] {
            let (first, second) = (drawn(dtype, 10.0, 110.0), drawn(dtype, 10.0, 110.0));
            assert_ne!(first, second, "{dtype}");
            for numbers in [first, second] {
                assert!(numbers.iter().all(|&x| (10.0..110.0).contains(&x)), "{dtype}");
                // A tenth of 4096, and five standard deviations of it.
                for tenth in 0..10 {
                    let low = 10.0 + 10.0 * f64::from(tenth);
                    let n = numbers.iter().filter(|&&x| (low..low + 10.0).contains(&x)).count();
                    assert!((314..=506).contains(&n), "{dtype}: {n} of {low}");
                }
            }
        }
    }

    #[test]
    fn types_that_are_not_drawn_are_refused() {
        for dtype in [DType::Bool, DType::I8, DType::U16, DType::F8E5M2, DType::C64] {
            let ty = Type::scalar(dtype);
            let prim = RngUniform { shape: [2].into() };
            assert!(prim.output_types(&[ty.clone(), ty]).is_err(), "{dtype}");
        }
    }
}

//! The gamma distribution as a primitive, whose samples have derivatives by the shape.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use super::rejection::Gamma;
use super::split::{child, counts_through, stream};
use super::words::{Emitted, Plain, key_words, split};
use super::{CIPHER_COST, check_keys, original, original_param, read_original};
use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, Special, Unary};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `random_gamma(keys, a)`: a sample of shape `a` for each element of it; the leading axes are those of the
/// keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RandomGamma {
    /// Whether the results are logarithms of samples.
    pub log_space: bool,
    /// Whether keys are drawn from in JAX's first way (`jax_threefry_partitionable` off).
    pub is_original: bool,
}

/// The shape for each key.
fn each(keys: &Type, a: &Type) -> Shape {
    a.shape[keys.rank()..].iter().copied().collect()
}

impl RandomGamma {
    fn sampler(self, keys: &Type, a: &Type) -> Gamma {
        let (log_space, is_original) = (self.log_space, self.is_original);
        Gamma { keys: keys.dtype, dtype: a.dtype, log_space, is_original }
    }

    /// The derivative of samples by their shapes.
    fn slope(self, cx: Cx<'_>, a: &Value, sample: &Value) -> Result<Value> {
        if !self.log_space {
            return ops::bind1(cx, Special::RandomGammaGrad, &[a.clone(), sample.clone()]);
        }
        let sample = ops::unary(cx, Unary::Exp, sample)?;
        let zero = ops::scalar_like(&sample, 0.0);
        let is_zero = ops::compare(cx, jaxrs_kernel::Compare::Eq, &sample, &zero)?;
        let tiny = ops::scalar_like(&sample, tiny(sample.ty().dtype));
        let sample = ops::select(cx, &is_zero, &tiny, &sample)?;
        let slope = ops::bind1(cx, Special::RandomGammaGrad, &[a.clone(), sample.clone()])?;
        ops::div(cx, &slope, &sample)
    }
}

/// The smallest normal float.
fn tiny(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2f64.powi(-14),
        DType::F64 => f64::MIN_POSITIVE,
        _ => f32::MIN_POSITIVE.into(),
    }
}

impl Primitive for RandomGamma {
    fn name(&self) -> &'static str {
        "random_gamma"
    }

    fn params(&self) -> Params {
        let mut params = vec![("log_space", Param::Bool(self.log_space))];
        params.extend(original_param(self.is_original));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "random_gamma").then(|| {
            let is_original = read_original(&read)?;
            Ok(RandomGamma { log_space: read.bool("log_space")?, is_original })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let (keys, a) = (&inputs[0], &inputs[1]);
        check_keys(self.name(), keys)?;
        if !a.dtype.is_float() || a.dtype.bits() % 8 != 0 {
            bail!(Dtype, "random_gamma needs floats of at least 8 bits as shapes, got {a}");
        }
        if !a.shape.starts_with(&keys.shape) {
            bail!(Shape, "random_gamma needs shapes for each key, got {keys} and {a}");
        }
        if self.is_original && original::splits(keys.dtype) {
            original::check(self.name(), 64, each(keys, a).numel())?;
        }
        Ok(smallvec![a.clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (keys, a) = (&inputs[0], &inputs[1]);
        let (sampler, dtype) = (self.sampler(keys.ty(), a.ty()), keys.ty().dtype);
        let count = each(keys.ty(), a.ty()).numel();
        let of = self.is_original.then_some(count);
        Ok(smallvec![Literal::from_fn(a.ty().clone(), |position| {
            let (key, number) = match counts_through(dtype) {
                true => (0, position),
                false => (position / count, position % count),
            };
            let (key, number) = (key_words(keys.get(key), dtype), split(number as u64));
            let own = child(&mut Plain, dtype, &key, (number, of));
            Scalar::Float(sampler.sample(&mut Plain, &own, a.get(position).as_f64()))
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let sample = ops::bind1(cx, *self, primals)?;
        let tangent = tangents[1]
            .map(sample.ty(), |t| ops::mul(cx, t, &self.slope(cx, &primals[1], &sample)?))?;
        Ok(Jvp { primals: smallvec![sample], tangents: smallvec![tangent] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let keys = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let a = axes::to_front(cx, size, &inputs[1], axes[1])?;
        Ok(linear::batched(ops::bind1(cx, *self, &[keys, a])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Reduction
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (keys, a) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let through = counts_through(keys.dtype);
        let each = each(&keys, &a);
        let (key, number, limit) = stream(cx, index, &each, through)?;
        let alpha = cx.operand(1, index)?;
        let b = cx.builder();
        let alpha = b.cast(alpha, a.dtype.compute());
        let key = b.words_of_key(key);
        let words = &mut Emitted(b);
        let of = self.is_original.then(|| each.numel());
        let number = words.position(number, limit);
        let own = child(words, keys.dtype, &key, (number, of));
        let sample = self.sampler(&keys, &a).sample(words, &own, alpha);
        Ok(b.cast(sample, a.dtype))
    }

    fn cost(&self) -> u32 {
        20 * CIPHER_COST
    }

    fn mixes_examples(&self, inputs: &[Type]) -> bool {
        counts_through(inputs[0].dtype)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use super::sample_keys;
        use crate::prims::sample::between;
        use jaxrs_data::tolerance::Class;
        let sampled = |log_space, is_original, keys: Literal, a: Literal| crate::prims::Sample {
            prim: RandomGamma { log_space, is_original }.into(),
            inputs: vec![keys, a],
            class: Class::Accumulated,
            smooth: false,
        };
        let sample = |log_space, keys, a| sampled(log_space, false, keys, a);
        let of = |log_space| {
            let shapes = |dtype, shape: &[usize]| between(dtype, shape, (0.1, 5.0));
            let each_key = super::key_types().map(move |keys| {
                sample(log_space, sample_keys(keys, &[2]), shapes(DType::F32, &[2, 3]))
            });
            let floats = [DType::F16, DType::BF16, DType::F32, DType::F64];
            let each_float = floats.map(|dtype| {
                sample(log_space, sample_keys(DType::KeyFry, &[]), shapes(dtype, &[4]))
            });
            let empty =
                sample(log_space, sample_keys(DType::KeyFry, &[0]), shapes(DType::F32, &[0, 2]));
            let original = [DType::KeyFry, DType::KeyRbg].map(|keys| {
                sampled(log_space, true, sample_keys(keys, &[2]), shapes(DType::F64, &[2, 3]))
            });
            each_key.chain(each_float).chain([empty]).chain(original).collect::<Vec<_>>()
        };
        [false, true].into_iter().flat_map(of).collect()
    }
}

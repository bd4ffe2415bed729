//! Limiting operands, elementwise.

use jaxrs_data::{Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering};
use crate::prims::{Binary, Primitive};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Param, Tangent, Value, ops};

/// `clamp(low, x, high)`: `min(max(low, x), high)`; the bounds may be scalars. That of complex numbers has no
/// derivative, and goes by real parts alone, as XLA has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clamp;

impl Clamp {
    /// Where tangents of operand `k` go to the result: at the bounds themselves none does.
    fn is_chosen(cx: Cx<'_>, k: usize, [low, x, high]: [&Value; 3]) -> Result<Value> {
        let less = |a: &Value, b: &Value| ops::compare(cx, Compare::Lt, a, b);
        match k {
            0 => ops::binary(cx, Binary::And, &less(x, low)?, &less(low, high)?),
            1 => ops::binary(cx, Binary::And, &less(low, x)?, &less(x, high)?),
            _ => less(high, x),
        }
    }
}

/// The clamped number of which real parts decide; NaN gives the upper bound.
fn by_real_part(low: Scalar, x: Scalar, high: Scalar) -> Scalar {
    let raised = if low.as_f64() >= x.as_f64() { low } else { x };
    if raised.as_f64() <= high.as_f64() { raised } else { high }
}

impl Primitive for Clamp {
    fn name(&self) -> &'static str {
        "clamp"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Clamp>> {
        (name == "clamp").then_some(Ok(Clamp))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("clamp", inputs, 3)?;
        let dtype = nary::same_dtype("clamp", inputs)?;
        let shape = nary::shape("clamp", inputs)?;
        if dtype.is_key() {
            bail!(Dtype, "clamp does not take {}", inputs[1]);
        }
        if shape != inputs[1].shape {
            let [low, x, high] = [&inputs[0], &inputs[1], &inputs[2]];
            bail!(Shape, "clamp needs bounds of {x}'s shape or scalars, got {low} and {high}");
        }
        let weak = inputs.iter().all(|ty| ty.weak);
        Ok(smallvec![Type { dtype, weak, shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|lit| lit.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let (max, min) = (Binary::Max, Binary::Min);
        if out.dtype.is_complex() {
            return Ok(smallvec![nary::evaluate(&out, inputs, |x| by_real_part(x[0], x[1], x[2]))]);
        }
        Ok(smallvec![nary::evaluate(&out, inputs, |x| {
            min.value(out.dtype, max.value(out.dtype, x[0], x[1]), x[2])
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let mut sum = Tangent::Zero(y.ty().clone());
        for (k, tangent) in tangents.iter().enumerate() {
            let Tangent::Value(tangent) = tangent else { continue };
            let chosen = Clamp::is_chosen(cx, k, [&primals[0], &primals[1], &primals[2]])?;
            let zero = ops::scalar_like(tangent, 0.0);
            let term = ops::select(cx, &chosen, tangent, &zero)?;
            let term = ops::broadcast_in_dim(cx, &term, y.shape(), [])?;
            sum = sum.add(cx, &Tangent::Value(term))?;
        }
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![sum] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        // Batched bounds of an unbatched operand: it is repeated, so that it has the result's shape.
        if axes[1].is_some() {
            return nary::batch(&(*self).into(), cx, size, inputs, axes);
        }
        let (mut inputs, mut axes) = (inputs.to_vec(), axes.to_vec());
        let shape = inputs[1].shape().with(0, size);
        let dims = 1..=inputs[1].ty().rank();
        inputs[1] = ops::broadcast_in_dim(cx, &inputs[1], &shape, dims)?;
        axes[1] = Some(0);
        nary::batch(&(*self).into(), cx, size, &inputs, &axes)
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Elements
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        nary::element_with(cx, "clamp", 3, index, |b, args| {
            if b.dtype(args[1]).is_complex() {
                let real = |b: &mut BodyBuilder, z: ValueId| b.parts(z).0;
                let (low, x, high) = (real(b, args[0]), real(b, args[1]), real(b, args[2]));
                let is_low = b.compare(Compare::Ge, low, x);
                let raised = b.select(is_low, args[0], args[1]);
                let raised_real = b.select(is_low, low, x);
                let fits = b.compare(Compare::Le, raised_real, high);
                return b.select(fits, raised, args[2]);
            }
            let raised = b.op(ScalarOp::Max, &[args[0], args[1]]);
            b.op(ScalarOp::Min, &[raised, args[2]])
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::DType;
        use jaxrs_data::tolerance::Class;

        use crate::prims::sample;
        let takes = |dtype: DType| !dtype.is_key();
        let mut samples = sample::elementwise(Clamp, 3, takes, (-2.0, 1.7), Class::Exact, false);
        samples.retain(|sample| {
            let shape = |k: usize| &sample.inputs[k].ty().shape;
            shape(1).rank() > 0 || (shape(0).rank() == 0 && shape(2).rank() == 0)
        });
        let scalar = |value| Literal::scalar(DType::F32, Scalar::Float(value));
        let x = sample::between(DType::F32, &[2, 3], (-2.0, 2.0));
        samples.push(sample::exact(Clamp, vec![scalar(-1.0), x, scalar(0.7)]));
        samples
    }
}

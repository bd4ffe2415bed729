//! Running logarithms of sums of exponentials.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, ScalarOp, ValueId};

use super::tangent::{Dual, prefixes};
use super::{Line, scan_lines};
use crate::lower::{Lowering, Steps};
use crate::prims::{Binary, Primitive, Unary};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `cumlogsumexp`: the logarithm of the sum of the exponentials of all elements up to each one along an axis,
/// without overflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CumLogSumExp {
    /// Along which axis.
    pub axis: usize,
    /// Whether from the end.
    pub reverse: bool,
}

/// `ln(eˣ + eʸ)`. Infinities of one sign have no difference; their sum is the answer. Complex numbers go by
/// the one with the larger real part, and the angle is brought between −π and π, as JAX has it.
fn log_of_sum(x: Scalar, y: Scalar) -> Scalar {
    use std::f64::consts::PI;
    match (x, y) {
        (Scalar::Complex(a, b), Scalar::Complex(c, d)) => {
            let largest = Binary::Max.value(DType::C128, x, y).as_complex();
            let (re, im) = (a + c - 2.0 * largest.0, b + d - 2.0 * largest.1);
            let ratio = (re.exp() * im.cos(), re.exp() * im.sin());
            // ln |1 + z| without cancellation where z is small.
            let size = ratio.0.mul_add(2.0 + ratio.0, ratio.1 * ratio.1);
            let log = (0.5 * size.ln_1p(), ratio.1.atan2(1.0 + ratio.0));
            let angle = (largest.1 + log.1 + PI).rem_euclid(2.0 * PI) - PI;
            Scalar::Complex(largest.0 + log.0, angle)
        }
        _ => {
            let (x, y) = (x.as_f64(), y.as_f64());
            let delta = x - y;
            let sum = if x.is_nan() || y.is_nan() { f64::NAN } else { x.max(y) };
            Scalar::Float(if delta.is_nan() { x + y } else { sum + (-delta.abs()).exp().ln_1p() })
        }
    }
}

/// The same in a kernel.
fn log_of_sum_code(b: &mut BodyBuilder, x: ValueId, y: ValueId) -> ValueId {
    let dtype = b.dtype(x);
    let largest = b.op(ScalarOp::Max, &[x, y]);
    if dtype.is_complex() {
        let (sum, twice) = (b.add(x, y), b.add(largest, largest));
        let delta = b.op(ScalarOp::Sub, &[sum, twice]);
        let ratio = b.op(ScalarOp::Exp, &[delta]);
        let log = b.op(ScalarOp::Log1p, &[ratio]);
        let log = b.add(largest, log);
        let (re, im) = (b.op(ScalarOp::Re, &[log]), b.op(ScalarOp::Im, &[log]));
        let im = wrapped(b, im);
        return b.op(ScalarOp::Complex, &[re, im]);
    }
    let delta = b.op(ScalarOp::Sub, &[x, y]);
    let is_nan = b.compare(Compare::Ne, delta, delta);
    let distance = b.op(ScalarOp::Abs, &[delta]);
    let negative = b.op(ScalarOp::Neg, &[distance]);
    let ratio = b.op(ScalarOp::Exp, &[negative]);
    let log = b.op(ScalarOp::Log1p, &[ratio]);
    let (sum, total) = (b.add(x, y), b.add(largest, log));
    b.select(is_nan, sum, total)
}

/// The angle between −π and π.
fn wrapped(b: &mut BodyBuilder, angle: ValueId) -> ValueId {
    use std::f64::consts::PI;
    let dtype = b.dtype(angle);
    let mut constant = |value| b.constant(dtype, Scalar::Float(value));
    let (half, turn, zero) = (constant(PI), constant(2.0 * PI), constant(0.0));
    let shifted = b.add(angle, half);
    let rest = b.op(ScalarOp::Rem, &[shifted, turn]);
    let is_below = b.compare(Compare::Lt, rest, zero);
    let above = b.add(rest, turn);
    let rest = b.select(is_below, above, rest);
    b.op(ScalarOp::Sub, &[rest, half])
}

/// Two parts with their tangents combined: each tangent by the share of its part in the sum.
fn combine(cx: Cx<'_>, x: &Dual, y: &Dual) -> Result<Dual> {
    let sum = log_of_sum_ops(cx, &x.x, &y.x)?;
    let top = finite(cx, &sum)?;
    let share = |part: &Dual| -> Result<Value> {
        let log = ops::sub(cx, &finite(cx, &part.x)?, &top)?;
        ops::mul(cx, &part.dx, &ops::unary(cx, Unary::Exp, &log)?)
    };
    let dx = ops::add(cx, &share(x)?, &share(y)?)?;
    Ok(Dual { x: sum, dx })
}

/// The operand with 0 in the place of +∞, whose share would be that of NaN.
fn finite(cx: Cx<'_>, x: &Value) -> Result<Value> {
    let infinite = ops::compare(cx, Compare::Eq, x, &ops::scalar_like(x, f64::INFINITY))?;
    ops::select(cx, &infinite, &ops::full(cx, x.ty(), Scalar::Int(0))?, x)
}

fn log_of_sum_ops(cx: Cx<'_>, x: &Value, y: &Value) -> Result<Value> {
    let pair = |value: &Value| ops::expand_dim(cx, value, 0);
    let both = ops::concatenate(cx, &[pair(x)?, pair(y)?], 0)?;
    let prim = CumLogSumExp { axis: 0, reverse: false };
    let running = ops::bind1(cx, prim, &[both])?;
    ops::squeeze(cx, &ops::slice_in_dim(cx, &running, 0, 1, 2)?, [0])
}

impl Primitive for CumLogSumExp {
    fn name(&self) -> &'static str {
        "cumlogsumexp"
    }

    fn params(&self) -> Params {
        vec![("axis", Param::size(self.axis)), ("reverse", Param::Bool(self.reverse))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<CumLogSumExp>> {
        let read = ParamReader::new(name, params);
        (name == "cumlogsumexp").then(|| {
            let reverse = read.optional("reverse").is_some() && read.bool("reverse")?;
            Ok(CumLogSumExp { axis: read.size("axis")?, reverse })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, axis) = (self.name(), self.axis);
        nary::arity(name, inputs, 1)?;
        let x = &inputs[0];
        if !x.dtype.is_inexact() {
            bail!(Dtype, "{name} does not take {x}");
        }
        if axis >= x.rank() {
            bail!(InvalidArgument, "{name} needs an axis below {}, got {axis}", x.rank());
        }
        Ok(smallvec![x.clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let (axis, reverse) = (self.axis, self.reverse);
        let mut results: Vec<Scalar> = x.iter().collect();
        let (n, stride) = (x.ty().shape[axis], x.ty().shape.strides()[axis]);
        for start in (0..results.len()).filter(|start| (start / stride) % n == 0) {
            for step in 1..n {
                let at = |step: usize| start + stride * if reverse { n - 1 - step } else { step };
                results[at(step)] = log_of_sum(results[at(step - 1)], results[at(step)]);
            }
        }
        Ok(smallvec![Literal::from_scalars(x.ty().clone(), &results)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let tangent = tangents[0].map(y.ty(), |dx| {
            let all = Dual { x: primals[0].clone(), dx: dx.clone() };
            prefixes(cx, self.axis, self.reverse, &all, &|x, y| combine(cx, x, y))
        })?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, examples) = linear::example(inputs, axes)?;
        let axis = self.axis + usize::from(self.axis >= examples);
        Ok(linear::batched(ops::bind1(cx, CumLogSumExp { axis, ..*self }, &[x])?, examples))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let compute = nary::compute_dtype(cx.input_type(0).dtype);
        let nothing = Scalar::Float(f64::NEG_INFINITY).cast(compute);
        let line = Line { axis: self.axis, reverse: self.reverse, init: nothing };
        scan_lines(cx, self.name(), line, &|b, first, sum, element| {
            let next = log_of_sum_code(b, sum, element);
            b.select(first, element, next)
        })
    }

    fn cost(&self) -> u32 {
        40
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        let float = |dtype: &DType| dtype.is_inexact();
        for (shape, axis) in [(&[3, 4][..], 1), (&[5, 2], 0), (&[6], 0), (&[0, 3], 0), (&[1], 0)] {
            for reverse in [false, true] {
                let prim = CumLogSumExp { axis, reverse };
                let is_first = axis == 1 && !reverse;
                let tried = |dtype: &DType| is_first || *dtype == DType::F32;
                for dtype in DType::ALL.into_iter().filter(float).filter(tried) {
                    let sample = |x, smooth| Sample {
                        prim: prim.into(),
                        inputs: vec![x],
                        class: Class::Accumulated,
                        smooth,
                    };
                    samples.push(sample(sample::finite(dtype, shape), true));
                    if !dtype.is_complex() {
                        samples.push(sample(sample::hard(dtype, shape), false));
                    }
                }
            }
        }
        samples
    }
}

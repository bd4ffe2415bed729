//! Running reductions.

mod logsumexp;
mod tangent;

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, Compare, Lanes, LoopKind, ReduceOp, ScalarOp, ValueId};

pub use logsumexp::CumLogSumExp;

use crate::lower::{Lowering, Steps, identity};
use crate::prims::reduce::{combine, widest};
use crate::prims::{Primitive, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `cumsum`, `cumprod`, `cummax`, `cummin`: the reduction of all elements up to each one along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cumulative {
    /// How elements are combined: `Add`, `Mul`, `Max` or `Min`.
    pub op: ReduceOp,
    /// Along which axis.
    pub axis: usize,
    /// Whether from the end.
    pub reverse: bool,
}

const NAMES: [(ReduceOp, &str); 4] = [
    (ReduceOp::Add, "cumsum"),
    (ReduceOp::Mul, "cumprod"),
    (ReduceOp::Max, "cummax"),
    (ReduceOp::Min, "cummin"),
];

impl Cumulative {
    fn takes(self, dtype: DType) -> bool {
        match self.op {
            ReduceOp::Add | ReduceOp::Mul => dtype.is_number(),
            _ => dtype.is_number(),
        }
    }
}

impl Primitive for Cumulative {
    fn name(&self) -> &'static str {
        match self.op {
            ReduceOp::Add => "cumsum",
            ReduceOp::Mul => "cumprod",
            ReduceOp::Max => "cummax",
            ReduceOp::Min => "cummin",
            ReduceOp::And => "cumand",
            ReduceOp::Or => "cumor",
            ReduceOp::Xor => "cumxor",
        }
    }

    fn params(&self) -> Params {
        vec![("axis", Param::size(self.axis)), ("reverse", Param::Bool(self.reverse))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Cumulative>> {
        let (op, _) = NAMES.into_iter().find(|(_, known)| *known == name)?;
        let reader = ParamReader::new(name, params);
        let read = || {
            let reverse = reader.optional("reverse").is_some() && reader.bool("reverse")?;
            Ok(Cumulative { op, axis: reader.size("axis")?, reverse })
        };
        Some(read())
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let (name, axis) = (self.name(), self.axis);
        nary::arity(name, inputs, 1)?;
        let x = &inputs[0];
        if !NAMES.iter().any(|&(op, _)| op == self.op) {
            bail!(InvalidArgument, "there is no primitive {name}");
        }
        if !self.takes(x.dtype) {
            bail!(Dtype, "{name} does not take {x}");
        }
        if axis >= x.rank() {
            bail!(InvalidArgument, "{name} needs an axis below {}, got {axis}", x.rank());
        }
        Ok(smallvec![x.clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let (ty, wide) = (x.ty(), widest(x.ty().dtype));
        let (n, stride) = (ty.shape[self.axis], ty.shape.strides()[self.axis]);
        let mut results: Vec<Scalar> = x.iter().collect();
        for start in 0..ty.numel() {
            // Only from the first element of each line.
            if (start / stride) % n != 0 {
                continue;
            }
            let mut sum = identity(self.op, wide);
            for step in 0..n {
                let i = if self.reverse { n - 1 - step } else { step };
                let element = &mut results[start + i * stride];
                sum = combine(self.op, wide, sum, *element);
                *element = sum;
            }
        }
        Ok(smallvec![Literal::from_scalars(ty.clone(), &results)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        if self.op == ReduceOp::Add {
            return linear::jvp(*self, cx, primals, tangents);
        }
        let y = ops::bind1(cx, *self, primals)?;
        let tangent =
            tangents[0].map(y.ty(), |dx| tangent::cumulative(cx, *self, &primals[0], dx))?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        if self.op != ReduceOp::Add {
            return Err(not_linear(self));
        }
        let back = Cumulative { reverse: !self.reverse, ..*self };
        let transposed = |ct: &Value| ops::bind1(cx, back, std::slice::from_ref(ct));
        Ok(smallvec![cotangents[0].map(inputs[0].ty(), transposed)?])
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
        Ok(linear::batched(ops::bind1(cx, Cumulative { axis, ..*self }, &[x])?, examples))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let compute = nary::compute_dtype(cx.input_type(0).dtype);
        let init = identity(self.op, compute);
        let line = Line { axis: self.axis, reverse: self.reverse, init };
        scan_lines(cx, self.name(), line, &|b, _, sum, element| b.op(self.op.op(), &[sum, element]))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::{Sample, sample};
        let mut samples = Vec::new();
        for (op, _) in NAMES {
            let is_exact = matches!(op, ReduceOp::Max | ReduceOp::Min);
            let class = if is_exact { Class::Exact } else { Class::Accumulated };
            for (shape, axis) in
                [(&[3, 4][..], 1), (&[5, 2], 0), (&[6], 0), (&[0, 3], 0), (&[1], 0)]
            {
                for reverse in [false, true] {
                    let prim = Cumulative { op, axis, reverse };
                    for dtype in DType::ALL.into_iter().filter(|&dtype| prim.takes(dtype)) {
                        let sample = |x, smooth| Sample {
                            prim: prim.into(),
                            inputs: vec![x],
                            class,
                            smooth,
                        };
                        samples.push(sample(sample::finite(dtype, shape), true));
                        samples.push(sample(sample::hard(dtype, shape), false));
                    }
                }
            }
        }
        samples
    }
}

/// How lines of an array are gone along.
struct Line {
    axis: usize,
    reverse: bool,
    /// What comes before the first element.
    init: Scalar,
}

/// What an element makes of the results so far, given whether it is the first, them, and it.
type Next<'a> = &'a dyn Fn(&mut BodyBuilder, ValueId, ValueId, ValueId) -> ValueId;

/// One point for each line along an axis, which it goes along, storing as it goes.
fn scan_lines(cx: &mut dyn Steps, name: &str, line: Line, next: Next<'_>) -> Result<()> {
    let x = cx.input_type(0).clone();
    let (out, compute) = (cx.output(0), nary::compute_dtype(x.dtype));
    let (n, domain) = (x.shape[line.axis], x.shape.without(line.axis));
    cx.kernel(name, &domain, Lanes::Domain, &mut |cx, point| {
        let init = cx.builder().constant(compute, line.init);
        cx.counted(LoopKind::Sequential, n, &[init], &mut |cx, step, carried| {
            let b = cx.builder();
            let (last, zero) = (b.index(n as i64 - 1), b.index(0));
            let i = if line.reverse { b.op(ScalarOp::Sub, &[last, step]) } else { step };
            let mut at = Index::from_slice(point);
            at.insert(line.axis, i);
            let element = cx.operand(0, &at)?;
            let b = cx.builder();
            let element = b.cast(element, compute);
            let first = b.compare(Compare::Eq, step, zero);
            let sum = next(b, first, carried[0], element);
            let (position, stored) = (index::ravel(b, &at, &x.shape), b.cast(sum, x.dtype));
            b.store(out, position, stored, None);
            Ok(smallvec![sum])
        })?;
        Ok(())
    })
}

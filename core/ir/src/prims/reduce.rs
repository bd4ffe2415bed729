//! Reductions over axes.

mod tangent;

pub(super) use tangent::flat;

use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{ReduceOp, ValueId};

use crate::lower::{Elements, Lowering, reduction_start};
use crate::prims::{Binary, Primitive, not_linear};
use crate::rules::index::Index;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `reduce_sum`, `reduce_prod`, `reduce_max`, `reduce_min`, `reduce_and`, `reduce_or`, `reduce_xor`:
/// combines the elements along some axes, which disappear.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Reduce {
    /// How elements are combined.
    pub op: ReduceOp,
    /// Along which axes.
    pub axes: Axes,
}

const OPS: [ReduceOp; 7] = [
    ReduceOp::Add,
    ReduceOp::Mul,
    ReduceOp::Max,
    ReduceOp::Min,
    ReduceOp::And,
    ReduceOp::Or,
    ReduceOp::Xor,
];

fn name(op: ReduceOp) -> &'static str {
    match op {
        ReduceOp::Add => "reduce_sum",
        ReduceOp::Mul => "reduce_prod",
        ReduceOp::Max => "reduce_max",
        ReduceOp::Min => "reduce_min",
        ReduceOp::And => "reduce_and",
        ReduceOp::Or => "reduce_or",
        ReduceOp::Xor => "reduce_xor",
    }
}

fn takes(op: ReduceOp, dtype: DType) -> bool {
    match op {
        ReduceOp::Add | ReduceOp::Mul => dtype.is_number(),
        ReduceOp::Max | ReduceOp::Min => !dtype.is_key(),
        ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => dtype.is_bool() || dtype.is_integer(),
    }
}

/// Combines two elements of a type's kind.
pub(super) fn combine(op: ReduceOp, dtype: DType, x: Scalar, y: Scalar) -> Scalar {
    let op = match op {
        ReduceOp::Add => Binary::Add,
        ReduceOp::Mul => Binary::Mul,
        ReduceOp::Max => Binary::Max,
        ReduceOp::Min => Binary::Min,
        ReduceOp::And => Binary::And,
        ReduceOp::Or => Binary::Or,
        ReduceOp::Xor => Binary::Xor,
    };
    op.value(dtype, x, y)
}

/// The element type that evaluation accumulates in.
pub(super) fn widest(dtype: DType) -> DType {
    match dtype {
        DType::C64 => DType::C128,
        _ if dtype.is_float() => DType::F64,
        _ => dtype,
    }
}

impl Reduce {
    fn out_shape(&self, operand: &Shape) -> Shape {
        axes::others(operand.rank(), &[&self.axes]).iter().map(|&axis| operand[axis]).collect()
    }
}

impl Primitive for Reduce {
    fn name(&self) -> &'static str {
        name(self.op)
    }

    fn params(&self) -> Params {
        vec![("axes", Param::sizes(&self.axes))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Reduce>> {
        let op = OPS.into_iter().find(|&op| self::name(op) == name)?;
        let axes = axes::read(name, &ParamReader::new(name, params), "axes");
        Some(axes.map(|axes| Reduce { op, axes }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 1)?;
        let x = &inputs[0];
        if !takes(self.op, x.dtype) {
            bail!(Dtype, "{} does not take {x}", self.name());
        }
        axes::check_distinct(self.name(), "axes", &self.axes, x.rank())?;
        Ok(smallvec![x.with_shape(self.out_shape(&x.shape))])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = x.ty().with_shape(self.out_shape(&x.ty().shape));
        let wide = widest(out.dtype);
        let kept = axes::others(x.ty().rank(), &[&self.axes]);
        let mut results = vec![reduction_start(self.op, out.dtype); out.numel()];
        for (position, element) in x.iter().enumerate() {
            let index = x.ty().shape.unravel(position);
            let at: Index1 = kept.iter().map(|&axis| index[axis]).collect();
            let result = &mut results[out.shape.ravel(&at)];
            *result = combine(self.op, wide, *result, element);
        }
        Ok(smallvec![Literal::from_scalars(out, &results)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let x = &primals[0];
        let y = ops::bind1(cx, self.clone(), primals)?;
        let tangent = match self.op {
            ReduceOp::Add => {
                tangents[0].map(y.ty(), |dx| ops::reduce(cx, self.op, dx, self.axes.clone()))?
            }
            ReduceOp::Max | ReduceOp::Min => {
                tangents[0].map(y.ty(), |dx| tangent::chosen(cx, &self.axes, x, &y, dx))?
            }
            ReduceOp::Mul => {
                tangents[0].map(y.ty(), |dx| tangent::product(cx, &self.axes, x, dx))?
            }
            ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => Tangent::Zero(y.ty().clone()),
        };
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
        let operand = inputs[0].ty();
        let kept = axes::others(operand.rank(), &[&self.axes]);
        let spread = |ct: &Value| ops::broadcast_in_dim(cx, ct, &operand.shape, kept);
        Ok(smallvec![cotangents[0].map(operand, spread)?])
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, axis) = linear::example(inputs, axes)?;
        let axes = Axes::from_distinct(axes::bumped(&self.axes, axis));
        let n_before = axes.iter().filter(|&&reduced| reduced < axis).count();
        let y = ops::bind1(cx, Reduce { op: self.op, axes }, &[x])?;
        Ok(linear::batched(y, axis - n_before))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Reduction
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let x = cx.input_type(0).clone();
        let compute = nary::compute_dtype(x.dtype);
        let init = cx.builder().constant(compute, reduction_start(self.op, x.dtype));
        let sizes: SmallVec<[usize; 4]> = self.axes.iter().map(|&axis| x.shape[axis]).collect();
        let result = cx.reduce(self.op, init, &sizes, &mut |cx, reduced| {
            let (mut kept, mut reduced) = (index.iter(), reduced.iter());
            let axis_index = |axis: usize| {
                if self.axes.contains(&axis) { reduced.next() } else { kept.next() }
            };
            let at: Index = (0..x.rank()).filter_map(axis_index).copied().collect();
            let element = cx.operand(0, &at)?;
            Ok(cx.builder().cast(element, compute))
        })?;
        Ok(cx.builder().cast(result, x.dtype))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::tolerance::Class;

        use crate::prims::{Sample, sample};
        let shapes: [(&[usize], &[usize]); 6] = [
            (&[2, 3, 4], &[1]),
            (&[5], &[0]),
            (&[3, 2], &[0, 1]),
            (&[0, 3], &[0]),
            (&[4, 0], &[0]),
            (&[1, 3], &[0]),
        ];
        let mut samples = Vec::new();
        for op in OPS {
            let is_exact = !matches!(op, ReduceOp::Add | ReduceOp::Mul);
            let class = if is_exact { Class::Exact } else { Class::Accumulated };
            for dtype in DType::ALL.into_iter().filter(|&dtype| takes(op, dtype)) {
                for (shape, axes) in shapes {
                    let prim = Reduce { op, axes: Axes::from_distinct(axes.iter().copied()) };
                    let prim: crate::Prim = prim.into();
                    let sample =
                        |x, smooth| Sample { prim: prim.clone(), inputs: vec![x], class, smooth };
                    samples.push(sample(sample::finite(dtype, shape), !shape.contains(&0)));
                    samples.push(sample(sample::hard(dtype, shape), false));
                }
            }
        }
        samples
    }
}

/// Coordinates of one element.
type Index1 = SmallVec<[usize; 4]>;

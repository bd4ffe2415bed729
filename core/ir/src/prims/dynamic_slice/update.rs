//! Replacing a window at a position that is computed.

use jaxrs_data::{Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::Lanes;

use super::{
    DynamicSlice, batched_starts, check_starts, check_window, clamped, clamped_starts, zero_start,
};
use crate::lower::{Lowering, Steps};
use crate::prims::{IndexMode, Primitive, Scatter, ScatterKind};
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, Tangent, Value, ops};

/// `dynamic_update_slice(x, update, starts…)`: `x` with a window replaced; scalar integer starts, moved so
/// that the window fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DynamicUpdateSlice;

fn bind(cx: Cx<'_>, x: Value, update: Value, starts: &[Value]) -> Result<Value> {
    let mut operands: SmallVec<[Value; 4]> = smallvec![x, update];
    operands.extend(starts.iter().cloned());
    ops::bind1(cx, DynamicUpdateSlice, &operands)
}

impl Primitive for DynamicUpdateSlice {
    fn name(&self) -> &'static str {
        "dynamic_update_slice"
    }

    fn parse(name: &str, _params: &[(String, Param)]) -> Option<Result<Self>> {
        (name == "dynamic_update_slice").then_some(Ok(DynamicUpdateSlice))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let [x, update, starts @ ..] = inputs else {
            let got = inputs.len();
            bail!(
                InvalidArgument,
                "dynamic_update_slice takes an operand, an update and starts, got {got} operands"
            );
        };
        nary::same_dtype(self.name(), &inputs[..2])?;
        check_starts(self.name(), x, starts)?;
        check_window(self.name(), x, &update.shape)?;
        Ok(smallvec![x.clone()])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (x, update) = (&inputs[0], &inputs[1]);
        let window = &update.ty().shape;
        let starts = clamped(&x.ty().shape, window, &inputs[2..]);
        let mut elements: Vec<Scalar> = x.iter().collect();
        for (position, value) in update.iter().enumerate() {
            let mut index = window.unravel(position);
            index.iter_mut().zip(starts.iter()).for_each(|(i, start)| *i += start);
            elements[x.ty().shape.ravel(&index)] = value;
        }
        Ok(smallvec![Literal::from_scalars(x.ty().clone(), &elements)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let y = ops::bind1(cx, *self, primals)?;
        let (dx, update) = (tangents[0].instantiate(cx)?, tangents[1].instantiate(cx)?);
        let tangent = bind(cx, dx, update, &primals[2..])?;
        Ok(Jvp { primals: smallvec![y], tangents: smallvec![tangent.into()] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        let starts: SmallVec<[Value; 4]> =
            inputs[2..].iter().filter_map(Operand::known).cloned().collect();
        let mut result: SmallVec<[Tangent; 4]> =
            inputs.iter().map(|input| Tangent::Zero(input.ty().clone())).collect();
        let update = inputs[1].ty();
        if inputs[0].is_linear() {
            let zeros = ops::full(cx, update, Scalar::Int(0))?;
            result[0] = bind(cx, ct.clone(), zeros, &starts)?.into();
        }
        if inputs[1].is_linear() {
            let slice = DynamicSlice { slice_sizes: update.shape.clone() };
            let mut operands: SmallVec<[Value; 4]> = smallvec![ct.clone()];
            operands.extend(starts);
            result[1] = ops::bind1(cx, slice, &operands)?.into();
        }
        Ok(result)
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let starts = &inputs[2..];
        if axes[2..].iter().all(Option::is_none) {
            let x = axes::to_front(cx, size, &inputs[0], axes[0])?;
            let update = axes::to_front(cx, size, &inputs[1], axes[1])?;
            let mut starts: SmallVec<[Value; 4]> = starts.into();
            starts.insert(0, zero_start(&inputs[2..]));
            return Ok(linear::batched(bind(cx, x, update, &starts)?, 0));
        }
        let every: AxisList = (0..starts.len()).collect();
        let scatter = Scatter {
            kind: ScatterKind::Set,
            update_window_dims: every.clone(),
            inserted_window_dims: smallvec![],
            scatter_dims_to_operand_dims: every,
            operand_batching_dims: smallvec![],
            scatter_indices_batching_dims: smallvec![],
            mode: IndexMode::Clip,
            unique_indices: true,
        };
        let starts = batched_starts(cx, size, starts, &axes[2..])?;
        let operands = [inputs[0].clone(), starts, inputs[1].clone()];
        scatter.batch(cx, size, &operands, &[axes[0], Some(0), axes[1]])
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Update
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let (shape, window) = (cx.input_type(0).shape.clone(), cx.input_type(1).shape.clone());
        let out = cx.output(0);
        cx.kernel("dynamic_update_slice", &window, Lanes::Domain, &mut |elements, point| {
            let starts = clamped_starts(elements, &shape, &window, 2)?;
            let value = elements.operand(1, point)?;
            let b = elements.builder();
            let index: Index =
                starts.iter().zip(point).map(|(&start, &i)| b.add(start, i)).collect();
            let position = index::position(b, &index, &shape.strides());
            b.store(out, position, value, None);
            Ok(())
        })
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        use jaxrs_data::DType;

        use crate::prims::sample::{exact, finite, hard, integers};
        let update = |x: Literal, update: Literal, starts: &[i64]| {
            let starts = starts.iter().map(|&start| integers(DType::I32, [], &[start]));
            exact(DynamicUpdateSlice, [x, update].into_iter().chain(starts).collect())
        };
        let float = |shape: &[usize], window: &[usize], starts: &[i64]| {
            update(finite(DType::F32, shape), finite(DType::F32, window), starts)
        };
        let every = |dtype| crate::prims::Sample {
            smooth: false,
            ..update(finite(dtype, &[3, 4]), hard(dtype, &[2, 2]), &[1, 1])
        };
        let mut samples: Vec<_> = DType::ALL.into_iter().map(every).collect();
        samples.extend([
            float(&[4, 3], &[2, 3], &[9, 1]),
            float(&[2, 4], &[1, 2], &[-3, 2]),
            float(&[2, 4], &[0, 2], &[1, 1]),
            float(&[], &[], &[]),
        ]);
        samples
    }
}

//! The tangent of the largest or smallest elements of windows.

use jaxrs_data::{DType, Literal, Result, Scalar, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::ValueId;

use super::{each_tap, for_taps, least, read_select, select_param, stays, stays_value};
use crate::lower::{Elements, Lowering};
use crate::prims::{Primitive, SelectAndScatterAdd, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::sliding::Window;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `select_and_gather_add(tangents, operand)`: for each window the tangent of its first largest (or smallest)
/// element; zero where that is no more than −∞.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectAndGatherAdd {
    /// Whether the largest element is wanted.
    pub is_max: bool,
    /// The windows.
    pub window: Window,
}

impl SelectAndGatherAdd {
    fn bind(&self, cx: Cx<'_>, tangents: &Value, operand: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[tangents.clone(), operand.clone()])
    }
}

impl Primitive for SelectAndGatherAdd {
    fn name(&self) -> &'static str {
        "select_and_gather_add"
    }

    fn params(&self) -> Params {
        let mut params = self.window.params();
        params.insert(2, select_param(self.is_max));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "select_and_gather_add").then(|| {
            Ok(SelectAndGatherAdd { is_max: read_select(&read)?, window: Window::read(&read)? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 2)?;
        let dtype = nary::same_dtype(name, inputs)?;
        if !dtype.is_ordered() || inputs[0].shape != inputs[1].shape {
            let (tangents, operand) = (&inputs[0], &inputs[1]);
            bail!(
                Shape,
                "{name} needs tangents and operand of one real type, got {tangents} and {operand}"
            );
        }
        let shape = self.window.checked_shape(name, &inputs[0])?;
        axes::check_addressable(name, &shape, dtype)?;
        Ok(smallvec![Type { dtype, weak: inputs.iter().all(|ty| ty.weak), shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (tangents, operand) = (&inputs[0], &inputs[1]);
        let out = self.output_types(&[tangents.ty().clone(), operand.ty().clone()])?.swap_remove(0);
        let (shape, dtype) = (out.shape.clone(), out.dtype);
        Ok(smallvec![Literal::from_fn(out, |position| {
            let mut chosen = (least(self.is_max, dtype), Scalar::zero(dtype));
            for_taps(&self.window, &operand.ty().shape, &shape.unravel(position), |source| {
                let element = operand.at(source);
                if !stays_value(self.is_max, chosen.0, element) {
                    chosen = (element, tangents.at(source));
                }
            });
            chosen.1
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        linear::jvp(self.clone(), cx, primals, tangents)
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        match (&inputs[0], &inputs[1]) {
            (Operand::Linear(_), Operand::Known(operand)) => {
                let window = self.window.clone();
                let scatter = SelectAndScatterAdd { is_max: self.is_max, window };
                let tangents = ops::bind1(cx, scatter, &[ct.clone(), operand.clone()])?;
                Ok(linear::cotangents(inputs, tangents))
            }
            _ => Err(not_linear(self)),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let tangents = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let operand = axes::to_front(cx, size, &inputs[1], axes[1])?;
        let window = self.window.with_examples(0);
        let batched = SelectAndGatherAdd { is_max: self.is_max, window };
        Ok(linear::batched(batched.bind(cx, &tangents, &operand)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Reduction
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let x = cx.input_type(1).clone();
        let wide = index::wide(x.dtype);
        let nothing = cx.builder().constant(wide, least(self.is_max, x.dtype));
        let zero = cx.builder().constant(wide, Scalar::zero(wide));
        let mut taps = Index::new();
        let dimensions = &self.window.dimensions;
        let chosen =
            each_tap(cx, dimensions, &mut taps, &[nothing, zero], &mut |cx, tap, chosen| {
                let (place, mask) = self.window.place(cx.builder(), &x.shape, index, tap);
                let b = cx.builder();
                let mask = mask.unwrap_or_else(|| b.constant(DType::Bool, Scalar::Bool(true)));
                let element = cx.operand_where(1, &place, mask)?;
                let tangent = cx.operand_where(0, &place, mask)?;
                let b = cx.builder();
                let (element, tangent) = (b.cast(element, wide), b.cast(tangent, wide));
                let stays = stays(b, self.is_max, chosen[0], element);
                let goes = b.op(jaxrs_kernel::ScalarOp::Not, &[stays]);
                let goes = b.op(jaxrs_kernel::ScalarOp::And, &[goes, mask]);
                let next = [b.select(goes, element, chosen[0]), b.select(goes, tangent, chosen[1])];
                Ok(SmallVec::from_slice(&next))
            })?;
        Ok(cx.builder().cast(chosen[1], x.dtype))
    }

    fn cost(&self) -> u32 {
        4
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::gathers()
    }
}

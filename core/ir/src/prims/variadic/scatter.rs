//! Selection from windows by a program, and scattering by another.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BufferId, Compare, Lanes, ScalarOp, ValueId};

use super::fold::widened;
use super::{batch_one_by_one, combine, scalar_at};
use crate::lower::{Elements, Lowering, Steps};
use crate::prims::reduce_window::{covering, each_tap, n_candidates};
use crate::prims::{Primitive, RunProgram, not_differentiable};
use crate::rules::index::{self, Index};
use crate::rules::scalar_program::{self, Scalars};
use crate::rules::sliding::Window;
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jaxpr, Jvp, Param, ParamReader, Params, Tangent, Value, ops};

/// `select_and_scatter(operand, source, init)`: from each window an element is selected, the first that
/// `select(selected, other)` does not give up for a later one; at its place the element of `source` is combined
/// by `scatter(so far, source)` with what is there, in an array of initial values like `operand`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectAndScatter {
    /// Whether the element that is selected stays, given another.
    pub select_jaxpr: Arc<Jaxpr>,
    /// How elements of `source` are combined with what is there.
    pub scatter_jaxpr: Arc<Jaxpr>,
    /// The windows.
    pub window: Window,
}

impl SelectAndScatter {
    /// The place of the element that is selected from a window, if there is any.
    fn selected(
        &self,
        operand: &Literal,
        at: &[usize],
        run: RunProgram<'_>,
    ) -> Result<Option<Shape>> {
        let taps = Shape::new(&self.window.dimensions);
        let mut selected: Option<(Literal, Shape)> = None;
        for tap in 0..taps.numel() {
            let source = self.window.source(&operand.ty().shape, at, &taps.unravel(tap));
            let Some(place) = source else { continue };
            let other = scalar_at(operand, &place);
            if let Some((value, _)) = &selected {
                let values = std::slice::from_ref(value);
                let stays = combine(&self.select_jaxpr, values, [other.clone()].into_iter(), run)?;
                if stays[0].get(0) == Scalar::Bool(true) {
                    continue;
                }
            }
            selected = Some((other, place));
        }
        Ok(selected.map(|(_, place)| place))
    }

    /// For each window the position of the element that is selected from it, or −1.
    fn push_choices(&self, cx: &mut dyn Steps, choices: BufferId, dtype: DType) -> Result<()> {
        let (operand, source) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let (window, wide) = (&self.window, index::wide(operand.dtype));
        cx.kernel("choices", &source.shape, Lanes::Domain, &mut |cx, point| {
            let b = cx.builder();
            let zero = b.constant(wide, Scalar::zero(wide));
            let nowhere = b.constant(dtype, Scalar::Int(-1));
            let mut taps = Index::new();
            let body = &mut |cx: &mut dyn Elements, tap: &[ValueId], chosen: &[ValueId]| {
                let (place, mask) = window.place(cx.builder(), &operand.shape, point, tap);
                let element = match mask {
                    Some(mask) => cx.operand_where(0, &place, mask)?,
                    None => cx.operand(0, &place)?,
                };
                let value = cx.builder().cast(chosen[0], operand.dtype);
                let stays = scalar_program::emit(cx, &self.select_jaxpr, &[value, element])?[0];
                let b = cx.builder();
                let position = index::ravel(b, &place, &operand.shape);
                let position = b.cast(position, dtype);
                let element = widened(b, element);
                // The first element is selected whatever it is, and no padding ever.
                let is_first = b.compare(Compare::Eq, chosen[1], nowhere);
                let goes = b.op(ScalarOp::Not, &[stays]);
                let goes = b.op(ScalarOp::Or, &[is_first, goes]);
                let goes = index::and(b, mask, goes).unwrap_or(goes);
                let next =
                    [b.select(goes, element, chosen[0]), b.select(goes, position, chosen[1])];
                Ok(Scalars::from_slice(&next))
            };
            let chosen = each_tap(cx, &window.dimensions, &mut taps, &[zero, nowhere], body)?;
            let b = cx.builder();
            let position = index::ravel(b, point, &source.shape);
            b.store(choices, position, chosen[1], None);
            Ok(())
        })
    }

    /// Each element of the result: what windows give that selected it, combined in their order.
    fn push_results(&self, cx: &mut dyn Steps, choices: BufferId, dtype: DType) -> Result<()> {
        let (operand, source, out) =
            (cx.input_type(0).clone(), cx.input_type(1).clone(), cx.output(0));
        let axes = self.window.axes(&operand.shape);
        let candidates: Vec<usize> = axes.iter().map(n_candidates).collect();
        cx.kernel(self.name(), &operand.shape, Lanes::Domain, &mut |cx, point| {
            let b = cx.builder();
            let own = index::ravel(b, point, &operand.shape);
            let own = b.cast(own, dtype);
            let init = cx.operand(2, &[])?;
            let init = widened(cx.builder(), init);
            let mut back = Index::new();
            let body = &mut |cx: &mut dyn Elements, nth: &[ValueId], so_far: &[ValueId]| {
                let b = cx.builder();
                // Candidates count backwards from the last window.
                let back: Index = nth
                    .iter()
                    .zip(&candidates)
                    .map(|(&i, &n)| {
                        let last = b.index(n as i64 - 1);
                        b.op(ScalarOp::Sub, &[last, i])
                    })
                    .collect();
                let (at, mask) = covering(b, &axes, &source.shape, point, &back);
                let position = index::ravel(b, &at, &source.shape);
                let choice = b.load(choices, dtype, position, mask);
                let is_chosen = b.compare(Compare::Eq, choice, own);
                let is_chosen = index::and(b, mask, is_chosen).unwrap_or(is_chosen);
                let given = cx.operand_where(1, &at, is_chosen)?;
                let value = cx.builder().cast(so_far[0], operand.dtype);
                let next = scalar_program::emit(cx, &self.scatter_jaxpr, &[value, given])?[0];
                let b = cx.builder();
                let next = widened(b, next);
                Ok(Scalars::from_slice(&[b.select(is_chosen, next, so_far[0])]))
            };
            let result = each_tap(cx, &candidates, &mut back, &[init], body)?[0];
            let b = cx.builder();
            let position = index::ravel(b, point, &operand.shape);
            let result = b.cast(result, operand.dtype);
            b.store(out, position, result, None);
            Ok(())
        })
    }
}

impl Primitive for SelectAndScatter {
    fn name(&self) -> &'static str {
        "select_and_scatter"
    }

    fn params(&self) -> Params {
        let mut params = self.window.params();
        params.insert(2, ("scatter_jaxpr", Param::Jaxpr(self.scatter_jaxpr.clone())));
        params.insert(3, ("select_jaxpr", Param::Jaxpr(self.select_jaxpr.clone())));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "select_and_scatter").then(|| {
            Ok(SelectAndScatter {
                select_jaxpr: read.jaxpr("select_jaxpr")?,
                scatter_jaxpr: read.jaxpr("scatter_jaxpr")?,
                window: Window::read(&read)?,
            })
        })
    }

    fn programs(&self) -> SmallVec<[&Arc<Jaxpr>; 2]> {
        smallvec![&self.select_jaxpr, &self.scatter_jaxpr]
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 3)?;
        let dtype = nary::same_dtype(name, inputs)?;
        let (operand, source, init) = (&inputs[0], &inputs[1], &inputs[2]);
        let (pair, scalar) = ([Type::scalar(dtype), Type::scalar(dtype)], Type::scalar(dtype));
        let truth = Type::scalar(DType::Bool);
        scalar_program::check(name, "selection", &self.select_jaxpr, &pair, &[truth])?;
        scalar_program::check(name, "scatter", &self.scatter_jaxpr, &pair, &[scalar])?;
        let windows = self.window.checked_shape(name, operand)?;
        if windows != source.shape || init.rank() != 0 {
            bail!(
                Shape,
                "{name} needs an element of source for each of {windows} windows of {operand} and a scalar, got {source} and {init}"
            );
        }
        Ok(smallvec![operand.with_weak(false)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        self.evaluate_with(inputs, &mut crate::evaluate::evaluate)
    }

    fn evaluate_with(
        &self,
        inputs: &[Literal],
        run: RunProgram<'_>,
    ) -> Result<SmallVec<[Literal; 2]>> {
        let types: Vec<Type> = inputs.iter().map(|x| x.ty().clone()).collect();
        let out = self.output_types(&types)?.swap_remove(0);
        let (operand, source) = (&inputs[0], &inputs[1]);
        let mut elements = vec![vec![inputs[2].clone()]; out.numel()];
        for position in 0..source.len() {
            let at = source.ty().shape.unravel(position);
            if let Some(place) = self.selected(operand, &at, run)? {
                let so_far = &mut elements[out.shape.ravel(&place)];
                let given = [scalar_at(source, &at)].into_iter();
                *so_far = combine(&self.scatter_jaxpr, so_far, given, run)?;
            }
        }
        Ok(super::gathered(&[out], &elements))
    }

    fn jvp(&self, _cx: Cx<'_>, _primals: &[Value], _tangents: &[Tangent]) -> Result<Jvp> {
        Err(not_differentiable(self))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        if axes[2].is_some() {
            return batch_one_by_one(cx, &self.clone().into(), size, inputs, axes);
        }
        let operand = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let source = axes::to_front(cx, size, &inputs[1], axes[1])?;
        let batched = SelectAndScatter { window: self.window.with_examples(0), ..self.clone() };
        let result = ops::bind1(cx, batched, &[operand, source, inputs[2].clone()])?;
        Ok(linear::batched(result, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let operand = cx.input_type(0).numel();
        let dtype = if i32::try_from(operand).is_ok() { DType::I32 } else { DType::I64 };
        let len = cx.input_type(1).numel();
        let choices = cx.scratch(dtype, len);
        self.push_choices(cx, choices, dtype)?;
        self.push_results(cx, choices, dtype)
    }

    fn cost(&self) -> u32 {
        self.scatter_jaxpr.eqns.len() as u32
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::scatters()
    }
}

//! The cotangent of the largest or smallest elements of windows.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, BufferId, Compare, Lanes, ReduceOp, ScalarOp, ValueId};

use super::{each_tap, least, read_select, select_param, stays, stays_value};
use crate::lower::{Elements, Lowering, Steps};
use crate::prims::reduce::{combine, widest};
use crate::prims::{Primitive, SelectAndGatherAdd, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::sliding::{Sliding, Window};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `select_and_scatter_add(source, operand)`: for each window the element of `source` is added to the place of
/// the window's first largest (or smallest) element, in an array of zeros like `operand`. Padding and gaps count
/// as elements that any other is chosen over. (JAX's primitive has no gaps.)
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectAndScatterAdd {
    /// Whether the largest element is wanted.
    pub is_max: bool,
    /// The windows.
    pub window: Window,
}

impl SelectAndScatterAdd {
    fn bind(&self, cx: Cx<'_>, source: &Value, operand: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[source.clone(), operand.clone()])
    }

    /// The place of the element that is chosen from a window; none if that is padding.
    fn chosen(&self, operand: &Literal, at: &[usize]) -> Option<Shape> {
        let (taps, ty) = (Shape::new(&self.window.dimensions), operand.ty());
        let mut chosen: Option<(Scalar, Option<Shape>)> = None;
        for tap in 0..taps.numel() {
            let place = self.window.source(&ty.shape, at, &taps.unravel(tap));
            let other = place.as_ref().map_or(least(self.is_max, ty.dtype), |p| operand.at(p));
            match &chosen {
                Some((value, _)) if stays_value(self.is_max, *value, other) => {}
                _ => chosen = Some((other, place)),
            }
        }
        chosen.and_then(|(_, place)| place)
    }

    /// For each window the position of the element that is chosen from it, or −1.
    fn push_choices(&self, cx: &mut dyn Steps, choices: BufferId, dtype: DType) -> Result<()> {
        let (source, operand) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let (window, wide) = (&self.window, index::wide(operand.dtype));
        cx.kernel("choices", &source.shape, Lanes::Domain, &mut |cx, point| {
            let b = cx.builder();
            let least = b.constant(wide, least(self.is_max, operand.dtype));
            let nowhere = b.constant(dtype, Scalar::Int(-1));
            let start = [least, nowhere];
            let mut taps = Index::new();
            let body = &mut |cx: &mut dyn Elements, tap: &[ValueId], chosen: &[ValueId]| {
                let (place, mask) = window.place(cx.builder(), &operand.shape, point, tap);
                let element = match mask {
                    Some(mask) => cx.operand_where(1, &place, mask)?,
                    None => cx.operand(1, &place)?,
                };
                let b = cx.builder();
                let position = index::ravel(b, &place, &operand.shape);
                let (mut element, mut position) = (b.cast(element, wide), b.cast(position, dtype));
                if let Some(mask) = mask {
                    element = b.select(mask, element, least);
                    position = b.select(mask, position, nowhere);
                }
                let mut stays = stays(b, self.is_max, chosen[0], element);
                // The first tap is chosen whatever it is.
                let first = is_first(b, tap);
                let later = b.op(ScalarOp::Not, &[first]);
                stays = b.op(ScalarOp::And, &[stays, later]);
                let next =
                    [b.select(stays, chosen[0], element), b.select(stays, chosen[1], position)];
                Ok(SmallVec::from_slice(&next))
            };
            let chosen = each_tap(cx, &window.dimensions, &mut taps, &start, body)?;
            let b = cx.builder();
            let position = index::ravel(b, point, &source.shape);
            b.store(choices, position, chosen[1], None);
            Ok(())
        })
    }

    /// Each element of the result: the sum of what windows give that chose it.
    fn push_sums(&self, cx: &mut dyn Steps, choices: BufferId, dtype: DType) -> Result<()> {
        let (source, operand) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let (out, compute) = (cx.output(0), index::wide(operand.dtype));
        let op = if compute.is_bool() { ReduceOp::Or } else { ReduceOp::Add };
        let axes = self.window.axes(&operand.shape);
        let candidates: Vec<usize> = axes.iter().map(n_candidates).collect();
        cx.kernel(self.name(), &operand.shape, Lanes::Domain, &mut |cx, point| {
            let b = cx.builder();
            let own = index::ravel(b, point, &operand.shape);
            let own = b.cast(own, dtype);
            let zero = b.constant(compute, Scalar::zero(compute));
            let sum = cx.reduce(op, zero, &candidates, &mut |cx, back| {
                let (at, mask) = covering(cx.builder(), &axes, &source.shape, point, back);
                let b = cx.builder();
                let position = index::ravel(b, &at, &source.shape);
                let choice = b.load(choices, dtype, position, mask);
                let is_chosen = b.compare(Compare::Eq, choice, own);
                let is_chosen = index::and(b, mask, is_chosen).unwrap_or(is_chosen);
                let given = cx.operand_where(0, &at, is_chosen)?;
                let given = cx.builder().cast(given, compute);
                // What is masked out is zero already, where there is one.
                let has_zero = operand.dtype != DType::F8E8M0Fnu;
                Ok(if has_zero { given } else { cx.builder().select(is_chosen, given, zero) })
            })?;
            let b = cx.builder();
            let (position, sum) =
                (index::ravel(b, point, &operand.shape), b.cast(sum, operand.dtype));
            b.store(out, position, sum, None);
            Ok(())
        })
    }
}

/// Whether all counters are at their start.
fn is_first(b: &mut BodyBuilder, tap: &[ValueId]) -> ValueId {
    let zero = b.index(0);
    let mut first = b.constant(DType::Bool, Scalar::Bool(true));
    for &tap in tap {
        let starts = b.compare(Compare::Eq, tap, zero);
        first = b.op(ScalarOp::And, &[first, starts]);
    }
    first
}

/// How many windows may lie over one element. Where taps have gaps there is one for each tap.
pub(in crate::prims) fn n_candidates(axis: &Sliding) -> usize {
    match axis.window_dilation {
        1 => axis.window.div_ceil(axis.stride),
        _ => axis.window,
    }
}

/// One of the windows that may lie over an element. The mask tells whether it is there and does.
pub(in crate::prims) fn covering(
    b: &mut BodyBuilder,
    axes: &[Sliding],
    windows: &[usize],
    point: &[ValueId],
    candidate: &[ValueId],
) -> (Index, Option<ValueId>) {
    let (mut at, mut mask) = (Index::new(), None);
    for (k, axis) in axes.iter().enumerate() {
        let element = index::scale(b, point[k], axis.base_dilation);
        let padded = index::offset(b, element, axis.padding.0);
        let (stride, zero) = (b.index(axis.stride as i64), b.index(0));
        // Either so many windows before the last that begins here, or the one whose tap of this number is here.
        let is_dense = axis.window_dilation == 1;
        let tap = index::scale(b, candidate[k], axis.window_dilation);
        let before = b.op(ScalarOp::Sub, &[padded, tap]);
        let first = if is_dense { padded } else { before };
        let mut window = b.op(ScalarOp::Div, &[first, stride]);
        if is_dense {
            window = b.op(ScalarOp::Sub, &[window, candidate[k]]);
        }
        let begins = b.compare(Compare::Ge, first, zero);
        mask = index::and(b, mask, begins);
        let exists = index::within(b, window, windows[k].max(1) - 1);
        mask = index::and(b, mask, exists);
        let start = b.mul(window, stride);
        let covers = if is_dense {
            let (tap, end) = (b.op(ScalarOp::Sub, &[padded, start]), b.index(axis.window as i64));
            b.compare(Compare::Lt, tap, end)
        } else {
            b.compare(Compare::Eq, start, first)
        };
        mask = index::and(b, mask, covers);
        if windows[k] == 0 {
            let never = b.constant(DType::Bool, Scalar::Bool(false));
            mask = index::and(b, mask, never);
        }
        at.push(window);
    }
    (at, mask)
}

impl Primitive for SelectAndScatterAdd {
    fn name(&self) -> &'static str {
        "select_and_scatter_add"
    }

    fn params(&self) -> Params {
        let mut params = self.window.params();
        params.insert(2, select_param(self.is_max));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "select_and_scatter_add").then(|| {
            Ok(SelectAndScatterAdd { is_max: read_select(&read)?, window: Window::read(&read)? })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 2)?;
        let dtype = nary::same_dtype(name, inputs)?;
        let (source, operand) = (&inputs[0], &inputs[1]);
        if !dtype.is_ordered() {
            bail!(Dtype, "{name} does not take {operand}");
        }
        let windows = self.window.checked_shape(name, operand)?;
        if windows != source.shape {
            bail!(
                Shape,
                "{name} needs an element of source for each of {windows} windows of {operand}, got {source}"
            );
        }
        Ok(smallvec![operand.with_weak(inputs.iter().all(|ty| ty.weak))])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (source, operand) = (&inputs[0], &inputs[1]);
        let types = [source.ty().clone(), operand.ty().clone()];
        let out = self.output_types(&types)?.swap_remove(0);
        let wide = widest(out.dtype);
        let op = if wide.is_bool() { ReduceOp::Or } else { ReduceOp::Add };
        let mut sums = vec![Scalar::zero(wide); out.numel()];
        for position in 0..source.len() {
            let at = types[0].shape.unravel(position);
            if let Some(place) = self.chosen(operand, &at) {
                let sum = &mut sums[out.shape.ravel(&place)];
                *sum = combine(op, wide, *sum, source.get(position));
            }
        }
        Ok(smallvec![Literal::from_scalars(out, &sums)])
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
                let gather =
                    SelectAndGatherAdd { is_max: self.is_max, window: self.window.clone() };
                let source = ops::bind1(cx, gather, &[ct.clone(), operand.clone()])?;
                Ok(linear::cotangents(inputs, source))
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
        let source = axes::to_front(cx, size, &inputs[0], axes[0])?;
        let operand = axes::to_front(cx, size, &inputs[1], axes[1])?;
        let window = self.window.with_examples(0);
        let batched = SelectAndScatterAdd { is_max: self.is_max, window };
        Ok(linear::batched(batched.bind(cx, &source, &operand)?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Steps
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        let operand = cx.input_type(1).numel();
        let dtype = if i32::try_from(operand).is_ok() { DType::I32 } else { DType::I64 };
        let len = cx.input_type(0).numel();
        let choices = cx.scratch(dtype, len);
        self.push_choices(cx, choices, dtype)?;
        self.push_sums(cx, choices, dtype)
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::scatters()
    }
}

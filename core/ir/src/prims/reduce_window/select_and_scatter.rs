//! The cotangent of the largest or smallest elements of windows.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{BodyBuilder, BufferId, Compare, Lanes, ReduceOp, ScalarOp, ValueId};

use super::{each_tap, least, read_select, select_param, stays, stays_value};
use crate::lower::{Elements, Lowering, Steps};
use crate::prims::reduce::{combine, widest};
use crate::prims::{Primitive, SelectAndGatherAdd, not_linear};
use crate::rules::index::{self, Index};
use crate::rules::sliding::{self, Sliding, Window};
use crate::rules::{axes, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `select_and_scatter_add(source, operand)`: for each window the element of `source` is added to the place of
/// the window's first largest (or smallest) element, in an array of zeros like `operand`. Padding counts as
/// elements that any other is chosen over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SelectAndScatterAdd {
    /// Whether the largest element is wanted.
    pub is_max: bool,
    /// The number of taps along each axis.
    pub window_dimensions: Vec<usize>,
    /// From one window to the next.
    pub window_strides: Vec<usize>,
    /// Room before and after the operand.
    pub padding: Vec<(i64, i64)>,
}

impl SelectAndScatterAdd {
    fn window(&self) -> Window {
        let rank = self.window_dimensions.len();
        Window {
            dimensions: self.window_dimensions.clone(),
            strides: self.window_strides.clone(),
            padding: self.padding.clone(),
            base_dilation: vec![1; rank],
            window_dilation: vec![1; rank],
        }
    }

    fn bind(&self, cx: Cx<'_>, source: &Value, operand: &Value) -> Result<Value> {
        ops::bind1(cx, self.clone(), &[source.clone(), operand.clone()])
    }

    /// The place of the element that is chosen from a window; none if that is padding.
    fn chosen(&self, window: &Window, operand: &Literal, at: &[usize]) -> Option<Shape> {
        let (taps, ty) = (Shape::new(&window.dimensions), operand.ty());
        let mut chosen: Option<(Scalar, Option<Shape>)> = None;
        for tap in 0..taps.numel() {
            let place = window.source(&ty.shape, at, &taps.unravel(tap));
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
        let (window, wide) = (self.window(), index::wide(operand.dtype));
        cx.kernel("choices", &source.shape, Lanes::Domain, &mut |cx, point| {
            let b = cx.builder();
            let least = b.constant(wide, least(self.is_max, wide));
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
        let axes = self.window().axes(&operand.shape);
        // As many windows lie over one element.
        let candidates: Vec<usize> =
            axes.iter().map(|axis| axis.window.div_ceil(axis.stride)).collect();
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
                Ok(cx.builder().cast(given, compute))
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

/// One of the windows that may lie over an element: the last that does, and so many before it. The mask tells
/// whether there is one.
fn covering(
    b: &mut BodyBuilder,
    axes: &[Sliding],
    windows: &[usize],
    point: &[ValueId],
    back: &[ValueId],
) -> (Index, Option<ValueId>) {
    let (mut at, mut mask) = (Index::new(), None);
    for (k, axis) in axes.iter().enumerate() {
        let padded = index::offset(b, point[k], axis.padding.0);
        let stride = b.index(axis.stride as i64);
        let last = b.op(ScalarOp::Div, &[padded, stride]);
        let window = b.op(ScalarOp::Sub, &[last, back[k]]);
        // Of an element that is cut off even the last one begins after it.
        let zero = b.index(0);
        let is_there = b.compare(Compare::Ge, padded, zero);
        mask = index::and(b, mask, is_there);
        let exists = index::within(b, window, windows[k].max(1) - 1);
        mask = index::and(b, mask, exists);
        let start = b.mul(window, stride);
        let tap = b.op(ScalarOp::Sub, &[padded, start]);
        let end = b.index(axis.window as i64);
        let is_over = b.compare(Compare::Lt, tap, end);
        mask = index::and(b, mask, is_over);
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
        vec![
            ("padding", sliding::padding_param(&self.padding)),
            select_param(self.is_max),
            ("window_dimensions", Param::sizes(&self.window_dimensions)),
            ("window_strides", Param::sizes(&self.window_strides)),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "select_and_scatter_add").then(|| {
            Ok(SelectAndScatterAdd {
                is_max: read_select(&read)?,
                window_dimensions: read.sizes("window_dimensions")?,
                window_strides: read.sizes("window_strides")?,
                padding: sliding::read_padding(&read, "padding")?,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 2)?;
        let dtype = nary::same_dtype(name, inputs)?;
        let (source, operand) = (&inputs[0], &inputs[1]);
        if dtype.is_complex() {
            bail!(Dtype, "{name} does not take {operand}");
        }
        let windows = self.window().checked_shape(name, operand)?;
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
        let (window, wide) = (self.window(), widest(out.dtype));
        let op = if wide.is_bool() { ReduceOp::Or } else { ReduceOp::Add };
        let mut sums = vec![Scalar::zero(wide); out.numel()];
        for position in 0..source.len() {
            let at = types[0].shape.unravel(position);
            if let Some(place) = self.chosen(&window, operand, &at) {
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
                let gather = SelectAndGatherAdd { is_max: self.is_max, window: self.window() };
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
        let window = self.window().with_examples(0);
        let batched = SelectAndScatterAdd {
            is_max: self.is_max,
            window_dimensions: window.dimensions,
            window_strides: window.strides,
            padding: window.padding,
        };
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

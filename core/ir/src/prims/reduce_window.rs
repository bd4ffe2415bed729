//! Reductions of windows.

mod samples;
mod select_and_gather;
mod select_and_scatter;

use jaxrs_data::{DType, Literal, Result, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{Compare, ReduceOp, ValueId};

pub use select_and_gather::SelectAndGatherAdd;
pub use select_and_scatter::SelectAndScatterAdd;
pub(super) use select_and_scatter::{covering, n_candidates};

use crate::lower::{Elements, Lowering, identity, reduction_start};
use crate::prims::reduce::{combine, widest};
use crate::prims::{Primitive, not_differentiable, not_linear};
use crate::rules::sliding::{Sliding, Window, dilated};
use crate::rules::{index, linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// `reduce_window_sum`, `reduce_window_max`, `reduce_window_min`: for each window the combination of its
/// elements. Taps in padding or gaps add nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReduceWindow {
    /// How elements are combined: `Add`, `Max` or `Min`.
    pub op: ReduceOp,
    /// The windows.
    pub window: Window,
}

const OPS: [ReduceOp; 3] = [ReduceOp::Add, ReduceOp::Max, ReduceOp::Min];

fn name(op: ReduceOp) -> &'static str {
    match op {
        ReduceOp::Add => "reduce_window_sum",
        ReduceOp::Max => "reduce_window_max",
        ReduceOp::Min => "reduce_window_min",
        ReduceOp::Mul => "reduce_window_prod",
        ReduceOp::And => "reduce_window_and",
        ReduceOp::Or => "reduce_window_or",
        ReduceOp::Xor => "reduce_window_xor",
    }
}

fn takes(op: ReduceOp, dtype: DType) -> bool {
    if op == ReduceOp::Add { dtype.is_number() } else { !dtype.is_key() }
}

/// Calls a function for each tap of a window that lies on an element, in row-major order of taps.
fn for_taps(window: &Window, shape: &Shape, at: &[usize], mut f: impl FnMut(&Shape)) {
    let taps = Shape::new(&window.dimensions);
    for tap in 0..taps.numel() {
        if let Some(source) = window.source(shape, at, &taps.unravel(tap)) {
            f(&source);
        }
    }
}

impl ReduceWindow {
    /// The cotangent of the operand of a sum: that of the windows, spread as they were strided, summed over
    /// windows that slide as the elements lay.
    fn operand_cotangent(&self, cx: Cx<'_>, ct: &Value, operand: &Type) -> Result<Value> {
        let padding = |axis: &Sliding| {
            let array = dilated(axis.size, axis.base_dilation).unwrap_or(0);
            let window = dilated(axis.window, axis.window_dilation).unwrap_or(0);
            let windows = dilated(axis.n_windows().unwrap_or(0), axis.stride).unwrap_or(0);
            let low = window - 1 - axis.padding.0;
            (low, array + window - 1 - windows - low, axis.stride as i64 - 1)
        };
        let config: Vec<_> = self.window.axes(&operand.shape).iter().map(padding).collect();
        let spread = ops::pad_zeros(cx, ct, &config)?;
        let rank = operand.rank();
        let window = Window {
            dimensions: self.window.dimensions.clone(),
            strides: self.window.base_dilation.clone(),
            padding: vec![(0, 0); rank],
            base_dilation: vec![1; rank],
            window_dilation: self.window.window_dilation.clone(),
        };
        ops::bind1(cx, ReduceWindow { op: self.op, window }, &[spread])
    }

    /// Whether taps that lie on no element cannot be an element that changes nothing: the larger one of NaN and any
    /// other complex number is the one that comes later.
    fn is_in_turn(&self, dtype: DType) -> bool {
        dtype.is_complex() && self.op != ReduceOp::Add
    }

    /// The combination of a window's elements, one after another.
    fn element_in_turn(&self, cx: &mut dyn Elements, x: &Type, at: &[ValueId]) -> Result<ValueId> {
        let nothing = cx.builder().constant(x.dtype, reduction_start(self.op, x.dtype));
        let (op, taps) = (self.op.op(), &self.window.dimensions);
        let found =
            each_tap(cx, taps, &mut index::Index::new(), &[nothing], &mut |cx, tap, acc| {
                let (place, mask) = self.window.place(cx.builder(), &x.shape, at, tap);
                let element = match mask {
                    Some(mask) => cx.operand_where(0, &place, mask)?,
                    None => cx.operand(0, &place)?,
                };
                let b = cx.builder();
                let both = b.op(op, &[acc[0], element]);
                Ok(smallvec![mask.map_or(both, |mask| b.select(mask, both, acc[0]))])
            })?;
        Ok(found[0])
    }
}

impl Primitive for ReduceWindow {
    fn name(&self) -> &'static str {
        name(self.op)
    }

    fn params(&self) -> Params {
        self.window.params()
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let op = OPS.into_iter().find(|&op| self::name(op) == name)?;
        let window = Window::read(&ParamReader::new(name, params));
        Some(window.map(|window| ReduceWindow { op, window }))
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 1)?;
        if !OPS.contains(&self.op) {
            bail!(InvalidArgument, "there is no primitive {name}");
        }
        let x = &inputs[0];
        if !takes(self.op, x.dtype) {
            bail!(Dtype, "{name} does not take {x}");
        }
        let shape = self.window.checked_shape(name, x)?;
        crate::rules::axes::check_addressable(name, &shape, x.dtype)?;
        Ok(smallvec![x.with_shape(shape)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let x = &inputs[0];
        let out = self.output_types(&[x.ty().clone()])?.swap_remove(0);
        let (shape, wide) = (out.shape.clone(), widest(out.dtype));
        Ok(smallvec![Literal::from_fn(out, |position| {
            let mut result = match self.op {
                ReduceOp::Add => identity(self.op, wide),
                _ => reduction_start(self.op, x.ty().dtype),
            };
            for_taps(&self.window, &x.ty().shape, &shape.unravel(position), |source| {
                result = combine(self.op, wide, result, x.at(source));
            });
            result
        })])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let is_max = match self.op {
            ReduceOp::Max => true,
            ReduceOp::Min => false,
            _ => return linear::jvp(self.clone(), cx, primals, tangents),
        };
        let (x, window) = (&primals[0], &self.window);
        if x.ty().dtype.is_complex() {
            return Err(not_differentiable(self));
        }
        let y = ops::bind1(cx, self.clone(), primals)?;
        let tangent = tangents[0].map(y.ty(), |dx| {
            let select = SelectAndGatherAdd { is_max, window: window.clone() };
            ops::bind1(cx, select, &[dx.clone(), x.clone()])
        })?;
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
        let spread = |ct: &Value| self.operand_cotangent(cx, ct, operand);
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
        let batched = ReduceWindow { op: self.op, window: self.window.with_examples(axis) };
        Ok(linear::batched(ops::bind1(cx, batched, &[x])?, axis))
    }

    fn lowering(&self, inputs: &[Type]) -> Lowering {
        if self.is_in_turn(inputs[0].dtype) { Lowering::Elements } else { Lowering::Reduction }
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let x = cx.input_type(0).clone();
        if self.is_in_turn(x.dtype) {
            return self.element_in_turn(cx, &x, index);
        }
        let compute = nary::compute_dtype(x.dtype);
        let nothing = cx.builder().constant(compute, reduction_start(self.op, x.dtype));
        let result = cx.reduce(self.op, nothing, &self.window.dimensions, &mut |cx, tap| {
            let (place, mask) = self.window.place(cx.builder(), &x.shape, index, tap);
            let Some(mask) = mask else {
                let element = cx.operand(0, &place)?;
                return Ok(cx.builder().cast(element, compute));
            };
            let element = cx.operand_where(0, &place, mask)?;
            let b = cx.builder();
            let element = b.cast(element, compute);
            // What is masked out is zero already, where there is one.
            let is_zero = self.op == ReduceOp::Add && x.dtype != DType::F8E8M0Fnu;
            Ok(if is_zero { element } else { b.select(mask, element, nothing) })
        })?;
        Ok(cx.builder().cast(result, x.dtype))
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::reductions()
    }
}

/// How the element that a window is represented by is chosen.
fn compare(is_max: bool) -> Compare {
    if is_max { Compare::Ge } else { Compare::Le }
}

/// The value that any other is chosen over.
fn least(is_max: bool, dtype: DType) -> jaxrs_data::Scalar {
    identity(if is_max { ReduceOp::Max } else { ReduceOp::Min }, dtype)
}

fn select_param(is_max: bool) -> (&'static str, Param) {
    ("select_prim", Param::Name(if is_max { "ge" } else { "le" }.to_owned()))
}

fn read_select(read: &ParamReader<'_>) -> Result<bool> {
    match read.name("select_prim")? {
        "ge" => Ok(true),
        "le" => Ok(false),
        other => Err(read.error(format_args!("needs ge or le as select_prim, got {other}"))),
    }
}

/// Whether the value that was chosen so far stays, in a kernel.
fn stays(
    b: &mut jaxrs_kernel::BodyBuilder,
    is_max: bool,
    chosen: ValueId,
    other: ValueId,
) -> ValueId {
    let wide = index::wide(b.dtype(chosen));
    let (chosen, other) = (b.cast(chosen, wide), b.cast(other, wide));
    b.compare(compare(is_max), chosen, other)
}

/// The same by value; comparisons with NaN do not hold.
fn stays_value(is_max: bool, chosen: jaxrs_data::Scalar, other: jaxrs_data::Scalar) -> bool {
    use jaxrs_data::Scalar;
    let (low, high) = if is_max { (other, chosen) } else { (chosen, other) };
    match (low, high) {
        (Scalar::Bool(low), Scalar::Bool(high)) => low <= high,
        (Scalar::Int(low), Scalar::Int(high)) => low <= high,
        (Scalar::Uint(low), Scalar::Uint(high)) => low <= high,
        (low, high) => low.as_f64() <= high.as_f64(),
    }
}

/// Loops inside one another over taps, each iteration after the one before, with what they hand on.
pub(super) fn each_tap(
    cx: &mut dyn Elements,
    taps: &[usize],
    tap: &mut index::Index,
    carried: &[ValueId],
    body: TapBody<'_>,
) -> Result<SmallVec<[ValueId; 2]>> {
    let [trips, inner @ ..] = taps else { return body(cx, tap, carried) };
    cx.counted(jaxrs_kernel::LoopKind::Sequential, *trips, carried, &mut |cx, i, carried| {
        tap.push(i);
        let next = each_tap(cx, inner, tap, carried, body);
        tap.pop();
        next
    })
}

/// What is done at a tap with what is handed on.
pub(super) type TapBody<'a> =
    &'a mut dyn FnMut(&mut dyn Elements, &[ValueId], &[ValueId]) -> Result<SmallVec<[ValueId; 2]>>;

//! Reductions over axes. An empty list of axes stands for all of them.

use jaxrs_data::{Axes, DType, DTypeKind, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::{ArgReduce, Reduce};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;
use jaxrs_transform::Scope;

use crate::operands::{broadcast, constant_like, convert, inexact, to_inexact};

/// Reads axes as a caller gives them: none means all.
pub(crate) fn axes_of(name: &str, axes: &[i64], rank: usize) -> Result<Axes> {
    if axes.is_empty() { Ok(Axes::all(rank)) } else { Axes::new(name, axes, rank) }
}

/// The shape with the reduced axes left at size 1.
fn kept(shape: &Shape, axes: &Axes) -> Shape {
    shape.iter().enumerate().map(|(i, &dim)| if axes.contains(&i) { 1 } else { dim }).collect()
}

/// Puts reduced axes back with size 1 where the caller wants to keep them.
pub(crate) fn restore(
    cx: &Scope,
    reduced: Value,
    shape: &Shape,
    axes: &Axes,
    keepdims: bool,
) -> Result<Value> {
    if !keepdims || axes.is_empty() {
        return Ok(reduced);
    }
    let dims = (0..shape.rank()).filter(|axis| !axes.contains(axis));
    ops::broadcast_in_dim(cx, &reduced, &kept(shape, axes), dims)
}

/// NumPy's reductions are strong, whatever they reduce.
pub(super) fn reduce(
    cx: &Scope,
    op: ReduceOp,
    x: &Value,
    axes: &Axes,
    keepdims: bool,
) -> Result<Value> {
    let x = &convert(cx, x, x.ty().dtype, false)?;
    let reduced = if axes.is_empty() {
        x.clone()
    } else {
        ops::bind1(cx, Reduce { op, axes: axes.clone() }, std::slice::from_ref(x))?
    };
    restore(cx, reduced, x.shape(), axes, keepdims)
}

/// Narrow integers and truth values are summed in the default integer of their kind.
pub(crate) fn accumulator(dtype: DType, default: DType) -> DType {
    match dtype.kind() {
        DTypeKind::Bool => default,
        DTypeKind::Signed if dtype.bits() < default.bits() => default,
        DTypeKind::Unsigned if dtype.bits() < default.bits() => {
            default.unsigned_of_same_width().unwrap_or(dtype)
        }
        _ => dtype,
    }
}

/// Half-precision floats are accumulated in `f32`, then rounded once. `finish` is given the accumulated value before that.
pub(super) fn accumulate(
    cx: &Scope,
    op: ReduceOp,
    x: &Value,
    (axes, keepdims): (&Axes, bool),
    finish: impl FnOnce(Value) -> Result<Value>,
) -> Result<Value> {
    let dtype = accumulator(x.ty().dtype, cx.defaults().int());
    let x = if dtype == x.ty().dtype { x.clone() } else { convert(cx, x, dtype, false)? };
    let is_half = matches!(dtype, DType::F16 | DType::BF16);
    let wide = if is_half { convert(cx, &x, DType::F32, x.ty().weak)? } else { x.clone() };
    let sum = finish(reduce(cx, op, &wide, axes, keepdims)?)?;
    if is_half { convert(cx, &sum, dtype, x.ty().weak) } else { Ok(sum) }
}

/// The sum over some axes.
pub fn sum(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes = axes_of("reduce_sum", axes, x.ty().rank())?;
    accumulate(cx, ReduceOp::Add, x, (&axes, keepdims), Ok)
}

/// The product over some axes.
pub fn prod(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes = axes_of("reduce_prod", axes, x.ty().rank())?;
    accumulate(cx, ReduceOp::Mul, x, (&axes, keepdims), Ok)
}

fn extremum(
    cx: &Scope,
    op: ReduceOp,
    name: &str,
    x: &Value,
    axes: &[i64],
    keepdims: bool,
) -> Result<Value> {
    let axes = axes_of(name, axes, x.ty().rank())?;
    if axes.iter().any(|&axis| x.shape()[axis] == 0) {
        bail!(Shape, "{name} has no identity, so it cannot reduce axes {axes} of {}", x.ty());
    }
    reduce(cx, op, x, &axes, keepdims)
}

/// The largest element over some axes; NaN if there is one.
pub fn max(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    extremum(cx, ReduceOp::Max, "reduce_max", x, axes, keepdims)
}

/// The smallest element over some axes; NaN if there is one.
pub fn min(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    extremum(cx, ReduceOp::Min, "reduce_min", x, axes, keepdims)
}

/// Whether all elements differ from zero.
pub fn all(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes = axes_of("all", axes, x.ty().rank())?;
    reduce(cx, ReduceOp::And, &super::to_bool(cx, x)?, &axes, keepdims)
}

/// Whether any element differs from zero.
pub fn any(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes = axes_of("any", axes, x.ty().rank())?;
    reduce(cx, ReduceOp::Or, &super::to_bool(cx, x)?, &axes, keepdims)
}

/// How many elements the axes hold.
fn count(shape: &Shape, axes: &Axes) -> f64 {
    axes.iter().map(|&axis| shape[axis] as f64).product()
}

/// The arithmetic mean over some axes.
pub fn mean(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let axes = axes_of("mean", axes, x.ty().rank())?;
    mean_over(cx, x, &axes, keepdims)
}

fn mean_over(cx: &Scope, x: &Value, axes: &Axes, keepdims: bool) -> Result<Value> {
    let ty = x.ty().clone();
    let result = inexact(ty.dtype, ty.weak, cx.defaults());
    let is_half = matches!(result, DType::F16 | DType::BF16);
    let wide = convert(cx, x, if is_half { DType::F32 } else { result }, ty.weak)?;
    let sum = reduce(cx, ReduceOp::Add, &wide, axes, keepdims)?;
    let mean = ops::div(cx, &sum, &constant_like(&sum, count(&ty.shape, axes)))?;
    if is_half { convert(cx, &mean, result, ty.weak) } else { Ok(mean) }
}

/// The variance over some axes: the mean of squared distances from the mean (real, of complex numbers, too), with `ddof` fewer in the
/// divisor.
pub fn var(cx: &Scope, x: &Value, axes: &[i64], ddof: f64, keepdims: bool) -> Result<Value> {
    let axes = axes_of("var", axes, x.ty().rank())?;
    let ty = to_inexact_type(cx, x);
    let is_half = matches!(ty, DType::F16 | DType::BF16);
    let wide = convert(cx, x, if is_half { DType::F32 } else { ty }, x.ty().weak)?;
    let centred = super::subtract(cx, &wide, &mean_over(cx, &wide, &axes, true)?)?;
    let squares = super::complex::squared_magnitude(cx, &centred)?;
    let sum = reduce(cx, ReduceOp::Add, &squares, &axes, keepdims)?;
    let divisor = (count(x.shape(), &axes) - ddof).max(0.0);
    let variance = ops::div(cx, &sum, &constant_like(&sum, divisor))?;
    if is_half { convert(cx, &variance, ty, x.ty().weak) } else { Ok(variance) }
}

fn to_inexact_type(cx: &Scope, x: &Value) -> DType {
    inexact(x.ty().dtype, x.ty().weak, cx.defaults())
}

/// The square root of the variance.
pub fn std(cx: &Scope, x: &Value, axes: &[i64], ddof: f64, keepdims: bool) -> Result<Value> {
    super::sqrt(cx, &var(cx, x, axes, ddof, keepdims)?)
}

/// The Euclidean norm over some axes.
pub fn norm(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    super::sqrt(cx, &sum(cx, &super::complex::squared_magnitude(cx, &x)?, axes, keepdims)?)
}

/// The position of an extremum; without an axis, in the flattened array.
fn arg_extremum(
    cx: &Scope,
    is_max: bool,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    index_dtype: DType,
) -> Result<Value> {
    let name = if is_max { "argmax" } else { "argmin" };
    let Some(axis) = axis else {
        let flat = ops::reshape(cx, x, &[x.ty().numel()].into())?;
        let position = arg_extremum(cx, is_max, &flat, Some(0), false, index_dtype)?;
        return restore(cx, position, x.shape(), &Axes::all(x.ty().rank()), keepdims);
    };
    let axis = normalize_axis(name, axis, x.ty().rank())?;
    if x.shape()[axis] == 0 {
        bail!(Shape, "{name} needs elements along axis {axis} of {}", x.ty());
    }
    let position =
        ops::bind1(cx, ArgReduce { is_max, axis, index_dtype }, std::slice::from_ref(x))?;
    restore(cx, position, x.shape(), &Axes::from_distinct([axis]), keepdims)
}

/// The position of the first largest element, or of the first NaN.
pub fn argmax(
    cx: &Scope,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    index_dtype: DType,
) -> Result<Value> {
    arg_extremum(cx, true, x, axis, keepdims, index_dtype)
}

/// The position of the first smallest element, or of the first NaN.
pub fn argmin(
    cx: &Scope,
    x: &Value,
    axis: Option<i64>,
    keepdims: bool,
    index_dtype: DType,
) -> Result<Value> {
    arg_extremum(cx, false, x, axis, keepdims, index_dtype)
}

/// `log(sum(exp(x)))` over some axes, without overflow.
pub fn logsumexp(cx: &Scope, x: &Value, axes: &[i64], keepdims: bool) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let axes = axes_of("logsumexp", axes, x.ty().rank())?;
    let is_complex = x.ty().dtype.is_complex();
    let largest = reduce(cx, ReduceOp::Max, &super::real(cx, &x)?, &axes, true)?;
    let zero = constant_like(&largest, 0.0);
    let shift = super::select(cx, &super::isfinite(cx, &largest)?, &largest, &zero)?;
    let shift = crate::lax::stop_gradient(cx, &shift)?;
    let all = broadcast(cx, "logsumexp", &convert(cx, &shift, x.ty().dtype, false)?, x.shape())?;
    let terms = super::exp(cx, &ops::sub(cx, &x, &all)?)?;
    let sum = reduce(cx, ReduceOp::Add, &terms, &axes, true)?;
    let sum = if is_complex { sum } else { super::abs(cx, &sum)? };
    let result = super::add(cx, &super::log(cx, &sum)?, &shift)?;
    if keepdims { Ok(result) } else { ops::squeeze(cx, &result, axes.iter().copied()) }
}

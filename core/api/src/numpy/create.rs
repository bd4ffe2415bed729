//! New arrays.

use jaxrs_data::promote;
use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{broadcast_shape, constant, constant_like, convert, inexact};

/// An array that repeats one number.
pub fn full(cx: &Scope, shape: &Shape, value: f64, dtype: DType) -> Result<Value> {
    ops::full(cx, &Type::new(dtype, shape.clone()), Scalar::Float(value))
}

/// An array of zeros.
pub fn zeros(cx: &Scope, shape: &Shape, dtype: DType) -> Result<Value> {
    full(cx, shape, 0.0, dtype)
}

/// An array of ones.
pub fn ones(cx: &Scope, shape: &Shape, dtype: DType) -> Result<Value> {
    full(cx, shape, 1.0, dtype)
}

/// An array of the shape of `x` that repeats one number, at the element type of `x` unless another is given.
pub fn full_like(cx: &Scope, x: &Value, value: f64, dtype: Option<DType>) -> Result<Value> {
    let ty = match dtype {
        Some(dtype) => x.ty().with_dtype(dtype),
        None => x.ty().clone(),
    };
    ops::full(cx, &ty, Scalar::Float(value))
}

/// The numbers `start`, `start + step`, … below `stop`, as NumPy counts them.
pub fn arange(cx: &Scope, start: f64, stop: f64, step: f64, dtype: DType) -> Result<Value> {
    if step == 0.0 || !step.is_finite() || !start.is_finite() || !stop.is_finite() {
        bail!(
            InvalidArgument,
            "arange needs finite bounds and a step that is not 0, got {start}, {stop}, {step}"
        );
    }
    let count = ((stop - start) / step).ceil().max(0.0);
    if count > isize::MAX as f64 {
        bail!(Shape, "arange from {start} to {stop} by {step} has too many elements");
    }
    let shape = Shape::from_user("arange", &[count as i64], dtype.size_bytes())?;
    let positions = ops::iota(cx, dtype, &shape, 0)?;
    let scaled =
        if step == 1.0 { positions } else { ops::mul(cx, &positions, &constant(dtype, step))? };
    if start == 0.0 { Ok(scaled) } else { ops::add(cx, &scaled, &constant(dtype, start)) }
}

/// `num` numbers at equal distances from `start` to `stop`.
pub fn linspace(
    cx: &Scope,
    start: &Value,
    stop: &Value,
    num: i64,
    endpoint: bool,
    dtype: DType,
) -> Result<Value> {
    linspace_along(cx, start, stop, (num, endpoint), (Some(dtype), 0))
}

/// As [`linspace`], between arrays, along a new axis of the result; the element type is that of the bounds, as floats, if
/// none is given. Integers are rounded down.
pub fn linspace_along(
    cx: &Scope,
    start: &Value,
    stop: &Value,
    (num, endpoint): (i64, bool),
    (dtype, axis): (Option<DType>, i64),
) -> Result<Value> {
    let (promoted, weak) = promote::promote([start.ty(), stop.ty()], cx.defaults())?;
    let dtype = dtype.unwrap_or_else(|| inexact(promoted, weak, cx.defaults()));
    let computed = inexact(dtype, false, cx.defaults());
    let bounds = broadcast_shape("linspace", &[start.shape(), stop.shape()])?;
    let axis = normalize_axis("linspace", axis, bounds.rank() + 1)?;
    let bound = |x: &Value| -> Result<Value> {
        let x = super::broadcast_to(cx, &convert(cx, x, computed, false)?, &bounds)?;
        ops::expand_dim(cx, &x, axis)
    };
    let (start, stop) = (bound(start)?, bound(stop)?);
    let sizes: Vec<i64> = bounds
        .with(axis, 1)
        .iter()
        .enumerate()
        .map(|(i, &dim)| if i == axis { num } else { dim as i64 })
        .collect();
    let shape = Shape::from_user("linspace", &sizes, dtype.size_bytes())?;
    let divisions = if endpoint { num - 1 } else { num };
    if num <= 1 {
        let one = super::broadcast_to(cx, &start, &shape)?;
        return rounded_down(cx, &one, dtype);
    }
    // Both ends weighted: exact at either.
    let real = computed.real_part();
    let alone: Shape =
        (0..shape.rank()).map(|i| if i == axis { divisions as usize } else { 1 }).collect();
    let counted = ops::iota(cx, real, &alone, axis)?;
    let weight =
        convert(cx, &ops::div(cx, &counted, &constant(real, divisions as f64))?, computed, false)?;
    let rest = ops::sub(cx, &constant(computed, 1.0), &weight)?;
    let inner = super::add(
        cx,
        &super::multiply(cx, &start, &rest)?,
        &super::multiply(cx, &stop, &weight)?,
    )?;
    let all = if endpoint { ops::concatenate(cx, &[inner, stop], axis)? } else { inner };
    rounded_down(cx, &all, dtype)
}

fn rounded_down(cx: &Scope, x: &Value, dtype: DType) -> Result<Value> {
    let x = if dtype.is_integer() { super::floor(cx, x)? } else { x.clone() };
    convert(cx, &x, dtype, false)
}

/// Powers of `base`, at equal distances of exponents.
pub fn logspace(
    cx: &Scope,
    start: &Value,
    stop: &Value,
    spacing: (i64, bool),
    base: f64,
    (dtype, axis): (Option<DType>, i64),
) -> Result<Value> {
    let (promoted, weak) = promote::promote([start.ty(), stop.ty()], cx.defaults())?;
    let dtype = dtype.unwrap_or_else(|| inexact(promoted, weak, cx.defaults()));
    let computed = inexact(dtype, false, cx.defaults());
    let exponents = linspace_along(cx, start, stop, spacing, (Some(computed), axis))?;
    let powers = super::power(cx, &constant_like(&exponents, base), &exponents)?;
    convert(cx, &powers, dtype, false)
}

/// Numbers with equal ratios between neighbours.
pub fn geomspace(
    cx: &Scope,
    start: &Value,
    stop: &Value,
    spacing: (i64, bool),
    (dtype, axis): (Option<DType>, i64),
) -> Result<Value> {
    let (promoted, weak) = promote::promote([start.ty(), stop.ty()], cx.defaults())?;
    let dtype = dtype.unwrap_or_else(|| inexact(promoted, weak, cx.defaults()));
    let computed = inexact(dtype, false, cx.defaults());
    let (start, stop) = (convert(cx, start, computed, false)?, convert(cx, stop, computed, false)?);
    let sign = super::sign(cx, &start)?;
    let log = |x: &Value| super::log10(cx, &super::divide(cx, x, &sign)?);
    let powers = logspace(cx, &log(&start)?, &log(&stop)?, spacing, 10.0, (Some(computed), 0))?;
    let all = super::multiply(cx, &sign, &powers)?;
    convert(cx, &super::moveaxis(cx, &all, &[0], &[axis])?, dtype, false)
}

/// Ones on diagonal `k` of a matrix, zeros elsewhere.
pub fn eye(cx: &Scope, n: i64, m: i64, k: i64, dtype: DType) -> Result<Value> {
    let shape = Shape::from_user("eye", &[n, m], dtype.size_bytes())?;
    let mask = diagonal_mask(cx, &shape, Compare::Eq, k)?;
    convert(cx, &mask, dtype, false)
}

/// Where the column compares so with the row plus `k`, over the last two axes.
pub(crate) fn diagonal_mask(cx: &Scope, shape: &Shape, op: Compare, k: i64) -> Result<Value> {
    let matrix: Shape = shape[shape.rank() - 2..].into();
    let rows = ops::iota(cx, DType::I32, &matrix, 0)?;
    let columns = ops::iota(cx, DType::I32, &matrix, 1)?;
    let shifted = Literal::scalar(DType::I32, Scalar::Int(k));
    ops::compare(cx, op, &columns, &ops::add(cx, &rows, &Value::literal(shifted))?)
}

fn triangle(cx: &Scope, name: &str, x: &Value, keep: Compare, k: i64) -> Result<Value> {
    if x.ty().rank() < 2 {
        bail!(Shape, "{name} needs at least 2 axes, got {}", x.ty());
    }
    let mask = diagonal_mask(cx, x.shape(), keep, k)?;
    super::select(cx, &mask, x, &constant_like(x, 0.0))
}

/// The lower triangle up to diagonal `k`, zeros above.
pub fn tril(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    triangle(cx, "tril", x, Compare::Le, k)
}

/// The upper triangle from diagonal `k` on, zeros below.
pub fn triu(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    triangle(cx, "triu", x, Compare::Ge, k)
}

/// A vector on diagonal `k` of a matrix; or diagonal `k` of a matrix.
pub fn diag(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    match x.ty().rank() {
        1 => diagonal_matrix(cx, x, k),
        2 => super::diagonal(cx, x, k, 0, 1),
        _ => bail!(Shape, "diag needs 1 or 2 axes, got {}", x.ty()),
    }
}

fn diagonal_matrix(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    let n = x.shape()[0];
    let size = n + k.unsigned_abs() as usize;
    let before = k.max(0);
    let padded = ops::pad_zeros(cx, x, &[(before, size as i64 - n as i64 - before, 0)])?;
    let rows = ops::broadcast_in_dim(cx, &padded, &[size, size].into(), [1])?;
    let mask = diagonal_mask(cx, &[size, size].into(), Compare::Eq, k)?;
    super::select(cx, &mask, &rows, &constant_like(&rows, 0.0))
}

/// Counting along one axis: `iota`.
pub fn iota(cx: &Scope, dtype: DType, shape: &Shape, dimension: i64) -> Result<Value> {
    let dimension = normalize_axis("iota", dimension, shape.rank())?;
    ops::iota(cx, dtype, shape, dimension)
}

//! New arrays.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::Scope;

use crate::operands::{constant, constant_like, convert};

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
    let shape = Shape::from_user("linspace", &[num], dtype.size_bytes())?;
    if !dtype.is_float() || start.ty().rank() != 0 || stop.ty().rank() != 0 {
        bail!(
            InvalidArgument,
            "linspace needs scalar bounds and a float type, got {}, {} and {dtype}",
            start.ty(),
            stop.ty()
        );
    }
    let (start, stop) = (convert(cx, start, dtype, false)?, convert(cx, stop, dtype, false)?);
    let divisions = if endpoint { num - 1 } else { num };
    if divisions <= 0 {
        return ops::broadcast_in_dim(cx, &start, &shape, []);
    }
    // Both ends weighted: exact at either.
    let counted = ops::iota(cx, dtype, &[divisions as usize].into(), 0)?;
    let weight = ops::div(cx, &counted, &constant(dtype, divisions as f64))?;
    let rest = ops::sub(cx, &constant(dtype, 1.0), &weight)?;
    let inner = ops::add(cx, &ops::mul(cx, &rest, &start)?, &ops::mul(cx, &weight, &stop)?)?;
    if !endpoint {
        return Ok(inner);
    }
    let last = ops::broadcast_in_dim(cx, &stop, &[1].into(), [])?;
    ops::concatenate(cx, &[inner, last], 0)
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
        2 => diagonal(cx, x, k),
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

/// Diagonal `k` of a matrix.
pub fn diagonal(cx: &Scope, x: &Value, k: i64) -> Result<Value> {
    if x.ty().rank() != 2 {
        bail!(Shape, "diagonal needs 2 axes, got {}", x.ty());
    }
    let (rows, columns) = (x.shape()[0] as i64, x.shape()[1] as i64);
    let len = (rows + k.min(0)).min(columns - k.max(0)).max(0);
    let part = ops::slice(
        cx,
        x,
        &[(-k.min(0)).min(rows) as usize, k.max(0).min(columns) as usize],
        &[((-k.min(0)).min(rows) + len) as usize, (k.max(0).min(columns) + len) as usize],
        &[1, 1],
    )?;
    let mask = diagonal_mask(cx, part.shape(), Compare::Eq, 0)?;
    let masked = super::select(cx, &mask, &part, &constant_like(&part, 0.0))?;
    ops::reduce_sum(cx, &masked, [1])
}

/// Counting along one axis: `iota`.
pub fn iota(cx: &Scope, dtype: DType, shape: &Shape, dimension: i64) -> Result<Value> {
    let dimension = normalize_axis("iota", dimension, shape.rank())?;
    ops::iota(cx, dtype, shape, dimension)
}

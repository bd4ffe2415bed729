//! Matrices that are made of the elements of vectors by a pattern.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::vectorized;
use crate::numpy;
use crate::operands::{constant_like, promoted, to_inexact};

/// A matrix whose element at a row and a column is that of a vector at the position given.
fn pick(
    cx: &Scope,
    x: &Value,
    (m, n): (usize, usize),
    position: impl Fn(usize, usize) -> usize,
) -> Result<Value> {
    let places = Literal::from_fn(Type::new(DType::I32, [m, n]), |at| {
        Scalar::Int(position(at / n.max(1), at % n.max(1)) as i64)
    });
    numpy::take(cx, x, &Value::literal(places), 0, "clip")
}

/// At least one axis.
fn vector(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().rank() == 0 { ops::reshape(cx, x, &[1].into()) } else { Ok(x.clone()) }
}

fn one(results: Result<Vec<Value>>) -> Result<Value> {
    Ok(results?.swap_remove(0))
}

fn joined(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    ops::concatenate(cx, &[x.clone(), y.clone()], 0)
}

/// Constant diagonals: the first column, and the first row, by default conjugate to it, from its second element.
pub fn toeplitz(cx: &Scope, c: &Value, r: Option<&Value>) -> Result<Value> {
    let c = vector(cx, c)?;
    let r = match r {
        Some(r) => vector(cx, r)?,
        None => numpy::conj(cx, &c)?,
    };
    let operands = promoted(cx, [&c, &r])?;
    one(vectorized(cx, "toeplitz", &operands, &[1, 1], |cx, x| {
        let (m, n) = (x[0].shape()[0], x[1].shape()[0]);
        if m == 0 || n == 0 {
            let ty = Type::new(x[0].ty().dtype, [m, n]);
            return Ok(vec![ops::full(cx, &ty, Scalar::Int(0))?]);
        }
        let all = joined(cx, &ops::rev(cx, &x[0], [0])?, &ops::slice_in_dim(cx, &x[1], 0, 1, n)?)?;
        Ok(vec![pick(cx, &all, (m, n), move |i, j| m - 1 + j - i)?])
    }))
}

/// Constant antidiagonals: the first column, and the last row, by default zeros, from its second element.
pub fn hankel(cx: &Scope, c: &Value, r: Option<&Value>) -> Result<Value> {
    if c.ty().rank() == 0 || r.is_some_and(|r| r.ty().rank() == 0) {
        bail!(Shape, "hankel needs at least 1 axis, got {}", c.ty());
    }
    let r = match r {
        Some(r) => r.clone(),
        None => ops::full(cx, c.ty(), Scalar::Int(0))?,
    };
    let operands = promoted(cx, [c, &r])?;
    one(vectorized(cx, "hankel", &operands, &[1, 1], |cx, x| {
        let (m, n) = (x[0].shape()[0], x[1].shape()[0]);
        if m == 0 || n == 0 {
            let ty = Type::new(x[0].ty().dtype, [m, n]);
            return Ok(vec![ops::full(cx, &ty, Scalar::Int(0))?]);
        }
        let all = joined(cx, &x[0], &ops::slice_in_dim(cx, &x[1], 0, 1, n)?)?;
        Ok(vec![pick(cx, &all, (m, n), |i, j| i + j)?])
    }))
}

/// Each column is the one before, moved down by a row.
pub fn circulant(cx: &Scope, c: &Value) -> Result<Value> {
    let c = vector(cx, c)?;
    one(vectorized(cx, "circulant", &[c], &[1], |cx, x| {
        let n = x[0].shape()[0];
        Ok(vec![pick(cx, &x[0], (n, n), move |i, j| (i + n - j) % n)?])
    }))
}

/// A matrix with another first row.
fn with_first_row(cx: &Scope, x: &Value, row: &Value) -> Result<Value> {
    let (m, n) = formula::dims(x);
    let row = ops::reshape(cx, row, &[1, n].into())?;
    joined(cx, &row, &ops::slice_in_dim(cx, x, 0, 1, m)?)
}

/// Fecundities in the first row, survival rates below the diagonal.
pub fn leslie(cx: &Scope, f: &Value, s: &Value) -> Result<Value> {
    let operands = promoted(cx, [&vector(cx, f)?, &vector(cx, s)?])?;
    let last = |x: &Value| x.shape().last().copied().unwrap_or(0);
    if last(&operands[0]) < 2 || last(&operands[1]) + 1 != last(&operands[0]) {
        bail!(
            Shape,
            "leslie needs n and n - 1 numbers, n at least 2, got {} and {}",
            f.ty(),
            s.ty()
        );
    }
    one(vectorized(cx, "leslie", &operands, &[1, 1], |cx, x| {
        Ok(vec![with_first_row(cx, &numpy::diag(cx, &x[1], -1)?, &x[0])?])
    }))
}

/// The matrix whose eigenvalues are the roots of the polynomial with these coefficients, highest power first.
pub fn companion(cx: &Scope, a: &Value) -> Result<Value> {
    let a = vector(cx, &to_inexact(cx, a)?)?;
    if a.shape().last().is_none_or(|&n| n < 2) {
        bail!(Shape, "companion needs at least 2 coefficients, got {}", a.ty());
    }
    one(vectorized(cx, "companion", &[a], &[1], |cx, x| {
        let m = x[0].shape()[0] - 1;
        let first = ops::squeeze(cx, &ops::slice_in_dim(cx, &x[0], 0, 0, 1)?, [0])?;
        let rest = ops::neg(cx, &ops::slice_in_dim(cx, &x[0], 0, 1, m + 1)?)?;
        let row = ops::div(cx, &rest, &first)?;
        let below = numpy::eye(cx, m as i64, m as i64, -1, row.ty().dtype)?;
        Ok(vec![with_first_row(cx, &below, &row)?])
    }))
}

/// The magnitudes of the differences of all pairs.
pub fn fiedler(cx: &Scope, a: &Value) -> Result<Value> {
    let a = vector(cx, a)?;
    let (rank, n) = (a.ty().rank(), a.shape()[a.ty().rank() - 1]);
    let (columns, rows) = (formula::as_columns(cx, &a, n)?, formula::as_rows(cx, &a, n)?);
    debug_assert_eq!(columns.ty().rank(), rank + 1);
    numpy::abs(cx, &ops::sub(cx, &columns, &rows)?)
}

/// As [`companion`], with five diagonals.
pub fn fiedler_companion(cx: &Scope, a: &Value) -> Result<Value> {
    let a = vector(cx, &to_inexact(cx, a)?)?;
    if a.shape().last() == Some(&0) {
        bail!(Shape, "fiedler_companion needs at least 1 coefficient, got {}", a.ty());
    }
    one(vectorized(cx, "fiedler_companion", &[a], &[1], |cx, x| {
        let n = x[0].shape()[0] - 1;
        let first = ops::squeeze(cx, &ops::slice_in_dim(cx, &x[0], 0, 0, 1)?, [0])?;
        let monic = ops::div(cx, &x[0], &first)?;
        // After the negated coefficients a 1 and a 0.
        let negated = ops::neg(cx, &monic)?;
        let ends =
            [1.0, 0.0].map(|value| ops::reshape(cx, &constant_like(&monic, value), &[1].into()));
        let [one, zero] = ends;
        let all = ops::concatenate(cx, &[negated, one?, zero?], 0)?;
        let (one, zero) = (n + 1, n + 2);
        let position = move |i: usize, j: usize| match (i, j) {
            (0, 0) => 1,
            (1, 0) => one,
            _ if j == i + 1 && i.is_multiple_of(2) => (i + 2).min(n),
            _ if j == i + 2 && i.is_multiple_of(2) => one,
            _ if j + 1 == i && i.is_multiple_of(2) && i >= 2 => (i + 1).min(n),
            _ if j + 2 == i && !i.is_multiple_of(2) && i >= 3 => one,
            _ => zero,
        };
        Ok(vec![pick(cx, &all, (n, n), position)?])
    }))
}

/// The matrix that convolves a vector of `n` elements with `a`: `full`, `same` or `valid`.
pub fn convolution_matrix(cx: &Scope, a: &Value, n: i64, mode: &str) -> Result<Value> {
    let m = a.shape().last().copied().unwrap_or(0);
    let (true, Some(n)) = (m > 0, usize::try_from(n).ok().filter(|&n| n > 0)) else {
        bail!(
            InvalidArgument,
            "convolution_matrix needs at least 1 element and n of at least 1, got {} and {n}",
            a.ty()
        );
    };
    let least = m.min(n) - 1;
    let (top, bottom) = match mode {
        "full" => (0, 0),
        "same" => (least / 2, least - least / 2),
        "valid" => (least, least),
        _ => bail!(InvalidArgument, "convolution_matrix takes full, same or valid, got {mode:?}"),
    };
    let rows = m + n - 1 - top - bottom;
    one(vectorized(cx, "convolution_matrix", std::slice::from_ref(a), &[1], move |cx, x| {
        let zero = ops::full(cx, &x[0].ty().with_shape(Shape::from([1])), Scalar::Int(0))?;
        let all = joined(cx, &x[0], &zero)?;
        let position =
            move |i: usize, j: usize| (i + top).checked_sub(j).filter(|&k| k < m).unwrap_or(m);
        Ok(vec![pick(cx, &all, (rows, n), position)?])
    }))
}

/// Matrices along a diagonal, zeros elsewhere.
pub fn block_diag(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    if arrays.is_empty() {
        return numpy::zeros(cx, &[1, 0].into(), cx.defaults().float());
    }
    let types = arrays.iter().map(|x| x.ty());
    let (dtype, _) = jaxrs_data::promote::promote(types, cx.defaults())?;
    let mut blocks = Vec::new();
    for x in arrays {
        let shape: Shape = match x.shape()[..] {
            [] => [1, 1].into(),
            [n] => [1, n].into(),
            [m, n] => [m, n].into(),
            _ => bail!(Shape, "block_diag needs at most 2 axes, got {}", x.ty()),
        };
        blocks.push(ops::reshape(cx, &ops::convert(cx, x, dtype)?, &shape)?);
    }
    let total: usize = blocks.iter().map(|x| x.shape()[1]).sum();
    let mut before = 0;
    let mut rows = Vec::new();
    for x in &blocks {
        let after = total - before - x.shape()[1];
        rows.push(ops::pad_zeros(cx, x, &[(0, 0, 0), (before as i64, after as i64, 0)])?);
        before += x.shape()[1];
    }
    ops::concatenate(cx, &rows, 0)
}

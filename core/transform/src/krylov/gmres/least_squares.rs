//! Least squares of a small Hessenberg matrix, by rotations of neighbouring rows.

use jaxrs_data::{DType, Result, Scalar, Shape, Type};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};

use super::super::vectors::{Vectors, int, is_zero};
use super::{combined, row, with_row};
use crate::{Function, ScanOptions, Scope, scan};

/// The `y` for which `columnsᵀ y` is nearest to `norm` times the first unit vector. `columns` has `m` rows of
/// `m + 1` elements; elements beyond the first subdiagonal are zero.
pub(super) fn solution(
    s: &Scope,
    v: Vectors,
    columns: &Value,
    norm: &Value,
    m: usize,
) -> Result<Value> {
    let matrix = ops::transpose(s, columns, &[1, 0])?;
    let zeros = ops::full(s, &Type::new(v.dtype, [m + 1]), Scalar::Int(0))?;
    let rhs = with_row(s, &zeros, &int(0), &v.element(s, norm)?)?;
    let counts = ops::iota(s, DType::I32, &Shape::new(&[m]), 0)?;
    let rotate =
        Function::new("rotate", move |s: &Scope, c: &[Value]| rotated(s, v, &c[0], &c[1], &c[2]));
    let found =
        scan(s, &rotate, &[matrix, rhs], std::slice::from_ref(&counts), ScanOptions::default())?;
    let (matrix, rhs) = (found[0].clone(), found[1].clone());
    let y = ops::full(s, &Type::new(v.dtype, [m]), Scalar::Int(0))?;
    let substitute = Function::new("substitute", move |s: &Scope, c: &[Value]| {
        substituted(s, &matrix, &rhs, &c[0], &c[1])
    });
    let back = ScanOptions { reverse: true, ..ScanOptions::default() };
    Ok(scan(s, &substitute, &[y], &[counts], back)?.swap_remove(0))
}

/// Rows `k` and `k + 1` turned so that the second one is zero at `k`.
fn rotated(s: &Scope, v: Vectors, matrix: &Value, rhs: &Value, k: &Value) -> Result<Vec<Value>> {
    let next = ops::add(s, k, &int(1))?;
    let (upper, lower) = (row(s, matrix, k)?, row(s, matrix, &next)?);
    let (a, b) = (row(s, &upper, k)?, row(s, &lower, k)?);
    let size2 = v.norm2(s, &[a.clone(), b.clone()])?;
    let none = is_zero(s, &size2)?;
    let size = v.element(s, &ops::unary(s, Unary::Sqrt, &size2)?)?;
    let over = |x: &Value, instead: f64| {
        ops::select(s, &none, &ops::scalar_like(x, instead), &ops::div(s, x, &size)?)
    };
    let (cos, sin) = (over(&v.conj(s, &a)?, 1.0)?, over(&v.conj(s, &b)?, 0.0)?);
    let (back_cos, back_sin) = (over(&a, 1.0)?, ops::neg(s, &over(&b, 0.0)?)?);
    let turn = |x: &Value, upper: &Value, lower: &Value| {
        let above = combined(s, &cos, upper, &sin, lower)?;
        let below = combined(s, &back_sin, upper, &back_cos, lower)?;
        with_row(s, &with_row(s, x, k, &above)?, &next, &below)
    };
    let turned = turn(matrix, &upper, &lower)?;
    Ok(vec![turned, turn(rhs, &row(s, rhs, k)?, &row(s, rhs, &next)?)?])
}

/// `y` with its element `k`, those after it being there.
fn substituted(s: &Scope, matrix: &Value, rhs: &Value, y: &Value, k: &Value) -> Result<Vec<Value>> {
    let of_row = row(s, matrix, k)?;
    let known = ops::reduce_sum_all(s, &ops::mul(s, &of_row, y)?)?;
    let rest = ops::sub(s, &row(s, rhs, k)?, &known)?;
    let element = ops::div(s, &rest, &row(s, &of_row, k)?)?;
    Ok(vec![with_row(s, y, k, &element)?])
}

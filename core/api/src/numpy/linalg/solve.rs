//! Systems of equations.

use jaxrs_data::{DType, Error, Result, Shape, bail};
use jaxrs_ir::prims::linalg::formula::{self, Op};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, custom_jvp};

use super::{matrix_dims, square};
use crate::lax;
use crate::operands::{broadcast, broadcast_shape, promoted_inexact};

/// The solution of `A X = B`; `B` may be one vector.
pub fn solve(cx: &Scope, a: &Value, b: &Value) -> Result<Value> {
    let [a, b] = promoted_inexact(cx, [a, b])?;
    let n = square("solve", &a)?;
    if b.ty().rank() == 1 {
        let column = ops::expand_dim(cx, &b, 1)?;
        let x = solve_matrices(cx, &a, &column, n)?;
        let last = x.ty().rank() - 1;
        return ops::squeeze(cx, &x, [last]);
    }
    solve_matrices(cx, &a, &b, n)
}

/// Leading axes that operands are broadcast to, and the operands.
pub(crate) fn aligned_matrices(cx: &Scope, name: &str, a: &Value, b: &Value) -> Result<[Value; 2]> {
    let leading = |x: &Value| -> Shape { x.shape()[..x.ty().rank() - 2].into() };
    let batch = broadcast_shape(name, &[&leading(a), &leading(b)])?;
    let full = |x: &Value| {
        let last = &x.shape()[x.ty().rank() - 2..];
        broadcast(cx, name, x, &batch.iter().chain(last).copied().collect())
    };
    Ok([full(a)?, full(b)?])
}

fn solve_matrices(cx: &Scope, a: &Value, b: &Value, n: usize) -> Result<Value> {
    let (rows, _) = matrix_dims("solve", b)?;
    if rows != n {
        bail!(Shape, "solve of {} needs right sides of {n} rows, got {}", a.ty(), b.ty());
    }
    let [a, b] = aligned_matrices(cx, "solve", a, b)?;
    let value = Function::new("solve", |cx: &Scope, x: &[Value]| match x {
        [a, b] => Ok(vec![formula::solve(cx, a, b)?]),
        _ => Err(Error::internal("solve takes 2 operands")),
    });
    let rule = Function::new("solve_jvp", |cx: &Scope, x: &[Value]| match x {
        [a, b, da, db] => with_tangent(cx, [a, b], [da, db]),
        _ => Err(Error::internal("the derivative of solve takes 4 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &[a, b])?.swap_remove(0))
}

/// `X' = A⁻¹ (B' − A' X)`, by the factors that give `X`.
fn with_tangent(cx: &Scope, [a, b]: [&Value; 2], [da, db]: [&Value; 2]) -> Result<Vec<Value>> {
    let lu = lax::linalg::lu(cx, a)?;
    let by_factors = |b: &Value| formula::lu_solve(cx, &lu[0], &lu[2], b, Op::Plain);
    let x = by_factors(b)?;
    let moved = ops::sub(cx, db, &formula::matmul(cx, da, &x)?)?;
    let dx = by_factors(&moved)?;
    Ok(vec![x, dx])
}

/// Identity matrices in the shape and of the type of others.
pub(crate) fn eye_like(cx: &Scope, x: &Value, dtype: DType) -> Result<Value> {
    formula::eye(cx, dtype, x.shape())
}

/// The inverses.
pub fn inv(cx: &Scope, a: &Value) -> Result<Value> {
    square("inv", a)?;
    let a = crate::operands::to_inexact(cx, a)?;
    let eye = eye_like(cx, &a, a.ty().dtype)?;
    solve(cx, &a, &eye)
}

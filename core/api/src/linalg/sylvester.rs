//! Sylvester's equation `A X + X B = C`.

use jaxrs_data::{Error, Result, Scalar, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, fori_loop};

use super::schur::{element, index, part, schur};
use super::vectorized;
use crate::lax;
use crate::numpy;
use crate::numpy::linalg::{matrix_dims, square};
use crate::operands::{constant_like, promoted_inexact};

/// The solution, by the method `schur` (Bartels & Stewart 1972) or `eigen`; NaN where eigenvalues of `A` and `−B`
/// are less than `tol` apart.
pub fn solve_sylvester(
    cx: &Scope,
    [a, b, c]: [&Value; 3],
    method: &str,
    tol: f64,
) -> Result<Value> {
    let operands = promoted_inexact(cx, [a, b, c])?;
    let (m, n) = (square("solve_sylvester", a)?, square("solve_sylvester", b)?);
    if matrix_dims("solve_sylvester", c)? != (m, n) {
        bail!(Shape, "solve_sylvester needs a right side of {m}x{n}, got {}", c.ty());
    }
    let by_schur = match method {
        "schur" => true,
        "eigen" => false,
        _ => bail!(InvalidArgument, "solve_sylvester takes method schur or eigen, got {method:?}"),
    };
    let of_one = move |cx: &Scope, x: &[Value]| match x {
        [a, b, c] => {
            let x = if by_schur { schur_method(cx, a, b, c)? } else { eigen_method(cx, a, b, c)? };
            let x = if c.ty().dtype.is_complex() { x } else { ops::real(cx, &x)? };
            let nan = ops::full(cx, x.ty(), Scalar::Float(f64::NAN))?;
            let singular = is_singular(cx, a, b, tol)?;
            Ok(vec![ops::select(cx, &singular, &nan, &x)?])
        }
        _ => Err(Error::internal("solve_sylvester takes 3 operands")),
    };
    Ok(vectorized(cx, "solve_sylvester", &operands, &[2, 2, 2], of_one)?.swap_remove(0))
}

/// All sums of an element of one vector and one of the other.
fn sums(cx: &Scope, x: &Value, y: &Value) -> Result<Value> {
    let columns = formula::as_columns(cx, x, y.shape()[0])?;
    ops::add(cx, &columns, &formula::as_rows(cx, y, x.shape()[0])?)
}

fn is_singular(cx: &Scope, a: &Value, b: &Value, tol: f64) -> Result<Value> {
    let values = |x: &Value| numpy::linalg::eigvals(cx, x);
    let size = numpy::abs(cx, &sums(cx, &values(a)?, &values(b)?)?)?;
    let is_small = ops::compare(cx, Compare::Lt, &size, &constant_like(&size, tol))?;
    numpy::any(cx, &is_small, &[], false)
}

fn product(cx: &Scope, x: &Value, y: &Value, z: &Value) -> Result<Value> {
    formula::matmul(cx, &formula::matmul(cx, x, y)?, z)
}

/// `R Y + Y Sᴴ = F` with triangular `R` and `S`, column after column from the last.
fn schur_method(cx: &Scope, a: &Value, b: &Value, c: &Value) -> Result<Value> {
    let ru = schur(cx, a, "complex")?;
    let sv = schur(cx, &formula::adjoint(cx, b)?, "complex")?;
    let (r, u, v) = (&ru[0], &ru[1], &sv[1]);
    let lower = formula::adjoint(cx, &sv[0])?;
    let c = ops::convert(cx, c, r.ty().dtype)?;
    let f = product(cx, &formula::adjoint(cx, u)?, &c, v)?;
    let (m, n) = formula::dims(&f);
    let column = Function::new("column", move |cx: &Scope, x: &[Value]| match x {
        [step, y, r, s, f] => {
            let j = ops::sub(cx, &index(n as i64 - 1), step)?;
            let known = formula::matmul(cx, y, &part(cx, s, [&index(0), &j], [n, 1])?)?;
            let own = part(cx, f, [&index(0), &j], [m, 1])?;
            let eye = formula::eye(cx, r.ty().dtype, r.shape())?;
            let shifted = ops::add(cx, r, &ops::mul(cx, &eye, &element(cx, s, &j, &j)?)?)?;
            let rhs = ops::sub(cx, &own, &known)?;
            let x = formula::triangular_solve(cx, formula::UPPER, &shifted, &rhs)?;
            let y = lax::dynamic_update_slice(cx, y, &x, &[index(0), j])?;
            Ok(vec![y, r.clone(), s.clone(), f.clone()])
        }
        _ => Err(Error::internal("a column of solve_sylvester takes 5 operands")),
    });
    let zeros = ops::full(cx, f.ty(), Scalar::Int(0))?;
    let operands = [zeros, r.clone(), lower, f];
    let results = fori_loop(cx, &index(0), &index(n as i64), &column, &operands, None)?;
    product(cx, u, &results[0], &formula::adjoint(cx, v)?)
}

fn eigen_method(cx: &Scope, a: &Value, b: &Value, c: &Value) -> Result<Value> {
    let (of_a, of_b) = (numpy::linalg::eig(cx, a)?, numpy::linalg::eig(cx, b)?);
    let c = ops::convert(cx, c, of_a[0].ty().dtype)?;
    let f = numpy::linalg::solve(cx, &of_a[1], &formula::matmul(cx, &c, &of_b[1])?)?;
    let y = ops::div(cx, &f, &sums(cx, &of_a[0], &of_b[0])?)?;
    product(cx, &of_a[1], &y, &numpy::linalg::inv(cx, &of_b[1])?)
}

//! Schur and Hessenberg forms.

use jaxrs_data::{DType, Error, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_transform::{Function, Scope, fori_loop};

use super::vectorized;
use crate::lax;
use crate::numpy;
use crate::numpy::linalg::square;
use crate::operands::{constant_like, to_inexact};

/// The complex type with parts of a float type.
pub(super) fn complex_of(dtype: DType) -> DType {
    match dtype {
        DType::F64 | DType::C128 => DType::C128,
        _ => DType::C64,
    }
}

/// The Schur form and the Schur vectors: `real`, with blocks for conjugate eigenvalues of real matrices, or
/// `complex`.
pub fn schur(cx: &Scope, a: &Value, output: &str) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    let a = match output {
        "real" => a,
        "complex" => ops::convert(cx, &a, complex_of(a.ty().dtype))?,
        _ => bail!(InvalidArgument, "schur takes output real or complex, got {output:?}"),
    };
    lax::linalg::schur(cx, &a, true)
}

/// The Hessenberg form, and the unitary matrix that leads to it, if it is asked for.
pub fn hessenberg(cx: &Scope, a: &Value, calc_q: bool) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    let (n, rank) = (square("hessenberg", &a)?, a.ty().rank());
    if n == 0 {
        return Ok(vec![a; if calc_q { 2 } else { 1 }]);
    }
    let results = lax::linalg::hessenberg(cx, &a)?;
    let h = formula::triu(cx, &results[0], -1)?;
    if !calc_q {
        return Ok(vec![h]);
    }
    let reflectors = formula::block(cx, &results[0], 1..n, 0..n - 1)?;
    let q = lax::linalg::householder_product(cx, &reflectors, &results[1])?;
    let mut config = vec![(0, 0, 0); rank];
    (config[rank - 2].0, config[rank - 1].0) = (1, 1);
    let q = ops::pad_zeros(cx, &q, &config)?;
    // The first row and column are those of the identity.
    let first = ops::slice_in_dim(cx, &formula::eye(cx, q.ty().dtype, q.shape())?, rank - 1, 0, 1)?;
    let mut config = vec![(0, 0, 0); rank];
    config[rank - 1].1 = n as i64 - 1;
    Ok(vec![h, ops::add(cx, &q, &ops::pad_zeros(cx, &first, &config)?)?])
}

pub(super) fn index(value: i64) -> Value {
    Value::literal(Literal::scalar(DType::I32, Scalar::Int(value)))
}

/// A part of a matrix that begins at positions which are data.
pub(super) fn part(cx: &Scope, x: &Value, starts: [&Value; 2], sizes: [usize; 2]) -> Result<Value> {
    let starts = [starts[0].clone(), starts[1].clone()];
    lax::dynamic_slice(cx, x, &starts, &[sizes[0] as i64, sizes[1] as i64])
}

pub(super) fn element(cx: &Scope, x: &Value, row: &Value, column: &Value) -> Result<Value> {
    ops::squeeze(cx, &part(cx, x, [row, column], [1, 1])?, [0, 1])
}

/// The complex Schur form and vectors of a matrix from its real ones.
pub fn rsf2csf(cx: &Scope, t: &Value, z: &Value) -> Result<Vec<Value>> {
    let (n, m) = (square("rsf2csf", t)?, square("rsf2csf", z)?);
    if n != m {
        bail!(Shape, "rsf2csf needs matrices of one size, got {} and {}", t.ty(), z.ty());
    }
    let complex = |x: &Value| {
        let x = to_inexact(cx, x)?;
        ops::convert(cx, &x, complex_of(x.ty().dtype))
    };
    let operands = [complex(t)?, complex(z)?];
    vectorized(cx, "rsf2csf", &operands, &[2, 2], move |cx, x| {
        if n <= 1 {
            return Ok(x.to_vec());
        }
        // From the last row to the second one.
        let body = Function::new("rsf2csf", move |cx: &Scope, x: &[Value]| match x {
            [step, t, z] => {
                let row = ops::sub(cx, &index(n as i64), step)?;
                split_pair(cx, &row, t, z, n)
            }
            _ => Err(Error::internal("a step of rsf2csf takes 3 operands")),
        });
        fori_loop(cx, &index(1), &index(n as i64), &body, x, None)
    })
}

/// Rotates rows and columns `m − 1` and `m` so that the element below the diagonal is 0, if it is not negligible.
fn split_pair(cx: &Scope, m: &Value, t: &Value, z: &Value, n: usize) -> Result<Vec<Value>> {
    let before = ops::offset(cx, m, -1.0)?;
    let block = part(cx, t, [&before, &before], [2, 2])?;
    let at = |i: usize, j: usize| {
        ops::squeeze(cx, &formula::block(cx, &block, i..i + 1, j..j + 1)?, [0, 1])
    };
    let (below, last) = (at(1, 0)?, at(1, 1)?);
    let size = |x: &Value| numpy::abs(cx, x);
    let eps = match t.ty().dtype {
        DType::C128 => f64::EPSILON,
        _ => f32::EPSILON.into(),
    };
    let sum = ops::add(cx, &size(&at(0, 0)?)?, &size(&last)?)?;
    let counts = ops::compare(cx, Compare::Gt, &size(&below)?, &ops::scale(cx, &sum, eps)?)?;
    let values = numpy::linalg::eigvals(cx, &block)?;
    let first = ops::squeeze(cx, &ops::slice_in_dim(cx, &values, 0, 0, 1)?, [0])?;
    let mu = ops::sub(cx, &first, &last)?;
    let r = numpy::hypot(cx, &size(&mu)?, &size(&below)?)?;
    let r = ops::convert(cx, &r, t.ty().dtype)?;
    let one = constant_like(&r, 1.0);
    let safe = numpy::select(cx, &counts, &r, &one)?;
    let c = numpy::select(cx, &counts, &ops::div(cx, &mu, &safe)?, &one)?;
    let s = numpy::select(cx, &counts, &ops::div(cx, &below, &safe)?, &constant_like(&r, 0.0))?;
    let rows = |top: [&Value; 2], bottom: [&Value; 2]| -> Result<Value> {
        let row = |[x, y]: [&Value; 2]| numpy::stack(cx, &[x.clone(), y.clone()], 0);
        numpy::stack(cx, &[row(top)?, row(bottom)?], 0)
    };
    let g = rows([&ops::conj(cx, &c)?, &s], [&ops::neg(cx, &s)?, &c])?;
    let gh = formula::adjoint(cx, &g)?;
    let zero = index(0);
    // Rows from column m − 1 on; what lies before them is 0 already up to rounding, and stays.
    let two = part(cx, t, [&before, &zero], [2, n])?;
    let column = ops::iota(cx, DType::I32, two.shape(), 1)?;
    let inside = ops::compare(cx, Compare::Ge, &column, &before)?;
    let turned = numpy::select(cx, &inside, &formula::matmul(cx, &g, &two)?, &two)?;
    let t = lax::dynamic_update_slice(cx, t, &turned, &[before.clone(), zero.clone()])?;
    let two = part(cx, &t, [&zero, &before], [n, 2])?;
    let row = ops::iota(cx, DType::I32, two.shape(), 0)?;
    let inside = ops::compare(cx, Compare::Le, &row, m)?;
    let turned = numpy::select(cx, &inside, &formula::matmul(cx, &two, &gh)?, &two)?;
    let t = lax::dynamic_update_slice(cx, &t, &turned, &[zero.clone(), before.clone()])?;
    let none = ops::full(cx, &Type::new(t.ty().dtype, [1, 1]), Scalar::Int(0))?;
    let t = lax::dynamic_update_slice(cx, &t, &none, &[m.clone(), before.clone()])?;
    let two = part(cx, z, [&zero, &before], [n, 2])?;
    let z = lax::dynamic_update_slice(cx, z, &formula::matmul(cx, &two, &gh)?, &[zero, before])?;
    Ok(vec![t, z])
}

//! Factorisations, and solvers that are given factors.

use jaxrs_data::{DType, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::linalg::formula::{self, Op};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::Compare;
use jaxrs_linalg::Triangular;
use jaxrs_transform::Scope;

use crate::lax;
use crate::numpy;
use crate::numpy::linalg::{aligned_matrices, matrix_dims, square};
use crate::operands::{promoted_inexact, to_inexact};

/// The upper triangular factor of positive definite matrices, of which the upper triangle is read; or the lower
/// one.
pub fn cho_factor(cx: &Scope, a: &Value, lower: bool) -> Result<Value> {
    let a = to_inexact(cx, a)?;
    square("cho_factor", &a)?;
    if lower {
        return lax::linalg::cholesky(cx, &a, false);
    }
    let factor = lax::linalg::cholesky(cx, &formula::adjoint(cx, &a)?, false)?;
    formula::adjoint(cx, &factor)
}

/// Square matrices and right sides, of which a vector is made a column, with leading axes broadcast; and whether
/// the solution is to become vectors again.
fn system(cx: &Scope, name: &str, a: &Value, b: &Value) -> Result<(Value, Value, bool)> {
    let [a, b] = promoted_inexact(cx, [a, b])?;
    let n = square(name, &a)?;
    let rank = b.ty().rank();
    // One vector; or vectors that lie where matrices would not fit.
    let is_vector = rank == 1 || (a.ty().rank() == rank + 1 && b.shape().last() == Some(&n));
    let b = if is_vector { ops::expand_dim(cx, &b, rank)? } else { b };
    if matrix_dims(name, &b)?.0 != n {
        bail!(Shape, "{name} of {} needs right sides of {n} rows, got {}", a.ty(), b.ty());
    }
    let [a, b] = aligned_matrices(cx, name, &a, &b)?;
    Ok((a, b, is_vector))
}

fn unsystem(cx: &Scope, x: Value, is_vector: bool) -> Result<Value> {
    let last = x.ty().rank() - 1;
    if is_vector { ops::squeeze(cx, &x, [last]) } else { Ok(x) }
}

/// The solution of a system with a matrix of which Cholesky's factor is given.
pub fn cho_solve(cx: &Scope, c: &Value, b: &Value, lower: bool) -> Result<Value> {
    let (c, b, is_vector) = system(cx, "cho_solve", c, b)?;
    let step = |b: &Value, adjoint: bool| {
        let how =
            Triangular { lower, transpose_a: adjoint, conjugate_a: adjoint, ..formula::UPPER };
        formula::triangular_solve(cx, how, &c, b)
    };
    let x = step(&step(&b, !lower)?, lower)?;
    unsystem(cx, x, is_vector)
}

/// Both factors in one matrix, and the rows that rows were exchanged with.
pub fn lu_factor(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let mut results = lax::linalg::lu(cx, &to_inexact(cx, a)?)?;
    results.truncate(2);
    Ok(results)
}

fn op(name: &str, trans: &str) -> Result<Op> {
    match trans {
        "N" => Ok(Op::Plain),
        "T" => Ok(Op::Transpose),
        "C" => Ok(Op::Adjoint),
        _ => bail!(InvalidArgument, "{name} takes trans N, T or C, got {trans:?}"),
    }
}

/// The solution of a system with a matrix of which the factors are given, or its transpose.
pub fn lu_solve(cx: &Scope, lu: &Value, pivots: &Value, b: &Value, trans: &str) -> Result<Value> {
    let op = op("lu_solve", trans)?;
    let (lu, b, is_vector) = system(cx, "lu_solve", lu, b)?;
    let n = formula::dims(&lu).0;
    let order = lax::linalg::lu_pivots_to_permutation(cx, pivots, n)?;
    let leading = &lu.shape()[..lu.ty().rank() - 2];
    let shape: Shape = leading.iter().chain([&n]).copied().collect();
    let order = crate::operands::broadcast(cx, "lu_solve", &order, &shape)?;
    unsystem(cx, formula::lu_solve(cx, &lu, &order, &b, op)?, is_vector)
}

/// `P`, `L` and `U`, whose product a matrix is; or `P L` and `U`.
pub fn lu(cx: &Scope, a: &Value, permute_l: bool) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    if a.ty().rank() != 2 {
        bail!(Shape, "lu needs a matrix, got {}", a.ty());
    }
    let results = lax::linalg::lu(cx, &a)?;
    let (factors, order) = (&results[0], &results[2]);
    let ((m, n), dtype) = (formula::dims(&a), a.ty().dtype);
    let k = m.min(n);
    let square = Shape::from([m, m]);
    let rows = ops::iota(cx, DType::I32, &square, 0)?;
    let places = ops::broadcast_in_dim(cx, order, &square, [1])?;
    let p = ops::compare(cx, Compare::Eq, &places, &rows)?;
    let below = formula::block(cx, &formula::tril(cx, factors, -1)?, 0..m, 0..k)?;
    let l = ops::add(cx, &below, &formula::eye(cx, dtype, below.shape())?)?;
    let u = formula::block(cx, &formula::triu(cx, factors, 0)?, 0..k, 0..n)?;
    if permute_l {
        let p = ops::convert(cx, &p, dtype)?;
        return Ok(vec![formula::matmul(cx, &p, &l)?, u]);
    }
    Ok(vec![ops::convert(cx, &p, dtype.real_part())?, l, u])
}

/// `Q` and `R`: `full`, `economic`, or `R` alone (`r`); with pivoting also the order of columns.
pub fn qr(cx: &Scope, a: &Value, mode: &str, pivoting: bool) -> Result<Vec<Value>> {
    let full = match mode {
        "full" | "r" => true,
        "economic" => false,
        _ => bail!(InvalidArgument, "qr takes mode full, economic or r, got {mode:?}"),
    };
    let mut results = lax::linalg::qr(cx, &to_inexact(cx, a)?, pivoting, full)?;
    if mode == "r" {
        results.remove(0);
    }
    Ok(results)
}

/// How [`qr_multiply`] multiplies.
#[derive(Clone, Copy, Debug)]
pub struct QrMultiply {
    /// Whether `Q` stands on the left.
    pub left: bool,
    /// Whether columns are put in order.
    pub pivoting: bool,
    /// Whether `Q` is conjugated.
    pub conjugate: bool,
}

/// The product of `c` with the `Q` of a matrix, and `R`; with pivoting also the order of columns.
pub fn qr_multiply(cx: &Scope, a: &Value, c: &Value, how: QrMultiply) -> Result<Vec<Value>> {
    let [a, c] = promoted_inexact(cx, [a, c])?;
    let (m, n) = matrix_dims("qr_multiply", &a)?;
    let (k, is_vector) = (m.min(n), c.ty().rank() == 1);
    let c = match (is_vector, how.left) {
        (true, true) => ops::expand_dim(cx, &c, 1)?,
        (true, false) => ops::expand_dim(cx, &c, 0)?,
        _ => c,
    };
    let (rows, cols) = matrix_dims("qr_multiply", &c)?;
    if (how.left && rows != k) || (!how.left && cols != m) {
        let (need, what) = if how.left { (k, "rows") } else { (m, "columns") };
        bail!(Shape, "qr_multiply of {} needs {need} {what}, got {}", a.ty(), c.ty());
    }
    let [a, mut c] = aligned_matrices(cx, "qr_multiply", &a, &c)?;
    let rank = a.ty().rank();
    let mut results = if how.pivoting {
        let shape = a.shape().without(rank - 2);
        let none = ops::full(cx, &Type::new(DType::I32, shape), Scalar::Int(0))?;
        lax::linalg::geqp3(cx, &a, &none)?
    } else {
        lax::linalg::geqrf(cx, &a)?
    };
    let Some(taus) = results.pop() else { return Ok(results) };
    if m > n && how.left {
        let mut config = vec![(0, 0, 0); rank];
        config[rank - 2].1 = (m - k) as i64;
        c = ops::pad_zeros(cx, &c, &config)?;
    }
    if how.conjugate {
        c = formula::transpose(cx, &c)?;
    }
    let left = how.left != how.conjugate;
    let mut product = lax::linalg::ormqr(cx, &results[0], &taus, &c, left, how.conjugate)?;
    if how.conjugate {
        product = formula::transpose(cx, &product)?;
    }
    if !how.left {
        let rows = formula::dims(&product).0;
        product = formula::block(cx, &product, 0..rows, 0..k)?;
    }
    if is_vector {
        product = numpy::ravel(cx, &product)?;
    }
    let r = formula::triu(cx, &formula::block(cx, &results[0], 0..k, 0..n)?, 0)?;
    let mut out = vec![product, r];
    if how.pivoting {
        out.push(ops::offset(cx, &results[1], -1.0)?);
    }
    Ok(out)
}

/// The solution of a system; of positive definite matrices (`pos`) by Cholesky's factor.
pub fn solve(cx: &Scope, a: &Value, b: &Value, assume_a: &str, lower: bool) -> Result<Value> {
    match assume_a {
        "gen" | "sym" | "her" => numpy::linalg::solve(cx, a, b),
        "pos" => {
            let (a, b, is_vector) = system(cx, "solve", a, b)?;
            unsystem(cx, positive(cx, &a, &b, lower)?, is_vector)
        }
        _ => bail!(InvalidArgument, "solve takes assume_a gen, sym, her or pos, got {assume_a:?}"),
    }
}

/// By Cholesky's factor, which gives tangents, too: `X' = A⁻¹ (B' − A' X)`.
fn positive(cx: &Scope, a: &Value, b: &Value, lower: bool) -> Result<Value> {
    use jaxrs_data::Error;
    use jaxrs_transform::{Function, custom_jvp};
    let value = Function::new("solve", move |cx: &Scope, x: &[Value]| match x {
        [a, b] => Ok(vec![cho_solve(cx, &cho_factor(cx, a, lower)?, b, lower)?]),
        _ => Err(Error::internal("solve takes 2 operands")),
    });
    let rule = Function::new("solve_jvp", move |cx: &Scope, x: &[Value]| match x {
        [a, b, da, db] => {
            let factor = cho_factor(cx, a, lower)?;
            let x = cho_solve(cx, &factor, b, lower)?;
            let moved = ops::sub(cx, db, &formula::matmul(cx, da, &x)?)?;
            let dx = cho_solve(cx, &factor, &moved, lower)?;
            Ok(vec![x, dx])
        }
        _ => Err(Error::internal("the derivative of solve takes 4 operands")),
    });
    Ok(custom_jvp(&value, &rule).call(cx, &[a.clone(), b.clone()])?.swap_remove(0))
}

/// The solution of a system with a triangle of a matrix, or its transpose.
pub fn solve_triangular(
    cx: &Scope,
    a: &Value,
    b: &Value,
    trans: &str,
    lower: bool,
    unit_diagonal: bool,
) -> Result<Value> {
    let op = op("solve_triangular", trans)?;
    let (a, b, is_vector) = system(cx, "solve_triangular", a, b)?;
    let how = Triangular {
        lower,
        unit_diagonal,
        transpose_a: op != Op::Plain,
        conjugate_a: op == Op::Adjoint,
        ..formula::UPPER
    };
    unsystem(cx, formula::triangular_solve(cx, how, &a, &b)?, is_vector)
}

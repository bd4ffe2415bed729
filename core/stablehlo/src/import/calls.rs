//! Custom calls: code that JAX's CPU programs find by name.
//!
//! LAPACK's routines by their names in jaxlib's foreign function interface. Matrices come by their logical shape, whatever
//! layout the call asks for. Work arrays that a routine overwrites and no program of JAX's reads have no value here.

use jaxrs_api::numpy;
use jaxrs_data::{DType, Error, ErrorKind, Literal, Result, Scalar, Type};
use jaxrs_ir::prims::{
    Cholesky, Eig, Eigh, Geqp3, Geqrf, Hessenberg, HouseholderProduct, Lu, Ormqr, Schur,
    SparseInfo, SparseLayout, SparseMatmul, Svd, TriangularSolve, Tridiagonal, TridiagonalSolve,
    Unary,
};
use jaxrs_ir::{Context as _, Prim, Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_linalg::Triangular;
use jaxrs_transform::Scope;

use super::sorting::approx_top_k;
use super::{Env, unsupported_form};
use crate::tree::{Attr, Op};

/// What a call gives: nothing where it has no value here.
pub(super) type Given = Vec<Option<Value>>;

/// Calls that say only where an array lies.
const PLACES: &[&str] = &[
    "LayoutConstraint",
    "SPMDFullToShardShape",
    "SPMDShardToFullShape",
    "Sharding",
    "annotate_device_placement",
];

/// Does a custom call.
pub(super) fn call(env: &Env<'_>, op: &Op, x: &[Value]) -> Result<Given> {
    let (target, cx) = (op.word("call_target_name")?, env.scope);
    match (target, x) {
        (name, _) if PLACES.contains(&name) => return Ok(x.iter().cloned().map(Some).collect()),
        ("ApproxTopK", _) => return approx_top_k(env, op, x),
        ("tridiagonal_solve_perturbed_ffi", [_, _, _, _]) => {
            return bind(cx, TridiagonalSolve { perturb_singular: true }, x).map(all);
        }
        ("cpu_csr_sparse_dense_ffi", [_, _, _, _]) => return csr_product(cx, op, x),
        _ => {}
    }
    let routine = target.strip_prefix("lapack_").and_then(|name| name.strip_suffix("_ffi"));
    let given = routine.and_then(|name| lapack(cx, op, name.get(1..)?, x));
    given.unwrap_or_else(|| {
        let text = format!("{}: unsupported custom call @{target}", op.place);
        Err(Error::new(ErrorKind::Unimplemented, text))
    })
}

/// A routine of LAPACK's, without the letter of its type.
fn lapack(cx: &Scope, op: &Op, routine: &str, x: &[Value]) -> Option<Result<Given>> {
    Some(match (routine, x) {
        ("potrf", [_]) => cholesky(cx, op, x),
        ("getrf", [a]) => lu(cx, a, x),
        ("geqrf", [_]) => bind(cx, Geqrf, x).map(all),
        ("geqp3", [_, _]) => bind(cx, Geqp3, x).map(all),
        ("orgqr" | "ungqr", [_, _]) => bind(cx, HouseholderProduct, x).map(all),
        ("ormqr" | "unmqr", [_, _, _]) => reflectors(cx, op, x),
        ("trsm", [_, _]) => triangular(cx, op, x),
        ("geev", [a]) => eig(cx, op, a),
        ("syevd" | "heevd", [a]) => eigh(cx, op, a),
        ("gesdd" | "gesvd", [a]) => svd(cx, op, a),
        ("gehrd", [_]) => hessenberg(cx, op, x),
        ("gees", [a]) => schur(cx, op, a),
        ("sytrd" | "hetrd", [a]) => tridiagonal(cx, op, a),
        ("gtsv", [_, _, _, b]) => tridiagonal_solve(cx, b, x),
        _ => return None,
    })
}

fn bind(cx: &Scope, prim: impl Into<Prim>, x: &[Value]) -> Result<Vec<Value>> {
    Ok(cx.bind(&prim.into(), x)?.into_vec())
}

fn all(values: Vec<Value>) -> Given {
    values.into_iter().map(Some).collect()
}

/// An attribute of the call's own.
pub(super) fn option<'o>(op: &'o Op, name: &str) -> Option<&'o Attr> {
    ["mhlo.backend_config", "backend_config"].into_iter().find_map(|key| {
        match op.attribute(key)? {
            Attr::Dict(entries) => entries.iter().find(|(k, _)| k == name).map(|(_, value)| value),
            _ => None,
        }
    })
}

/// An attribute that is a letter, as LAPACK has it.
fn letter(op: &Op, name: &str) -> Result<char> {
    match option(op, name) {
        Some(Attr::Int(code)) if (0..128).contains(code) => Ok(*code as u8 as char),
        other => Err(unsupported_form(op, format_args!("{name} {other:?}"))),
    }
}

fn truth(op: &Op, name: &str) -> Result<bool> {
    match option(op, name) {
        Some(Attr::Bool(flag)) => Ok(*flag),
        other => Err(unsupported_form(op, format_args!("{name} {other:?}"))),
    }
}

/// 0 for each matrix: success.
fn success(matrices: &Value) -> Value {
    let rank = matrices.ty().rank();
    let batch = Type::new(DType::I32, &matrices.shape()[..rank - 2]);
    Value::literal(Literal::full(batch, Scalar::Int(0)))
}

/// 1 for each matrix with a NaN in it: failure.
fn failure(cx: &Scope, matrices: &Value) -> Result<Value> {
    let rank = matrices.ty().rank();
    let is_nan = ops::compare(cx, Compare::Ne, matrices, matrices)?;
    let axes = jaxrs_data::Axes::new("reduce_or", &[-2, -1], rank)?;
    let any = ops::reduce(cx, ReduceOp::Or, &is_nan, axes)?;
    ops::convert(cx, &any, DType::I32)
}

fn cholesky(cx: &Scope, op: &Op, x: &[Value]) -> Result<Given> {
    if letter(op, "uplo")? != 'L' {
        return Err(unsupported_form(op, "the upper triangle"));
    }
    let factor = ops::bind1(cx, Cholesky, x)?;
    let info = failure(cx, &factor)?;
    Ok(vec![Some(factor), Some(info)])
}

/// LAPACK counts pivots from 1.
fn lu(cx: &Scope, a: &Value, x: &[Value]) -> Result<Given> {
    let [lu, pivots, ..] = &bind(cx, Lu, x)?[..] else {
        return Err(Error::internal("lu gives three"));
    };
    let pivots = ops::offset(cx, pivots, 1.0)?;
    Ok(all(vec![lu.clone(), pivots, success(a)]))
}

fn reflectors(cx: &Scope, op: &Op, x: &[Value]) -> Result<Given> {
    let prim = Ormqr { left: truth(op, "left")?, transpose: truth(op, "transpose")? };
    bind(cx, prim, x).map(all)
}

fn triangular(cx: &Scope, op: &Op, x: &[Value]) -> Result<Given> {
    let transposed = letter(op, "trans_x")?;
    let prim = TriangularSolve(Triangular {
        conjugate_a: transposed == 'C',
        left_side: letter(op, "side")? == 'L',
        lower: letter(op, "uplo")? == 'L',
        transpose_a: transposed != 'N',
        unit_diagonal: letter(op, "diag")? == 'U',
    });
    bind(cx, prim, x).map(all)
}

/// Eigenvalues (in real and imaginary parts for real matrices) and vectors on both sides.
fn eig(cx: &Scope, op: &Op, a: &Value) -> Result<Given> {
    let (left, right) = (letter(op, "compute_left")? == 'V', letter(op, "compute_right")? == 'V');
    let prim = Eig {
        compute_left_eigenvectors: left,
        compute_right_eigenvectors: right,
        enable_eigvec_derivs: false,
    };
    let mut results = bind(cx, prim, std::slice::from_ref(a))?.into_iter();
    let values = results.next().ok_or_else(|| Error::internal("eig gives eigenvalues"))?;
    let mut given = if a.ty().dtype.is_complex() {
        vec![Some(values)]
    } else {
        vec![Some(ops::real(cx, &values)?), Some(ops::imag(cx, &values)?)]
    };
    for wanted in [left, right] {
        given.push(if wanted { results.next() } else { None });
    }
    given.push(Some(success(a)));
    Ok(given)
}

fn eigh(cx: &Scope, op: &Op, a: &Value) -> Result<Given> {
    let lower = letter(op, "uplo")? == 'L';
    let prim = Eigh { lower, sort_eigenvalues: true, subset_by_index: None };
    let mut given = all(bind(cx, prim, std::slice::from_ref(a))?);
    if letter(op, "mode")? == 'N' {
        given[0] = None;
    }
    given.push(Some(success(a)));
    Ok(given)
}

/// What was the matrix, singular values, and vectors on both sides.
fn svd(cx: &Scope, op: &Op, a: &Value) -> Result<Given> {
    let mode = letter(op, "mode")?;
    let prim = Svd { compute_uv: mode != 'N', full_matrices: mode == 'A', subset_by_index: None };
    let mut given = vec![None];
    given.extend(bind(cx, prim, std::slice::from_ref(a))?.into_iter().map(Some));
    given.resize(4, None);
    given.push(Some(success(a)));
    Ok(given)
}

fn hessenberg(cx: &Scope, op: &Op, x: &[Value]) -> Result<Given> {
    let n = x[0].shape().last().copied().unwrap_or(0) as i128;
    let range = (option(op, "low"), option(op, "high"));
    if range != (Some(&Attr::Int(1)), Some(&Attr::Int(n))) {
        return Err(unsupported_form(op, "a part of the matrix"));
    }
    let mut given = all(bind(cx, Hessenberg, x)?);
    given.push(Some(success(&x[0])));
    Ok(given)
}

/// The triangular form, vectors, eigenvalues, how many were selected, and success.
fn schur(cx: &Scope, op: &Op, a: &Value) -> Result<Given> {
    let vectors = letter(op, "mode")? == 'V';
    if letter(op, "sort")? != 'N' {
        return Err(unsupported_form(op, "a selection of eigenvalues"));
    }
    let prim = Schur { compute_schur_vectors: vectors };
    let mut results = bind(cx, prim, std::slice::from_ref(a))?.into_iter();
    let form = results.next().ok_or_else(|| Error::internal("schur gives a form"))?;
    let mut given = vec![Some(form.clone()), results.next()];
    given.push(Some(numpy::diagonal(cx, &form, 0, -2, -1)?));
    if !a.ty().dtype.is_complex() {
        given.push(Some(imaginary_parts(cx, &form)?));
    }
    given.extend([Some(success(a)), Some(success(a))]);
    Ok(given)
}

/// A block `[a b; c a]` on the diagonal has the eigenvalues `a ± √(bc)`, with `bc < 0` (LAPACK's standard form).
fn imaginary_parts(cx: &Scope, form: &Value) -> Result<Value> {
    let side = |offset: i64| {
        let diagonal = numpy::diagonal(cx, form, offset, -2, -1)?;
        ops::unary(cx, Unary::Sqrt, &ops::unary(cx, Unary::Abs, &diagonal)?)
    };
    let part = ops::mul(cx, &side(-1)?, &side(1)?)?;
    if form.shape().last() == Some(&0) {
        return Ok(part);
    }
    let mut config = vec![(0, 0, 0); part.ty().rank()];
    let mut padded = |low: i64, high: i64| {
        if let Some(last) = config.last_mut() {
            *last = (low, high, 0);
        }
        ops::pad_zeros(cx, &part, &config)
    };
    let (first, second) = (padded(0, 1)?, padded(1, 0)?);
    ops::sub(cx, &first, &second)
}

/// Reflectors in place of the matrix, diagonal, side diagonal, factors, success.
fn tridiagonal(cx: &Scope, op: &Op, a: &Value) -> Result<Given> {
    let prim = Tridiagonal { lower: letter(op, "uplo")? == 'L' };
    let mut given = all(bind(cx, prim, std::slice::from_ref(a))?);
    given.truncate(4);
    given.push(Some(success(a)));
    Ok(given)
}

/// Factors in place of the three diagonals, then the solution.
fn tridiagonal_solve(cx: &Scope, b: &Value, x: &[Value]) -> Result<Given> {
    let diagonals = padded_diagonals(cx, x)?;
    let solution = ops::bind1(cx, TridiagonalSolve { perturb_singular: false }, &diagonals)?;
    Ok(vec![None, None, None, Some(solution), Some(success(b))])
}

/// LAPACK's diagonals beside the main one are as long as they are; JAX's have one element more, which counts for
/// nothing: the first of the lower and the last of the upper.
fn padded_diagonals(cx: &Scope, x: &[Value]) -> Result<Vec<Value>> {
    let [lower, main, upper, b] = x else { return Err(Error::internal("gtsv takes four arrays")) };
    let n = main.shape().last().copied().unwrap_or(0);
    let fit = |side: &Value, low: i64, high: i64| {
        if side.shape().last() == Some(&n) {
            return Ok(side.clone());
        }
        let mut config = vec![(0, 0, 0); side.ty().rank()];
        if let Some(last) = config.last_mut() {
            *last = (low, high, 0);
        }
        ops::pad_zeros(cx, side, &config)
    };
    Ok(vec![fit(lower, 1, 0)?, main.clone(), fit(upper, 0, 1)?, b.clone()])
}

/// The product of a sparse matrix, by rows (values, where rows begin, columns), with a dense matrix or vector.
fn csr_product(cx: &Scope, op: &Op, x: &[Value]) -> Result<Given> {
    let [values, starts, columns, dense] = x else {
        return Err(Error::internal("a sparse product takes four arrays"));
    };
    let rows = starts.shape().first().and_then(|n| n.checked_sub(1));
    let (Some(rows), Some(&cols)) = (rows, dense.shape().first()) else {
        return Err(unsupported_form(op, "arrays without axes"));
    };
    let prim = SparseMatmul {
        layout: SparseLayout::Csr,
        matrix: dense.ty().rank() == 2,
        transpose: false,
        info: SparseInfo::of(&[rows, cols]),
    };
    bind(cx, prim, &[values.clone(), columns.clone(), starts.clone(), dense.clone()]).map(all)
}

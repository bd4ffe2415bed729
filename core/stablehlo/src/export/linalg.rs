//! Linear algebra: LAPACK's routines, as jaxlib has them on a CPU, under the names that its programs call.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, Type};
use jaxrs_ir::prims::linalg::formula::eye;
use jaxrs_ir::prims::{
    Eig, Eigh, Geqp3, Geqrf, HouseholderProduct, LuPivotsToPermutation, Ormqr, Qr, Svd,
};
use jaxrs_ir::{Prim, Value, ops};
use jaxrs_kernel::Compare as Cmp;
use jaxrs_linalg::Triangular;

use super::emitter::Emitter;
use super::{Outputs, control};
use crate::tree::Attr;

pub(super) fn emit(
    e: &Emitter<'_>,
    prim: &Prim,
    x: &[Value],
    out: &[Type],
) -> Option<Result<Outputs>> {
    Some(match (prim, x) {
        (Prim::Cholesky(_), [a]) => {
            checked(e, "potrf", vec![("uplo", letter('L'))], x, a, &out[..1])
        }
        (Prim::Lu(_), [a]) => lu(e, a, out),
        (Prim::LuPivotsToPermutation(p), [pivots]) => {
            permutation(e, pivots, p.permutation_size).map(|y| vec![y])
        }
        (Prim::TriangularSolve(p), [a, b]) => triangular_solve(e, p.0, a, b),
        (Prim::TridiagonalSolve(p), [.., b]) if p.perturb_singular => {
            let out = std::slice::from_ref(b.ty());
            call(e, "tridiagonal_solve_perturbed_ffi".to_owned(), vec![], x, out, 1)
        }
        (Prim::TridiagonalSolve(_), [.., b]) => tridiagonal_solve(e, x, b),
        (Prim::Qr(p), [a]) => qr(e, p, a, out),
        (Prim::Geqrf(_), [_]) => routine(e, "geqrf", vec![], x, out, 2),
        (Prim::Geqp3(_), [_, _]) => routine(e, "geqp3", vec![], x, out, 2),
        (Prim::HouseholderProduct(_), [a, _]) => {
            routine(e, real_or(a, "orgqr", "ungqr"), vec![], x, out, 2)
        }
        (Prim::Ormqr(p), [a, ..]) => ormqr(e, p, a, x, out),
        (Prim::Eigh(p), [a]) => eigh(e, p, a, out),
        (Prim::Eig(p), [a]) => eig(e, p, a, out),
        (Prim::Svd(p), [a]) => svd(e, p, a, out),
        (Prim::Schur(p), [a]) => schur(e, p.compute_schur_vectors, a, out),
        (Prim::Hessenberg(_), [a]) => {
            let n = a.shape().last().copied().unwrap_or(0);
            let range =
                vec![("low", number(DType::I32, 1)), ("high", number(DType::I32, n as i64))];
            checked(e, "gehrd", range, x, a, out)
        }
        (Prim::Tridiagonal(p), [a]) => {
            let uplo = letter(if p.lower { 'L' } else { 'U' });
            checked(e, real_or(a, "sytrd", "hetrd"), vec![("uplo", uplo)], x, a, out)
        }
        _ => return None,
    })
}

/// A number of some type in the attributes of a call.
fn number(dtype: DType, value: i64) -> Attr {
    Attr::Dense(Literal::scalar(dtype, Scalar::Int(value)))
}

fn letter(letter: char) -> Attr {
    number(DType::U8, letter as i64)
}

fn real_or<'n>(a: &Value, real: &'n str, complex: &'n str) -> &'n str {
    if a.ty().dtype.is_complex() { complex } else { real }
}

/// Columns after one another where there are matrices, as LAPACK has them: axes from the fastest to the slowest.
fn layout(ty: &Type, n_batch: usize) -> Attr {
    let mut axes: Vec<i64> = (0..ty.rank() as i64).rev().collect();
    if ty.rank() == n_batch + 2 {
        axes.swap(0, 1);
    }
    let list = Type::new(DType::I64, [axes.len()]);
    Attr::Dense(Literal::from_fn(list, |k| Scalar::Int(axes[k])))
}

/// A call of a routine on arrays with so many axes after those of batches in the first.
fn routine(
    e: &Emitter<'_>,
    name: &str,
    options: Vec<(&'static str, Attr)>,
    x: &[Value],
    out: &[Type],
    n_axes: usize,
) -> Result<Outputs> {
    let prefix = match x[0].ty().dtype {
        DType::F32 => 's',
        DType::F64 => 'd',
        DType::C64 => 'c',
        _ => 'z',
    };
    call(e, format!("lapack_{prefix}{name}_ffi"), options, x, out, n_axes)
}

/// A call on arrays with so many axes after those of batches in the first.
fn call(
    e: &Emitter<'_>,
    target: String,
    options: Vec<(&'static str, Attr)>,
    x: &[Value],
    out: &[Type],
    n_axes: usize,
) -> Result<Outputs> {
    let n_batch = x[0].ty().rank() - n_axes;
    let options = options.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let attributes = vec![
        ("call_target_name", Attr::Text(target)),
        ("api_version", Attr::Int(4)),
        ("backend_config", Attr::Dict(options)),
        ("operand_layouts", Attr::List(x.iter().map(|x| layout(x.ty(), n_batch)).collect())),
        ("result_layouts", Attr::List(out.iter().map(|ty| layout(ty, n_batch)).collect())),
    ];
    e.op("stablehlo.custom_call", x, out, attributes, vec![])
}

/// The type of what a routine says of each matrix.
fn info(a: &Value) -> Type {
    Type::new(DType::I32, &a.shape()[..a.ty().rank() - 2])
}

/// NaN in the place of what belongs to matrices that a routine failed on.
fn or_nan(e: &Emitter<'_>, info: &Value, succeeds: Cmp, y: &Value) -> Result<Value> {
    let zero = Value::literal(Literal::scalar(DType::I32, Scalar::Int(0)));
    let fine = ops::compare(e, succeeds, info, &zero)?;
    let fine = ops::broadcast_in_dim(e, &fine, y.shape(), 0..info.ty().rank())?;
    let nan = match y.ty().dtype.is_complex() {
        true => Scalar::Complex(f64::NAN, f64::NAN),
        false => Scalar::Float(f64::NAN),
    };
    ops::select(e, &fine, y, &Value::literal(Literal::scalar(y.ty().dtype, nan)))
}

/// A call of a routine whose last result says whether it succeeded.
fn checked(
    e: &Emitter<'_>,
    name: &str,
    options: Vec<(&'static str, Attr)>,
    x: &[Value],
    a: &Value,
    out: &[Type],
) -> Result<Outputs> {
    let types = [out, &[info(a)]].concat();
    let mut y = routine(e, name, options, x, &types, 2)?;
    let Some(info) = y.pop() else { return Ok(y) };
    y.iter().map(|y| or_nan(e, &info, Cmp::Eq, y)).collect()
}

/// LAPACK counts pivots from 1. A singular matrix has factors too.
fn lu(e: &Emitter<'_>, a: &Value, out: &[Type]) -> Result<Outputs> {
    let types = [out[0].clone(), out[1].clone(), info(a)];
    let y = routine(e, "getrf", vec![], std::slice::from_ref(a), &types, 2)?;
    let pivots = ops::offset(e, &y[1], -1.0)?;
    let factors = or_nan(e, &y[2], Cmp::Ge, &y[0])?;
    let m = a.shape()[a.ty().rank() - 2];
    let order = ops::bind1(
        e,
        LuPivotsToPermutation { permutation_size: m },
        std::slice::from_ref(&pivots),
    )?;
    Ok(vec![factors, pivots, order])
}

/// Swaps one after the other, of elements at places that are compared with.
fn permutation(e: &Emitter<'_>, pivots: &Value, size: usize) -> Result<Value> {
    let (last, dtype) = (pivots.ty().rank() - 1, pivots.ty().dtype);
    let n = pivots.shape()[last];
    let shape = pivots.shape().without(last).with(last, size);
    let start = ops::iota(e, dtype, &shape, last)?;
    if n == 0 {
        return Ok(start);
    }
    let mut y = control::count(e, n, &[start], |e, k, carry| {
        let k = ops::convert(e, k, dtype)?;
        let spread = |row: &Value, shape: &Shape| ops::broadcast_in_dim(e, row, shape, 0..last);
        let at = |array: &Value, is_there: &Value| {
            let zero = ops::scalar_like(array, 0.0);
            ops::reduce_sum(e, &ops::select(e, is_there, array, &zero)?, [last])
        };
        let number = ops::iota(e, dtype, pivots.shape(), last)?;
        let pivot = at(pivots, &ops::compare(e, Cmp::Eq, &number, &k)?)?;
        let place = ops::iota(e, dtype, &shape, last)?;
        let is_first = ops::compare(e, Cmp::Eq, &place, &k)?;
        let is_second = ops::compare(e, Cmp::Eq, &place, &spread(&pivot, &shape)?)?;
        let (first, second) = (at(&carry[0], &is_first)?, at(&carry[0], &is_second)?);
        let swapped = ops::select(e, &is_second, &spread(&first, &shape)?, &carry[0])?;
        Ok(vec![ops::select(e, &is_first, &spread(&second, &shape)?, &swapped)?])
    })?;
    Ok(y.swap_remove(0))
}

fn triangular_solve(e: &Emitter<'_>, how: Triangular, a: &Value, b: &Value) -> Result<Outputs> {
    let mut a = a.clone();
    if how.conjugate_a && !how.transpose_a && a.ty().dtype.is_complex() {
        a = ops::conj(e, &a)?;
    }
    let transposed = match (how.transpose_a, how.conjugate_a) {
        (false, _) => 'N',
        (true, false) => 'T',
        (true, true) => 'C',
    };
    let options = vec![
        ("side", letter(if how.left_side { 'L' } else { 'R' })),
        ("uplo", letter(if how.lower { 'L' } else { 'U' })),
        ("trans_x", letter(transposed)),
        ("diag", letter(if how.unit_diagonal { 'U' } else { 'N' })),
    ];
    let out = [b.ty().clone()];
    routine(e, "trsm", options, &[a, b.clone()], &out, 2)
}

fn tridiagonal_solve(e: &Emitter<'_>, x: &[Value], b: &Value) -> Result<Outputs> {
    let mut out: Vec<Type> = x.iter().map(|x| x.ty().clone()).collect();
    out.push(info(b));
    let y = routine(e, "gtsv", vec![], x, &out, 1)?;
    Ok(vec![or_nan(e, &y[4], Cmp::Eq, &y[3])?])
}

fn ormqr(e: &Emitter<'_>, p: &Ormqr, a: &Value, x: &[Value], out: &[Type]) -> Result<Outputs> {
    let options = vec![("left", Attr::Bool(p.left)), ("transpose", Attr::Bool(p.transpose))];
    routine(e, real_or(a, "ormqr", "unmqr"), options, x, out, 2)
}

/// Reflectors, of which `Q` is made, and `R` above them.
fn qr(e: &Emitter<'_>, p: &Qr, a: &Value, out: &[Type]) -> Result<Outputs> {
    let rank = a.ty().rank();
    let (m, n) = (a.shape()[rank - 2], a.shape()[rank - 1]);
    if m == 0 || n == 0 {
        let q = eye(e, out[0].dtype, &out[0].shape)?;
        let r = ops::full(e, &out[1], Scalar::zero(out[1].dtype))?;
        let order = out.get(2).map(|ty| ops::iota(e, ty.dtype, &ty.shape, ty.rank() - 1));
        // No columns are put in order.
        let order =
            order.transpose()?.map(|order| ops::mul(e, &order, &ops::scalar_like(&order, 0.0)));
        return Ok([q, r].into_iter().chain(order.transpose()?).collect());
    }
    let mut results = if p.pivoting {
        let free = ops::full(e, &out[2], Scalar::Int(0))?;
        e.bind_all(Geqp3, &[a.clone(), free])?
    } else {
        e.bind_all(Geqrf, std::slice::from_ref(a))?
    };
    let Some(taus) = results.pop() else { return Ok(results) };
    let k = out[0].shape[rank - 1];
    let factors = &results[0];
    let wide = if k > n {
        let mut config = vec![(0, 0, 0); rank];
        config[rank - 1] = (0, (k - n) as i64, 0);
        ops::pad_zeros(e, factors, &config)?
    } else {
        ops::slice_in_dim(e, factors, rank - 1, 0, k)?
    };
    let q = ops::bind1(e, HouseholderProduct, &[wide, taus])?;
    let upper = ops::slice_in_dim(e, factors, rank - 2, 0, out[1].shape[rank - 2])?;
    let mut y = vec![q, triu(e, &upper)?];
    if p.pivoting {
        y.push(ops::offset(e, &results[1], -1.0)?);
    }
    Ok(y)
}

fn triu(e: &Emitter<'_>, a: &Value) -> Result<Value> {
    let rank = a.ty().rank();
    let row = ops::iota(e, DType::I32, a.shape(), rank - 2)?;
    let column = ops::iota(e, DType::I32, a.shape(), rank - 1)?;
    let is_upper = ops::compare(e, Cmp::Le, &row, &column)?;
    ops::select(e, &is_upper, a, &ops::scalar_like(a, 0.0))
}

fn eigh(e: &Emitter<'_>, p: &Eigh, a: &Value, out: &[Type]) -> Result<Outputs> {
    let options = vec![("mode", letter('V')), ("uplo", letter(if p.lower { 'L' } else { 'U' }))];
    checked(e, real_or(a, "syevd", "heevd"), options, std::slice::from_ref(a), a, out)
}

/// Real matrices have real and imaginary parts of eigenvalues apart.
fn eig(e: &Emitter<'_>, p: &Eig, a: &Value, out: &[Type]) -> Result<Outputs> {
    let (left, right) = (p.compute_left_eigenvectors, p.compute_right_eigenvectors);
    let wanted = |wanted: bool| letter(if wanted { 'V' } else { 'N' });
    let options = vec![("compute_left", wanted(left)), ("compute_right", wanted(right))];
    let is_complex = a.ty().dtype.is_complex();
    let values = out[0].with_dtype(a.ty().dtype);
    let vectors = a.ty().with_dtype(out[0].dtype).with_weak(false);
    let mut types = vec![values; if is_complex { 1 } else { 2 }];
    types.extend([vectors.clone(), vectors, info(a)]);
    let y = routine(e, "geev", options, std::slice::from_ref(a), &types, 2)?;
    let n = y.len();
    let values = if is_complex { y[0].clone() } else { ops::complex(e, &y[0], &y[1])? };
    let mut results = vec![values];
    results.extend(left.then(|| y[n - 3].clone()));
    results.extend(right.then(|| y[n - 2].clone()));
    results.iter().map(|result| or_nan(e, &y[n - 1], Cmp::Eq, result)).collect()
}

fn svd(e: &Emitter<'_>, p: &Svd, a: &Value, out: &[Type]) -> Result<Outputs> {
    let rank = a.ty().rank();
    let (m, n) = (a.shape()[rank - 2], a.shape()[rank - 1]);
    if m == 0 || n == 0 {
        let empty = ops::full(e, &out[0], Scalar::zero(out[0].dtype))?;
        let vectors = out[1..].iter().map(|ty| eye(e, ty.dtype, &ty.shape));
        return std::iter::once(Ok(empty)).chain(vectors).collect();
    }
    let mode = match (p.compute_uv, p.full_matrices) {
        (false, _) => 'N',
        (true, true) => 'A',
        (true, false) => 'S',
    };
    let side = |rows: usize, columns: usize| {
        let dims = [&a.shape()[..rank - 2], &[rows, columns]].concat();
        a.ty().with_shape(dims.as_slice()).with_weak(false)
    };
    let few = m.min(n);
    let (u, v) = if p.full_matrices { (m, n) } else { (few, few) };
    let types = [a.ty().clone(), out[0].clone(), side(m, u), side(v, n), info(a)];
    let y = routine(e, "gesdd", vec![("mode", letter(mode))], std::slice::from_ref(a), &types, 2)?;
    y[1..=out.len()].iter().map(|result| or_nan(e, &y[4], Cmp::Eq, result)).collect()
}

fn schur(e: &Emitter<'_>, vectors: bool, a: &Value, out: &[Type]) -> Result<Outputs> {
    let options = vec![("mode", letter(if vectors { 'V' } else { 'N' })), ("sort", letter('N'))];
    let values = Type::new(a.ty().dtype, a.shape().without(a.ty().rank() - 1));
    let mut types = vec![a.ty().clone(), a.ty().clone()];
    types.extend(vec![values; if a.ty().dtype.is_complex() { 1 } else { 2 }]);
    types.extend([info(a), info(a)]);
    let y = routine(e, "gees", options, std::slice::from_ref(a), &types, 2)?;
    let info = &y[y.len() - 1];
    y[..out.len()].iter().map(|result| or_nan(e, info, Cmp::Eq, result)).collect()
}

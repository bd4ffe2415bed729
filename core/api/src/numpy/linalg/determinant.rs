//! Determinants, with derivatives that hold for singular matrices where JAX's do.

use jaxrs_data::{Error, Result, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_linalg::Triangular;
use jaxrs_transform::{Function, Scope, custom_jvp};

use super::square;
use crate::operands::{constant_like, to_inexact};
use crate::{lax, numpy};

type Rule = fn(&Scope, &Value, &Value) -> Result<Vec<Value>>;

/// A function of a matrix with a derivative of its own.
fn with_rule(
    cx: &Scope,
    name: &'static str,
    a: &Value,
    value: fn(&Scope, &Value) -> Result<Vec<Value>>,
    rule: Rule,
) -> Result<Vec<Value>> {
    let value = Function::new(name, move |cx: &Scope, x: &[Value]| match x {
        [a] => value(cx, a),
        _ => Err(Error::internal(format_args!("{name} takes 1 operand"))),
    });
    let rule = Function::new(name, move |cx: &Scope, x: &[Value]| match x {
        [a, da] => rule(cx, a, da),
        _ => Err(Error::internal(format_args!("the derivative of {name} takes 2 operands"))),
    });
    custom_jvp(&value, &rule).call(cx, std::slice::from_ref(a))
}

/// One element of each matrix.
fn at(cx: &Scope, a: &Value, i: usize, j: usize) -> Result<Value> {
    let rank = a.ty().rank();
    ops::squeeze(cx, &formula::block(cx, a, i..i + 1, j..j + 1)?, [rank - 2, rank - 1])
}

/// The determinants.
pub fn det(cx: &Scope, a: &Value) -> Result<Value> {
    let a = to_inexact(cx, a)?;
    match square("det", &a)? {
        2 => det_2(cx, &a),
        3 => det_3(cx, &a),
        _ => Ok(with_rule(cx, "det", &a, det_lu, det_jvp)?.swap_remove(0)),
    }
}

fn det_2(cx: &Scope, a: &Value) -> Result<Value> {
    let product = |i: usize, j: usize| ops::mul(cx, &at(cx, a, 0, i)?, &at(cx, a, 1, j)?);
    ops::sub(cx, &product(0, 1)?, &product(1, 0)?)
}

fn det_3(cx: &Scope, a: &Value) -> Result<Value> {
    let product = |i: usize, j: usize, k: usize| {
        let first = ops::mul(cx, &at(cx, a, 0, i)?, &at(cx, a, 1, j)?)?;
        ops::mul(cx, &first, &at(cx, a, 2, k)?)
    };
    let mut sum = ops::add(cx, &product(0, 1, 2)?, &product(1, 2, 0)?)?;
    sum = ops::add(cx, &sum, &product(2, 0, 1)?)?;
    for (i, j, k) in [(2, 1, 0), (0, 2, 1), (1, 0, 2)] {
        sum = ops::sub(cx, &sum, &product(i, j, k)?)?;
    }
    Ok(sum)
}

fn det_lu(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let results = slogdet(cx, a, "lu")?;
    let size = numpy::exp(cx, &results[1])?;
    let size = ops::convert(cx, &size, results[0].ty().dtype)?;
    Ok(vec![ops::mul(cx, &results[0], &size)?])
}

fn det_jvp(cx: &Scope, a: &Value, da: &Value) -> Result<Vec<Value>> {
    let [det, product] = cofactor_solve(cx, a, da)?;
    Ok(vec![det, trace(cx, &product)?])
}

/// The traces.
fn trace(cx: &Scope, x: &Value) -> Result<Value> {
    let diagonal = formula::diagonal(cx, x)?;
    let last = diagonal.ty().rank() - 1;
    ops::reduce_sum(cx, &diagonal, [last])
}

/// Along the last axis, how many of the truth values hold, as 1 for an even number and −1 for an odd one.
fn parity_sign(cx: &Scope, truths: &[Value], like: &Value) -> Result<Value> {
    let mut count: Option<Value> = None;
    for truth in truths {
        let numbers = ops::convert(cx, truth, jaxrs_data::DType::I32)?;
        let last = numbers.ty().rank() - 1;
        let sum = ops::reduce_sum(cx, &numbers, [last])?;
        count = Some(match count {
            None => sum,
            Some(count) => ops::add(cx, &count, &sum)?,
        });
    }
    let Some(count) = count else { return Err(Error::internal("no truth values to count")) };
    let odd = numpy::r#mod(cx, &count, &constant_like(&count, 2.0))?;
    let sign = ops::offset(cx, &ops::scale(cx, &odd, -2.0)?, 1.0)?;
    ops::convert(cx, &sign, like.ty().dtype)
}

/// Where a row was exchanged with another one.
fn exchanged(cx: &Scope, pivots: &Value) -> Result<Value> {
    let last = pivots.ty().rank() - 1;
    let own = ops::iota(cx, pivots.ty().dtype, pivots.shape(), last)?;
    ops::compare(cx, Compare::Ne, pivots, &own)
}

/// The cofactors' product with a matrix, `det(A) A⁻¹ B`, and the determinant. It holds for matrices that lack
/// one in rank, too.
fn cofactor_solve(cx: &Scope, a: &Value, b: &Value) -> Result<[Value; 2]> {
    let (n, rank) = (square("det", a)?, a.ty().rank());
    if n == 0 {
        let empty = formula::diagonal(cx, a)?;
        return Ok([numpy::prod(cx, &empty, &[-1], false)?, b.clone()]);
    }
    if n == 1 {
        return Ok([at(cx, a, 0, 0)?, b.clone()]);
    }
    let lu = lax::linalg::lu(cx, a)?;
    let sign = parity_sign(cx, &[exchanged(cx, &lu[1])?], a)?;
    let diagonal = formula::diagonal(cx, &lu[0])?;
    let running = lax::cumulative(cx, ReduceOp::Mul, &diagonal, -1, false)?;
    let signs = ops::broadcast_in_dim(cx, &sign, running.shape(), 0..rank - 2)?;
    let partial = ops::mul(cx, &running, &signs)?;
    let of_all = |i: usize| ops::slice_in_dim(cx, &partial, rank - 2, i, i + 1);
    let (whole, all_but_one) = (of_all(n - 1)?, of_all(n - 2)?);
    // The last pivot, which may be 0, goes into the last row instead.
    let inverse = ops::div(cx, &constant_like(&partial, 1.0), &all_but_one)?;
    let factors = with_last(cx, &lu[0], &inverse)?;
    let upper = formula::UPPER;
    let ones = ops::full(
        cx,
        &b.ty().with_shape(b.shape().with(rank - 1, 1).without(rank)),
        jaxrs_data::Scalar::Int(1),
    )?;
    let probe = formula::triangular_solve(cx, upper, &factors, &ones)?;
    let finite = numpy::isfinite(cx, &probe)?;
    let bad = numpy::logical_not(cx, &numpy::all(cx, &finite, &[-2, -1], true)?)?;
    let bad = ops::broadcast_in_dim(cx, &bad_as_vector(cx, &bad)?, b.shape(), 0..rank - 2)?;
    let zeros = ops::full(cx, b.ty(), jaxrs_data::Scalar::Int(0))?;
    let x = ops::select(cx, &bad, &zeros, b)?;
    let x = formula::take_rows(cx, &x, &lu[2])?;
    let unit = Triangular { unit_diagonal: true, ..formula::LOWER };
    let x = formula::triangular_solve(cx, unit, &factors, &x)?;
    let (_, cols) = formula::dims(&x);
    let rows = |from: usize, to: usize| formula::block(cx, &x, from..to, 0..cols);
    let first = rows(0, n - 1)?;
    let scale = ops::broadcast_in_dim(
        cx,
        &ops::squeeze(cx, &whole, [rank - 2])?,
        first.shape(),
        0..rank - 2,
    )?;
    let x = ops::concatenate(cx, &[ops::mul(cx, &first, &scale)?, rows(n - 1, n)?], rank - 2)?;
    let x = formula::triangular_solve(cx, upper, &factors, &x)?;
    let x = ops::select(cx, &bad, &zeros, &x)?;
    Ok([ops::squeeze(cx, &whole, [rank - 2])?, x])
}

/// A truth value for each matrix, of which two axes of size 1 are left.
fn bad_as_vector(cx: &Scope, bad: &Value) -> Result<Value> {
    let rank = bad.ty().rank();
    ops::squeeze(cx, bad, [rank - 2, rank - 1])
}

/// A matrix with another last element.
fn with_last(cx: &Scope, x: &Value, last: &Value) -> Result<Value> {
    let (rank, (n, _)) = (x.ty().rank(), formula::dims(x));
    let is_last = |axis: usize| -> Result<Value> {
        let place = ops::iota(cx, jaxrs_data::DType::I32, x.shape(), axis)?;
        ops::compare(cx, Compare::Eq, &place, &constant_like(&place, (n - 1) as f64))
    };
    let mask = numpy::logical_and(cx, &is_last(rank - 2)?, &is_last(rank - 1)?)?;
    let dims = (0..rank - 2).chain([rank - 1]);
    let full = ops::broadcast_in_dim(cx, last, x.shape(), dims)?;
    ops::select(cx, &mask, &full, x)
}

/// Signs and logarithms of the magnitudes of determinants, by factors `lu` or `qr`.
pub fn slogdet(cx: &Scope, a: &Value, method: &str) -> Result<Vec<Value>> {
    let a = to_inexact(cx, a)?;
    let n = square("slogdet", &a)?;
    match method {
        "lu" if n == 1 || n == 2 => with_rule(cx, "slogdet", &a, slogdet_small, slogdet_small_jvp),
        "lu" => with_rule(cx, "slogdet", &a, slogdet_lu, |cx, a, da| {
            slogdet_jvp(cx, slogdet_lu(cx, a)?, a, da)
        }),
        "qr" if a.ty().dtype.is_complex() => {
            bail!(Unimplemented, "slogdet by qr needs real numbers, got {}", a.ty())
        }
        "qr" => with_rule(cx, "slogdet", &a, slogdet_qr, |cx, a, da| {
            slogdet_jvp(cx, slogdet_qr(cx, a)?, a, da)
        }),
        _ => bail!(InvalidArgument, "slogdet takes method lu or qr, got {method:?}"),
    }
}

fn slogdet_small(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let det = if square("slogdet", a)? == 1 { at(cx, a, 0, 0)? } else { det_2(cx, a)? };
    let size = numpy::log(cx, &numpy::abs(cx, &det)?)?;
    Ok(vec![numpy::sign(cx, &det)?, numpy::real(cx, &size)?])
}

fn slogdet_small_jvp(cx: &Scope, a: &Value, da: &Value) -> Result<Vec<Value>> {
    let results = slogdet_small(cx, a)?;
    let tangent = if square("slogdet", a)? == 1 {
        ops::div(cx, &at(cx, da, 0, 0)?, &at(cx, a, 0, 0)?)?
    } else {
        let term = |i: usize, j: usize| ops::mul(cx, &at(cx, da, i, j)?, &at(cx, a, 1 - i, 1 - j)?);
        let mut sum = ops::sub(cx, &term(0, 0)?, &term(0, 1)?)?;
        sum = ops::sub(cx, &sum, &term(1, 0)?)?;
        ops::div(cx, &ops::add(cx, &sum, &term(1, 1)?)?, &det_2(cx, a)?)?
    };
    with_tangents(cx, results, &tangent)
}

/// Results and the tangents that follow from that of the logarithm of the determinant.
fn with_tangents(cx: &Scope, mut results: Vec<Value>, tangent: &Value) -> Result<Vec<Value>> {
    let sign = results[0].clone();
    let real = numpy::real(cx, tangent)?;
    let sign_tangent = if tangent.ty().dtype.is_complex() {
        let imaginary = ops::sub(cx, tangent, &ops::convert(cx, &real, tangent.ty().dtype)?)?;
        ops::mul(cx, &imaginary, &sign)?
    } else {
        ops::full(cx, &sign.ty().with_weak(false), jaxrs_data::Scalar::Int(0))?
    };
    results.extend([sign_tangent, real]);
    Ok(results)
}

fn slogdet_jvp(cx: &Scope, results: Vec<Value>, a: &Value, da: &Value) -> Result<Vec<Value>> {
    let tangent = trace(cx, &super::solve(cx, a, da)?)?;
    with_tangents(cx, results, &tangent)
}

fn slogdet_lu(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let lu = lax::linalg::lu(cx, a)?;
    let diagonal = formula::diagonal(cx, &lu[0])?;
    let last = diagonal.ty().rank() - 1;
    let zero = constant_like(&diagonal, 0.0);
    let is_zero = ops::compare(cx, Compare::Eq, &diagonal, &zero)?;
    let is_zero = numpy::any(cx, &is_zero, &[-1], false)?;
    let size = numpy::abs(cx, &diagonal)?;
    let mut odd = vec![exchanged(cx, &lu[1])?];
    let sign = if diagonal.ty().dtype.is_complex() {
        let phase = ops::div(cx, &diagonal, &ops::convert(cx, &size, diagonal.ty().dtype)?)?;
        let phase =
            ops::reduce(cx, ReduceOp::Mul, &phase, jaxrs_data::Axes::from_distinct([last]))?;
        ops::mul(cx, &phase, &parity_sign(cx, &odd, a)?)?
    } else {
        odd.push(ops::compare(cx, Compare::Lt, &diagonal, &zero)?);
        parity_sign(cx, &odd, a)?
    };
    let sign = numpy::select(cx, &is_zero, &constant_like(&sign, 0.0), &sign)?;
    let sum = ops::reduce_sum(cx, &numpy::log(cx, &size)?, [last])?;
    let log = numpy::select(cx, &is_zero, &constant_like(&sum, f64::NEG_INFINITY), &sum)?;
    Ok(vec![sign, log])
}

fn slogdet_qr(cx: &Scope, a: &Value) -> Result<Vec<Value>> {
    let n = square("slogdet", a)?;
    let results = lax::linalg::geqrf(cx, a)?;
    let diagonal = formula::diagonal(cx, &results[0])?;
    let last = diagonal.ty().rank() - 1;
    let log = numpy::sum(cx, &numpy::log(cx, &numpy::abs(cx, &diagonal)?)?, &[-1], false)?;
    let sign = numpy::prod(cx, &numpy::sign(cx, &diagonal)?, &[-1], false)?;
    let taus = ops::slice_in_dim(cx, &results[1], last, 0, n.saturating_sub(1))?;
    let reflected = ops::compare(cx, Compare::Ne, &taus, &constant_like(&taus, 0.0))?;
    Ok(vec![ops::mul(cx, &sign, &parity_sign(cx, &[reflected], a)?)?, log])
}

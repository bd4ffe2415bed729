//! Matrices that have names.

use std::f64::consts::PI;

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::linalg::formula;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

/// A constant matrix; it is computed here and now.
fn constant(
    (m, n): (usize, usize),
    dtype: DType,
    element: impl Fn(usize, usize) -> Scalar,
) -> Value {
    let ty = Type::new(dtype, [m, n]);
    Value::literal(Literal::from_fn(ty, |at| element(at / n.max(1), at % n.max(1))))
}

fn size(name: &str, n: i64) -> Result<usize> {
    match usize::try_from(n) {
        Ok(n) if n.checked_mul(n).is_some_and(|count| count <= isize::MAX as usize / 16) => Ok(n),
        _ => bail!(InvalidArgument, "{name} needs a size of at least 0, got {n}"),
    }
}

/// `1 / (i + j + 1)`.
pub fn hilbert(cx: &Scope, n: i64) -> Result<Value> {
    let n = size("hilbert", n)?;
    let dtype = cx.defaults().float();
    Ok(constant((n, n), dtype, |i, j| Scalar::Float(1.0 / (i + j + 1) as f64)))
}

/// `n` over `k`, for whole numbers.
fn binomial(n: usize, k: usize) -> f64 {
    if k > n {
        return 0.0;
    }
    (0..k.min(n - k))
        .fold(1.0, |product: f64, i| (product * (n - i) as f64 / (i + 1) as f64).round())
}

fn sign(power: usize) -> f64 {
    if power.is_multiple_of(2) { 1.0 } else { -1.0 }
}

/// The inverse of [`hilbert`].
pub fn invhilbert(cx: &Scope, n: i64) -> Result<Value> {
    let n = size("invhilbert", n)?;
    let element = |i: usize, j: usize| {
        let s = i + j;
        let middle = binomial(s, i);
        let sides = binomial(n + i, n - j - 1) * binomial(n + j, n - i - 1);
        Scalar::Float(sign(s) * (s + 1) as f64 * sides * middle * middle)
    };
    Ok(constant((n, n), cx.defaults().float(), element))
}

/// Pascal's triangle as a `lower`, `upper` or `symmetric` matrix.
pub fn pascal(cx: &Scope, n: i64, kind: &str) -> Result<Value> {
    let n = size("pascal", n)?;
    let lower = constant((n, n), DType::F32, |i, j| Scalar::Float(binomial(i, j)));
    match kind {
        "lower" => Ok(lower),
        "upper" => formula::transpose(cx, &lower),
        "symmetric" => formula::matmul(cx, &lower, &formula::transpose(cx, &lower)?),
        _ => bail!(InvalidArgument, "pascal takes kind lower, upper or symmetric, got {kind:?}"),
    }
}

/// The inverse of [`pascal`].
pub fn invpascal(cx: &Scope, n: i64, kind: &str) -> Result<Value> {
    let n = size("invpascal", n)?;
    let element = |i: usize, j: usize| Scalar::Float(sign(i + j) * binomial(i, j));
    let lower = constant((n, n), cx.defaults().float(), element);
    match kind {
        "lower" => Ok(lower),
        "upper" => formula::transpose(cx, &lower),
        "symmetric" => formula::matmul(cx, &formula::transpose(cx, &lower)?, &lower),
        _ => bail!(InvalidArgument, "invpascal takes kind lower, upper or symmetric, got {kind:?}"),
    }
}

/// Orthonormal contrasts in rows; with a constant row before them if `full`.
pub fn helmert(cx: &Scope, n: i64, full: bool) -> Result<Value> {
    let n = size("helmert", n)?;
    if n == 0 {
        bail!(InvalidArgument, "helmert needs a size of at least 1, got 0");
    }
    let element = |i: usize, j: usize| {
        let k = match (full, i) {
            (true, 0) => return Scalar::Float(1.0 / (n as f64).sqrt()),
            (true, i) => i,
            (false, i) => i + 1,
        };
        let scale = ((k * (k + 1)) as f64).sqrt();
        Scalar::Float(match j.cmp(&k) {
            std::cmp::Ordering::Less => 1.0 / scale,
            std::cmp::Ordering::Equal => -(k as f64) / scale,
            std::cmp::Ordering::Greater => 0.0,
        })
    };
    let rows = if full { n } else { n - 1 };
    Ok(constant((rows, n), cx.defaults().float(), element))
}

/// Orthogonal rows of 1 and −1, for a power of 2.
pub fn hadamard(cx: &Scope, n: i64, dtype: Option<DType>) -> Result<Value> {
    let n = size("hadamard", n)?;
    if !n.is_power_of_two() {
        bail!(InvalidArgument, "hadamard needs a power of 2, got {n}");
    }
    let dtype = dtype.unwrap_or(cx.defaults().int());
    Ok(constant((n, n), dtype, |i, j| {
        Scalar::Float(sign((i & j).count_ones() as usize)).cast(dtype)
    }))
}

/// The matrix of the discrete Fourier transform, divided by √n (`sqrtn`), n (`n`) or nothing (an empty word).
pub fn dft(cx: &Scope, n: i64, scale: &str, dtype: Option<DType>) -> Result<Value> {
    let n = size("dft", n)?;
    let dtype = dtype.unwrap_or(cx.defaults().complex());
    if !dtype.is_complex() {
        bail!(Dtype, "dft needs a complex type, got {}", dtype.name());
    }
    let divisor = match scale {
        "" => None,
        "sqrtn" => Some((n as f64).sqrt()),
        "n" => Some(n as f64),
        _ => bail!(InvalidArgument, "dft takes scale sqrtn or n, got {scale:?}"),
    };
    let element = |i: usize, j: usize| {
        let angle = -2.0 * PI * (i * j % n) as f64 / n as f64;
        Scalar::Complex(angle.cos(), angle.sin())
    };
    let omegas = constant((n, n), dtype, element);
    match divisor {
        None => Ok(omegas),
        Some(divisor) => ops::div(cx, &omegas, &ops::scalar_like(&omegas, divisor)),
    }
}

//! Discrete cosine transforms of the second kind and their inverses, as `jax.scipy.fft` has them: by a Fourier
//! transform of the same length (Makhoul, "A fast cosine transform in one and two dimensions", 1980).

use jaxrs_data::{Result, bail, normalize_axis};
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::fft;
use crate::formula::Term;
use crate::operands::to_inexact;

/// Which transform.
#[derive(Clone, Copy, PartialEq)]
enum Direction {
    Forward,
    Inverse,
}

impl Direction {
    fn name(self) -> &'static str {
        if self == Direction::Forward { "dct" } else { "idct" }
    }
}

/// The cosine transform along an axis, cut or filled with zeros to `n` elements.
pub fn dct(cx: &Scope, x: &Value, n: Option<i64>, axis: i64, norm: &str) -> Result<Value> {
    along(cx, Direction::Forward, x, n, axis, norm)
}

/// The inverse of [`dct`].
pub fn idct(cx: &Scope, x: &Value, n: Option<i64>, axis: i64, norm: &str) -> Result<Value> {
    along(cx, Direction::Inverse, x, n, axis, norm)
}

/// The cosine transform along several axes: the last ones, as many as lengths, or all.
pub fn dctn(
    cx: &Scope,
    x: &Value,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: &str,
) -> Result<Value> {
    along_all(cx, Direction::Forward, x, (s, axes), norm)
}

/// The inverse of [`dctn`].
pub fn idctn(
    cx: &Scope,
    x: &Value,
    s: Option<&[i64]>,
    axes: Option<&[i64]>,
    norm: &str,
) -> Result<Value> {
    along_all(cx, Direction::Inverse, x, (s, axes), norm)
}

fn along_all(
    cx: &Scope,
    direction: Direction,
    x: &Value,
    (s, axes): (Option<&[i64]>, Option<&[i64]>),
    norm: &str,
) -> Result<Value> {
    let rank = x.ty().rank();
    let count = axes.map(<[i64]>::len).or(s.map(<[i64]>::len)).unwrap_or(rank);
    if count > rank || s.is_some_and(|s| s.len() != count) {
        bail!(
            InvalidArgument,
            "{}n needs a length for each axis and no more than {} has, got {s:?} for {axes:?}",
            direction.name(),
            x.ty()
        );
    }
    let last: Vec<i64> = ((rank - count) as i64..rank as i64).collect();
    let axes = axes.unwrap_or(&last);
    axes.iter()
        .enumerate()
        .try_fold(x.clone(), |x, (k, &axis)| along(cx, direction, &x, s.map(|s| s[k]), axis, norm))
}

fn along(
    cx: &Scope,
    direction: Direction,
    x: &Value,
    n: Option<i64>,
    axis: i64,
    norm: &str,
) -> Result<Value> {
    let name = direction.name();
    let is_ortho = match norm {
        "ortho" => true,
        "backward" => false,
        _ => bail!(InvalidArgument, "{name} takes a norm of backward or ortho, got {norm:?}"),
    };
    let axis = normalize_axis(name, axis, x.ty().rank())?;
    let x = to_inexact(cx, x)?;
    if x.ty().dtype.is_complex() {
        let part = |x: Result<Value>| along(cx, direction, &x?, n, axis as i64, norm);
        return ops::complex(cx, &part(ops::real(cx, &x))?, &part(ops::imag(cx, &x))?);
    }
    let x = resized(cx, name, &x, axis, n)?;
    if x.shape()[axis] == 0 {
        bail!(Shape, "{name} needs at least 1 element along axis {axis}, got {}", x.ty());
    }
    match direction {
        Direction::Forward => forward(cx, &x, axis, is_ortho),
        Direction::Inverse => inverse(cx, &x, axis, is_ortho),
    }
}

fn resized(cx: &Scope, name: &str, x: &Value, axis: usize, n: Option<i64>) -> Result<Value> {
    let size = x.shape()[axis] as i64;
    match n {
        None => Ok(x.clone()),
        Some(n) if n == size => Ok(x.clone()),
        Some(n) if n > 0 => {
            let mut config = vec![(0, 0, 0); x.ty().rank()];
            config[axis].1 = n - size;
            ops::pad_zeros(cx, x, &config)
        }
        Some(n) => bail!(InvalidArgument, "{name} needs a length of at least 1, got {n}"),
    }
}

/// A vector along an axis of arrays of a rank.
fn lying<'a>(x: &Term<'a>, axis: usize, rank: usize) -> Term<'a> {
    let others: Vec<i64> = (0..rank as i64).filter(|&other| other != axis as i64).collect();
    x.map(|cx, x| super::expand_dims(cx, x, &others))
}

/// The cosines and sines of π k / 2N for each k below N.
fn turns<'a>(cx: &'a Scope, x: &Value, axis: usize) -> Result<[Term<'a>; 2]> {
    let n = x.shape()[axis] as f64;
    let k = Term::new(cx, &super::arange(cx, 0.0, n, 1.0, x.ty().dtype)?);
    let angle = lying(&(k * (std::f64::consts::FRAC_PI_2 / n)), axis, x.ty().rank());
    Ok([angle.cos(), angle.unary(Unary::Sin)])
}

/// What the first and what the other elements are divided by, as a vector along the axis.
fn norms<'a>(cx: &'a Scope, x: &Value, axis: usize) -> Result<Term<'a>> {
    let n = x.shape()[axis];
    let dtype = x.ty().dtype;
    let full = |count: usize, value: f64| super::full(cx, &[count].into(), value, dtype);
    let factors = ops::concatenate(cx, &[full(1, 4.0)?, full(n - 1, 2.0)?], 0)?;
    Ok((lying(&Term::new(cx, &factors), axis, x.ty().rank()) * n as f64).sqrt())
}

fn forward(cx: &Scope, x: &Value, axis: usize, is_ortho: bool) -> Result<Value> {
    let n = x.shape()[axis];
    let strided = |start: usize| -> Result<Value> {
        let (mut starts, mut strides) = (vec![0; x.ty().rank()], vec![1; x.ty().rank()]);
        (starts[axis], strides[axis]) = (start.min(n), 2);
        ops::slice(cx, x, &starts, x.shape(), &strides)
    };
    let odd = ops::rev(cx, &strided(1)?, [axis])?;
    let v = ops::concatenate(cx, &[strided(0)?, odd], axis)?;
    let spectrum = fft::fft(cx, &v, None, axis as i64, "backward")?;
    let (real, imag) = (ops::real(cx, &spectrum)?, ops::imag(cx, &spectrum)?);
    let [cos, sin] = turns(cx, x, axis)?;
    let result = (Term::new(cx, &real) * cos + Term::new(cx, &imag) * sin) * 2.0;
    let result = if is_ortho { result / norms(cx, x, axis)? } else { result };
    result.done()
}

fn inverse(cx: &Scope, x: &Value, axis: usize, is_ortho: bool) -> Result<Value> {
    let n = x.shape()[axis];
    let norms = norms(cx, x, axis)?;
    let x_term = Term::new(cx, x);
    let scaled = if is_ortho { x_term / norms } else { x_term / &norms / norms };
    let scaled = scaled * (2.0 * n as f64);
    let [cos, sin] = turns(cx, x, axis)?;
    let spectrum = ops::complex(cx, &(&scaled * cos).done()?, &(scaled * sin).done()?)?;
    let v = fft::ifft(cx, &spectrum, None, axis as i64, "backward")?;
    let v = ops::real(cx, &v)?;
    let half = n.div_ceil(2);
    let odd = ops::rev(cx, &ops::slice_in_dim(cx, &v, axis, half, n)?, [axis])?;
    interleaved(cx, &ops::slice_in_dim(cx, &v, axis, 0, half)?, &odd, axis)
}

/// Elements of two arrays in turn; the first has as many as the second, or one more.
fn interleaved(cx: &Scope, even: &Value, odd: &Value, axis: usize) -> Result<Value> {
    let (m, n) = (even.shape()[axis], odd.shape()[axis]);
    if n == 0 {
        return Ok(even.clone());
    }
    let spread = |x: &Value, low: i64, high: i64| {
        let mut config = vec![(0, 0, 0); x.ty().rank()];
        config[axis] = (low, high, 1);
        ops::pad_zeros(cx, x, &config)
    };
    let is_even = i64::from(m == n);
    ops::add(cx, &spread(even, 0, is_even)?, &spread(odd, 1, 1 - is_even)?)
}

//! Signals, as `jax.scipy.signal` has them: convolution along several axes, trends, spectra over time.

mod inverse;
mod spectrum;

use jaxrs_data::{Axes, Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

pub use inverse::istft;
pub use spectrum::{Boundary, Segments, csd, stft, welch};

use crate::formula::Term;
use crate::lax::{self, ConvOptions, Padding};
use crate::numpy::{self, fft};
use crate::operands::{promoted_inexact, to_inexact};

/// Which part of a convolution is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Full,
    Same,
    Valid,
}

impl Mode {
    fn named(name: &str, mode: &str) -> Result<Mode> {
        match mode {
            "full" => Ok(Mode::Full),
            "same" => Ok(Mode::Same),
            "valid" => Ok(Mode::Valid),
            _ => bail!(InvalidArgument, "{name} takes a mode of full, same or valid, got {mode:?}"),
        }
    }
}

/// Whether the second of two arrays is the larger one along all axes, and not the first; an error if neither is.
fn is_second_larger(name: &str, x: &Value, y: &Value, axes: &[usize]) -> Result<bool> {
    let pairs = || axes.iter().map(|&axis| (x.shape()[axis], y.shape()[axis]));
    if pairs().all(|(m, n)| m >= n) {
        return Ok(false);
    }
    if pairs().all(|(m, n)| m <= n) {
        return Ok(true);
    }
    bail!(
        Shape,
        "{name} needs one array that is the larger one along each axis, got {} and {}",
        x.ty(),
        y.ty()
    )
}

fn same_rank(name: &str, x: &Value, y: &Value) -> Result<()> {
    if x.ty().rank() != y.ty().rank() {
        bail!(Shape, "{name} needs arrays of as many axes, got {} and {}", x.ty(), y.ty());
    }
    Ok(())
}

/// The convolution along axes (all for an empty list) by Fourier transforms; along the others arrays are paired. `mode` is
/// `full`, `same` as the first one, or `valid`, where both meet in full.
pub fn fftconvolve(cx: &Scope, x: &Value, y: &Value, mode: &str, axes: &[i64]) -> Result<Value> {
    let name = "fftconvolve";
    let [x, y] = promoted_inexact(cx, [x, y])?;
    same_rank(name, &x, &y)?;
    let mode = Mode::named(name, mode)?;
    let rank = x.ty().rank();
    let axes = if axes.is_empty() { Axes::all(rank) } else { Axes::new(name, axes, rank)? };
    if (0..rank).any(|axis| !axes.contains(&axis) && x.shape()[axis] != y.shape()[axis]) {
        bail!(
            Shape,
            "{name} along {:?} needs equal sizes elsewhere, got {} and {}",
            &axes[..],
            x.ty(),
            y.ty()
        );
    }
    let swaps = mode == Mode::Valid && is_second_larger(name, &x, &y, &axes)?;
    let (x, y) = if swaps { (y, x) } else { (x, y) };
    let sizes = |axis: usize| (x.shape()[axis], y.shape()[axis]);
    let full: Vec<i64> =
        axes.iter().map(|&axis| (sizes(axis).0 + sizes(axis).1 - 1) as i64).collect();
    let whole = if axes.iter().all(|&axis| sizes(axis).0 == 1 || sizes(axis).1 == 1) {
        numpy::multiply(cx, &x, &y)?
    } else {
        let along: Vec<i64> = axes.iter().map(|&axis| axis as i64).collect();
        by_spectra(cx, &x, &y, &full, &along)?
    };
    axes.iter().zip(&full).try_fold(whole, |whole, (&axis, &full)| {
        let kept = match mode {
            Mode::Full => full as usize,
            Mode::Same => sizes(axis).0,
            Mode::Valid => sizes(axis).0 - sizes(axis).1 + 1,
        };
        let start = (full as usize - kept) / 2;
        ops::slice_in_dim(cx, &whole, axis, start, start + kept)
    })
}

fn by_spectra(cx: &Scope, x: &Value, y: &Value, lengths: &[i64], axes: &[i64]) -> Result<Value> {
    let is_complex = x.ty().dtype.is_complex();
    let (there, back) = if is_complex {
        (fft::fftn as Transform, fft::ifftn as Transform)
    } else {
        (fft::rfftn as _, fft::irfftn as _)
    };
    let spectrum = |x: &Value| there(cx, x, Some(lengths), Some(axes), "backward");
    let product = ops::mul(cx, &spectrum(x)?, &spectrum(y)?)?;
    back(cx, &product, Some(lengths), Some(axes), "backward")
}

type Transform = fn(&Scope, &Value, Option<&[i64]>, Option<&[i64]>, &str) -> Result<Value>;

/// The convolution along all axes; `method` is `direct`, `fft`, or `auto`, which is direct.
pub fn convolve(cx: &Scope, x: &Value, y: &Value, mode: &str, method: &str) -> Result<Value> {
    match method {
        "fft" => fftconvolve(cx, x, y, mode, &[]),
        "direct" | "auto" => directly(cx, "signal_convolve", x, y, mode),
        _ => bail!(
            InvalidArgument,
            "signal_convolve takes a method of auto, direct or fft, got {method:?}"
        ),
    }
}

fn directly(cx: &Scope, name: &str, x: &Value, y: &Value, mode: &str) -> Result<Value> {
    let mode = Mode::named(name, mode)?;
    let [x, y] = promoted_inexact(cx, [x, y])?;
    same_rank(name, &x, &y)?;
    if x.ty().numel() == 0 || y.ty().numel() == 0 {
        bail!(Shape, "{name} needs arrays with elements, got {} and {}", x.ty(), y.ty());
    }
    let axes: Vec<usize> = (0..x.ty().rank()).collect();
    let second = y.shape().clone();
    let (x, y) = if is_second_larger(name, &x, &y, &axes)? { (y, x) } else { (x, y) };
    let padding = |(&size, &other): (&usize, &usize)| {
        let (size, other) = (size as i64, other as i64);
        match mode {
            Mode::Valid => (0, 0),
            Mode::Full => (size - 1, size - 1),
            Mode::Same => (size - 1 - (other - 1) / 2, size - other + (other - 1) / 2),
        }
    };
    let padding: Vec<(i64, i64)> = y.shape().iter().zip(&second[..]).map(padding).collect();
    let canonical = |x: &Value| numpy::expand_dims(cx, x, &[0, 1]);
    let options = ConvOptions { padding: Padding::Explicit(&padding), ..ConvOptions::default() };
    let kernel = canonical(&numpy::flip(cx, &y, &[])?)?;
    ops::squeeze(cx, &lax::conv_general_dilated(cx, &canonical(&x)?, &kernel, &options)?, [0, 1])
}

fn conjugate(cx: &Scope, x: &Value) -> Result<Value> {
    if x.ty().dtype.is_complex() { ops::conj(cx, x) } else { Ok(x.clone()) }
}

/// The correlation along all axes: the convolution with the second array reversed and conjugated.
pub fn correlate(cx: &Scope, x: &Value, y: &Value, mode: &str, method: &str) -> Result<Value> {
    let y = numpy::flip(cx, &conjugate(cx, y)?, &[])?;
    convolve(cx, x, &y, mode, method)
}

fn two_axes(name: &str, x: &Value, y: &Value) -> Result<()> {
    if x.ty().rank() != 2 || y.ty().rank() != 2 {
        bail!(Shape, "{name} needs arrays with 2 axes, got {} and {}", x.ty(), y.ty());
    }
    Ok(())
}

/// The convolution of two images.
pub fn convolve2d(cx: &Scope, x: &Value, y: &Value, mode: &str) -> Result<Value> {
    two_axes("convolve2d", x, y)?;
    directly(cx, "convolve2d", x, y, mode)
}

/// The correlation of two images.
pub fn correlate2d(cx: &Scope, x: &Value, y: &Value, mode: &str) -> Result<Value> {
    let name = "correlate2d";
    two_axes(name, x, y)?;
    let flip = |x: &Value| numpy::flip(cx, x, &[]);
    let is_first_smaller = x.shape().iter().zip(&y.shape()[..]).all(|(m, n)| m <= n);
    if !is_first_smaller || mode == "same" || mode == "valid" && x.shape() == y.shape() {
        return flip(&directly(cx, name, &flip(x)?, &conjugate(cx, y)?, mode)?);
    }
    let result = directly(cx, name, &flip(y)?, &conjugate(cx, x)?, mode)?;
    if mode == "full" { conjugate(cx, &result) } else { Ok(result) }
}

/// A signal without its mean (`constant`), or without the line of least squares (`linear`) through each of the pieces that
/// break points make.
pub fn detrend(cx: &Scope, x: &Value, axis: i64, kind: &str, bp: &[i64]) -> Result<Value> {
    let x = to_inexact(cx, x)?;
    let axis = normalize_axis("detrend", axis, x.ty().rank())?;
    match kind {
        "constant" => {
            (Term::new(cx, &x) - Term::new(cx, &numpy::mean(cx, &x, &[axis as i64], true)?)).done()
        }
        "linear" => without_lines(cx, &x, axis, bp),
        _ => bail!(InvalidArgument, "detrend takes a type of constant or linear, got {kind:?}"),
    }
}

fn without_lines(cx: &Scope, x: &Value, axis: usize, bp: &[i64]) -> Result<Value> {
    let n = x.shape()[axis] as i64;
    let mut ends: Vec<i64> = bp.iter().copied().chain([0, n]).collect();
    ends.sort_unstable();
    ends.dedup();
    if ends[0] < 0 || ends.last() > Some(&n) {
        bail!(InvalidArgument, "detrend needs break points from 0 to {n}, got {bp:?}");
    }
    let moved = numpy::moveaxis(cx, x, &[axis as i64], &[0])?;
    let flat =
        numpy::reshape(cx, &moved, &[n, (x.ty().numel() as i64).checked_div(n).unwrap_or(0)])?;
    let piece = |ends: &[i64]| {
        let part = ops::slice_in_dim(cx, &flat, 0, ends[0] as usize, ends[1] as usize)?;
        without_line(cx, &part)
    };
    let pieces: Result<Vec<Value>> = ends.windows(2).map(piece).collect();
    let joined = if n == 0 { flat.clone() } else { numpy::concatenate(cx, &pieces?, 0)? };
    numpy::moveaxis(cx, &ops::reshape(cx, &joined, moved.shape())?, &[0], &[axis as i64])
}

fn without_line(cx: &Scope, x: &Value) -> Result<Value> {
    let (n, dtype) = (x.shape()[0], x.ty().dtype);
    let ones = numpy::ones(cx, &[n].into(), dtype)?;
    let places = Term::new(cx, &numpy::arange(cx, 1.0, n as f64 + 1.0, 1.0, dtype)?) / n as f64;
    let line = numpy::stack(cx, &[ones, places.done()?], 1)?;
    let fit = numpy::linalg::lstsq(cx, &line, x, None)?.swap_remove(0);
    numpy::subtract(cx, x, &numpy::matmul(cx, &line, &fit)?)
}

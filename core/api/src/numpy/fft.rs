//! Fourier transforms: `jax.numpy.fft`.
//!
//! `norm` is one of JAX's words: `backward` divides inverse transforms by the number of elements, `forward` the
//! forward ones, `ortho` both by its square root.

use jaxrs_data::{DType, Result, Shape, bail, normalize_axis};
use jaxrs_ir::prims::FftType;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::lax;
use crate::numpy;
use crate::operands::{constant, constant_like, convert};

/// What a function does, for all that is common to them.
struct Transform<'a> {
    name: &'static str,
    fft_type: FftType,
    norm: &'a str,
}

impl Transform<'_> {
    /// What results are multiplied by.
    fn factor(&self, lengths: &[usize]) -> Result<Option<f64>> {
        let count = lengths.iter().fold(1.0, |count, &n| count * n as f64);
        let is_inverse = self.name.starts_with('i');
        let factor = match self.norm {
            "backward" => return Ok(None),
            "ortho" => count.sqrt(),
            "forward" => count,
            other => {
                bail!(
                    InvalidArgument,
                    "{} takes norm backward, ortho or forward, got {other:?}",
                    self.name
                )
            }
        };
        Ok(Some(if is_inverse { factor } else { factor.recip() }))
    }

    /// The places of axes, which are all distinct.
    fn axes(&self, x: &Value, axes: &[i64]) -> Result<Vec<usize>> {
        let rank = x.ty().rank();
        let mut result = Vec::new();
        for &axis in axes {
            let axis = normalize_axis(self.name, axis, rank)?;
            if result.contains(&axis) {
                bail!(InvalidArgument, "{} needs distinct axes, got {axes:?}", self.name);
            }
            result.push(axis);
        }
        Ok(result)
    }

    fn lengths(&self, s: Option<&[i64]>, n_axes: usize) -> Result<Option<Vec<usize>>> {
        let Some(s) = s else { return Ok(None) };
        if s.len() != n_axes {
            bail!(
                InvalidArgument,
                "{} needs a length for each axis, got {s:?} for {n_axes} axes",
                self.name
            );
        }
        let length = |&n: &i64| match usize::try_from(n) {
            Ok(n) if n > 0 => Ok(n),
            _ => bail!(InvalidArgument, "{} needs lengths of at least 1, got {s:?}", self.name),
        };
        s.iter().map(length).collect::<Result<_>>().map(Some)
    }

    /// Along axes; lengths that are given crop or pad with zeros.
    fn run(&self, cx: &Scope, x: &Value, s: Option<&[i64]>, axes: Option<&[i64]>) -> Result<Value> {
        let rank = x.ty().rank();
        let n_axes = axes.map(<[i64]>::len).or(s.map(<[i64]>::len)).unwrap_or(rank);
        let lengths = self.lengths(s, n_axes)?;
        let Some(first) = rank.checked_sub(n_axes) else {
            bail!(
                InvalidArgument,
                "{} along {n_axes} axes needs as many, got {}",
                self.name,
                x.ty()
            );
        };
        let last: Vec<i64> = (first..rank).map(|axis| axis as i64).collect();
        let axes: Vec<i64> = match axes {
            Some(axes) => self.axes(x, axes)?.iter().map(|&axis| axis as i64).collect(),
            None => last.clone(),
        };
        let mut x = numpy::moveaxis(cx, x, &axes, &last)?;
        let lengths = match lengths {
            Some(lengths) => {
                let sizes = self.operand_sizes(&lengths);
                x = resized(cx, &x, first, &sizes)?;
                lengths
            }
            None => self.natural_lengths(&x.shape()[first..]),
        };
        let factor = self.factor(&lengths)?;
        let y = self.transform(cx, &x, &lengths)?;
        let y = match factor {
            Some(factor) => ops::mul(cx, &y, &constant_like(&y, factor))?,
            None => y,
        };
        numpy::moveaxis(cx, &y, &last, &axes)
    }

    fn operand_sizes(&self, lengths: &[usize]) -> Vec<usize> {
        let mut sizes = lengths.to_vec();
        if let (FftType::Irfft, Some(last)) = (self.fft_type, sizes.last_mut()) {
            *last = *last / 2 + 1;
        }
        sizes
    }

    fn natural_lengths(&self, sizes: &[usize]) -> Vec<usize> {
        let mut lengths = sizes.to_vec();
        if let (FftType::Irfft, Some(last)) = (self.fft_type, lengths.last_mut()) {
            *last = 2 * last.saturating_sub(1);
        }
        lengths
    }

    /// Along the last axes; more than three of them are taken some at a time.
    fn transform(&self, cx: &Scope, x: &Value, lengths: &[usize]) -> Result<Value> {
        if lengths.len() <= 3 {
            return lax::fft(cx, x, self.fft_type, lengths);
        }
        let n_inner = if lengths.len() == 4 { 2 } else { 3 };
        let (outer, inner) = lengths.split_at(lengths.len() - n_inner);
        let rank = x.ty().rank();
        let from: Vec<i64> =
            (rank - lengths.len()..rank - n_inner).map(|axis| axis as i64).collect();
        let to: Vec<i64> = from.iter().map(|axis| axis + n_inner as i64).collect();
        let along_outer = |x: &Value, fft_type| -> Result<Value> {
            let x = numpy::moveaxis(cx, x, &from, &to)?;
            let y = Transform { fft_type, ..*self }.transform(cx, &x, outer)?;
            numpy::moveaxis(cx, &y, &to, &from)
        };
        match self.fft_type {
            FftType::Fft | FftType::Rfft => {
                along_outer(&lax::fft(cx, x, self.fft_type, inner)?, FftType::Fft)
            }
            FftType::Ifft | FftType::Irfft => {
                lax::fft(cx, &along_outer(x, FftType::Ifft)?, self.fft_type, inner)
            }
        }
    }
}

/// The sizes of the axes from `first` on: what is longer is cut, what is shorter filled with zeros.
fn resized(cx: &Scope, x: &Value, first: usize, sizes: &[usize]) -> Result<Value> {
    let mut cut = x.clone();
    let mut config = vec![(0, 0, 0); x.ty().rank()];
    for (k, &size) in sizes.iter().enumerate() {
        let axis = first + k;
        let kept = x.shape()[axis].min(size);
        if kept < x.shape()[axis] {
            cut = ops::slice_in_dim(cx, &cut, axis, 0, kept)?;
        }
        config[axis].1 = (size - kept) as i64;
    }
    match config.iter().all(|&(_, high, _)| high == 0) {
        true => Ok(cut),
        false => ops::pad_zeros(cx, &cut, &config),
    }
}

fn along_one(
    cx: &Scope,
    transform: Transform<'_>,
    x: &Value,
    n: Option<i64>,
    axis: i64,
) -> Result<Value> {
    transform.run(cx, x, n.as_ref().map(std::slice::from_ref), Some(&[axis]))
}

macro_rules! along_one {
    ($($(#[$doc:meta])* $function:ident $fft_type:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// The axis is cut or filled with zeros to `n` elements, if that is given.
        pub fn $function(cx: &Scope, x: &Value, n: Option<i64>, axis: i64, norm: &str) -> Result<Value> {
            let fft_type = FftType::$fft_type;
            along_one(cx, Transform { name: stringify!($function), fft_type, norm }, x, n, axis)
        }
    )*};
}

along_one! {
    /// The discrete Fourier transform along an axis.
    fft Fft;
    /// The inverse discrete Fourier transform along an axis.
    ifft Ifft;
    /// The first half of the spectrum of real numbers along an axis; the other half is conjugate to it.
    rfft Rfft;
    /// The real numbers that half of a spectrum along an axis belongs to: `n`, by default an even number of them.
    irfft Irfft;
}

macro_rules! along_several {
    ($($(#[$doc:meta])* $function:ident $fft_type:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// Axes are cut or filled with zeros to the lengths `s`, if they are given. Without `axes` it is all, or
        /// the last ones, as many as lengths.
        pub fn $function(
            cx: &Scope,
            x: &Value,
            s: Option<&[i64]>,
            axes: Option<&[i64]>,
            norm: &str,
        ) -> Result<Value> {
            let fft_type = FftType::$fft_type;
            Transform { name: stringify!($function), fft_type, norm }.run(cx, x, s, axes)
        }
    )*};
}

along_several! {
    /// The discrete Fourier transform along several axes.
    fftn Fft;
    /// The inverse discrete Fourier transform along several axes.
    ifftn Ifft;
    /// The discrete Fourier transform of real numbers along several axes, halved along the last of them.
    rfftn Rfft;
    /// The inverse of `rfftn`; along the last axis an even number of elements by default.
    irfftn Irfft;
}

macro_rules! along_two {
    ($($(#[$doc:meta])* $function:ident $several:ident $fft_type:ident;)*) => {$(
        $(#[$doc])*
        pub fn $function(
            cx: &Scope,
            x: &Value,
            s: Option<&[i64]>,
            axes: [i64; 2],
            norm: &str,
        ) -> Result<Value> {
            let fft_type = FftType::$fft_type;
            Transform { name: stringify!($function), fft_type, norm }.run(cx, x, s, Some(&axes))
        }
    )*};
}

along_two! {
    /// As [`fftn`], along two axes.
    fft2 fftn Fft;
    /// As [`ifftn`], along two axes.
    ifft2 ifftn Ifft;
    /// As [`rfftn`], along two axes.
    rfft2 rfftn Rfft;
    /// As [`irfftn`], along two axes.
    irfft2 irfftn Irfft;
}

/// The real spectrum of numbers of which half is given, the other half being conjugate to it.
pub fn hfft(cx: &Scope, x: &Value, n: Option<i64>, axis: i64, norm: &str) -> Result<Value> {
    let size = x.shape()[normalize_axis("hfft", axis, x.ty().rank())?];
    let count = n.unwrap_or((size as i64 - 1) * 2) as f64;
    let conjugate = numpy::conj(cx, x)?;
    let transform = Transform { name: "hfft", fft_type: FftType::Irfft, norm };
    let y = along_one(cx, transform, &conjugate, n, axis)?;
    ops::mul(cx, &y, &constant_like(&y, count))
}

/// The first half of the numbers whose real spectrum is given: the inverse of [`hfft`].
pub fn ihfft(cx: &Scope, x: &Value, n: Option<i64>, axis: i64, norm: &str) -> Result<Value> {
    let size = x.shape()[normalize_axis("ihfft", axis, x.ty().rank())?];
    let count = n.unwrap_or(size as i64) as f64;
    let transform = Transform { name: "ihfft", fft_type: FftType::Rfft, norm };
    let y = numpy::conj(cx, &along_one(cx, transform, x, n, axis)?)?;
    ops::mul(cx, &y, &constant_like(&y, count.recip()))
}

/// The frequencies of the `n` results of [`fft`](fn@fft) of samples `d` apart: 0 and the positive ones, then the
/// negative ones. Without an element type it is the default float.
pub fn fftfreq(cx: &Scope, n: i64, d: f64, dtype: Option<DType>) -> Result<Value> {
    let out = dtype.unwrap_or(cx.defaults().float());
    let compute = if out.is_float() { out } else { DType::F32 };
    let shape = length("fftfreq", n, compute)?;
    let half = n / 2;
    let positions = ops::iota(cx, compute, &shape, 0)?;
    let turned =
        numpy::r#mod(cx, &ops::offset(cx, &positions, half as f64)?, &constant(compute, n as f64))?;
    let steps = ops::offset(cx, &turned, -(half as f64))?;
    let frequencies = ops::div(cx, &steps, &constant(compute, d * n as f64))?;
    convert(cx, &frequencies, out, false)
}

/// The frequencies of the results of [`rfft`] of `n` samples `d` apart.
pub fn rfftfreq(cx: &Scope, n: i64, d: f64, dtype: Option<DType>) -> Result<Value> {
    let dtype = dtype.unwrap_or(cx.defaults().float());
    length("rfftfreq", n, dtype)?;
    let positions = ops::iota(cx, dtype, &length("rfftfreq", n / 2 + 1, dtype)?, 0)?;
    ops::div(cx, &positions, &constant(dtype, d * n as f64))
}

fn length(name: &str, n: i64, dtype: DType) -> Result<Shape> {
    Shape::from_user(name, &[n], dtype.size_bytes())
}

/// The spectrum with the zero frequency in the middle of axes; without a list, of all.
pub fn fftshift(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    shifted(cx, "fftshift", x, axes, |size| size / 2)
}

/// Undoes [`fftshift`].
pub fn ifftshift(cx: &Scope, x: &Value, axes: &[i64]) -> Result<Value> {
    shifted(cx, "ifftshift", x, axes, |size| -(size / 2))
}

fn shifted(cx: &Scope, name: &str, x: &Value, axes: &[i64], by: fn(i64) -> i64) -> Result<Value> {
    let rank = x.ty().rank();
    let all: Vec<i64> = (0..rank as i64).collect();
    let axes = if axes.is_empty() { &all } else { axes };
    axes.iter().try_fold(x.clone(), |x, &axis| {
        let size = x.shape()[normalize_axis(name, axis, rank)?];
        numpy::roll(cx, &x, by(size as i64), Some(axis))
    })
}

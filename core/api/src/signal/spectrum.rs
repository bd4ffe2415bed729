//! Spectra of pieces of a signal: over time, or averaged.

use jaxrs_data::{DType, Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::detrend;
use crate::formula::Term;
use crate::numpy::{self, PadMode, fft};
use crate::operands::{constant_like, convert, promoted_inexact, to_inexact};

/// What stands before and after a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boundary {
    /// Nothing.
    None,
    /// Zeros.
    Zeros,
    /// The first and the last element.
    Constant,
    /// The signal mirrored at its ends.
    Even,
    /// The signal turned around its ends.
    Odd,
}

/// How a signal is cut.
#[derive(Clone, Debug)]
pub struct Segments<'a> {
    /// How many elements a unit of time has.
    pub fs: f64,
    /// The window; a Hann window if missing.
    pub window: Option<&'a Value>,
    /// How long pieces are; as long as the window or the signal if missing.
    pub nperseg: Option<usize>,
    /// How far pieces overlap; by half if missing.
    pub noverlap: Option<usize>,
    /// How many frequencies there are; as many as a piece has elements if missing.
    pub nfft: Option<usize>,
    /// `constant`, `linear`, or empty: what is taken from each piece.
    pub detrend: &'a str,
    /// Whether frequencies below zero are left out, which real signals do not need.
    pub return_onesided: bool,
    /// What stands before and after the signal.
    pub boundary: Boundary,
    /// Whether zeros fill the last piece; else it is left out.
    pub padded: bool,
    /// Whether magnitudes are densities over frequencies; else they are those of waves.
    pub is_density: bool,
    /// The axis of time.
    pub axis: i64,
}

/// A real signal's sizes.
struct Sizes {
    piece: usize,
    step: usize,
    nfft: usize,
}

/// A Hann window for pieces that follow each other.
pub(super) fn hann(cx: &Scope, n: usize, dtype: DType) -> Result<Value> {
    if n == 1 {
        return numpy::ones(cx, &[1].into(), dtype);
    }
    let k = Term::new(cx, &numpy::arange(cx, 0.0, n as f64, 1.0, dtype)?);
    (k * (std::f64::consts::PI / n as f64)).unary(jaxrs_ir::prims::Unary::Sin).square().done()
}

impl Segments<'_> {
    /// The window, and how the signal is cut.
    fn sizes(&self, cx: &Scope, name: &str, length: usize, dtype: DType) -> Result<(Value, Sizes)> {
        let (window, piece) = match self.window {
            None => {
                let piece = self.nperseg.unwrap_or(length).min(length);
                (hann(cx, piece, dtype.real_part())?, piece)
            }
            Some(window) => {
                let n = window.ty().numel();
                if window.ty().rank() != 1
                    || n > length
                    || self.nperseg.is_some_and(|size| size != n)
                {
                    bail!(
                        InvalidArgument,
                        "{name} needs a window with 1 axis, as long as pieces, {:?}, and no longer than the {length} elements, got {}",
                        self.nperseg,
                        window.ty()
                    );
                }
                (convert(cx, window, dtype, false)?, n)
            }
        };
        let (nfft, noverlap) = (self.nfft.unwrap_or(piece), self.noverlap.unwrap_or(piece / 2));
        if piece == 0 || nfft < piece || noverlap >= piece {
            bail!(
                InvalidArgument,
                "{name} needs nperseg of at least 1, no more than nfft, and more than noverlap, got {piece}, {nfft}, {noverlap}"
            );
        }
        Ok((window, Sizes { piece, step: piece - noverlap, nfft }))
    }

    /// The signal with what stands around it, along its last axis.
    fn extended(&self, cx: &Scope, x: &Value, sizes: &Sizes) -> Result<Value> {
        let n = (sizes.piece / 2) as i64;
        let rank = x.ty().rank();
        let mut around = vec![0; rank];
        around[rank - 1] = n;
        let with = |mode: PadMode| numpy::pad_with(cx, x, &around, &around, mode);
        let mut x = match self.boundary {
            Boundary::None => x.clone(),
            Boundary::Zeros => {
                let mut config = vec![(0, 0, 0); rank];
                config[rank - 1] = (n, n, 0);
                ops::pad_zeros(cx, x, &config)?
            }
            Boundary::Constant => with(PadMode::Edge)?,
            Boundary::Even => with(PadMode::Reflect { odd: false })?,
            Boundary::Odd => with(PadMode::Reflect { odd: true })?,
        };
        if self.padded {
            let (length, piece) = (x.shape()[rank - 1] as i64, sizes.piece as i64);
            let more = (piece - length).rem_euclid(sizes.step as i64) % piece;
            let mut config = vec![(0, 0, 0); rank];
            config[rank - 1] = (0, more, 0);
            x = ops::pad_zeros(cx, &x, &config)?;
        }
        Ok(x)
    }

    /// The spectra of pieces: frequencies along the last axis, pieces along the one before.
    fn spectra(
        &self,
        cx: &Scope,
        x: &Value,
        window: &Value,
        sizes: &Sizes,
        twosided: bool,
    ) -> Result<Value> {
        let length = x.shape()[x.ty().rank() - 1];
        let count = (length + sizes.step).saturating_sub(sizes.piece) / sizes.step;
        let pieces = if sizes.piece == 1 && sizes.step == 1 {
            numpy::expand_dims(cx, x, &[-1])?
        } else {
            let int = DType::I32;
            let starts =
                numpy::arange(cx, 0.0, (count * sizes.step) as f64, sizes.step as f64, int)?;
            let offsets = numpy::arange(cx, 0.0, sizes.piece as f64, 1.0, int)?;
            let places = numpy::add(cx, &numpy::expand_dims(cx, &starts, &[1])?, &offsets)?;
            numpy::take(cx, x, &places, -1, "fill")?
        };
        let pieces = match self.detrend {
            "" => pieces,
            kind => detrend(cx, &pieces, -1, kind, &[])?,
        };
        let pieces = numpy::multiply(cx, window, &pieces)?;
        let n = Some(sizes.nfft as i64);
        if twosided {
            return fft::fft(cx, &pieces, n, -1, "backward");
        }
        fft::rfft(cx, &numpy::real(cx, &pieces)?, n, -1, "backward")
    }

    /// What squares of magnitudes are multiplied with.
    fn scale<'a>(&self, window: &Term<'a>) -> Term<'a> {
        let sum = |x: Term<'a>| x.map(|cx, x| numpy::sum(cx, x, &[], false));
        if self.is_density {
            1.0 / (sum(window.square()) * self.fs)
        } else {
            1.0 / sum(window.clone()).square()
        }
    }
}

/// `x` as long as another along the last axis, zeros behind it.
fn lengthened(cx: &Scope, x: &Value, length: usize) -> Result<Value> {
    let mut config = vec![(0, 0, 0); x.ty().rank()];
    let Some((last, config_of_last)) = x.shape().last().zip(config.last_mut()) else {
        return Ok(x.clone());
    };
    config_of_last.1 = length.saturating_sub(*last) as i64;
    ops::pad_zeros(cx, x, &config)
}

/// Frequencies, times, and the spectra or their products with those of `y`, times along the last axis.
fn over_time(
    cx: &Scope,
    name: &str,
    (x, y): (&Value, Option<&Value>),
    is_power: bool,
    how: &Segments<'_>,
) -> Result<[Value; 3]> {
    let (x, y) = match y {
        None => (to_inexact(cx, x)?, None),
        Some(y) => {
            let [x, y] = promoted_inexact(cx, [x, y])?;
            if x.ty().rank() != y.ty().rank() {
                bail!(Shape, "{name} needs signals of as many axes, got {} and {}", x.ty(), y.ty());
            }
            (x, Some(y))
        }
    };
    let axis = normalize_axis(name, how.axis, x.ty().rank())?;
    let to_end = |x: &Value| numpy::moveaxis(cx, x, &[axis as i64], &[-1]);
    let x = to_end(&x)?;
    let y = y.map(|y| to_end(&y)).transpose()?;
    let dtype = x.ty().dtype;
    let last = |x: &Value| x.shape().last().copied().unwrap_or(0);
    if x.ty().numel() == 0 || y.as_ref().is_some_and(|y| y.ty().numel() == 0) {
        bail!(Shape, "{name} needs a signal with elements, got {}", x.ty());
    }
    let (window, sizes) = how.sizes(cx, name, last(&x), dtype)?;
    let longest = last(&x).max(y.as_ref().map_or(0, last));
    let ready = |x: &Value| how.extended(cx, &lengthened(cx, x, longest)?, &sizes);
    let x = ready(&x)?;
    let twosided = !how.return_onesided || dtype.is_complex();
    let spectra = |x: &Value| how.spectra(cx, x, &window, &sizes, twosided);
    let own = Term::new(cx, &spectra(&x)?);
    let result = match &y {
        Some(y) => own.map(|cx, x| ops::conj(cx, x)) * Term::new(cx, &spectra(&ready(y)?)?),
        None if is_power => own.map(|cx, x| ops::conj(cx, x)) * own,
        None => own,
    };
    let scale = how.scale(&Term::new(cx, &numpy::real(cx, &window)?));
    let scale = if is_power { scale } else { scale.sqrt() };
    let mut result = numpy::multiply(cx, &result.done()?, &scale.done()?)?;
    if !twosided && is_power {
        result = doubled(cx, &result, sizes.nfft)?;
    }
    let float = dtype.real_part();
    if is_power && y.is_none() {
        result = numpy::real(cx, &result)?;
    }
    let (n, spacing) = (sizes.nfft as i64, 1.0 / how.fs);
    let frequencies = if twosided {
        fft::fftfreq(cx, n, spacing, Some(float))
    } else {
        fft::rfftfreq(cx, n, spacing, Some(float))
    }?;
    let half = sizes.piece as f64 / 2.0;
    let times = numpy::arange(cx, half, last(&x) as f64 - half + 1.0, sizes.step as f64, float)?;
    let times = Term::new(cx, &times) / how.fs;
    let times = if how.boundary == Boundary::None { times } else { times - half / how.fs };
    Ok([frequencies, times.done()?, numpy::moveaxis(cx, &result, &[-1], &[axis as i64])?])
}

/// Frequencies that stand for those below zero as well count twice: all but zero and, of an even number, the last one.
fn doubled(cx: &Scope, x: &Value, nfft: usize) -> Result<Value> {
    let n = x.shape().last().copied().unwrap_or(0);
    let single = |k: usize| k == 0 || (nfft.is_multiple_of(2) && k + 1 == n);
    let ty = jaxrs_data::Type::new(x.ty().dtype.real_part(), [n]);
    let factors = jaxrs_data::Literal::from_fn(ty, |k| {
        jaxrs_data::Scalar::Float(if single(k) { 1.0 } else { 2.0 })
    });
    numpy::multiply(cx, x, &Value::literal(factors))
}

/// Frequencies, times, and the spectra of a signal over time.
pub fn stft(cx: &Scope, x: &Value, how: &Segments<'_>) -> Result<Vec<Value>> {
    over_time(cx, "stft", (x, None), false, how).map(Vec::from)
}

/// Frequencies and the spectrum that two signals have in common, averaged over pieces: `mean` or `median`.
pub fn csd(
    cx: &Scope,
    x: &Value,
    y: Option<&Value>,
    average: &str,
    how: &Segments<'_>,
) -> Result<Vec<Value>> {
    let name = if y.is_some() { "csd" } else { "welch" };
    let [frequencies, _, mut power] = over_time(cx, name, (x, y), true, how)?;
    let is_mean = match average {
        "mean" => true,
        "median" => false,
        _ => bail!(InvalidArgument, "{name} takes an average of mean or median, got {average:?}"),
    };
    let count = power.shape().last().copied().unwrap_or(1);
    power = match (count, is_mean) {
        (1, _) => numpy::squeeze(cx, &power, &[-1])?,
        (_, true) => numpy::mean(cx, &power, &[-1], false)?,
        (_, false) => {
            let middle = |x: Value| numpy::median(cx, &x, &[-1], false, false);
            let median = if power.ty().dtype.is_complex() {
                let (re, im) = (ops::real(cx, &power)?, ops::imag(cx, &power)?);
                ops::complex(cx, &middle(re)?, &middle(im)?)?
            } else {
                middle(power)?
            };
            numpy::true_divide(cx, &median, &constant_like(&median, median_bias(count)))?
        }
    };
    Ok(vec![frequencies, power])
}

/// The spectrum of a signal, averaged over pieces (Welch, 1967).
pub fn welch(cx: &Scope, x: &Value, average: &str, how: &Segments<'_>) -> Result<Vec<Value>> {
    csd(cx, x, None, average, how)
}

/// What the median of `n` powers is of their mean (Allen et al., "FINDCHIRP", 2012, appendix B).
fn median_bias(n: usize) -> f64 {
    let terms = (2..n).step_by(2).map(|k| 1.0 / (k as f64 + 1.0) - 1.0 / k as f64);
    1.0 + terms.sum::<f64>()
}

//! Signals.

use super::*;
use crate::signal::{self, Boundary, Segments};

const MODE: &str = "`full`: wherever they meet; `same`: as large as the first one; `valid`: where they meet in full";
const METHOD: &str = "`direct`, `fft`, or `auto`, which is direct";
const FS: &str = "how many elements a unit of time has";
const NPERSEG: &str = "how long pieces are; as long as the window or the signal if 0";
const NOVERLAP: &str = "how far pieces overlap; by half if negative";
const NFFT: &str = "of how many elements spectra are, zeros behind a piece; as many as it has if 0";
const DETREND: &str =
    "what is taken from each piece: `constant` its mean, `linear` a line, empty for nothing";
const ONESIDED: &str = "whether frequencies below zero are left out, as real signals allow";
const SCALING: &str = "`density` over frequencies, or `spectrum` for the squares of waves";
const AVERAGE: &str = "of pieces: `mean` or `median`";
const TIME: &str = "the axis of time";

fn given(name: &str, what: &str, n: i64, none: i64) -> Result<Option<usize>> {
    match usize::try_from(n) {
        _ if n == none => Ok(None),
        Ok(n) => Ok(Some(n)),
        Err(_) => bail!(InvalidArgument, "{name} needs {what} of at least 0, got {n}"),
    }
}

fn boundary(name: &str, word: &str) -> Result<Boundary> {
    match word {
        "" => Ok(Boundary::None),
        "zeros" => Ok(Boundary::Zeros),
        "constant" => Ok(Boundary::Constant),
        "even" => Ok(Boundary::Even),
        "odd" => Ok(Boundary::Odd),
        _ => bail!(
            InvalidArgument,
            "{name} takes a boundary of zeros, constant, even, odd or none, got {word:?}"
        ),
    }
}

fn is_density(name: &str, word: &str) -> Result<bool> {
    match word {
        "density" => Ok(true),
        "spectrum" => Ok(false),
        _ => bail!(InvalidArgument, "{name} takes a scaling of density or spectrum, got {word:?}"),
    }
}

fn window<'a>(name: &str, given: &'a [Value]) -> Result<Option<&'a Value>> {
    super::search::one_more(name, given)
}

/// How pieces are cut whose sizes are given so.
fn cut<'a>(
    name: &str,
    of: &'a [Value],
    (fs, axis, detrend): (f64, i64, &'a str),
    [nperseg, noverlap, nfft]: [i64; 3],
    return_onesided: bool,
) -> Result<Segments<'a>> {
    if fs.is_nan() || fs <= 0.0 {
        bail!(InvalidArgument, "{name} needs an fs above 0, got {fs}");
    }
    Ok(Segments {
        fs,
        window: window(name, of)?,
        nperseg: given(name, "nperseg", nperseg, 0)?,
        noverlap: given(name, "noverlap", noverlap, -1)?,
        nfft: given(name, "nfft", nfft, 0)?,
        detrend,
        return_onesided,
        boundary: Boundary::None,
        padded: false,
        is_density: true,
        axis,
    })
}

pub(super) static OPS: &[Op] = &[
    op!("fftconvolve", "The convolution by Fourier transforms along some axes; along the others arrays are paired.", (x, y)
        { mode: Str = "full", MODE; axes: I64s = &[], AXES; }
        => |cx| signal::fftconvolve(cx, x, y, mode, axes)),
    op!("signal_convolve", "The convolution along all axes.", (x, y)
        { mode: Str = "full", MODE; method: Str = "auto", METHOD; }
        => |cx| signal::convolve(cx, x, y, mode, method)),
    op!("signal_correlate", "The correlation along all axes, the second array conjugated.", (x, y)
        { mode: Str = "full", MODE; method: Str = "auto", METHOD; }
        => |cx| signal::correlate(cx, x, y, mode, method)),
    op!("convolve2d", "The convolution of two images.", (x, y) { mode: Str = "full", MODE; } => |cx| signal::convolve2d(cx, x, y, mode)),
    op!("correlate2d", "The correlation of two images, the second conjugated.", (x, y) { mode: Str = "full", MODE; } => |cx| signal::correlate2d(cx, x, y, mode)),
    op!("detrend", "A signal without its mean, or without the line of least squares through each of the pieces that break points make.", (x)
        { axis: I64 = -1, TIME; kind: Str = "linear", "`constant` or `linear`"; bp: I64s = &[], "the break points"; }
        => |cx| signal::detrend(cx, x, axis, kind, bp)),
    op!("stft", "Frequencies, times, and the spectra of windowed pieces of a signal, times along the last axis; the window is a Hann window unless it is given.", (x [window])
    { fs: F64 = 1.0, FS; nperseg: I64 = 256, NPERSEG; noverlap: I64 = -1, NOVERLAP; nfft: I64 = 0, NFFT; detrend: Str = "", DETREND;
      return_onesided: Bool = true, ONESIDED; boundary: Str = "zeros", "what stands before and after the signal: `zeros`, `constant`, `even`, `odd`, or empty for nothing";
      padded: Bool = true, "whether zeros fill the last piece"; axis: I64 = -1, TIME; }
    => list |cx| {
        let how = cut("stft", window, (fs, axis, detrend), [nperseg, noverlap, nfft], return_onesided)?;
        let how = Segments { boundary: self::boundary("stft", boundary)?, padded, is_density: false, ..how };
        signal::stft(cx, x, &how)
    }),
    op!("istft", "Times, and the signal that has these spectra over time; the window is a Hann window unless it is given.", (x [window])
    { fs: F64 = 1.0, FS; nperseg: I64 = 0, "how long pieces are; as many as spectra have frequencies if 0"; noverlap: I64 = -1, NOVERLAP; nfft: I64 = 0, NFFT;
      input_onesided: Bool = true, "whether frequencies below zero are left out"; boundary: Bool = true, "whether half a piece is cut off at either end";
      time_axis: I64 = -1, TIME; freq_axis: I64 = -2, "the axis of frequencies"; }
    => list |cx| {
        let how = cut("istft", window, (fs, time_axis, ""), [nperseg, noverlap, nfft], input_onesided)?;
        let boundary = if boundary { Boundary::Zeros } else { Boundary::None };
        signal::istft(cx, x, &Segments { boundary, ..how }, [time_axis, freq_axis])
    }),
    op!("csd", "Frequencies and the spectrum that two signals have in common, averaged over windowed pieces.", (x, y [window])
    { fs: F64 = 1.0, FS; nperseg: I64 = 0, NPERSEG; noverlap: I64 = -1, NOVERLAP; nfft: I64 = 0, NFFT; detrend: Str = "constant", DETREND;
      return_onesided: Bool = true, ONESIDED; scaling: Str = "density", SCALING; axis: I64 = -1, TIME; average: Str = "mean", AVERAGE; }
    => list |cx| {
        let how = cut("csd", window, (fs, axis, detrend), [nperseg, noverlap, nfft], return_onesided)?;
        signal::csd(cx, x, Some(y), average, &Segments { is_density: is_density("csd", scaling)?, ..how })
    }),
    op!("welch", "Frequencies and the spectrum of a signal, averaged over windowed pieces.", (x [window])
    { fs: F64 = 1.0, FS; nperseg: I64 = 0, NPERSEG; noverlap: I64 = -1, NOVERLAP; nfft: I64 = 0, NFFT; detrend: Str = "constant", DETREND;
      return_onesided: Bool = true, ONESIDED; scaling: Str = "density", SCALING; axis: I64 = -1, TIME; average: Str = "mean", AVERAGE; }
    => list |cx| {
        let how = cut("welch", window, (fs, axis, detrend), [nperseg, noverlap, nfft], return_onesided)?;
        signal::welch(cx, x, average, &Segments { is_density: is_density("welch", scaling)?, ..how })
    }),
];

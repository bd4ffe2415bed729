//! Signals from their spectra over time.

use jaxrs_data::{DType, Error, Result, bail, normalize_axis};
use jaxrs_ir::prims::ScatterKind;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::spectrum::hann;
use super::{Boundary, Segments};
use crate::formula::Term;
use crate::numpy::index::{Index, at};
use crate::numpy::{self, fft, shapes};
use crate::operands::convert;

/// Times and the signal of spectra over time, by adding windowed pieces where they lie. Of `how` it reads the window, sizes,
/// `return_onesided` for spectra that have one side, and whether there is a boundary to be cut off.
pub fn istft(
    cx: &Scope,
    spectra: &Value,
    how: &Segments<'_>,
    [time_axis, freq_axis]: [i64; 2],
) -> Result<Vec<Value>> {
    let name = "istft";
    let rank = spectra.ty().rank();
    let (time, freq) =
        (normalize_axis(name, time_axis, rank)?, normalize_axis(name, freq_axis, rank)?);
    if rank < 2 || time == freq {
        bail!(
            Shape,
            "{name} needs an axis of frequencies and another one of times, got {}",
            spectra.ty()
        );
    }
    let is_wide = matches!(spectra.ty().dtype, DType::F64 | DType::C128);
    let spectra = convert(cx, spectra, if is_wide { DType::C128 } else { DType::C64 }, false)?;
    let n = spectra.shape()[freq];
    let default = if how.return_onesided { 2 * n.saturating_sub(1) } else { n };
    let piece = how.nperseg.unwrap_or(default);
    let odd = usize::from(how.return_onesided && piece == default + 1);
    let nfft = how.nfft.unwrap_or(default + odd);
    let noverlap = how.noverlap.unwrap_or(piece / 2);
    if piece == 0 || nfft < piece || noverlap >= piece {
        bail!(
            InvalidArgument,
            "{name} needs nperseg of at least 1, no more than nfft, and more than noverlap, got {piece}, {nfft}, {noverlap}"
        );
    }
    let spectra = numpy::moveaxis(cx, &spectra, &[freq as i64, time as i64], &[-2, -1])?;
    let length = how.nfft.map(|n| n as i64);
    let pieces = match how.return_onesided {
        true => fft::irfft(cx, &spectra, length, -2, "backward")?,
        false => fft::ifft(cx, &spectra, length, -2, "backward")?,
    };
    let pieces = numpy::swapaxes(
        cx,
        &ops::slice_in_dim(cx, &pieces, rank - 2, 0, piece.min(pieces.shape()[rank - 2]))?,
        -2,
        -1,
    )?;
    let window = match how.window {
        None => hann(cx, piece, pieces.ty().dtype.real_part())?,
        Some(window) if window.ty().rank() == 1 && window.ty().numel() == piece => window.clone(),
        Some(window) => {
            bail!(Shape, "{name} needs a window of {piece} elements, got {}", window.ty())
        }
    };
    let w = Term::new(cx, &convert(cx, &window, pieces.ty().dtype, false)?);
    let total = w.map(|cx, w| numpy::sum(cx, w, &[], false));
    let count = pieces.shape()[rank - 2];
    let scaled = (Term::new(cx, &pieces) * total * &w).done()?;
    let signal = added(cx, &scaled, piece - noverlap)?;
    let squares = numpy::broadcast_to(cx, &w.square().done()?, &[count, piece].into())?;
    let norm = added(cx, &squares, piece - noverlap)?;
    let cut = |x: &Value| -> Result<Value> {
        let (axis, half) = (x.ty().rank() - 1, piece / 2);
        let end = x.shape()[axis].saturating_sub(half);
        if how.boundary == Boundary::None {
            Ok(x.clone())
        } else {
            ops::slice_in_dim(cx, x, axis, half.min(end), end)
        }
    };
    let norm = Term::new(cx, &numpy::real(cx, &cut(&norm)?)?);
    let safe = norm.unless(&norm.above(1e-10).not(), 1.0).done()?;
    let signal = numpy::true_divide(cx, &cut(&signal)?, &safe)?;
    let place = if freq < time { time - 1 } else { time };
    let signal = if signal.ty().rank() > 1 && time != rank - 1 {
        numpy::moveaxis(cx, &signal, &[-1], &[place as i64])?
    } else {
        signal
    };
    // As many as the first axis has, whichever that is; JAX counts them so.
    let first = signal.shape().first().copied().unwrap_or(0) as f64;
    let times = numpy::arange(cx, 0.0, first, 1.0, signal.ty().dtype.real_part())?;
    let times = (Term::new(cx, &times) / how.fs).done()?;
    Ok(vec![times, signal])
}

/// The sum of pieces, rows of the last two axes, each a step behind the one before.
fn added(cx: &Scope, x: &Value, step: usize) -> Result<Value> {
    let [leading @ .., count, piece] = &x.shape()[..] else {
        return Err(Error::internal("pieces lie along two axes"));
    };
    let total = count.saturating_sub(1) * step + piece;
    let int = DType::I32;
    let starts = numpy::arange(cx, 0.0, (count * step) as f64, step as f64, int)?;
    let offsets = numpy::arange(cx, 0.0, *piece as f64, 1.0, int)?;
    let places = numpy::add(cx, &numpy::expand_dims(cx, &starts, &[1])?, &offsets)?;
    let zeros = numpy::zeros(cx, &leading.iter().copied().chain([total]).collect(), x.ty().dtype)?;
    at(cx, ScatterKind::Add, &zeros, &[Index::Ellipsis, Index::Array(places)], x, shapes::WRITING)
}

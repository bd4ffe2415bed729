//! Small transforms by the sums that define them.

use std::f64::consts::TAU;

use jaxrs_data::{Literal, Scalar, Type};

use super::{Fft, FftType};

/// Axes up to this long are summed over; the library's way is that of all longer ones.
const MAX_LENGTH: usize = 64;

/// A complex number.
type Pair = (f64, f64);

/// The transform in double precision, if all axes are short.
pub(super) fn evaluate(fft: &Fft, x: &Literal, out: &Type) -> Option<Literal> {
    let lengths = &fft.fft_lengths;
    if lengths.iter().any(|&n| n > MAX_LENGTH) {
        return None;
    }
    let sign = if matches!(fft.fft_type, FftType::Fft | FftType::Rfft) { -1.0 } else { 1.0 };
    let (&n, outer) = lengths.split_last()?;
    let mut values: Vec<Pair> = x.iter().map(Scalar::as_complex).collect();
    if fft.fft_type == FftType::Irfft {
        // Other axes first: along them the spectrum has no symmetry.
        along_others(&mut values, outer, n / 2 + 1, sign);
        values = whole_spectrum(&values, n);
        along(&mut values, n, 1, sign);
    } else {
        along(&mut values, n, 1, sign);
        if fft.fft_type == FftType::Rfft {
            let rows = values.chunks_exact(n.max(1));
            values = rows.flat_map(|row| row[..n / 2 + 1].to_vec()).collect();
        }
        along_others(&mut values, outer, *out.shape.last()?, sign);
    }
    let is_inverse = matches!(fft.fft_type, FftType::Ifft | FftType::Irfft);
    let count = if is_inverse { lengths.iter().product::<usize>() as f64 } else { 1.0 };
    Some(Literal::from_fn(out.clone(), |at| {
        let (re, im) = values[at];
        let is_complex = out.dtype.is_complex();
        let value = if is_complex {
            Scalar::Complex(re / count, im / count)
        } else {
            Scalar::Float(re / count)
        };
        value.rounded(out.dtype)
    }))
}

fn along_others(values: &mut [Pair], outer: &[usize], mut inner: usize, sign: f64) {
    for &n in outer.iter().rev() {
        along(values, n, inner, sign);
        inner *= n;
    }
}

/// `y[k] = Σ x[j] exp(sign·2πi jk/n)` along the middle axis of arrays `[n, inner]`.
fn along(values: &mut [Pair], n: usize, inner: usize, sign: f64) {
    let x = values.to_vec();
    for (at, y) in values.iter_mut().enumerate() {
        let (start, k) = (at / (n * inner) * n * inner + at % inner, at / inner % n);
        *y = (0..n).fold((0.0, 0.0), |sum, j| {
            let (re, im) = x[start + j * inner];
            let (sin, cos) = turn(j * k % n, n, sign);
            (
                sum.0 + product(re, cos) - product(im, sin),
                sum.1 + product(re, sin) + product(im, cos),
            )
        });
    }
}

/// Sine and cosine of a part of a turn; exact where they are 0 or ±1.
fn turn(part: usize, n: usize, sign: f64) -> (f64, f64) {
    match 4 * part / n {
        quarter if quarter * n == 4 * part => {
            let (sin, cos) = [(0.0, 1.0), (1.0, 0.0), (0.0, -1.0), (-1.0, 0.0)][quarter % 4];
            (sign * sin, cos)
        }
        _ => {
            let angle = TAU * part as f64 / n as f64;
            (sign * angle.sin(), angle.cos())
        }
    }
}

/// A product in which 0 is nothing at all, also of infinities.
fn product(x: f64, factor: f64) -> f64 {
    if factor == 0.0 { 0.0 } else { x * factor }
}

/// Rows of `n` numbers from their first halves: the others are conjugate to them.
fn whole_spectrum(half: &[Pair], n: usize) -> Vec<Pair> {
    let of_row = |row: &[Pair]| {
        let at = |k: usize| match k {
            // What is its own mirror image is real.
            _ if k == 0 || 2 * k == n => (row[k].0, 0.0),
            _ if k < row.len() => row[k],
            _ => (row[n - k].0, -row[n - k].1),
        };
        (0..n).map(at).collect::<Vec<Pair>>()
    };
    half.chunks_exact(n / 2 + 1).flat_map(of_row).collect()
}

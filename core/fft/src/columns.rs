//! Transforms along an axis that is not the last.

use num_complex::Complex;
use rustfft::Fft;

use crate::{Real, sized};

/// How many columns are taken at once: as many as share cache lines.
const COLUMNS: usize = 16;

/// Transforms along the middle axis of arrays `[n, inner]`, one after another: some columns at a time are laid out
/// as rows, transformed and put back.
pub(crate) fn transform<T: Real>(
    fft: &dyn Fft<T>,
    data: &mut [Complex<T>],
    inner: usize,
    rows: &mut Vec<Complex<T>>,
    work: &mut Vec<Complex<T>>,
) {
    let n = fft.len();
    if n == 1 {
        return;
    }
    let work = sized(work, fft.get_inplace_scratch_len());
    for array in data.chunks_exact_mut(n * inner) {
        for start in (0..inner).step_by(COLUMNS) {
            let width = COLUMNS.min(inner - start);
            let rows = sized(rows, width * n);
            for (i, line) in array.chunks_exact(inner).enumerate() {
                for (j, &value) in line[start..start + width].iter().enumerate() {
                    rows[j * n + i] = value;
                }
            }
            fft.process_with_scratch(rows, work);
            for (i, line) in array.chunks_exact_mut(inner).enumerate() {
                for (j, value) in line[start..start + width].iter_mut().enumerate() {
                    *value = rows[j * n + i];
                }
            }
        }
    }
}

//! Fourier transforms along the last axes of dense row-major arrays.
//!
//! A [`Plan`] is made once for a kind of transform and its lengths, and then run on any number of arrays, several
//! at once where several threads do. What `rustfft` does along one axis is put together here to transforms of
//! several axes; those of real numbers compute the half of the spectrum that tells the other half.
//!
//! `X[k] = Σ x[j] exp(∓2πi jk/n)`; inverse transforms divide by the product of the lengths.
#![forbid(unsafe_code)]

mod columns;

use std::sync::{Arc, Mutex, PoisonError};

use bytemuck::Pod;
use num_complex::Complex;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use rustfft::{Fft, FftNum, FftPlanner};

/// What a transform goes from and to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Complex numbers to complex numbers.
    Fft,
    /// The inverse of that.
    Ifft,
    /// Real numbers to the first half of their spectrum, along the last axis.
    Rfft,
    /// The inverse of that; what makes the numbers complex is left out.
    Irfft,
}

impl Kind {
    fn is_inverse(self) -> bool {
        matches!(self, Kind::Ifft | Kind::Irfft)
    }
}

/// A real number that transforms are computed in: `f32` or `f64`.
pub trait Real: FftNum + Pod {}
impl Real for f32 {}
impl Real for f64 {}

/// What is done along the last axis.
enum Last<T> {
    Complex(Arc<dyn Fft<T>>),
    Forward(Arc<dyn RealToComplex<T>>),
    Backward(Arc<dyn ComplexToReal<T>>),
}

/// Memory that runs use one after another.
#[derive(Default)]
struct Scratch<T> {
    work: Vec<Complex<T>>,
    row: Vec<Complex<T>>,
    reals: Vec<T>,
}

/// A transform that is ready to run.
pub struct Plan<T: Real> {
    lengths: Vec<usize>,
    last: Last<T>,
    /// Along the other axes, in their order.
    others: Vec<Arc<dyn Fft<T>>>,
    /// The inverse of the product of the lengths, if results are divided by it.
    scale: Option<T>,
    spare: Mutex<Vec<Scratch<T>>>,
}

impl<T: Real> std::fmt::Debug for Plan<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Plan({:?})", self.lengths)
    }
}

impl<T: Real> Plan<T> {
    /// A transform along the last axes; the lengths are those of the real or, if there is none, of the complex
    /// array. There is at least one.
    pub fn new(kind: Kind, lengths: &[usize]) -> Plan<T> {
        let (mut planner, mut real) = (FftPlanner::new(), RealFftPlanner::new());
        let mut along = |n: usize| match kind.is_inverse() {
            true => planner.plan_fft_inverse(n),
            false => planner.plan_fft_forward(n),
        };
        let (n, outer) = lengths.split_last().map_or((1, &[][..]), |(&n, outer)| (n, outer));
        let last = match kind {
            Kind::Fft | Kind::Ifft => Last::Complex(along(n)),
            Kind::Rfft => Last::Forward(real.plan_fft_forward(n)),
            Kind::Irfft => Last::Backward(real.plan_fft_inverse(n)),
        };
        let others = outer.iter().map(|&n| along(n)).collect();
        let total = lengths.iter().fold(1.0, |total, &n| total * n as f64);
        let scale = if kind.is_inverse() { T::from_f64(1.0 / total) } else { None };
        Plan { lengths: lengths.to_vec(), last, others, scale, spare: Mutex::default() }
    }

    /// Runs on the bytes of arrays, one or several one after another.
    pub fn run(&self, input: &[u8], output: &mut [u8]) {
        if output.is_empty() || input.is_empty() {
            return;
        }
        let mut scratch = self.spare().pop().unwrap_or_else(|| Scratch {
            work: Vec::new(),
            row: Vec::new(),
            reals: Vec::new(),
        });
        match &self.last {
            Last::Complex(fft) => {
                with_slices(input, output, |x, y| self.complex(&**fft, x, y, &mut scratch));
            }
            Last::Forward(fft) => {
                with_slices(input, output, |x, y| self.forward(&**fft, x, y, &mut scratch));
            }
            Last::Backward(fft) => {
                with_slices(input, output, |x, y| self.backward(&**fft, x, y, &mut scratch));
            }
        }
        self.spare().push(scratch);
    }

    fn spare(&self) -> std::sync::MutexGuard<'_, Vec<Scratch<T>>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn complex(
        &self,
        fft: &dyn Fft<T>,
        x: &[Complex<T>],
        y: &mut [Complex<T>],
        s: &mut Scratch<T>,
    ) {
        // One element is its own spectrum, whatever it is.
        if fft.len() == 1 {
            y.copy_from_slice(x);
        } else {
            let work = sized(&mut s.work, fft.get_immutable_scratch_len());
            fft.process_immutable_with_scratch(x, y, work);
        }
        self.along_others(y, fft.len(), s);
        if let Some(scale) = self.scale {
            y.iter_mut().for_each(|v| *v = v.scale(scale));
        }
    }

    fn forward(
        &self,
        fft: &dyn RealToComplex<T>,
        x: &[T],
        y: &mut [Complex<T>],
        s: &mut Scratch<T>,
    ) {
        let n = fft.len();
        let half = n / 2 + 1;
        for (x, y) in x.chunks_exact(n).zip(y.chunks_exact_mut(half)) {
            let row = sized(&mut s.reals, n);
            row.copy_from_slice(x);
            let work = sized(&mut s.work, fft.get_scratch_len());
            // It fails for wrong lengths only, and these are right.
            let done = fft.process_with_scratch(row, y, work);
            debug_assert!(done.is_ok());
        }
        self.along_others(y, half, s);
    }

    fn backward(
        &self,
        fft: &dyn ComplexToReal<T>,
        x: &[Complex<T>],
        y: &mut [T],
        s: &mut Scratch<T>,
    ) {
        let n = fft.len();
        let half = n / 2 + 1;
        let mut all;
        let x = if self.others.is_empty() {
            x
        } else {
            all = x.to_vec();
            self.along_others(&mut all, half, s);
            &all
        };
        for (x, y) in x.chunks_exact(half).zip(y.chunks_exact_mut(n)) {
            let row = sized(&mut s.row, half);
            row.copy_from_slice(x);
            // The spectrum of real numbers is real where it is its own mirror image.
            row[0].im = T::zero();
            if n.is_multiple_of(2) {
                row[half - 1].im = T::zero();
            }
            let work = sized(&mut s.work, fft.get_scratch_len());
            let done = fft.process_with_scratch(row, y, work);
            debug_assert!(done.is_ok());
        }
        if let Some(scale) = self.scale {
            y.iter_mut().for_each(|v| *v = *v * scale);
        }
    }

    /// Transforms in place along all axes but the last, which has `inner` elements.
    fn along_others(&self, y: &mut [Complex<T>], mut inner: usize, s: &mut Scratch<T>) {
        for fft in self.others.iter().rev() {
            columns::transform(&**fft, y, inner, &mut s.row, &mut s.work);
            inner *= fft.len();
        }
    }
}

/// The first elements of a buffer, which grows where it is too short.
fn sized<T: Pod>(buffer: &mut Vec<T>, len: usize) -> &mut [T] {
    if buffer.len() < len {
        buffer.resize(len, T::zeroed());
    }
    &mut buffer[..len]
}

/// Runs a function on bytes as elements; arrays that lie askew are copied.
fn with_slices<A: Pod, B: Pod>(input: &[u8], output: &mut [u8], f: impl FnOnce(&[A], &mut [B])) {
    let copied: Vec<A>;
    let x = match bytemuck::try_cast_slice(input) {
        Ok(x) => x,
        Err(_) => {
            copied = bytemuck::allocation::pod_collect_to_vec(input);
            &copied
        }
    };
    if let Ok(y) = bytemuck::try_cast_slice_mut(output) {
        return f(x, y);
    }
    let mut y: Vec<B> = bytemuck::allocation::pod_collect_to_vec(output);
    f(x, &mut y);
    output.copy_from_slice(bytemuck::cast_slice(&y));
}

#[cfg(test)]
mod tests;

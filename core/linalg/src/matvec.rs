//! Products of parts of matrices with vectors: several rows at a time, so that the vector is read less often.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::{Field, Matrix, Real};

/// Rows that are read together.
const ROWS: usize = 4;
/// Lanes of the longest vector, and of sums of complex numbers.
const LANES: usize = 16;

/// `y += A x` for a Hermitian matrix, whose lower triangle from row and column `first` on is read.
pub(crate) fn hermitian<T: Field>(a: &Matrix<T>, first: usize, x: &[T], y: &mut [T]) {
    let n = x.len();
    let row = |i: usize| &a.row(first + i)[first..=first + i];
    for start in (0..n).step_by(ROWS) {
        let rows = start..(start + ROWS).min(n);
        if rows.len() == ROWS {
            let lines = std::array::from_fn(|k| &row(start + k)[..start]);
            let factors = std::array::from_fn(|k| x[start + k]);
            let (before, own) = y.split_at_mut(start);
            let sums = Rows { lines, x: Some(&x[..start]), y: Some((before, factors)) }.run();
            own.iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
        } else {
            for i in rows.clone() {
                for (j, &value) in row(i)[..start].iter().enumerate() {
                    y[i] += value * x[j];
                    y[j] += value.conj() * x[i];
                }
            }
        }
        for i in rows {
            let row = row(i);
            for j in start..i {
                y[i] += row[j] * x[j];
                y[j] += row[j].conj() * x[i];
            }
            y[i] += x[i].scale(row[i].re());
        }
    }
}

/// `y += A x` for a part of a matrix.
pub(crate) fn times<T: Field>(
    a: &Matrix<T>,
    (rows, cols): (Range<usize>, Range<usize>),
    x: &[T],
    y: &mut [T],
) {
    let line = |i: usize| &a.row(rows.start + i)[cols.clone()];
    for (start, y) in (0..rows.len()).step_by(ROWS).zip(y.chunks_mut(ROWS)) {
        // Of rows that are missing at the end the last one stands in.
        let lines = std::array::from_fn(|k| line((start + k).min(rows.len() - 1)));
        let sums = Rows { lines, x: Some(x), y: None }.run();
        y.iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
    }
}

/// `y += Aᴴ x` for a part of a matrix.
pub(crate) fn adjoint_times<T: Field>(
    a: &Matrix<T>,
    (rows, cols): (Range<usize>, Range<usize>),
    x: &[T],
    y: &mut [T],
) {
    let line = |i: usize| &a.row(rows.start + i)[cols.clone()];
    for start in (0..rows.len()).step_by(ROWS) {
        let lines = std::array::from_fn(|k| line((start + k).min(rows.len() - 1)));
        let factors = std::array::from_fn(|k| x.get(start + k).copied().unwrap_or(T::zero()));
        Rows { lines, x: None, y: Some((y, factors)) }.run();
    }
}

/// Some rows: gives their products with `x`, and adds their conjugates times factors to `y`.
struct Rows<'a, T> {
    lines: [&'a [T]; ROWS],
    x: Option<&'a [T]>,
    y: Option<(&'a mut [T], [T; ROWS])>,
}

impl<T: Field> Rows<'_, T> {
    fn run(self) -> [T; ROWS] {
        match (self.lines[0].is_empty(), T::IS_COMPLEX) {
            (true, _) => [T::zero(); ROWS],
            (_, true) => Arch::new().dispatch(
                #[inline(always)]
                || self.complex(),
            ),
            (_, false) => {
                let x = self.x.map(bytemuck::cast_slice);
                let y = self.y.map(|(y, factors)| {
                    (bytemuck::cast_slice_mut(y), factors.map(|factor| factor.re()))
                });
                let rows = Rows { lines: self.lines.map(bytemuck::cast_slice), x, y };
                Arch::new().dispatch(rows).map(T::real)
            }
        }
    }

    #[inline(always)]
    fn complex(mut self) -> [T; ROWS] {
        let mut sums = [T::zero(); ROWS];
        if let Some(x) = self.x {
            for (sum, line) in sums.iter_mut().zip(self.lines) {
                let mut lanes = [T::zero(); LANES];
                let (chunks, others) = (line.chunks_exact(LANES), x.chunks_exact(LANES));
                let rest = chunks.remainder().iter().zip(others.remainder());
                *sum = rest.fold(T::zero(), |sum, (&a, &x)| sum + a * x);
                for (line, x) in chunks.zip(others) {
                    for lane in 0..LANES {
                        lanes[lane] += line[lane] * x[lane];
                    }
                }
                *sum += lanes.into_iter().fold(T::zero(), |sum, x| sum + x);
            }
        }
        if let Some((y, factors)) = &mut self.y {
            for (line, &factor) in self.lines.into_iter().zip(factors.iter()) {
                for (y, x) in y.iter_mut().zip(line) {
                    *y += x.conj() * factor;
                }
            }
        }
        sums
    }
}

impl<R: Real> WithSimd for Rows<'_, R> {
    type Output = [R; ROWS];

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [R; ROWS] {
        let n = self.lines[0].len();
        let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
        let (n_vectors, whole) = (n / lanes, n / lanes * lanes);
        let lines = self.lines.map(|line| &R::vectors::<S>(line)[..n_vectors]);
        let tails = self.lines.map(|line| &line[whole..n]);
        let mut sums = [R::splat(simd, R::ZERO); ROWS];
        let mut out = [R::ZERO; ROWS];
        match (self.x, self.y) {
            (Some(x), Some((y, factors))) => {
                let (x_whole, x_tail) = (&R::vectors::<S>(x)[..n_vectors], &x[whole..n]);
                let f = factors.map(|factor| R::splat(simd, factor));
                let (y_whole, y_tail) = y.split_at_mut(whole);
                for (at, y) in R::vectors_mut::<S>(y_whole).iter_mut().enumerate() {
                    let (x, mut sum) = (x_whole[at], *y);
                    for k in 0..ROWS {
                        sums[k] = R::mul_add(simd, lines[k][at], x, sums[k]);
                        sum = R::mul_add(simd, lines[k][at], f[k], sum);
                    }
                    *y = sum;
                }
                for k in 0..ROWS {
                    for ((&a, &x), y) in tails[k].iter().zip(x_tail).zip(y_tail.iter_mut()) {
                        out[k] += a * x;
                        *y += a * factors[k];
                    }
                }
            }
            (Some(x), None) => {
                let (x_whole, x_tail) = (&R::vectors::<S>(x)[..n_vectors], &x[whole..n]);
                for (at, &x) in x_whole.iter().enumerate() {
                    for k in 0..ROWS {
                        sums[k] = R::mul_add(simd, lines[k][at], x, sums[k]);
                    }
                }
                for k in 0..ROWS {
                    out[k] = tails[k].iter().zip(x_tail).fold(out[k], |sum, (&a, &x)| sum + a * x);
                }
            }
            (None, Some((y, factors))) => {
                let f = factors.map(|factor| R::splat(simd, factor));
                let (y_whole, y_tail) = y.split_at_mut(whole);
                for (at, y) in R::vectors_mut::<S>(y_whole).iter_mut().enumerate() {
                    for k in 0..ROWS {
                        *y = R::mul_add(simd, lines[k][at], f[k], *y);
                    }
                }
                for k in 0..ROWS {
                    tails[k].iter().zip(y_tail.iter_mut()).for_each(|(&a, y)| *y += a * factors[k]);
                }
            }
            (None, None) => {}
        }
        for (out, sum) in out.iter_mut().zip(sums) {
            *out += total::<R, S>(sum);
        }
        out
    }
}

/// The sum of a vector's lanes.
#[inline(always)]
fn total<R: Real, S: Simd>(vector: R::Vector<S>) -> R {
    let mut lanes = [R::ZERO; LANES];
    R::vectors_mut::<S>(&mut lanes)[0] = vector;
    let mut width = LANES / 2;
    while width > 0 {
        for lane in 0..width {
            lanes[lane] += lanes[lane + width];
        }
        width /= 2;
    }
    lanes[0]
}

//! Products of parts of matrices with vectors: several rows at a time, so that the vector is read less often.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::{Field, Matrix, Real, vector};

/// Rows that are read together.
const ROWS: usize = 4;
/// Lanes of sums of complex numbers.
const LANES: usize = 16;

/// `y += A x` for a Hermitian matrix, whose lower triangle from row and column `first` on is read.
pub(crate) fn hermitian<T: Field>(a: &Matrix<T>, first: usize, x: &[T], y: &mut [T]) {
    let row = |i: usize| &a.row(first + i)[first..=first + i];
    for (start, factors) in (0..x.len()).step_by(ROWS).zip(x.chunks(ROWS)) {
        let (before, own) = y.split_at_mut(start);
        if let Some(&factors) = factors.first_chunk() {
            let lines = std::array::from_fn(|k| &row(start + k)[..start]);
            let sums = Rows { lines, x: Some(&x[..start]), y: Some((before, factors)) }.run();
            own.iter_mut().zip(sums).for_each(|(y, sum)| *y += sum);
        } else {
            for (k, (own, &factor)) in own.iter_mut().zip(factors).enumerate() {
                let line = &row(start + k)[..start];
                *own += vector::dot(line, &x[..start]);
                vector::axpy_conj(before, factor, line);
            }
        }
        // Where rows and columns are the same ones.
        for (k, &factor) in factors.iter().enumerate() {
            let line = &row(start + k)[start..];
            let mut sum = factor.scale(line[k].re());
            for ((&value, &x), y) in line.iter().zip(factors).zip(&mut *own).take(k) {
                sum += value * x;
                *y += value.conj() * factor;
            }
            own[k] += sum;
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

    // Loops rather than `map`: what takes a function may be compiled without the instructions that it is for.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> [R; ROWS] {
        let mut sums = [R::splat(simd, R::ZERO); ROWS];
        match (self.x, self.y) {
            (Some(x), Some((y, factors))) => {
                products_and_update(simd, self.lines, x, y, factors, &mut sums);
            }
            (Some(x), None) => products(simd, self.lines, x, &mut sums),
            (None, Some((y, factors))) => update(simd, self.lines, y, factors),
            (None, None) => {}
        }
        let mut out = [R::ZERO; ROWS];
        if self.x.is_some() {
            for k in 0..ROWS {
                out[k] = R::sum(simd, sums[k]);
            }
        }
        out
    }
}

type Lines<'a, R> = [&'a [R]; ROWS];
type Vectors<R, S> = [<R as Real>::Vector<S>; ROWS];

/// How many elements lie in whole vectors.
#[inline(always)]
fn whole<R: Real, S: Simd>(n: usize) -> usize {
    let lanes = size_of::<R::Vector<S>>() / size_of::<R>();
    n / lanes * lanes
}

/// Whole vectors of lines, all as long as the first.
#[inline(always)]
fn vectors<'a, R: Real, S: Simd>(lines: Lines<'a, R>) -> [&'a [R::Vector<S>]; ROWS] {
    let whole = whole::<R, S>(lines[0].len());
    let mut out: [&[R::Vector<S>]; ROWS] = [&[]; ROWS];
    for k in 0..ROWS {
        out[k] = R::vectors::<S>(&lines[k][..whole]);
    }
    out
}

/// What follows whole vectors.
#[inline(always)]
fn rests<R: Real, S: Simd>(simd: S, lines: Lines<'_, R>) -> Vectors<R, S> {
    let (n, whole) = (lines[0].len(), whole::<R, S>(lines[0].len()));
    let mut out = [R::splat(simd, R::ZERO); ROWS];
    for k in 0..ROWS {
        out[k] = R::load_some(simd, &lines[k][whole..n]);
    }
    out
}

#[inline(always)]
fn splats<R: Real, S: Simd>(simd: S, factors: [R; ROWS]) -> Vectors<R, S> {
    let mut out = [R::splat(simd, R::ZERO); ROWS];
    for k in 0..ROWS {
        out[k] = R::splat(simd, factors[k]);
    }
    out
}

#[inline(always)]
fn products_and_update<R: Real, S: Simd>(
    simd: S,
    lines: Lines<'_, R>,
    x: &[R],
    y: &mut [R],
    factors: [R; ROWS],
    sums: &mut Vectors<R, S>,
) {
    let (n, whole) = (lines[0].len(), whole::<R, S>(lines[0].len()));
    let (vectors, factors) = (vectors::<R, S>(lines), splats(simd, factors));
    let (y, tail) = y[..n].split_at_mut(whole);
    let y = R::vectors_mut::<S>(y);
    for (at, &x) in R::vectors::<S>(&x[..whole]).iter().enumerate() {
        let mut done = y[at];
        for k in 0..ROWS {
            let line = vectors[k][at];
            sums[k] = R::mul_add(simd, line, x, sums[k]);
            done = R::mul_add(simd, line, factors[k], done);
        }
        y[at] = done;
    }
    if whole < n {
        let (rests, x) = (rests(simd, lines), R::load_some(simd, &x[whole..n]));
        let mut done = R::load_some(simd, tail);
        for k in 0..ROWS {
            sums[k] = R::mul_add(simd, rests[k], x, sums[k]);
            done = R::mul_add(simd, rests[k], factors[k], done);
        }
        R::store_some(simd, tail, done);
    }
}

#[inline(always)]
fn products<R: Real, S: Simd>(simd: S, lines: Lines<'_, R>, x: &[R], sums: &mut Vectors<R, S>) {
    let (n, whole) = (lines[0].len(), whole::<R, S>(lines[0].len()));
    let vectors = vectors::<R, S>(lines);
    // Others, which do not wait for these.
    let mut others = *sums;
    for (at, x) in R::vectors::<S>(&x[..whole]).chunks(2).enumerate() {
        for k in 0..ROWS {
            sums[k] = R::mul_add(simd, vectors[k][2 * at], x[0], sums[k]);
        }
        if x.len() == 2 {
            for k in 0..ROWS {
                others[k] = R::mul_add(simd, vectors[k][2 * at + 1], x[1], others[k]);
            }
        }
    }
    if whole < n {
        let (rests, x) = (rests(simd, lines), R::load_some(simd, &x[whole..n]));
        for k in 0..ROWS {
            others[k] = R::mul_add(simd, rests[k], x, others[k]);
        }
    }
    let one = R::splat(simd, R::ONE);
    for k in 0..ROWS {
        sums[k] = R::mul_add(simd, others[k], one, sums[k]);
    }
}

#[inline(always)]
fn update<R: Real, S: Simd>(simd: S, lines: Lines<'_, R>, y: &mut [R], factors: [R; ROWS]) {
    let (n, whole) = (lines[0].len(), whole::<R, S>(lines[0].len()));
    let (vectors, factors) = (vectors::<R, S>(lines), splats(simd, factors));
    let (y, tail) = y[..n].split_at_mut(whole);
    for (at, y) in R::vectors_mut::<S>(y).iter_mut().enumerate() {
        let mut done = *y;
        for k in 0..ROWS {
            done = R::mul_add(simd, vectors[k][at], factors[k], done);
        }
        *y = done;
    }
    if whole < n {
        let rests = rests(simd, lines);
        let mut done = R::load_some(simd, tail);
        for k in 0..ROWS {
            done = R::mul_add(simd, rests[k], factors[k], done);
        }
        R::store_some(simd, tail, done);
    }
}

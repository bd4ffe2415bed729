//! Products of matrices, added to or subtracted from parts of others.
//!
//! As in Goto & van de Geijn, Anatomy of High-Performance Matrix Multiplication, ACM TOMS 34, 2008: both operands
//! are packed into panels first, so that the innermost loop reads memory in order and from near caches; a tile of
//! the result stays in registers meanwhile. A product of complex matrices is two of real ones: `[Aᵣ −Aᵢ] [Bᵣ; Bᵢ]`
//! is its real part, and `[Aᵢ Aᵣ] [Bᵣ; Bᵢ]` the imaginary one.

mod pack;

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::{Field, Matrix, Real, Threads};

pub(crate) use pack::{Left, Right, left, right};

/// Rows of a tile.
const TILE_ROWS: usize = 6;
/// Bytes in a row of a tile: two of the longest vectors.
const TILE_BYTES: usize = 128;
/// The longest row of a tile.
const MAX_COLS: usize = 32;
/// Bytes of a panel of the right operand, which stays in the nearest cache.
const PANEL_BYTES: usize = 32 << 10;
/// Rows of the result that are one thread's at a time, at most: so much of the left operand stays in the second cache.
const MAX_SLAB_ROWS: usize = 32 * TILE_ROWS;
/// The same, at least: so often the right operand is read.
const MIN_SLAB_ROWS: usize = 8 * TILE_ROWS;
/// Slabs that are enough for any threads to have the same work.
const MANY_SLABS: usize = 16;
/// Multiplications below which threads do not pay.
const FEW_PRODUCTS: usize = 1 << 20;

fn tile_cols<R>() -> usize {
    TILE_BYTES / size_of::<R>()
}

/// Which elements of a product are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// Those on and below the diagonal.
    Lower,
}

/// Subtracts a product from the part of a matrix that begins at a row and a column.
pub(crate) fn subtract<T: Field>(
    threads: Threads<'_>,
    c: &mut Matrix<T>,
    at: (usize, usize),
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) {
    update(threads, c, at, (a, b), Wanted::All, -T::Real::ONE);
}

/// Adds a product to the part of a matrix that begins at a row and a column.
pub(crate) fn add<T: Field>(
    threads: Threads<'_>,
    c: &mut Matrix<T>,
    at: (usize, usize),
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) {
    update(threads, c, at, (a, b), Wanted::All, T::Real::ONE);
}

/// The product of two matrices.
pub(crate) fn product<T: Field>(
    threads: Threads<'_>,
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) -> Matrix<T> {
    let mut c = Matrix::zeros(a.rows, b.cols);
    add(threads, &mut c, (0, 0), a, b);
    c
}

/// Subtracts what lies on and below the diagonal of a product from a part of a matrix.
pub(crate) fn subtract_lower<T: Field>(
    threads: Threads<'_>,
    c: &mut Matrix<T>,
    at: (usize, usize),
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) {
    update(threads, c, at, (a, b), Wanted::Lower, -T::Real::ONE);
}

/// Slabs of rows, which are cut whether threads share them or not.
fn update<T: Field>(
    threads: Threads<'_>,
    c: &mut Matrix<T>,
    at: (usize, usize),
    (a, b): (&Left<T::Real>, &Right<T::Real>),
    wanted: Wanted,
    sign: T::Real,
) {
    if a.rows == 0 || b.cols == 0 {
        return;
    }
    let stride = c.cols();
    let rows = &mut c.as_mut_slice()[at.0 * stride..][..a.rows * stride];
    let even = a.rows.div_ceil(MANY_SLABS).next_multiple_of(TILE_ROWS);
    let height = even.clamp(MIN_SLAB_ROWS, MAX_SLAB_ROWS);
    let slab = |(i, c): (usize, &mut [T])| {
        let rows = i * height..((i + 1) * height).min(a.rows);
        Arch::new().dispatch(Slab { c, stride, at: at.1, rows, a, b, wanted, sign });
    };
    let slabs = rows.chunks_mut(height * stride).enumerate();
    if a.rows * b.cols * a.depth < FEW_PRODUCTS {
        return slabs.for_each(slab);
    }
    threads.each(slabs.collect(), slab);
}

/// Some rows of a product.
struct Slab<'a, T: Field> {
    /// Rows of the result, from its first one of these on.
    c: &'a mut [T],
    stride: usize,
    /// The column at which the product begins.
    at: usize,
    /// Which rows of the product these are.
    rows: Range<usize>,
    a: &'a Left<T::Real>,
    b: &'a Right<T::Real>,
    wanted: Wanted,
    sign: T::Real,
}

type Tile<R> = [[R; MAX_COLS]; TILE_ROWS];

impl<T: Field> WithSimd for Slab<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        let (a, b) = (self.a, self.b);
        let width = tile_cols::<T::Real>();
        for (k, depth) in b.blocks() {
            for q in 0..b.cols.div_ceil(width) {
                let right = b.panel(k, depth, q);
                let first = match self.wanted {
                    Wanted::All => self.rows.start,
                    Wanted::Lower => self.rows.start.max(q * width / TILE_ROWS * TILE_ROWS),
                };
                for i in (first..self.rows.end).step_by(TILE_ROWS) {
                    let left = |plane: usize| a.panel(plane, k, depth, i / TILE_ROWS);
                    self.tile(simd, left, right, (i, q * width));
                }
            }
        }
    }
}

impl<T: Field> Slab<'_, T> {
    /// The tile that begins at a row and a column of the product.
    #[inline(always)]
    fn tile<'b, S: Simd>(
        &mut self,
        simd: S,
        left: impl Fn(usize) -> &'b [T::Real],
        right: &[T::Real],
        (i, j): (usize, usize),
    ) where
        T: 'b,
    {
        let cols = tile_cols::<T::Real>().min(self.b.cols - j);
        let rows = TILE_ROWS.min(self.a.rows - i);
        let start = (i - self.rows.start) * self.stride + self.at + j;
        let mut parts: [Tile<T::Real>; 2] = [[[T::Real::ZERO; MAX_COLS]; TILE_ROWS]; 2];
        let meets_diagonal = self.wanted == Wanted::Lower && j + cols > i + 1;
        if !T::IS_COMPLEX && cols == tile_cols::<T::Real>() && !meets_diagonal {
            let c = bytemuck::cast_slice_mut(&mut self.c[start..]);
            let into = Some((c, self.stride, rows, self.sign));
            return multiply(simd, left(0), right, &mut parts[0], into);
        }
        let n_planes = if T::IS_COMPLEX { 2 } else { 1 };
        for (plane, part) in parts.iter_mut().enumerate().take(n_planes) {
            multiply(simd, left(plane), right, part, None);
        }
        let [re, im] = &parts;
        for (row, (re, im)) in re.iter().zip(im).enumerate().take(rows) {
            let cols =
                if meets_diagonal { cols.min((i + row + 1).saturating_sub(j)) } else { cols };
            let out = &mut self.c[start + row * self.stride..][..cols];
            for ((c, &re), &im) in out.iter_mut().zip(re).zip(im) {
                *c += T::new(re * self.sign, im * self.sign);
            }
        }
    }
}

/// Elements that a tile is added to, with a sign: a row begins so many elements after the one before, and there are
/// so many.
type Target<'a, R> = Option<(&'a mut [R], usize, usize, R)>;

/// One tile, added to its target or written to `out`: as many of its rows at once as there are registers for.
#[inline(always)]
fn multiply<R: Real, S: Simd>(
    simd: S,
    left: &[R],
    right: &[R],
    out: &mut Tile<R>,
    into: Target<'_, R>,
) {
    match TILE_BYTES / size_of::<R::Vector<S>>() {
        2 => rows::<R, S, 2, 6>(simd, left, right, out, into),
        4 => rows::<R, S, 4, 3>(simd, left, right, out, into),
        8 => rows::<R, S, 8, 1>(simd, left, right, out, into),
        16 => rows::<R, S, 16, 1>(simd, left, right, out, into),
        _ => rows::<R, S, 32, 1>(simd, left, right, out, into),
    }
}

#[inline(always)]
fn rows<R: Real, S: Simd, const VECTORS: usize, const ROWS: usize>(
    simd: S,
    left: &[R],
    right: &[R],
    out: &mut Tile<R>,
    mut into: Target<'_, R>,
) {
    let width = tile_cols::<R>();
    for first in (0..TILE_ROWS).step_by(ROWS) {
        let mut sums = [[R::splat(simd, R::ZERO); VECTORS]; ROWS];
        for (a, b) in left.chunks_exact(TILE_ROWS).zip(right.chunks_exact(width)) {
            // Lengths that are known here let all sums stay in registers.
            let (a, b) = (a[first..].first_chunk::<ROWS>(), R::vectors::<S>(b).first_chunk());
            let (Some(a), Some(b)): (_, Option<&[_; VECTORS]>) = (a, b) else { return };
            for row in 0..ROWS {
                let a = R::splat(simd, a[row]);
                for column in 0..VECTORS {
                    sums[row][column] = R::mul_add(simd, a, b[column], sums[row][column]);
                }
            }
        }
        for (row, sums) in sums.iter().enumerate() {
            let row = first + row;
            match &mut into {
                Some((c, stride, n_rows, sign)) if row < *n_rows => {
                    let sign = R::splat(simd, *sign);
                    let c = R::vectors_mut::<S>(&mut c[row * *stride..][..width]);
                    for (c, &sum) in c.iter_mut().zip(sums) {
                        *c = R::mul_add(simd, sign, sum, *c);
                    }
                }
                Some(_) => {}
                None => R::vectors_mut::<S>(&mut out[row][..width]).copy_from_slice(sums),
            }
        }
    }
}

//! Products of matrices, added to or subtracted from parts of others.
//!
//! Both operands are packed into panels first, so that the innermost loop reads memory in order; a tile of the
//! result stays in registers meanwhile. A product of complex matrices is two of real ones:
//! `[Aᵣ −Aᵢ] [Bᵣ; Bᵢ]` is its real part, and `[Aᵢ Aᵣ] [Bᵣ; Bᵢ]` the imaginary one.

use std::ops::Range;

use pulp::{Arch, Simd, WithSimd};

use crate::{Field, Matrix, Real};

/// Rows of a tile.
const TILE_ROWS: usize = 6;
/// Bytes in a row of a tile: two of the longest vectors.
const TILE_BYTES: usize = 128;
/// The longest row of a tile.
const MAX_COLS: usize = 32;

fn tile_cols<R>() -> usize {
    TILE_BYTES / size_of::<R>()
}

/// A left operand in panels of rows, for real and imaginary parts.
pub(crate) struct Left<R> {
    planes: Vec<Vec<R>>,
    rows: usize,
    depth: usize,
}

/// A right operand in panels of columns.
pub(crate) struct Right<R> {
    plane: Vec<R>,
    cols: usize,
    depth: usize,
}

/// Packs a left operand of `rows` × `depth`.
pub(crate) fn left<T: Field>(
    rows: usize,
    depth: usize,
    at: impl Fn(usize, usize) -> T,
) -> Left<T::Real> {
    let parts = if T::IS_COMPLEX { 2 } else { 1 };
    let n_panels = rows.div_ceil(TILE_ROWS);
    let size = n_panels * TILE_ROWS * depth * parts;
    let mut planes = vec![vec![T::Real::ZERO; size]; parts];
    for i in 0..rows {
        let (panel, lane) = (i / TILE_ROWS, i % TILE_ROWS);
        let start = panel * TILE_ROWS * depth * parts + lane;
        for k in 0..depth {
            let value = at(i, k);
            let (first, second) = (start + k * TILE_ROWS, start + (depth + k) * TILE_ROWS);
            planes[0][first] = value.re();
            if T::IS_COMPLEX {
                planes[0][second] = -value.im();
                planes[1][first] = value.im();
                planes[1][second] = value.re();
            }
        }
    }
    Left { planes, rows, depth: depth * parts }
}

/// Packs a right operand of `depth` × `cols`, whose rows lie in memory one after another.
pub(crate) fn right<T: Field>(
    depth: usize,
    cols: usize,
    at: impl Fn(usize, usize) -> T,
) -> Right<T::Real> {
    let mut packed = empty_right::<T>(depth, cols);
    for k in 0..depth {
        (0..cols).for_each(|j| packed.put(k, j, at(k, j)));
    }
    packed
}

/// The same of one whose columns lie in memory one after another.
pub(crate) fn right_by_columns<T: Field>(
    depth: usize,
    cols: usize,
    at: impl Fn(usize, usize) -> T,
) -> Right<T::Real> {
    let mut packed = empty_right::<T>(depth, cols);
    for j in 0..cols {
        (0..depth).for_each(|k| packed.put(k, j, at(k, j)));
    }
    packed
}

fn empty_right<T: Field>(depth: usize, cols: usize) -> Right<T::Real> {
    let depth = depth * if T::IS_COMPLEX { 2 } else { 1 };
    let width = tile_cols::<T::Real>();
    Right { plane: vec![T::Real::ZERO; cols.div_ceil(width) * width * depth], cols, depth }
}

impl<R: Real> Right<R> {
    #[inline(always)]
    fn put<T: Field<Real = R>>(&mut self, k: usize, j: usize, value: T) {
        let width = tile_cols::<R>();
        let start = j / width * width * self.depth + j % width;
        self.plane[start + k * width] = value.re();
        if T::IS_COMPLEX {
            self.plane[start + (self.depth / 2 + k) * width] = value.im();
        }
    }
}

/// Subtracts a product from the part of a matrix that begins at a row and a column.
pub(crate) fn subtract<T: Field>(
    c: &mut Matrix<T>,
    at: (usize, usize),
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) {
    let rows = 0..a.rows;
    Arch::new().dispatch(Update { c, at, a, b, rows, sign: -T::Real::ONE });
}

/// The product of two matrices.
pub(crate) fn product<T: Field>(a: &Left<T::Real>, b: &Right<T::Real>) -> Matrix<T> {
    let mut c = Matrix::zeros(a.rows, b.cols);
    let rows = 0..a.rows;
    Arch::new().dispatch(Update { c: &mut c, at: (0, 0), a, b, rows, sign: T::Real::ONE });
    c
}

/// Subtracts what lies on and below the diagonal of a product from a part of a matrix: whole tiles that meet the
/// diagonal, so that elements above it change too.
pub(crate) fn subtract_lower<T: Field>(
    c: &mut Matrix<T>,
    at: (usize, usize),
    a: &Left<T::Real>,
    b: &Right<T::Real>,
) {
    let rows = 0..usize::MAX;
    Arch::new().dispatch(Update { c, at, a, b, rows, sign: -T::Real::ONE });
}

struct Update<'a, T: Field> {
    c: &'a mut Matrix<T>,
    at: (usize, usize),
    a: &'a Left<T::Real>,
    b: &'a Right<T::Real>,
    /// Rows of the result; an open end stands for those on and below the diagonal.
    rows: Range<usize>,
    sign: T::Real,
}

type Tile<R> = [[R; MAX_COLS]; TILE_ROWS];

impl<T: Field> WithSimd for Update<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Update { c, at, a, b, rows, sign } = self;
        let (width, depth) = (tile_cols::<T::Real>(), b.depth);
        debug_assert_eq!(a.depth, depth);
        let lower_only = rows.end == usize::MAX;
        let mut parts: [Tile<T::Real>; 2] = [[[T::Real::ZERO; MAX_COLS]; TILE_ROWS]; 2];
        for (q, right) in b.plane.chunks_exact((width * depth).max(1)).enumerate() {
            let (j0, j1) = (q * width, (q * width + width).min(b.cols));
            let first = if lower_only { j0 / TILE_ROWS } else { 0 };
            for p in first..a.rows.div_ceil(TILE_ROWS) {
                for (part, plane) in parts.iter_mut().zip(&a.planes) {
                    let left = &plane[p * TILE_ROWS * depth..][..TILE_ROWS * depth];
                    multiply(simd, left, right, part);
                }
                for i in p * TILE_ROWS..((p + 1) * TILE_ROWS).min(a.rows) {
                    let row = &mut c.row_mut(at.0 + i)[at.1 + j0..at.1 + j1];
                    let (re, im) = (&parts[0][i % TILE_ROWS], &parts[1][i % TILE_ROWS]);
                    for ((c, &re), &im) in row.iter_mut().zip(re).zip(im) {
                        *c += T::new(re * sign, im * sign);
                    }
                }
            }
        }
    }
}

/// One tile: as many of its rows at once as there are registers for.
#[inline(always)]
fn multiply<R: Real, S: Simd>(simd: S, left: &[R], right: &[R], out: &mut Tile<R>) {
    match TILE_BYTES / size_of::<R::Vector<S>>() {
        2 => rows::<R, S, 2, 6>(simd, left, right, out),
        4 => rows::<R, S, 4, 3>(simd, left, right, out),
        8 => rows::<R, S, 8, 1>(simd, left, right, out),
        16 => rows::<R, S, 16, 1>(simd, left, right, out),
        _ => rows::<R, S, 32, 1>(simd, left, right, out),
    }
}

#[inline(always)]
fn rows<R: Real, S: Simd, const VECTORS: usize, const ROWS: usize>(
    simd: S,
    left: &[R],
    right: &[R],
    out: &mut Tile<R>,
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
            let out = R::vectors_mut::<S>(&mut out[first + row][..width]);
            out.copy_from_slice(sums);
        }
    }
}

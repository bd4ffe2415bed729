//! Operands in the order in which products read them.

use super::{PANEL_BYTES, TILE_BYTES, TILE_ROWS, tile_cols};
use crate::view::View;
use crate::{Field, Real};

/// A left operand: blocks of its columns, and in each panels of rows. The planes are for the real and the imaginary
/// part of the product.
pub(crate) struct Left<R> {
    planes: [Vec<R>; 2],
    pub(super) rows: usize,
    /// Real multiplications for an element of a part.
    pub(super) depth: usize,
}

/// A right operand: blocks of its rows, and in each panels of columns.
pub(crate) struct Right<R> {
    plane: Vec<R>,
    pub(super) cols: usize,
    depth: usize,
}

/// How many terms of sums are added up in registers, a multiple of what is packed for a complex number.
const fn block() -> usize {
    PANEL_BYTES / TILE_BYTES
}

impl<R: Real> Left<R> {
    #[inline(always)]
    pub(super) fn panel(&self, plane: usize, k: usize, depth: usize, p: usize) -> &[R] {
        let n_panels = self.rows.div_ceil(TILE_ROWS);
        &self.planes[plane][(n_panels * k + p * depth) * TILE_ROWS..][..TILE_ROWS * depth]
    }
}

impl<R: Real> Right<R> {
    #[inline(always)]
    pub(super) fn panel(&self, k: usize, depth: usize, q: usize) -> &[R] {
        let width = tile_cols::<R>();
        let n_panels = self.cols.div_ceil(width);
        &self.plane[(n_panels * k + q * depth) * width..][..width * depth]
    }

    /// Where blocks begin, and how long they are.
    pub(super) fn blocks(&self) -> impl Iterator<Item = (usize, usize)> + use<R> {
        let depth = self.depth;
        (0..depth).step_by(block()).map(move |k| (k, block().min(depth - k)))
    }
}

fn parts<T: Field>() -> usize {
    if T::IS_COMPLEX { 2 } else { 1 }
}

/// Blocks of terms: where they begin, and how many there are.
fn term_blocks<T: Field>(depth: usize) -> impl Iterator<Item = (usize, usize)> {
    let block = block() / parts::<T>();
    (0..depth).step_by(block).map(move |k| (k, block.min(depth - k)))
}

/// Packs a left operand.
pub(crate) fn left<T: Field>(view: View<'_, T>) -> Left<T::Real> {
    let (rows, depth, n_parts) = (view.rows, view.cols, parts::<T>());
    let size = rows.div_ceil(TILE_ROWS) * TILE_ROWS * depth * n_parts;
    let plane = || vec![T::Real::ZERO; size];
    let mut planes = [plane(), if T::IS_COMPLEX { plane() } else { Vec::new() }];
    let mut start = 0;
    for (k, terms) in term_blocks::<T>(depth) {
        for i in (0..rows).step_by(TILE_ROWS) {
            let size = TILE_ROWS * terms * n_parts;
            let count = TILE_ROWS.min(rows - i);
            let [re, im] = &mut planes;
            if T::IS_COMPLEX {
                let (re, im) = (&mut re[start..][..size], &mut im[start..][..size]);
                let (re_re, re_im) = re.split_at_mut(TILE_ROWS * terms);
                let (im_re, im_im) = im.split_at_mut(TILE_ROWS * terms);
                gather::<T, TILE_ROWS>(view, true, (i, count), (k, terms), |at, x| {
                    (re_re[at], re_im[at]) = (x.re(), -x.im());
                    (im_re[at], im_im[at]) = (x.im(), x.re());
                });
            } else {
                let re = &mut re[start..][..size];
                gather::<T, TILE_ROWS>(view, true, (i, count), (k, terms), |at, x| re[at] = x.re());
            }
            start += size;
        }
    }
    Left { planes, rows, depth: depth * n_parts }
}

/// Packs a right operand.
pub(crate) fn right<T: Field>(view: View<'_, T>) -> Right<T::Real> {
    match tile_cols::<T::Real>() {
        16 => right_in_panels::<T, 16>(view),
        _ => right_in_panels::<T, 32>(view),
    }
}

fn right_in_panels<T: Field, const WIDTH: usize>(view: View<'_, T>) -> Right<T::Real> {
    let (depth, cols, n_parts) = (view.rows, view.cols, parts::<T>());
    let mut plane = vec![T::Real::ZERO; cols.div_ceil(WIDTH) * WIDTH * depth * n_parts];
    let mut start = 0;
    for (k, terms) in term_blocks::<T>(depth) {
        for j in (0..cols).step_by(WIDTH) {
            let size = WIDTH * terms * n_parts;
            let panel = &mut plane[start..][..size];
            let count = WIDTH.min(cols - j);
            if T::IS_COMPLEX {
                let (re, im) = panel.split_at_mut(WIDTH * terms);
                gather::<T, WIDTH>(view, false, (j, count), (k, terms), |at, x| {
                    (re[at], im[at]) = (x.re(), x.im());
                });
            } else {
                gather::<T, WIDTH>(view, false, (j, count), (k, terms), |at, x| panel[at] = x.re());
            }
            start += size;
        }
    }
    Right { plane, cols, depth: depth * n_parts }
}

/// Calls `put` with the elements of a panel and where they go: `count` rows of a left operand, or columns of a right
/// one, from `first` on; of each `terms` elements from `k` on.
#[inline(always)]
fn gather<T: Field, const WIDTH: usize>(
    view: View<'_, T>,
    of_rows: bool,
    (first, count): (usize, usize),
    (k, terms): (usize, usize),
    mut put: impl FnMut(usize, T),
) {
    if of_rows == view.by_columns {
        // One term of each lies together.
        for term in 0..terms {
            let line = view.line(k + term, first..first + count);
            for (lane, &x) in line.iter().enumerate() {
                put(term * WIDTH + lane, view.of(x));
            }
        }
        return;
    }
    for lane in 0..count {
        let line = view.line(first + lane, k..k + terms);
        for (term, &x) in line.iter().enumerate() {
            put(term * WIDTH + lane, view.of(x));
        }
    }
}

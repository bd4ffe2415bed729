//! A few unknowns of many systems with one small triangle: each operation is done for many systems at once.

use std::ops::Range;

use pulp::Arch;

use super::BLOCK;
use crate::view::View;
use crate::{Field, Matrix, Threads};

/// Systems in a tile: enough for additions not to wait for each other.
pub(super) const LANES: usize = 64;
/// Tiles that are one thread's at a time.
const TILES: usize = 4;

/// For each unknown, in the order in which they become known, those of [`LANES`] systems.
type Tile<T> = [[T; LANES]];

/// A triangle of at most [`BLOCK`] unknowns.
pub(super) struct Block<T> {
    n: usize,
    /// Whether the first unknown is known first.
    forward: bool,
    /// What unknowns are multiplied by that become known earlier.
    factors: Vec<[T; BLOCK]>,
    /// What is divided by, unless it is 1.
    diagonal: Option<Vec<T>>,
}

impl<T: Field> Block<T> {
    pub(super) fn new(a: View<'_, T>, lower: bool, unit: bool) -> Block<T> {
        let n = a.rows;
        let place = |step: usize| if lower { step } else { n - 1 - step };
        let mut factors = vec![[T::zero(); BLOCK]; n];
        for (step, factors) in factors.iter_mut().enumerate() {
            for (earlier, factor) in factors[..step].iter_mut().enumerate() {
                *factor = a.at(place(step), place(earlier));
            }
        }
        let diagonal = (!unit).then(|| (0..n).map(|step| a.at(place(step), place(step))).collect());
        Block { n, forward: lower, factors, diagonal }
    }

    fn place(&self, step: usize) -> usize {
        if self.forward { step } else { self.n - 1 - step }
    }

    fn solve(&self, tile: &mut Tile<T>) {
        #[inline(always)]
        fn run<T: Field>(block: &Block<T>, tile: &mut Tile<T>) {
            for step in 0..block.n {
                let (known, rest) = tile.split_at_mut(step);
                let mut sums = rest[0];
                for (known, &factor) in known.iter().zip(&block.factors[step]) {
                    for lane in 0..LANES {
                        sums[lane] -= factor * known[lane];
                    }
                }
                if let Some(diagonal) = &block.diagonal {
                    sums.iter_mut().for_each(|x| *x /= diagonal[step]);
                }
                rest[0] = sums;
            }
        }
        Arch::new().dispatch(
            #[inline(always)]
            || run(self, tile),
        );
    }

    fn empty(&self) -> Vec<[T; LANES]> {
        vec![[T::zero(); LANES]; self.n]
    }

    /// Systems in columns of a matrix; the unknowns are rows from `first` on.
    pub(super) fn solve_columns(
        &self,
        threads: Threads<'_>,
        b: &mut Matrix<T>,
        first: usize,
        cols: Range<usize>,
    ) {
        let starts = cols.clone().step_by(LANES);
        let mut tiles: Vec<_> =
            starts.map(|j| (j, LANES.min(cols.end - j), self.empty())).collect();
        let from = &*b;
        threads.each(tiles.chunks_mut(TILES).collect(), |tiles| {
            for (j, count, tile) in tiles {
                for (step, lanes) in tile.iter_mut().enumerate() {
                    let row = &from.row(first + self.place(step))[*j..*j + *count];
                    lanes[..*count].copy_from_slice(row);
                }
                self.solve(tile);
            }
        });
        for (step, i) in (0..self.n).map(|step| (step, first + self.place(step))) {
            for (j, count, tile) in &tiles {
                b.row_mut(i)[*j..*j + *count].copy_from_slice(&tile[step][..*count]);
            }
        }
    }

    /// Systems in rows of a matrix; the unknowns are columns from `first` on.
    pub(super) fn solve_rows(
        &self,
        threads: Threads<'_>,
        b: &mut Matrix<T>,
        rows: Range<usize>,
        first: usize,
    ) {
        let stride = b.cols();
        let rows = &mut b.as_mut_slice()[rows.start * stride..rows.end * stride];
        threads.each(rows.chunks_mut(TILES * LANES * stride).collect(), |rows| {
            let mut tile = self.empty();
            for rows in rows.chunks_mut(LANES * stride) {
                for (lane, row) in rows.chunks_exact(stride).enumerate() {
                    (0..self.n).for_each(|step| tile[step][lane] = row[first + self.place(step)]);
                }
                self.solve(&mut tile);
                for (lane, row) in rows.chunks_exact_mut(stride).enumerate() {
                    (0..self.n).for_each(|step| row[first + self.place(step)] = tile[step][lane]);
                }
            }
        });
    }
}

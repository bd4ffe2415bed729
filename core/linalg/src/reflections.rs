//! Products of many reflectors, applied to a matrix in strips of its columns: these stay in a near cache, and threads
//! share them.

use std::ops::Range;

use crate::householder::{BLOCK, Block, Packed};
use crate::{Field, Matrix, Threads};

/// Bytes in a row of a strip.
const STRIP_BYTES: usize = 256;

/// `Q = H₀ H₁ …`; what follows the 1 in the vector of `Hⱼ` lies below row `first + j` of column `j`.
pub(crate) struct Reflections<T: Field> {
    /// Blocks, and the row at which each begins.
    blocks: Vec<(usize, Packed<T::Real>)>,
}

impl<T: Field> Reflections<T> {
    /// Those of which a matrix has the vectors.
    pub(crate) fn new(
        threads: Threads<'_>,
        a: &Matrix<T>,
        first: usize,
        taus: &[T],
    ) -> Reflections<T> {
        let mut blocks: Vec<Option<_>> = Vec::new();
        blocks.resize_with(taus.len().div_ceil(BLOCK), || None);
        let tasks = taus.chunks(BLOCK).zip(&mut blocks).enumerate().collect();
        threads.each(tasks, |(i, (taus, block)): (usize, (&[T], &mut Option<_>))| {
            let (column, row) = (i * BLOCK, first + i * BLOCK);
            *block = Some((row, Block::new(a, row, column, taus).packed()));
        });
        Reflections { blocks: blocks.into_iter().flatten().collect() }
    }

    /// `Q C`, or `Qᴴ C` for the inverse. A function gives some columns of `C`.
    pub(crate) fn apply(
        &self,
        threads: Threads<'_>,
        (rows, cols): (usize, usize),
        inverse: bool,
        columns: impl Fn(Range<usize>) -> Matrix<T> + Sync,
    ) -> Matrix<T> {
        let width = STRIP_BYTES / size_of::<T>();
        let mut strips: Vec<Option<Matrix<T>>> = vec![None; cols.div_ceil(width)];
        threads.each(strips.iter_mut().enumerate().collect(), |(i, out)| {
            let mut strip = columns(i * width..((i + 1) * width).min(cols));
            self.apply_to(&mut strip, inverse);
            *out = Some(strip);
        });
        let mut out = Matrix::zeros(rows, cols);
        for (start, strip) in (0..cols).step_by(width).zip(strips.iter().flatten()) {
            for i in 0..rows {
                out.row_mut(i)[start..][..strip.cols()].copy_from_slice(strip.row(i));
            }
        }
        out
    }

    fn apply_to(&self, strip: &mut Matrix<T>, inverse: bool) {
        let n = self.blocks.len();
        for step in 0..n {
            let (row, block) = &self.blocks[if inverse { step } else { n - 1 - step }];
            block.apply(strip, *row, inverse);
        }
    }
}

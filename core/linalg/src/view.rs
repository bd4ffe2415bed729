//! Parts of matrices, as they are or transposed.

use std::ops::Range;

use crate::{Field, Matrix};

/// A part of a matrix, read as it is, transposed or conjugate.
#[derive(Clone, Copy)]
pub(crate) struct View<'a, T> {
    data: &'a [T],
    stride: usize,
    /// Rows and columns of what it is read as.
    pub(crate) rows: usize,
    pub(crate) cols: usize,
    /// Whether columns lie in memory one after another, rather than rows.
    pub(crate) by_columns: bool,
    pub(crate) conjugate: bool,
}

impl<T: Field> Matrix<T> {
    /// All of it.
    pub(crate) fn view(&self) -> View<'_, T> {
        self.part(0..self.rows(), 0..self.cols())
    }

    /// Some rows and columns.
    pub(crate) fn part(&self, rows: Range<usize>, cols: Range<usize>) -> View<'_, T> {
        let stride = self.cols();
        let start = (rows.start * stride + cols.start).min(self.as_slice().len());
        View {
            data: &self.as_slice()[start..],
            stride,
            rows: rows.len(),
            cols: cols.len(),
            by_columns: false,
            conjugate: false,
        }
    }
}

impl<'a, T: Field> View<'a, T> {
    pub(crate) fn transpose(self) -> View<'a, T> {
        let View { rows, cols, by_columns, .. } = self;
        View { rows: cols, cols: rows, by_columns: !by_columns, ..self }
    }

    pub(crate) fn adjoint(self) -> View<'a, T> {
        View { conjugate: !self.conjugate, ..self.transpose() }
    }

    /// Elements of one row, or of one column if these lie one after another, without conjugation.
    #[inline(always)]
    pub(crate) fn line(&self, i: usize, range: Range<usize>) -> &'a [T] {
        &self.data[i * self.stride + range.start..][..range.len()]
    }

    #[inline(always)]
    pub(crate) fn of(&self, x: T) -> T {
        if self.conjugate { x.conj() } else { x }
    }

    #[inline(always)]
    pub(crate) fn at(&self, i: usize, j: usize) -> T {
        let (line, place) = if self.by_columns { (j, i) } else { (i, j) };
        self.of(self.data[line * self.stride + place])
    }

    /// Some of its rows and columns.
    pub(crate) fn part(self, rows: Range<usize>, cols: Range<usize>) -> View<'a, T> {
        let (line, place) =
            if self.by_columns { (cols.start, rows.start) } else { (rows.start, cols.start) };
        let start = (line * self.stride + place).min(self.data.len());
        View { data: &self.data[start..], rows: rows.len(), cols: cols.len(), ..self }
    }

    /// A matrix with its elements.
    pub(crate) fn to_matrix(self) -> Matrix<T> {
        // In tiles, so that lines of memory are used while they are near.
        const TILE: usize = 16;
        let mut out = Matrix::zeros(self.rows, self.cols);
        if !self.by_columns {
            for i in 0..self.rows {
                let line = self.line(i, 0..self.cols);
                out.row_mut(i).iter_mut().zip(line).for_each(|(out, &x)| *out = self.of(x));
            }
            return out;
        }
        let cols = self.cols;
        for j0 in (0..cols).step_by(TILE) {
            for i0 in (0..self.rows).step_by(TILE) {
                let rows = i0..(i0 + TILE).min(self.rows);
                for j in j0..(j0 + TILE).min(cols) {
                    for (i, &x) in rows.clone().zip(self.line(j, rows.clone())) {
                        out.as_mut_slice()[i * cols + j] = self.of(x);
                    }
                }
            }
        }
        out
    }
}

//! Systems of equations with triangular matrices.

mod tile;

use std::ops::Range;

use crate::view::View;
use crate::{Field, Matrix, Threads, product, vector};

use tile::Block;

/// Unknowns that are solved for without products of matrices.
const BLOCK: usize = 32;
/// Fewer right sides than these are solved one by one.
const FEW: usize = 5;

/// Which system is solved, with which triangle of a matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Triangular {
    /// `op(A) X = B` if so, else `X op(A) = B`.
    pub left_side: bool,
    /// Whether the lower triangle is used.
    pub lower: bool,
    /// Whether `op` transposes.
    pub transpose_a: bool,
    /// Whether `op` conjugates.
    pub conjugate_a: bool,
    /// Whether the diagonal is taken to be 1.
    pub unit_diagonal: bool,
}

pub(crate) fn triangular_solve<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    b: &mut Matrix<T>,
    how: Triangular,
) {
    let mut view = a.view();
    if how.transpose_a {
        view = view.transpose();
    }
    view.conjugate = how.conjugate_a && T::IS_COMPLEX;
    let triangle =
        Triangle { a: view, lower: how.lower != how.transpose_a, unit: how.unit_diagonal, threads };
    let (rows, cols) = (0..b.rows(), 0..b.cols());
    if rows.is_empty() || cols.is_empty() {
        return;
    }
    match how.left_side {
        true if cols.len() < FEW => {
            let mut columns = b.transpose();
            (0..columns.rows()).for_each(|j| triangle.solve_one(columns.row_mut(j)));
            *b = columns.transpose();
        }
        true => triangle.solve_left(b, 0, cols),
        false if rows.len() < FEW => {
            let transposed = Triangle { a: view.transpose(), lower: !triangle.lower, ..triangle };
            rows.for_each(|i| transposed.solve_one(b.row_mut(i)));
        }
        false => triangle.solve_right(b, rows, 0),
    }
}

/// A triangle that systems are solved with: by halves, so that most of the work is products of matrices.
#[derive(Clone, Copy)]
pub(crate) struct Triangle<'a, T> {
    pub(crate) a: View<'a, T>,
    pub(crate) lower: bool,
    pub(crate) unit: bool,
    pub(crate) threads: Threads<'a>,
}

impl<'a, T: Field> Triangle<'a, T> {
    /// The triangles of the first and of the last unknowns, how many the first are, and what is beside them.
    fn halves(self) -> (Triangle<'a, T>, Triangle<'a, T>, usize, View<'a, T>) {
        let n = self.a.rows;
        let half = (n / 2).next_multiple_of(BLOCK);
        let of = |range: Range<usize>| Triangle { a: self.a.part(range.clone(), range), ..self };
        let beside = match self.lower {
            true => self.a.part(half..n, 0..half),
            false => self.a.part(0..half, half..n),
        };
        (of(0..half), of(half..n), half, beside)
    }

    /// Solves `A X = B`: `B` is some columns of a matrix and the rows from `first` on.
    pub(crate) fn solve_left(self, b: &mut Matrix<T>, first: usize, cols: Range<usize>) {
        let n = self.a.rows;
        if n <= BLOCK {
            return Block::new(self.a, self.lower, self.unit).solve_columns(
                self.threads,
                b,
                first,
                cols,
            );
        }
        let (head, tail, half, beside) = self.halves();
        let (upper, lower) = (first..first + half, first + half..first + n);
        let (now, known, later) = match self.lower {
            true => (head, upper, lower),
            false => (tail, lower, upper),
        };
        now.solve_left(b, known.start, cols.clone());
        let (left, right) = (product::left(beside), product::right(b.part(known, cols.clone())));
        product::subtract(self.threads, b, (later.start, cols.start), &left, &right);
        let rest = if self.lower { tail } else { head };
        rest.solve_left(b, later.start, cols);
    }

    /// Solves `X A = B`: `B` is some rows of a matrix and the columns from `first` on.
    pub(crate) fn solve_right(self, b: &mut Matrix<T>, rows: Range<usize>, first: usize) {
        let n = self.a.rows;
        if n <= BLOCK {
            let block = Block::new(self.a.transpose(), !self.lower, self.unit);
            return block.solve_rows(self.threads, b, rows, first);
        }
        let (head, tail, half, beside) = self.halves();
        let (before, after) = (first..first + half, first + half..first + n);
        let (now, known, later) = match self.lower {
            true => (tail, after, before),
            false => (head, before, after),
        };
        now.solve_right(b, rows.clone(), known.start);
        let (left, right) = (product::left(b.part(rows.clone(), known)), product::right(beside));
        product::subtract(self.threads, b, (rows.start, later.start), &left, &right);
        let rest = if self.lower { head } else { tail };
        rest.solve_right(b, rows, later.start);
    }

    /// Solves `A x = b`.
    fn solve_one(self, x: &mut [T]) {
        let n = self.a.rows;
        for step in 0..n {
            let i = if self.lower { step } else { n - 1 - step };
            let (known, later) = if self.lower { (0..i, i + 1..n) } else { (i + 1..n, 0..i) };
            if !self.a.by_columns {
                let row = self.a.line(i, known.clone());
                x[i] -= match self.a.conjugate {
                    true => vector::dot_conj(row, &x[known]),
                    false => vector::dot(row, &x[known]),
                };
            }
            if !self.unit {
                x[i] /= self.a.at(i, i);
            }
            if self.a.by_columns {
                let (factor, column) = (-x[i], self.a.line(i, later.clone()));
                match self.a.conjugate {
                    true => vector::axpy_conj(&mut x[later], factor, column),
                    false => vector::axpy(&mut x[later], factor, column),
                }
            }
        }
    }
}

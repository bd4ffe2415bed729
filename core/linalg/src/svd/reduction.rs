//! Reduction to bidiagonal matrices.

use std::ops::Range;

use crate::householder::{apply_left, apply_right, reflector};
use crate::{Field, Matrix, Threads, matvec, product, vector};

/// Columns that are reduced before what follows them changes.
const PANEL: usize = 32;
/// Where so many columns are left, they are reduced one by one.
const REST: usize = 48;

/// A bidiagonal matrix `Qᴴ A P`, and the τ of the reflectors.
pub(super) struct Bidiagonal<T: Field> {
    pub(super) diagonal: Vec<T::Real>,
    pub(super) above: Vec<T::Real>,
    pub(super) taus_q: Vec<T>,
    pub(super) taus_p: Vec<T>,
}

/// `Qᴴ A P`, upper bidiagonal, of a matrix with at least as many rows as columns; reflectors replace what becomes
/// zero.
pub(super) fn bidiagonalise<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>) -> Bidiagonal<T> {
    let n = a.cols();
    let mut out = Bidiagonal {
        diagonal: Vec::with_capacity(n),
        above: Vec::with_capacity(n),
        taus_q: Vec::with_capacity(n),
        taus_p: Vec::with_capacity(n),
    };
    let mut start = 0;
    while n - start > REST {
        panel(threads, a, start, &mut out);
        start += PANEL;
    }
    (start..n).for_each(|j| out.step(a, j));
    out
}

impl<T: Field> Bidiagonal<T> {
    /// Reduces a column and a row, and changes what follows them (LAPACK's `gebd2`).
    fn step(&mut self, a: &mut Matrix<T>, j: usize) {
        let (m, n) = (a.rows(), a.cols());
        let (v, tau) = self.reflect_column(a, j, a.column(j, j..m));
        apply_left(a, (j..m, j + 1..n), &v, tau.conj());
        if j + 1 < n {
            let row = a.row(j)[j + 1..].iter().map(|x| x.conj()).collect();
            let (u, tau) = self.reflect_row(a, j, row);
            apply_right(a, (j + 1..m, j + 1..n), &u, tau);
        }
    }

    /// Takes down what becomes of column `j`, from its diagonal on; gives the reflector.
    fn reflect_column(&mut self, a: &mut Matrix<T>, j: usize, mut v: Vec<T>) -> (Vec<T>, T) {
        let (beta, tau) = reflector(v[0], &mut v[1..]);
        v[0] = T::one();
        a[(j, j)] = beta;
        (1..v.len()).for_each(|i| a[(j + i, j)] = v[i]);
        self.diagonal.push(beta.re());
        self.taus_q.push(tau);
        (v, tau)
    }

    /// Takes down what becomes of row `j`, of which the conjugate is given, after its diagonal; gives the reflector.
    fn reflect_row(&mut self, a: &mut Matrix<T>, j: usize, mut u: Vec<T>) -> (Vec<T>, T) {
        let (beta, tau) = reflector(u[0], &mut u[1..]);
        u[0] = T::one();
        a.row_mut(j)[j + 1..].iter_mut().zip(&u).for_each(|(out, u)| *out = u.conj());
        a[(j, j + 1)] = beta;
        self.above.push(beta.re());
        self.taus_p.push(tau);
        (u, tau)
    }
}

/// The changes `A − Σ l rᴴ` that are still to be made: the conjugates of `l` and `r`, in rows.
struct Changes<T> {
    left: Matrix<T>,
    right: Matrix<T>,
    count: usize,
    /// The row and column of the matrix at which they begin.
    start: usize,
}

/// Reduces some columns and rows, and then what follows them at once (LAPACK's `labrd`; Dongarra, Hammarling &
/// Sorensen, LAPACK Working Note 2, 1987).
fn panel<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>, start: usize, out: &mut Bidiagonal<T>) {
    let (m, n) = (a.rows(), a.cols());
    let (left, right) = (Matrix::zeros(2 * PANEL, m - start), Matrix::zeros(2 * PANEL, n - start));
    let mut changes = Changes { left, right, count: 0, start };
    for j in start..start + PANEL {
        let mut column = a.column(j, j..m);
        changes.change_column(j, &mut column);
        let (v, tau) = out.reflect_column(a, j, column);
        let mut y = vec![T::zero(); n - j - 1];
        matvec::adjoint_times(a, (j..m, j + 1..n), &v, &mut y);
        changes.change_adjoint_product((j..m, j + 1..n), &v, &mut y);
        vector::scale(&mut y, tau);
        changes.push((j, &v), (j + 1, &y));

        let mut row: Vec<T> = a.row(j)[j + 1..].iter().map(|x| x.conj()).collect();
        changes.change_row(j, &mut row);
        let (u, tau) = out.reflect_row(a, j, row);
        let mut x = vec![T::zero(); m - j - 1];
        matvec::times(a, (j + 1..m, j + 1..n), &u, &mut x);
        changes.change_product((j + 1..m, j + 1..n), &u, &mut x);
        vector::scale(&mut x, tau);
        changes.push((j + 1, &x), (j + 1, &u));
    }
    let part = |matrix: &Matrix<T>| PANEL..matrix.cols();
    let rows = product::left(changes.left.part(0..2 * PANEL, part(&changes.left)).adjoint());
    let cols = product::right(changes.right.part(0..2 * PANEL, part(&changes.right)));
    product::subtract(threads, a, (start + PANEL, start + PANEL), &rows, &cols);
}

impl<T: Field> Changes<T> {
    /// Adds `l rᴴ`, of which the vectors begin at a row and at a column.
    fn push(&mut self, (row, l): (usize, &[T]), (col, r): (usize, &[T])) {
        for (matrix, at, x) in [(&mut self.left, row, l), (&mut self.right, col, r)] {
            let out = matrix.row_mut(self.count)[at - self.start..].iter_mut();
            out.zip(x).for_each(|(out, x)| *out = x.conj());
        }
        self.count += 1;
    }

    fn range(&self, of: Range<usize>) -> (Range<usize>, Range<usize>) {
        (0..self.count, of.start - self.start..of.end - self.start)
    }

    /// Column `j`, from its diagonal on.
    fn change_column(&self, j: usize, column: &mut [T]) {
        let factors: Vec<T> = (0..self.count).map(|q| -self.right[(q, j - self.start)]).collect();
        let rows = self.range(j..j + column.len());
        matvec::adjoint_times(&self.left, rows, &factors, column);
    }

    /// The conjugate of row `j`, after its diagonal.
    fn change_row(&self, j: usize, row: &mut [T]) {
        let factors: Vec<T> = (0..self.count).map(|q| -self.left[(q, j - self.start)]).collect();
        let cols = self.range(j + 1..j + 1 + row.len());
        matvec::adjoint_times(&self.right, cols, &factors, row);
    }

    /// `y = Aᴴ v` of a part.
    fn change_adjoint_product(
        &self,
        (rows, cols): (Range<usize>, Range<usize>),
        v: &[T],
        y: &mut [T],
    ) {
        let mut factors = vec![T::zero(); self.count];
        matvec::times(&self.left, self.range(rows), v, &mut factors);
        factors.iter_mut().for_each(|factor| *factor = -*factor);
        matvec::adjoint_times(&self.right, self.range(cols), &factors, y);
    }

    /// `x = A u` of a part.
    fn change_product(&self, (rows, cols): (Range<usize>, Range<usize>), u: &[T], x: &mut [T]) {
        let mut factors = vec![T::zero(); self.count];
        matvec::times(&self.right, self.range(cols), u, &mut factors);
        factors.iter_mut().for_each(|factor| *factor = -*factor);
        matvec::adjoint_times(&self.left, self.range(rows), &factors, x);
    }
}

//! Systems of equations with triangular matrices.

use crate::{Field, Matrix, product, vector};

/// Unknowns that are solved for together.
const BLOCK: usize = 48;

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

/// Replaces `b` by the solution. Only the triangle is read, without its diagonal if that is 1.
pub fn triangular_solve<T: Field>(a: &Matrix<T>, b: &mut Matrix<T>, how: Triangular) {
    let prepared;
    let mut a = a;
    if how.transpose_a || (how.conjugate_a && T::IS_COMPLEX) {
        let n = a.rows();
        let element = |i: usize, j: usize| {
            let x = if how.transpose_a { a[(j, i)] } else { a[(i, j)] };
            if how.conjugate_a { x.conj() } else { x }
        };
        prepared = Matrix::from_fn(n, n, element);
        a = &prepared;
    }
    let lower = how.lower != how.transpose_a;
    if b.cols() == 0 || b.rows() == 0 {
        return;
    }
    match how.left_side {
        true => from_left(a, b, lower, how.unit_diagonal),
        false => from_right(a, b, lower, how.unit_diagonal),
    }
}

/// Ranges of a block size that cover `0..n`, in the order in which unknowns become known.
fn blocks(n: usize, forward: bool) -> impl Iterator<Item = (usize, usize)> {
    let count = n.div_ceil(BLOCK);
    (0..count).map(move |k| {
        let k = if forward { k } else { count - 1 - k };
        (k * BLOCK, (k * BLOCK + BLOCK).min(n))
    })
}

fn from_left<T: Field>(a: &Matrix<T>, b: &mut Matrix<T>, lower: bool, unit: bool) {
    let n = a.rows();
    if b.cols() == 1 {
        return one_column(a, b, lower, unit);
    }
    for (start, end) in blocks(n, lower) {
        for step in 0..end - start {
            let i = if lower { start + step } else { end - 1 - step };
            let known = if lower { start..i } else { i + 1..end };
            for k in known {
                let factor = -a[(i, k)];
                let (low, high) = b.two_rows(i.min(k), i.max(k));
                let (row, other) = if i > k { (high, low) } else { (low, high) };
                vector::axpy(row, factor, other);
            }
            if !unit {
                let diagonal = a[(i, i)];
                b.row_mut(i).iter_mut().for_each(|x| *x /= diagonal);
            }
        }
        let rest = if lower { end..n } else { 0..start };
        if !rest.is_empty() {
            let left =
                product::left(rest.len(), end - start, |i, k| a[(rest.start + i, start + k)]);
            let right = product::right(end - start, b.cols(), |k, j| b[(start + k, j)]);
            product::subtract(b, (rest.start, 0), &left, &right);
        }
    }
}

fn one_column<T: Field>(a: &Matrix<T>, b: &mut Matrix<T>, lower: bool, unit: bool) {
    let (n, x) = (a.rows(), b.as_mut_slice());
    for step in 0..n {
        let i = if lower { step } else { n - 1 - step };
        let known = if lower { 0..i } else { i + 1..n };
        let value = x[i] - vector::dot(&a.row(i)[known.clone()], &x[known]);
        x[i] = if unit { value } else { value / a[(i, i)] };
    }
}

fn from_right<T: Field>(a: &Matrix<T>, b: &mut Matrix<T>, lower: bool, unit: bool) {
    let (n, rows) = (a.rows(), b.rows());
    for (start, end) in blocks(n, !lower) {
        for row in 0..rows {
            let x = b.row_mut(row);
            for step in 0..end - start {
                let j = if lower { end - 1 - step } else { start + step };
                if !unit {
                    x[j] /= a[(j, j)];
                }
                let (rest, factor) = (if lower { start..j } else { j + 1..end }, -x[j]);
                vector::axpy(&mut x[rest.clone()], factor, &a.row(j)[rest]);
            }
        }
        let rest = if lower { 0..start } else { end..n };
        if !rest.is_empty() {
            let left = product::left(rows, end - start, |i, k| b[(i, start + k)]);
            let right =
                product::right(end - start, rest.len(), |k, j| a[(start + k, rest.start + j)]);
            product::subtract(b, (0, rest.start), &left, &right);
        }
    }
}

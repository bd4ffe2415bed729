//! Gaussian elimination with partial pivoting.

use std::ops::Range;

use crate::triangular::Triangle;
use crate::{Field, Matrix, Real, Threads, product, vector};

/// Columns that are eliminated without products of matrices.
const BLOCK: usize = 8;

pub(crate) fn lu<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>) -> Vec<i32> {
    let (m, n) = (a.rows(), a.cols());
    let k = m.min(n);
    let mut pivots = Vec::with_capacity(k);
    eliminate(threads, a, 0..k, &mut pivots);
    if k < n {
        swap(a, &pivots, 0, k..n);
        follow(threads, a, 0..k, k..n);
    }
    pivots.into_iter().map(|pivot| pivot as i32).collect()
}

/// Eliminates some columns below the diagonal, by halves (Toledo, SIAM J. Matrix Anal. Appl. 18, 1997), and adds
/// the rows that rows are exchanged with. Other columns stay as they are.
fn eliminate<T: Field>(
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    cols: Range<usize>,
    pivots: &mut Vec<usize>,
) {
    if cols.len() <= BLOCK {
        return panel(a, cols, pivots);
    }
    let half = cols.start + (cols.len() / 2).next_multiple_of(BLOCK);
    let (first, rest) = (cols.start..half, half..cols.end);
    eliminate(threads, a, first.clone(), pivots);
    swap(a, pivots, cols.start, rest.clone());
    follow(threads, a, first.clone(), rest.clone());
    eliminate(threads, a, rest, pivots);
    swap(a, pivots, half, first);
}

/// Exchanges rows, from those of the pivot number `from` on, in some columns.
fn swap<T: Field>(a: &mut Matrix<T>, pivots: &[usize], from: usize, cols: Range<usize>) {
    for (i, &pivot) in pivots.iter().enumerate().skip(from).filter(|(i, pivot)| i != *pivot) {
        let (upper, lower) = a.two_rows(i, pivot);
        upper[cols.clone()].swap_with_slice(&mut lower[cols.clone()]);
    }
}

/// What the elimination of columns does to others.
fn follow<T: Field>(
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    done: Range<usize>,
    others: Range<usize>,
) {
    let factor = a.block(done.clone(), done.clone());
    let triangle = Triangle { a: factor.view(), lower: true, unit: true, threads };
    triangle.solve_left(a, done.start, others.clone());
    let left = product::left(a.part(done.end..a.rows(), done.clone()));
    let right = product::right(a.part(done.clone(), others.clone()));
    product::subtract(threads, a, (done.end, others.start), &left, &right);
}

/// A few columns, which lie in memory one after another meanwhile.
fn panel<T: Field>(a: &mut Matrix<T>, cols: Range<usize>, pivots: &mut Vec<usize>) {
    let (m, start) = (a.rows(), cols.start);
    let mut columns = a.part(start..m, cols.clone()).transpose().to_matrix();
    for j in 0..cols.len() {
        pivots.push(start + eliminate_column(&mut columns, j));
    }
    for i in 0..m - start {
        let row = &mut a.row_mut(start + i)[cols.clone()];
        row.iter_mut().enumerate().for_each(|(j, x)| *x = columns[(j, i)]);
    }
}

/// Eliminates column `j` below the diagonal, in the columns that are a matrix' rows, and gives the pivot's row.
fn eliminate_column<T: Field>(columns: &mut Matrix<T>, j: usize) -> usize {
    let column = columns.row(j);
    let (mut pivot, mut largest) = (j, column[j].size());
    for (i, x) in column.iter().enumerate().skip(j + 1) {
        let size = x.size();
        if size > largest {
            (pivot, largest) = (i, size);
        }
    }
    let diagonal = column[pivot];
    if diagonal == T::zero() {
        return pivot;
    }
    (0..columns.rows()).for_each(|k| columns.row_mut(k).swap(j, pivot));
    // The inverse of a tiny number would overflow.
    let below = &mut columns.row_mut(j)[j + 1..];
    if diagonal.abs() >= T::Real::SAFE_MIN {
        vector::scale(below, T::one() / diagonal);
    } else {
        below.iter_mut().for_each(|x| *x /= diagonal);
    }
    for k in j + 1..columns.rows() {
        let (column, other) = columns.two_rows(j, k);
        let factor = -other[j];
        vector::axpy(&mut other[j + 1..], factor, &column[j + 1..]);
    }
    pivot
}

/// Where each of `size` rows comes from after exchanges. One with a row that is not there is left out.
pub fn permutation_of(pivots: &[i32], size: usize) -> Vec<i32> {
    let mut permutation: Vec<i32> = (0..size as i32).collect();
    for (i, &pivot) in pivots.iter().enumerate() {
        if let Ok(pivot) = usize::try_from(pivot)
            && pivot < size
            && i < size
        {
            permutation.swap(i, pivot);
        }
    }
    permutation
}

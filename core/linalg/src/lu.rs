//! Gaussian elimination with partial pivoting.

use crate::{Field, Matrix, Real, product, vector};

/// Columns that are eliminated together.
const BLOCK: usize = 32;

/// Replaces a matrix by its factors `L` (unit lower triangular, below the diagonal) and `U`, and gives the row
/// that each row was exchanged with, one after another.
pub fn lu<T: Field>(a: &mut Matrix<T>) -> Vec<i32> {
    let (m, n) = (a.rows(), a.cols());
    let k = m.min(n);
    let mut pivots = Vec::with_capacity(k);
    for start in (0..k).step_by(BLOCK) {
        let end = (start + BLOCK).min(k);
        for j in start..end {
            pivots.push(eliminate(a, j, end) as i32);
        }
        if end == n {
            continue;
        }
        for i in start + 1..end {
            for above in start..i {
                let (upper, row) = a.two_rows(above, i);
                let factor = -row[above];
                vector::axpy(&mut row[end..], factor, &upper[end..]);
            }
        }
        let left = product::left(m - end, end - start, |i, k| a[(end + i, start + k)]);
        let right = product::right(end - start, n - end, |k, j| a[(start + k, end + j)]);
        product::subtract(a, (end, end), &left, &right);
    }
    pivots
}

/// Eliminates column `j` below the diagonal, in columns before `end`, and gives the pivot's row.
fn eliminate<T: Field>(a: &mut Matrix<T>, j: usize, end: usize) -> usize {
    let m = a.rows();
    let pivot =
        (j + 1..m).fold(j, |best, i| if a[(i, j)].size() > a[(best, j)].size() { i } else { best });
    if a[(pivot, j)] == T::zero() {
        return pivot;
    }
    a.swap_rows(j, pivot);
    let diagonal = a[(j, j)];
    // The inverse of a tiny number would overflow.
    let is_normal = diagonal.abs() >= T::Real::SAFE_MIN;
    let inverse = T::one() / diagonal;
    for i in j + 1..m {
        let (upper, row) = a.two_rows(j, i);
        row[j] = if is_normal { row[j] * inverse } else { row[j] / diagonal };
        let factor = -row[j];
        vector::axpy(&mut row[j + 1..end], factor, &upper[j + 1..end]);
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

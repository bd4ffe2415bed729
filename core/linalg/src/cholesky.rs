//! Cholesky's factorisation.

use crate::{Failed, Field, Matrix, Real, product, vector};

/// Columns whose products are subtracted from what follows at once.
const BLOCK: usize = 64;
/// Columns of these that are computed one by one.
const PANEL: usize = 16;

/// Replaces the lower triangle of a Hermitian matrix by the `L` with positive diagonal for which it is `L Lᴴ`.
/// Only that triangle is read, and the other one is left as it is. A NaN spreads as it does in sums and products.
pub fn cholesky<T: Field>(a: &mut Matrix<T>) -> Result<(), Failed> {
    let n = a.rows();
    if n <= BLOCK {
        return diagonal_block(a, 0, n);
    }
    // Updates change whole tiles, and with them elements of the other triangle.
    let mut factor = a.clone();
    for start in (0..n).step_by(BLOCK) {
        let end = (start + BLOCK).min(n);
        for panel in (start..end).step_by(PANEL) {
            columns(&mut factor, start, panel, (panel + PANEL).min(end))?;
        }
        let (rows, depth) = (n - end, end - start);
        let left = product::left(rows, depth, |i, k| factor[(end + i, start + k)]);
        let right =
            product::right_by_columns(depth, rows, |k, j| factor[(end + j, start + k)].conj());
        product::subtract_lower(&mut factor, (end, end), &left, &right);
    }
    (0..n).for_each(|i| a.row_mut(i)[..=i].copy_from_slice(&factor.row(i)[..=i]));
    Ok(())
}

/// The columns from `panel` of a factor, from which those before `start` are subtracted already.
fn columns<T: Field>(
    a: &mut Matrix<T>,
    start: usize,
    panel: usize,
    end: usize,
) -> Result<(), Failed> {
    let (n, depth) = (a.rows(), panel - start);
    let left = product::left(n - panel, depth, |i, k| a[(panel + i, start + k)]);
    let right =
        product::right_by_columns(depth, end - panel, |k, j| a[(panel + j, start + k)].conj());
    product::subtract(a, (panel, panel), &left, &right);
    diagonal_block(a, panel, end)?;
    for i in end..n {
        row_below(a, i, panel, end);
    }
    Ok(())
}

/// A block on the diagonal, of which earlier columns are subtracted already.
fn diagonal_block<T: Field>(a: &mut Matrix<T>, start: usize, end: usize) -> Result<(), Failed> {
    for i in start..end {
        row_below(a, i, start, i);
        let row = &a.row(i)[start..i];
        let sum = row.iter().fold(T::Real::ZERO, |sum, x| sum + x.norm_sqr());
        let pivot = a[(i, i)].re() - sum;
        if pivot <= T::Real::ZERO {
            return Err(Failed);
        }
        a[(i, i)] = T::real(pivot.sqrt());
    }
    Ok(())
}

/// Row `i` of the factor in columns `start..end`, whose own rows are known.
fn row_below<T: Field>(a: &mut Matrix<T>, i: usize, start: usize, end: usize) {
    for j in start..end {
        let (above, row) = a.two_rows(j, i);
        let sum = vector::dot_conj(&above[start..j], &row[start..j]);
        let pivot = above[j].re();
        let value = row[j] - sum;
        row[j] = T::new(value.re() / pivot, value.im() / pivot);
    }
}

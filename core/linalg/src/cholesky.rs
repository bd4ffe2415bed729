//! Cholesky's factorisation.

use pulp::Arch;

use crate::triangular::Triangle;
use crate::{Failed, Field, Matrix, Real, Threads, product};

/// Columns that are computed without products of matrices.
const BLOCK: usize = 32;
/// Columns of a small matrix.
const SMALL: usize = 16;

pub(crate) fn cholesky<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>) -> Result<(), Failed> {
    let n = a.rows();
    block(threads, a, 0, n)
}

/// A block on the diagonal, by halves (Golub & Van Loan, section 4.2.6): the first one's factor, what is below it,
/// and the last one's, from which products of that are subtracted.
fn block<T: Field>(
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    start: usize,
    n: usize,
) -> Result<(), Failed> {
    if n <= SMALL {
        return columns::<T, SMALL>(a, start, n);
    }
    if n <= BLOCK {
        return columns::<T, BLOCK>(a, start, n);
    }
    let (half, end) = ((n / 2).next_multiple_of(BLOCK), start + n);
    let middle = start + half;
    block(threads, a, start, half)?;
    let factor = a.block(start..middle, start..middle);
    let triangle = Triangle { a: factor.view().adjoint(), lower: false, unit: false, threads };
    triangle.solve_right(a, middle..end, start);
    let below = a.part(middle..end, start..middle);
    let (left, right) = (product::left(below), product::right(below.adjoint()));
    product::subtract_lower(threads, a, (middle, middle), &left, &right);
    block(threads, a, middle, n - half)
}

/// A block of at most `N` columns, of which whole ones are subtracted from those that follow.
fn columns<T: Field, const N: usize>(
    a: &mut Matrix<T>,
    start: usize,
    n: usize,
) -> Result<(), Failed> {
    #[inline(always)]
    fn run<T: Field, const N: usize>(columns: &mut [[T; N]; N], n: usize) -> bool {
        for j in 0..n {
            let (before, after) = columns.split_at_mut(j + 1);
            let column = &mut before[j];
            let pivot = column[j].re();
            if pivot <= T::Real::ZERO {
                return false;
            }
            let root = pivot.sqrt();
            let inverse = T::Real::ONE / root;
            column.iter_mut().for_each(|x| *x = x.scale(inverse));
            column[j] = T::real(root);
            for (other, k) in after.iter_mut().zip(j + 1..n) {
                let factor = column[k].conj();
                for i in 0..N {
                    other[i] -= factor * column[i];
                }
            }
        }
        true
    }
    let mut columns = [[T::zero(); N]; N];
    for i in 0..n {
        let row = &a.row(start + i)[start..=start + i];
        columns.iter_mut().zip(row).for_each(|(column, &x)| column[i] = x);
    }
    let done = Arch::new().dispatch(
        #[inline(always)]
        || run(&mut columns, n),
    );
    for i in 0..n {
        let row = &mut a.row_mut(start + i)[start..=start + i];
        row.iter_mut().zip(&columns).for_each(|(x, column)| *x = column[i]);
    }
    if done { Ok(()) } else { Err(Failed) }
}

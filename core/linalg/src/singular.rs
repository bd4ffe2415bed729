//! Tridiagonal systems that may be singular: solutions for inverse iteration (LAPACK's `lagtf` and `lagts`).

use crate::{Field, Matrix, Real, vector};

/// What is left of one row: the diagonal and the two elements to its right.
type Row<T> = [T; 3];

/// Replaces `b` by the solution of a tridiagonal system in which pivots that would overflow are moved away from zero by
/// a rounding of the largest element. The first element below and the last above the diagonal are not read.
pub(crate) fn tridiagonal_solve_perturbed<T: Field>(
    dl: &[T],
    d: &[T],
    du: &[T],
    b: &mut Matrix<T>,
) {
    let upper = eliminate(dl, d, du, b);
    let n = upper.len();
    let size = |x: &[T]| x.iter().fold(T::Real::ZERO, |size, x| size.larger(x.abs()));
    // The last row but one counts for nothing, as in JAX.
    let first = size(&d[..n.min(1)]).larger(size(&du[..usize::from(n > 1)]));
    let rows = upper.iter().take(n.saturating_sub(2));
    let largest = rows.map(|row| size(row)).fold(first, T::Real::larger);
    let largest = upper.last().map_or(largest, |row| largest.larger(row[0].abs()));
    let shift = (T::Real::EPSILON + T::Real::EPSILON) * largest;
    for k in (0..n).rev() {
        let [diagonal, next, second] = upper[k];
        for (distance, factor) in [(1, next), (2, second)] {
            if k + distance < n {
                let (row, below) = b.two_rows(k, k + distance);
                vector::axpy(row, -factor, below);
            }
        }
        let pivot = safe_pivot(diagonal, shift, b.row_mut(k));
        let inverse = T::one() / pivot;
        b.row_mut(k).iter_mut().for_each(|x| *x *= inverse);
    }
}

/// Brings the matrix to upper triangular form, the same steps taken on `b`. A row is exchanged with the next where its
/// pivot is smaller by the measure of their sizes.
fn eliminate<T: Field>(dl: &[T], d: &[T], du: &[T], b: &mut Matrix<T>) -> Vec<Row<T>> {
    let n = d.len();
    let right = |k: usize| if k + 1 < n { du[k] } else { T::zero() };
    let mut upper: Vec<Row<T>> = (0..n).map(|k| [d[k], right(k), T::zero()]).collect();
    let mut size = upper.first().map_or(T::Real::ZERO, |row| row[0].abs() + row[1].abs());
    for k in 0..n.saturating_sub(1) {
        let below = dl[k + 1];
        let below_size = below.abs() + d[k + 1].abs() + right(k + 1).abs();
        if below == T::zero() {
            size = below_size;
            continue;
        }
        let [pivot, next, _] = upper[k];
        let zero = pivot == T::zero();
        let measure = if zero { T::Real::ZERO } else { pivot.abs() / size };
        if below.abs() / below_size <= measure {
            let factor = below / pivot;
            upper[k + 1][0] = d[k + 1] - factor * next;
            let (first, second) = b.two_rows(k, k + 1);
            vector::axpy(second, -factor, first);
            size = below_size;
            continue;
        }
        let factor = pivot / below;
        upper[k] = [below, d[k + 1], right(k + 1)];
        upper[k + 1] = [next - factor * d[k + 1], -(factor * right(k + 1)), T::zero()];
        b.swap_rows(k, k + 1);
        let (first, second) = b.two_rows(k, k + 1);
        vector::axpy(second, -factor, first);
        size = upper[k + 1][0].abs() + upper[k + 1][1].abs();
    }
    upper
}

/// A pivot by which a row can be divided without overflow: it is moved away from zero, further with each step, or both
/// are scaled.
fn safe_pivot<T: Field>(mut pivot: T, shift: T::Real, row: &mut [T]) -> T {
    let large = T::Real::ONE / T::Real::SAFE_MIN;
    let mut shift = shift.larger(T::Real::SAFE_MIN).copysign(pivot.re());
    let factor = row.iter().fold(T::Real::ZERO, |factor, x| factor.larger(x.abs()));
    loop {
        let size = pivot.abs();
        let is_tiny = size < T::Real::SAFE_MIN;
        let overflows = if is_tiny {
            size == T::Real::ZERO || factor * T::Real::SAFE_MIN > size
        } else {
            factor > size * large
        };
        if size >= T::Real::ONE || size.is_nan() || !is_tiny && !overflows {
            return pivot;
        }
        if overflows {
            pivot += T::real(shift);
            shift = shift + shift;
            continue;
        }
        row.iter_mut().for_each(|x| *x = x.scale(large));
        return pivot.scale(large);
    }
}

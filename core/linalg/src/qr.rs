//! Factorisations into a unitary and an upper triangular matrix.

use crate::householder::{BLOCK, Block, apply_left, reflector};
use crate::reflections::Reflections;
use crate::{Field, Matrix, Real, Threads, vector};

/// Replaces a matrix by `R` and, below the diagonal, the reflectors whose product is `Q`; gives their τ.
pub(crate) fn geqrf<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>) -> Vec<T> {
    let (m, n) = (a.rows(), a.cols());
    let k = m.min(n);
    let mut taus = Vec::with_capacity(k);
    // One block alone is not worth its products.
    let block = if k <= 2 * BLOCK { k.max(1) } else { BLOCK };
    for start in (0..k).step_by(block) {
        let end = (start + block).min(k);
        for j in start..end {
            let cols = j + 1..if block == k { n } else { end };
            taus.push(reflect_column(a, j, cols));
        }
        if end < n && block != k {
            let block = Block::new(a, start, start, &taus[start..end]);
            block.apply_left(threads, a, start, end..n, true);
        }
    }
    taus
}

/// Makes column `j` zero below the diagonal by a reflector, which is applied to some columns; gives its τ.
fn reflect_column<T: Field>(a: &mut Matrix<T>, j: usize, cols: std::ops::Range<usize>) -> T {
    let m = a.rows();
    let mut v = a.column(j, j..m);
    let (beta, tau) = reflector(v[0], &mut v[1..]);
    v[0] = T::one();
    apply_left(a, (j..m, cols), &v, tau.conj());
    a[(j, j)] = beta;
    (j + 1..m).for_each(|i| a[(i, j)] = v[i - j]);
    tau
}

/// As [`geqrf`] of the matrix with its columns in another order, which makes the magnitudes on the diagonal of
/// `R` descend. Columns whose entry of `order` is not 0 come first; it becomes the number from 1 of the column
/// that lies at each place.
pub(crate) fn geqp3<T: Field>(a: &mut Matrix<T>, order: &mut [i32]) -> Vec<T> {
    let (m, n) = (a.rows(), a.cols());
    let mut n_fixed = 0;
    for j in 0..n {
        let is_fixed = order[j] != 0;
        order[j] = j as i32 + 1;
        if is_fixed {
            swap_columns(a, j, n_fixed);
            order.swap(j, n_fixed);
            n_fixed += 1;
        }
    }
    let mut taus = Vec::with_capacity(m.min(n));
    for j in 0..n_fixed.min(m) {
        taus.push(reflect_column(a, j, j + 1..n));
    }
    let start = taus.len();
    let mut norms: Vec<[T::Real; 2]> =
        (0..n).map(|j| [vector::norm(&a.column(j, start.min(m)..m)); 2]).collect();
    for j in start..m.min(n) {
        let best =
            (j + 1..n).fold(j, |best, k| if norms[k][0] > norms[best][0] { k } else { best });
        if best != j {
            swap_columns(a, best, j);
            order.swap(best, j);
            norms[best] = norms[j];
        }
        taus.push(reflect_column(a, j, j + 1..n));
        for (k, norm) in norms.iter_mut().enumerate().skip(j + 1) {
            downdate(a, j, k, norm);
        }
    }
    taus
}

/// What is left of a column's norm below row `j` (LAPACK Working Note 176); `norm` also has what it was when it
/// was last computed from the elements.
fn downdate<T: Field>(a: &Matrix<T>, j: usize, k: usize, norm: &mut [T::Real; 2]) {
    let (zero, one) = (T::Real::ZERO, T::Real::ONE);
    if norm[0] == zero {
        return;
    }
    let part = a[(j, k)].abs() / norm[0];
    let rest = (one - part * part).larger(zero);
    let ratio = norm[0] / norm[1];
    // LAPACK's tol3z, of its `eps`.
    if rest * ratio * ratio <= T::Real::EPSILON.sqrt() {
        *norm = [vector::norm(&a.column(k, j + 1..a.rows())); 2];
    } else {
        norm[0] *= rest.sqrt();
    }
}

fn swap_columns<T: Field>(a: &mut Matrix<T>, i: usize, j: usize) {
    (0..a.rows()).for_each(|row| a.row_mut(row).swap(i, j));
}

/// The first columns of the product of reflectors that lie below the diagonal.
pub(crate) fn householder_product<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    taus: &[T],
) -> Matrix<T> {
    let (m, n) = (a.rows(), a.cols());
    let mut q = Matrix::identity(m, n);
    let k = taus.len();
    for start in (0..k).step_by(BLOCK).rev() {
        let end = (start + BLOCK).min(k);
        if k <= BLOCK {
            for j in (start..end).rev() {
                let mut v = a.column(j, j..m);
                v[0] = T::one();
                apply_left(&mut q, (j..m, j..n), &v, taus[j]);
            }
        } else {
            Block::new(a, start, start, &taus[start..end]).apply_left(
                threads,
                &mut q,
                start,
                start..n,
                false,
            );
        }
    }
    q
}

/// `Q C`, `Qᴴ C`, `C Q` or `C Qᴴ` with the product `Q` of reflectors.
pub(crate) fn ormqr<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    taus: &[T],
    c: &Matrix<T>,
    left: bool,
    transpose: bool,
) -> Matrix<T> {
    if !left {
        return ormqr(threads, a, taus, &c.adjoint(), true, !transpose).adjoint();
    }
    let reflections = Reflections::new(threads, a, 0, taus);
    let columns = |cols: std::ops::Range<usize>| c.block(0..c.rows(), cols);
    reflections.apply(threads, (c.rows(), c.cols()), transpose, columns)
}

//! Reduction to upper Hessenberg form.

use crate::householder::{apply_left, apply_right, reflector};
use crate::{Field, Matrix};

/// Replaces a square matrix by its Hessenberg form `Qᴴ A Q` and, below the subdiagonal, the reflectors whose
/// product is `Q`; gives their τ.
pub(crate) fn hessenberg<T: Field>(a: &mut Matrix<T>) -> Vec<T> {
    let n = a.rows();
    hessenberg_between(a, 0, n)
}

/// The same, of a matrix that is upper triangular outside of rows and columns `low..high`. The τ are those of
/// all columns.
pub(crate) fn hessenberg_between<T: Field>(a: &mut Matrix<T>, low: usize, high: usize) -> Vec<T> {
    let n = a.rows();
    let mut taus = vec![T::zero(); n.saturating_sub(1)];
    for j in low..high.saturating_sub(1) {
        let mut v = a.column(j, j + 1..high);
        let (beta, tau) = reflector(v[0], &mut v[1..]);
        v[0] = T::one();
        apply_right(a, (0..high, j + 1..high), &v, tau);
        apply_left(a, (j + 1..high, j + 1..n), &v, tau.conj());
        a[(j + 1, j)] = beta;
        (j + 2..high).for_each(|i| a[(i, j)] = v[i - j - 1]);
        taus[j] = tau;
    }
    taus
}

/// The product of a Hessenberg form's reflectors.
pub(crate) fn unitary<T: Field>(a: &Matrix<T>, taus: &[T]) -> Matrix<T> {
    let n = a.rows();
    let mut q = Matrix::identity(n, n);
    for j in (0..taus.len()).rev() {
        let mut v = a.column(j, j + 1..n);
        v[0] = T::one();
        apply_left(&mut q, (j + 1..n, j + 1..n), &v, taus[j]);
    }
    q
}

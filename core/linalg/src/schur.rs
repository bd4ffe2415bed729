//! Schur forms by the implicit QR iteration.

mod complex;
mod real;

use crate::hessenberg::{hessenberg_between, unitary};
use crate::{Failed, Field, Matrix, eig};

/// `A = Z T Zᴴ`.
#[derive(Clone, Debug)]
pub struct Schur<T> {
    /// Upper triangular; of a real matrix with 2×2 blocks of equal diagonal elements on the diagonal, one for
    /// each pair of conjugate eigenvalues.
    pub form: Matrix<T>,
    /// Unitary.
    pub vectors: Matrix<T>,
}

/// The Schur form of a square matrix.
pub(crate) fn schur<T: Field>(a: &Matrix<T>) -> Result<Schur<T>, Failed> {
    if !a.is_finite() {
        return Err(Failed);
    }
    let mut a = a.clone();
    let balance = eig::balance::permute(&mut a);
    let mut schur = reduce(&mut a, balance.low, balance.high)?;
    balance.undo(&mut schur.vectors, false);
    Ok(schur)
}

/// The Schur form of a matrix that is upper triangular outside of rows and columns `low..high`.
pub(crate) fn reduce<T: Field>(
    a: &mut Matrix<T>,
    low: usize,
    high: usize,
) -> Result<Schur<T>, Failed> {
    let n = a.rows();
    let taus = hessenberg_between(a, low, high);
    let vectors = unitary(a, &taus);
    let mut schur = Schur { form: a.clone(), vectors };
    for i in 0..n {
        schur.form.row_mut(i)[..i.saturating_sub(1)].fill(T::zero());
    }
    if T::IS_COMPLEX {
        complex::iterate(&mut schur, low, high)?;
        return Ok(schur);
    }
    // A real matrix under its own name, which has an order.
    let real = |m: &Matrix<T>| Matrix::from_fn(n, n, |i, j| m[(i, j)].re());
    let field = |m: &Matrix<T::Real>| Matrix::from_fn(n, n, |i, j| T::real(m[(i, j)]));
    let mut own = Schur { form: real(&schur.form), vectors: real(&schur.vectors) };
    real::iterate(&mut own, low, high)?;
    Ok(Schur { form: field(&own.form), vectors: field(&own.vectors) })
}

/// How often an eigenvalue may be iterated for.
fn max_iterations(n: usize) -> usize {
    30 * n.max(10)
}

/// Shifts are exceptional after so many sweeps that deflated nothing.
const EXCEPTIONAL: usize = 10;

//! Tridiagonal matrices: reduction to one, and systems of equations with one.

use crate::householder::reflector;
use crate::{Field, Matrix, Real, Threads, vector};

/// A tridiagonal matrix `Qᴴ A Q`, and how it came about.
#[derive(Clone, Debug)]
pub struct Tridiagonal<T: Field> {
    /// The diagonal.
    pub diagonal: Vec<T::Real>,
    /// What lies beside it.
    pub off_diagonal: Vec<T::Real>,
    /// The τ of the reflectors.
    pub taus: Vec<T>,
}

/// Reduces a Hermitian matrix, of which one triangle is read and replaced by the tridiagonal matrix and the
/// reflectors whose product is `Q`.
pub(crate) fn tridiagonal<T: Field>(
    _: Threads<'_>,
    a: &mut Matrix<T>,
    lower: bool,
) -> Tridiagonal<T> {
    if lower {
        return reduce(a);
    }
    // From the other end the upper triangle is the lower one.
    let n = a.rows();
    let turned = |a: &Matrix<T>| Matrix::from_fn(n, n, |i, j| a[(n - 1 - i, n - 1 - j)]);
    let mut other = turned(a);
    let mut reduced = reduce(&mut other);
    *a = turned(&other);
    reduced.diagonal.reverse();
    reduced.off_diagonal.reverse();
    reduced.taus.reverse();
    reduced
}

fn reduce<T: Field>(a: &mut Matrix<T>) -> Tridiagonal<T> {
    let n = a.rows();
    let count = n.saturating_sub(1);
    let mut out = Tridiagonal {
        diagonal: Vec::with_capacity(n),
        off_diagonal: Vec::with_capacity(count),
        taus: Vec::with_capacity(count),
    };
    for j in 0..n {
        let diagonal = a[(j, j)].re();
        a[(j, j)] = T::real(diagonal);
        out.diagonal.push(diagonal);
        if j == count {
            break;
        }
        let mut v = a.column(j, j + 1..n);
        let (beta, tau) = reflector(v[0], &mut v[1..]);
        v[0] = T::one();
        if tau != T::zero() {
            update(a, j + 1, &v, tau);
        }
        a[(j + 1, j)] = beta;
        (j + 2..n).for_each(|i| a[(i, j)] = v[i - j - 1]);
        out.off_diagonal.push(beta.re());
        out.taus.push(tau);
    }
    out
}

/// `A ← Hᴴ A H` in the lower triangle from row and column `first` on: `A − v wᴴ − w vᴴ`.
fn update<T: Field>(a: &mut Matrix<T>, first: usize, v: &[T], tau: T) {
    let k = v.len();
    let mut w = vec![T::zero(); k];
    for i in 0..k {
        let row = &a.row(first + i)[first..=first + i];
        let (before, own) = row.split_at(i);
        // Row i of the lower triangle, and as a column of the upper one.
        let sum = vector::dot(before, &v[..i]);
        w[i] += tau * (sum + v[i].scale(own[0].re()));
        let factor = tau * v[i];
        add_conj(&mut w[..i], factor, before);
    }
    let half = T::real(T::Real::of(0.5));
    let alpha = -(half * tau * vector::dot_conj(&w, v));
    vector::axpy(&mut w, alpha, v);
    let (v_conj, w_conj): (Vec<T>, Vec<T>) =
        v.iter().zip(&w).map(|(v, w)| (v.conj(), w.conj())).unzip();
    for i in 0..k {
        let row = &mut a.row_mut(first + i)[first..=first + i];
        vector::axpy(row, -v[i], &w_conj[..=i]);
        vector::axpy(row, -w[i], &v_conj[..=i]);
        row[i] = T::real(row[i].re());
    }
}

/// `y += a x̄`.
fn add_conj<T: Field>(y: &mut [T], a: T, x: &[T]) {
    if !T::IS_COMPLEX {
        return vector::axpy(y, a, x);
    }
    y.iter_mut().zip(x).for_each(|(y, x)| *y += a * x.conj());
}

/// Replaces `b` by the solution of a tridiagonal system: elimination with partial pivoting (LAPACK's `gtsv`).
/// The first element below and the last above the diagonal are not read. Gives whether there is a solution.
pub(crate) fn tridiagonal_solve<T: Field>(dl: &[T], d: &[T], du: &[T], b: &mut Matrix<T>) -> bool {
    let n = d.len();
    let (mut d, mut du) = (d.to_vec(), du.to_vec());
    let mut second = vec![T::zero(); n];
    for i in 0..n.saturating_sub(1) {
        let below = dl[i + 1];
        if d[i].size() >= below.size() {
            if d[i] == T::zero() {
                return false;
            }
            let factor = below / d[i];
            d[i + 1] -= factor * du[i];
            let (upper, row) = b.two_rows(i, i + 1);
            vector::axpy(row, -factor, upper);
        } else {
            let factor = d[i] / below;
            d[i] = below;
            let next = d[i + 1];
            d[i + 1] = du[i] - factor * next;
            if i + 2 < n {
                second[i] = du[i + 1];
                du[i + 1] = -(factor * second[i]);
            }
            du[i] = next;
            b.swap_rows(i, i + 1);
            let (upper, row) = b.two_rows(i, i + 1);
            vector::axpy(row, -factor, upper);
        }
    }
    if n > 0 && d[n - 1] == T::zero() {
        return false;
    }
    for i in (0..n).rev() {
        for (distance, factor) in [(1, du[i]), (2, second[i])] {
            if i + distance < n {
                let (row, below) = b.two_rows(i, i + distance);
                vector::axpy(row, -factor, below);
            }
        }
        b.row_mut(i).iter_mut().for_each(|x| *x /= d[i]);
    }
    true
}

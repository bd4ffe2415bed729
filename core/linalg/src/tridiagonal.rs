//! Tridiagonal matrices: reduction to one, and systems of equations with one.

use crate::householder::reflector;
use crate::{Field, Matrix, Real, Threads, matvec, product, vector};

/// Columns that are reduced before what follows them changes.
const PANEL: usize = 32;
/// Where so many columns are left, they are reduced one by one.
const REST: usize = 64;

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
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    lower: bool,
) -> Tridiagonal<T> {
    if lower {
        return reduce(threads, a);
    }
    // From the other end the upper triangle is the lower one.
    let n = a.rows();
    let turned = |a: &Matrix<T>| Matrix::from_fn(n, n, |i, j| a[(n - 1 - i, n - 1 - j)]);
    let mut other = turned(a);
    let mut reduced = reduce(threads, &mut other);
    *a = turned(&other);
    reduced.diagonal.reverse();
    reduced.off_diagonal.reverse();
    reduced.taus.reverse();
    reduced
}

fn reduce<T: Field>(threads: Threads<'_>, a: &mut Matrix<T>) -> Tridiagonal<T> {
    let n = a.rows();
    let count = n.saturating_sub(1);
    let mut out = Tridiagonal {
        diagonal: Vec::with_capacity(n),
        off_diagonal: Vec::with_capacity(count),
        taus: Vec::with_capacity(count),
    };
    let mut start = 0;
    while n - start > REST {
        panel(threads, a, start, &mut out);
        start += PANEL;
    }
    for j in start..n {
        let v = out.reflect(a, j, a.column(j, j..n));
        if let Some((v, tau)) = v.filter(|(_, tau)| *tau != T::zero()) {
            update(a, j + 1, &v, tau);
        }
    }
    out
}

impl<T: Field> Tridiagonal<T> {
    /// Takes down what becomes of column `j`, from its diagonal on; gives the reflector of what follows.
    fn reflect(&mut self, a: &mut Matrix<T>, j: usize, column: Vec<T>) -> Option<(Vec<T>, T)> {
        let diagonal = column[0].re();
        a[(j, j)] = T::real(diagonal);
        self.diagonal.push(diagonal);
        let mut v = column[1..].to_vec();
        let (&first, _) = v.split_first()?;
        let (beta, tau) = reflector(first, &mut v[1..]);
        v[0] = T::one();
        a[(j + 1, j)] = beta;
        v.iter().enumerate().skip(1).for_each(|(i, &x)| a[(j + 1 + i, j)] = x);
        self.off_diagonal.push(beta.re());
        self.taus.push(tau);
        Some((v, tau))
    }
}

/// Reduces some columns, and then what follows them at once (LAPACK's `latrd`; Dongarra, Hammarling & Sorensen,
/// LAPACK Working Note 2, 1987): each reflector makes `A` into `A − v wᴴ − w vᴴ`.
fn panel<T: Field>(
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    start: usize,
    out: &mut Tridiagonal<T>,
) {
    let n = a.rows();
    // The conjugates of v₀, w₀, v₁, w₁ …, and of the others' partners, in rows.
    let mut vectors = Matrix::<T>::zeros(2 * PANEL, n - start);
    let mut partners = vectors.clone();
    for p in 0..PANEL {
        let (j, done) = (start + p, 0..2 * p);
        let mut column = a.column(j, j..n);
        let factors: Vec<T> = done.clone().map(|q| -partners[(q, p)]).collect();
        matvec::adjoint_times(&vectors, (done.clone(), p..n - start), &factors, &mut column);
        let Some((v, tau)) = out.reflect(a, j, column) else { return };
        let mut w = vec![T::zero(); v.len()];
        if tau != T::zero() {
            let rest = (done.clone(), p + 1..n - start);
            let mut factors = vec![T::zero(); done.len()];
            matvec::times(&partners, rest.clone(), &v, &mut factors);
            factors.iter_mut().for_each(|factor| *factor = -*factor);
            matvec::hermitian(a, j + 1, &v, &mut w);
            matvec::adjoint_times(&vectors, rest, &factors, &mut w);
            vector::scale(&mut w, tau);
            let half = T::real(T::Real::of(0.5));
            let alpha = -(half * tau * vector::dot_conj(&w, &v));
            vector::axpy(&mut w, alpha, &v);
        }
        for (matrix, pair) in [(&mut vectors, [&v, &w]), (&mut partners, [&w, &v])] {
            for (q, vector) in (2 * p..).zip(pair) {
                let row = matrix.row_mut(q)[p + 1..].iter_mut();
                row.zip(vector).for_each(|(out, x)| *out = x.conj());
            }
        }
    }
    let after = PANEL..n - start;
    let left = product::left(vectors.part(0..2 * PANEL, after.clone()).adjoint());
    let right = product::right(partners.part(0..2 * PANEL, after));
    product::subtract_lower(threads, a, (start + PANEL, start + PANEL), &left, &right);
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
        vector::axpy_conj(&mut w[..i], factor, before);
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

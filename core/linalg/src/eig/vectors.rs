//! Eigenvalues and eigenvectors of Schur forms (LAPACK's `trevc`).

use crate::schur::Schur;
use crate::{Field, Matrix, Real};

/// Whether a 2×2 block of a real Schur form begins at row `i`.
fn begins_pair<T: Field>(t: &Matrix<T>, i: usize) -> bool {
    !T::IS_COMPLEX && i + 1 < t.rows() && t[(i + 1, i)] != T::zero()
}

/// The eigenvalues of a Schur form.
pub(super) fn values<T: Field>(t: &Matrix<T>) -> Vec<T::Complex> {
    let (n, mut values) = (t.rows(), Vec::with_capacity(t.rows()));
    let mut i = 0;
    while i < n {
        if begins_pair(t, i) {
            let (re, b, c) = (t[(i, i)].re(), t[(i, i + 1)].abs(), t[(i + 1, i)].abs());
            let im = b.sqrt() * c.sqrt();
            values.extend([T::Complex::new(re, im), T::Complex::new(re, -im)]);
            i += 2;
        } else {
            values.push(T::Complex::new(t[(i, i)].re(), t[(i, i)].im()));
            i += 1;
        }
    }
    values
}

/// Right or left eigenvectors of `Z T Zᴴ` in columns, of any length.
pub(super) fn vectors<T: Field>(
    schur: &Schur<T>,
    values: &[T::Complex],
    left: bool,
) -> Matrix<T::Complex> {
    let n = values.len();
    let complex = |x: T| T::Complex::new(x.re(), x.im());
    let t = Matrix::from_fn(n, n, |i, j| complex(schur.form[(i, j)]));
    let z = Matrix::from_fn(n, n, |i, j| complex(schur.vectors[(i, j)]));
    let system = System { t: &t, is_pair: (0..n).map(|i| begins_pair(&schur.form, i)).collect() };
    let mut out = Matrix::zeros(n, n);
    let mut j = 0;
    while j < n {
        let is_pair = system.is_pair[j];
        let x = if left { system.left(j, values[j]) } else { system.right(j, values[j]) };
        for i in 0..n {
            let sum = z.row(i).iter().zip(&x).fold(T::Complex::zero(), |sum, (&z, &x)| sum + z * x);
            out[(i, j)] = sum;
            if is_pair {
                out[(i, j + 1)] = sum.conj();
            }
        }
        j += if is_pair { 2 } else { 1 };
    }
    out
}

struct System<'a, C> {
    t: &'a Matrix<C>,
    is_pair: Vec<bool>,
}

impl<C: Field> System<'_, C> {
    /// The smallest divisor: what is smaller is a rounding error.
    fn least(&self, value: C) -> C::Real {
        let (n, ulp) = (C::Real::of(self.t.rows() as f64), C::Real::EPSILON + C::Real::EPSILON);
        (ulp * value.size()).larger(C::Real::SAFE_MIN * (n / ulp))
    }

    fn divide(x: C, by: C, least: C::Real) -> C {
        if by.size() < least { x / C::real(least) } else { x / by }
    }

    /// The solution of `[a b; c d] x = r`.
    fn solve_pair([a, b, c, d]: [C; 4], r: [C; 2], least: C::Real) -> [C; 2] {
        let determinant = a * d - b * c;
        let size = [a, b, c, d].iter().fold(C::Real::ZERO, |size, x| size.larger(x.size()));
        let least = least * size.larger(least);
        let solve = |x: C| Self::divide(x, determinant, least);
        [solve(d * r[0] - b * r[1]), solve(a * r[1] - c * r[0])]
    }

    /// The components that belong to the eigenvalue itself: those of its own rows.
    fn own(&self, j: usize, value: C, left: bool) -> Vec<C> {
        let mut x = vec![C::zero(); self.t.rows()];
        x[j] = C::one();
        if self.is_pair[j] {
            let (b, c, im) = (self.t[(j, j + 1)].re(), self.t[(j + 1, j)].re(), value.im());
            let (zero, above) = (C::Real::ZERO, b.magnitude() >= c.magnitude());
            (x[j], x[j + 1]) = match (left, above) {
                (false, true) => (C::one(), C::new(zero, im / b)),
                (false, false) => (C::real(-im / c), C::new(zero, C::Real::ONE)),
                (true, true) => (C::real(im / b), C::new(zero, C::Real::ONE)),
                (true, false) => (C::one(), C::new(zero, -im / c)),
            };
        }
        x
    }

    /// `(T − λ) x = 0`, from the eigenvalue's rows upwards.
    fn right(&self, j: usize, value: C) -> Vec<C> {
        let (t, least) = (self.t, self.least(value));
        let mut x = self.own(j, value, false);
        let last = j + usize::from(self.is_pair[j]);
        let rest = |x: &[C], i: usize, from: usize| {
            (from..=last).fold(C::zero(), |sum, k| sum - t[(i, k)] * x[k])
        };
        let mut end = j;
        while end > 0 {
            let i = end - 1;
            if i > 0 && self.is_pair[i - 1] {
                let block =
                    [t[(i - 1, i - 1)] - value, t[(i - 1, i)], t[(i, i - 1)], t[(i, i)] - value];
                let r = [rest(&x, i - 1, end), rest(&x, i, end)];
                [x[i - 1], x[i]] = Self::solve_pair(block, r, least);
                end -= 2;
            } else {
                x[i] = Self::divide(rest(&x, i, end), t[(i, i)] - value, least);
                end -= 1;
            }
        }
        x
    }

    /// `xᴴ (T − λ) = 0`, from the eigenvalue's rows downwards.
    fn left(&self, j: usize, value: C) -> Vec<C> {
        let (t, least, n) = (self.t, self.least(value), self.t.rows());
        let value = value.conj();
        let mut x = self.own(j, value.conj(), true);
        let at = |r: usize, c: usize| t[(c, r)].conj();
        // The sum over the rows that are known.
        let rest = |x: &[C], row: usize, end: usize| {
            (j..end).fold(C::zero(), |sum, k| sum - at(row, k) * x[k])
        };
        let mut i = j + 1 + usize::from(self.is_pair[j]);
        while i < n {
            if self.is_pair[i] {
                let block =
                    [at(i, i) - value, at(i, i + 1), at(i + 1, i), at(i + 1, i + 1) - value];
                let r = [rest(&x, i, i), rest(&x, i + 1, i)];
                [x[i], x[i + 1]] = Self::solve_pair(block, r, least);
                i += 2;
            } else {
                x[i] = Self::divide(rest(&x, i, i), at(i, i) - value, least);
                i += 1;
            }
        }
        x
    }
}

//! Singular values and vectors.

mod bidiagonal;
mod reduction;
mod two_by_two;

use crate::rotations::Rotated;
use crate::{Failed, Field, Matrix, Real, Threads, qr};

/// `A = U S Vᴴ`.
#[derive(Clone, Debug)]
pub struct Svd<T: Field> {
    /// The singular values, descending.
    pub s: Vec<T::Real>,
    /// Left vectors, in columns.
    pub u: Matrix<T>,
    /// The conjugates of right vectors, in rows.
    pub vh: Matrix<T>,
}

/// Singular values and vectors; of these all, or as many as there are values.
pub(crate) fn svd<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    full: bool,
) -> Result<Svd<T>, Failed> {
    let (m, n) = (a.rows(), a.cols());
    if m < n {
        let Svd { s, u, vh } = svd(threads, &a.adjoint(), full)?;
        return Ok(Svd { s, u: vh.adjoint(), vh: u.adjoint() });
    }
    let scaled = Scaled::new(a)?;
    let mut a = scaled.matrix;
    if !is_tall(m, n) {
        let u_cols = if full { m } else { n };
        let (s, u, vh) = of_bidiagonal(threads, &mut a, u_cols, true)?;
        return Ok(Svd { s: unscaled(s, scaled.factor), u, vh });
    }
    let taus = qr::geqrf(threads, &mut a);
    let mut r = Matrix::from_fn(n, n, |i, j| if i <= j { a[(i, j)] } else { T::zero() });
    let (s, u, vh) = of_bidiagonal(threads, &mut r, n, true)?;
    let cols = if full { m } else { n };
    let inner = |i: usize, j: usize| match i < n && j < n {
        true => u[(i, j)],
        false if i == j => T::one(),
        false => T::zero(),
    };
    let u = qr::ormqr(threads, &a, &taus, &Matrix::from_fn(m, cols, inner), true, false);
    Ok(Svd { s: unscaled(s, scaled.factor), u, vh })
}

/// Singular values alone, descending.
pub(crate) fn svdvals<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
) -> Result<Vec<T::Real>, Failed> {
    if a.rows() < a.cols() {
        return svdvals(threads, &a.adjoint());
    }
    let (m, n) = (a.rows(), a.cols());
    let Scaled { mut matrix, factor } = Scaled::new(a)?;
    if is_tall(m, n) {
        qr::geqrf(threads, &mut matrix);
        let r = |i: usize, j: usize| if i <= j { matrix[(i, j)] } else { T::zero() };
        matrix = Matrix::from_fn(n, n, r);
    }
    let (s, ..) = of_bidiagonal(threads, &mut matrix, 0, false)?;
    Ok(unscaled(s, factor))
}

/// Whether it pays to factorise by QR first; LAPACK's bound.
fn is_tall(m: usize, n: usize) -> bool {
    n > 0 && m >= 11 * n / 6 && m > n
}

struct Scaled<T: Field> {
    matrix: Matrix<T>,
    factor: T::Real,
}

impl<T: Field> Scaled<T> {
    /// Elements whose squares are numbers; there is none if some are not finite.
    fn new(a: &Matrix<T>) -> Result<Scaled<T>, Failed> {
        if !a.is_finite() {
            return Err(Failed);
        }
        let (zero, one) = (T::Real::ZERO, T::Real::ONE);
        let largest = a.as_slice().iter().fold(zero, |largest, x| largest.larger(x.abs()));
        let low = T::Real::SAFE_MIN.sqrt() / (T::Real::EPSILON + T::Real::EPSILON);
        let high = one / low;
        let factor = match largest {
            _ if largest > zero && largest < low => low / largest,
            _ if largest > high => high / largest,
            _ => one,
        };
        let mut matrix = a.clone();
        if factor != one {
            matrix.as_mut_slice().iter_mut().for_each(|x| *x = x.scale(factor));
        }
        Ok(Scaled { matrix, factor })
    }
}

fn unscaled<R: Real>(mut s: Vec<R>, factor: R) -> Vec<R> {
    s.iter_mut().for_each(|s| *s /= factor);
    s
}

type Factors<T> = (Vec<<T as Field>::Real>, Matrix<T>, Matrix<T>);

/// Of a matrix with at least as many rows as columns: values, the first `u_cols` left vectors, right vectors;
/// without vectors the matrices are empty.
fn of_bidiagonal<T: Field>(
    threads: Threads<'_>,
    a: &mut Matrix<T>,
    u_cols: usize,
    vectors: bool,
) -> Result<Factors<T>, Failed> {
    let (m, n) = (a.rows(), a.cols());
    let form = reduction::bidiagonalise(threads, a);
    let (mut d, mut e) = (form.diagonal, form.above);
    if !vectors {
        bidiagonal::iterate(&mut d, &mut e, None)?;
        return Ok((d, Matrix::zeros(0, 0), Matrix::zeros(0, 0)));
    }
    // Rows of ut are left vectors, those of vt right ones.
    let (mut ut, mut vt) = (Rotated::identity(threads, n), Rotated::identity(threads, n));
    let order = bidiagonal::iterate(&mut d, &mut e, Some((&mut ut, &mut vt)))?;
    let (mut left, mut right) = (ut.into_columns(&order), vt.into_columns(&order));
    if n == 1 {
        // Of one value LAPACK gives the sign to the left vector.
        std::mem::swap(&mut left, &mut right);
    }
    let inner = |i: usize, j: usize| match i < n && j < n {
        true => T::real(left[(i, j)]),
        false if i == j => T::one(),
        false => T::zero(),
    };
    let u = qr::ormqr(threads, a, &form.taus_q, &Matrix::from_fn(m, u_cols, inner), true, false);
    let mut v = Matrix::from_fn(n, n, |i, j| T::real(right[(i, j)]));
    if n > 1 {
        // The right reflectors leave the first row alone; what the matrix holds of them is conjugate.
        let reflectors =
            Matrix::from_fn(
                n - 1,
                n - 1,
                |i, j| if i > j { a[(j, i + 1)].conj() } else { T::zero() },
            );
        let rows = v.block(1..n, 0..n);
        let rows = qr::ormqr(threads, &reflectors, &form.taus_p, &rows, true, false);
        (1..n).for_each(|i| v.row_mut(i).copy_from_slice(rows.row(i - 1)));
    }
    Ok((d, u, v.adjoint()))
}

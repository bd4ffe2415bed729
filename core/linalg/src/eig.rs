//! Eigenvalues and eigenvectors of matrices that need not be symmetric.

pub(crate) mod balance;
mod vectors;

use crate::{Failed, Field, Matrix, Real, schur, vector};

/// `A V = V W`, and `Uᴴ A = W Uᴴ`. Vectors have length 1, and their largest element is real.
#[derive(Clone, Debug)]
pub struct Eig<T> {
    /// The eigenvalues.
    pub values: Vec<T>,
    /// Left vectors, in columns.
    pub left: Option<Matrix<T>>,
    /// Right vectors, in columns.
    pub right: Option<Matrix<T>>,
}

/// Eigenvalues, and the vectors that are asked for.
pub(crate) fn eig<T: Field>(
    a: &Matrix<T>,
    left: bool,
    right: bool,
) -> Result<Eig<T::Complex>, Failed> {
    if !a.is_finite() {
        return Err(Failed);
    }
    let mut a = a.clone();
    let factor = scale_to_safe_range(&mut a);
    let mut balance = balance::permute(&mut a);
    balance::scale(&mut a, &mut balance);
    let reduced = schur::reduce(&mut a, balance.low, balance.high)?;
    let values = vectors::values(&reduced.form);
    let compute = |is_left: bool| {
        let mut v = vectors::vectors(&reduced, &values, is_left);
        balance.undo(&mut v, is_left);
        normalise(&mut v, &values, T::IS_COMPLEX);
        v
    };
    let (left, right) = (left.then(|| compute(true)), right.then(|| compute(false)));
    let one = T::Real::ONE;
    let values = values.into_iter().map(|w| w.scale(one / factor)).collect();
    Ok(Eig { values, left, right })
}

fn scale_to_safe_range<T: Field>(a: &mut Matrix<T>) -> T::Real {
    let (zero, one) = (T::Real::ZERO, T::Real::ONE);
    let largest = a.as_slice().iter().fold(zero, |largest, x| largest.larger(x.abs()));
    let low = T::Real::SAFE_MIN.sqrt() / (T::Real::EPSILON + T::Real::EPSILON);
    let high = one / low;
    let factor = match largest {
        _ if largest > zero && largest < low => low / largest,
        _ if largest > high => high / largest,
        _ => return one,
    };
    a.as_mut_slice().iter_mut().for_each(|x| *x = x.scale(factor));
    factor
}

/// Vectors of length 1 with a real largest element; those of real eigenvalues of a real matrix stay real.
fn normalise<C: Field>(v: &mut Matrix<C>, values: &[C], is_complex: bool) {
    let n = v.rows();
    for (j, value) in values.iter().enumerate() {
        let column = v.column(j, 0..n);
        let inverse = C::Real::ONE / vector::norm(&column);
        (0..n).for_each(|i| v[(i, j)] = v[(i, j)].scale(inverse));
        if !is_complex && value.im() == C::Real::ZERO {
            continue;
        }
        let largest =
            (1..n).fold(
                0,
                |best, i| if v[(i, j)].norm_sqr() > v[(best, j)].norm_sqr() { i } else { best },
            );
        let x = v[(largest, j)];
        let length = x.abs();
        let mut factor = C::new(x.re() / length, -(x.im() / length));
        // LAPACK's plane rotation of the parts keeps the sign of the real one.
        if !is_complex && x.re() < C::Real::ZERO {
            factor = -factor;
        }
        (0..n).for_each(|i| v[(i, j)] *= factor);
        v[(largest, j)] = C::real(v[(largest, j)].re());
    }
}

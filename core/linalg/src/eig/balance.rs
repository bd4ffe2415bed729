//! Balancing: rows and columns in an order, and of sizes, that make eigenvalues exact (LAPACK's `gebal`).

use crate::{Field, Matrix, Real, vector};

/// What was done to a matrix.
pub(crate) struct Balance<R> {
    /// Outside of `low..high` the matrix is upper triangular.
    pub(crate) low: usize,
    pub(crate) high: usize,
    /// Which row was exchanged with the one of the same number outside of that range.
    exchanged: Vec<usize>,
    /// What columns were multiplied by.
    scales: Vec<R>,
}

/// Exchanges rows and columns so that eigenvalues that stand alone come first and last.
pub(crate) fn permute<T: Field>(a: &mut Matrix<T>) -> Balance<T::Real> {
    let n = a.rows();
    let mut balance =
        Balance { low: 0, high: n, exchanged: vec![0; n], scales: vec![T::Real::ONE; n] };
    let mut again = true;
    while again && balance.high > 0 {
        again = false;
        let mut i = balance.high;
        while i > 0 {
            i -= 1;
            let is_alone = (0..balance.high).all(|j| j == i || a[(i, j)] == T::zero());
            if is_alone {
                balance.high -= 1;
                balance.exchange(a, i, balance.high);
                again = true;
                if balance.high == 0 {
                    return balance;
                }
                i = i.min(balance.high);
            }
        }
    }
    again = true;
    while again {
        again = false;
        for j in balance.low..balance.high {
            let low = balance.low;
            let is_alone = (low..balance.high).all(|i| i == j || a[(i, j)] == T::zero());
            if is_alone {
                balance.exchange(a, j, low);
                balance.low += 1;
                again = true;
            }
        }
    }
    balance
}

/// Makes rows and columns similar in size by powers of 2.
pub(crate) fn scale<T: Field>(a: &mut Matrix<T>, balance: &mut Balance<T::Real>) {
    let (n, low, high) = (a.rows(), balance.low, balance.high);
    let (one, two) = (T::Real::ONE, T::Real::of(2.0));
    let least = T::Real::SAFE_MIN / (T::Real::EPSILON + T::Real::EPSILON);
    let (small, large) = (least * two, one / least / two);
    let mut again = true;
    while again {
        again = false;
        for i in low..high {
            let (column, row) = (a.column(i, 0..high), &a.row(i)[low..n]);
            let mut c = vector::norm(&column[low..]);
            let mut r = vector::norm(&row[..high - low]);
            let largest =
                |x: &[T]| x.iter().fold(T::Real::ZERO, |largest, x| largest.larger(x.abs()));
            let (mut ca, mut ra) = (largest(&column), largest(row));
            if c == T::Real::ZERO || r == T::Real::ZERO || !(c + r).is_finite() {
                continue;
            }
            let (mut f, s) = (one, c + r);
            let mut g = r / two;
            while c < g && f.larger(c).larger(ca) < large && r.smaller(g).smaller(ra) > small {
                (f, c, ca) = (f * two, c * two, ca * two);
                (r, g, ra) = (r / two, g / two, ra / two);
            }
            g = c / two;
            while g >= r && r.larger(ra) < large && f.smaller(c).smaller(g).smaller(ca) > small {
                (f, c, g, ca) = (f / two, c / two, g / two, ca / two);
                (r, ra) = (r * two, ra * two);
            }
            let scaled = balance.scales[i];
            let worthless = c + r >= T::Real::of(0.95) * s;
            let too_small = f < one && scaled < one && f * scaled <= least;
            let too_large = f > one && scaled > one && scaled >= (one / least) / f;
            if worthless || too_small || too_large {
                continue;
            }
            balance.scales[i] *= f;
            again = true;
            a.row_mut(i)[low..].iter_mut().for_each(|x| *x = x.scale(one / f));
            (0..high).for_each(|row| a[(row, i)] = a[(row, i)].scale(f));
        }
    }
}

impl<R: Real> Balance<R> {
    fn exchange<T: Field>(&mut self, a: &mut Matrix<T>, i: usize, with: usize) {
        self.exchanged[with] = i;
        if i != with {
            (0..a.rows()).for_each(|row| a.row_mut(row).swap(i, with));
            a.swap_rows(i, with);
        }
    }

    /// Takes vectors in columns back to those of the matrix as it was; left ones if so.
    pub(crate) fn undo<T: Field<Real = R>>(&self, v: &mut Matrix<T>, left: bool) {
        for i in self.low..self.high {
            let factor = if left { R::ONE / self.scales[i] } else { self.scales[i] };
            if factor != R::ONE {
                v.row_mut(i).iter_mut().for_each(|x| *x = x.scale(factor));
            }
        }
        for i in (0..self.low).rev().chain(self.high..v.rows()) {
            v.swap_rows(i, self.exchanged[i]);
        }
    }
}

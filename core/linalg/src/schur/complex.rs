//! The single-shift iteration for complex matrices (LAPACK's `lahqr`).

use super::{EXCEPTIONAL, Schur, max_iterations};
use crate::householder::reflector;
use crate::{Failed, Field, Matrix, Real};

/// Takes a Hessenberg matrix to Schur form; outside of rows and columns `low..high` it has that already.
pub(super) fn iterate<T: Field>(
    schur: &mut Schur<T>,
    low: usize,
    high: usize,
) -> Result<(), Failed> {
    for i in low + 1..high {
        make_real(schur, i);
    }
    let small = T::Real::SAFE_MIN * (T::Real::of(high.saturating_sub(low) as f64) / ulp::<T>());
    let mut end = high;
    while end > low {
        let i = end - 1;
        let mut done = None;
        for sweep in 1..=max_iterations(high - low) {
            let l = deflation(&schur.form, low, i, high, small);
            if l > low {
                schur.form[(l, l - 1)] = T::zero();
            }
            if l >= i {
                done = Some(l);
                break;
            }
            let shift = shift(&schur.form, l, i, sweep);
            self::sweep(schur, l, i, shift);
        }
        end = done.ok_or(Failed)?;
    }
    Ok(())
}

fn ulp<T: Field>() -> T::Real {
    T::Real::EPSILON + T::Real::EPSILON
}

/// `x / |x|`, without overflow.
fn phase<T: Field>(x: T) -> T {
    let size = x.size();
    let x = T::new(x.re() / size, x.im() / size);
    let length = x.abs();
    T::new(x.re() / length, x.im() / length)
}

fn scale_column<T: Field>(m: &mut Matrix<T>, rows: usize, j: usize, by: T) {
    (0..rows).for_each(|i| m[(i, j)] *= by);
}

/// Makes the subdiagonal element of row `i` real.
fn make_real<T: Field>(schur: &mut Schur<T>, i: usize) {
    let h = &mut schur.form;
    let below = h[(i, i - 1)];
    if below.im() == T::Real::ZERO {
        return;
    }
    let factor = phase(below).conj();
    h[(i, i - 1)] = T::real(below.abs());
    h.row_mut(i)[i..].iter_mut().for_each(|x| *x *= factor);
    let n = h.rows();
    scale_column(h, (i + 2).min(n), i, factor.conj());
    scale_column(&mut schur.vectors, n, i, factor.conj());
}

fn deflation<T: Field>(h: &Matrix<T>, low: usize, i: usize, high: usize, small: T::Real) -> usize {
    let size = |i: usize, j: usize| h[(i, j)].size();
    for k in (low + 1..=i).rev() {
        let below = size(k, k - 1);
        if below <= small {
            return k;
        }
        let mut test = size(k - 1, k - 1) + size(k, k);
        if test == T::Real::ZERO {
            if k >= low + 2 {
                test += h[(k - 1, k - 2)].re().magnitude();
            }
            if k + 1 < high {
                test += h[(k + 1, k)].re().magnitude();
            }
        }
        if h[(k, k - 1)].re().magnitude() <= ulp::<T>() * test {
            let above = size(k - 1, k);
            let (ab, ba) = (below.larger(above), below.smaller(above));
            let difference = (h[(k - 1, k - 1)] - h[(k, k)]).size();
            let (aa, bb) = (size(k, k).larger(difference), size(k, k).smaller(difference));
            let s = aa + ab;
            if ba * (ab / s) <= small.larger(ulp::<T>() * (bb * (aa / s))) {
                return k;
            }
        }
    }
    low
}

/// The square root with a real part that is not negative.
fn sqrt<T: Field>(x: T) -> T {
    let length = x.abs();
    if length == T::Real::ZERO {
        return T::zero();
    }
    let half = T::Real::of(0.5);
    let large = (half * (length + x.re().magnitude())).sqrt();
    let small = half * x.im() / large;
    if x.re() >= T::Real::ZERO {
        T::new(large, small)
    } else {
        T::new(small.magnitude(), large.copysign(x.im()))
    }
}

/// Wilkinson's shift.
fn shift<T: Field>(h: &Matrix<T>, l: usize, i: usize, sweep: usize) -> T {
    let exceptional =
        |below: T, at: usize| T::real(T::Real::of(0.75) * below.re().magnitude()) + h[(at, at)];
    if sweep.is_multiple_of(2 * EXCEPTIONAL) {
        return exceptional(h[(i, i - 1)], i);
    }
    if sweep.is_multiple_of(EXCEPTIONAL) {
        return exceptional(h[(l + 1, l)], l);
    }
    let t = h[(i, i)];
    let u = sqrt(h[(i - 1, i)]) * sqrt(h[(i, i - 1)]);
    if u.size() == T::Real::ZERO {
        return t;
    }
    let x = (h[(i - 1, i - 1)] - t).scale(T::Real::of(0.5));
    let s = u.size().larger(x.size());
    let (xs, us) = (T::new(x.re() / s, x.im() / s), T::new(u.re() / s, u.im() / s));
    let mut y = sqrt(xs * xs + us * us).scale(s);
    if x.size() > T::Real::ZERO && x.re() * y.re() + x.im() * y.im() < T::Real::ZERO {
        y = -y;
    }
    t - u * (u / (x + y))
}

/// The first column of `H − t` from row `m` on, scaled.
fn first_column<T: Field>(h: &Matrix<T>, m: usize, t: T) -> (T, T::Real) {
    let (first, below) = (h[(m, m)] - t, h[(m + 1, m)].re());
    let s = first.size() + below.magnitude();
    (T::new(first.re() / s, first.im() / s), below / s)
}

fn sweep<T: Field>(schur: &mut Schur<T>, l: usize, i: usize, t: T) {
    let h = &mut schur.form;
    let n = h.rows();
    let (mut m, mut v) = (i - 1, first_column(h, i - 1, t));
    while m > l {
        let beside = h[(m, m - 1)].re().magnitude() * v.1.magnitude();
        let own = v.0.size() * (h[(m, m)].size() + h[(m + 1, m + 1)].size());
        if beside <= ulp::<T>() * own {
            break;
        }
        m -= 1;
        v = first_column(h, m, t);
    }
    for k in m..i {
        let (alpha, mut rest) = match k > m {
            true => (h[(k, k - 1)], [h[(k + 1, k - 1)]]),
            false => (v.0, [T::real(v.1)]),
        };
        let (beta, tau) = reflector(alpha, &mut rest);
        if k > m {
            (h[(k, k - 1)], h[(k + 1, k - 1)]) = (beta, T::zero());
        }
        let v2 = rest[0];
        let t2 = (tau * v2).re();
        for j in k..n {
            let sum = tau.conj() * h[(k, j)] + h[(k + 1, j)].scale(t2);
            h[(k, j)] -= sum;
            h[(k + 1, j)] -= sum * v2;
        }
        let columns = |m: &mut Matrix<T>, rows: usize| {
            for j in 0..rows {
                let sum = tau * m[(j, k)] + m[(j, k + 1)].scale(t2);
                m[(j, k)] -= sum;
                m[(j, k + 1)] -= sum * v2.conj();
            }
        };
        columns(h, (k + 3).min(i + 1));
        columns(&mut schur.vectors, n);
        if k == m && m > l {
            repair(h, &mut schur.vectors, (m, i), phase(T::one() - tau));
        }
    }
    let below = h[(i, i - 1)];
    if below.im() != T::Real::ZERO {
        let factor = phase(below);
        h[(i, i - 1)] = T::real(below.abs());
        h.row_mut(i)[i + 1..].iter_mut().for_each(|x| *x *= factor.conj());
        scale_column(h, i, i, factor);
        scale_column(&mut schur.vectors, n, i, factor);
    }
}

/// A sweep that begins at two small subdiagonal elements leaves others with imaginary parts; these are rotated
/// away.
fn repair<T: Field>(h: &mut Matrix<T>, z: &mut Matrix<T>, (m, i): (usize, usize), factor: T) {
    let n = h.rows();
    h[(m + 1, m)] *= factor.conj();
    if m + 2 <= i {
        h[(m + 2, m + 1)] *= factor;
    }
    for j in (m..=i).filter(|&j| j != m + 1) {
        h.row_mut(j)[j + 1..].iter_mut().for_each(|x| *x *= factor);
        scale_column(h, j, j, factor.conj());
        scale_column(z, n, j, factor.conj());
    }
}

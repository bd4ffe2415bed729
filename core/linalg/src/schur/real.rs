//! The double-shift iteration for real matrices (LAPACK's `lahqr`).

use super::{EXCEPTIONAL, Schur, max_iterations};
use crate::householder::reflector;
use crate::{Failed, Matrix, Real, vector};

/// Takes a Hessenberg matrix to Schur form; outside of rows and columns `low..high` it has that already.
pub(super) fn iterate<R: Real>(
    schur: &mut Schur<R>,
    low: usize,
    high: usize,
) -> Result<(), Failed> {
    let small = R::SAFE_MIN * (R::of(high.saturating_sub(low) as f64) / ulp::<R>());
    let mut end = high;
    while end > low {
        let i = end - 1;
        let mut done = None;
        for sweep in 1..=max_iterations(high - low) {
            let l = deflation(&schur.form, low, i, high, small);
            if l > low {
                schur.form[(l, l - 1)] = R::ZERO;
            }
            if l + 1 >= i {
                done = Some(l);
                break;
            }
            let shifts = shifts(&schur.form, l, i, sweep);
            self::sweep(schur, l, i, shifts);
        }
        let l = done.ok_or(Failed)?;
        if l + 1 == i {
            split_pair(schur, l);
        }
        end = l;
    }
    Ok(())
}

/// The distance of 1 from the next number.
fn ulp<R: Real>() -> R {
    R::EPSILON + R::EPSILON
}

/// The first row of the block that ends with row `i` and has no negligible subdiagonal element (Ahues & Tisseur
/// 1997).
fn deflation<R: Real>(h: &Matrix<R>, low: usize, i: usize, high: usize, small: R) -> usize {
    let size = |i: usize, j: usize| h[(i, j)].magnitude();
    for k in (low + 1..=i).rev() {
        let below = size(k, k - 1);
        if below <= small {
            return k;
        }
        let mut test = size(k - 1, k - 1) + size(k, k);
        if test == R::ZERO {
            if k >= low + 2 {
                test += size(k - 1, k - 2);
            }
            if k + 1 < high {
                test += size(k + 1, k);
            }
        }
        if below <= ulp::<R>() * test {
            let above = size(k - 1, k);
            let (ab, ba) = (below.larger(above), below.smaller(above));
            let difference = (h[(k - 1, k - 1)] - h[(k, k)]).magnitude();
            let (aa, bb) = (size(k, k).larger(difference), size(k, k).smaller(difference));
            let s = aa + ab;
            if ba * (ab / s) <= small.larger(ulp::<R>() * (bb * (aa / s))) {
                return k;
            }
        }
    }
    low
}

/// Two shifts, each with real and imaginary part.
type Shifts<R> = [(R, R); 2];

fn shifts<R: Real>(h: &Matrix<R>, l: usize, i: usize, sweep: usize) -> Shifts<R> {
    let size = |i: usize, j: usize| h[(i, j)].magnitude();
    let exceptional = |s: R, at: usize| {
        let h11 = R::of(0.75) * s + h[(at, at)];
        (h11, R::of(-0.4375) * s, s, h11)
    };
    let (h11, h12, h21, h22) = if sweep.is_multiple_of(2 * EXCEPTIONAL) {
        exceptional(size(i, i - 1) + size(i - 1, i - 2), i)
    } else if sweep.is_multiple_of(EXCEPTIONAL) {
        exceptional(size(l + 1, l) + size(l + 2, l + 1), l)
    } else {
        (h[(i - 1, i - 1)], h[(i - 1, i)], h[(i, i - 1)], h[(i, i)])
    };
    let s = h11.magnitude() + h12.magnitude() + h21.magnitude() + h22.magnitude();
    if s == R::ZERO {
        return [(R::ZERO, R::ZERO); 2];
    }
    let (h11, h12, h21, h22) = (h11 / s, h12 / s, h21 / s, h22 / s);
    let trace = (h11 + h22) / R::of(2.0);
    let determinant = (h11 - trace) * (h22 - trace) - h12 * h21;
    let root = determinant.magnitude().sqrt();
    if determinant >= R::ZERO {
        return [(trace * s, root * s), (trace * s, -(root * s))];
    }
    let (first, second) = (trace + root, trace - root);
    let nearer =
        if (first - h22).magnitude() <= (second - h22).magnitude() { first } else { second };
    [(nearer * s, R::ZERO); 2]
}

/// The first column of `(H − s₁)(H − s₂)` from row `m` on, scaled.
fn first_column<R: Real>(h: &Matrix<R>, m: usize, [first, second]: Shifts<R>) -> [R; 3] {
    let below = h[(m + 1, m)];
    let s = (h[(m, m)] - second.0).magnitude() + second.1.magnitude() + below.magnitude();
    let scaled = below / s;
    let v = [
        scaled * h[(m, m + 1)] + (h[(m, m)] - first.0) * ((h[(m, m)] - second.0) / s)
            - first.1 * (second.1 / s),
        scaled * (h[(m, m)] + h[(m + 1, m + 1)] - first.0 - second.0),
        scaled * h[(m + 2, m + 1)],
    ];
    let s = v[0].magnitude() + v[1].magnitude() + v[2].magnitude();
    v.map(|v| v / s)
}

fn sweep<R: Real>(schur: &mut Schur<R>, l: usize, i: usize, shifts: Shifts<R>) {
    let h = &mut schur.form;
    let size = |h: &Matrix<R>, i: usize, j: usize| h[(i, j)].magnitude();
    let (mut m, mut v) = (i - 2, first_column(h, i - 2, shifts));
    while m > l {
        let beside = size(h, m, m - 1) * (v[1].magnitude() + v[2].magnitude());
        let own = size(h, m - 1, m - 1) + size(h, m, m) + size(h, m + 1, m + 1);
        if beside <= ulp::<R>() * v[0].magnitude() * own {
            break;
        }
        m -= 1;
        v = first_column(h, m, shifts);
    }
    let n = h.rows();
    for k in m..i {
        let count = (i - k + 1).min(3);
        if k > m {
            (0..count).for_each(|r| v[r] = h[(k + r, k - 1)]);
        }
        let (alpha, rest) = (v[0], &mut v[1..count]);
        let (beta, tau) = reflector(alpha, rest);
        if k > m {
            h[(k, k - 1)] = beta;
            (1..count).for_each(|r| h[(k + r, k - 1)] = R::ZERO);
        } else if m > l {
            h[(k, k - 1)] *= R::ONE - tau;
        }
        let w = if count == 3 { [R::ONE, v[1], v[2]] } else { [R::ONE, v[1], R::ZERO] };
        for j in k..n {
            let sum = (0..count).fold(R::ZERO, |sum, r| sum + w[r] * h[(k + r, j)]);
            (0..count).for_each(|r| h[(k + r, j)] -= sum * (tau * w[r]));
        }
        for row in 0..(k + 4).min(i + 1) {
            reflect(&mut h.row_mut(row)[k..k + count], &w, tau);
        }
        for row in 0..n {
            reflect(&mut schur.vectors.row_mut(row)[k..k + count], &w, tau);
        }
    }
}

fn reflect<R: Real>(x: &mut [R], w: &[R; 3], tau: R) {
    let sum = x.iter().zip(w).fold(R::ZERO, |sum, (&x, &w)| sum + w * x);
    x.iter_mut().zip(w).for_each(|(x, &w)| *x -= sum * (tau * w));
}

/// Brings the 2×2 block at row `l` to standard form.
fn split_pair<R: Real>(schur: &mut Schur<R>, l: usize) {
    let h = &mut schur.form;
    let block = [h[(l, l)], h[(l, l + 1)], h[(l + 1, l)], h[(l + 1, l + 1)]];
    let ([a, b, c, d], (cs, sn)) = standard_form(block);
    (h[(l, l)], h[(l, l + 1)], h[(l + 1, l)], h[(l + 1, l + 1)]) = (a, b, c, d);
    let n = h.rows();
    let (upper, lower) = h.two_rows(l, l + 1);
    vector::rotate(&mut upper[l + 2..], &mut lower[l + 2..], cs, sn);
    for row in 0..l {
        rotate_columns(h, row, l, cs, sn);
    }
    for row in 0..n {
        rotate_columns(&mut schur.vectors, row, l, cs, sn);
    }
}

fn rotate_columns<R: Real>(m: &mut Matrix<R>, row: usize, j: usize, cs: R, sn: R) {
    let (x, y) = (m[(row, j)], m[(row, j + 1)]);
    (m[(row, j)], m[(row, j + 1)]) = (cs * x + sn * y, cs * y - sn * x);
}

/// A 2×2 matrix `[a b; c d]` rotated so that it is upper triangular, or has `a = d` and `b c < 0`; and the
/// rotation (LAPACK's `lanv2`).
fn standard_form<R: Real>([a, b, c, d]: [R; 4]) -> ([R; 4], (R, R)) {
    let (zero, one, half) = (R::ZERO, R::ONE, R::of(0.5));
    let sign = |x: R| one.copysign(x);
    if c == zero {
        return ([a, b, c, d], (one, zero));
    }
    if b == zero {
        return ([d, -c, zero, a], (zero, one));
    }
    if a - d == zero && sign(b) != sign(c) {
        return ([a, b, c, d], (one, zero));
    }
    let difference = a - d;
    let p = half * difference;
    let larger = b.magnitude().larger(c.magnitude());
    let smaller = b.magnitude().smaller(c.magnitude()) * sign(b) * sign(c);
    let scale = p.magnitude().larger(larger);
    let z = (p / scale) * p + (larger / scale) * smaller;
    if z >= R::of(4.0) * ulp::<R>() {
        let z = p + (scale.sqrt() * z.sqrt()).copysign(p);
        let tau = c.hypot(z);
        return ([d + z, b - c, zero, d - (larger / z) * smaller], (z / tau, c / tau));
    }
    let sigma = b + c;
    let tau = sigma.hypot(difference);
    let cs = (half * (one + sigma.magnitude() / tau)).sqrt();
    let sn = -(p / (tau * cs)) * sign(sigma);
    let (aa, bb) = (a * cs + b * sn, b * cs - a * sn);
    let (cc, dd) = (c * cs + d * sn, d * cs - c * sn);
    let (a, b) = (aa * cs + cc * sn, bb * cs + dd * sn);
    let (c, d) = (cc * cs - aa * sn, dd * cs - bb * sn);
    let mean = half * (a + d);
    if c == zero {
        return ([mean, b, c, mean], (cs, sn));
    }
    if b == zero {
        return ([mean, -c, zero, mean], (-sn, cs));
    }
    if sign(b) != sign(c) {
        return ([mean, b, c, mean], (cs, sn));
    }
    // Two real eigenvalues that are almost equal.
    let (root_b, root_c) = (b.magnitude().sqrt(), c.magnitude().sqrt());
    let p = (root_b * root_c).copysign(c);
    let tau = one / (b + c).magnitude().sqrt();
    let (cs1, sn1) = (root_b * tau, root_c * tau);
    ([mean + p, b - c, zero, mean - p], (cs * cs1 - sn * sn1, cs * sn1 + sn * cs1))
}

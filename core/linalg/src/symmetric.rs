//! Eigenvalues and eigenvectors of Hermitian matrices.

use std::ops::Range;

use crate::divide::{self, Spectrum};
use crate::reflections::Reflections;
use crate::rotations::Rotated;
use crate::{Failed, Field, Matrix, Real, Threads, tridiagonal, vector};

/// How often an eigenvalue may be iterated for.
const MAX_SWEEPS: usize = 30;

/// Eigenvalues, ascending, and eigenvectors in the columns of a matrix. One triangle is read.
pub(crate) fn eigh<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    lower: bool,
) -> Result<(Vec<T::Real>, Matrix<T>), Failed> {
    check(a, lower)?;
    let mut reduced = a.clone();
    let scaled = scale_to_safe_range(&mut reduced);
    let t = tridiagonal::tridiagonal(threads, &mut reduced, lower);
    let mut spectrum = divide::spectrum(threads, t.diagonal, t.off_diagonal)?;
    spectrum.values.iter_mut().for_each(|d| *d /= scaled);
    let vectors = back_transform(threads, &reduced, &t.taus, lower, &spectrum);
    Ok((spectrum.values, vectors))
}

/// Eigenvalues alone, ascending.
pub(crate) fn eigvalsh<T: Field>(
    threads: Threads<'_>,
    a: &Matrix<T>,
    lower: bool,
) -> Result<Vec<T::Real>, Failed> {
    check(a, lower)?;
    let mut reduced = a.clone();
    let scaled = scale_to_safe_range(&mut reduced);
    let t = tridiagonal::tridiagonal(threads, &mut reduced, lower);
    let (mut d, mut e) = (t.diagonal, t.off_diagonal);
    steqr(&mut d, &mut e, None)?;
    d.iter_mut().for_each(|d| *d /= scaled);
    Ok(d)
}

fn check<T: Field>(a: &Matrix<T>, lower: bool) -> Result<(), Failed> {
    let n = a.rows();
    let triangle = |i: usize| if lower { &a.row(i)[..=i] } else { &a.row(i)[i..] };
    let finite = (0..n).all(|i| triangle(i).iter().all(|x| x.is_finite()));
    if finite { Ok(()) } else { Err(Failed) }
}

/// Scales a matrix whose elements are so large or small that squares are not numbers; gives the factor.
fn scale_to_safe_range<T: Field>(a: &mut Matrix<T>) -> T::Real {
    let (zero, one) = (T::Real::ZERO, T::Real::ONE);
    let largest = a.as_slice().iter().fold(zero, |largest, x| largest.larger(x.abs()));
    let low = (T::Real::SAFE_MIN / T::Real::EPSILON).sqrt();
    let high = one / low;
    let factor = match largest {
        _ if largest > zero && largest < low => low / largest,
        _ if largest > high => high / largest,
        _ => return one,
    };
    vector::scale(a.as_mut_slice(), T::real(factor));
    factor
}

/// `Q V`, where `Q` is the product of a tridiagonal form's reflectors.
fn back_transform<T: Field>(
    threads: Threads<'_>,
    reduced: &Matrix<T>,
    taus: &[T],
    lower: bool,
    spectrum: &Spectrum<T::Real>,
) -> Matrix<T> {
    let n = reduced.rows();
    let columns = |cols: Range<usize>| {
        let rows = &spectrum.order[cols.clone()];
        let in_rows = Matrix::from_rows(n, rows.iter().map(|&row| spectrum.vectors.row(row)));
        let turned = |i: usize| if lower { i } else { n - 1 - i };
        Matrix::from_fn(n, cols.len(), |i, j| T::real(in_rows[(j, turned(i))]))
    };
    if lower {
        let reflections = Reflections::new(threads, reduced, 1, taus);
        return reflections.apply(threads, (n, n), false, columns);
    }
    // The reflectors of the upper form are, from the other end, those of a lower one.
    let other = Matrix::from_fn(n, n, |i, j| reduced[(n - 1 - i, n - 1 - j)]);
    let taus: Vec<T> = taus.iter().rev().copied().collect();
    let reflections = Reflections::new(threads, &other, 1, &taus);
    let turned = reflections.apply(threads, (n, n), false, columns);
    Matrix::from_rows(n, (0..n).rev().map(|i| turned.row(i)))
}

/// The rotation with `[c s; -s c] [f; g] = [r; 0]` (LAPACK's `lartg`).
pub(crate) fn rotation<R: Real>(f: R, g: R) -> (R, R, R) {
    let (zero, one) = (R::ZERO, R::ONE);
    if g == zero {
        return (one, zero, f);
    }
    if f == zero {
        return (zero, one.copysign(g), g.magnitude());
    }
    // Squares of numbers within these bounds are normal.
    let (low, high) = (R::SAFE_MIN.sqrt(), (R::of(0.5) / R::SAFE_MIN).sqrt());
    let is_safe = |x: R| x.magnitude() > low && x.magnitude() < high;
    let size = if is_safe(f) && is_safe(g) { (f * f + g * g).sqrt() } else { f.hypot(g) };
    let r = size.copysign(f);
    (f.magnitude() / size, g / r, r)
}

/// Eigenvalues of a symmetric 2×2 matrix, the larger in magnitude first, and the rotation to the first one's
/// vector (LAPACK's `laev2`).
fn two_by_two<R: Real>(a: R, b: R, c: R) -> (R, R, R, R) {
    let (one, half) = (R::ONE, R::of(0.5));
    let (sum, difference) = (a + c, a - c);
    let off = b + b;
    let (larger, smaller) = if a.magnitude() > c.magnitude() { (a, c) } else { (c, a) };
    let root = difference.magnitude().hypot(off.magnitude());
    let (first, second, sign) = if sum < R::ZERO {
        let first = half * (sum - root);
        (first, (larger / first) * smaller - (b / first) * b, -one)
    } else if sum > R::ZERO {
        let first = half * (sum + root);
        (first, (larger / first) * smaller - (b / first) * b, one)
    } else {
        (half * root, -(half * root), one)
    };
    let (cs, sign_2) =
        if difference >= R::ZERO { (difference + root, one) } else { (difference - root, -one) };
    let (cos, sin) = if cs.magnitude() > off.magnitude() {
        let cot = -off / cs;
        let sin = one / (one + cot * cot).sqrt();
        (cot * sin, sin)
    } else if off == R::ZERO {
        (one, R::ZERO)
    } else {
        let tan = -cs / off;
        let cos = one / (one + tan * tan).sqrt();
        (cos, tan * cos)
    };
    if sign == sign_2 { (first, second, -sin, cos) } else { (first, second, cos, sin) }
}

/// Diagonalises a symmetric tridiagonal matrix by the implicit QL or QR iteration (LAPACK's `steqr`). The rows
/// of `z` are rotated along. Eigenvalues ascend afterwards; gives where they were before.
pub(crate) fn steqr<R: Real>(
    d: &mut [R],
    e: &mut [R],
    mut z: Option<&mut Rotated<'_, R>>,
) -> Result<Vec<usize>, Failed> {
    let n = d.len();
    let eps2 = R::EPSILON * R::EPSILON;
    let mut sweeps = MAX_SWEEPS * n;
    let mut start = 0;
    while start < n {
        // A block that nothing couples to the rest.
        let is_small = |m: usize, d: &[R], e: &[R]| {
            let size = d[m].magnitude().sqrt() * d[m + 1].magnitude().sqrt();
            e[m].magnitude() <= size * R::EPSILON
        };
        let mut end = start;
        while end + 1 < n && e[end] != R::ZERO && !is_small(end, d, e) {
            end += 1;
        }
        if end + 1 < n {
            e[end] = R::ZERO;
        }
        let (low, high) = (start, end);
        start = end + 1;
        if low == high {
            continue;
        }
        let largest = (low..=high).fold(R::ZERO, |largest, i| {
            let beside = if i < high { e[i].magnitude() } else { R::ZERO };
            largest.larger(d[i].magnitude()).larger(beside)
        });
        if largest == R::ZERO {
            continue;
        }
        let block = Block { low, high, eps2 };
        let done = if d[high].magnitude() < d[low].magnitude() {
            block.qr(d, e, &mut z, &mut sweeps)
        } else {
            block.ql(d, e, &mut z, &mut sweeps)
        };
        if !done {
            return Err(Failed);
        }
    }
    Ok(sort(d))
}

struct Block<R> {
    low: usize,
    high: usize,
    eps2: R,
}

/// Begins a sweep of rotations, with those of rows `first` and `first + 1`.
fn sweep<R: Real>(z: &mut Option<&mut Rotated<'_, R>>, first: usize, upwards: bool) {
    if let Some(z) = z {
        z.sweep(first, upwards);
    }
}

/// As LAPACK's `lasr`: `y' = c y − s x`, `x' = s y + c x`.
fn rotate<R: Real>(z: &mut Option<&mut Rotated<'_, R>>, c: R, s: R) {
    if let Some(z) = z {
        z.turn(c, s);
    }
}

impl<R: Real> Block<R> {
    /// Whether an element beside the diagonal counts as zero.
    fn is_negligible(&self, d: &[R], e: &[R], i: usize) -> bool {
        let square = e[i].magnitude() * e[i].magnitude();
        square <= (self.eps2 * d[i].magnitude()) * d[i + 1].magnitude() + R::SAFE_MIN
    }

    /// The shift from the end that converges.
    fn shift(d: R, neighbour: R, e: R) -> R {
        let g = (neighbour - d) / (e + e);
        let r = g.hypot(R::ONE);
        d - e / (g + r.copysign(g))
    }

    fn ql(
        &self,
        d: &mut [R],
        e: &mut [R],
        z: &mut Option<&mut Rotated<'_, R>>,
        sweeps: &mut usize,
    ) -> bool {
        let mut l = self.low;
        while l <= self.high {
            let found = (l..self.high).find(|&m| self.is_negligible(d, e, m));
            let m = found.unwrap_or(self.high);
            if m < self.high {
                e[m] = R::ZERO;
            }
            if m == l {
                l += 1;
                continue;
            }
            if m == l + 1 {
                let (first, second, c, s) = two_by_two(d[l], e[l], d[l + 1]);
                // lasr('R','V','B'): column pair (l, l+1).
                sweep(z, l, true);
                rotate(z, c, s);
                (d[l], d[l + 1], e[l]) = (first, second, R::ZERO);
                l += 2;
                continue;
            }
            if *sweeps == 0 {
                return false;
            }
            *sweeps -= 1;
            let shift = Self::shift(d[l], d[l + 1], e[l]);
            let mut g = d[m] - shift;
            let (mut s, mut c, mut p) = (R::ONE, R::ONE, R::ZERO);
            sweep(z, m - 1, true);
            for i in (l..m).rev() {
                let (f, b) = (s * e[i], c * e[i]);
                let r;
                (c, s, r) = rotation(g, f);
                if i != m - 1 {
                    e[i + 1] = r;
                }
                g = d[i + 1] - p;
                let r = (d[i] - g) * s + R::of(2.0) * c * b;
                p = s * r;
                d[i + 1] = g + p;
                g = c * r - b;
                rotate(z, c, -s);
            }
            d[l] -= p;
            e[l] = g;
        }
        true
    }

    fn qr(
        &self,
        d: &mut [R],
        e: &mut [R],
        z: &mut Option<&mut Rotated<'_, R>>,
        sweeps: &mut usize,
    ) -> bool {
        let mut l = self.high + 1;
        while l > self.low {
            // The last row that is not done.
            let last = l - 1;
            let found = (self.low..last).rev().find(|&m| self.is_negligible(d, e, m));
            let m = found.map_or(self.low, |m| m + 1);
            if let Some(m) = found {
                e[m] = R::ZERO;
            }
            if m == last {
                l -= 1;
                continue;
            }
            if m + 1 == last {
                let (first, second, c, s) = two_by_two(d[last - 1], e[last - 1], d[last]);
                sweep(z, last - 1, false);
                rotate(z, c, s);
                (d[last - 1], d[last], e[last - 1]) = (first, second, R::ZERO);
                l -= 2;
                continue;
            }
            if *sweeps == 0 {
                return false;
            }
            *sweeps -= 1;
            let shift = Self::shift(d[last], d[last - 1], e[last - 1]);
            let mut g = d[m] - shift;
            let (mut s, mut c, mut p) = (R::ONE, R::ONE, R::ZERO);
            sweep(z, m, false);
            for i in m..last {
                let (f, b) = (s * e[i], c * e[i]);
                let r;
                (c, s, r) = rotation(g, f);
                if i != m {
                    e[i - 1] = r;
                }
                g = d[i] - p;
                let r = (d[i + 1] - g) * s + R::of(2.0) * c * b;
                p = s * r;
                d[i] = g + p;
                g = c * r - b;
                rotate(z, c, s);
            }
            d[last] -= p;
            e[last - 1] = g;
        }
        true
    }
}

/// Puts eigenvalues in ascending order; gives where they were before.
fn sort<R: Real>(d: &mut [R]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..d.len()).collect();
    for i in 0..d.len() {
        let smallest = (i + 1..d.len()).fold(i, |best, j| if d[j] < d[best] { j } else { best });
        d.swap(i, smallest);
        order.swap(i, smallest);
    }
    order
}

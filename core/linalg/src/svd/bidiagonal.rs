//! Singular values of upper bidiagonal matrices by the implicit QR iteration, with zero shifts where they are
//! more accurate (LAPACK's `bdsqr`; Demmel & Kahan 1990).

use super::two_by_two;
use crate::rotations::Rotated;
use crate::symmetric::rotation;
use crate::{Failed, Real};

/// How often singular values may be iterated for, relative to the square of their number.
const MAX_ITERATIONS: usize = 6;

/// Matrices whose rows are rotated along: those of left vectors, and of right ones.
pub(super) type Vectors<'a, 't, R> = Option<(&'a mut Rotated<'t, R>, &'a mut Rotated<'t, R>)>;

/// Replaces the diagonal by the singular values, descending; gives where they were before.
pub(super) fn iterate<R: Real>(
    d: &mut [R],
    e: &mut [R],
    vectors: Vectors<'_, '_, R>,
) -> Result<Vec<usize>, Failed> {
    let n = d.len();
    let mut iteration = Iteration::new(d, e, vectors);
    let mut budget = MAX_ITERATIONS * n * n + 1;
    while let Some(rotations) = iteration.step() {
        budget = budget.checked_sub(rotations).ok_or(Failed)?;
    }
    let Iteration { d, mut vectors, .. } = iteration;
    for (i, value) in d.iter_mut().enumerate().filter(|(_, value)| **value < R::ZERO) {
        *value = -*value;
        if let Some((_, vt)) = &mut vectors {
            vt.negate(i);
        }
    }
    Ok(sort(d))
}

/// Descending; LAPACK puts the smallest last, again and again. Gives where values were before.
fn sort<R: Real>(d: &mut [R]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..d.len()).collect();
    for last in (1..d.len()).rev() {
        let smallest = (1..=last).fold(0, |best, j| if d[j] <= d[best] { j } else { best });
        d.swap(smallest, last);
        order.swap(smallest, last);
    }
    order
}

struct Iteration<'a, 't, R> {
    d: &'a mut [R],
    e: &'a mut [R],
    vectors: Vectors<'a, 't, R>,
    tolerance: R,
    threshold: R,
    /// One past the last row that is not done.
    end: usize,
    /// The block of the last step, and whether it was gone through downwards.
    last: Option<(usize, usize)>,
    downwards: bool,
}

impl<'a, 't, R: Real> Iteration<'a, 't, R> {
    fn new(d: &'a mut [R], e: &'a mut [R], vectors: Vectors<'a, 't, R>) -> Self {
        let (n, eps) = (d.len(), R::EPSILON);
        // ε^(−1/8), within bounds.
        let root = (R::ONE / eps).sqrt().sqrt().sqrt();
        let tolerance = R::of(10.0).larger(R::of(100.0).smaller(root)) * eps;
        let mut smallest = d.first().map_or(R::ZERO, |d| d.magnitude());
        let mut mu = smallest;
        for i in 1..n {
            if smallest == R::ZERO {
                break;
            }
            mu = d[i].magnitude() * (mu / (mu + e[i - 1].magnitude()));
            smallest = smallest.smaller(mu);
        }
        let count = R::of(n.max(1) as f64);
        let smallest = smallest / count.sqrt();
        let least = R::of(MAX_ITERATIONS as f64) * (count * (count * R::SAFE_MIN));
        let threshold = (tolerance * smallest).larger(least);
        Iteration { d, e, vectors, tolerance, threshold, end: n, last: None, downwards: true }
    }

    /// Does one sweep or splits the matrix; gives the number of rotations, none when all is done.
    fn step(&mut self) -> Option<usize> {
        if self.end <= 1 {
            return None;
        }
        let m = self.end - 1;
        let mut largest = self.d[m].magnitude();
        let mut low = 0;
        for l in (0..m).rev() {
            let (own, beside) = (self.d[l].magnitude(), self.e[l].magnitude());
            if beside <= self.threshold {
                self.e[l] = R::ZERO;
                low = l + 1;
                break;
            }
            largest = largest.larger(own).larger(beside);
        }
        if low == m {
            self.end -= 1;
            return Some(0);
        }
        if low + 1 == m {
            self.last_two(low);
            self.end -= 2;
            return Some(0);
        }
        // A block that is no part of the last one may have its large end elsewhere.
        if self.last.is_none_or(|(l, h)| low > h || m < l) {
            self.downwards = self.d[low].magnitude() >= self.d[m].magnitude();
        }
        let Some(smallest) = self.bound(low, m) else { return Some(0) };
        self.last = Some((low, m));
        let shift = self.shift(low, m, smallest, largest);
        match (shift == R::ZERO, self.downwards) {
            (true, true) => self.zero_shift_down(low, m),
            (true, false) => self.zero_shift_up(low, m),
            (false, true) => self.shift_down(low, m, shift),
            (false, false) => self.shift_up(low, m, shift),
        }
        Some(m - low)
    }

    fn last_two(&mut self, i: usize) {
        let two = two_by_two::decompose(self.d[i], self.e[i], self.d[i + 1]);
        (self.d[i], self.e[i], self.d[i + 1]) = (two.largest, R::ZERO, two.smallest);
        self.sweep(i, false);
        self.turn(two.left, two.right);
    }

    /// Begins a sweep of rotations, with those of rows `first` and `first + 1`.
    fn sweep(&mut self, first: usize, upwards: bool) {
        if let Some((ut, vt)) = &mut self.vectors {
            ut.sweep(first, upwards);
            vt.sweep(first, upwards);
        }
    }

    fn turn(&mut self, left: (R, R), right: (R, R)) {
        if let Some((ut, vt)) = &mut self.vectors {
            ut.turn(left.0, left.1);
            vt.turn(right.0, right.1);
        }
    }

    /// A lower bound of the smallest singular value; none where an element became zero instead.
    fn bound(&mut self, low: usize, m: usize) -> Option<R> {
        let tolerance = self.tolerance;
        let (edge, at) = if self.downwards { (m - 1, m) } else { (low, low) };
        if self.e[edge].magnitude() <= tolerance * self.d[at].magnitude() {
            self.e[edge] = R::ZERO;
            return None;
        }
        let start = if self.downwards { low } else { m };
        let mut mu = self.d[start].magnitude();
        let mut smallest = mu;
        for k in 0..m - low {
            let l = if self.downwards { low + k } else { m - 1 - k };
            let beside = self.e[l].magnitude();
            if beside <= tolerance * mu {
                self.e[l] = R::ZERO;
                return None;
            }
            let next = if self.downwards { l + 1 } else { l };
            mu = self.d[next].magnitude() * (mu / (mu + beside));
            smallest = smallest.smaller(mu);
        }
        Some(smallest)
    }

    fn shift(&self, low: usize, m: usize, smallest: R, largest: R) -> R {
        let count = R::of(self.d.len() as f64);
        let fine = R::EPSILON.larger(R::of(0.01) * self.tolerance);
        if count * self.tolerance * (smallest / largest) <= fine {
            return R::ZERO;
        }
        let (far, k) = if self.downwards { (low, m - 1) } else { (m, low) };
        let shift = two_by_two::smallest(self.d[k], self.e[k], self.d[k + 1]);
        let far = self.d[far].magnitude();
        let ratio = shift / far;
        if far > R::ZERO && ratio * ratio < R::EPSILON { R::ZERO } else { shift }
    }

    fn settle(&mut self, i: usize) {
        if self.e[i].magnitude() <= self.threshold {
            self.e[i] = R::ZERO;
        }
    }

    fn zero_shift_down(&mut self, low: usize, m: usize) {
        let (mut cs, mut old_cs, mut old_sn) = (R::ONE, R::ONE, R::ZERO);
        self.sweep(low, false);
        for i in low..m {
            let (c, sn, r) = rotation(self.d[i] * cs, self.e[i]);
            cs = c;
            if i > low {
                self.e[i - 1] = old_sn * r;
            }
            (old_cs, old_sn, self.d[i]) = rotation(old_cs * r, self.d[i + 1] * sn);
            self.turn((old_cs, old_sn), (cs, sn));
        }
        let h = self.d[m] * cs;
        (self.d[m], self.e[m - 1]) = (h * old_cs, h * old_sn);
        self.settle(m - 1);
    }

    fn zero_shift_up(&mut self, low: usize, m: usize) {
        let (mut cs, mut old_cs, mut old_sn) = (R::ONE, R::ONE, R::ZERO);
        self.sweep(m - 1, true);
        for i in (low + 1..=m).rev() {
            let (c, sn, r) = rotation(self.d[i] * cs, self.e[i - 1]);
            cs = c;
            if i < m {
                self.e[i] = old_sn * r;
            }
            (old_cs, old_sn, self.d[i]) = rotation(old_cs * r, self.d[i - 1] * sn);
            self.turn((cs, -sn), (old_cs, -old_sn));
        }
        let h = self.d[low] * cs;
        (self.d[low], self.e[low]) = (h * old_cs, h * old_sn);
        self.settle(low);
    }

    /// What the first rotation is computed from.
    fn first(&self, i: usize, shift: R) -> R {
        let d = self.d[i];
        (d.magnitude() - shift) * (R::ONE.copysign(d) + shift / d)
    }

    fn shift_down(&mut self, low: usize, m: usize, shift: R) {
        let (mut f, mut g) = (self.first(low, shift), self.e[low]);
        self.sweep(low, false);
        for i in low..m {
            let (cr, sr, r) = rotation(f, g);
            if i > low {
                self.e[i - 1] = r;
            }
            let (d, e) = (self.d[i], self.e[i]);
            f = cr * d + sr * e;
            self.e[i] = cr * e - sr * d;
            g = sr * self.d[i + 1];
            self.d[i + 1] *= cr;
            let (cl, sl, r) = rotation(f, g);
            self.d[i] = r;
            let (d, e) = (self.d[i + 1], self.e[i]);
            f = cl * e + sl * d;
            self.d[i + 1] = cl * d - sl * e;
            if i + 1 < m {
                g = sl * self.e[i + 1];
                self.e[i + 1] *= cl;
            }
            self.turn((cl, sl), (cr, sr));
        }
        self.e[m - 1] = f;
        self.settle(m - 1);
    }

    fn shift_up(&mut self, low: usize, m: usize, shift: R) {
        let (mut f, mut g) = (self.first(m, shift), self.e[m - 1]);
        self.sweep(m - 1, true);
        for i in (low + 1..=m).rev() {
            let (cr, sr, r) = rotation(f, g);
            if i < m {
                self.e[i] = r;
            }
            let (d, e) = (self.d[i], self.e[i - 1]);
            f = cr * d + sr * e;
            self.e[i - 1] = cr * e - sr * d;
            g = sr * self.d[i - 1];
            self.d[i - 1] *= cr;
            let (cl, sl, r) = rotation(f, g);
            self.d[i] = r;
            let (d, e) = (self.d[i - 1], self.e[i - 1]);
            f = cl * e + sl * d;
            self.d[i - 1] = cl * d - sl * e;
            if i > low + 1 {
                g = sl * self.e[i - 2];
                self.e[i - 2] *= cl;
            }
            self.turn((cr, -sr), (cl, -sl));
        }
        self.e[low] = f;
        self.settle(low);
    }
}

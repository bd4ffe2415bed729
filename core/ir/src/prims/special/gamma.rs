//! Incomplete gamma functions and their derivatives by the shape.
//!
//! A power series left of the shape (NIST Handbook, 8.11.4) and Legendre's continued fraction right of it
//! (8.9.2), as in S. Moshier's Cephes library; derivatives by forward differentiation of both.

use super::number::{Number, Precision};

/// How far series are followed; those of shapes up to about 10⁸ end before.
const MAX_TERMS: f64 = 131_072.0;

/// How far continued fractions are followed.
const MAX_FRACTIONS: f64 = 2000.0;

/// The shape and the argument, with what both functions ask of them.
struct Point<N: Number> {
    a: N,
    x: N,
    /// xᵃ e⁻ˣ/Γ(a).
    weight: N,
    /// Whether the weight is too small, or no number.
    is_lost: N::Truth,
}

impl<N: Number> Point<N> {
    fn new(a: N, x: N, precision: &Precision) -> Point<N> {
        let limited = |v: N| {
            let v = v.unless(v.above(precision.max), f64::INFINITY);
            v.unless(v.below(-precision.max), f64::NEG_INFINITY)
        };
        let log = limited(a * x.ln()) - x - limited(a.lgamma());
        let is_lost = log.below(-precision.max.ln()) | log.is_nan();
        // Denormal numbers are zero.
        let weight = log.exp().unless(log.below(precision.tiny.ln()), 0.0);
        Point { a, x, weight, is_lost }
    }

    fn is_nan(&self) -> N::Truth {
        self.a.is_nan() | self.x.is_nan()
    }

    /// Outside of the domain of values.
    fn is_outside(&self) -> N::Truth {
        self.x.below(0.0) | self.a.below(0.0) | (self.a.is(0.0) & self.x.is(0.0)) | self.is_nan()
    }

    /// Outside of the domain of derivatives.
    fn is_outside_for_slopes(&self) -> N::Truth {
        self.x.below(0.0) | !self.a.above(0.0) | self.is_nan()
    }
}

/// 1 where something holds, else 0: what a loop carries instead of a truth value.
fn flag<N: Number>(like: N, holds: N::Truth) -> N {
    N::select(holds, like.constant(1.0), like.constant(0.0))
}

/// Σ xᵏ/((a + 1) … (a + k)): the lower function over weight/a.
fn series<N: Number>(p: &Point<N>, runs: N::Truth, tolerance: f64) -> N {
    let (x, one) = (p.x, p.a.constant(1.0));
    let start = [flag(x, runs), p.a, one, one];
    let [.., sum] = N::repeat(
        start,
        |[left, _, term, sum]| left.above(0.0) & (term / sum).above(tolerance),
        |[left, r, term, sum]| {
            let r = r + 1.0;
            let term = term * (x / r);
            [left - MAX_TERMS.recip(), r, term, sum + term]
        },
    );
    sum
}

/// The series and its derivative by a.
fn series_slope<N: Number>(p: &Point<N>, runs: N::Truth, tolerance: f64) -> (N, N) {
    let (x, one, zero) = (p.x, p.a.constant(1.0), p.a.constant(0.0));
    let start = [flag(x, runs), p.a, one, one, zero, one];
    let [_, _, _, sum, _, slope] = N::repeat(
        start,
        |[left, _, _, _, change, slope]| {
            let is_first = left.is(1.0);
            left.above(0.0) & (is_first | (change / slope).abs().above(tolerance))
        },
        |[left, r, term, sum, change, slope]| {
            // The first round starts from no slope; its 1 only keeps the quotient finite.
            let slope = slope.unless(left.is(1.0), 0.0);
            let r = r + 1.0;
            let change = change * (x / r) - term * x / (r * r);
            let term = term * (x / r);
            [left - MAX_TERMS.recip(), r, term, sum + term, change, slope + change]
        },
    );
    let has_run = runs;
    (sum, N::select(has_run, slope, zero))
}

/// The continued fraction: the upper function over the weight.
fn fraction<N: Number>(p: &Point<N>, runs: N::Truth, precision: &Precision) -> N {
    let (tolerance, x) = (precision.tolerance(), p.x);
    let y = -p.a + 1.0;
    let z = x + y + 1.0;
    let start_q = z * x;
    let start =
        [flag(x, runs), (x + 1.0) / start_q, x.constant(0.0), x + 1.0, start_q, x.constant(1.0), x];
    let [_, value, ..] = N::repeat(
        start,
        |[change, _, n, ..]| change.above(tolerance) & n.below(MAX_FRACTIONS),
        |[_, value, n, p1, q1, p2, q2]| {
            let n = n + 1.0;
            let (yn, zn) = ((y + n) * n, z + n * 2.0);
            let (p, q) = (p1 * zn - p2 * yn, q1 * zn - q2 * yn);
            let ratio = p / q;
            let is_known = !q.is(0.0);
            let change = ((value - ratio) / ratio).abs();
            let change = N::select(is_known, change, n.constant(1.0));
            let value = N::select(is_known, ratio, value);
            let [p, q, p1, q1] = rescaled(p, [p, q, p1, q1], precision.epsilon);
            [change, value, n, p, q, p1, q1]
        },
    );
    value
}

/// Numbers made smaller together where one of them has grown large.
fn rescaled<N: Number, const K: usize>(leader: N, numbers: [N; K], epsilon: f64) -> [N; K] {
    let is_large = leader.abs().above(epsilon.recip());
    numbers.map(|v| N::select(is_large, v * epsilon, v))
}

/// The continued fraction and its derivative by a.
fn fraction_slope<N: Number>(p: &Point<N>, runs: N::Truth, precision: &Precision) -> (N, N) {
    let (tolerance, x, zero) = (precision.tolerance(), p.x, p.x.constant(0.0));
    let y = -p.a + 1.0;
    let z = x + y + 1.0;
    let q1 = z * x;
    let value = (x + 1.0) / q1;
    // That of the numerator is 0, that of the denominator −x.
    let slope = value * x / q1;
    let start =
        [flag(x, runs), value, zero, x + 1.0, q1, x.constant(1.0), x, zero, -x, zero, zero, slope];
    let [_, value, .., slope] = N::repeat(
        start,
        |[change, _, n, ..]| change.above(tolerance) & n.below(MAX_FRACTIONS),
        |[_, value, n, p1, q1, p2, q2, dp1, dq1, dp2, dq2, slope]| {
            let n = n + 1.0;
            let (yn, zn) = ((y + n) * n, z + n * 2.0);
            let (p, q) = (p1 * zn - p2 * yn, q1 * zn - q2 * yn);
            let is_known = !q.is(0.0);
            let value = N::select(is_known, p / q, value);
            let dp = dp1 * zn - p1 - dp2 * yn + p2 * n;
            let dq = dq1 * zn - q1 - dq2 * yn + q2 * n;
            let new_slope = N::select(is_known, (dp - value * dq) / q, slope);
            let change = N::select(is_known, (new_slope - slope).abs(), n.constant(1.0));
            let [p, q, p1, q1, dp, dq, dp1, dq1] =
                rescaled(p, [p, q, p1, q1, dp, dq, dp1, dq1], precision.epsilon);
            [change, value, n, p, q, p1, q1, dp, dq, dp1, dq1, new_slope]
        },
    );
    (value, slope)
}

/// The regularized lower incomplete gamma function.
pub(super) fn igamma<N: Number>(a: N, x: N, precision: &Precision) -> N {
    let p = Point::new(a, x, precision);
    let is_infinite = x.is(f64::INFINITY);
    let is_outside = p.is_outside();
    let is_right = x.at_least(1.0) & a.less(x);
    let runs = !(x.is(0.0) | is_outside | p.is_lost | is_infinite);
    let upper = fraction(&p, runs & is_right, precision) * p.weight;
    let lower = series(&p, runs & !is_right, precision.tolerance()) * p.weight / a;
    let value = N::select(is_right, -upper + 1.0, lower);
    let value = value.unless(x.is(0.0), 0.0).unless(is_infinite, 1.0);
    value.unless(is_outside, f64::NAN)
}

/// The regularized upper incomplete gamma function.
pub(super) fn igammac<N: Number>(a: N, x: N, precision: &Precision) -> N {
    let p = Point::new(a, x, precision);
    let is_outside = p.is_outside();
    let is_zero = x.is(f64::INFINITY) | a.is(0.0);
    let is_left = x.below(1.0) | x.less(a);
    let runs = !(is_outside | p.is_lost | is_zero);
    let lower = series(&p, runs & is_left, precision.tolerance()) * p.weight / a;
    let upper = fraction(&p, runs & !is_left, precision) * p.weight;
    let value = N::select(is_left, -lower + 1.0, upper);
    value.unless(is_zero, 0.0).unless(is_outside, f64::NAN)
}

/// Both ways to a derivative by a: `(value over its factor, slope, d ln weight/da)` of the series and the fraction.
fn slopes<N: Number>(
    p: &Point<N>,
    precision: &Precision,
    of_series: impl Fn(N, N, N) -> N,
    of_fraction: impl Fn(N, N, N) -> N,
) -> N {
    let is_right = p.x.above(1.0) & p.a.less(p.x);
    let is_outside = p.is_outside_for_slopes();
    let runs = !(p.x.is(0.0) | is_outside | p.is_lost);
    let (sum, slope) = series_slope(p, runs & !is_right, precision.tolerance());
    let left = of_series(sum, slope, p.x.ln() - (p.a + 1.0).digamma());
    let (value, slope) = fraction_slope(p, runs & is_right, precision);
    let right = of_fraction(value, slope, p.x.ln() - p.a.digamma());
    let value = N::select(is_right, right, left);
    value.unless(p.x.is(0.0), 0.0).unless(is_outside, f64::NAN)
}

/// The derivative of the regularized lower incomplete gamma function by a.
pub(super) fn igamma_grad_a<N: Number>(a: N, x: N, precision: &Precision) -> N {
    let p = Point::new(a, x, precision);
    let weight = p.weight;
    slopes(
        &p,
        precision,
        |sum, slope, by_weight| weight * (sum * by_weight + slope) / a,
        |value, slope, by_weight| -(weight * (value * by_weight + slope)),
    )
}

/// The derivative by a of a sample x: −(∂P/∂a)/(∂P/∂x), implicitly (M. Figurnov, S. Mohamed, A. Mnih, "Implicit
/// Reparameterization Gradients", 2018).
pub(super) fn random_gamma_grad<N: Number>(a: N, x: N, precision: &Precision) -> N {
    let p = Point::new(a, x, precision);
    slopes(
        &p,
        precision,
        |sum, slope, by_weight| -(slope + sum * by_weight) * x / a,
        |value, slope, by_weight| (slope + value * by_weight) * x,
    )
}

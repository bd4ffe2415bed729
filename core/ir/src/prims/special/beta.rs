//! The regularized incomplete beta function.

use super::number::{Number, Precision};

/// How far the continued fraction is followed.
const MAX_FRACTIONS: f64 = 600.0;

/// Iₓ(a, b) by its continued fraction (NIST Handbook, 8.17.22), after the reflection 8.17.4 where that converges
/// better.
pub(super) fn regularized_incomplete_beta<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let is_direct = x.less((a + 1.0) / (a + b + 2.0));
    let (p, q) = (N::select(is_direct, a, b), N::select(is_direct, b, a));
    let y = N::select(is_direct, x, -x + 1.0);
    let outside = outside(a, b, x);
    let runs = !outside.is_nan;
    let value = fraction(p, q, y, runs, precision) * factor(p, q, y, precision);
    let value = N::select(is_direct, value, -value + 1.0);
    let value = value.unless(outside.is_zero, 0.0).unless(outside.is_one, 1.0);
    value.unless(outside.is_nan, f64::NAN)
}

/// Where the value is known at once.
struct Outside<N: Number> {
    is_zero: N::Truth,
    is_one: N::Truth,
    is_nan: N::Truth,
}

fn outside<N: Number>(a: N, b: N, x: N) -> Outside<N> {
    let all_at_zero = a.is(0.0) | b.is(f64::INFINITY);
    let all_at_one = b.is(0.0) | a.is(f64::INFINITY);
    let (at_start, at_end) = (x.is(0.0), x.is(1.0));
    let is_nan = a.is_nan() | b.is_nan() | x.is_nan();
    Outside {
        is_zero: (all_at_one & !at_end) | (all_at_zero & at_start),
        is_one: (all_at_zero & !at_start) | (all_at_one & at_end),
        is_nan: a.below(0.0)
            | b.below(0.0)
            | x.below(0.0)
            | x.above(1.0)
            | (all_at_zero & all_at_one)
            | is_nan,
    }
}

/// xᵃ (1 − x)ᵇ/(a B(a, b)). Where a vanishes, so does a Γ(a) − 1.
fn factor<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let rest = b.lgamma() - (a + b).lgamma();
    let right = (-x).ln_1p() * b;
    let plain = (x.ln() * a + right - (a.lgamma() + rest)).exp() / a;
    N::select(a.below(2.0 * precision.tiny), (right - rest).exp(), plain)
}

/// The continued fraction by Lentz' algorithm as modified by Thompson and Barnett (Numerical Recipes, 5.2).
fn fraction<N: Number>(a: N, b: N, x: N, runs: N::Truth, precision: &Precision) -> N {
    let threshold = precision.epsilon / 2.0;
    let start = x.constant(threshold);
    // The second is the last factor; one that is not 1 lets the first round run.
    let last = N::select(runs, x.constant(2.0), x.constant(1.0));
    let [.., value] = N::repeat(
        [x.constant(1.0), last, start, x.constant(0.0), start],
        |[n, last, ..]| n.below(MAX_FRACTIONS) & (last - 1.0).abs().at_least(threshold),
        |[n, _, c, d, value]| {
            let numerator = numerator(n, a, b, x);
            let c = away_from_zero(numerator / c + 1.0, threshold);
            let d = away_from_zero(numerator * d + 1.0, threshold).recip();
            let factor = c * d;
            [n + 1.0, factor, c, d, value * factor]
        },
    );
    value
}

fn away_from_zero<N: Number>(v: N, least: f64) -> N {
    v.unless(v.abs().below(least), least)
}

/// The n-th partial numerator (NIST Handbook, 8.17.23); the first is 1.
fn numerator<N: Number>(n: N, a: N, b: N, x: N) -> N {
    let m = ((n - 1.0) * 0.5).floor();
    let twice = m * 2.0;
    let even = -((a + m) * (a + b + m) * x) / ((a + twice) * (a + twice + 1.0));
    // Without the division of a by itself, which may be denormal.
    let even = N::select(m.is(0.0), -((a + b) * x) / (a + 1.0), even);
    let odd = m * (b - m) * x / ((a + twice - 1.0) * (a + twice));
    let later = N::select(n.remainder(2.0).is(0.0), even, odd);
    later.unless(n.is(1.0), 1.0)
}

//! Exponential integrals.

use super::number::{Number, Precision};

/// Euler's constant.
const EULER: f64 = 0.577_215_664_901_532_9;

/// From this order on the asymptotic expansion is exact.
const LARGE: f64 = 5000.0;

/// Far more steps than any argument needs.
const MAX_STEPS: f64 = 2000.0;

/// Eₙ(x) = ∫ e^(−xt)/tⁿ dt from 1 on, after S. Moshier's Cephes library: a power series up to 1, a continued
/// fraction beyond, an expansion for large n.
pub(super) fn expn<N: Number>(n: N, x: N, precision: &Precision) -> N {
    let is_nan = n.is_nan() | x.is_nan();
    let is_outside = n.below(0.0) | x.below(0.0);
    let (is_zero, is_large, is_far) = (x.is(0.0), n.at_least(LARGE), x.above(1.0));
    let is_near = !(is_outside | is_zero | n.is(0.0) | is_large | is_far | is_nan);
    let value = series(n, x, is_near, precision).unless(is_outside, f64::NAN);
    // The limit of order 2 and more is 1/(n − 1); JAX has 1/n.
    let value = value.unless(is_zero & n.below(2.0), f64::INFINITY);
    let value = N::select(is_zero & n.at_least(2.0), n.recip(), value);
    let value = N::select(n.is(0.0) & x.at_least(0.0), (-x).exp() / x, value);
    let value = N::select(is_large, expansion(n, x), value);
    let far = fraction(n, x, is_far & !is_nan, precision) * (-x).exp();
    N::select(is_far, far, value).unless(is_nan, f64::NAN)
}

fn flag<N: Number>(like: N, holds: N::Truth) -> N {
    N::select(holds, like.constant(1.0), like.constant(0.0))
}

/// (−x)ⁿ⁻¹ (ψ(n) − ln x)/Γ(n) − Σ (−x)ᵏ/((k − n + 1) k!), without the term of k = n − 1.
fn series<N: Number>(n: N, x: N, runs: N::Truth, precision: &Precision) -> N {
    let one = x.constant(1.0);
    let start = [one, -x.ln() - EULER];
    // Orders of which the sum is not asked for must not let the loop run on.
    let last = N::select(runs, n, one);
    let [_, psi] = N::repeat(start, |[i, _]| i.less(last), |[i, psi]| [i + 1.0, psi + i.recip()]);
    let is_one = n.is(1.0);
    let first = N::select(is_one, x.constant(0.0), (-n + 1.0).recip());
    let tolerance = precision.tolerance();
    // What is added last, over the sum.
    let change = flag(x, runs);
    let [_, _, _, sum] = N::repeat(
        [change, x.constant(0.0), one, first],
        |[change, k, ..]| change.above(tolerance) & k.below(MAX_STEPS),
        |[_, k, power, sum]| {
            let k = k + 1.0;
            let power = power * (-x) / k;
            let divisor = k - n + 1.0;
            let sum = sum + (power / divisor).unless(divisor.is(0.0), 0.0);
            let change = (power / sum).abs().unless(sum.is(0.0), 1.0);
            [change, k, power, sum]
        },
    );
    (-x).power(n - 1.0) * psi / n.lgamma().exp() - sum
}

/// eˣ Eₙ(x) as a continued fraction (NIST Handbook, 8.19.17).
fn fraction<N: Number>(n: N, x: N, runs: N::Truth, precision: &Precision) -> N {
    const BIG: f64 = 144_115_188_075_855_872.0;
    let one = x.constant(1.0);
    let start = [flag(x, runs), (x + n).recip(), one, one, x + n, one, x];
    let [_, value, ..] = N::repeat(
        start,
        |[change, _, k, ..]| change.above(precision.tolerance()) & k.below(MAX_STEPS),
        |[_, value, k, p1, q1, p2, q2]| {
            let k = k + 1.0;
            let is_odd = k.remainder(2.0).is(1.0);
            let y = N::select(is_odd, one, x);
            let z = N::select(is_odd, n + (k - 1.0) * 0.5, k * 0.5);
            let (p, q) = (p1 * y + p2 * z, q1 * y + q2 * z);
            let is_known = !q.is(0.0);
            let ratio = p / q;
            let change = N::select(is_known, ((value - ratio) / ratio).abs(), one);
            let value = N::select(is_known, ratio, value);
            let is_big = p.abs().above(BIG);
            let [p, q, p1, q1] = [p, q, p1, q1].map(|v| N::select(is_big, v * BIG.recip(), v));
            [change, value, k, p, q, p1, q1]
        },
    );
    value
}

/// For large n (Abramowitz and Stegun, 5.1.52).
fn expansion<N: Number>(n: N, x: N) -> N {
    let sum = x + n;
    let square = (sum * sum).recip();
    let third = square * n * (x * x * 6.0 - n * x * 8.0 + n * n);
    let second = square * (third + n * (n - x * 2.0));
    let first = square * (second + n);
    (first + 1.0) * (-x).exp() / sum
}

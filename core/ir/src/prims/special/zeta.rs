//! Hurwitz' zeta function and the derivatives of digamma.

use super::number::{Number, Precision};

/// How many terms are added before the rest is estimated.
const N_TERMS: usize = 9;

/// (2k)!/B(2k) for k = 12, …, 1: the denominators of the Euler–Maclaurin formula.
const DENOMINATORS: [f64; 12] = [
    -7.166_165_256_175_667e18,
    1.815_210_540_194_354_7e17,
    -4.597_978_722_407_472e15,
    1.164_678_281_435_006_6e14,
    -2_950_130_727_918.164,
    7.472_424_96e10,
    -1_892_437_580.318_379_2,
    47_900_160.0,
    -1_209_600.0,
    30_240.0,
    -720.0,
    12.0,
];

/// ζ(x, q) by the Euler–Maclaurin formula: Σ (q + k)^−x for k up to a, then a^(1−x)/(x − 1) + a^−x/2 + the terms
/// with Bernoulli numbers (NIST Handbook, 25.11.28), by Horner's rule, which keeps products of large factors
/// with small powers finite.
pub(super) fn zeta<N: Number>(x: N, q: N, precision: &Precision) -> N {
    let mut a = q;
    let mut power = a.power(-x);
    let mut sum = power;
    for _ in 0..N_TERMS {
        a = a + 1.0;
        power = a.power(-x);
        sum = sum + power;
    }
    a = a + 1.0;
    power = a.power(-x);
    let integral = sum + power * a / (x - 1.0);
    let inverse_square = (a * a).recip();
    let mut corrections = x.constant(0.0);
    for (k, denominator) in DENOMINATORS[..11].iter().enumerate() {
        let order = (2 * (11 - k)) as f64;
        let factor = (x + order) * (x + (order - 1.0));
        corrections = factor * inverse_square * (corrections + denominator.recip());
    }
    let corrections = x / a * (corrections + DENOMINATORS[11].recip()) + 0.5;
    let value = integral + power * corrections;
    let is_exhausted = power.abs().less(sum.abs() * precision.epsilon);
    at_poles(x, q, N::select(is_exhausted, sum, value), precision)
}

/// The value where the series has none.
fn at_poles<N: Number>(x: N, q: N, value: N, precision: &Precision) -> N {
    let value = value.unless(x.below(1.0) | x.is_nan() | x.is(f64::INFINITY), f64::NAN);
    let is_low = !q.above(0.0) & !q.is_nan();
    let value = value.unless(is_low & !x.is_whole(), f64::NAN);
    // Denormal numbers are zero.
    let is_pole = (is_low & q.is_whole()) | q.abs().below(precision.tiny);
    let value = value.unless(is_pole, f64::NAN);
    let value = value.unless(is_pole & x.remainder(2.0).is(0.0), f64::INFINITY);
    value.unless(x.is(1.0), f64::INFINITY)
}

/// The m-th derivative of digamma at x: (−1)^(m+1) m! ζ(m + 1, x) (NIST Handbook, 25.11.12). NaN where m is not a
/// whole number from 0 on.
pub(super) fn polygamma<N: Number>(m: N, x: N, precision: &Precision) -> N {
    let order = m + 1.0;
    let sign = m.remainder(2.0) * 2.0 - 1.0;
    let factorial = order.lgamma().exp();
    // As large as it would be in the type of the result.
    let factorial = factorial.unless(factorial.above(precision.max), f64::INFINITY);
    let value = sign * factorial * zeta(order, x, precision);
    let value = N::select(m.is(0.0), x.digamma(), value);
    value.unless(!m.is_whole() | m.below(0.0) | m.is(f64::INFINITY), f64::NAN)
}

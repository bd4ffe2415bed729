//! Kummer's confluent hypergeometric function and its derivatives by its parameters.

use super::number::{Number, Precision};

/// How far series are followed.
const MAX_TERMS: f64 = 250.0;

/// From this size of the argument on the asymptotic series is used.
const FAR: f64 = 100.0;

fn runs_on<N: Number>(k: N, term: N, sum: N, precision: &Precision) -> N::Truth {
    k.below(MAX_TERMS) & (term.abs() / sum.abs()).above(precision.tolerance())
}

/// ₁F₁(a; b; x) (NIST Handbook, 13.2.2 and 13.7.1).
pub(super) fn hyp1f1<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let is_near = x.abs().below(FAR);
    let value = N::select(is_near, series(a, b, x, precision), asymptotic(a, b, x, precision));
    let value = N::select(a.compare(jaxrs_kernel::Compare::Eq, b), x.exp(), value);
    let value = value.unless(b.is(0.0), f64::INFINITY);
    // A parameter of 0 leaves the first term alone, whatever the other is.
    value.unless(a.is(0.0), 1.0)
}

/// Σ (a)ₖ xᵏ/((b)ₖ k!).
fn series<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let one = x.constant(1.0);
    let [_, _, sum] = N::repeat(
        [one, a / b * x, one],
        |[k, term, sum]| runs_on(k, term, sum, precision),
        |[k, term, sum]| [k + 1.0, term * ((a + k) / (b + k) * x / (k + 1.0)), sum + term],
    );
    sum
}

/// Γ(b)/Γ(a) eˣ xᵃ⁻ᵇ Σ (b − a)ₖ (1 − a)ₖ/(k! xᵏ).
fn asymptotic<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let one = x.constant(1.0);
    let [_, _, sum] = N::repeat(
        [one, (b - a) * (-a + 1.0) / x, one],
        |[k, term, sum]| runs_on(k, term, sum, precision),
        |[k, term, sum]| {
            let factor = (b - a + k) * (-a + 1.0 + k) / (k + 1.0) / x;
            [k + 1.0, term * factor, sum + term]
        },
    );
    gamma(b) / gamma(a) * x.exp() * x.power(a - b) * sum
}

/// Γ(x), NaN at its poles.
fn gamma<N: Number>(x: N) -> N {
    let is_odd = !(x.floor() * 0.5).is_whole();
    let size = x.lgamma().exp();
    let value = N::select(x.below(0.0) & is_odd, -size, size);
    value.unless(x.below(0.0) & x.is_whole(), f64::NAN)
}

/// The derivative of the series by a: each term times ψ(a + k) − ψ(a).
pub(super) fn grad_a<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let start = a.digamma();
    weighted(a, b, x, precision, |k| (a + k).digamma() - start)
}

/// The derivative of the series by b: each term times ψ(b) − ψ(b + k).
pub(super) fn grad_b<N: Number>(a: N, b: N, x: N, precision: &Precision) -> N {
    let start = b.digamma();
    weighted(a, b, x, precision, |k| start - (b + k).digamma())
}

fn weighted<N: Number>(a: N, b: N, x: N, precision: &Precision, weight: impl Fn(N) -> N) -> N {
    let one = x.constant(1.0);
    let [_, _, sum] = N::repeat(
        [one, a / b * x, x.constant(0.0)],
        |[k, term, sum]| runs_on(k, term, sum, precision),
        |[k, term, sum]| {
            let next = term * ((a + k) / (b + k) * x / (k + 1.0));
            [k + 1.0, next, sum + term * weight(k)]
        },
    );
    sum
}

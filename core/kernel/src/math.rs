//! Functions that the standard library lacks, or computes inexactly or with overflow, in double precision.

/// The inverse of the error function.
///
/// Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", Applied Statistics 37
/// (1988), routine PPND16, whose variable `q` is half of our argument: relative error about 1e-16.
pub fn erf_inv(x: f64) -> f64 {
    use std::f64::consts::FRAC_1_SQRT_2;
    match x.abs() {
        1.0 => return x * f64::INFINITY,
        magnitude if magnitude > 1.0 || magnitude.is_nan() => return f64::NAN,
        _ => {}
    }
    let q = 0.5 * x;
    if q.abs() <= 0.425 {
        let r = 0.180625 - q * q;
        return q * ratio(r, &CENTRE) * FRAC_1_SQRT_2;
    }
    let r = (-(0.5 * (1.0 - x.abs())).ln()).sqrt();
    let tail = if r <= 5.0 { ratio(r - 1.6, &NEAR) } else { ratio(r - 5.0, &FAR) };
    (tail * FRAC_1_SQRT_2).copysign(x)
}

/// Numerator and denominator, highest power first.
type Ratio = [[f64; 8]; 2];

fn ratio(x: f64, [numerator, denominator]: &Ratio) -> f64 {
    let at = |poly: &[f64; 8]| poly.iter().fold(0.0, |sum, c| sum * x + c);
    at(numerator) / at(denominator)
}

#[expect(clippy::excessive_precision, reason = "as published")]
const CENTRE: Ratio = [
    [
        2.5090809287301226727e3,
        3.3430575583588128105e4,
        6.7265770927008700853e4,
        4.5921953931549871457e4,
        1.3731693765509461125e4,
        1.9715909503065514427e3,
        1.3314166789178437745e2,
        3.3871328727963666080e0,
    ],
    [
        5.2264952788528545610e3,
        2.8729085735721942674e4,
        3.9307895800092710610e4,
        2.1213794301586595867e4,
        5.3941960214247511077e3,
        6.8718700749205790830e2,
        4.2313330701600911252e1,
        1.0,
    ],
];

#[expect(clippy::excessive_precision, reason = "as published")]
const NEAR: Ratio = [
    [
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ],
    [
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ],
];

#[expect(clippy::excessive_precision, reason = "as published")]
const FAR: Ratio = [
    [
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ],
    [
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ],
];

/// B(2k)/2k for k = 7, …, 1: what [`digamma`] ends in.
pub const DIGAMMA_SERIES: [f64; 7] = [
    1.0 / 12.0,
    -691.0 / 32760.0,
    1.0 / 132.0,
    -1.0 / 240.0,
    1.0 / 252.0,
    -1.0 / 120.0,
    1.0 / 12.0,
];

/// Γ′(x)/Γ(x): reflection for negative arguments, recurrence up to 10, then the asymptotic series
/// (Abramowitz and Stegun, 6.3.7, 6.3.5 and 6.3.18). NaN at the poles.
pub fn digamma(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x == 0.0 || (x < 0.0 && x == x.floor()) || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if x < 0.0 {
        // The fraction first: the tangent of a large multiple of π has no digits left.
        return digamma(1.0 - x) - PI / (PI * (x - x.round())).tan();
    }
    let (mut shifted, mut sum) = (x, 0.0);
    while shifted < 10.0 {
        sum += shifted.recip();
        shifted += 1.0;
    }
    let square = (shifted * shifted).recip();
    let series = DIGAMMA_SERIES.iter().fold(0.0, |total, c| (total + c) * square);
    shifted.ln() - 0.5 / shifted - series - sum
}

/// The inverse hyperbolic sine: exact near zero, and finite for the largest arguments.
pub fn asinh(x: f64) -> f64 {
    libm::asinh(x)
}

/// The inverse hyperbolic cosine; NaN below one.
pub fn acosh(x: f64) -> f64 {
    if x < 1.0 { f64::NAN } else { libm::acosh(x) }
}

/// The inverse hyperbolic tangent; infinite at ±1, NaN beyond.
pub fn atanh(x: f64) -> f64 {
    libm::atanh(x)
}

/// ln |Γ(x)|; infinite at the poles.
pub fn lgamma(x: f64) -> f64 {
    libm::lgamma(x)
}

/// The error function.
pub fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 − erf x, without cancellation.
pub fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(f: fn(f64) -> f64, x: f64, expected: f64) {
        let got = f(x);
        assert!((got - expected).abs() <= 4e-16 * (1.0 + expected.abs()), "{x}: {got} {expected}");
    }

    #[test]
    fn erf_inv_undoes_erf() {
        for i in -40..=40 {
            let x = f64::from(i) / 10.0;
            let (slope, got) =
                (2.0 / std::f64::consts::PI.sqrt() * (-x * x).exp(), erf_inv(erf(x)));
            // What one rounding of erf x moves the inverse by.
            let room = 1e-15 * x.abs() + 1.2e-16 / slope;
            assert!((got - x).abs() <= room, "{x}: {got}");
        }
        check(erf_inv, 0.5, 0.476_936_276_204_469_9);
        check(erf_inv, 1e-10, 8.862_269_254_527_58e-11);
        assert_eq!(erf_inv(-1.0), f64::NEG_INFINITY);
        assert!(erf_inv(1.5).is_nan());
    }

    #[test]
    fn inverse_hyperbolic_functions_reach_the_ends_of_their_domains() {
        check(asinh, f64::MAX, 710.475_860_073_943_9);
        check(asinh, 1e-300, 1e-300);
        check(acosh, f64::MAX, 710.475_860_073_943_9);
        assert_eq!((acosh(1.0), atanh(1.0)), (0.0, f64::INFINITY));
        assert!(
            [acosh(0.5), acosh(-16.0), atanh(-1.5), asinh(f64::NAN)].iter().all(|y| y.is_nan())
        );
    }

    #[test]
    fn digamma_has_its_known_values() {
        const EULER: f64 = 0.577_215_664_901_532_9;
        check(digamma, 1.0, -EULER);
        check(digamma, 0.5, -EULER - 2.0 * std::f64::consts::LN_2);
        check(digamma, 2.0, 1.0 - EULER);
        check(digamma, -0.5, 0.036_489_973_978_576_52);
        check(digamma, 100.0, 4.600_161_852_738_087);
        assert!(digamma(-3.0).is_nan());
    }
}

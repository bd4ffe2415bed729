//! Functions that compiled code leaves to the runtime: rare, long, or only needed for few arguments.

use jaxrs_kernel::ScalarOp;

/// The functions of one operand, by number.
pub(crate) const UNARY: [ScalarOp; 28] = [
    ScalarOp::Cbrt,
    ScalarOp::Exp,
    ScalarOp::Exp2,
    ScalarOp::Expm1,
    ScalarOp::Log,
    ScalarOp::Log1p,
    ScalarOp::Logistic,
    ScalarOp::Sin,
    ScalarOp::Cos,
    ScalarOp::Tan,
    ScalarOp::Asin,
    ScalarOp::Acos,
    ScalarOp::Atan,
    ScalarOp::Sinh,
    ScalarOp::Cosh,
    ScalarOp::Tanh,
    ScalarOp::Asinh,
    ScalarOp::Acosh,
    ScalarOp::Atanh,
    ScalarOp::Erf,
    ScalarOp::Erfc,
    ScalarOp::ErfInv,
    ScalarOp::Lgamma,
    ScalarOp::Digamma,
    ScalarOp::Round,
    ScalarOp::Floor,
    ScalarOp::Ceil,
    ScalarOp::RoundTiesEven,
];

/// The functions of two operands, by number.
pub(crate) const BINARY: [ScalarOp; 3] = [ScalarOp::Rem, ScalarOp::Pow, ScalarOp::Atan2];

/// C's mathematical library, which the standard library links anyway.
mod libm {
    unsafe extern "C" {
        pub(super) safe fn erf(x: f64) -> f64;
        pub(super) safe fn erfc(x: f64) -> f64;
        pub(super) fn lgamma_r(x: f64, sign: *mut i32) -> f64;
    }
}

/// A function of one operand in double precision.
pub(crate) fn unary(op: ScalarOp, x: f64) -> f64 {
    match op {
        ScalarOp::Cbrt => x.cbrt(),
        ScalarOp::Exp => x.exp(),
        ScalarOp::Exp2 => x.exp2(),
        ScalarOp::Expm1 => x.exp_m1(),
        ScalarOp::Log => x.ln(),
        ScalarOp::Log1p => x.ln_1p(),
        ScalarOp::Logistic => 1.0 / (1.0 + (-x).exp()),
        ScalarOp::Sin => x.sin(),
        ScalarOp::Cos => x.cos(),
        ScalarOp::Tan => x.tan(),
        ScalarOp::Asin => x.asin(),
        ScalarOp::Acos => x.acos(),
        ScalarOp::Atan => x.atan(),
        ScalarOp::Sinh => x.sinh(),
        ScalarOp::Cosh => x.cosh(),
        ScalarOp::Tanh => x.tanh(),
        ScalarOp::Asinh => x.asinh(),
        ScalarOp::Acosh => x.acosh(),
        ScalarOp::Atanh => x.atanh(),
        ScalarOp::Erf => libm::erf(x),
        ScalarOp::Erfc => libm::erfc(x),
        ScalarOp::ErfInv => erf_inv(x),
        ScalarOp::Lgamma => lgamma(x),
        ScalarOp::Digamma => digamma(x),
        ScalarOp::Round => x.round(),
        ScalarOp::Floor => x.floor(),
        ScalarOp::Ceil => x.ceil(),
        ScalarOp::RoundTiesEven => x.round_ties_even(),
        _ => f64::NAN,
    }
}

/// A function of two operands in double precision.
pub(crate) fn binary(op: ScalarOp, a: f64, b: f64) -> f64 {
    match op {
        ScalarOp::Rem => a % b,
        ScalarOp::Pow => a.powf(b),
        ScalarOp::Atan2 => a.atan2(b),
        _ => f64::NAN,
    }
}

fn lgamma(x: f64) -> f64 {
    let mut sign = 0;
    // SAFETY: the pointer is to an integer that outlives the call.
    unsafe { libm::lgamma_r(x, &mut sign) }
}

/// Reflection for negative arguments, recurrence up to 10, then the asymptotic series
/// (Abramowitz and Stegun, 6.3.7, 6.3.5, 6.3.18).
fn digamma(x: f64) -> f64 {
    use std::f64::consts::PI;
    if x == 0.0 || (x < 0.0 && x == x.floor()) {
        return f64::NAN;
    }
    if x < 0.0 {
        return digamma(1.0 - x) - PI / (PI * (x - x.round())).tan();
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 10.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let r = 1.0 / (x * x);
    // B₂ₙ / 2n for n = 1 … 7.
    let terms = [
        1.0 / 12.0,
        -1.0 / 120.0,
        1.0 / 252.0,
        -1.0 / 240.0,
        1.0 / 132.0,
        -691.0 / 32760.0,
        1.0 / 12.0,
    ];
    let series = terms.iter().rev().fold(0.0, |acc, term| (acc + term) * r);
    sum + x.ln() - 0.5 / x - series
}

/// Giles' approximation ("Approximating the erfinv function", 2010, single precision), then two Newton
/// steps on erfc's side, where erf saturates, or erf's.
fn erf_inv(y: f64) -> f64 {
    if y.is_nan() || y.abs() > 1.0 {
        return f64::NAN;
    }
    if y.abs() == 1.0 {
        return y * f64::INFINITY;
    }
    if y == 0.0 {
        return y;
    }
    let mut x = giles(y);
    for _ in 0..3 {
        let density = std::f64::consts::FRAC_2_SQRT_PI * (-x * x).exp();
        let miss = if y.abs() > 0.5 {
            // 1 − |y| is exact here.
            ((1.0 - y.abs()) - libm::erfc(x.abs())) * y.signum()
        } else {
            libm::erf(x) * y.signum() * y.signum() - y
        };
        let step = miss / density;
        // Halley's correction: the second derivative of erf is −2x times the first.
        x -= step / (1.0 + x * step);
    }
    x
}

fn giles(y: f64) -> f64 {
    let w = -((1.0 - y) * (1.0 + y)).ln();
    let (w, coefficients): (f64, [f64; 9]) = if w < 5.0 {
        (
            w - 2.5,
            [
                2.81022636e-08,
                3.43273939e-07,
                -3.5233877e-06,
                -4.39150654e-06,
                0.00021858087,
                -0.00125372503,
                -0.00417768164,
                0.246640727,
                1.50140941,
            ],
        )
    } else {
        (
            w.sqrt() - 3.0,
            [
                -0.000200214257,
                0.000100950558,
                0.00134934322,
                -0.00367342844,
                0.00573950773,
                -0.0076224613,
                0.00943887047,
                1.00167406,
                2.83297682,
            ],
        )
    };
    y * coefficients.iter().fold(0.0, |acc, c| acc * w + c)
}

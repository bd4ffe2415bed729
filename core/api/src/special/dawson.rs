//! Dawson's integral and the scaled complementary error function.

use jaxrs_data::{DType, Result};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{Ratio, ratio, real, with_rule};
use crate::formula::Term;

/// Of Dawson's integral up to 3.25, in x² (S. Moshier's Cephes library, as the two below).
const UP_TO_3: Ratio = (
    &[
        1.1368149897175597e-11,
        8.492622676674738e-10,
        1.9443420417555306e-08,
        9.531517412544844e-07,
        3.078283098749132e-06,
        0.00035251336852028877,
        -0.0008501498467244109,
        0.04226182230055466,
        -0.09174803717734524,
        1.0,
    ],
    &[
        2.403720730667626e-11,
        1.488646813684934e-09,
        5.212652810105416e-08,
        1.2725847827318697e-06,
        2.324902498207895e-05,
        0.00032552474182605793,
        0.003488058146571626,
        0.027944853119882897,
        0.15887424196012057,
        0.5749186294893204,
        1.0,
    ],
);

/// Of Dawson's integral up to 6.25, in 1/x².
const UP_TO_6: Ratio = (
    &[
        0.5089551564179009,
        -0.24475441814269785,
        0.09415123353035344,
        -0.021871125514203903,
        0.003662076123295692,
        -0.0004232091144603888,
        3.5964130479389666e-05,
        -2.1464035171996896e-06,
        9.100107800763914e-08,
        -2.4027452082825098e-09,
        3.592333854409284e-11,
    ],
    &[
        1.0,
        -0.6318398698733682,
        0.2367067882282487,
        -0.053180636700322324,
        0.008480417185862954,
        -0.0009479967684866654,
        7.810255929445524e-05,
        -4.558751532524426e-06,
        1.8910035811142186e-07,
        -4.913246913319206e-09,
        7.184664032357345e-11,
    ],
);

/// Of Dawson's integral beyond, in 1/x².
const BEYOND_6: Ratio = (
    &[
        -0.5905928605347732,
        0.6292352427243688,
        -0.17285897538038814,
        0.016483704782518965,
        -0.0004868276130204627,
    ],
    &[
        1.0,
        -2.698200571975449,
        1.7327079904594784,
        -0.3937085822819395,
        0.03442789240412334,
        -0.0009736552260409412,
    ],
);

/// Dawson's integral: e^−x² ∫ e^t² dt from 0 to x.
pub fn dawsn(cx: &Scope, x: &Value) -> Result<Value> {
    let x = real(cx, "dawsn", x)?;
    with_rule(
        cx,
        "dawsn",
        &[x],
        |x| integral(&x[0]),
        |x, dx| {
            let y = integral(&x[0]);
            let slope = 1.0 - 2.0 * &x[0] * &y;
            [y, slope * &dx[0]]
        },
    )
}

fn integral<'a>(x: &Term<'a>) -> Term<'a> {
    let size = x.abs();
    let (is_near, is_middle) = (size.below(3.25), size.below(6.25));
    // Where a piece does not count its operand is 1.
    let one = x.constant(1.0);
    let near = is_near.choose(&size, &one);
    let near = &near * ratio(&near.square(), UP_TO_3);
    let far = is_near.choose(&one, &size);
    let t = 1.0 / far.square();
    let piece = |table| 0.5 / &far * (1.0 + &t * ratio(&t, table));
    let beyond = is_middle.choose(&piece(UP_TO_6), &piece(BEYOND_6));
    x.unary(Unary::Sign) * is_near.choose(&near, &beyond)
}

/// e^x² erfc(x).
pub fn erfcx(cx: &Scope, x: &Value) -> Result<Value> {
    let x = real(cx, "erfcx", x)?;
    let (max, n_terms): (f64, i32) =
        if x.ty().dtype == DType::F64 { (f64::MAX, 9) } else { (f32::MAX.into(), 5) };
    // Beyond, e^x² overflows.
    let limit = max.ln().sqrt();
    let slope = std::f64::consts::FRAC_2_SQRT_PI;
    with_rule(
        cx,
        "erfcx",
        &[x],
        move |x| scaled(&x[0], limit, n_terms),
        move |x, dx| {
            let y = scaled(&x[0], limit, n_terms);
            let tangent = (2.0 * &x[0] * &y - slope) * &dx[0];
            [y, tangent]
        },
    )
}

fn scaled<'a>(x: &Term<'a>, limit: f64, n_terms: i32) -> Term<'a> {
    let is_large = x.above(limit);
    let safe = x.unless(&is_large, 1.0);
    let direct = safe.square().exp() * safe.unary(Unary::Erfc);
    is_large.choose(&asymptotic(x, n_terms), &direct)
}

/// (1 − 1/(2x²) + 3/(2x²)² − 15/(2x²)³ + …)/(x√π) (NIST Handbook, 7.12.1).
fn asymptotic<'a>(x: &Term<'a>, n_terms: i32) -> Term<'a> {
    let inverse = 0.5 / x.square();
    let (mut sum, mut term) = (x.constant(1.0), x.constant(1.0));
    for n in 1..n_terms {
        term = term * &inverse * -f64::from(2 * n - 1);
        sum = sum + &term;
    }
    sum / (x * std::f64::consts::PI.sqrt())
}

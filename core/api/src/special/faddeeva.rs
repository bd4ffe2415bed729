//! The Faddeeva function.

use jaxrs_data::{DType, Result};
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::with_rule;
use crate::formula::Term;
use crate::operands::{convert, to_inexact};

/// L and the polynomial of (L + iz)/(L − iz), highest power first (J. A. C. Weideman, "Computation of the complex
/// error function", SIAM J. Numer. Anal. 31 (1994), with N = 32).
const L: f64 = 4.756_828_460_010_884;
const COEFFICIENTS: [f64; 32] = [
    -1.3034426067909105e-12,
    3.741183837373847e-12,
    8.030427700497756e-12,
    -2.154359355749088e-11,
    -5.544244996323793e-11,
    1.165824698850374e-10,
    4.1537441121999766e-10,
    -5.231020211492061e-10,
    -3.2080151339721323e-09,
    8.124886421653591e-10,
    2.3797556530014025e-08,
    2.2930438438915445e-08,
    -1.4813078929137642e-07,
    -4.1840763750512053e-07,
    4.2558331397138446e-07,
    4.401531731283225e-06,
    6.821031944357515e-06,
    -2.1409619201999998e-05,
    -0.0001307544925457942,
    -0.00024532980270038237,
    0.00039259136070109705,
    0.004519541105349309,
    0.0190061557848455,
    0.05730440352983728,
    0.14060716226893755,
    0.2954445107150874,
    0.5460139720639338,
    0.9019254893648001,
    1.345544169234545,
    1.8256696296324815,
    2.2635372999002676,
    2.5722534081245696,
];

/// e^(−z²) erfc(−iz), of complex numbers.
pub fn wofz(cx: &Scope, z: &Value) -> Result<Value> {
    let z = to_inexact(cx, z)?;
    let (dtype, weak) = (z.ty().dtype, z.ty().weak);
    let z = match dtype {
        _ if dtype.is_complex() => z,
        DType::F64 => convert(cx, &z, DType::C128, weak)?,
        _ => convert(cx, &z, DType::C64, weak)?,
    };
    with_rule(
        cx,
        "wofz",
        &[z],
        |z| faddeeva(&z[0]),
        |z, dz| {
            let w = faddeeva(&z[0]);
            let slope = -(2.0 * &z[0] * &w) + imaginary(&z[0], std::f64::consts::FRAC_2_SQRT_PI);
            let dw = &dz[0] * slope;
            [w, dw]
        },
    )
}

/// A constant times i.
fn imaginary<'a>(like: &Term<'a>, value: f64) -> Term<'a> {
    like.map(|cx, z| {
        let zero = ops::real(cx, &crate::operands::constant_like(z, 0.0))?;
        ops::complex(cx, &zero, &ops::scalar_like(&zero, value))
    })
}

/// Of the upper half plane, to which the lower one is led back.
fn faddeeva<'a>(z: &Term<'a>) -> Term<'a> {
    let is_upper = z.map(ops_imag).at_least(0.0);
    let upper = is_upper.choose(z, &-z);
    let w = in_upper_half(&upper);
    let lower = 2.0 * (-(z * z)).exp() - &w;
    is_upper.choose(&w, &lower)
}

fn ops_imag(cx: &Scope, z: &Value) -> Result<Value> {
    ops::imag(cx, z)
}

fn in_upper_half<'a>(z: &Term<'a>) -> Term<'a> {
    let turned = z.map(|cx, z| {
        let im = ops::unary(cx, Unary::Neg, &ops::imag(cx, z)?)?;
        ops::complex(cx, &im, &ops::real(cx, z)?)
    });
    let denominator = L - &turned;
    let p = ((L + &turned) / &denominator).polynomial(&COEFFICIENTS);
    let square = denominator.binary(Binary::Mul, &denominator);
    2.0 * p / square + (1.0 / std::f64::consts::PI.sqrt()) / &denominator
}

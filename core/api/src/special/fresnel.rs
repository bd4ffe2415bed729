//! Fresnel integrals; coefficients from S. Moshier's Cephes library.

use std::f64::consts::PI;

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::{Binary, Unary};
use jaxrs_transform::Scope;

use super::{Ratio, ratio, real, with_rules};
use crate::formula::Term;
use crate::operands::convert;

/// The tables of a precision: of S and C near zero, in x⁴, and of f and g, in 1/(πx²)².
struct Tables {
    sine: Ratio,
    cosine: Ratio,
    f: Ratio,
    g: Ratio,
}

const SINGLE: Tables = Tables {
    sine: (
        &[
            1.6476294637887e-09,
            -1.522754752581096e-07,
            8.4247488085024e-06,
            -0.0003120693124703272,
            0.007244727626597022,
            -0.09228055941124598,
            0.5235987735681432,
        ],
        &[1.0],
    ),
    cosine: (
        &[
            1.416802502367354e-08,
            -1.157231412229871e-06,
            5.387223446683264e-05,
            -0.001604381798862293,
            0.02818489036795073,
            -0.2467398198317899,
            0.9999999760004487,
        ],
        &[1.0],
    ),
    f: (
        &[
            -1903009855649.792,
            135594238805.0252,
            -4158143148.511033,
            73438484.63587323,
            -873235.6681548485,
            8560.51546627547,
            -103.2877601091159,
            2.999401847870011,
        ],
        &[1.0],
    ),
    g: (
        &[
            -186084399762.465,
            12783506733.93208,
            -377938771.3202229,
            6492611.570598858,
            -77877.89623358162,
            860.2931494734327,
            -14.93439396592284,
            0.9999841934744914,
        ],
        &[1.0],
    ),
};

const DOUBLE: Tables = Tables {
    sine: (
        &[
            -2991.8191940101983,
            708840.0452577386,
            -62974148.62058625,
            2548908805.7337637,
            -44297951805.96978,
            318016297876.5678,
        ],
        &[
            1.0,
            281.3762688899943,
            45584.78108065326,
            5173438.887700964,
            419320245.8981112,
            22441179564.534092,
            607366389490.0846,
        ],
    ),
    cosine: (
        &[
            -4.9884311457357354e-08,
            9.504280628298596e-06,
            -0.0006451914356839651,
            0.018884331939670384,
            -0.20552590095501388,
            1.0,
        ],
        &[
            3.99982968972496e-12,
            9.154392157746574e-10,
            1.2500186247959882e-07,
            1.2226278902417902e-05,
            0.0008680295429417843,
            0.04121420907221998,
            1.0,
        ],
    ),
    f: (
        &[
            0.4215435550436775,
            0.1434079197807589,
            0.011522095507358577,
            0.000345017939782574,
            4.6361374928786735e-06,
            3.055689837902576e-08,
            1.0230451416490724e-10,
            1.7201074326816183e-13,
            1.3428327623306275e-16,
            3.763297112699879e-20,
        ],
        &[
            1.0,
            0.7515863983533789,
            0.11688892585919138,
            0.0064405152650885865,
            0.00015593440916415301,
            1.8462756734893055e-06,
            1.1269922476399903e-08,
            3.6014002958937136e-11,
            5.887545336215784e-14,
            4.5200143407412973e-17,
            1.2544323709001127e-20,
        ],
    ),
    g: (
        &[
            0.5044420736433832,
            0.1971028335255234,
            0.018764858409257526,
            0.0006840793809153931,
            1.1513882611188428e-05,
            9.828524436884223e-08,
            4.4534441586175015e-10,
            1.0826804113902088e-12,
            1.375554606332618e-15,
            8.363544356306774e-19,
            1.8695871016278324e-22,
        ],
        &[
            1.0,
            1.4749575992512833,
            0.33774898912002,
            0.02536037414203388,
            0.0008146791071843061,
            1.2754507566772912e-05,
            1.0431458965757199e-07,
            4.6068072814652043e-10,
            1.1027321506624028e-12,
            1.3879653125957886e-15,
            8.391588162831187e-19,
            1.8695871016278324e-22,
        ],
    ),
};

/// The Fresnel integrals ∫ sin(πt²/2) dt and ∫ cos(πt²/2) dt from 0 to x.
pub fn fresnel(cx: &Scope, x: &Value) -> Result<[Value; 2]> {
    let x = real(cx, "fresnel", x)?;
    let (dtype, weak) = (x.ty().dtype, x.ty().weak);
    if !matches!(dtype, DType::F16 | DType::BF16 | DType::F32 | DType::F64) {
        bail!(Dtype, "fresnel needs f16, bf16, f32 or f64, got {}", x.ty());
    }
    with_rules(
        cx,
        "fresnel",
        &[x],
        move |x| fresnel_pair(&x[0], dtype, weak),
        move |x, dx| {
            let [sine, cosine] = half_turns_of_square(&x[0]);
            (fresnel_pair(&x[0], dtype, weak), [sine * &dx[0], cosine * &dx[0]])
        },
    )
}

/// In single precision at least.
fn fresnel_pair<'a>(x: &Term<'a>, dtype: DType, weak: bool) -> [Term<'a>; 2] {
    let is_double = dtype == DType::F64;
    let wide = if is_double { DType::F64 } else { DType::F32 };
    let tables = if is_double { &DOUBLE } else { &SINGLE };
    let wide = x.map(|cx, x| convert(cx, x, wide, weak));
    fresnel_integrals(&wide, tables, is_double).map(|y| y.map(|cx, y| convert(cx, y, dtype, weak)))
}

/// sin(πx²/2) and cos(πx²/2), where x²/2 modulo 2 is that of s(x − s/2) for s = x modulo 2.
fn half_turns_of_square<'a>(x: &Term<'a>) -> [Term<'a>; 2] {
    let x = x.abs();
    let two = x.constant(2.0);
    let s = x.binary(Binary::Rem, &two);
    let r = (&s * (&x - &s / 2.0)).binary(Binary::Rem, &two);
    let sine_of = |turns: Term<'a>| (turns * PI).unary(Unary::Sin);
    let late = r.above(1.5).choose(&sine_of(&r - 2.0), &-sine_of(&r - 1.0));
    let sine = r.below(0.5).choose(&sine_of(r.clone()), &late);
    let cosine = r.below(1.0).choose(&-sine_of(&r - 0.5), &sine_of(&r - 1.5));
    [sine, cosine.unless(&r.is(0.5), 0.0)]
}

fn fresnel_integrals<'a>(signed: &Term<'a>, tables: &Tables, is_double: bool) -> [Term<'a>; 2] {
    let x = signed.abs();
    let square = x.square();
    let t = square.square();
    let near = [&x * &square * ratio(&t, tables.sine), &x * ratio(&t, tables.cosine)];
    let [sine, cosine] = half_turns_of_square(&x);
    let half = x.constant(0.5);
    let far = match is_double {
        true => [0.5 - 1.0 / (PI * &x) * &cosine, 0.5 + 1.0 / (PI * &x) * &sine],
        false => [half.clone(), half.clone()],
    };
    let t = PI * &square;
    let u = 1.0 / (&t * &t);
    let f = 1.0 - &u * ratio(&u, tables.f);
    let g = 1.0 / &t * ratio(&u, tables.g);
    let t = PI * &x;
    let middle = [0.5 - (&f * &cosine + &g * &sine) / &t, 0.5 + (&f * &sine - &g * &cosine) / &t];
    let (is_near, is_far) = (square.below(2.5625), x.above(36974.0));
    let (is_infinite, is_negative) = (x.is(f64::INFINITY), signed.below(0.0));
    let chosen = |k: usize| {
        let y = is_near.choose(&near[k], &is_far.choose(&far[k], &middle[k]));
        let y = y.unless(&is_infinite, 0.5);
        is_negative.choose(&-&y, &y)
    };
    [chosen(0), chosen(1)]
}

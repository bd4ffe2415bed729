//! Sine and cosine integrals; coefficients from S. Moshier's Cephes library.

use std::f64::consts::{FRAC_PI_2, PI};

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{Ratio, ratio, real, with_rules};
use crate::formula::Term;

/// Of the sine integral up to 4, divided by x, in x².
const SINE_NEAR: Ratio = (
    &[
        -8.391678279103039e-11,
        4.625917144270128e-08,
        -9.757593038436328e-06,
        0.0009769454381704354,
        -0.04134703162294066,
        1.0,
    ],
    &[
        2.0326926619595193e-12,
        1.279978911799433e-09,
        4.418278428012189e-07,
        9.964121220438756e-05,
        0.01420852393261499,
        1.0,
    ],
);

/// Of the cosine integral up to 4 without its logarithm, divided by x², in x².
const COSINE_NEAR: Ratio = (
    &[
        2.0252400238910228e-11,
        -1.3524950491579076e-08,
        3.593250514199931e-06,
        -0.0004740072068734079,
        0.028915965260755523,
        -1.0,
    ],
    &[
        4.077460400618806e-12,
        3.067809975818878e-09,
        1.2321035568588342e-06,
        0.00031744202477503275,
        0.051002805623644606,
        4.0,
    ],
);

/// Of the auxiliary function f from 4 to 8, times x, in 1/x².
const F_TO_8: Ratio = (
    &[
        4.236128628922166,
        5.4593771716181285,
        1.6208328770153833,
        0.16700661183132304,
        0.006810201324725182,
        0.00010893658065032867,
        5.489002234213736e-07,
    ],
    &[
        1.0,
        8.16496634205391,
        7.308288225055645,
        1.867922579501842,
        0.1787920529631499,
        0.007017106683227897,
        0.00011003435715391573,
        5.489002527562557e-07,
    ],
);

/// Of the auxiliary function g from 4 to 8, times x², in 1/x².
const G_TO_8: Ratio = (
    &[
        0.08710016989731142,
        0.6113791099522193,
        0.3971802963923375,
        0.07485277376284691,
        0.005388686814621773,
        0.00016199979459893403,
        1.9796387414096365e-06,
        7.825790407440903e-09,
    ],
    &[
        1.0,
        1.6440220241335535,
        0.666296701268988,
        0.09887717612776888,
        0.006223963454417684,
        0.0001732210814741771,
        2.0265918208634397e-06,
        7.825792189335346e-09,
    ],
);

/// Of f from 8 on.
const F_BEYOND: Ratio = (
    &[
        0.4558808734704653,
        0.7137152741001467,
        0.16030015822231947,
        0.01160642294081244,
        0.00034955644244785906,
        4.8621543082645475e-06,
        3.200927900910049e-08,
        9.41779576128513e-11,
        9.70507110881952e-14,
    ],
    &[
        1.0,
        0.9174636118736841,
        0.17868554533207454,
        0.012225359477197129,
        0.00035869648188185157,
        4.924350643178815e-06,
        3.21956939101046e-08,
        9.437205903502767e-11,
        9.70507110881952e-14,
    ],
);

/// Of g from 8 on.
const G_BEYOND: Ratio = (
    &[
        0.6973599534432762,
        0.33041097930563207,
        0.03848787676499743,
        0.001717182390523479,
        3.4894116550227946e-05,
        3.471311670841167e-07,
        1.7040445278204452e-09,
        3.859459254302766e-12,
        3.1404009894636335e-15,
    ],
    &[
        1.0,
        1.6854889881101165,
        0.48785225869530496,
        0.04679131942596258,
        0.0019028442667439953,
        3.684755044425611e-05,
        3.5704322344374083e-07,
        1.7269374896631615e-09,
        3.878301660239547e-12,
        3.1404009894636335e-15,
    ],
);

/// ∫ sin t/t dt from 0 to x, and γ + ln x + ∫ (cos t − 1)/t dt.
pub fn sici(cx: &Scope, x: &Value) -> Result<[Value; 2]> {
    let x = real(cx, "sici", x)?;
    with_rules(
        cx,
        "sici",
        &[x],
        |x| sine_and_cosine(&x[0]),
        |x, dx| {
            let slope = (&x[0] / PI).map(super::sinc);
            (sine_and_cosine(&x[0]), [slope * &dx[0], x[0].cos() / &x[0] * &dx[0]])
        },
    )
}

fn sine_and_cosine<'a>(x: &Term<'a>) -> [Term<'a>; 2] {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let a = x.abs();
    let t = a.square();
    let near = [&a * ratio(&t, SINE_NEAR), EULER + a.ln() + &t * ratio(&t, COSINE_NEAR)];
    let near = [near[0].unless(&a.is(0.0), 0.0), near[1].unless(&a.is(0.0), f64::NEG_INFINITY)];
    let (s, c, z) = (a.unary(Unary::Sin), a.cos(), 1.0 / &t);
    let (is_near, is_middle, is_low) =
        (a.at_most(&a.constant(4.0)), a.at_most(&a.constant(1e9)), a.below(8.0));
    let part = |low: Ratio, high: Ratio| is_low.choose(&ratio(&z, low), &ratio(&z, high));
    let f = part(F_TO_8, F_BEYOND) / &a;
    let g = &z * part(G_TO_8, G_BEYOND);
    let middle = [FRAC_PI_2 - &f * &c - &g * &s, &f * &s - &g * &c];
    let is_infinite = a.is(f64::INFINITY);
    let far = [
        (FRAC_PI_2 - &c / &a).unless(&is_infinite, FRAC_PI_2),
        (&s / &a).unless(&is_infinite, 0.0),
    ];
    let chosen = |k: usize| is_near.choose(&near[k], &is_middle.choose(&middle[k], &far[k]));
    let cosine = chosen(1).unless(&x.is(f64::NEG_INFINITY), f64::NAN);
    [x.unary(Unary::Sign) * chosen(0), cosine]
}

//! Functions by rational approximations on pieces of their domains; coefficients from S. Moshier's Cephes library.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::prims::{Special, Unary};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{Ratio, ratio, real, reals, with_rule};
use crate::formula::Term;

/// What these functions take, as JAX does: single or double precision.
fn check(name: &str, x: &Value) -> Result<()> {
    match x.ty().dtype {
        DType::F32 | DType::F64 => Ok(()),
        _ => bail!(Dtype, "{name} needs f32 or f64, got {}", x.ty()),
    }
}

/// Of the quantile near ½.
const NEAR: Ratio = (
    &[
        -59.96335010141079,
        98.00107541859997,
        -56.67628574690703,
        13.931260938727968,
        -1.2391658386738125,
    ],
    &[
        1.0,
        1.9544885833814176,
        4.676279128988815,
        86.36024213908905,
        -225.46268785411937,
        200.26021238006066,
        -82.03722561683334,
        15.90562251262117,
        -1.1833162112133,
    ],
);

/// Of the quantile for z from 2 to 8.
const MIDDLE: Ratio = (
    &[
        4.0554489230596245,
        31.525109459989388,
        57.16281922464213,
        44.08050738932008,
        14.684956192885803,
        2.1866330685079025,
        -0.1402560791713545,
        -0.03504246268278482,
        -0.0008574567851546854,
    ],
    &[
        1.0,
        15.779988325646675,
        45.39076351288792,
        41.3172038254672,
        15.04253856929075,
        2.504649462083094,
        -0.14218292285478779,
        -0.03808064076915783,
        -0.0009332594808954574,
    ],
);

/// Of the quantile for z from 8 to 64.
const FAR: Ratio = (
    &[
        3.2377489177694603,
        6.915228890689842,
        3.9388102529247444,
        1.3330346081580755,
        0.20148538954917908,
        0.012371663481782003,
        0.00030158155350823543,
        2.6580697468673755e-06,
        6.239745391849833e-09,
    ],
    &[
        1.0,
        6.02427039364742,
        3.6798356385616087,
        1.3770209948908132,
        0.21623699359449663,
        0.013420400608854318,
        0.00032801446468212774,
        2.8924786474538068e-06,
        6.790194080099813e-09,
    ],
);

/// Of the dilogarithm.
const DILOGARITHM: Ratio = (
    &[
        4.6512858607399003e-05,
        0.007315890452380947,
        0.13384763957830903,
        0.8796913117545303,
        2.7114985119655346,
        4.256971560081218,
        3.297713409852251,
        1.0,
    ],
    &[
        0.0006909904889125533,
        0.02540437639325444,
        0.2829748606025681,
        1.4117259775183106,
        3.6380053334513707,
        5.03278880143317,
        3.547713409852251,
        1.0,
    ],
);

/// Of the exponential integral up to 2.
const UP_TO_2: Ratio = (
    &[
        -5.350447357812543,
        218.50491688166133,
        -4176.572384826693,
        55411.76756393557,
        -331338.13311781443,
        1592627.1633849454,
    ],
    &[
        1.0,
        -52.505479591128626,
        1259.6161867867906,
        -17565.495819735348,
        149306.2117002726,
        -729494.9239640528,
        1592627.1633849454,
    ],
);

/// Of the exponential integral beyond: from where on, and the ratio in 1/x.
const BEYOND: &[(f64, Ratio)] = &[
    (
        2.0,
        (
            &[
                0.019818085032596897,
                -1.2716456259849176,
                -2.0881603356812284,
                2.7555445091879367,
                -0.44095070487016,
                0.046656238059358916,
                -0.0015450426796734852,
                7.059980605299618e-05,
            ],
            &[
                1.0,
                1.4764986709149215,
                0.5629177174822436,
                0.16990178978793072,
                0.02291647179034212,
                0.0044501504397287525,
                0.00017274396122065214,
                3.953167195549672e-05,
            ],
        ),
    ),
    (
        4.0,
        (
            &[
                -1.3732153758712087,
                -0.7084559133740839,
                1.580806855547941,
                -0.2601500427425623,
                0.029946746941137137,
                -0.001038086040188744,
                4.371064420753005e-05,
                2.141783679522603e-06,
            ],
            &[
                1.0,
                0.8585231423622028,
                0.4483285822873995,
                0.07687932158124476,
                0.024498682410218877,
                0.0008832165941927797,
                0.00045909522995113536,
                -4.729848351866523e-06,
                2.66519553739071e-06,
            ],
        ),
    ),
    (
        8.0,
        (
            &[
                -2.1069346016919166,
                1.7327338696646881,
                -0.2423619178935842,
                0.02322724180937566,
                0.00023728804404931798,
                -8.343219561192553e-05,
                1.3634087956052505e-05,
                -3.655412321999254e-07,
                1.4649417339759612e-08,
                6.17640786371036e-10,
            ],
            &[
                1.0,
                -0.2298062239901678,
                0.11050770414740378,
                -0.015665429666307924,
                0.002761106850817353,
                -0.00020891480122840484,
                1.7085289388076754e-05,
                -4.4593117963566865e-07,
                1.3946349303538475e-08,
                6.150865933977338e-10,
            ],
        ),
    ),
    (
        16.0,
        (
            &[
                -0.24581193676740204,
                -0.14833822533220778,
                0.07248291795735552,
                -0.013483156873809405,
                0.001342775069788637,
                -7.942465637159712e-05,
                2.644179518984236e-06,
                -4.239473659313765e-08,
            ],
            &[
                1.0,
                -0.10442259084438711,
                -0.26764531281014026,
                0.09695000254621984,
                -0.01601745692712991,
                0.001496414899205908,
                -8.462452563778485e-05,
                2.7289384034767266e-06,
                -4.239462431819542e-08,
            ],
        ),
    ),
    (
        32.0,
        (
            &[
                0.12125611181054567,
                -0.5823133179043894,
                0.2348887314557017,
                -0.030400343181132484,
                0.0015100821468651906,
                -2.5231370954995714e-05,
            ],
            &[
                1.0,
                -1.002252150365854,
                0.2928709694872224,
                -0.03337004338674008,
                0.0015605448811273888,
                -2.5231370936032347e-05,
            ],
        ),
    ),
    (
        64.0,
        (
            &[
                -0.7657847078286127,
                0.6886192415566705,
                -0.2132598113545206,
                0.033461075523841935,
                -0.003076541477344756,
                0.00017471193164549074,
                -6.1037116822741705e-06,
                1.218032765428652e-07,
                -1.0860761027932903e-09,
            ],
            &[
                1.0,
                -1.8888028686623086,
                1.066691687211409,
                -0.27519159823063805,
                0.039308526882338234,
                -0.003414684558602365,
                0.00018668443707035555,
                -6.345146083130515e-06,
                1.239754287483207e-07,
                -1.0860761027931265e-09,
            ],
        ),
    ),
];

/// The inverse of the distribution function of the normal distribution.
pub fn ndtri(cx: &Scope, p: &Value) -> Result<Value> {
    check("ndtri", p)?;
    let result = quantile(&Term::new(cx, p)).done()?;
    crate::operands::convert(cx, &result, p.ty().dtype, false)
}

fn quantile<'a>(p: &Term<'a>) -> Term<'a> {
    let far = (-2f64).exp();
    let is_high = p.above(-(-2f64).exp_m1());
    let tail = is_high.choose(&(1.0 - p), p);
    let tail = tail.unless(&tail.is(0.0), 0.5);
    let w = &tail - 0.5;
    let square = w.square();
    let centre = (&w + &w * &square * ratio(&square, NEAR)) * -(2.0 * std::f64::consts::PI).sqrt();
    let z = (tail.ln() * -2.0).unary(Unary::Sqrt);
    let first = &z - z.ln() / &z;
    let inverse = 1.0 / &z;
    let far_out = &first - ratio(&inverse, FAR) / &z;
    let middle = &first - ratio(&inverse, MIDDLE) / &z;
    let outer = z.at_least(8.0).choose(&far_out, &middle);
    let x = tail.above(far).choose(&centre, &outer);
    let x = p.above(1.0 - far).choose(&x, &-&x);
    x.unless(&p.is(1.0), f64::INFINITY).unless(&p.is(0.0), f64::NEG_INFINITY)
}

/// The dilogarithm of 1 − x.
pub fn spence(cx: &Scope, x: &Value) -> Result<Value> {
    check("spence", x)?;
    dilogarithm(&Term::new(cx, x)).done()
}

fn dilogarithm<'a>(x: &Term<'a>) -> Term<'a> {
    const END: f64 = std::f64::consts::PI * std::f64::consts::PI / 6.0;
    let is_inside = x.above(0.0).and(&x.is(1.0).unary(Unary::Not));
    let safe = x.unless(&is_inside.unary(Unary::Not), 1.25);
    let is_large = safe.above(2.0);
    let y = is_large.choose(&(1.0 / &safe), &safe);
    let (is_right, is_left) = (y.above(1.5), y.below(0.5));
    let w = is_right.choose(&(1.0 / &y - 1.0), &is_left.choose(&-&y, &(&y - 1.0)));
    let value = -&w * ratio(&w, DILOGARITHM);
    let (log, one_less) = (y.ln(), 1.0 - &y);
    let safe_log = one_less.unless(&is_left.unary(Unary::Not), 1.0).ln();
    let value = is_left.choose(&(END - &log * safe_log - &value), &value);
    let value = is_large.or(&is_right).choose(&(log.square() * -0.5 - &value), &value);
    let value = is_inside.choose(&value, &x.constant(f64::NAN));
    let value = value.unless(&x.is(0.0), END).unless(&x.is(1.0), 0.0);
    value.unless(&x.below(0.0), f64::NAN)
}

/// The exponential integral of order n: ∫ e^(−xt)/tⁿ dt from 1 on.
pub fn expn(cx: &Scope, n: &Value, x: &Value) -> Result<Value> {
    ops::bind1(cx, Special::Expn, &reals(cx, "expn", [n, x])?)
}

/// The exponential integral of order 1.
pub fn exp1(cx: &Scope, x: &Value) -> Result<Value> {
    let x = real(cx, "exp1", x)?;
    ops::bind1(cx, Special::Expn, &[ops::scalar_like(&x, 1.0), x])
}

/// The exponential integral ∫ eᵗ/t dt up to x.
pub fn expi(cx: &Scope, x: &Value) -> Result<Value> {
    let x = real(cx, "expi", x)?;
    with_rule(
        cx,
        "expi",
        &[x],
        |x| integral(&x[0]),
        |x, dx| [integral(&x[0]), x[0].exp() / &x[0] * &dx[0]],
    )
}

fn integral<'a>(x: &Term<'a>) -> Term<'a> {
    const EULER: f64 = 0.577_215_664_901_532_9;
    let is_negative = x.below(0.0);
    let one = x.constant(1.0);
    let below = -(-is_negative.choose(x, &-&one)).map(exp1);
    let y = is_negative.choose(&one, x);
    let mut value = &y * ratio(&y, UP_TO_2) + EULER + y.ln();
    let inverse = 1.0 / &y;
    for (start, table) in BEYOND {
        let piece = y.exp() * &inverse * (&inverse * ratio(&inverse, *table) + 1.0);
        value = y.above(*start).choose(&piece, &value);
    }
    // Not the pole's −∞, but what JAX has.
    is_negative.choose(&below, &value).unless(&x.is(0.0), f64::NAN)
}

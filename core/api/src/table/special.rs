//! Special functions.

use super::*;
use crate::{lax, special};

macro_rules! of_one {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, (x) => |cx| $function(cx, x))
    };
}

pub(super) static OPS: &[Op] = &[
    of_one!("gamma", special::gamma, "The gamma function."),
    of_one!("gammaln", special::gammaln, "The logarithm of the magnitude of the gamma function."),
    of_one!(
        "loggamma",
        special::loggamma,
        "The logarithm of the gamma function; NaN for numbers that are not positive."
    ),
    of_one!("gammasgn", special::gammasgn, "The sign of the gamma function."),
    of_one!("factorial", special::factorial, "n! as a real number; 0 for negative n."),
    op!("comb", "How many ways there are to choose k of n things.", (n_things, k)
        { repetition: Bool = false, "whether a thing may be chosen again"; }
        => |cx| special::comb(cx, n_things, k, repetition)),
    op!("poch", "The rising factorial gamma(z + m) / gamma(z).", (z, m) => |cx| special::poch(cx, z, m)),
    op!("beta", "The beta function.", (a, b) => |cx| special::beta(cx, a, b)),
    op!("betaln", "The logarithm of the magnitude of the beta function.", (a, b) => |cx| special::betaln(cx, a, b)),
    op!("betainc", "The regularized incomplete beta function; its derivative by x alone is known.", (a, b, x)
        => |cx| special::betainc(cx, a, b, x)),
    op!("gammainc", "The regularized lower incomplete gamma function.", (a, x) => |cx| special::gammainc(cx, a, x)),
    op!("gammaincc", "The regularized upper incomplete gamma function.", (a, x) => |cx| special::gammaincc(cx, a, x)),
    op!("igamma_grad_a", "The derivative of gammainc by a.", (a, x) => |cx| lax::igamma_grad_a(cx, a, x)),
    op!("random_gamma_grad", "The derivative by a of a sample x of the gamma distribution of shape a.", (a, x)
        => |cx| lax::random_gamma_grad(cx, a, x)),
    op!("multigammaln", "The logarithm of the multivariate gamma function.", (a)
        { d: I64, "of how many dimensions"; } => |cx| special::multigammaln(cx, a, d)),
    op!("polygamma", "The n-th derivative of digamma, for whole numbers n, of an integer or a float type.", (order, x) => |cx| special::polygamma(cx, order, x)),
    op!("zeta", "Hurwitz' zeta function: the sum of (q + k)^-x.", (x, q) => |cx| special::zeta(cx, x, q)),
    op!("bernoulli", "The Bernoulli numbers from B(0) to B(count).", ()
        { count: I64, "the last of them"; dtype: DType = None, "the element type; by default the default float"; }
        => |cx| special::bernoulli(cx, count, dtype)),
    of_one!("i0", special::i0, "The modified Bessel function of order 0."),
    of_one!("i0e", special::i0e, "exp(-|x|) i0(x)."),
    of_one!("i1", special::i1, "The modified Bessel function of order 1."),
    of_one!("i1e", special::i1e, "exp(-|x|) i1(x)."),
    of_one!("logit", special::logit, "log(x / (1 - x))."),
    of_one!("ndtr", special::ndtr, "The distribution function of the normal distribution."),
    of_one!("ndtri", special::ndtri, "The inverse of ndtr."),
    op!("log_ndtr", "The logarithm of ndtr.", (x)
        { series_order: I64 = 3, "how many terms of its asymptotic series are used for very small numbers"; }
        => |cx| special::log_ndtr(cx, x, series_order)),
    op!("xlogy", "x log(y), and 0 where x is 0.", (x, y) => |cx| special::xlogy(cx, x, y)),
    op!("xlog1py", "x log(1 + y), and 0 where x is 0.", (x, y) => |cx| special::xlog1py(cx, x, y)),
    of_one!("entr", special::entr, "-x log(x), and negative infinity for negative numbers."),
    op!("rel_entr", "p log(p / q), and infinity where that makes no sense.", (p, q) => |cx| special::rel_entr(cx, p, q)),
    op!("kl_div", "p log(p / q) - p + q.", (p, q) => |cx| special::kl_div(cx, p, q)),
    op!("boxcox", "(x^lmbda - 1) / lmbda, and log(x) for lmbda = 0.", (x, lmbda) => |cx| special::boxcox(cx, x, lmbda)),
    op!("boxcox1p", "((1 + x)^lmbda - 1) / lmbda, and log(1 + x) for lmbda = 0.", (x, lmbda) => |cx| special::boxcox1p(cx, x, lmbda)),
    op!("hyp1f1", "Kummer's confluent hypergeometric function.", (a, b, x) => |cx| special::hyp1f1(cx, a, b, x)),
    op!("hyp2f1", "Gauss' hypergeometric function.", (a, b, c, x) => |cx| special::hyp2f1(cx, a, b, c, x)),
    of_one!("dawsn", special::dawsn, "Dawson's integral."),
    of_one!("erfcx", special::erfcx, "exp(x^2) erfc(x)."),
    of_one!(
        "wofz",
        special::wofz,
        "The Faddeeva function exp(-z^2) erfc(-i z), of complex numbers."
    ),
    op!("sici", "The integrals of sin(t) / t, from 0 to x, and of cos(t) / t, without its pole.", (x)
        => list |cx| special::sici(cx, x).map(Vec::from)),
    op!("fresnel", "The integrals of sin(pi t^2 / 2) and of cos(pi t^2 / 2) from 0 to x.", (x)
        => list |cx| special::fresnel(cx, x).map(Vec::from)),
    op!("owens_t", "Owen's T function.", (h, a) => |cx| special::owens_t(cx, h, a)),
    op!("bessel_jn", "The Bessel functions of the first kind of orders 0 to v, along a new first axis.", (z)
        { v: I64, "the last order"; n_iter: I64 = 50, "how many steps of a recurrence are taken"; }
        => |cx| special::bessel_jn(cx, z, v, n_iter)),
    op!("sph_harm_y", "The spherical harmonics of degree n and order m at colatitudes theta and longitudes phi, for vectors of one length.", (n, m, theta, phi)
        { n_max: I64 = -1, "the largest degree, to which others are cut; -1 for that of n, which has to be known"; }
        => |cx| special::sph_harm_y(cx, [n, m], [theta, phi], usize::try_from(n_max).ok())),
    of_one!("sinc", special::sinc, "sin(pi x) / (pi x)."),
    of_one!("spence", special::spence, "The dilogarithm of 1 - x."),
    of_one!("exp1", special::exp1, "The exponential integral of order 1."),
    of_one!("expi", special::expi, "The integral of exp(t) / t up to x."),
    op!("expn", "The exponential integral of order n: of exp(-x t) / t^n from t = 1 on.", (order, x) => |cx| special::expn(cx, order, x)),
];

//! Distributions of whole numbers.

use jaxrs_data::Result;
use jaxrs_ir::prims::Unary;
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{betaln, both, floats, gammaln, through, xlog1py, xlogy};
use crate::formula::Term;
use crate::operands::to_inexact;
use crate::{numpy, special};

/// The logarithm of Bernoulli's probabilities.
pub fn bernoulli_logpmf(cx: &Scope, k: &Value, p: &Value, loc: &Value) -> Result<Value> {
    let [k, p, loc] = floats(cx, "bernoulli_logpmf", [k, p, loc])?;
    let x = k - loc;
    let log = xlogy(&x, &p) + xlog1py(&(1.0 - &x), &-&p);
    log.unless(&x.below(0.0).or(&x.above(1.0)), f64::NEG_INFINITY).done()
}

fn no_bernoulli<'a>(k: &Term<'a>, p: &Term<'a>) -> Term<'a> {
    k.is_nan().or(&p.is_nan()).or(&p.below(0.0)).or(&p.above(1.0))
}

/// Bernoulli's distribution function.
pub fn bernoulli_cdf(cx: &Scope, k: &Value, p: &Value) -> Result<Value> {
    let [k, p] = floats(cx, "bernoulli_cdf", [k, p])?;
    let (zero, one) = (k.constant(0.0), k.constant(1.0));
    let step = k.below(0.0).choose(&zero, &k.below(1.0).choose(&(1.0 - &p), &one));
    step.unless(&no_bernoulli(&k, &p), f64::NAN).done()
}

/// The inverse of Bernoulli's distribution function.
pub fn bernoulli_ppf(cx: &Scope, q: &Value, p: &Value) -> Result<Value> {
    let [q, p] = floats(cx, "bernoulli_ppf", [q, p])?;
    let step = q.at_most(&(1.0 - &p)).choose(&q.constant(0.0), &q.constant(1.0));
    step.unless(&no_bernoulli(&q, &p).or(&q.below(0.0)).or(&q.above(1.0)), f64::NAN).done()
}

/// The logarithm of binomial probabilities.
pub fn binom_logpmf(cx: &Scope, k: &Value, n: &Value, p: &Value, loc: &Value) -> Result<Value> {
    let [k, n, p, loc] = floats(cx, "binom_logpmf", [k, n, p, loc])?;
    let y = &k - &loc;
    let ways = gammaln(&(&n + 1.0)) - (gammaln(&(&y + 1.0)) + gammaln(&(&n - &y + 1.0)));
    let linear = xlogy(&y, &p) + xlog1py(&(&n - &y), &-&p);
    let certain = y.is(0.0).and(&n.is(0.0)).or(&linear.is(0.0));
    let log = (ways + &linear).unless(&certain, 0.0);
    let inside = k.no_less(&loc).and(&k.less(&(&loc + &n + 1.0)));
    inside.choose(&log, &k.constant(f64::NEG_INFINITY)).done()
}

/// The logarithm of beta-binomial probabilities.
pub fn betabinom_logpmf(
    cx: &Scope,
    k: &Value,
    n: &Value,
    a: &Value,
    b: &Value,
    loc: &Value,
) -> Result<Value> {
    let [k, n, a, b, loc] = floats(cx, "betabinom_logpmf", [k, n, a, b, loc])?;
    let y = k.floor() - &loc;
    let ways = -(n.log1p() + betaln(&(&n - &y + 1.0), &(&y + 1.0)));
    let log = ways + (betaln(&(&y + &a), &(&n - &y + &b)) - betaln(&a, &b));
    let log = log.unless(&y.is(0.0).and(&n.is(0.0)), 0.0);
    let outside = y.less(&-&loc).or(&y.greater(&n)).or(&(&y + &a).at_most(&y.constant(0.0)));
    let wrong = n.below(0.0).or(&a.at_most(&a.constant(0.0))).or(&b.at_most(&b.constant(0.0)));
    log.unless(&outside, f64::NEG_INFINITY).unless(&wrong, f64::NAN).done()
}

/// The logarithm of geometric probabilities.
pub fn geom_logpmf(cx: &Scope, k: &Value, p: &Value, loc: &Value) -> Result<Value> {
    let [k, p, loc] = floats(cx, "geom_logpmf", [k, p, loc])?;
    let x = k - loc;
    let log = xlog1py(&(&x - 1.0), &-&p) + p.ln();
    log.unless(&x.at_most(&x.constant(0.0)), f64::NEG_INFINITY).done()
}

/// The logarithm of negative binomial probabilities.
pub fn nbinom_logpmf(cx: &Scope, k: &Value, n: &Value, p: &Value, loc: &Value) -> Result<Value> {
    let [k, n, p, loc] = floats(cx, "nbinom_logpmf", [k, n, p, loc])?;
    let y = &k - &loc;
    let ways = gammaln(&(&y + &n)) - gammaln(&n) - gammaln(&(&y + 1.0));
    let log = ways + (xlogy(&n, &p) + xlogy(&y, &(1.0 - &p)));
    log.unless(&k.less(&loc), f64::NEG_INFINITY).done()
}

/// The logarithm of Poisson's probabilities.
pub fn poisson_logpmf(cx: &Scope, k: &Value, mu: &Value, loc: &Value) -> Result<Value> {
    let [k, mu, loc] = floats(cx, "poisson_logpmf", [k, mu, loc])?;
    let x = &k - loc;
    let log = xlogy(&x, &mu) - gammaln(&(&x + 1.0)) - mu;
    let broken = k.unary(Unary::RoundTiesEven).equals(&k).not();
    log.unless(&x.below(0.0).or(&broken), f64::NEG_INFINITY).done()
}

/// Poisson's distribution function.
pub fn poisson_cdf(cx: &Scope, k: &Value, mu: &Value, loc: &Value) -> Result<Value> {
    let [k, mu, loc] = floats(cx, "poisson_cdf", [k, mu, loc])?;
    let x = k - loc;
    both(special::gammaincc, &(1.0 + &x).floor(), &mu).unless(&x.below(0.0), 0.0).done()
}

/// The entropy of Poisson's distribution: by its terms where there are few, else by an asymptotic series.
pub fn poisson_entropy(cx: &Scope, mu: &Value, loc: &Value) -> Result<Value> {
    let [mu, loc] = crate::operands::promoted_inexact(cx, [mu, loc])?;
    let rows = numpy::ravel(cx, &mu)?;
    let bound = |spread: f64, more: f64| {
        let mu = Term::new(cx, &rows);
        (&mu + mu.sqrt() * spread + more).unary(Unary::Ceil).done()
    };
    let small = terms(cx, &rows, 35, &bound(0.0, 20.0)?)?;
    let medium = terms(cx, &rows, 250, &bound(10.0, 20.0)?)?;
    let term = Term::new(cx, &rows);
    let large = 0.5 * (&term * (2.0 * std::f64::consts::PI * std::f64::consts::E)).ln()
        - 1.0 / (12.0 * &term);
    let (small, medium) = (Term::new(cx, &small), Term::new(cx, &medium));
    let entropy = term.below(10.0).choose(&small, &term.below(100.0).choose(&medium, &large));
    let entropy = entropy.unless(&term.is(0.0), 0.0).done()?;
    let shape = crate::operands::broadcast_shape("poisson_entropy", &[mu.shape(), loc.shape()])?;
    numpy::broadcast_to(cx, &ops::reshape(cx, &entropy, mu.shape())?, &shape)
}

fn terms(cx: &Scope, mu: &Value, count: usize, bound: &Value) -> Result<Value> {
    let k = ops::iota(cx, mu.ty().dtype, &[count, 1].into(), 0)?;
    let zero = crate::operands::constant_like(mu, 0.0);
    let probabilities = poisson_pmf(cx, &k, mu, &zero)?;
    let counts = numpy::less(cx, &k, bound)?;
    let probabilities = numpy::select(cx, &counts, &probabilities, &zero)?;
    numpy::sum(cx, &special::entr(cx, &probabilities)?, &[0], false)
}

/// The logarithm of multinomial probabilities, over the last axis.
pub fn multinomial_logpmf(cx: &Scope, x: &Value, n: &Value, p: &Value) -> Result<Value> {
    if !x.ty().dtype.is_integer() || !n.ty().dtype.is_integer() {
        jaxrs_data::bail!(
            Dtype,
            "multinomial_logpmf needs whole numbers, got {} and {}",
            x.ty(),
            n.ty()
        );
    }
    let p = to_inexact(cx, p)?;
    let total = numpy::equal(cx, &numpy::sum(cx, x, &[], false)?, n)?;
    let x = crate::operands::convert(cx, x, p.ty().dtype, false)?;
    let n = crate::operands::convert(cx, n, p.ty().dtype, false)?;
    let (x, n, p) = (Term::new(cx, &x), Term::new(cx, &n), Term::new(cx, &p));
    let terms = (xlogy(&x, &p) - gammaln(&(&x + 1.0))).map(|cx, x| numpy::sum(cx, x, &[-1], false));
    let log = gammaln(&(n + 1.0)) + terms;
    Term::new(cx, &total).choose(&log, &log.constant(f64::NEG_INFINITY)).done()
}

through! {
    /// Bernoulli's probabilities.
    bernoulli_pmf(k, p, loc) => bernoulli_logpmf: exp;
    /// Binomial probabilities.
    binom_pmf(k, n, p, loc) => binom_logpmf: exp;
    /// Beta-binomial probabilities.
    betabinom_pmf(k, n, a, b, loc) => betabinom_logpmf: exp;
    /// Geometric probabilities.
    geom_pmf(k, p, loc) => geom_logpmf: exp;
    /// Negative binomial probabilities.
    nbinom_pmf(k, n, p, loc) => nbinom_logpmf: exp;
    /// Poisson's probabilities.
    poisson_pmf(k, mu, loc) => poisson_logpmf: exp;
    /// Multinomial probabilities.
    multinomial_pmf(x, n, p) => multinomial_logpmf: exp;
}

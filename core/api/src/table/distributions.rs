//! Distributions. Operands that are not given have JAX's defaults: a location of 0, a scale of 1.

use super::*;
use crate::operands::weak_constant;
use crate::stats;

fn location(cx: &Scope, name: &str, given: &[Value]) -> Result<Value> {
    match given {
        [] => Ok(weak_constant(cx, 0.0)),
        [loc] => Ok(loc.clone()),
        _ => bail!(
            InvalidArgument,
            "{name} takes a location at most, got {} arrays more",
            given.len()
        ),
    }
}

fn location_and_scale(cx: &Scope, name: &str, given: &[Value]) -> Result<[Value; 2]> {
    match given {
        [loc, scale] => Ok([loc.clone(), scale.clone()]),
        _ => Ok([location(cx, name, given)?, weak_constant(cx, 1.0)]),
    }
}

macro_rules! scaled {
    ($name:literal, $function:path, ($($operand:ident),*) => $doc:literal) => {
        op!($name, $doc, ($($operand),* [loc_scale]) => |cx| {
            let [loc, scale] = location_and_scale(cx, $name, loc_scale)?;
            $function(cx, $($operand,)* &loc, &scale)
        })
    };
}

macro_rules! located {
    ($name:literal, $function:path, ($($operand:ident),*) => $doc:literal) => {
        op!($name, $doc, ($($operand),* [loc]) => |cx| $function(cx, $($operand,)* &location(cx, $name, loc)?))
    };
}

macro_rules! plain {
    ($name:literal, $function:path, ($($operand:ident),*) => $doc:literal) => {
        op!($name, $doc, ($($operand),*) => |cx| $function(cx, $($operand),*))
    };
}

pub(super) static OPS: &[Op] = &[
    scaled!("beta_logpdf", stats::beta_logpdf, (x, a, b) => "The logarithm of the density of the beta distribution."),
    scaled!("beta_pdf", stats::beta_pdf, (x, a, b) => "The density of the beta distribution."),
    scaled!("beta_cdf", stats::beta_cdf, (x, a, b) => "The distribution function of the beta distribution."),
    scaled!("beta_logcdf", stats::beta_logcdf, (x, a, b) => "The logarithm of the distribution function of the beta distribution."),
    scaled!("beta_sf", stats::beta_sf, (x, a, b) => "One less the distribution function of the beta distribution."),
    scaled!("beta_logsf", stats::beta_logsf, (x, a, b) => "The logarithm of one less the distribution function of the beta distribution."),
    scaled!("cauchy_logpdf", stats::cauchy_logpdf, (x) => "The logarithm of the density of Cauchy's distribution."),
    scaled!("cauchy_pdf", stats::cauchy_pdf, (x) => "The density of Cauchy's distribution."),
    scaled!("cauchy_cdf", stats::cauchy_cdf, (x) => "The distribution function of Cauchy's distribution."),
    scaled!("cauchy_logcdf", stats::cauchy_logcdf, (x) => "The logarithm of the distribution function of Cauchy's distribution."),
    scaled!("cauchy_sf", stats::cauchy_sf, (x) => "One less the distribution function of Cauchy's distribution."),
    scaled!("cauchy_logsf", stats::cauchy_logsf, (x) => "The logarithm of one less the distribution function of Cauchy's distribution."),
    scaled!("cauchy_ppf", stats::cauchy_ppf, (q) => "The inverse of the distribution function of Cauchy's distribution."),
    scaled!("cauchy_isf", stats::cauchy_isf, (q) => "The inverse of one less the distribution function of Cauchy's distribution."),
    scaled!("chi2_logpdf", stats::chi2_logpdf, (x, df) => "The logarithm of the density of the chi-squared distribution."),
    scaled!("chi2_pdf", stats::chi2_pdf, (x, df) => "The density of the chi-squared distribution."),
    scaled!("chi2_cdf", stats::chi2_cdf, (x, df) => "The distribution function of the chi-squared distribution."),
    scaled!("chi2_logcdf", stats::chi2_logcdf, (x, df) => "The logarithm of the distribution function of the chi-squared distribution."),
    scaled!("chi2_sf", stats::chi2_sf, (x, df) => "One less the distribution function of the chi-squared distribution."),
    scaled!("chi2_logsf", stats::chi2_logsf, (x, df) => "The logarithm of one less the distribution function of the chi-squared distribution."),
    scaled!("expon_logpdf", stats::expon_logpdf, (x) => "The logarithm of the density of the exponential distribution."),
    scaled!("expon_pdf", stats::expon_pdf, (x) => "The density of the exponential distribution."),
    scaled!("expon_cdf", stats::expon_cdf, (x) => "The distribution function of the exponential distribution."),
    scaled!("expon_logcdf", stats::expon_logcdf, (x) => "The logarithm of the distribution function of the exponential distribution."),
    scaled!("expon_sf", stats::expon_sf, (x) => "One less the distribution function of the exponential distribution."),
    scaled!("expon_logsf", stats::expon_logsf, (x) => "The logarithm of one less the distribution function of the exponential distribution."),
    scaled!("expon_ppf", stats::expon_ppf, (q) => "The inverse of the distribution function of the exponential distribution."),
    scaled!("gamma_logpdf", stats::gamma_logpdf, (x, a) => "The logarithm of the density of the gamma distribution."),
    scaled!("gamma_pdf", stats::gamma_pdf, (x, a) => "The density of the gamma distribution."),
    scaled!("gamma_cdf", stats::gamma_cdf, (x, a) => "The distribution function of the gamma distribution."),
    scaled!("gamma_logcdf", stats::gamma_logcdf, (x, a) => "The logarithm of the distribution function of the gamma distribution."),
    scaled!("gamma_sf", stats::gamma_sf, (x, a) => "One less the distribution function of the gamma distribution."),
    scaled!("gamma_logsf", stats::gamma_logsf, (x, a) => "The logarithm of one less the distribution function of the gamma distribution."),
    scaled!("gumbel_l_logpdf", stats::gumbel_l_logpdf, (x) => "The logarithm of the density of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_pdf", stats::gumbel_l_pdf, (x) => "The density of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_cdf", stats::gumbel_l_cdf, (x) => "The distribution function of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_logcdf", stats::gumbel_l_logcdf, (x) => "The logarithm of the distribution function of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_sf", stats::gumbel_l_sf, (x) => "One less the distribution function of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_logsf", stats::gumbel_l_logsf, (x) => "The logarithm of one less the distribution function of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_l_ppf", stats::gumbel_l_ppf, (q) => "The inverse of the distribution function of Gumbel's distribution of smallest elements."),
    scaled!("gumbel_r_logpdf", stats::gumbel_r_logpdf, (x) => "The logarithm of the density of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_pdf", stats::gumbel_r_pdf, (x) => "The density of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_cdf", stats::gumbel_r_cdf, (x) => "The distribution function of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_logcdf", stats::gumbel_r_logcdf, (x) => "The logarithm of the distribution function of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_sf", stats::gumbel_r_sf, (x) => "One less the distribution function of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_logsf", stats::gumbel_r_logsf, (x) => "The logarithm of one less the distribution function of Gumbel's distribution of largest elements."),
    scaled!("gumbel_r_ppf", stats::gumbel_r_ppf, (q) => "The inverse of the distribution function of Gumbel's distribution of largest elements."),
    scaled!("laplace_logpdf", stats::laplace_logpdf, (x) => "The logarithm of the density of Laplace's distribution."),
    scaled!("laplace_pdf", stats::laplace_pdf, (x) => "The density of Laplace's distribution."),
    scaled!("laplace_cdf", stats::laplace_cdf, (x) => "The distribution function of Laplace's distribution."),
    scaled!("logistic_logpdf", stats::logistic_logpdf, (x) => "The logarithm of the density of the logistic distribution."),
    scaled!("logistic_pdf", stats::logistic_pdf, (x) => "The density of the logistic distribution."),
    scaled!("logistic_cdf", stats::logistic_cdf, (x) => "The distribution function of the logistic distribution."),
    scaled!("logistic_sf", stats::logistic_sf, (x) => "One less the distribution function of the logistic distribution."),
    scaled!("logistic_ppf", stats::logistic_ppf, (q) => "The inverse of the distribution function of the logistic distribution."),
    scaled!("logistic_isf", stats::logistic_isf, (q) => "The inverse of one less the distribution function of the logistic distribution."),
    scaled!("norm_logpdf", stats::norm_logpdf, (x) => "The logarithm of the density of the normal distribution."),
    scaled!("norm_pdf", stats::norm_pdf, (x) => "The density of the normal distribution."),
    scaled!("norm_cdf", stats::norm_cdf, (x) => "The distribution function of the normal distribution."),
    scaled!("norm_logcdf", stats::norm_logcdf, (x) => "The logarithm of the distribution function of the normal distribution."),
    scaled!("norm_sf", stats::norm_sf, (x) => "One less the distribution function of the normal distribution."),
    scaled!("norm_logsf", stats::norm_logsf, (x) => "The logarithm of one less the distribution function of the normal distribution."),
    scaled!("norm_ppf", stats::norm_ppf, (q) => "The inverse of the distribution function of the normal distribution."),
    scaled!("norm_isf", stats::norm_isf, (q) => "The inverse of one less the distribution function of the normal distribution."),
    scaled!("pareto_logpdf", stats::pareto_logpdf, (x, b) => "The logarithm of the density of Pareto's distribution."),
    scaled!("pareto_pdf", stats::pareto_pdf, (x, b) => "The density of Pareto's distribution."),
    scaled!("pareto_cdf", stats::pareto_cdf, (x, b) => "The distribution function of Pareto's distribution."),
    scaled!("pareto_logcdf", stats::pareto_logcdf, (x, b) => "The logarithm of the distribution function of Pareto's distribution."),
    scaled!("pareto_sf", stats::pareto_sf, (x, b) => "One less the distribution function of Pareto's distribution."),
    scaled!("pareto_logsf", stats::pareto_logsf, (x, b) => "The logarithm of one less the distribution function of Pareto's distribution."),
    scaled!("pareto_ppf", stats::pareto_ppf, (q, b) => "The inverse of the distribution function of Pareto's distribution."),
    scaled!("t_logpdf", stats::t_logpdf, (x, df) => "The logarithm of the density of Student's t distribution."),
    scaled!("t_pdf", stats::t_pdf, (x, df) => "The density of Student's t distribution."),
    scaled!("truncnorm_logpdf", stats::truncnorm_logpdf, (x, a, b) => "The logarithm of the density of the part of the normal distribution between bounds."),
    scaled!("truncnorm_pdf", stats::truncnorm_pdf, (x, a, b) => "The density of the part of the normal distribution between bounds."),
    scaled!("truncnorm_cdf", stats::truncnorm_cdf, (x, a, b) => "The distribution function of the part of the normal distribution between bounds."),
    scaled!("truncnorm_logcdf", stats::truncnorm_logcdf, (x, a, b) => "The logarithm of the distribution function of the part of the normal distribution between bounds."),
    scaled!("truncnorm_sf", stats::truncnorm_sf, (x, a, b) => "One less the distribution function of the part of the normal distribution between bounds."),
    scaled!("truncnorm_logsf", stats::truncnorm_logsf, (x, a, b) => "The logarithm of one less the distribution function of the part of the normal distribution between bounds."),
    scaled!("uniform_logpdf", stats::uniform_logpdf, (x) => "The logarithm of the density of the uniform distribution."),
    scaled!("uniform_pdf", stats::uniform_pdf, (x) => "The density of the uniform distribution."),
    scaled!("uniform_cdf", stats::uniform_cdf, (x) => "The distribution function of the uniform distribution."),
    scaled!("uniform_ppf", stats::uniform_ppf, (q) => "The inverse of the distribution function of the uniform distribution."),
    located!("bernoulli_logpmf", stats::bernoulli_logpmf, (k, p) => "The logarithm of the probabilities of Bernoulli's distribution."),
    located!("bernoulli_pmf", stats::bernoulli_pmf, (k, p) => "The probabilities of Bernoulli's distribution."),
    located!("binom_logpmf", stats::binom_logpmf, (k, n, p) => "The logarithm of the probabilities of the binomial distribution."),
    located!("binom_pmf", stats::binom_pmf, (k, n, p) => "The probabilities of the binomial distribution."),
    located!("betabinom_logpmf", stats::betabinom_logpmf, (k, n, a, b) => "The logarithm of the probabilities of the beta-binomial distribution."),
    located!("betabinom_pmf", stats::betabinom_pmf, (k, n, a, b) => "The probabilities of the beta-binomial distribution."),
    located!("geom_logpmf", stats::geom_logpmf, (k, p) => "The logarithm of the probabilities of the geometric distribution."),
    located!("geom_pmf", stats::geom_pmf, (k, p) => "The probabilities of the geometric distribution."),
    located!("nbinom_logpmf", stats::nbinom_logpmf, (k, n, p) => "The logarithm of the probabilities of the negative binomial distribution."),
    located!("nbinom_pmf", stats::nbinom_pmf, (k, n, p) => "The probabilities of the negative binomial distribution."),
    located!("poisson_logpmf", stats::poisson_logpmf, (k, mu) => "The logarithm of the probabilities of Poisson's distribution."),
    located!("poisson_pmf", stats::poisson_pmf, (k, mu) => "The probabilities of Poisson's distribution."),
    located!("poisson_cdf", stats::poisson_cdf, (k, mu) => "The distribution function of Poisson's distribution."),
    plain!("bernoulli_cdf", stats::bernoulli_cdf, (k, p) => "The distribution function of Bernoulli's distribution."),
    plain!("bernoulli_ppf", stats::bernoulli_ppf, (q, p) => "The inverse of the distribution function of Bernoulli's distribution."),
    plain!("dirichlet_logpdf", stats::dirichlet_logpdf, (x, alpha) => "The logarithm of the density of Dirichlet's distribution."),
    plain!("dirichlet_pdf", stats::dirichlet_pdf, (x, alpha) => "The density of Dirichlet's distribution."),
    plain!("multivariate_normal_logpdf", stats::multivariate_normal_logpdf, (x, mean, cov) => "The logarithm of the normal density of vectors, whose covariance is a matrix or a number."),
    plain!("multivariate_normal_pdf", stats::multivariate_normal_pdf, (x, mean, cov) => "The normal density of vectors, whose covariance is a matrix or a number."),
    plain!("gennorm_logpdf", stats::gennorm_logpdf, (x, beta) => "The logarithm of the density of the generalised normal distribution."),
    plain!("gennorm_pdf", stats::gennorm_pdf, (x, beta) => "The density of the generalised normal distribution."),
    plain!("gennorm_cdf", stats::gennorm_cdf, (x, beta) => "The distribution function of the generalised normal distribution."),
    plain!("multinomial_logpmf", stats::multinomial_logpmf, (x, n, p) => "The logarithm of the probabilities of the multinomial distribution."),
    plain!("multinomial_pmf", stats::multinomial_pmf, (x, n, p) => "The probabilities of the multinomial distribution."),
    plain!("vonmises_logpdf", stats::vonmises_logpdf, (x, kappa) => "The logarithm of the density of von Mises' distribution."),
    plain!("vonmises_pdf", stats::vonmises_pdf, (x, kappa) => "The density of von Mises' distribution."),
    plain!("wrapcauchy_logpdf", stats::wrapcauchy_logpdf, (x, c) => "The logarithm of the density of the wrapped Cauchy distribution."),
    plain!("wrapcauchy_pdf", stats::wrapcauchy_pdf, (x, c) => "The density of the wrapped Cauchy distribution."),
    located!("poisson_entropy", stats::poisson_entropy, (mu) => "The entropy of Poisson's distribution."),
];

//! Densities estimated from samples: a normal density around each.

use std::f64::consts::TAU;

use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy::{self, linalg};
use crate::operands::{promoted, promoted_inexact, to_inexact};

/// An estimate: samples along axis 1 of a matrix, their weights, and the covariance of the density around each.
struct Estimate {
    dataset: Value,
    weights: Value,
    covariance: Value,
    inv_cov: Value,
}

fn total(cx: &Scope, x: &Term<'_>) -> Result<Value> {
    numpy::sum(cx, &x.clone().done()?, &[], false)
}

impl Estimate {
    fn new(cx: &Scope, dataset: &Value, weights: Option<&Value>, bw_method: &str) -> Result<Self> {
        let dataset = numpy::atleast_2d(cx, dataset)?;
        let (rank, n) = (dataset.ty().rank(), dataset.shape()[1]);
        if rank != 2 || dataset.ty().numel() < 2 || dataset.ty().dtype.is_complex() {
            bail!(
                Shape,
                "gaussian_kde needs several real samples along one axis, got {}",
                dataset.ty()
            );
        }
        let (dataset, weights) = match weights {
            None => {
                let dataset = to_inexact(cx, &dataset)?;
                let dtype = dataset.ty().dtype;
                (dataset, numpy::full(cx, &[n].into(), 1.0 / n as f64, dtype)?)
            }
            Some(weights) => {
                if weights.shape()[..] != [n] {
                    bail!(Shape, "gaussian_kde needs {n} weights, got {}", weights.ty());
                }
                let [dataset, weights] = promoted_inexact(cx, [&dataset, weights])?;
                let sum = numpy::sum(cx, &weights, &[], false)?;
                (dataset, numpy::divide(cx, &weights, &sum)?)
            }
        };
        let w = Term::new(cx, &weights);
        let squares = Term::new(cx, &total(cx, &w.square())?);
        let factor = bandwidth(&(1.0 / &squares), dataset.shape()[0] as f64, bw_method)?;
        let mean = numpy::sum(cx, &numpy::multiply(cx, &dataset, &weights)?, &[1], true)?;
        let centred = numpy::subtract(cx, &dataset, &mean)?;
        let weighted = numpy::multiply(cx, &centred, &weights)?;
        let product = numpy::matmul(cx, &weighted, &numpy::matrix_transpose(cx, &centred)?)?;
        let data_cov = Term::new(cx, &product) / (1.0 - squares);
        let data_inv = data_cov.map(linalg::inv);
        let covariance = (data_cov * factor.square()).done()?;
        let inv_cov = (data_inv / factor.square()).done()?;
        Ok(Estimate { dataset, weights, covariance, inv_cov })
    }

    fn n_axes(&self) -> usize {
        self.dataset.shape()[0]
    }

    /// Points along axis 1, of as many axes as the samples.
    fn points(&self, cx: &Scope, points: &Value) -> Result<Value> {
        let (points, d) = (numpy::atleast_2d(cx, points)?, self.n_axes());
        match points.shape()[..] {
            [rows, _] if rows == d => Ok(points),
            [1, m] if m == d => ops::reshape(cx, &points, &[d, 1].into()),
            _ => {
                bail!(Shape, "points have shape {}, and the dataset has dimension {d}", points.ty())
            }
        }
    }

    /// The densities at points, or their logarithms.
    fn density(&self, cx: &Scope, points: &Value, in_log: bool) -> Result<Value> {
        let all = [&self.points(cx, points)?, &self.dataset, &self.weights, &self.inv_cov];
        let [points, dataset, weights, inv_cov] = promoted(cx, all)?;
        let whitening = linalg::cholesky(cx, &inv_cov, false, true)?;
        let white = |x: &Value| numpy::matmul(cx, &numpy::matrix_transpose(cx, x)?, &whitening);
        let roots = Term::new(cx, &numpy::diagonal(cx, &whitening, 0, 0, 1)?).ln();
        let half = 0.5 * self.n_axes() as f64;
        let log_norm = Term::new(cx, &total(cx, &roots)?) - half * TAU.ln();
        let at = numpy::expand_dims(cx, &white(&points)?, &[1])?;
        let distance = numpy::subtract(cx, &white(&dataset)?, &at)?;
        let square = numpy::sum(cx, &numpy::square(cx, &distance)?, &[-1], false)?;
        let exponent = log_norm - Term::new(cx, &square) * 0.5;
        let weights = Term::new(cx, &weights);
        match in_log {
            true => numpy::logsumexp(cx, &(weights.ln() + exponent).done()?, &[-1], false),
            false => numpy::sum(cx, &(weights * exponent.exp()).done()?, &[-1], false),
        }
    }
}

/// By what the covariance of samples is scaled for the densities around them.
fn bandwidth<'a>(neff: &Term<'a>, d: f64, method: &str) -> Result<Term<'a>> {
    let power = neff.constant(-1.0 / (d + 4.0));
    match (method, method.parse()) {
        ("scott", _) => Ok(neff.power(&power)),
        ("silverman", _) => Ok((neff * (d + 2.0) / 4.0).power(&power)),
        (_, Ok(factor)) => Ok(neff.constant(factor)),
        _ => bail!(
            InvalidArgument,
            "gaussian_kde takes a bw_method of scott, silverman or a number, got {method:?}"
        ),
    }
}

/// The density that samples along the last axis suggest, or its logarithm, at points.
pub fn kde_density(
    cx: &Scope,
    [dataset, points]: [&Value; 2],
    weights: Option<&Value>,
    (bw_method, in_log): (&str, bool),
) -> Result<Value> {
    Estimate::new(cx, dataset, weights, bw_method)?.density(cx, points, in_log)
}

/// How much of that density lies between two numbers.
pub fn kde_integrate_box_1d(
    cx: &Scope,
    [dataset, low, high]: [&Value; 3],
    weights: Option<&Value>,
    bw_method: &str,
) -> Result<Value> {
    let estimate = Estimate::new(cx, dataset, weights, bw_method)?;
    if estimate.n_axes() != 1 || low.ty().rank() > 0 || high.ty().rank() > 0 {
        let types = (dataset.ty(), low.ty(), high.ty());
        bail!(
            Shape,
            "integrate_box_1d needs numbers as samples and bounds, got {}, {} and {}",
            types.0,
            types.1,
            types.2
        );
    }
    let sigma = numpy::sqrt(cx, &ops::reshape(cx, &estimate.covariance, &[].into())?)?;
    let samples = ops::squeeze(cx, &estimate.dataset, [0])?;
    let below = |bound: &Value| {
        let distance = numpy::divide(cx, &numpy::subtract(cx, bound, &samples)?, &sigma)?;
        crate::special::ndtr(cx, &distance).map(|part| Term::new(cx, &part))
    };
    total(cx, &(Term::new(cx, &estimate.weights) * (below(high)? - below(low)?)))
}

/// The integral of that density times a normal density.
pub fn kde_integrate_gaussian(
    cx: &Scope,
    [dataset, mean, cov]: [&Value; 3],
    weights: Option<&Value>,
    bw_method: &str,
) -> Result<Value> {
    let estimate = Estimate::new(cx, dataset, weights, bw_method)?;
    let d = estimate.n_axes();
    let (mean, cov) = (numpy::atleast_1d(cx, mean)?, numpy::atleast_2d(cx, cov)?);
    if mean.shape()[..] != [d] || cov.shape()[..] != [d, d] {
        bail!(
            Shape,
            "integrate_gaussian needs a mean and a covariance of dimension {d}, got {} and {}",
            mean.ty(),
            cov.ty()
        );
    }
    let sum = numpy::add(cx, &estimate.covariance, &cov)?;
    let lower = linalg::cholesky(cx, &sum, false, true)?;
    let roots = Term::new(cx, &numpy::diagonal(cx, &lower, 0, 0, 1)?);
    let size = roots.map(|cx, x| numpy::prod(cx, x, &[], false)) * TAU.sqrt().powi(d as i32);
    let away = numpy::subtract(cx, &estimate.dataset, &numpy::expand_dims(cx, &mean, &[1])?)?;
    let alpha = linalg::solve(cx, &sum, &away)?;
    let squares = numpy::sum(cx, &numpy::multiply(cx, &away, &alpha)?, &[0], false)?;
    let terms = (Term::new(cx, &squares) * -0.5).exp() * Term::new(cx, &estimate.weights);
    (Term::new(cx, &total(cx, &terms)?) / size).done()
}

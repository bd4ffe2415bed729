//! Vectors that depend on each other, and orthogonal matrices.

use jaxrs_data::{DType, Result, Shape, bail};
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{check_float, joint_shape, normal};
use crate::formula::Term;
use crate::numpy::{self, linalg};
use crate::operands::broadcast_shape;

/// Vectors from the normal distribution of a mean and a covariance, whose matrices lie along the last axes. `method`
/// says by which square root of the covariance: `cholesky`, `eigh` or `svd`.
pub fn multivariate_normal(
    cx: &Scope,
    key: &Value,
    [mean, cov]: [&Value; 2],
    shape: Option<&Shape>,
    (dtype, method): (DType, &str),
) -> Result<Value> {
    let name = "random_multivariate_normal";
    check_float(name, dtype)?;
    let (&[ref means @ .., n], &[ref covs @ .., rows, columns]) =
        (&mean.shape()[..], &cov.shape()[..])
    else {
        bail!(
            Shape,
            "{name} needs a mean of 1 axis or more and a cov of 2, got {} and {}",
            mean.ty(),
            cov.ty()
        );
    };
    if (rows, columns) != (n, n) {
        bail!(Shape, "{name} needs a cov of {n}×{n} for a mean of {n} elements, got {}", cov.ty());
    }
    let parameters = broadcast_shape(name, &[&means.into(), &covs.into()])?;
    let leading = joint_shape(name, shape, &[&parameters])?;
    let factor = square_root(cx, cov, method)?;
    let unit = normal(cx, key, &leading.with(leading.rank(), n), dtype)?;
    let sample = numpy::einsum(cx, "...ij,...j->...i", &[factor, unit])?;
    numpy::add(cx, mean, &sample)
}

/// A matrix that gives the covariance, times its own transpose.
fn square_root(cx: &Scope, cov: &Value, method: &str) -> Result<Value> {
    let (vectors, values) = match method {
        "cholesky" => return linalg::cholesky(cx, cov, false, true),
        "eigh" => {
            let mut results = linalg::eigh(cx, cov, "L", true)?;
            (results.swap_remove(1), results.swap_remove(0))
        }
        "svd" => {
            let mut results = linalg::svd(cx, cov, true, true, false)?;
            results.truncate(2);
            (results.swap_remove(0), results.swap_remove(0))
        }
        _ => bail!(
            InvalidArgument,
            "random_multivariate_normal takes a method of cholesky, eigh, svd, got {method:?}"
        ),
    };
    let scale = numpy::expand_dims(cx, &numpy::sqrt(cx, &values)?, &[-2])?;
    numpy::multiply(cx, &vectors, &scale)
}

/// Matrices with orthonormal columns, or rows if those are fewer, evenly distributed: the orthogonal factor of a normal
/// matrix, its signs chosen by those of the other factor's diagonal (Mezzadri, "How to generate random matrices from
/// the classical compact groups", 2007).
pub fn orthogonal(
    cx: &Scope,
    key: &Value,
    [n, m]: [usize; 2],
    shape: &Shape,
    dtype: DType,
) -> Result<Value> {
    check_float("random_orthogonal", dtype)?;
    let matrix: Shape = shape.iter().copied().chain([n.max(m), n.min(m)]).collect();
    let mut factors = linalg::qr(cx, &normal(cx, key, &matrix, dtype)?, "reduced")?;
    let signs =
        Term::new(cx, &numpy::diagonal(cx, &factors.swap_remove(1), 0, -2, -1)?).unary(Unary::Sign);
    let signs = signs.map(|cx, x| numpy::expand_dims(cx, x, &[-2]));
    let q = (Term::new(cx, &factors.swap_remove(0)) * signs).done()?;
    if n < m { numpy::swapaxes(cx, &q, -1, -2) } else { Ok(q) }
}

//! Rotations of space, as `jax.scipy.spatial.transform` has them.
//!
//! A rotation is a unit quaternion (x, y, z, w) along the last axis; leading axes hold several, and broadcast.

mod convert;
mod euler;

pub use convert::*;
pub use euler::*;
use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy;
use crate::operands::{broadcast, broadcast_shape, promoted, to_inexact};

/// The `N` elements along the last axis, as floats.
fn parts<'a, const N: usize>(cx: &'a Scope, name: &str, x: &Value) -> Result<[Term<'a>; N]> {
    let x = to_inexact(cx, x)?;
    let rank = x.ty().rank();
    if x.shape().last() != Some(&N) || !x.ty().dtype.is_float() {
        bail!(Shape, "{name} needs {N} real numbers along the last axis, got {}", x.ty());
    }
    let part = |k: usize| -> Result<Value> {
        let slice = ops::slice_in_dim(cx, &x, rank - 1, k, k + 1)?;
        ops::squeeze(cx, &slice, [rank - 1])
    };
    let mut terms = Vec::with_capacity(N);
    for k in 0..N {
        terms.push(Term::new(cx, &part(k)?));
    }
    terms.try_into().map_err(|_| jaxrs_data::Error::internal("an axis was cut into too few"))
}

/// Numbers along a new last axis, those of all broadcast to one shape.
fn joined<'a>(cx: &Scope, terms: impl IntoIterator<Item = Term<'a>>) -> Result<Value> {
    let values: Vec<Value> = terms.into_iter().map(Term::done).collect::<Result<_>>()?;
    let shape =
        broadcast_shape("a rotation", &values.iter().map(Value::shape).collect::<Vec<_>>())?;
    let spread = |x| broadcast(cx, "a rotation", x, &shape);
    numpy::stack(cx, &values.iter().map(spread).collect::<Result<Vec<_>>>()?, -1)
}

fn norm<'a>(x: &[Term<'a>]) -> Term<'a> {
    let squares = x[1..].iter().fold(x[0].square(), |sum, x| sum + x.square());
    squares.sqrt()
}

fn normalized<'a>(cx: &Scope, q: &[Term<'a>]) -> Result<Value> {
    let size = norm(q);
    joined(cx, q.iter().map(|x| x / &size))
}

/// A quaternion of any size as a rotation.
pub fn from_quat(cx: &Scope, quat: &Value) -> Result<Value> {
    normalized(cx, &parts::<4>(cx, "rotation_from_quat", quat)?)
}

/// The product of two quaternions: the rotation `q`, then `p`.
fn product<'a>(p: &[Term<'a>; 4], q: &[Term<'a>; 4]) -> [Term<'a>; 4] {
    let cross = |i: usize, j: usize| &p[i] * &q[j] - &p[j] * &q[i];
    let axis = |k: usize, cross: Term<'a>| &p[3] * &q[k] + &q[3] * &p[k] + cross;
    [
        axis(0, cross(1, 2)),
        axis(1, cross(2, 0)),
        axis(2, cross(0, 1)),
        &p[3] * &q[3] - &p[0] * &q[0] - &p[1] * &q[1] - &p[2] * &q[2],
    ]
}

/// The rotation `q`, then `p`.
pub fn mul(cx: &Scope, p: &Value, q: &Value) -> Result<Value> {
    let [p, q] = promoted(cx, [p, q])?;
    let (p, q) = (parts(cx, "rotation_mul", &p)?, parts(cx, "rotation_mul", &q)?);
    normalized(cx, &product(&p, &q))
}

/// The rotation back.
pub fn inv(cx: &Scope, quat: &Value) -> Result<Value> {
    let [x, y, z, w] = parts(cx, "rotation_inv", quat)?;
    joined(cx, [-x, -y, -z, w])
}

/// The angle of a rotation, from 0 to π.
pub fn magnitude(cx: &Scope, quat: &Value) -> Result<Value> {
    let [x, y, z, w] = parts(cx, "rotation_magnitude", quat)?;
    (norm(&[x, y, z]).with(&w.abs(), numpy::arctan2) * 2.0).done()
}

/// The mean of rotations along the leading axis: the largest eigenvector of the sum of their squares.
pub fn mean(cx: &Scope, quat: &Value, weights: Option<&Value>) -> Result<Value> {
    let quat = to_inexact(cx, quat)?;
    if quat.ty().rank() != 2 || quat.shape()[1] != 4 {
        bail!(Shape, "rotation_mean needs rotations along one axis, got {}", quat.ty());
    }
    let mut columns = numpy::matrix_transpose(cx, &quat)?;
    if let Some(weights) = weights {
        if weights.shape()[..] != quat.shape()[..1] {
            bail!(
                Shape,
                "rotation_mean needs a weight for each of {}, got {}",
                quat.ty(),
                weights.ty()
            );
        }
        columns = numpy::multiply(cx, weights, &columns)?;
    }
    let sum = numpy::matmul(cx, &columns, &quat)?;
    let vectors = numpy::linalg::eigh(cx, &sum, "L", true)?.swap_remove(1);
    ops::squeeze(cx, &ops::slice_in_dim(cx, &vectors, 1, 3, 4)?, [1])
}

/// Vectors turned by rotations, or back.
pub fn apply(cx: &Scope, quat: &Value, vectors: &Value, inverse: bool) -> Result<Value> {
    let [quat, vectors] = promoted(cx, [quat, vectors])?;
    let rows = matrix(&parts(cx, "rotation_apply", &quat)?);
    let v: [Term<'_>; 3] = parts(cx, "rotation_apply", &vectors)?;
    let entry = |i: usize, j: usize| if inverse { &rows[j][i] } else { &rows[i][j] };
    joined(cx, (0..3).map(|i| entry(i, 0) * &v[0] + entry(i, 1) * &v[1] + entry(i, 2) * &v[2]))
}

/// The rotations at times between those of given rotations, from each to the next at an even pace.
pub fn slerp(cx: &Scope, times: &Value, quats: &Value, at: &Value) -> Result<Value> {
    let (n, rank) = (times.shape().first().copied().unwrap_or(0), at.ty().rank());
    if times.ty().rank() != 1 || n < 2 || quats.shape()[..] != [n, 4] || rank > 1 {
        bail!(
            Shape,
            "slerp needs times, a rotation for each, and times along one axis, got {}, {} and {}",
            times.ty(),
            quats.ty(),
            at.ty()
        );
    }
    let quats = to_inexact(cx, quats)?;
    let as_float = |x: &Value| crate::operands::convert(cx, x, quats.ty().dtype, false);
    let (times, at) = (as_float(times)?, as_float(at)?);
    let first = ops::slice_in_dim(cx, &quats, 0, 0, n - 1)?;
    let next = ops::slice_in_dim(cx, &quats, 0, 1, n)?;
    let turns = as_rotvec(cx, &mul(cx, &inv(cx, &first)?, &next)?, false)?;
    let place = Term::new(cx, &numpy::searchsorted(cx, &times, &at, "left")?) - 1.0;
    let place = place.max(&place.constant(0.0)).done()?;
    let taken = |x: &Value| numpy::take(cx, x, &place, 0, "clip");
    let way = Term::new(cx, &at) - Term::new(cx, &taken(&times)?);
    let way = (way / Term::new(cx, &taken(&numpy::diff(cx, &times, 1, -1)?)?)).done()?;
    let way = numpy::expand_dims(cx, &way, &[-1])?;
    let turn = numpy::multiply(cx, &taken(&turns)?, &way)?;
    mul(cx, &taken(&first)?, &from_rotvec(cx, &turn, false)?)
}

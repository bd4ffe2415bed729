//! Rotations as matrices, as vectors along the axis, and back.

use jaxrs_data::{Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{joined, norm, normalized, parts};
use crate::formula::Term;
use crate::numpy;
use crate::operands::to_inexact;

/// A quaternion whose first part from behind that is not 0 is positive.
pub fn as_quat(cx: &Scope, quat: &Value, canonical: bool, scalar_first: bool) -> Result<Value> {
    let q: [Term<'_>; 4] = parts(cx, "rotation_as_quat", quat)?;
    let mut result = joined(cx, q.clone())?;
    if canonical {
        let [x, y, z, w] = q.each_ref().map(|x| (x.is(0.0), x.below(0.0)));
        let negative = z.1.and(&y.0).or(&y.1).and(&x.0).or(&x.1).and(&w.0).or(&w.1);
        let sign = negative.choose(&q[0].constant(-1.0), &q[0].constant(1.0));
        result = joined(cx, q.iter().map(|x| x * &sign))?;
    }
    if scalar_first { numpy::roll(cx, &result, 1, Some(-1)) } else { Ok(result) }
}

/// The rows of the matrix of a rotation.
pub(super) fn matrix<'a>([x, y, z, w]: &[Term<'a>; 4]) -> [[Term<'a>; 3]; 3] {
    let [x2, y2, z2, w2] = [x, y, z, w].map(Term::square);
    let twice = |a: Term<'a>| a * 2.0;
    [
        [&x2 - &y2 - &z2 + &w2, twice(x * y - z * w), twice(x * z + y * w)],
        [twice(x * y + z * w), -&x2 + &y2 - &z2 + &w2, twice(y * z - x * w)],
        [twice(x * z - y * w), twice(y * z + x * w), -x2 - y2 + z2 + w2],
    ]
}

/// The matrix of a rotation.
pub fn as_matrix(cx: &Scope, quat: &Value) -> Result<Value> {
    let rows = matrix(&parts(cx, "rotation_as_matrix", quat)?);
    let rows: Vec<Value> = rows.into_iter().map(|row| joined(cx, row)).collect::<Result<_>>()?;
    numpy::stack(cx, &rows, -2)
}

/// The rotation of a matrix, by the largest of the quaternion's parts.
pub fn from_matrix(cx: &Scope, matrix: &Value) -> Result<Value> {
    let rank = matrix.ty().rank();
    if rank < 2 || matrix.shape()[rank - 2..] != [3, 3] {
        bail!(Shape, "rotation_from_matrix needs matrices of 3 by 3, got {}", matrix.ty());
    }
    let flat: Vec<usize> = matrix.shape()[..rank - 2].iter().copied().chain([9]).collect();
    let m: [Term<'_>; 9] =
        parts(cx, "rotation_from_matrix", &ops::reshape(cx, matrix, &flat.as_slice().into())?)?;
    let at = |i: usize, j: usize| &m[3 * i + j];
    let trace = at(0, 0) + at(1, 1) + at(2, 2);
    let decision = [at(0, 0), at(1, 1), at(2, 2), &trace].map(Clone::clone);
    let choice =
        numpy::argmax(cx, &joined(cx, decision)?, Some(-1), false, jaxrs_data::DType::I32)?;
    let choice = Term::new(cx, &choice);
    let mut best = [at(2, 1) - at(1, 2), at(0, 2) - at(2, 0), at(1, 0) - at(0, 1), &trace + 1.0];
    for i in 0..3 {
        let (j, k) = ((i + 1) % 3, (i + 2) % 3);
        let is_it = choice.is(i as f64);
        let own = at(i, i) * 2.0 + (1.0 - &trace);
        best[i] = is_it.choose(&own, &best[i]);
        best[j] = is_it.choose(&(at(j, i) + at(i, j)), &best[j]);
        best[k] = is_it.choose(&(at(k, i) + at(i, k)), &best[k]);
        best[3] = is_it.choose(&(at(k, j) - at(j, k)), &best[3]);
    }
    normalized(cx, &best)
}

/// The modified Rodrigues parameters: the axis, as long as the tangent of a fourth of the angle.
pub fn as_mrp(cx: &Scope, quat: &Value) -> Result<Value> {
    let [x, y, z, w] = parts(cx, "rotation_as_mrp", quat)?;
    let sign = w.below(0.0).choose(&w.constant(-1.0), &w.constant(1.0));
    let scale = &sign / (&sign * &w + 1.0);
    joined(cx, [x * &scale, y * &scale, z * &scale])
}

/// The rotation of modified Rodrigues parameters.
pub fn from_mrp(cx: &Scope, mrp: &Value) -> Result<Value> {
    let [x, y, z] = parts(cx, "rotation_from_mrp", mrp)?;
    let size = x.square() + y.square() + z.square() + 1.0;
    joined(cx, [x * 2.0 / &size, y * 2.0 / &size, z * 2.0 / &size, (2.0 - &size) / &size])
}

/// The axis, as long as the angle, in radians or degrees.
pub fn as_rotvec(cx: &Scope, quat: &Value, degrees: bool) -> Result<Value> {
    let q: [Term<'_>; 4] = parts(cx, "rotation_as_rotvec", quat)?;
    // Of the two quaternions of a rotation the one whose angle is at most π.
    let turned = q[3].below(0.0);
    let [x, y, z, w] = q.map(|x| turned.choose(&-&x, &x));
    let axis = [x, y, z];
    let angle = norm(&axis).with(&w, numpy::arctan2) * 2.0;
    let square = angle.square();
    let small = &square / 12.0 + 2.0 + &square * 7.0 * &square / 2880.0;
    let large = &angle / (&angle / 2.0).map(numpy::sin);
    let scale = angle.at_most(&angle.constant(1e-3)).choose(&small, &large);
    let scale = if degrees { scale.map(numpy::rad2deg) } else { scale };
    joined(cx, axis.iter().map(|x| &scale * x))
}

/// The rotation about an axis by its length, in radians or degrees.
pub fn from_rotvec(cx: &Scope, rotvec: &Value, degrees: bool) -> Result<Value> {
    let rotvec = to_inexact(cx, rotvec)?;
    let rotvec = if degrees { numpy::deg2rad(cx, &rotvec)? } else { rotvec };
    let axis: [Term<'_>; 3] = parts(cx, "rotation_from_rotvec", &rotvec)?;
    let angle = norm(&axis);
    let square = angle.square();
    let small = 0.5 - &square / 48.0 + &square * &square / 3840.0;
    let large = (&angle / 2.0).map(numpy::sin) / &angle;
    let scale = angle.at_most(&angle.constant(1e-3)).choose(&small, &large);
    let cos = (&angle / 2.0).cos();
    joined(cx, axis.iter().map(|x| &scale * x).chain([cos]))
}

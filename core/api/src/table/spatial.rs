//! Rotations of space.

use super::search::one_more;
use super::*;
use crate::spatial;

const DEGREES: &str = "whether angles are in degrees, not radians";
const SEQ: &str =
    "the axes, one after another: `xyz` of space, or `XYZ` of the body that turns with it";

pub(super) static OPS: &[Op] = &[
    op!("rotation_from_quat", "Quaternions (x, y, z, w) along the last axis as rotations: of size 1.", (quat)
        => |cx| spatial::from_quat(cx, quat)),
    op!("rotation_from_matrix", "The rotations of matrices.", (matrix) => |cx| spatial::from_matrix(cx, matrix)),
    op!("rotation_from_rotvec", "The rotations about vectors by their lengths.", (rotvec) { degrees: Bool = false, DEGREES; }
        => |cx| spatial::from_rotvec(cx, rotvec, degrees)),
    op!("rotation_from_mrp", "The rotations of modified Rodrigues parameters.", (mrp) => |cx| spatial::from_mrp(cx, mrp)),
    op!("rotation_from_euler", "Turns about axes by angles, which lie along the last axis.", (angles) { seq: Str, SEQ; degrees: Bool = false, DEGREES; }
        => |cx| spatial::from_euler(cx, angles, seq, degrees)),
    op!("rotation_as_quat", "The quaternions of rotations.", (quat)
        { canonical: Bool = false, "whether of the two quaternions of a rotation that one whose last part is not negative"; scalar_first: Bool = false, "whether w comes first"; }
        => |cx| spatial::as_quat(cx, quat, canonical, scalar_first)),
    op!("rotation_as_matrix", "The matrices of rotations.", (quat) => |cx| spatial::as_matrix(cx, quat)),
    op!("rotation_as_rotvec", "The axes of rotations, as long as the angles.", (quat) { degrees: Bool = false, DEGREES; }
        => |cx| spatial::as_rotvec(cx, quat, degrees)),
    op!("rotation_as_mrp", "The modified Rodrigues parameters of rotations.", (quat) => |cx| spatial::as_mrp(cx, quat)),
    op!("rotation_as_euler", "The angles of three turns about axes.", (quat) { seq: Str, SEQ; degrees: Bool = false, DEGREES; }
        => |cx| spatial::as_euler(cx, quat, seq, degrees)),
    op!("rotation_apply", "Vectors, along the last axis, turned by rotations.", (quat, vectors) { inverse: Bool = false, "whether they are turned back"; }
        => |cx| spatial::apply(cx, quat, vectors, inverse)),
    op!("rotation_mul", "The rotations q, then p.", (p, q) => |cx| spatial::mul(cx, p, q)),
    op!("rotation_inv", "The rotations back.", (quat) => |cx| spatial::inv(cx, quat)),
    op!("rotation_magnitude", "The angles of rotations.", (quat) => |cx| spatial::magnitude(cx, quat)),
    op!("rotation_mean", "The mean of rotations along the leading axis; weights may follow.", (quat [weights])
        => |cx| spatial::mean(cx, quat, one_more("rotation_mean", weights)?)),
    op!("slerp", "The rotations at times between those of given rotations, from each to the next at an even pace.", (times, quats, at)
        => |cx| spatial::slerp(cx, times, quats, at)),
];

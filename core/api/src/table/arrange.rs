//! Shapes and orders.

use jaxrs_data::Shape;

use super::*;
use crate::{lax, numpy};

const FLAT: &str = "along which axis; along the flattened array if none";
const ALONG: &str = "along which axis";

/// A shape as a caller gives it.
pub(super) fn shape_of(name: &str, dims: &[i64], dtype: DType) -> Result<Shape> {
    Shape::from_user(name, dims, dtype.size_bytes())
}

pub(super) static OPS: &[Op] = &[
    op!("reshape", "The same elements in row-major order under another shape.", (x)
        { shape: I64s, "the new sizes; one may be -1"; } => |cx| numpy::reshape(cx, x, shape)),
    op!("ravel", "All elements along one axis.", (x) => |cx| numpy::ravel(cx, x)),
    op!("transpose", "Axes in another order.", (x)
        { axes: I64s = &[], "for each axis of the result, that of x; an empty list reverses"; }
        => |cx| numpy::transpose(cx, x, axes)),
    op!("swapaxes", "Exchanges two axes.", (x) { axis1: I64, "one axis"; axis2: I64, "the other axis"; }
        => |cx| numpy::swapaxes(cx, x, axis1, axis2)),
    op!("moveaxis", "Moves axes to other places; the others keep their order.", (x)
        { source: I64s, "which axes"; destination: I64s, "where they go"; }
        => |cx| numpy::moveaxis(cx, x, source, destination)),
    op!("expand_dims", "New axes of size 1.", (x) { axes: I64s, "their places in the result"; }
        => |cx| numpy::expand_dims(cx, x, axes)),
    op!("squeeze", "Drops axes of size 1.", (x)
        { axes: I64s = &[], "which axes; an empty list stands for all of size 1"; }
        => |cx| numpy::squeeze(cx, x, axes)),
    op!("broadcast_to", "An array repeated to a shape by NumPy's rules.", (x)
        { shape: I64s, "the shape of the result"; }
        => |cx| numpy::broadcast_to(cx, x, &shape_of("broadcast_to", shape, x.ty().dtype)?)),
    op!("broadcast_in_dim", "An array repeated to a shape, its axes at given places.", (x)
    { shape: I64s, "the shape of the result"; broadcast_dimensions: I64s, "for each axis of x, that of the result"; }
    => |cx| {
        let shape = shape_of("broadcast_in_dim", shape, x.ty().dtype)?;
        lax::broadcast_in_dim(cx, x, &shape, broadcast_dimensions)
    }),
    op!("concatenate", "Arrays joined along an axis.", ([arrays]) { axis: I64 = 0, ALONG; }
        => |cx| numpy::concatenate(cx, arrays, axis)),
    op!("stack", "Arrays of one shape joined along a new axis.", ([arrays])
        { axis: I64 = 0, "the place of the new axis"; } => |cx| numpy::stack(cx, arrays, axis)),
    op!("unstack", "The arrays that an array consists of along an axis.", (x) { axis: I64 = 0, ALONG; }
        => list |cx| lax::unstack(cx, x, axis)),
    op!("split", "An array cut into equal parts.", (x)
        { sections: I64, "how many parts"; axis: I64 = 0, ALONG; }
        => list |cx| numpy::split(cx, x, sections, axis)),
    op!("split_at", "An array cut at given positions.", (x)
        { indices: I64s, "where to cut"; axis: I64 = 0, ALONG; }
        => list |cx| numpy::split_at(cx, x, indices, axis)),
    op!("roll", "Elements moved along an axis; what leaves at one end comes in at the other.", (x)
        { shift: I64, "by how much"; axis: Axis = None, FLAT; }
        => |cx| numpy::roll(cx, x, shift, axis)),
    op!("flip", "The reverse order along axes.", (x)
        { axes: I64s = &[], AXES; } => |cx| numpy::flip(cx, x, axes)),
    op!("rev", "The reverse order along listed axes; none for an empty list.", (x)
        { dimensions: I64s, "which axes"; } => |cx| lax::rev(cx, x, dimensions)),
    op!("pad", "Elements put before, after and between; negative numbers cut elements off.", (x, value)
    { low: I64s, "for each axis, how many before"; high: I64s, "for each axis, how many after";
      interior: I64s = &[], "for each axis, how many between two; an empty list for none"; }
    => |cx| {
        let zeros = vec![0; x.ty().rank()];
        let interior = if interior.is_empty() { &zeros } else { interior };
        let value = numpy::astype(cx, value, x.ty().dtype)?;
        lax::pad(cx, x, &value, low, high, interior)
    }),
    op!("tile", "An array repeated along its axes.", (x) { reps: I64s, "how often along each axis"; }
        => |cx| numpy::tile(cx, x, reps)),
    op!("repeat", "Each element repeated along an axis.", (x)
        { repeats: I64, "how often"; axis: Axis = None, "along which axis; of the flattened array if none"; }
        => |cx| numpy::repeat(cx, x, repeats, axis)),
    op!("slice", "A static part.", (x)
        { start_indices: I64s, "for each axis, the first position"; limit_indices: I64s, "for each axis, the end";
          strides: I64s = &[], "for each axis, the step; an empty list for 1"; }
        => |cx| lax::slice(cx, x, start_indices, limit_indices, strides)),
];

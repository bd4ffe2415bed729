//! Images, and values between those of a grid.

use super::arrange::shape_of;
use super::*;
use crate::{image, interpolate};

const SHAPE: &str = "the shape of the result, for each axis";
const METHOD: &str = "`linear`, `cubic`, `cubic-pytorch`, `lanczos3`, `lanczos5` or `area`";
const ANTIALIAS: &str = "whether pixels are had from more others where an image shrinks";

pub(super) static OPS: &[Op] = &[
    op!("image_resize", "The image in another size.", (image)
        { shape: I64s, SHAPE; method: Str, "`nearest`, `linear`, `cubic`, `cubic-pytorch`, `lanczos3`, `lanczos5` or `area`"; antialias: Bool = true, ANTIALIAS; }
        => |cx| image::resize(cx, image, &shape_of("image_resize", shape, image.ty().dtype)?, method, antialias)),
    op!("image_scale_and_translate", "The image in a frame, at its position times scale plus translation along some axes, zeros around it.", (image, scale, translation)
    { shape: I64s, SHAPE; spatial_dims: I64s, "the axes that scale and translation are about, in their order"; method: Str, METHOD; antialias: Bool = true, ANTIALIAS; }
    => |cx| {
        let placement = image::Placement { spatial_dims, method, antialias };
        let shape = shape_of("image_scale_and_translate", shape, image.ty().dtype)?;
        image::scale_and_translate(cx, image, [scale, translation], &shape, placement)
    }),
    op!("map_coordinates", "The elements at positions between those of the array, one array of coordinates for each of its axes.", (input [coordinates])
        { order: I64, "0 for the nearest element, 1 for a mean of neighbours"; mode: Str = "constant", "what lies outside: `constant`, `nearest`, `wrap`, `mirror` or `reflect`"; cval: F64 = 0.0, "the constant"; }
        => |cx| interpolate::map_coordinates(cx, input, coordinates, (order, mode, cval))),
    op!("regular_grid_interpolator", "The values at points, rows of xi, between those of a grid, whose places along each axis are given in ascending order.", (xi, values [points])
        { method: Str = "linear", "`linear` or `nearest`"; fill_value: F64 = f64::NAN, "the value outside the grid"; extrapolate: Bool = false, "whether values outside go on as at the border instead"; }
        => |cx| interpolate::interpolate_grid(cx, xi, values, points, method, (!extrapolate).then_some(fill_value))),
];

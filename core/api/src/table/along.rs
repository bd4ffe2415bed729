//! Slices along one axis, and other shorthands of `jax.lax`.

use super::window::PadPairs;
use super::*;
use crate::lax::{self, ConvOptions};
use crate::operands::promoted;

const ALONG: &str = "along which axis";
const KEPT: &str = "whether the axis stays with size 1";
const STRIDES: &str = "from one window to the next, for each spatial axis; ones if empty";
const PADDING: &str = "`VALID` for none, `SAME` or `SAME_LOWER` for a window at each stride";

/// What stands for no number.
const NONE: i64 = i64::MIN;

pub(super) static OPS: &[Op] = &[
    op!("dynamic_slice_in_dim", "A window along one axis at a computed start, moved so that it fits.", (x, start_index)
        { slice_size: I64, "the size of the window"; axis: I64 = 0, ALONG; }
        => |cx| lax::dynamic_slice_in_dim(cx, x, start_index, slice_size, axis)),
    op!("dynamic_index_in_dim", "The elements at a computed position along one axis.", (x, index)
        { axis: I64 = 0, ALONG; keepdims: Bool = true, KEPT; }
        => |cx| lax::dynamic_index_in_dim(cx, x, index, axis, keepdims)),
    op!("dynamic_update_slice_in_dim", "x with a window along one axis replaced, moved so that it fits.", (x, update, start_index) { axis: I64 = 0, ALONG; }
        => |cx| lax::dynamic_update_slice_in_dim(cx, x, update, start_index, axis)),
    op!("dynamic_update_index_in_dim", "x with the elements at one position along an axis replaced.", (x, update, index) { axis: I64 = 0, ALONG; }
        => |cx| lax::dynamic_update_index_in_dim(cx, x, update, index, axis)),
    op!("index_in_dim", "The elements at one position along an axis.", (x)
        { index: I64, "the position"; axis: I64 = 0, ALONG; keepdims: Bool = true, KEPT; }
        => |cx| lax::index_in_dim(cx, x, index, axis, keepdims)),
    op!("slice_in_dim", "The elements from a start to a limit along one axis.", (x)
        { start_index: I64 = 0, "the first position"; limit_index: I64 = NONE, "the end; all elements by default"; stride: I64 = 1, "the step"; axis: I64 = 0, ALONG; }
        => |cx| lax::slice_in_dim(cx, x, (start_index, (limit_index != NONE).then_some(limit_index), stride), axis)),
    op!("broadcast", "x repeated along new axes, which come first.", (x) { sizes: I64s, "the sizes of the new axes"; } => |cx| lax::broadcast(cx, x, sizes)),
    op!("collapse", "Axes from a first up to, not including, a last one made one.", (x)
        { start_dimension: I64, "the first"; stop_dimension: I64 = NONE, "the last; all axes by default"; }
        => |cx| lax::collapse(cx, x, start_dimension, (stop_dimension != NONE).then_some(stop_dimension))),
    op!("conv", "A convolution of features before spatial axes; see conv_general_dilated.", (x, kernel)
    { window_strides: I64s = &[], STRIDES; padding: Str = "VALID", PADDING; }
    => |cx| {
        let [x, kernel] = promoted(cx, [x, kernel])?;
        let pads = PadPairs::new(padding, &[])?;
        let strides = lax::sizes("conv", "window_strides", window_strides)?;
        let options = ConvOptions { window_strides: &strides, padding: pads.padding()?, ..ConvOptions::default() };
        lax::conv_general_dilated(cx, &x, &kernel, &options)
    }),
];

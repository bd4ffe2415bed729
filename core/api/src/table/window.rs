//! Convolutions and other operations on windows.

use jaxrs_kernel::ReduceOp;

use super::*;
use crate::lax::{self, ConvOptions, ConvTransposeOptions, Padding, WindowOptions};
use crate::numpy;
use crate::operands::promoted;

const STRIDES: &str = "from one window to the next, for each spatial axis; ones if empty";
pub(super) const PADDING: &str =
    "`VALID` for none, `SAME` or `SAME_LOWER` for a window at each stride";
const PADS: &str = "low and high padding of each spatial axis in turn, instead of `padding`";
const LHS_DILATION: &str =
    "from one element of x to the next, for each spatial axis; ones if empty";
const RHS_DILATION: &str = "from one element of the kernel to the next; ones if empty";
const NUMBERS: &str = "letters of the axes of x, kernel and result, such as `NHWC,HWIO->NHWC`; NC…, OI…, NC… if empty";
const PREFERRED: &str = "the element type of the result; the operands' own if none";
const WINDOW_STRIDES: &str = "from one window to the next, for each axis; ones if empty";
const WINDOW_PADS: &str = "low and high padding of each axis in turn, instead of `padding`";
const MODE: &str = "`full`, `same` or `valid`";

/// The padding that two attributes tell.
pub(super) struct PadPairs<'a> {
    name: &'a str,
    pairs: Vec<(i64, i64)>,
}

impl<'a> PadPairs<'a> {
    pub(super) fn new(name: &'a str, pads: &[i64]) -> Result<PadPairs<'a>> {
        if !pads.len().is_multiple_of(2) {
            bail!(InvalidArgument, "pads need a low and a high number for each axis, got {pads:?}");
        }
        Ok(PadPairs { name, pairs: pads.chunks(2).map(|pair| (pair[0], pair[1])).collect() })
    }

    pub(super) fn padding(&self) -> Result<Padding<'_>> {
        match &self.pairs[..] {
            [] => Padding::from_name(self.name),
            pairs => Ok(Padding::Explicit(pairs)),
        }
    }
}

/// The lists that windows take.
type WindowLists<'a> = (&'a [i64], &'a [i64], (&'a str, &'a [i64]), &'a [i64], &'a [i64]);

/// The sum, largest or smallest element of each window.
fn reduce_window(cx: &Scope, op: ReduceOp, x: &Value, lists: WindowLists<'_>) -> Result<Value> {
    let name = "reduce_window";
    let (dimensions, strides, (padding, pads), base, dilation) = lists;
    let pads = PadPairs::new(padding, pads)?;
    let options = WindowOptions {
        dimensions: &lax::sizes(name, "window_dimensions", dimensions)?,
        strides: &lax::sizes(name, "window_strides", strides)?,
        padding: pads.padding()?,
        base_dilation: &lax::sizes(name, "base_dilation", base)?,
        window_dilation: &lax::sizes(name, "window_dilation", dilation)?,
    };
    lax::reduce_window_monoid(cx, op, x, &options)
}

/// The largest or smallest element of windows of spatial axes.
fn pool(
    cx: &Scope,
    op: ReduceOp,
    x: &Value,
    window_shape: &[i64],
    strides: &[i64],
    padding: (&str, &[i64]),
) -> Result<Value> {
    let pads = PadPairs::new(padding.0, padding.1)?;
    let window_shape = lax::sizes("pool", "window_shape", window_shape)?;
    let strides = lax::sizes("pool", "strides", strides)?;
    lax::pool(cx, op, x, &window_shape, &strides, pads.padding()?)
}

/// A count of groups.
fn groups(name: &str, count: i64) -> Result<usize> {
    match usize::try_from(count) {
        Ok(count) if count > 0 => Ok(count),
        _ => bail!(InvalidArgument, "{name} needs group counts of at least 1, got {count}"),
    }
}

/// The lists of sizes that convolutions take.
struct Lists {
    strides: SmallVec<[usize; 4]>,
    lhs_dilation: SmallVec<[usize; 4]>,
    rhs_dilation: SmallVec<[usize; 4]>,
}

impl Lists {
    fn new(name: &str, strides: &[i64], lhs: &[i64], rhs: &[i64]) -> Result<Lists> {
        Ok(Lists {
            strides: lax::sizes(name, "strides", strides)?,
            lhs_dilation: lax::sizes(name, "lhs_dilation", lhs)?,
            rhs_dilation: lax::sizes(name, "rhs_dilation", rhs)?,
        })
    }

    fn options<'a>(
        &'a self,
        padding: Padding<'a>,
        x: &Value,
        numbers: &str,
    ) -> Result<ConvOptions<'a>> {
        Ok(ConvOptions {
            window_strides: &self.strides,
            padding,
            lhs_dilation: &self.lhs_dilation,
            rhs_dilation: &self.rhs_dilation,
            dimension_numbers: Some(lax::conv_dimension_numbers(x.ty().rank(), numbers)?),
            ..ConvOptions::default()
        })
    }
}

pub(super) static OPS: &[Op] = &[
    op!("conv_general_dilated", "The general convolution: windows of x times a kernel, summed over the window and over input features. Kernels are not turned around.", (x, kernel)
    { window_strides: I64s = &[], STRIDES; padding: Str = "VALID", PADDING; pads: I64s = &[], PADS;
      lhs_dilation: I64s = &[], LHS_DILATION; rhs_dilation: I64s = &[], RHS_DILATION;
      dimension_numbers: Str = "", NUMBERS;
      feature_group_count: I64 = 1, "groups of features, of which each makes output features of its own";
      batch_group_count: I64 = 1, "groups of the batch, of which each makes output features of its own";
      preferred_element_type: DType = None, PREFERRED; }
    => |cx| {
        let [x, kernel] = promoted(cx, [x, kernel])?;
        let pads = PadPairs::new(padding, pads)?;
        let lists = Lists::new("conv_general_dilated", window_strides, lhs_dilation, rhs_dilation)?;
        let options = ConvOptions {
            feature_group_count: groups("conv_general_dilated", feature_group_count)?,
            batch_group_count: groups("conv_general_dilated", batch_group_count)?,
            preferred_element_type,
            ..lists.options(pads.padding()?, &x, dimension_numbers)?
        };
        lax::conv_general_dilated(cx, &x, &kernel, &options)
    }),
    op!("conv_transpose", "A convolution with fractional strides: the shape of x grows by them.", (x, kernel)
    { strides: I64s = &[], "the strides of the convolution that this goes against; ones if empty";
      padding: Str = "SAME", "`VALID` or `SAME`: that of the convolution that this goes against";
      pads: I64s = &[], PADS; rhs_dilation: I64s = &[], RHS_DILATION;
      dimension_numbers: Str = "", "as of conv_general_dilated; features last if empty";
      transpose_kernel: Bool = false, "whether the kernel is that of the convolution that this goes against";
      preferred_element_type: DType = None, PREFERRED;
      use_consistent_padding: Bool = false, "whether pads, too, are those of the convolution that this goes against"; }
    => |cx| {
        let [x, kernel] = promoted(cx, [x, kernel])?;
        let pads = PadPairs::new(padding, pads)?;
        let lists = Lists::new("conv_transpose", strides, &[], rhs_dilation)?;
        let numbers = match dimension_numbers {
            "" => None,
            words => Some(lax::conv_dimension_numbers(x.ty().rank(), words)?),
        };
        let options = ConvTransposeOptions {
            strides: &lists.strides,
            padding: pads.padding()?,
            rhs_dilation: &lists.rhs_dilation,
            dimension_numbers: numbers,
            transpose_kernel,
            preferred_element_type,
            use_consistent_padding,
        };
        lax::conv_transpose(cx, &x, &kernel, &options)
    }),
    op!("conv_general_dilated_patches", "The windows of x, laid out along the feature axis: for each feature all its taps.", (x)
    { filter_shape: I64s, "the sizes of a window"; window_strides: I64s = &[], STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], PADS;
      lhs_dilation: I64s = &[], LHS_DILATION; rhs_dilation: I64s = &[], RHS_DILATION;
      dimension_numbers: Str = "", NUMBERS; }
    => |cx| {
        let name = "conv_general_dilated_patches";
        let pads = PadPairs::new(padding, pads)?;
        let lists = Lists::new(name, window_strides, lhs_dilation, rhs_dilation)?;
        let options = lists.options(pads.padding()?, x, dimension_numbers)?;
        lax::conv_general_dilated_patches(cx, x, &lax::sizes(name, "filter_shape", filter_shape)?, &options)
    }),
    op!("conv_general_dilated_local", "A convolution with a kernel of its own for each window, which has all taps of all features as input features.", (x, kernel)
    { filter_shape: I64s, "the sizes of a window"; window_strides: I64s = &[], STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], PADS;
      lhs_dilation: I64s = &[], LHS_DILATION; rhs_dilation: I64s = &[], RHS_DILATION;
      dimension_numbers: Str = "", NUMBERS; }
    => |cx| {
        let name = "conv_general_dilated_local";
        let [x, kernel] = promoted(cx, [x, kernel])?;
        let pads = PadPairs::new(padding, pads)?;
        let lists = Lists::new(name, window_strides, lhs_dilation, rhs_dilation)?;
        let options = lists.options(pads.padding()?, &x, dimension_numbers)?;
        lax::conv_general_dilated_local(cx, &x, &kernel, &lax::sizes(name, "filter_shape", filter_shape)?, &options)
    }),
    op!("convolve", "The convolution of two sequences.", (x, y)
        { mode: Str = "full", MODE; preferred_element_type: DType = None, PREFERRED; }
        => |cx| numpy::convolve(cx, x, y, mode, preferred_element_type)),
    op!("correlate", "The correlation of two sequences, the second conjugated.", (x, y)
        { mode: Str = "valid", MODE; preferred_element_type: DType = None, PREFERRED; }
        => |cx| numpy::correlate(cx, x, y, mode, preferred_element_type)),
    op!("reduce_window_sum", "The sum of each window; padding and gaps add nothing.", (x)
    { window_dimensions: I64s, "the sizes of a window"; window_strides: I64s = &[], WINDOW_STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], WINDOW_PADS;
      base_dilation: I64s = &[], "from one element of x to the next; ones if empty";
      window_dilation: I64s = &[], "from one element of a window to the next; ones if empty"; }
    => |cx| reduce_window(cx, ReduceOp::Add, x, (window_dimensions, window_strides, (padding, pads), base_dilation, window_dilation))),
    op!("reduce_window_max", "The largest element of each window; padding and gaps add nothing.", (x)
    { window_dimensions: I64s, "the sizes of a window"; window_strides: I64s = &[], WINDOW_STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], WINDOW_PADS;
      base_dilation: I64s = &[], "from one element of x to the next; ones if empty";
      window_dilation: I64s = &[], "from one element of a window to the next; ones if empty"; }
    => |cx| reduce_window(cx, ReduceOp::Max, x, (window_dimensions, window_strides, (padding, pads), base_dilation, window_dilation))),
    op!("reduce_window_min", "The smallest element of each window; padding and gaps add nothing.", (x)
    { window_dimensions: I64s, "the sizes of a window"; window_strides: I64s = &[], WINDOW_STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], WINDOW_PADS;
      base_dilation: I64s = &[], "from one element of x to the next; ones if empty";
      window_dilation: I64s = &[], "from one element of a window to the next; ones if empty"; }
    => |cx| reduce_window(cx, ReduceOp::Min, x, (window_dimensions, window_strides, (padding, pads), base_dilation, window_dilation))),
    op!("max_pool", "The largest element of windows of spatial axes, which lie before the last.", (x)
        { window_shape: I64s, "the sizes of a window"; strides: I64s = &[], STRIDES;
          padding: Str = "VALID", PADDING; pads: I64s = &[], PADS; }
        => |cx| pool(cx, ReduceOp::Max, x, window_shape, strides, (padding, pads))),
    op!("min_pool", "The smallest element of windows of spatial axes, which lie before the last.", (x)
        { window_shape: I64s, "the sizes of a window"; strides: I64s = &[], STRIDES;
          padding: Str = "VALID", PADDING; pads: I64s = &[], PADS; }
        => |cx| pool(cx, ReduceOp::Min, x, window_shape, strides, (padding, pads))),
    op!("avg_pool", "The mean of windows of spatial axes, which lie before the last.", (x)
    { window_shape: I64s, "the sizes of a window"; strides: I64s = &[], STRIDES;
      padding: Str = "VALID", PADDING; pads: I64s = &[], PADS;
      count_include_pad: Bool = true, "whether padding counts as elements"; }
    => |cx| {
        let pads = PadPairs::new(padding, pads)?;
        let window_shape = lax::sizes("avg_pool", "window_shape", window_shape)?;
        let strides = lax::sizes("avg_pool", "strides", strides)?;
        lax::avg_pool(cx, x, &window_shape, &strides, pads.padding()?, count_include_pad)
    }),
];

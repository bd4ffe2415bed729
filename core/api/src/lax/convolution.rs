//! Convolutions under JAX's names, with its defaults.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail};
use jaxrs_ir::prims::{ConvDimensionNumbers, ConvGeneralDilated, DotGeneral};
use jaxrs_ir::rules::sliding::dilated;
use jaxrs_ir::{Primitive, Value, ops};
use jaxrs_transform::Scope;

use super::{Padding, Pads};

/// How to convolve; empty lists stand for ones.
#[derive(Clone, Debug, Default)]
pub struct ConvOptions<'a> {
    /// From one window to the next, along each spatial axis.
    pub window_strides: &'a [usize],
    /// Zeros around the left operand.
    pub padding: Padding<'a>,
    /// From one element of the left operand to the next.
    pub lhs_dilation: &'a [usize],
    /// From one element of the kernel to the next.
    pub rhs_dilation: &'a [usize],
    /// Which axes are what; batch, features and space in order if none.
    pub dimension_numbers: Option<ConvDimensionNumbers>,
    /// In how many groups features are split; 0 stands for 1.
    pub feature_group_count: usize,
    /// In how many groups the batch is split; 0 stands for 1.
    pub batch_group_count: usize,
    /// The element type to accumulate in and give.
    pub preferred_element_type: Option<DType>,
}

/// Dimension numbers from words such as `NHWC,HWIO->NHWC`: letters of operands and result, where N is the
/// batch, C features, O and I features of the kernel, and other letters space. A comma may stand for the arrow;
/// nothing stands for axes in order.
pub fn conv_dimension_numbers(rank: usize, words: &str) -> Result<ConvDimensionNumbers> {
    if words.is_empty() {
        return Ok(ConvDimensionNumbers::in_order(rank));
    }
    let separated = words.replace("->", ",");
    let parts: Vec<&str> = separated.split(',').map(str::trim).collect();
    let [lhs, rhs, out] = parts[..] else {
        bail!(
            InvalidArgument,
            "dimension numbers need three words such as NHWC,HWIO->NHWC, got {words:?}"
        );
    };
    let space: Vec<char> = rhs.chars().filter(|letter| !"OI".contains(*letter)).collect();
    let spec = |word: &str, first: char, second: char| -> Result<Vec<usize>> {
        let letters: Vec<char> = word.chars().collect();
        let place = |letter: &char| letters.iter().position(|own| own == letter);
        let order: Option<Vec<usize>> = [first, second].iter().chain(&space).map(place).collect();
        match order {
            Some(order) if letters.len() == rank && order.len() == rank => Ok(order),
            _ => bail!(
                InvalidArgument,
                "dimension numbers {words:?} need {first}, {second} and the letters of space in {word:?}, one for each of {rank} axes"
            ),
        }
    };
    Ok(ConvDimensionNumbers {
        lhs_spec: spec(lhs, 'N', 'C')?,
        rhs_spec: spec(rhs, 'O', 'I')?,
        out_spec: spec(out, 'N', 'C')?,
    })
}

fn or_ones(values: &[usize], n: usize) -> Vec<usize> {
    if values.is_empty() { vec![1; n] } else { values.to_vec() }
}

fn spatial_sizes(x: &Type, spec: &[usize]) -> Vec<usize> {
    spec.iter().skip(2).filter_map(|&axis| x.shape.get(axis)).copied().collect()
}

/// The extents of windows with gaps.
fn extents(windows: &[usize], dilation: &[usize]) -> Vec<usize> {
    let extent = |(&window, &dilation)| dilated(window, dilation).unwrap_or(0) as usize;
    windows.iter().zip(dilation).map(extent).collect()
}

/// The convolution of operands of these types.
fn convolution(lhs: &Type, rhs: &Type, options: &ConvOptions<'_>) -> Result<ConvGeneralDilated> {
    let n = lhs.rank().saturating_sub(2);
    let numbers = options.dimension_numbers.clone();
    let numbers = numbers.unwrap_or_else(|| ConvDimensionNumbers::in_order(n + 2));
    numbers.check("conv_general_dilated", lhs.rank())?;
    let window_strides = or_ones(options.window_strides, n);
    let (lhs_dilation, rhs_dilation) =
        (or_ones(options.lhs_dilation, n), or_ones(options.rhs_dilation, n));
    let is_named = matches!(options.padding, Padding::Same | Padding::SameLower);
    if is_named && lhs_dilation.iter().any(|&dilation| dilation != 1) {
        bail!(
            InvalidArgument,
            "conv_general_dilated needs explicit padding where lhs_dilation is {lhs_dilation:?}; conv_transpose takes SAME"
        );
    }
    let windows = extents(&spatial_sizes(rhs, &numbers.rhs_spec), &rhs_dilation);
    let sizes = spatial_sizes(lhs, &numbers.lhs_spec);
    let padding = match options.padding {
        Padding::Explicit(pads) => SmallVec::from_slice(pads),
        named => named.pads(&sizes, &windows, &window_strides)?,
    };
    Ok(ConvGeneralDilated {
        window_strides,
        padding: padding.to_vec(),
        lhs_dilation,
        rhs_dilation,
        dimension_numbers: numbers,
        feature_group_count: options.feature_group_count.max(1),
        batch_group_count: options.batch_group_count.max(1),
        preferred_element_type: options.preferred_element_type,
    })
}

/// The general convolution, in all its parameters. Operands have one element type.
pub fn conv_general_dilated(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    options: &ConvOptions<'_>,
) -> Result<Value> {
    let conv = convolution(lhs.ty(), rhs.ty(), options)?;
    ops::bind1(cx, conv, &[lhs.clone(), rhs.clone()])
}

/// The shape of the result of a convolution (`conv_general_shape_tuple`).
pub fn conv_general_shape(lhs: &Type, rhs: &Type, options: &ConvOptions<'_>) -> Result<Shape> {
    let conv = convolution(lhs, rhs, options)?;
    Ok(conv.output_types(&[lhs.clone(), rhs.clone()])?.swap_remove(0).shape)
}

/// A convolution of axes in order: batch, features, space; kernels output features, input features, space.
pub fn conv(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    window_strides: &[usize],
    padding: Padding<'_>,
) -> Result<Value> {
    conv_general_dilated(
        cx,
        lhs,
        rhs,
        &ConvOptions { window_strides, padding, ..ConvOptions::default() },
    )
}

/// As [`conv`], with gaps in both operands.
pub fn conv_with_general_padding(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    window_strides: &[usize],
    padding: Padding<'_>,
    lhs_dilation: &[usize],
    rhs_dilation: &[usize],
) -> Result<Value> {
    let options =
        ConvOptions { window_strides, padding, lhs_dilation, rhs_dilation, ..Default::default() };
    conv_general_dilated(cx, lhs, rhs, &options)
}

/// How to convolve with fractional strides.
#[derive(Clone, Debug, Default)]
pub struct ConvTransposeOptions<'a> {
    /// The strides of the convolution that this goes against; empty for ones.
    pub strides: &'a [usize],
    /// `Same` and `Valid` are those of that convolution. Explicit padding is of this one, unless
    /// `use_consistent_padding` says that it is of that one.
    pub padding: Padding<'a>,
    /// From one element of the kernel to the next; empty for ones.
    pub rhs_dilation: &'a [usize],
    /// Which axes are what; features last if none.
    pub dimension_numbers: Option<ConvDimensionNumbers>,
    /// Whether the kernel is that of the convolution that this goes against, to be turned around.
    pub transpose_kernel: bool,
    /// The element type to accumulate in and give.
    pub preferred_element_type: Option<DType>,
    /// See `padding`.
    pub use_consistent_padding: bool,
}

/// The padding of a transposed convolution under a window of this extent.
fn transposed_padding(padding: Padding<'_>, k: usize, window: usize, stride: usize) -> (i64, i64) {
    let (window, stride) = (window as i64, stride as i64);
    let (low, total) = match padding {
        Padding::Same | Padding::SameLower => {
            let total = window + stride - 2;
            (if stride > window - 1 { window - 1 } else { (total + 1).div_euclid(2) }, total)
        }
        Padding::Valid => (window - 1, window + stride - 2 + (window - stride).max(0)),
        Padding::Explicit(pads) => {
            let (low, high) = pads.get(k).copied().unwrap_or_default();
            (window - 1 - low, 2 * window - 2 - low - high)
        }
    };
    (low, total - low)
}

/// A convolution with fractional strides, also called a deconvolution.
pub fn conv_transpose(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    options: &ConvTransposeOptions<'_>,
) -> Result<Value> {
    let rank = lhs.ty().rank();
    let numbers = match (&options.dimension_numbers, rank) {
        (Some(numbers), _) => numbers.clone(),
        (None, 2..=5) => {
            let words = ["NC,IO,NC", "NHC,HIO,NHC", "NHWC,HWIO,NHWC", "NHWDC,HWDIO,NHWDC"];
            conv_dimension_numbers(rank, words[rank - 2])?
        }
        _ => bail!(
            InvalidArgument,
            "conv_transpose needs dimension_numbers where operands have {rank} axes"
        ),
    };
    numbers.check("conv_transpose", rank)?;
    let (strides, rhs_dilation) =
        (or_ones(options.strides, rank - 2), or_ones(options.rhs_dilation, rank - 2));
    let windows = extents(&spatial_sizes(rhs.ty(), &numbers.rhs_spec), &rhs_dilation);
    let pads: Pads = match options.padding {
        Padding::Explicit(pads) if !options.use_consistent_padding => SmallVec::from_slice(pads),
        padding => std::iter::zip(&windows, &strides)
            .enumerate()
            .map(|(k, (&window, &stride))| transposed_padding(padding, k, window, stride))
            .collect(),
    };
    let mut kernel = rhs.clone();
    if options.transpose_kernel {
        kernel = ops::rev(cx, &kernel, numbers.rhs_spec[2..].iter().copied())?;
        let mut permutation: Vec<usize> = (0..rank).collect();
        permutation.swap(numbers.rhs_spec[0], numbers.rhs_spec[1]);
        kernel = ops::transpose(cx, &kernel, &permutation)?;
    }
    conv_general_dilated(
        cx,
        lhs,
        &kernel,
        &ConvOptions {
            padding: Padding::Explicit(&pads),
            lhs_dilation: &strides,
            rhs_dilation: &rhs_dilation,
            dimension_numbers: Some(numbers),
            preferred_element_type: options.preferred_element_type,
            ..ConvOptions::default()
        },
    )
}

/// The windows of the left operand, each laid out along the feature axis of the result: for each feature
/// all its taps.
pub fn conv_general_dilated_patches(
    cx: &Scope,
    lhs: &Value,
    filter_shape: &[usize],
    options: &ConvOptions<'_>,
) -> Result<Value> {
    let rank = filter_shape.len() + 2;
    if lhs.ty().rank() != rank {
        bail!(
            InvalidArgument,
            "conv_general_dilated_patches of {} needs a filter size for each spatial axis, got {filter_shape:?}",
            lhs.ty()
        );
    }
    let numbers = options.dimension_numbers.clone();
    let numbers = numbers.unwrap_or_else(|| ConvDimensionNumbers::in_order(rank));
    numbers.check("conv_general_dilated_patches", rank)?;
    let n_features = lhs.shape()[numbers.lhs_spec[1]];
    let n_taps: usize = filter_shape.iter().product();
    let canonical: Shape = [n_taps * n_features, 1].iter().chain(filter_shape).copied().collect();
    let identity = Literal::from_fn(Type::new(lhs.ty().dtype, canonical), |k| {
        Scalar::Int(i64::from((k / n_taps) % n_taps == k % n_taps)).cast(lhs.ty().dtype)
    });
    let mut permutation = vec![0; rank];
    numbers.rhs_spec.iter().enumerate().for_each(|(place, &axis)| permutation[axis] = place);
    let kernel = ops::transpose(cx, &Value::literal(identity), &permutation)?;
    let options = ConvOptions {
        dimension_numbers: Some(numbers),
        feature_group_count: n_features,
        ..options.clone()
    };
    conv_general_dilated(cx, lhs, &kernel, &options)
}

/// A convolution with a kernel of its own at each place: the kernel's input features are all taps of all
/// features, its spatial axes run over windows.
pub fn conv_general_dilated_local(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    filter_shape: &[usize],
    options: &ConvOptions<'_>,
) -> Result<Value> {
    let patches = conv_general_dilated_patches(cx, lhs, filter_shape, options)?;
    let numbers = options.dimension_numbers.clone();
    let numbers = numbers.unwrap_or_else(|| ConvDimensionNumbers::in_order(filter_shape.len() + 2));
    let mut pairs: Vec<(usize, usize)> = std::iter::zip(
        numbers.out_spec[2..].iter().copied(),
        numbers.rhs_spec[2..].iter().copied(),
    )
    .collect();
    pairs.sort_unstable();
    let dot = DotGeneral {
        lhs_contracting: SmallVec::from_slice(&[numbers.out_spec[1]]),
        rhs_contracting: SmallVec::from_slice(&[numbers.rhs_spec[1]]),
        lhs_batch: pairs.iter().map(|pair| pair.0).collect(),
        rhs_batch: pairs.iter().map(|pair| pair.1).collect(),
        preferred_element_type: None,
    };
    // Windows come first, then the batch, then features.
    let product = ops::dot_general(cx, dot, &patches, rhs)?;
    let rank = numbers.out_spec.len();
    let mut order: Vec<usize> = vec![0; rank];
    order[numbers.out_spec[0]] = rank - 2;
    order[numbers.out_spec[1]] = rank - 1;
    pairs.iter().enumerate().for_each(|(place, pair)| order[pair.0] = place);
    ops::transpose(cx, &product, &order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_name_axes_in_any_order() {
        let numbers = conv_dimension_numbers(4, "NHWC,HWIO->NCHW").unwrap();
        assert_eq!(numbers.lhs_spec, [0, 3, 1, 2]);
        assert_eq!(numbers.rhs_spec, [3, 2, 0, 1]);
        assert_eq!(numbers.out_spec, [0, 1, 2, 3]);
        for words in ["NHWC,HWIO", "NHW,HWIO->NHWC", "NHWX,HWIO->NHWC", "NHWC,HWIO->NHHC"] {
            assert!(conv_dimension_numbers(4, words).is_err(), "{words}");
        }
    }

    #[test]
    fn shapes_are_known_without_arrays() {
        let (lhs, rhs) = (Type::new(DType::F32, [2, 3, 9]), Type::new(DType::F32, [4, 3, 3]));
        let options =
            ConvOptions { window_strides: &[2], padding: Padding::Same, ..Default::default() };
        assert_eq!(conv_general_shape(&lhs, &rhs, &options).unwrap()[..], [2, 4, 5]);
        let same = ConvOptions { lhs_dilation: &[2], ..options };
        let err = conv_general_shape(&lhs, &rhs, &same).unwrap_err();
        assert!(err.message().contains("needs explicit padding"), "{}", err.message());
    }
}

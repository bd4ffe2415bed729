//! Convolution and correlation of sequences.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::lax::{self, ConvOptions, Padding};
use crate::operands::{promoted, promoted_inexact};

/// The correlation of the longer sequence with the shorter one, along windows that `mode` names.
fn slide(
    cx: &Scope,
    name: &str,
    long: &Value,
    short: &Value,
    mode: &str,
    preferred_element_type: Option<DType>,
) -> Result<Value> {
    let n = short.shape()[0] as i64;
    let padding = match mode {
        "valid" => (0, 0),
        "same" => (n / 2, n - n / 2 - 1),
        "full" => (n - 1, n - 1),
        _ => bail!(InvalidArgument, "{name} needs mode full, same or valid, got {mode:?}"),
    };
    let canonical = |x: &Value| ops::broadcast_in_dim(cx, x, &x.shape().with(0, 1).with(0, 1), [2]);
    let options = ConvOptions {
        padding: Padding::Explicit(&[padding]),
        preferred_element_type,
        ..ConvOptions::default()
    };
    let result = lax::conv_general_dilated(cx, &canonical(long)?, &canonical(short)?, &options)?;
    ops::squeeze(cx, &result, [0, 1])
}

/// Both sequences at one element type, and whether the second is the longer.
fn prepared(
    cx: &Scope,
    name: &str,
    (x, y): (&Value, &Value),
    preferred_element_type: Option<DType>,
) -> Result<([Value; 2], bool)> {
    let pair = match preferred_element_type {
        None => promoted_inexact(cx, [x, y])?,
        Some(_) => promoted(cx, [x, y])?,
    };
    if pair.iter().any(|x| x.ty().rank() != 1 || x.shape()[0] == 0) {
        bail!(
            Shape,
            "{name} needs two sequences with elements, got {} and {}",
            pair[0].ty(),
            pair[1].ty()
        );
    }
    let is_second_longer = pair[0].shape()[0] < pair[1].shape()[0];
    Ok((pair, is_second_longer))
}

/// The convolution of two sequences. `mode` is `full`: wherever they meet; `same`: as long as the longer one;
/// or `valid`: where they meet in full.
pub fn convolve(
    cx: &Scope,
    x: &Value,
    y: &Value,
    mode: &str,
    preferred_element_type: Option<DType>,
) -> Result<Value> {
    let ([x, y], is_second_longer) = prepared(cx, "convolve", (x, y), preferred_element_type)?;
    let (long, short) = if is_second_longer { (y, x) } else { (x, y) };
    let short = ops::rev(cx, &short, [0])?;
    slide(cx, "convolve", &long, &short, mode, preferred_element_type)
}

/// The correlation of two sequences, the second conjugated; `mode` as of [`convolve`].
pub fn correlate(
    cx: &Scope,
    x: &Value,
    y: &Value,
    mode: &str,
    preferred_element_type: Option<DType>,
) -> Result<Value> {
    let ([x, y], is_second_longer) = prepared(cx, "correlate", (x, y), preferred_element_type)?;
    let y = if y.ty().dtype.is_complex() { ops::conj(cx, &y)? } else { y };
    if !is_second_longer {
        return slide(cx, "correlate", &x, &y, mode, preferred_element_type);
    }
    let result = slide(cx, "correlate", &y, &x, mode, preferred_element_type)?;
    ops::rev(cx, &result, [0])
}

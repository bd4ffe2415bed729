//! Padding in all of NumPy's ways.

use jaxrs_data::{Result, SmallVec, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::operands::{constant_like, convert};

/// What is put around an array.
#[derive(Clone, Copy, Debug)]
pub enum PadMode {
    /// One number.
    Constant(f64),
    /// The element at the edge.
    Edge,
    /// Numbers from the edge to another at equal distances.
    LinearRamp(f64),
    /// The largest of as many elements at the edge; of all if missing.
    Maximum(Option<usize>),
    /// The smallest of them.
    Minimum(Option<usize>),
    /// Their mean.
    Mean(Option<usize>),
    /// Their median.
    Median(Option<usize>),
    /// The elements turned around at the edge, which stands once; if `odd`, around its value, too.
    Reflect {
        /// See above.
        odd: bool,
    },
    /// The elements turned around at the edge, which stands twice.
    Symmetric {
        /// As of [`PadMode::Reflect`].
        odd: bool,
    },
    /// The elements from the other edge on.
    Wrap,
    /// Anything; zeros.
    Empty,
}

/// `x` with as many elements put before and after along each axis. Each axis pads what the ones before gave.
pub fn pad_with(cx: &Scope, x: &Value, low: &[i64], high: &[i64], mode: PadMode) -> Result<Value> {
    let rank = x.ty().rank();
    let fits = |widths: &[i64]| widths.len() == rank && widths.iter().all(|&n| n >= 0);
    if !fits(low) || !fits(high) {
        bail!(
            InvalidArgument,
            "pad needs numbers of at least 0 before and after each axis of {}, got {low:?} and {high:?}",
            x.ty()
        );
    }
    let number = match mode {
        PadMode::Constant(number) => Some(number),
        PadMode::Empty => Some(0.0),
        _ => None,
    };
    if let Some(number) = number {
        return super::pad(cx, x, low, high, &constant_like(x, number));
    }
    let mut result = x.clone();
    for axis in 0..rank {
        let (low, high) = (low[axis] as usize, high[axis] as usize);
        if x.shape()[axis] == 0 && low + high > 0 && !matches!(mode, PadMode::LinearRamp(_)) {
            bail!(Shape, "pad has no elements to repeat along axis {axis} of {}", x.ty());
        }
        if x.shape()[axis] > 0 {
            result = along(cx, &result, axis, low, high, mode)?;
        }
    }
    Ok(result)
}

fn along(
    cx: &Scope,
    x: &Value,
    axis: usize,
    low: usize,
    high: usize,
    mode: PadMode,
) -> Result<Value> {
    let n = x.shape()[axis];
    let slice = |start: usize, stop: usize| ops::slice_in_dim(cx, x, axis, start, stop);
    let repeated = |edge: &Value, n: usize| super::repeat(cx, edge, n as i64, Some(axis as i64));
    let (before, after) = match mode {
        PadMode::Edge => (repeated(&slice(0, 1)?, low)?, repeated(&slice(n - 1, n)?, high)?),
        PadMode::LinearRamp(end) => {
            let ramp = |edge: Value, n: usize| ramp(cx, &edge, end, n, axis);
            (ramp(slice(0, 1)?, low)?, ops::rev(cx, &ramp(slice(n - 1, n)?, high)?, [axis])?)
        }
        PadMode::Maximum(length)
        | PadMode::Minimum(length)
        | PadMode::Mean(length)
        | PadMode::Median(length) => {
            let length = length.unwrap_or(n).min(n);
            if length == 0 {
                bail!(
                    InvalidArgument,
                    "pad needs at least 1 element at an edge to tell what to put there"
                );
            }
            let (first, last) = (slice(0, length)?, slice(n - length, n)?);
            let of = |part: &Value| statistic(cx, part, axis, mode);
            (repeated(&of(&first)?, low)?, repeated(&of(&last)?, high)?)
        }
        PadMode::Wrap => {
            // From the outside in: a rest, then whole copies.
            let copies =
                |rest: Vec<Value>, n_copies: usize| [rest, vec![x.clone(); n_copies]].concat();
            let rest =
                if !low.is_multiple_of(n) { vec![slice(n - low % n, n)?] } else { Vec::new() };
            let mut parts = copies(rest, low / n + 1 + high / n);
            if !high.is_multiple_of(n) {
                parts.push(slice(0, high % n)?);
            }
            return joined(cx, &parts, axis);
        }
        PadMode::Reflect { odd } => {
            return turned(cx, x, axis, [low, high], (usize::from(n > 1), odd));
        }
        PadMode::Symmetric { odd } => return turned(cx, x, axis, [low, high], (0, odd)),
        PadMode::Constant(_) | PadMode::Empty => return Ok(x.clone()),
    };
    joined(cx, &[before, x.clone(), after], axis)
}

fn joined(cx: &Scope, parts: &[Value], axis: usize) -> Result<Value> {
    let some: SmallVec<[Value; 4]> =
        parts.iter().filter(|part| part.shape()[axis] > 0).cloned().collect();
    match &some[..] {
        [one] => Ok(one.clone()),
        parts => ops::concatenate(cx, parts, axis),
    }
}

/// `n` numbers from `end` to just before the edge.
fn ramp(cx: &Scope, edge: &Value, end: f64, n: usize, axis: usize) -> Result<Value> {
    let ty = edge.ty().clone();
    let edge = ops::squeeze(cx, edge, [axis])?;
    let ramp = super::linspace_along(
        cx,
        &constant_like(&edge, end),
        &edge,
        (n as i64, false),
        (Some(ty.dtype), axis as i64),
    )?;
    convert(cx, &ramp, ty.dtype, ty.weak)
}

fn statistic(cx: &Scope, part: &Value, axis: usize, mode: PadMode) -> Result<Value> {
    let axes = [axis as i64];
    let value = match mode {
        PadMode::Maximum(_) => super::max(cx, part, &axes, true)?,
        PadMode::Minimum(_) => super::min(cx, part, &axes, true)?,
        PadMode::Mean(_) => super::mean(cx, part, &axes, true)?,
        _ => super::median(cx, part, &axes, true, false)?,
    };
    let value = if part.ty().dtype.is_integer() { super::round(cx, &value)? } else { value };
    convert(cx, &value, part.ty().dtype, part.ty().weak)
}

/// Elements turned around at both edges, again and again where there are not enough.
fn turned(
    cx: &Scope,
    x: &Value,
    axis: usize,
    counts: [usize; 2],
    (offset, odd): (usize, bool),
) -> Result<Value> {
    let size = x.shape()[axis];
    let mut result = x.clone();
    for (is_before, mut missing) in [(true, counts[0]), (false, counts[1])] {
        let edge_of = |x: &Value| {
            let n = x.shape()[axis];
            let at = if is_before { 0 } else { n - 1 };
            ops::slice_in_dim(cx, x, axis, at, at + 1)
        };
        let mut edge = edge_of(&result)?;
        while missing > 0 {
            let n = result.shape()[axis];
            let count = missing.min(size - offset);
            missing -= count;
            let (start, stop) =
                if is_before { (offset, offset + count) } else { (n - count - offset, n - offset) };
            let mut part =
                ops::rev(cx, &ops::slice_in_dim(cx, &result, axis, start, stop)?, [axis])?;
            if odd {
                part = super::subtract(cx, &ops::scale(cx, &edge, 2.0)?, &part)?;
                if size > 1 {
                    edge = edge_of(&part)?;
                }
            }
            let parts = if is_before { [part, result] } else { [result, part] };
            result = ops::concatenate(cx, &parts, axis)?;
        }
    }
    Ok(result)
}

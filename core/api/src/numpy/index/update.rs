//! `x.at[index].set(values)` and its kin.

use jaxrs_data::{Result, SmallVec, bail};
use jaxrs_ir::prims::{IndexMode, Scatter, ScatterKind};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope};

use super::{GetOptions, Index, Plan, getitem, placed};
use crate::numpy;
use crate::operands::{broadcast, convert, promoted};

/// How writing at an index treats positions out of range.
#[derive(Clone, Copy, Debug)]
pub struct AtOptions {
    /// As [`IndexMode`]; without one, nothing is written out of range.
    pub mode: Option<IndexMode>,
    /// Whether the caller promises that no position occurs twice.
    pub unique_indices: bool,
    /// How many elements a mask has at most, if it is not known; the others are out of range.
    pub size: Option<usize>,
}

/// `x` with values combined in at an index. The element type of `x` stays.
pub fn at(
    cx: &Scope,
    kind: ScatterKind,
    x: &Value,
    index: &[Index],
    values: &Value,
    options: AtOptions,
) -> Result<Value> {
    let ty = x.ty().clone();
    let plan = Plan::new(cx, "at", x.shape(), &placed(cx, x.shape(), index, options.size)?)?;
    if plan.slice_shape.numel() == 0 {
        return Ok(x.clone());
    }
    let [wide, values] = promoted(cx, [x, values])?;
    let values = broadcast(cx, "at", &values, &plan.slice_shape)?;
    let values = ops::squeeze(cx, &values, plan.newaxis.iter().map(|&axis| axis as usize))?;
    let values = if plan.reversed.is_empty() {
        values
    } else {
        ops::rev(cx, &values, plan.reversed.clone())?
    };
    let scatter = Scatter {
        kind,
        update_window_dims: plan.offset_dims.clone(),
        inserted_window_dims: plan.collapsed_slice_dims.clone(),
        scatter_dims_to_operand_dims: plan.start_index_map.clone(),
        operand_batching_dims: SmallVec::new(),
        scatter_indices_batching_dims: SmallVec::new(),
        mode: options.mode.unwrap_or(IndexMode::FillOrDrop),
        unique_indices: plan.is_distinct || options.unique_indices,
    };
    let operand = plan.with_bool_axes(cx, &wide)?;
    let values = convert(cx, &values, operand.ty().dtype, operand.ty().weak)?;
    let written = ops::bind1(cx, scatter, &[operand, plan.indices.clone(), values])?;
    let written = ops::squeeze(cx, &written, plan.bool_axes.iter().map(|&axis| axis as usize))?;
    convert(cx, &written, ty.dtype, ty.weak)
}

/// `x` divided by values at an index; integers become floats everywhere, as in JAX.
pub fn at_divide(
    cx: &Scope,
    x: &Value,
    index: &[Index],
    values: &Value,
    options: AtOptions,
) -> Result<Value> {
    let ones = numpy::full_like(cx, x, 1.0, None)?;
    numpy::true_divide(cx, x, &at(cx, ScatterKind::Mul, &ones, index, values, options)?)
}

/// `x` to the power of values at an index.
pub fn at_power(
    cx: &Scope,
    x: &Value,
    index: &[Index],
    values: &Value,
    options: AtOptions,
) -> Result<Value> {
    let ones = numpy::full_like(cx, x, 1.0, None)?;
    numpy::power(cx, x, &at(cx, ScatterKind::Mul, &ones, index, values, options)?)
}

/// `x` with a function of its elements at an index in their place, where no position occurs twice.
pub fn at_apply(
    cx: &Scope,
    x: &Value,
    index: &[Index],
    function: &Function,
    options: AtOptions,
) -> Result<Value> {
    let reading = GetOptions { mode: options.mode, fill_value: None, size: options.size };
    let read = getitem(cx, x, index, reading)?;
    match &function.call(cx, &[read])?[..] {
        [values] => at(cx, ScatterKind::Set, x, index, values, options),
        values => bail!(
            InvalidArgument,
            "at_apply needs a function with one result, got {}",
            values.len()
        ),
    }
}

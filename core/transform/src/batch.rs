//! Batching: one function call for many examples.

use std::sync::Arc;

use jaxrs_data::{Error, Result, bail, normalize_axis};
use jaxrs_ir::{MappedAxis, Value, ops};

use crate::frame::{Kind, during};
use crate::spmd::check_devices;
use crate::tracer::Origin;
use crate::{Function, Scope};

/// How `vmap` maps.
#[derive(Clone, Debug, Default)]
pub struct VmapOptions {
    /// For each input the axis that examples lie along; `None` for one that all share. A single entry
    /// stands for all inputs; no entry is axis 0 for all.
    pub in_axes: Vec<Option<i64>>,
    /// For each output the axis that examples are put along; `None` for one that must be the same for all.
    /// A single entry stands for all outputs; no entry is axis 0 for all.
    pub out_axes: Vec<Option<i64>>,
    /// The number of examples; needed only where no input is mapped.
    pub axis_size: Option<usize>,
    /// What collectives in the function call the axis; no comma may be in it.
    pub axis_name: Option<Arc<str>>,
    /// The name of the devices' axis that examples are spread over. There is one device, so that it changes
    /// nothing.
    pub spmd_axis_name: Option<Arc<str>>,
}

/// The function for many examples at once.
pub fn vmap(function: &Function, options: VmapOptions) -> Function {
    mapped(function, options, "vmap", false)
}

/// As `vmap`, by the name of `what` maps; the examples may stand for devices.
pub(crate) fn mapped(
    function: &Function,
    options: VmapOptions,
    what: &'static str,
    is_spmd: bool,
) -> Function {
    let function = function.clone();
    Function::new(format!("{what}({})", function.name()), move |scope: &Scope, inputs: &[Value]| {
        let axes = in_axes(&options, inputs)?;
        let size = batch_size(&options, inputs, &axes)?;
        let axis = MappedAxis { size, name: axis_name(&options)?, is_spmd };
        if is_spmd {
            check_devices(what, scope, size)?;
        }
        let outputs = map(scope, &function, &axis, inputs, &axes)?;
        let out_axes = spread("out_axes", "outputs", &options.out_axes, outputs.len())?;
        let pairs = outputs.into_iter().zip(out_axes).enumerate();
        pairs.map(|(k, ((value, from), to))| place(scope, k, size, &value, from, to)).collect()
    })
}

/// Results of a function for many examples, and the axis of the examples where there is one.
pub(crate) fn map(
    scope: &Scope,
    function: &Function,
    axis: &MappedAxis,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<Vec<(Value, Option<usize>)>> {
    let trace = scope.enter(Kind::Batch(axis.clone()), function.name());
    let pairs = inputs.iter().zip(axes).enumerate();
    let arguments: Vec<Value> = pairs
        .map(|(k, (value, &axis))| trace.with_axis(value.clone(), axis, Origin::Argument(k)))
        .collect();
    let outputs = function.call(&trace, &arguments).map_err(during("vmap", function.name()))?;
    outputs.iter().map(|value| trace.unbatch("a result", value)).collect()
}

/// A result with its examples along axis 0.
pub(crate) fn batched_first(
    scope: &Scope,
    size: usize,
    value: &Value,
    axis: Option<usize>,
) -> Result<Value> {
    match axis {
        Some(axis) => ops::move_axis(scope, value, axis, 0),
        None => {
            let rank = value.ty().rank();
            ops::broadcast_in_dim(scope, value, &value.shape().with(0, size), 1..=rank)
        }
    }
}

/// One entry for each of `n` values from what the caller gave.
fn spread(option: &str, what: &str, axes: &[Option<i64>], n: usize) -> Result<Vec<Option<i64>>> {
    match axes {
        [] => Ok(vec![Some(0); n]),
        [axis] => Ok(vec![*axis; n]),
        _ if axes.len() == n => Ok(axes.to_vec()),
        _ => bail!(
            InvalidArgument,
            "vmap needs one entry of {option} for each of {n} {what}, got {}",
            axes.len()
        ),
    }
}

fn axis_name(options: &VmapOptions) -> Result<Option<Arc<str>>> {
    if let Some(name) =
        options.axis_name.as_ref().filter(|name| name.contains(',') || name.is_empty())
    {
        bail!(InvalidArgument, "vmap needs an axis name without commas, got {name:?}");
    }
    Ok(options.axis_name.clone())
}

fn in_axes(options: &VmapOptions, inputs: &[Value]) -> Result<Vec<Option<usize>>> {
    let axes = spread("in_axes", "inputs", &options.in_axes, inputs.len())?;
    let mut result = Vec::with_capacity(axes.len());
    for (k, (axis, value)) in axes.into_iter().zip(inputs).enumerate() {
        let operation = format!("vmap of argument {k} ({})", value.ty());
        let axis = axis.map(|axis| normalize_axis(&operation, axis, value.ty().rank()));
        result.push(axis.transpose()?);
    }
    Ok(result)
}

fn batch_size(options: &VmapOptions, inputs: &[Value], axes: &[Option<usize>]) -> Result<usize> {
    let mut found: Option<(usize, String)> =
        options.axis_size.map(|size| (size, "axis_size".to_owned()));
    for (k, (value, axis)) in inputs.iter().zip(axes).enumerate() {
        let Some(axis) = *axis else { continue };
        let size = value.shape()[axis];
        let name = format!("axis {axis} of argument {k} ({})", value.ty());
        match &found {
            Some((other, other_name)) if *other != size => bail!(
                Shape,
                "vmap needs equal numbers of examples, but {other_name} is {other} and {name} is {size}"
            ),
            Some(_) => {}
            None => found = Some((size, name)),
        }
    }
    let missing = || {
        Error::new(
            jaxrs_data::ErrorKind::InvalidArgument,
            "vmap needs at least one mapped input or axis_size, got neither",
        )
    };
    found.map(|(size, _)| size).ok_or_else(missing)
}

/// Puts the examples of a result where the caller wants them.
fn place(
    scope: &Scope,
    k: usize,
    size: usize,
    value: &Value,
    from: Option<usize>,
    to: Option<i64>,
) -> Result<Value> {
    let Some(to) = to else {
        if from.is_some() {
            bail!(
                InvalidArgument,
                "vmap has out_axes none for output {k}, which differs between examples"
            );
        }
        return Ok(value.clone());
    };
    let rank = value.ty().rank() + usize::from(from.is_none());
    let to = normalize_axis(&format!("vmap of output {k}"), to, rank)?;
    match from {
        Some(from) => ops::move_axis(scope, value, from, to),
        None => {
            let dims = (0..rank).filter(|&axis| axis != to);
            ops::broadcast_in_dim(scope, value, &value.shape().with(to, size), dims)
        }
    }
}

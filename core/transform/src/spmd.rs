//! One program on several devices: `pmap`, `shard_map` and `smap`.
//!
//! The devices are those that the context was told to have ([`ContextOptions::n_devices`]); they are of one
//! process and one memory. The body runs once, for all shards at a time, as `vmap` runs it: each axis of the
//! mesh is an axis of examples whose name is bound, and collectives are operations on the array of all
//! shards. Numbers, checks and derivatives are those of devices that run side by side; printed programs show
//! what the body became, and no primitive named `shard_map`. Derivatives that are taken inside the body are
//! those of `vmap`, where the transpose of a sum over examples is a sum over them; those of the whole
//! function are JAX's.
//!
//! [`ContextOptions::n_devices`]: crate::ContextOptions::n_devices

mod shards;
mod spec;

use std::sync::Arc;

use jaxrs_data::{Result, bail};
use jaxrs_ir::{MappedAxis, Value, ops};

pub use spec::{Mesh, PartitionSpec};

use crate::frame::{Kind, during};
use crate::tracer::Origin;
use crate::{Function, JitOptions, Scope, VmapOptions, jit};

/// How `pmap` maps.
#[derive(Clone, Debug, Default)]
pub struct PmapOptions {
    /// What collectives in the function call the axis of the devices.
    pub axis_name: Option<Arc<str>>,
    /// As for `vmap`.
    pub in_axes: Vec<Option<i64>>,
    /// As for `vmap`.
    pub out_axes: Vec<Option<i64>>,
    /// The number of devices, needed only where no input is mapped.
    pub axis_size: Option<usize>,
}

/// The function, compiled for one device for each slice of its inputs. Fails where there are more slices
/// than devices.
pub fn pmap(function: &Function, options: PmapOptions) -> Function {
    let vmap = VmapOptions {
        in_axes: options.in_axes,
        out_axes: options.out_axes,
        axis_size: options.axis_size,
        axis_name: options.axis_name,
        spmd_axis_name: None,
    };
    let mapped = crate::batch::mapped(function, vmap, "pmap", true);
    jit(&mapped, JitOptions::default())
}

/// Refuses to run on more devices than there are.
pub(crate) fn check_devices(what: &str, scope: &Scope, needed: usize) -> Result<()> {
    let there = scope.context().n_devices();
    if needed > there {
        bail!(InvalidArgument, "{what} needs {needed} devices, but the context has {there}");
    }
    Ok(())
}

/// How `shard_map` cuts and joins.
#[derive(Clone, Debug)]
pub struct ShardMapOptions {
    /// The devices.
    pub mesh: Mesh,
    /// Along which axes of the mesh each input is cut; a single entry stands for all inputs.
    pub in_specs: Vec<PartitionSpec>,
    /// Along which axes of the mesh each output is joined; a single entry stands for all outputs. An output
    /// must be the same along the others.
    pub out_specs: Vec<PartitionSpec>,
    /// Whether that is checked; else the first shard counts.
    pub check_vma: bool,
}

/// The function of whole arrays whose shards `function` is given and gives.
pub fn shard_map(function: &Function, options: ShardMapOptions) -> Function {
    let function = function.clone();
    Function::new(
        format!("shard_map({})", function.name()),
        move |scope: &Scope, inputs: &[Value]| {
            let mesh = &options.mesh;
            check_devices("shard_map", scope, mesh.n_devices())?;
            let specs = spec::spread("in_specs", "inputs", &options.in_specs, inputs.len())?;
            let mut shards = Vec::with_capacity(inputs.len());
            for (k, (value, spec)) in inputs.iter().zip(specs).enumerate() {
                shards.push(shards::cut(scope, mesh, k, value, spec)?);
            }
            let outputs = run(scope, &function, mesh.axes(), &shards)?;
            let specs = spec::spread("out_specs", "outputs", &options.out_specs, outputs.len())?;
            let join = |(k, (output, spec)): (usize, (&Shards, &PartitionSpec))| {
                shards::join(scope, mesh, k, output, spec, options.check_vma)
            };
            outputs.iter().zip(specs).enumerate().map(join).collect()
        },
    )
}

/// `shard_map` over one axis of the mesh: inputs are cut along `in_axes` and outputs joined along
/// `out_axes`, where `None` is for what all shards share; a single entry stands for all.
pub fn smap(
    function: &Function,
    mesh: Mesh,
    axis_name: &str,
    in_axes: &[Option<usize>],
    out_axes: &[Option<usize>],
) -> Function {
    let along = |axes: &[Option<usize>]| {
        axes.iter().map(|&axis| PartitionSpec::along(axis_name, axis)).collect()
    };
    let (in_specs, out_specs) = (along(in_axes), along(out_axes));
    shard_map(function, ShardMapOptions { mesh, in_specs, out_specs, check_vma: true })
}

/// All shards of a value: along axes before its own, one for each axis of the mesh that it differs along.
struct Shards {
    value: Value,
    /// For each axis of the mesh, whether the value differs along it.
    varies: Vec<bool>,
}

/// Runs the body for all shards.
fn run(
    scope: &Scope,
    function: &Function,
    mesh: &[(Arc<str>, usize)],
    inputs: &[Shards],
) -> Result<Vec<Shards>> {
    let Some(((name, size), rest)) = mesh.split_first() else {
        let values: Vec<Value> = inputs.iter().map(|input| input.value.clone()).collect();
        let outputs =
            function.call(scope, &values).map_err(during("shard_map", function.name()))?;
        return Ok(outputs.into_iter().map(|value| Shards { value, varies: Vec::new() }).collect());
    };
    let axis = MappedAxis { size: *size, name: Some(name.clone()), is_spmd: true };
    let trace = scope.enter(Kind::Batch(axis), function.name());
    let inner: Vec<Shards> = (inputs.iter().enumerate())
        .map(|(k, input)| {
            let axis = input.varies[0].then_some(0);
            let value = trace.with_axis(input.value.clone(), axis, Origin::Argument(k));
            Shards { value, varies: input.varies[1..].to_vec() }
        })
        .collect();
    let mut outputs = run(&trace, function, rest, &inner)?;
    for output in &mut outputs {
        let (value, axis) = trace.unbatch("a result", &output.value)?;
        output.varies.insert(0, axis.is_some());
        output.value = match axis {
            Some(axis) => ops::move_axis(scope, &value, axis, 0)?,
            None => value,
        };
    }
    Ok(outputs)
}

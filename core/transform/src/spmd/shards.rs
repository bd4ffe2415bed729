//! Arrays cut into shards, and joined from them.

use jaxrs_data::{Result, Shape, bail};
use jaxrs_ir::{Value, ops};

use super::{Mesh, PartitionSpec, Shards};
use crate::Scope;

/// The shards of an input.
pub(super) fn cut(
    scope: &Scope,
    mesh: &Mesh,
    k: usize,
    value: &Value,
    spec: &PartitionSpec,
) -> Result<Shards> {
    let what = format!("argument {k} ({})", value.ty());
    let positions = spec.positions(mesh, &what, value.ty().rank())?;
    let mut sizes = Vec::new();
    // For each axis of the mesh where it is now; then where the axes of shards are.
    let mut of_mesh = vec![None; mesh.axes().len()];
    let mut local = Vec::new();
    for (axis, (&size, at)) in value.shape().iter().zip(&positions).enumerate() {
        let mut rest = size;
        for &position in at {
            let (name, n) = &mesh.axes()[position];
            if !rest.is_multiple_of(*n) {
                bail!(
                    Shape,
                    "shard_map cuts axis {axis} of {what} into {n} shards along '{name}' (spec {spec}), which does not divide {rest}"
                );
            }
            of_mesh[position] = Some(sizes.len());
            sizes.push(*n);
            rest /= n;
        }
        local.push(sizes.len());
        sizes.push(rest);
    }
    let value = ops::reshape(scope, value, &Shape::from(sizes.as_slice()))?;
    let order: Vec<usize> = of_mesh.iter().flatten().copied().chain(local).collect();
    let value = ops::transpose(scope, &value, &order)?;
    Ok(Shards { value, varies: of_mesh.iter().map(Option::is_some).collect() })
}

/// The output whose shards these are.
pub(super) fn join(
    scope: &Scope,
    mesh: &Mesh,
    k: usize,
    shards: &Shards,
    spec: &PartitionSpec,
    check_vma: bool,
) -> Result<Value> {
    let n_varying = shards.varies.iter().filter(|&&varies| varies).count();
    let rank = shards.value.ty().rank() - n_varying;
    let ty = shards.value.ty();
    let shard = ty.with_shape(Shape::from(&ty.shape[n_varying..]));
    let what = format!("output {k} ({shard})");
    let positions = spec.positions(mesh, &what, rank)?;
    let is_named = |position: usize| positions.iter().flatten().any(|&other| other == position);
    let mut value = shards.value.clone();
    // Afterwards the value has exactly the named axes of the mesh, in their order, before its own.
    let mut at = 0;
    let mut of_mesh = vec![0; mesh.axes().len()];
    for (position, (name, n)) in mesh.axes().iter().enumerate() {
        match (shards.varies[position], is_named(position)) {
            (true, false) if check_vma => bail!(
                InvalidArgument,
                "shard_map needs axis '{name}' in the spec ({spec}) of {what}, which differs along it"
            ),
            (true, false) => {
                value = ops::slice_in_dim(scope, &value, at, 0, 1)?;
                value = ops::squeeze(scope, &value, [at])?;
                continue;
            }
            (false, true) => {
                let dims = (0..value.ty().rank()).map(|axis| axis + usize::from(axis >= at));
                value = ops::broadcast_in_dim(scope, &value, &value.shape().with(at, *n), dims)?;
            }
            (false, false) => continue,
            (true, true) => {}
        }
        of_mesh[position] = at;
        at += 1;
    }
    let (mut order, mut sizes) = (Vec::new(), Vec::new());
    for (axis, named) in positions.iter().enumerate() {
        order.extend(named.iter().map(|&position| of_mesh[position]));
        order.push(at + axis);
        let n: usize = named.iter().map(|&position| mesh.axes()[position].1).product();
        sizes.push(n * shard.shape[axis]);
    }
    let value = ops::transpose(scope, &value, &order)?;
    ops::reshape(scope, &value, &Shape::from(sizes.as_slice()))
}

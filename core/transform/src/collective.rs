//! Collectives: operations across the examples of `vmap`s whose axes have names, and across the shards of
//! `pmap` and `shard_map`.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail, normalize_axis};
use jaxrs_ir::prims::{AllReduce, AxisExchange, AxisIndex, Exchange, Pvary};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::ReduceOp;

use crate::Scope;

/// The names as operations hold them, and the number of examples along all of them.
fn bound(scope: &Scope, operation: &str, names: &[&str]) -> Result<(Vec<Arc<str>>, usize)> {
    let mut size = 1;
    let mut found: Vec<Arc<str>> = Vec::with_capacity(names.len());
    for &name in names {
        size *= scope.axes.find(operation, name)?.size;
        if found.iter().any(|other| **other == *name) {
            bail!(InvalidArgument, "{operation} needs distinct axes, got '{name}' twice");
        }
        found.push(name.into());
    }
    Ok((found, size))
}

fn reduce(
    scope: &Scope,
    operation: &str,
    op: ReduceOp,
    x: &Value,
    names: &[&str],
) -> Result<Value> {
    let (names, _) = bound(scope, operation, names)?;
    if names.is_empty() {
        return Ok(x.clone());
    }
    ops::bind1(scope, AllReduce { op, axes: names.into() }, std::slice::from_ref(x))
}

/// The number of examples along the named axes, as `psum` of 1 gives it; weak.
pub fn axis_size(scope: &Scope, names: &[&str]) -> Result<Value> {
    let (_, size) = bound(scope, "axis_size", names)?;
    let ty = Type { weak: true, ..Type::scalar(DType::I32) };
    Ok(Value::literal(Literal::full(ty, Scalar::Int(size as i64))))
}

/// The position of the example along the named axes, the last of which counts fastest: `i32[]`.
pub fn axis_index(scope: &Scope, names: &[&str]) -> Result<Value> {
    let mut position: Option<Value> = None;
    for name in names {
        let (bound, size) = bound(scope, "axis_index", &[name])?;
        let index = ops::bind1(scope, AxisIndex::new(bound[0].clone()), &[])?;
        position = Some(match position {
            None => index,
            Some(outer) => ops::add(scope, &ops::scale(scope, &outer, size as f64)?, &index)?,
        });
    }
    Ok(position.unwrap_or_else(|| Value::literal(Literal::scalar(DType::I32, Scalar::Int(0)))))
}

/// The sum over the examples along the named axes; booleans are counted.
pub fn psum(scope: &Scope, x: &Value, names: &[&str]) -> Result<Value> {
    let x = if x.ty().dtype.is_bool() { ops::convert(scope, x, DType::I32)? } else { x.clone() };
    reduce(scope, "psum", ReduceOp::Add, &x, names)
}

/// The maximum over the examples along the named axes. Has no derivative, as in JAX.
pub fn pmax(scope: &Scope, x: &Value, names: &[&str]) -> Result<Value> {
    reduce(scope, "pmax", ReduceOp::Max, x, names)
}

/// The minimum over the examples along the named axes. Has no derivative, as in JAX.
pub fn pmin(scope: &Scope, x: &Value, names: &[&str]) -> Result<Value> {
    reduce(scope, "pmin", ReduceOp::Min, x, names)
}

/// The mean over the examples along the named axes; of integers it is a floating-point number.
pub fn pmean(scope: &Scope, x: &Value, names: &[&str]) -> Result<Value> {
    let (_, size) = bound(scope, "pmean", names)?;
    let sum = psum(scope, x, names)?;
    let float = if scope.defaults().wide { DType::F64 } else { DType::F32 };
    let sum = if sum.ty().dtype.is_inexact() { sum } else { ops::convert(scope, &sum, float)? };
    ops::div(scope, &sum, &ops::scalar_like(&sum, size as f64))
}

fn exchange(
    scope: &Scope,
    x: &Value,
    name: &Arc<str>,
    size: usize,
    how: Exchange,
) -> Result<Value> {
    let exchange = AxisExchange::new(name.clone(), size, how);
    ops::bind1(scope, exchange, std::slice::from_ref(x))
}

/// The values of all examples along the named axes: stacked along a new axis or, `tiled`, joined along one.
/// Of several names the first counts slowest.
pub fn all_gather(
    scope: &Scope,
    x: &Value,
    names: &[&str],
    axis: i64,
    tiled: bool,
) -> Result<Value> {
    let rank = x.ty().rank() + usize::from(!tiled);
    let dimension = normalize_axis("all_gather", axis, rank)?;
    let mut gathered = x.clone();
    for (k, name) in names.iter().rev().enumerate() {
        let (bound, size) = bound(scope, "all_gather", &[name])?;
        // Only the first makes a new axis; the others make it longer.
        let how = Exchange::Gather { dimension, tiled: tiled || k > 0 };
        gathered = exchange(scope, &gathered, &bound[0], size, how)?;
    }
    Ok(gathered)
}

/// Each example's part of the sum over all of a named axis: what lies at its position along `axis`, which
/// goes away, or, `tiled`, its share of that axis.
pub fn psum_scatter(scope: &Scope, x: &Value, name: &str, axis: i64, tiled: bool) -> Result<Value> {
    let (bound, size) = bound(scope, "psum_scatter", &[name])?;
    let dimension = normalize_axis("psum_scatter", axis, x.ty().rank())?;
    exchange(scope, x, &bound[0], size, Exchange::ReduceScatter { dimension, tiled })
}

/// Cuts `split_axis`, sends part `k` to example `k` of a named axis, and joins what comes along
/// `concat_axis`: in order of the senders, along a new axis or, `tiled`, along one that is there.
pub fn all_to_all(
    scope: &Scope,
    x: &Value,
    name: &str,
    split_axis: i64,
    concat_axis: i64,
    tiled: bool,
) -> Result<Value> {
    let (bound, size) = bound(scope, "all_to_all", &[name])?;
    let rank = x.ty().rank();
    let split = normalize_axis("all_to_all", split_axis, rank)?;
    let concat = normalize_axis("all_to_all", concat_axis, rank)?;
    if tiled {
        return exchange(scope, x, &bound[0], size, Exchange::AllToAll { split, concat });
    }
    if x.shape()[split] != size {
        bail!(
            Shape,
            "all_to_all needs axis {split} of {} to have the size of axis '{name}', which is {size}",
            x.ty()
        );
    }
    if split == concat {
        return exchange(scope, x, &bound[0], size, Exchange::AllToAll { split, concat });
    }
    // The parts get an axis of their own; the axis that was cut has size 1 then.
    let (new, cut) = if split < concat { (concat + 1, split) } else { (concat, split + 1) };
    let x = ops::expand_dim(scope, x, new)?;
    let how = Exchange::AllToAll { split: cut, concat: new };
    let joined = exchange(scope, &x, &bound[0], size, how)?;
    ops::squeeze(scope, &joined, [cut])
}

/// Sends values along a named axis: that of the first of each pair to the second. Under `vmap` the pairs
/// must be a permutation; where examples are shards, those that get nothing have zeros.
pub fn ppermute(scope: &Scope, x: &Value, name: &str, pairs: &[(usize, usize)]) -> Result<Value> {
    let (bound, size) = bound(scope, "ppermute", &[name])?;
    exchange(scope, x, &bound[0], size, Exchange::Permute { pairs: pairs.to_vec() })
}

/// `x`, as a value of its own for each example along the named axes.
pub fn pvary(scope: &Scope, x: &Value, names: &[&str]) -> Result<Value> {
    let (names, _) = bound(scope, "pvary", names)?;
    match names.is_empty() {
        true => Ok(x.clone()),
        false => ops::bind1(scope, Pvary { axes: names.into() }, std::slice::from_ref(x)),
    }
}

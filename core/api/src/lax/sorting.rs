//! Sorted arrays, and the largest elements along an axis.

use jaxrs_data::{Result, bail, normalize_axis};
use jaxrs_ir::prims::{Sort, TopK};
use jaxrs_ir::{Context, Value};
use jaxrs_kernel::Ranking;
use jaxrs_transform::Scope;

/// The `k` largest elements along an axis, the largest first, and their positions as `i32`; of equal
/// elements the one with the lowest position comes first. Floats are in their total order: NaN above
/// everything, −0 below 0, NaN with a sign bit last. The derivative selects the same elements.
///
/// Refuses complex numbers, scalars, and `k` below 0 or above the size of the axis.
pub fn top_k(cx: &Scope, x: &Value, k: i64, axis: i64) -> Result<[Value; 2]> {
    select(cx, "top_k", x, (k, axis), Ranking::Total)
}

/// The `k` largest elements along an axis, and their positions. On other devices some may be missed; here they
/// are exact. NaN come last. Takes floats only.
pub fn approx_max_k(cx: &Scope, x: &Value, k: i64, axis: i64) -> Result<[Value; 2]> {
    select(cx, "approx_max_k", x, (k, axis), Ranking::Largest)
}

/// As [`approx_max_k`], the smallest.
pub fn approx_min_k(cx: &Scope, x: &Value, k: i64, axis: i64) -> Result<[Value; 2]> {
    select(cx, "approx_min_k", x, (k, axis), Ranking::Smallest)
}

fn select(
    cx: &Scope,
    name: &str,
    x: &Value,
    (k, axis): (i64, i64),
    ranking: Ranking,
) -> Result<[Value; 2]> {
    let ty = x.ty();
    if ty.dtype.is_complex() || (ranking != Ranking::Total && !ty.dtype.is_float()) {
        bail!(Dtype, "{name} does not take {ty}");
    }
    let axis = normalize_axis(name, axis, ty.rank())?;
    let least = usize::from(ranking != Ranking::Total);
    let k = match usize::try_from(k) {
        Ok(k) if (least..=x.shape()[axis]).contains(&k) => k,
        _ => bail!(InvalidArgument, "{name} needs k from {least} to {}, got {k}", x.shape()[axis]),
    };
    let outputs = cx.bind(&TopK { k, axis, ranking }.into(), std::slice::from_ref(x))?;
    <[Value; 2]>::try_from(outputs.into_vec())
        .map_err(|_| jaxrs_data::Error::internal("top_k gives two arrays"))
}

/// Sorts operands of one shape alike, by the first `num_keys` of them.
pub fn sort(cx: &Scope, operands: &[Value], dimension: i64, num_keys: i64) -> Result<Vec<Value>> {
    let Some(first) = operands.first() else {
        bail!(InvalidArgument, "sort needs at least one array, got none");
    };
    let dimension = normalize_axis("sort", dimension, first.ty().rank())?;
    let num_keys = match usize::try_from(num_keys) {
        Ok(keys) if (1..=operands.len()).contains(&keys) => keys,
        _ => bail!(InvalidArgument, "sort of {} arrays got num_keys {num_keys}", operands.len()),
    };
    let prim = Sort { dimension, num_keys, is_stable: true };
    Ok(cx.bind(&prim.into(), operands)?.into_iter().collect())
}

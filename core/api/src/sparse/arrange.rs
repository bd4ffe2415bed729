//! Sparse arrays of the layout `bcoo` in other shapes and orders.

use jaxrs_data::{Axes, DType, Result, Scalar, Shape, SmallVec, bail, normalize_axis};
use jaxrs_ir::prims::{BcooSortIndices, BcooSumDuplicates, BcooTranspose, Binary, coordinates};
use jaxrs_ir::{Context, Outputs, Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::Scope;

use super::{Bcoo, DataAndIndices, number};
use crate::operands::constant_like;

fn pair(mut outputs: Outputs) -> DataAndIndices {
    let indices = outputs.swap_remove(1);
    (outputs.swap_remove(0), indices)
}

/// The array with its axes permuted.
pub fn bcoo_transpose(cx: &Scope, x: Bcoo<'_>, permutation: &[usize]) -> Result<DataAndIndices> {
    if permutation.iter().copied().eq(0..x.shape.len()) {
        x.check("bcoo_transpose")?;
        return Ok((x.data.clone(), x.indices.clone()));
    }
    let prim = BcooTranspose { permutation: permutation.into(), info: x.info() };
    Ok(pair(cx.bind(&prim.into(), &[x.data.clone(), x.indices.clone()])?))
}

/// The array with its elements in the order of their indices.
pub fn bcoo_sort_indices(cx: &Scope, x: Bcoo<'_>) -> Result<DataAndIndices> {
    let prim = BcooSortIndices { info: x.info() };
    Ok(pair(cx.bind(&prim.into(), &[x.data.clone(), x.indices.clone()])?))
}

/// The array with one element for each index, in order. As many as needed, which indices have to be known for,
/// where the number is not given.
pub fn bcoo_sum_duplicates(cx: &Scope, x: Bcoo<'_>, nse: Option<usize>) -> Result<DataAndIndices> {
    x.check("bcoo_sum_duplicates")?;
    let nse = match nse {
        Some(nse) => nse,
        None if x.n_sparse() == 0 => 1,
        None => count_distinct(cx, x)?,
    };
    let prim = BcooSumDuplicates { info: x.info(), nse };
    Ok(pair(cx.bind(&prim.into(), &[x.data.clone(), x.indices.clone()])?))
}

/// The largest number of distinct indices of a batch, those out of bounds not counted.
fn count_distinct(cx: &Scope, x: Bcoo<'_>) -> Result<usize> {
    let prim = BcooSumDuplicates { info: x.info(), nse: x.nse() };
    let (_, indices) = pair(cx.bind(&prim.into(), &[x.data.clone(), x.indices.clone()])?);
    let inside = in_bounds(cx, &indices, x.sparse_sizes())?;
    let count = ops::convert(cx, &inside, DType::I32)?;
    let rank = count.ty().rank();
    number(cx, "nse", "bcoo_sum_duplicates", &ops::reduce_sum(cx, &count, [rank - 1])?)
}

/// Whether all components of indices are below these sizes.
pub(super) fn in_bounds(cx: &Scope, indices: &Value, sizes: &[usize]) -> Result<Value> {
    let axis = indices.ty().rank() - 1;
    let limits = coordinates::repeated(cx, indices.ty(), sizes)?;
    let below = ops::compare(cx, Compare::Lt, indices, &limits)?;
    ops::reduce(cx, ReduceOp::And, &below, Axes::from_distinct([axis]))
}

/// Data where a condition on elements holds, and zero elsewhere.
pub(super) fn data_where(cx: &Scope, condition: &Value, data: &Value) -> Result<Value> {
    let n = condition.ty().rank();
    let pairs = condition.shape().iter().zip(data.shape().iter());
    let batch: Vec<usize> = pairs.map(|(a, b)| *a.max(b)).take(n - 1).collect();
    let data = coordinates::with_batch(cx, data, &batch)?;
    let condition = ops::broadcast_in_dim(cx, condition, data.shape(), 0..n)?;
    let zero = ops::full(cx, data.ty(), Scalar::Int(0))?;
    ops::select(cx, &condition, &data, &zero)
}

/// The array without elements that are zero.
pub fn bcoo_eliminate_zeros(cx: &Scope, x: Bcoo<'_>, nse: Option<usize>) -> Result<DataAndIndices> {
    x.check("bcoo_eliminate_zeros")?;
    let n = x.n_batch();
    let is_zero = ops::compare(cx, Compare::Eq, x.data, &constant_like(x.data, 0.0))?;
    let all =
        ops::reduce(cx, ReduceOp::And, &is_zero, Axes::from_distinct(n + 1..x.data.ty().rank()))?;
    // Where batches share indices, an element goes that is zero in all of them.
    let shared = Axes::from_distinct((0..n).filter(|&axis| x.indices.shape()[axis] == 1));
    let all = ops::reduce(cx, ReduceOp::And, &all, shared)?;
    let mut flags: Shape = x.indices.shape()[..=n].into();
    let kept = (0..n).filter(|&axis| x.indices.shape()[axis] != 1 && x.data.shape()[axis] == 1);
    kept.for_each(|axis| flags[axis] = 1);
    let all = ops::reshape(cx, &all, &flags)?;
    let gone = coordinates::repeated(cx, x.indices.ty(), x.sparse_sizes())?;
    let all = ops::broadcast_in_dim(cx, &all, x.indices.shape(), 0..=n)?;
    let indices = ops::select(cx, &all, &gone, x.indices)?;
    bcoo_sum_duplicates(cx, Bcoo { indices: &indices, ..x }, nse)
}

/// The sums over axes.
pub fn bcoo_reduce_sum(cx: &Scope, x: Bcoo<'_>, axes: &Axes) -> Result<DataAndIndices> {
    x.check("bcoo_reduce_sum")?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let dense = axes.iter().filter(|&&axis| axis >= n + k).map(|axis| axis + 1 - k);
    let mut data = ops::reduce_sum(cx, x.data, dense)?;
    let mut indices = x.indices.clone();
    if k > 0 {
        data = data_where(cx, &in_bounds(cx, &indices, x.sparse_sizes())?, &data)?;
    }
    let kept: SmallVec<[usize; 4]> = (0..k).filter(|i| !axes.contains(&(i + n))).collect();
    indices = coordinates::components(cx, &indices, &kept)?;
    let summed: SmallVec<[usize; 4]> = axes.iter().copied().filter(|&axis| axis < n).collect();
    // An axis that is summed lies along the elements then, in data and indices alike.
    for &axis in &summed {
        let mut sizes = [data.shape()[axis], indices.shape()[axis]];
        if sizes == [1, 1] {
            data = ops::scale(cx, &data, x.shape[axis] as f64)?;
            continue;
        }
        sizes = [x.shape[axis]; 2];
        let full = |value: &Value| {
            let mut shape = value.shape().clone();
            shape[axis] = sizes[0];
            let rank = shape.rank();
            ops::broadcast_in_dim(cx, value, &shape, 0..rank)
        };
        (data, indices) = (full(&data)?, full(&indices)?);
    }
    let joined = |value: &Value| {
        let batch = (0..n).filter(|axis| !summed.contains(axis));
        let order: SmallVec<[usize; 6]> =
            batch.chain(summed.iter().copied()).chain(n..value.ty().rank()).collect();
        let value = ops::transpose(cx, value, &order)?;
        let start = n - summed.len();
        let len: usize = value.shape()[start..=n].iter().product();
        let (front, back) = (&value.shape()[..start], &value.shape()[n + 1..]);
        ops::reshape(cx, &value, &front.iter().chain([&len]).chain(back).copied().collect())
    };
    Ok((joined(&data)?, joined(&indices)?))
}

/// The array reversed along axes.
pub fn bcoo_rev(cx: &Scope, x: Bcoo<'_>, dimensions: &Axes) -> Result<DataAndIndices> {
    x.check("bcoo_rev")?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let along = |value: &Value, axes: Vec<usize>| match axes.is_empty() {
        true => Ok(value.clone()),
        false => ops::rev(cx, value, axes),
    };
    let batch = || dimensions.iter().copied().filter(|&axis| axis < n);
    let dense = dimensions.iter().filter(|&&axis| axis >= n + k).map(|axis| axis + 1 - k);
    let data = along(x.data, batch().chain(dense).collect())?;
    let mut columns = Vec::with_capacity(k);
    let reversed = along(x.indices, batch().collect())?;
    let limits = coordinates::repeated(cx, reversed.ty(), x.sparse_sizes())?;
    for axis in 0..k {
        let column = coordinates::component(cx, &reversed, axis)?;
        columns.push(match dimensions.contains(&(axis + n)) {
            true => ops::sub(cx, &constant_like(&column, x.shape[axis + n] as f64 - 1.0), &column)?,
            false => column,
        });
    }
    if columns.is_empty() {
        return Ok((data, reversed));
    }
    let indices = coordinates::stacked(cx, &columns)?;
    // What was out of bounds would be below zero.
    let below = ops::compare(cx, Compare::Lt, &indices, &constant_like(&indices, 0.0))?;
    Ok((data, ops::select(cx, &below, &limits, &indices)?))
}

/// The array without axes of size 1.
pub fn bcoo_squeeze(cx: &Scope, x: Bcoo<'_>, dimensions: &[i64]) -> Result<DataAndIndices> {
    let name = "bcoo_squeeze";
    x.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let axes = dimensions.iter().map(|&axis| normalize_axis(name, axis, x.shape.len()));
    let axes = Axes::from_distinct(axes.collect::<Result<SmallVec<[usize; 4]>>>()?);
    if let Some(axis) = axes.iter().find(|&&axis| x.shape[axis] != 1) {
        bail!(
            Shape,
            "{name} takes away axes of size 1, but axis {axis} has size {}",
            x.shape[*axis]
        );
    }
    let kept: SmallVec<[usize; 4]> = (0..k).filter(|i| !axes.contains(&(i + n))).collect();
    let batch = || axes.iter().copied().filter(|&axis| axis < n);
    let dense = axes.iter().filter(|&&axis| axis >= n + k).map(|axis| axis + 1 - k);
    let data = ops::squeeze(cx, x.data, batch().chain(dense))?;
    let indices = coordinates::components(cx, x.indices, &kept)?;
    Ok((data, ops::squeeze(cx, &indices, batch())?))
}

/// The array repeated along new axes, and along axes of size 1 of its batches.
pub fn bcoo_broadcast_in_dim(
    cx: &Scope,
    x: Bcoo<'_>,
    shape: &[usize],
    dimensions: &[usize],
) -> Result<DataAndIndices> {
    let name = "bcoo_broadcast_in_dim";
    x.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let rank = shape.len();
    let increasing = dimensions.windows(2).all(|pair| pair[0] < pair[1]);
    if dimensions.len() != x.shape.len() || !increasing || dimensions.iter().any(|&d| d >= rank) {
        bail!(
            InvalidArgument,
            "{name} maps {} axes in order to {rank}, got {dimensions:?}",
            x.shape.len()
        );
    }
    let (batch, rest) = dimensions.split_at(n);
    let (sparse, dense) = rest.split_at(k);
    let new_batch = rest.first().copied().unwrap_or(rank);
    let new_dense = dense.first().map_or(0, |first| rank - first);
    let new_sparse = rank - new_batch - new_dense;
    let total = |sizes: &[usize]| sizes.iter().product::<usize>();
    if total(x.sparse_sizes()) != total(&shape[new_batch..new_batch + new_sparse]) {
        bail!(Unimplemented, "{name} adds no sparse axes of another size than 1");
    }
    let with = |more: &[usize]| -> Shape {
        shape[..new_batch].iter().copied().chain([x.nse()]).chain(more.iter().copied()).collect()
    };
    let of_dense = dense.iter().map(|axis| axis + 1 - new_sparse);
    let dims = batch.iter().copied().chain([new_batch]).chain(of_dense);
    let data = ops::broadcast_in_dim(cx, x.data, &with(&shape[new_batch + new_sparse..]), dims)?;
    let dims = batch.iter().copied().chain([new_batch, new_batch + 1]);
    let indices = ops::broadcast_in_dim(cx, x.indices, &with(&[k]), dims)?;
    if new_sparse == k {
        return Ok((data, indices));
    }
    let column = |axis: usize| match sparse.iter().position(|&dim| dim == axis) {
        Some(old) => coordinates::component(cx, &indices, old),
        None => ops::full(cx, &indices.ty().with_shape(with(&[])), Scalar::Int(0)),
    };
    let columns =
        (new_batch..new_batch + new_sparse).map(column).collect::<Result<Vec<Value>>>()?;
    Ok((data, coordinates::stacked(cx, &columns)?))
}

/// The array with other sizes, where batch, sparse and dense axes do not mix.
pub fn bcoo_reshape(cx: &Scope, x: Bcoo<'_>, new_sizes: &[usize]) -> Result<DataAndIndices> {
    let name = "bcoo_reshape";
    x.check(name)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let total = |sizes: &[usize]| sizes.iter().product::<usize>();
    let (batch, sparse) = (total(&x.shape[..n]), total(x.sparse_sizes()));
    // As many axes as make up the size, and those of size 1 after them.
    let end = |start: usize, size: usize| {
        let fits = |&end: &usize| total(&new_sizes[..end]) == size;
        (start..=new_sizes.len()).rfind(fits)
    };
    let ends = end(0, batch).and_then(|first| Some((first, end(first, batch * sparse)?)));
    let Some((first, second)) = ends.filter(|_| total(x.shape) == total(new_sizes)) else {
        let (shape, new_sizes) = (Shape::new(x.shape), Shape::new(new_sizes));
        bail!(
            Shape,
            "{name} cannot give {shape} with {n} batch and {k} sparse axes the sizes {new_sizes}"
        );
    };
    let (data, indices) = x.unshared(cx)?;
    let with = |more: &[usize]| -> Shape {
        new_sizes[..first].iter().copied().chain([x.nse()]).chain(more.iter().copied()).collect()
    };
    let data = ops::reshape(cx, &data, &with(&new_sizes[second..]))?;
    let indices = ops::reshape(cx, &indices, &with(&[k]))?;
    let to = &new_sizes[first..second];
    Ok((data, reindexed(cx, &indices, x.sparse_sizes(), to)?))
}

/// Indices into an array of some sizes, as those into one of other sizes and as many elements.
fn reindexed(cx: &Scope, indices: &Value, from: &[usize], to: &[usize]) -> Result<Value> {
    let axis = indices.ty().rank() - 1;
    let flat_ty = indices.ty().with_shape(indices.shape().without(axis));
    let mut flat = ops::full(cx, &flat_ty, Scalar::Int(0))?;
    for (k, &size) in from.iter().enumerate() {
        let column = coordinates::component(cx, indices, k)?;
        let last = constant_like(&column, size as f64 - 1.0);
        let column = ops::binary(cx, Binary::Min, &column, &last)?;
        let column = ops::binary(cx, Binary::Max, &column, &constant_like(&column, 0.0))?;
        flat = ops::add(cx, &ops::scale(cx, &flat, size as f64)?, &column)?;
    }
    let mut inner: usize = to.iter().product();
    let mut columns = Vec::with_capacity(to.len());
    for &size in to {
        inner /= size.max(1);
        let step = ops::binary(cx, Binary::Div, &flat, &constant_like(&flat, inner.max(1) as f64))?;
        columns.push(ops::binary(
            cx,
            Binary::Rem,
            &step,
            &constant_like(&flat, size.max(1) as f64),
        )?);
    }
    if columns.is_empty() {
        return coordinates::components(cx, indices, &[]);
    }
    let columns = coordinates::stacked(cx, &columns)?;
    let inside = in_bounds(cx, indices, from)?;
    let inside = ops::broadcast_in_dim(cx, &inside, columns.shape(), 0..axis)?;
    let limits = coordinates::repeated(cx, columns.ty(), to)?;
    ops::select(cx, &inside, &columns, &limits)
}

/// Arrays joined along a batch or sparse axis.
pub fn bcoo_concatenate(
    cx: &Scope,
    arrays: &[Bcoo<'_>],
    dimension: usize,
) -> Result<DataAndIndices> {
    let name = "bcoo_concatenate";
    let Some(first) = arrays.first() else {
        bail!(InvalidArgument, "{name} takes 1 array or more, got 0");
    };
    let (n, k) = (first.n_batch(), first.n_sparse());
    for x in arrays {
        x.check(name)?;
        let other = |axis: &usize| *axis != dimension && x.shape[*axis] != first.shape[*axis];
        let fits = x.shape.len() == first.shape.len() && (x.n_batch(), x.n_sparse()) == (n, k);
        if !fits || (0..x.shape.len()).any(|axis| other(&axis)) || dimension >= n + k {
            bail!(
                Shape,
                "{name} joins arrays that are alike along a batch or sparse axis, got shapes {} and {} along {dimension}",
                Shape::new(first.shape),
                Shape::new(x.shape)
            );
        }
    }
    let nse = arrays.iter().map(Bcoo::nse).max().unwrap_or(0);
    let (mut data, mut indices, mut offset) = (Vec::new(), Vec::new(), 0);
    for x in arrays {
        let (mut d, mut i) = x.unshared(cx)?;
        if dimension < n {
            (d, i) = padded(cx, &d, &i, x.sparse_sizes(), nse)?;
        } else {
            let mut moved = vec![0; k];
            moved[dimension - n] = offset;
            i = ops::add(cx, &i, &coordinates::repeated(cx, i.ty(), &moved)?)?;
            offset += x.shape[dimension];
        }
        data.push(d);
        indices.push(i);
    }
    let axis = if dimension < n { dimension } else { n };
    Ok((ops::concatenate(cx, &data, axis)?, ops::concatenate(cx, &indices, axis)?))
}

/// Data and indices of as many elements, of which the new ones are out of bounds.
fn padded(
    cx: &Scope,
    data: &Value,
    indices: &Value,
    sizes: &[usize],
    nse: usize,
) -> Result<DataAndIndices> {
    let axis = indices.ty().rank() - 2;
    let more = nse - indices.shape()[axis];
    if more == 0 {
        return Ok((data.clone(), indices.clone()));
    }
    let with = |value: &Value| {
        let mut shape = value.shape().clone();
        shape[axis] = more;
        value.ty().with_shape(shape)
    };
    let zeros = ops::full(cx, &with(data), Scalar::Int(0))?;
    let beyond = coordinates::repeated(cx, &with(indices), sizes)?;
    let data = ops::concatenate(cx, &[data.clone(), zeros], axis)?;
    Ok((data, ops::concatenate(cx, &[indices.clone(), beyond], axis)?))
}

//! Parts of sparse arrays at many positions.

use jaxrs_data::{DType, Result, Shape, SmallVec, Type, bail};
use jaxrs_ir::prims::{Gather, Primitive};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Function, Scope, VmapOptions, vmap};

use super::{Bcoo, DataAndIndices, Kinds, OnInefficient};
use super::{bcoo_dynamic_slice, bcoo_reshape, bcoo_squeeze, bcoo_transpose, bcoo_update_layout};

/// A sparse array that owns its shape.
struct Owned {
    pair: DataAndIndices,
    shape: Shape,
}

impl Owned {
    fn get(&self) -> Bcoo<'_> {
        Bcoo { data: &self.pair.0, indices: &self.pair.1, shape: &self.shape }
    }
}

/// Windows at many positions, as `lax.gather` has them of a dense array. The caller promises that all fit.
pub fn bcoo_gather(
    cx: &Scope,
    x: Bcoo<'_>,
    start_indices: &Value,
    gather: &Gather,
) -> Result<DataAndIndices> {
    let name = "bcoo_gather";
    x.check(name)?;
    if !gather.operand_batching_dims.is_empty() {
        bail!(
            Unimplemented,
            "{name} takes no batching axes, got {:?}",
            gather.operand_batching_dims
        );
    }
    let dense = Type::new(x.data.ty().dtype, Shape::new(x.shape));
    let types = gather.output_types(&[dense, start_indices.ty().clone()]);
    let shape = types.map_err(|err| err.context(name))?[0].shape.clone();
    let over: SmallVec<[usize; 4]> =
        (0..shape.rank()).filter(|axis| !gather.offset_dims.contains(axis)).collect();
    let windows = windows(cx, x, start_indices, gather)?;
    let batch = &start_indices.shape()[..start_indices.ty().rank() - 1];
    let sizes: Shape = batch.iter().chain(&windows.shape[1..]).copied().collect();
    let pair = bcoo_reshape(cx, windows.get(), &sizes)?;
    let order: SmallVec<[usize; 4]> = over.iter().chain(&gather.offset_dims).copied().collect();
    arranged(cx, Owned { pair, shape: sizes }, &order, over.len())
}

/// The windows one after another, along the first axis.
fn windows(cx: &Scope, x: Bcoo<'_>, start_indices: &Value, gather: &Gather) -> Result<Owned> {
    let (sizes, map) = (gather.slice_sizes.clone(), gather.start_index_map.clone());
    let dropped: SmallVec<[i64; 4]> =
        gather.collapsed_slice_dims.iter().map(|&axis| axis as i64).collect();
    let left: Shape = (0..sizes.rank())
        .filter(|axis| !gather.collapsed_slice_dims.contains(axis))
        .map(|axis| sizes[axis])
        .collect();
    let whole = Shape::new(x.shape);
    let window = Function::new("bcoo_gather", move |cx: &Scope, inputs: &[Value]| {
        let (data, indices, at) = (&inputs[0], &inputs[1], &inputs[2]);
        let zero = ops::scalar(DType::I32, 0.0);
        let mut starts = vec![zero; whole.rank()];
        for (k, &axis) in map.iter().enumerate() {
            starts[axis] = ops::squeeze(cx, &ops::slice_in_dim(cx, at, 0, k, k + 1)?, [0])?;
        }
        let pair = bcoo_dynamic_slice(cx, Bcoo { data, indices, shape: &whole }, &starts, &sizes)?;
        let pair = bcoo_squeeze(cx, Owned { pair, shape: sizes.clone() }.get(), &dropped)?;
        Ok(vec![pair.0, pair.1])
    });
    let last = start_indices.ty().rank() - 1;
    let (batch, components) = start_indices.shape().split_at(last);
    let count = batch.iter().product();
    let at = ops::reshape(cx, start_indices, &Shape::from([count, components[0]]))?;
    let options = VmapOptions { in_axes: vec![None, None, Some(0)], ..VmapOptions::default() };
    let mut pair = vmap(&window, options).call(cx, &[x.data.clone(), x.indices.clone(), at])?;
    let indices = pair.swap_remove(1);
    let shape = std::iter::once(&count).chain(left.iter()).copied().collect();
    Ok(Owned { pair: (pair.swap_remove(0), indices), shape })
}

/// The array whose axis `k` comes to be axis `order[k]`, where the first `n_over` axes run over windows.
fn arranged(cx: &Scope, x: Owned, order: &[usize], n_over: usize) -> Result<DataAndIndices> {
    let mut permutation: SmallVec<[usize; 4]> = SmallVec::from_elem(0, order.len());
    order.iter().enumerate().for_each(|(axis, &place)| permutation[place] = axis);
    if permutation[..n_over].iter().all(|&axis| axis < n_over) {
        return bcoo_transpose(cx, x.get(), &permutation);
    }
    // Axes over windows come between those of windows: they cannot all be batches. Axes that are stored whole
    // stay last, if they can.
    let n_dense = x.get().kinds().n_dense;
    let rank = order.len();
    let stay_last = (rank - n_dense..rank).all(|axis| order[axis] == axis);
    let to = Kinds { n_batch: 0, n_dense: if stay_last { n_dense } else { 0 } };
    let pair = bcoo_update_layout(cx, x.get(), to, OnInefficient::Ignore)?;
    bcoo_transpose(cx, Owned { pair, ..x }.get(), &permutation)
}

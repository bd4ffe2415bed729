//! Stored elements in the order of their indices, and without repetitions.

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::Compare as Cmp;

use super::coordinates::{
    blocks, component, repeated, running_sum, stacked, sums, with_batch, written,
};
use super::{SparseInfo, SparseLayout, batched_first};
use crate::lower::Lowering;
use crate::prims::{Binary, Primitive, ScatterKind, Sort};
use crate::rules::nary;
use crate::{Batched, Cx, Jvp, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops};

/// `bcoo_sort_indices(data, indices)`: both in the lexicographic order of the indices.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BcooSortIndices {
    /// Of which array.
    pub info: SparseInfo,
}

/// `bcoo_sum_duplicates(data, indices)`: sorted, with the sum in the place of elements that have the same
/// indices, and indices out of bounds at the end.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BcooSumDuplicates {
    /// Of which array.
    pub info: SparseInfo,
    /// How many elements the result has; the last of more are dropped.
    pub nse: usize,
}

/// Indices in order, and where each comes from.
fn sorted(cx: Cx<'_>, indices: &Value) -> Result<(Vec<Value>, Value)> {
    let axis = indices.ty().rank() - 2;
    let n_sparse = indices.shape()[axis + 1];
    let mut operands =
        (0..n_sparse).map(|k| component(cx, indices, k)).collect::<Result<Vec<Value>>>()?;
    let shape: Shape = indices.shape()[..=axis].into();
    operands.push(ops::iota(cx, DType::I32, &shape, axis)?);
    let sort = Sort { dimension: axis, num_keys: n_sparse, is_stable: true };
    let mut sorted = cx.bind(&sort.into(), &operands)?.into_vec();
    let order = sorted.split_off(n_sparse).swap_remove(0);
    Ok((sorted, order))
}

/// Indices without repetitions.
pub(super) struct Distinct {
    /// The distinct indices in order; after them the sizes of the axes.
    indices: Value,
    /// Which of the distinct indices each was.
    which: Value,
    /// Whether an index is the first of those that are the same.
    pub(super) is_first: Value,
}

impl Distinct {
    /// Of indices of axes of these sizes; what is out of bounds counts as one index.
    pub(super) fn of(cx: Cx<'_>, indices: &Value, sizes: &[usize]) -> Result<Distinct> {
        let axis = indices.ty().rank() - 2;
        let over: Shape = indices.shape()[..=axis].into();
        if sizes.is_empty() || over.numel() == 0 {
            let position = ops::iota(cx, DType::I32, &over, axis)?;
            let is_first = ops::compare(cx, Cmp::Eq, &position, &ops::scalar(DType::I32, 0.0))?;
            let which = ops::full(cx, position.ty(), Scalar::Int(0))?;
            return Ok(Distinct { indices: indices.clone(), which, is_first });
        }
        let limits = repeated(cx, indices.ty(), sizes)?;
        let indices = bounded(cx, indices, &limits)?;
        let (columns, order) = sorted(cx, &indices)?;
        let is_first = differ_from_previous(cx, &columns, axis)?;
        let number = ops::convert(cx, &is_first, DType::I32)?;
        let which = ops::offset(cx, &running_sum(cx, &number, axis)?, -1.0)?;
        let at = ops::expand_dim(cx, &which, axis + 1)?;
        let set = ScatterKind::Set;
        let distinct = written(cx, set, &limits, axis, &at, &stacked(cx, &columns)?)?;
        let back = Sort { dimension: axis, num_keys: 1, is_stable: true };
        let back = cx.bind(&back.into(), &[order, which, is_first])?;
        Ok(Distinct { indices: distinct, which: back[1].clone(), is_first: back[2].clone() })
    }
}

/// Indices where those that are out of bounds are the limits.
fn bounded(cx: Cx<'_>, indices: &Value, limits: &Value) -> Result<Value> {
    let axis = indices.ty().rank() - 1;
    let beyond = ops::compare(cx, Cmp::Ge, indices, limits)?;
    let any = jaxrs_data::Axes::from_distinct([axis]);
    let any = ops::reduce(cx, jaxrs_kernel::ReduceOp::Or, &beyond, any)?;
    let any = ops::broadcast_in_dim(cx, &any, indices.shape(), 0..axis)?;
    ops::select(cx, &any, limits, indices)
}

/// Whether any of the columns has another element before, along an axis; true of the first.
fn differ_from_previous(cx: Cx<'_>, columns: &[Value], axis: usize) -> Result<Value> {
    let mut any: Option<Value> = None;
    let len = columns[0].shape()[axis];
    for column in columns {
        let before = ops::slice_in_dim(cx, column, axis, 0, len - 1)?;
        let after = ops::slice_in_dim(cx, column, axis, 1, len)?;
        let differs = ops::compare(cx, Cmp::Ne, &after, &before)?;
        any = Some(match any {
            Some(any) => ops::binary(cx, Binary::Or, &any, &differs)?,
            None => differs,
        });
    }
    let first = Type::new(DType::Bool, columns[0].shape().without(axis).with(axis, 1));
    let first = ops::full(cx, &first, Scalar::Bool(true))?;
    ops::concatenate(cx, &[first].into_iter().chain(any).collect::<Vec<Value>>(), axis)
}

/// The sizes along the batch axes where neither operand shares what the other does not.
fn joint_batch(a: &Value, b: &Value, n_batch: usize) -> Shape {
    a.shape().iter().zip(b.shape().iter()).map(|(a, b)| *a.max(b)).take(n_batch).collect()
}

fn types_of(
    info: &SparseInfo,
    name: &str,
    inputs: &[Type],
    nse: Option<usize>,
) -> Result<SmallVec<[Type; 2]>> {
    nary::arity(name, inputs, 2)?;
    let (data, indices) = (&inputs[0], &inputs[1]);
    let p = SparseLayout::Bcoo.properties(name, Some(data), &inputs[1..], &info.shape)?;
    if nse.is_some() && !data.dtype.is_number() {
        bail!(Dtype, "{name} adds elements, which {} has not", data.dtype);
    }
    if nse.is_none() && p.n_sparse == 0 {
        return Ok(inputs.into());
    }
    let n = p.n_batch;
    let mut shape = data.shape.clone();
    shape.iter_mut().zip(indices.shape.iter()).take(n).for_each(|(a, b)| *a = *b.max(a));
    let mut at = indices.shape.clone();
    (shape[n], at[n]) = (nse.unwrap_or(p.nse), nse.unwrap_or(p.nse));
    Ok(smallvec![data.with_shape(shape), indices.with_shape(at)])
}

/// `size` examples of data and indices; where all share indices, those of the result are shared.
fn batch_pair(
    cx: Cx<'_>,
    prim: crate::Prim,
    size: usize,
    inputs: &[Value],
    axes: &[Option<usize>],
) -> Result<Batched> {
    let mut inputs = batched_first(cx, inputs, axes)?;
    inputs[0] = with_batch(cx, &inputs[0], &[size])?;
    let mut outputs = cx.bind(&prim, &inputs)?;
    if axes[1].is_none() {
        outputs[1] = ops::squeeze(cx, &outputs[1], [0])?;
    }
    Ok(Batched { outputs, axes: smallvec![Some(0), axes[1].map(|_| 0)] })
}

impl BcooSortIndices {
    /// The indices in order, and elements of data like them.
    fn arrange(&self, cx: Cx<'_>, data: &[Value], indices: &Value) -> Result<(Vec<Value>, Value)> {
        let n_batch = indices.ty().rank() - 2;
        if indices.shape()[n_batch + 1] == 0 {
            return Ok((data.to_vec(), indices.clone()));
        }
        let (columns, order) = sorted(cx, indices)?;
        let at = ops::expand_dim(cx, &order, n_batch + 1)?;
        let permuted = data.iter().map(|data| {
            let batch = joint_batch(data, indices, n_batch);
            let (data, at) = (with_batch(cx, data, &batch)?, with_batch(cx, &at, &batch)?);
            blocks(cx, &data, n_batch, &at, true)
        });
        Ok((permuted.collect::<Result<_>>()?, stacked(cx, &columns)?))
    }
}

impl BcooSumDuplicates {
    /// The distinct indices, and for each array of data the sums of its elements.
    fn arrange(&self, cx: Cx<'_>, data: &[Value], indices: &Value) -> Result<(Vec<Value>, Value)> {
        let n_batch = indices.ty().rank() - 2;
        let sizes = &self.info.shape[n_batch..n_batch + indices.shape()[n_batch + 1]];
        let distinct = Distinct::of(cx, indices, sizes)?;
        let at = ops::expand_dim(cx, &distinct.which, n_batch + 1)?;
        let summed = data.iter().map(|data| {
            let batch = joint_batch(data, indices, n_batch);
            let (data, at) = (with_batch(cx, data, &batch)?, with_batch(cx, &at, &batch)?);
            let mut shape = data.shape().clone();
            shape[n_batch] = self.nse;
            sums(cx, &shape, n_batch, &at, &data)
        });
        let summed = summed.collect::<Result<_>>()?;
        Ok((summed, self.resized(cx, &distinct.indices, sizes)?))
    }

    /// As many indices as there are to be.
    fn resized(&self, cx: Cx<'_>, indices: &Value, sizes: &[usize]) -> Result<Value> {
        let axis = indices.ty().rank() - 2;
        let has = indices.shape()[axis];
        if self.nse <= has {
            return ops::slice_in_dim(cx, indices, axis, 0, self.nse);
        }
        let mut shape = indices.shape().clone();
        shape[axis] = self.nse - has;
        let more = repeated(cx, &indices.ty().with_shape(shape), sizes)?;
        ops::concatenate(cx, &[indices.clone(), more], axis)
    }
}

macro_rules! arranging {
    ($prim:ident, $name:literal, |$this:ident| $nse:expr, |$read:ident, $info:ident| $new:expr, $samples:ident) => {
        impl Primitive for $prim {
            fn name(&self) -> &'static str {
                $name
            }

            fn params(&self) -> Params {
                let ($this, mut params) = (self, self.info.params());
                let nse: Option<usize> = $nse;
                params.extend(nse.map(|nse| ("nse", Param::size(nse))));
                params
            }

            fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
                let $read = ParamReader::new(name, params);
                (name == $name).then(|| {
                    let $info = SparseInfo::read(&$read)?;
                    Ok($new)
                })
            }

            fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
                let $this = self;
                types_of(&self.info, $name, inputs, $nse)
            }

            fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
                compose::evaluate(self, inputs)
            }

            fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
                let (mut data, indices) = self.arrange(cx, &inputs[..1], &inputs[1])?;
                Ok(smallvec![data.swap_remove(0), indices])
            }

            fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
                let data: Vec<Value> =
                    primals[..1].iter().chain(tangents[0].value()).cloned().collect();
                let (data, indices) = self.arrange(cx, &data, &primals[1])?;
                let zero = |value: &Value| Tangent::Zero(value.ty().clone());
                let tangent =
                    data.get(1).map_or_else(|| zero(&data[0]), |t| Tangent::Value(t.clone()));
                let tangents = smallvec![tangent, zero(&indices)];
                Ok(Jvp { primals: smallvec![data[0].clone(), indices], tangents })
            }

            fn batch(
                &self,
                cx: Cx<'_>,
                size: usize,
                inputs: &[Value],
                axes: &[Option<usize>],
            ) -> Result<Batched> {
                let mut prim = self.clone();
                prim.info = prim.info.batched(size);
                batch_pair(cx, prim.into(), size, inputs, axes)
            }

            fn lowering(&self, _inputs: &[Type]) -> Lowering {
                Lowering::Composed
            }

            #[cfg(any(test, feature = "testing"))]
            fn samples() -> Vec<crate::prims::Sample> {
                super::samples::$samples()
            }
        }
    };
}

arranging!(
    BcooSortIndices,
    "bcoo_sort_indices",
    |_this| None,
    |_read, info| BcooSortIndices { info },
    sort_indices
);
arranging!(
    BcooSumDuplicates,
    "bcoo_sum_duplicates",
    |this| Some(this.nse),
    |read, info| BcooSumDuplicates { info, nse: read.size("nse")? },
    sum_duplicates
);

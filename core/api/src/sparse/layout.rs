//! Sparse arrays of the layout `bcoo` with other numbers of batch and dense axes.

use jaxrs_data::{DType, Result, Scalar, Shape, Type, bail};
use jaxrs_ir::prims::{ScatterKind, coordinates};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{Bcoo, DataAndIndices};

/// How many axes are batches, and how many are stored whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kinds {
    /// How many axes are batches.
    pub n_batch: usize,
    /// How many axes are stored whole.
    pub n_dense: usize,
}

/// What is done about a layout that stores whole what was sparse, and with that many zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnInefficient {
    /// It is refused.
    Error,
    /// It is made, with a warning in the log.
    Warn,
    /// It is made.
    Ignore,
}

impl OnInefficient {
    /// Reads `error`, `warn` or `none`.
    pub fn from_name(name: &str) -> Result<OnInefficient> {
        match name {
            "error" => Ok(OnInefficient::Error),
            "warn" => Ok(OnInefficient::Warn),
            "none" => Ok(OnInefficient::Ignore),
            _ => bail!(
                InvalidArgument,
                "bcoo_update_layout takes on_inefficient error, warn or none, got {name:?}"
            ),
        }
    }

    fn report(self, cx: &Scope, x: &Bcoo<'_>, kind: &str, from: usize, to: usize) -> Result<()> {
        let shape = Shape::new(x.shape);
        let message =
            format!("bcoo_update_layout from {from} to {to} {kind} axes of {shape} stores zeros");
        match self {
            OnInefficient::Error => {
                bail!(InvalidArgument, "{message}, which on_inefficient = \"error\" refuses")
            }
            OnInefficient::Warn => cx.warn(format_args!("{message}")),
            OnInefficient::Ignore => {}
        }
        Ok(())
    }
}

/// The same array with other numbers of batch and dense axes.
pub fn bcoo_update_layout(
    cx: &Scope,
    x: Bcoo<'_>,
    to: Kinds,
    on_inefficient: OnInefficient,
) -> Result<DataAndIndices> {
    let name = "bcoo_update_layout";
    x.check(name)?;
    let from = x.kinds();
    let rank = x.shape.len();
    if to.n_batch + to.n_dense > rank {
        let (shape, Kinds { n_batch, n_dense }) = (Shape::new(x.shape), to);
        bail!(Shape, "{name} cannot make {n_batch} batch and {n_dense} dense axes of {shape}");
    }
    let is_large = |axes: &[usize]| axes.iter().any(|&size| size > 1);
    if to.n_dense > from.n_dense && is_large(&x.shape[rank - to.n_dense..rank - from.n_dense]) {
        on_inefficient.report(cx, &x, "dense", from.n_dense, to.n_dense)?;
    }
    if to.n_batch > from.n_batch && is_large(&x.shape[from.n_batch..to.n_batch]) {
        on_inefficient.report(cx, &x, "batch", from.n_batch, to.n_batch)?;
    }
    // Axes become sparse first, so that there are as many sparse ones as are to become others.
    let mut pair = (x.data.clone(), x.indices.clone());
    type Step = fn(&Scope, Bcoo<'_>, usize) -> Result<DataAndIndices>;
    let steps: [(bool, Step, usize); 4] = [
        (to.n_dense < from.n_dense, sparse_from_dense, to.n_dense),
        (to.n_batch < from.n_batch, sparse_from_batch, to.n_batch),
        (to.n_dense > from.n_dense, dense_from_sparse, to.n_dense),
        (to.n_batch > from.n_batch, batch_from_sparse, to.n_batch),
    ];
    for (is_needed, step, count) in steps {
        if is_needed {
            pair = step(cx, Bcoo { data: &pair.0, indices: &pair.1, shape: x.shape }, count)?;
        }
    }
    Ok(pair)
}

impl Bcoo<'_> {
    pub(crate) fn kinds(&self) -> Kinds {
        let n_batch = self.n_batch();
        Kinds { n_batch, n_dense: self.data.ty().rank() - 1 - n_batch }
    }

    /// Data and indices with the batches that either of them has.
    fn alike(&self, cx: &Scope) -> Result<DataAndIndices> {
        let pairs = self.data.shape().iter().zip(self.indices.shape().iter());
        // No example is shared by none, too.
        let both = |(&a, &b): (&usize, &usize)| if a == 1 { b } else { a };
        let batch: Vec<usize> = pairs.map(both).take(self.n_batch()).collect();
        let data = coordinates::with_batch(cx, self.data, &batch)?;
        Ok((data, coordinates::with_batch(cx, self.indices, &batch)?))
    }
}

/// The positions along axes of these sizes, for each of `count` elements before them.
fn positions(cx: &Scope, front: &[usize], sizes: &[usize], dtype: DType) -> Result<Vec<Value>> {
    let shape: Shape = front.iter().chain(sizes).copied().collect();
    (front.len()..shape.rank()).map(|axis| ops::iota(cx, dtype, &shape, axis)).collect()
}

/// `count` dense axes are left; the elements of the others are stored one by one.
fn sparse_from_dense(cx: &Scope, x: Bcoo<'_>, count: usize) -> Result<DataAndIndices> {
    let (data, indices) = x.alike(cx)?;
    let (n, dtype) = (x.n_batch(), indices.ty().dtype);
    let end = data.ty().rank() - count;
    let (front, sizes, rest) =
        (&data.shape()[..=n], &data.shape()[n + 1..end], &data.shape()[end..]);
    let full: Shape = data.shape()[..end].into();
    let mut columns = Vec::new();
    for k in 0..x.n_sparse() {
        let column = coordinates::component(cx, &indices, k)?;
        columns.push(ops::broadcast_in_dim(cx, &column, &full, 0..=n)?);
    }
    columns.extend(positions(cx, front, sizes, dtype)?);
    let nse: usize = data.shape()[n..end].iter().product();
    let flat = |value: &Value, rest: &[usize]| {
        let shape: Shape = front[..n].iter().chain([&nse]).chain(rest).copied().collect();
        ops::reshape(cx, value, &shape)
    };
    let indices = coordinates::stacked(cx, &columns)?;
    Ok((flat(&data, rest)?, flat(&indices, &[columns.len()])?))
}

/// `count` batch axes are left; along the others examples are stored one after another.
fn sparse_from_batch(cx: &Scope, x: Bcoo<'_>, count: usize) -> Result<DataAndIndices> {
    let (data, indices) = x.alike(cx)?;
    let n = x.n_batch();
    // What is shared along an axis that becomes sparse is not shared any more.
    let batch: Vec<usize> =
        data.shape()[..count].iter().chain(&x.shape[count..n]).copied().collect();
    let data = coordinates::with_batch(cx, &data, &batch)?;
    let indices = coordinates::with_batch(cx, &indices, &batch)?;
    let (front, sizes) = (&batch[..count], &data.shape()[count..=n]);
    let mut columns = positions(cx, front, sizes, indices.ty().dtype)?;
    columns.truncate(n - count);
    for k in 0..x.n_sparse() {
        columns.push(coordinates::component(cx, &indices, k)?);
    }
    let nse: usize = sizes.iter().product();
    let flat = |value: &Value, rest: &[usize]| {
        let shape: Shape = front.iter().chain([&nse]).chain(rest).copied().collect();
        ops::reshape(cx, value, &shape)
    };
    let rest: Shape = data.shape()[n + 1..].into();
    Ok((flat(&data, &rest)?, flat(&coordinates::stacked(cx, &columns)?, &[columns.len()])?))
}

/// Data whose elements are written at indices of blocks of zeros, each into a block of its own.
fn spread(cx: &Scope, ty: &Type, n_batch: usize, indices: &Value, data: &Value) -> Result<Value> {
    let zeros = ops::full(cx, ty, Scalar::Int(0))?;
    let sizes = &ty.shape[n_batch..n_batch + indices.shape()[indices.ty().rank() - 1]];
    let indices = coordinates::wrapped(cx, indices, sizes)?;
    coordinates::written(cx, ScatterKind::Set, &zeros, n_batch, &indices, data)
}

/// There are `count` dense axes then: each element becomes a block that is zero elsewhere.
fn dense_from_sparse(cx: &Scope, x: Bcoo<'_>, count: usize) -> Result<DataAndIndices> {
    let (data, indices) = x.alike(cx)?;
    let (n, k) = (x.n_batch(), x.n_sparse());
    let more = count - x.kinds().n_dense;
    let dense = &x.shape[x.shape.len() - count..];
    let shape: Shape = data.shape()[..=n].iter().chain(dense).copied().collect();
    let (kept, moved): (Vec<usize>, Vec<usize>) = (0..k).partition(|&axis| axis < k - more);
    let at = coordinates::components(cx, &indices, &moved)?;
    let data = spread(cx, &data.ty().with_shape(shape), n + 1, &at, &data)?;
    Ok((data, coordinates::components(cx, &indices, &kept)?))
}

/// There are `count` batch axes then: each example has room for all elements, and zeros for those of others.
fn batch_from_sparse(cx: &Scope, x: Bcoo<'_>, count: usize) -> Result<DataAndIndices> {
    let (data, indices) = x.alike(cx)?;
    let (n, k, nse) = (x.n_batch(), x.n_sparse(), x.nse());
    let more = count - n;
    let with = |rest: &[usize]| -> Shape {
        let batch = data.shape()[..n].iter().chain(&x.shape[n..count]);
        batch.chain([&nse]).chain(rest).copied().collect()
    };
    let mut at = (0..more)
        .map(|axis| coordinates::component(cx, &indices, axis))
        .collect::<Result<Vec<_>>>()?;
    at.push(ops::iota(cx, indices.ty().dtype, &indices.shape().without(n + 1), n)?);
    let at = coordinates::stacked(cx, &at)?;
    let ty = data.ty().with_shape(with(&data.shape()[n + 1..]));
    let rest = coordinates::components(cx, &indices, &(more..k).collect::<Vec<_>>())?;
    let dims = (0..n).chain([count, count + 1]);
    let indices = ops::broadcast_in_dim(cx, &rest, &with(&[k - more]), dims)?;
    Ok((spread(cx, &ty, n, &at, &data)?, indices))
}

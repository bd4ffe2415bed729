//! Sparse arrays, as `jax.experimental.sparse` has them: the stored elements of an array, and where they
//! stand. All are composed of other primitives.
//!
//! An array of shape `batch + sparse + dense` stores, for each batch, `nse` blocks of the dense axes' shape in
//! `data`, of shape `batch + (nse,) + dense`. Blocks whose indices are out of bounds count as not stored, and
//! those with the same indices as their sum. A batch axis of `data` or of the indices may have size 1, where
//! all batches share.

mod arrange;
pub mod coordinates;
mod dot;
mod extract;
mod from_dense;
mod matmul;
mod sampled;
#[cfg(any(test, feature = "testing"))]
mod samples;
mod solve;
mod spdot;
mod to_dense;
mod transpose;

pub use arrange::{BcooSortIndices, BcooSumDuplicates};
pub use dot::SparseDotGeneral;
pub use extract::SparseExtract;
pub use from_dense::SparseFromDense;
pub use matmul::SparseMatmul;
pub use sampled::BcooDotGeneralSampled;
pub use solve::Spsolve;
pub use spdot::BcooSpdotGeneral;
pub use to_dense::SparseToDense;
pub use transpose::BcooTranspose;

use jaxrs_data::{Result, Shape, SmallVec, Type, bail, smallvec};

use crate::{Cx, Jvp, Operand, Param, ParamReader, Params, Prim, Tangent, Value, ops};

/// Which arrays say where the stored elements of an array stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SparseLayout {
    /// None: the array is dense.
    Dense,
    /// `indices` of shape `batch + (nse, n_sparse)`.
    Bcoo,
    /// `indices`, the columns, of shape `batch + (nse,)`, and `indptr` of shape `batch + (rows + 1,)`: where
    /// each row starts and the last one ends.
    Bcsr,
    /// `row` and `col` of shape `(nse,)`.
    Coo,
    /// As [`SparseLayout::Bcsr`], of matrices.
    Csr,
}

impl SparseLayout {
    const ALL: [SparseLayout; 5] = [
        SparseLayout::Dense,
        SparseLayout::Bcoo,
        SparseLayout::Bcsr,
        SparseLayout::Coo,
        SparseLayout::Csr,
    ];

    /// The name, as names of primitives start with it.
    pub fn name(self) -> &'static str {
        match self {
            SparseLayout::Dense => "dense",
            SparseLayout::Bcoo => "bcoo",
            SparseLayout::Bcsr => "bcsr",
            SparseLayout::Coo => "coo",
            SparseLayout::Csr => "csr",
        }
    }

    /// The layout of a name.
    pub fn from_name(name: &str) -> Option<SparseLayout> {
        SparseLayout::ALL.into_iter().find(|layout| layout.name() == name)
    }

    /// How many arrays of indices there are.
    pub fn n_indices(self) -> usize {
        match self {
            SparseLayout::Dense => 0,
            SparseLayout::Bcoo => 1,
            SparseLayout::Bcsr | SparseLayout::Coo | SparseLayout::Csr => 2,
        }
    }

    fn is_compressed(self) -> bool {
        matches!(self, SparseLayout::Bcsr | SparseLayout::Csr)
    }

    /// The numbers of axes of each kind, for arrays that fit together and to the shape.
    fn properties(
        self,
        name: &str,
        data: Option<&Type>,
        indices: &[Type],
        shape: &[usize],
    ) -> Result<Properties> {
        if let Some(ty) = indices.iter().find(|ty| !ty.dtype.is_integer()) {
            bail!(Dtype, "{name} needs integers as indices, got {ty}");
        }
        let found =
            self.numbers(indices, shape).filter(|p| data.is_none_or(|ty| p.holds(ty, shape)));
        let Some(found) = found else {
            let types: Vec<String> =
                data.iter().copied().chain(indices).map(Type::to_string).collect();
            bail!(
                Shape,
                "{name} needs arrays of a {} array of shape {}, got {}",
                self.name(),
                Shape::new(shape),
                types.join(" and ")
            );
        };
        Ok(found)
    }

    fn numbers(self, indices: &[Type], shape: &[usize]) -> Option<Properties> {
        let rank = shape.len();
        let (n_batch, n_sparse) = match (self, indices) {
            (SparseLayout::Bcoo, [indices]) => {
                let n_batch = indices.rank().checked_sub(2)?;
                (n_batch, indices.shape[n_batch + 1])
            }
            (SparseLayout::Bcsr, [indices, _]) => (indices.rank().checked_sub(1)?, 2),
            (SparseLayout::Coo | SparseLayout::Csr, [indices, _]) if rank == 2 => {
                (indices.rank().checked_sub(1).filter(|&n| n == 0)?, 2)
            }
            _ => return None,
        };
        let n_dense = rank.checked_sub(n_batch + n_sparse)?;
        let fits = |ty: &Type| is_batch(&ty.shape[..n_batch], &shape[..n_batch]);
        let second = match (self.is_compressed(), indices) {
            (true, [_, indptr]) => {
                indptr.rank() == n_batch + 1 && indptr.shape[n_batch] == shape[n_batch] + 1
            }
            (false, [row, col]) => row.shape == col.shape && row.dtype == col.dtype,
            _ => true,
        };
        let holds = second && indices.iter().all(fits);
        holds.then(|| Properties { n_batch, n_sparse, n_dense, nse: indices[0].shape[n_batch] })
    }
}

/// Whether sizes along batch axes are those of the array, or 1.
fn is_batch(sizes: &[usize], batch: &[usize]) -> bool {
    sizes.iter().zip(batch).all(|(&size, &all)| size == 1 || size == all)
}

/// The numbers of axes of each kind, and of stored elements.
#[derive(Clone, Copy, Debug)]
struct Properties {
    n_batch: usize,
    n_sparse: usize,
    n_dense: usize,
    nse: usize,
}

impl Properties {
    fn holds(&self, data: &Type, shape: &[usize]) -> bool {
        data.rank() == self.n_batch + 1 + self.n_dense
            && is_batch(&data.shape[..self.n_batch], &shape[..self.n_batch])
            && data.shape[self.n_batch] == self.nse
            && data.shape[self.n_batch + 1..] == shape[self.n_batch + self.n_sparse..]
    }

    /// The shape of data whose batches are not shared.
    fn data_shape(&self, shape: &[usize]) -> Shape {
        let (batch, rest) = shape.split_at(self.n_batch);
        batch
            .iter()
            .copied()
            .chain([self.nse])
            .chain(rest[self.n_sparse..].iter().copied())
            .collect()
    }
}

/// What is known of a sparse array beside its elements.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct SparseInfo {
    /// The shape of the array.
    pub shape: Shape,
    /// Whether indices are known to be in order; of `coo`, whether rows are.
    pub indices_sorted: bool,
    /// Whether no two elements are known to have the same indices; of `coo`, whether columns are in order.
    pub unique_indices: bool,
}

impl SparseInfo {
    /// A shape, and nothing else.
    pub fn of(shape: &[usize]) -> SparseInfo {
        SparseInfo { shape: Shape::new(shape), indices_sorted: false, unique_indices: false }
    }

    /// The same of more examples along a new first axis.
    fn batched(&self, size: usize) -> SparseInfo {
        SparseInfo { shape: self.shape.with(0, size), ..self.clone() }
    }

    fn params(&self) -> Params {
        vec![
            ("shape", Param::sizes(&self.shape)),
            ("indices_sorted", Param::Bool(self.indices_sorted)),
            ("unique_indices", Param::Bool(self.unique_indices)),
        ]
    }

    fn read(read: &ParamReader<'_>) -> Result<SparseInfo> {
        Ok(SparseInfo {
            shape: read.sizes::<Shape>("shape")?,
            indices_sorted: read.bool("indices_sorted")?,
            unique_indices: read.bool("unique_indices")?,
        })
    }
}

/// The jvp rule of one result that is linear in each of some operands.
fn linear_in(
    prim: &Prim,
    cx: Cx<'_>,
    primals: &[Value],
    tangents: &[Tangent],
    operands: &[usize],
) -> Result<Jvp> {
    let y = ops::bind1(cx, prim.clone(), primals)?;
    let mut total = Tangent::Zero(y.ty().clone());
    for &k in operands {
        let along = tangents[k].map(y.ty(), |dx| {
            let mut inputs = primals.to_vec();
            inputs[k] = dx.clone();
            ops::bind1(cx, prim.clone(), &inputs)
        })?;
        total = total.add(cx, &along)?;
    }
    Ok(Jvp { primals: smallvec![y], tangents: smallvec![total] })
}

/// The cotangents of all operands, of which one has some.
fn cotangent_of(inputs: &[Operand], k: usize, cotangent: Value) -> SmallVec<[Tangent; 4]> {
    let of = |(i, input): (usize, &Operand)| match i == k {
        true => Tangent::Value(cotangent.clone()),
        false => Tangent::Zero(input.ty().clone()),
    };
    inputs.iter().enumerate().map(of).collect()
}

/// The values of operands that are indices, or known at least.
fn known(prim: &Prim, inputs: &[Operand]) -> Result<Vec<Value>> {
    let known =
        |input: &Operand| input.known().cloned().ok_or_else(|| super::not_linear(prim.rules()));
    inputs.iter().map(known).collect()
}

/// Each operand with its examples along axis 0, which has size 1 where they share.
fn batched_first(cx: Cx<'_>, inputs: &[Value], axes: &[Option<usize>]) -> Result<Vec<Value>> {
    let first = |(value, axis): (&Value, &Option<usize>)| match axis {
        Some(axis) => ops::move_axis(cx, value, *axis, 0),
        None => ops::expand_dim(cx, value, 0),
    };
    inputs.iter().zip(axes).map(first).collect()
}

//! Sparse arrays, as in `jax.experimental.sparse`: a sparse array is its data and its indices, as arrays, and
//! its shape.
//!
//! See [`SparseLayout`] for what the arrays of each layout are. What JAX has as methods of its classes takes
//! and gives arrays here, under the names of JAX's functions.

mod arrange;
mod convert;
mod convolution;
mod gather;
mod layout;
mod products;
mod slice;

pub use arrange::*;
pub use convert::*;
pub use convolution::*;
pub use gather::*;
pub use layout::*;
pub use products::*;
pub use slice::*;

use jaxrs_data::{Result, Shape, SmallVec, bail};
pub use jaxrs_ir::prims::SparseLayout;
use jaxrs_ir::prims::{SparseInfo, coordinates};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::{Scope, to_array};

/// A sparse array with the layout `bcoo`.
#[derive(Clone, Copy, Debug)]
pub struct Bcoo<'a> {
    /// The stored elements.
    pub data: &'a Value,
    /// Where they stand.
    pub indices: &'a Value,
    /// The shape of the array.
    pub shape: &'a [usize],
}

/// The data and indices of a result.
pub type DataAndIndices = (Value, Value);

impl Bcoo<'_> {
    fn n_batch(&self) -> usize {
        self.indices.ty().rank().saturating_sub(2)
    }

    fn n_sparse(&self) -> usize {
        self.indices.shape().last().copied().unwrap_or(0)
    }

    fn nse(&self) -> usize {
        self.indices.shape()[self.n_batch()]
    }

    fn sparse_sizes(&self) -> &[usize] {
        &self.shape[self.n_batch()..self.n_batch() + self.n_sparse()]
    }

    fn info(&self) -> SparseInfo {
        SparseInfo::of(self.shape)
    }

    /// Checks that the arrays fit together, as the primitives do.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        let (data, at, shape) = (self.data.ty(), self.indices.ty(), self.shape);
        let (n, k) = (self.n_batch(), self.n_sparse());
        let is_batch = |sizes: &[usize]| sizes.iter().zip(shape).all(|(a, b)| *a == 1 || a == b);
        let fits = at.rank() >= 2
            && at.dtype.is_integer()
            && n + k <= shape.len()
            && data.rank() + k == shape.len() + 1
            && is_batch(&at.shape[..n])
            && is_batch(&data.shape[..n])
            && data.shape[n] == at.shape[n]
            && data.shape[n + 1..] == shape[n + k..];
        if !fits {
            let shape = Shape::new(shape);
            bail!(
                Shape,
                "{name} needs arrays of a bcoo array of shape {shape}, got {data} and {at}"
            );
        }
        Ok(())
    }

    /// Data and indices with all their batches.
    fn unshared(&self, cx: &Scope) -> Result<DataAndIndices> {
        let batch = &self.shape[..self.n_batch()];
        let data = coordinates::with_batch(cx, self.data, batch)?;
        Ok((data, coordinates::with_batch(cx, self.indices, batch)?))
    }
}

/// A whole number that is an array's value now: of an argument of a traced function there is none.
pub(crate) fn number(cx: &Scope, needed: &str, what: &str, count: &Value) -> Result<usize> {
    let most = match count.ty().rank() {
        0 => count.clone(),
        rank => ops::reduce(cx, jaxrs_kernel::ReduceOp::Max, count, jaxrs_data::Axes::all(rank))?,
    };
    if most.ty().numel() == 0 {
        return Ok(0);
    }
    let literal = to_array(&most).and_then(|array| array.to_literal());
    let literal =
        literal.map_err(|err| err.context(format!("{what} needs {needed} where it is traced")))?;
    Ok(literal.get(0).as_f64() as usize)
}

/// How many stored elements there are to be, if the caller says: −1 stands for as many as are needed.
pub fn given_nse(name: &str, nse: i64) -> Result<Option<usize>> {
    match usize::try_from(nse) {
        Ok(nse) => Ok(Some(nse)),
        Err(_) if nse == -1 => Ok(None),
        Err(_) => bail!(InvalidArgument, "{name} needs nse of at least 0, or -1, got {nse}"),
    }
}

/// Sizes or axes as a caller gives them.
pub fn sizes(name: &str, what: &str, given: &[i64]) -> Result<SmallVec<[usize; 4]>> {
    let size = |&size: &i64| match usize::try_from(size) {
        Ok(size) => Ok(size),
        Err(_) => bail!(InvalidArgument, "{name} needs {what} of at least 0, got {given:?}"),
    };
    given.iter().map(size).collect()
}

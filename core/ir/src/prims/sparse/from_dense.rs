//! Dense arrays as sparse ones.

use jaxrs_data::{Axes, DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::{Compare as Cmp, ReduceOp};

use super::coordinates::{component, repeated, row_starts, running_sum, stacked, written};
use super::extract::extract;
use super::{SparseExtract, SparseLayout};
use crate::lower::Lowering;
use crate::prims::{Binary, Primitive, ScatterKind};
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops};

/// `bcoo_fromdense(x)`, `bcsr_fromdense(x)`, `coo_fromdense(x)`, `csr_fromdense(x)`: data and indices of the
/// first `nse` elements that are not zero, in order. Where there are fewer, data is zero after them, and the
/// indices are out of bounds; of `coo` and the columns of `csr` they are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SparseFromDense {
    /// As what.
    pub layout: SparseLayout,
    /// How many elements, in each batch.
    pub nse: usize,
    /// How many axes are batches; 0 for `coo` and `csr`.
    pub n_batch: usize,
    /// How many axes are stored whole; 0 for `coo` and `csr`.
    pub n_dense: usize,
    /// The element type of indices.
    pub index_dtype: DType,
}

impl SparseFromDense {
    /// Whether elements, or any of the blocks, are not zero.
    fn is_stored(&self, cx: Cx<'_>, x: &Value) -> Result<Value> {
        let zero = ops::scalar_like(x, 0.0);
        let differs = ops::compare(cx, Cmp::Ne, x, &zero)?;
        let rank = x.ty().rank();
        ops::reduce(cx, ReduceOp::Or, &differs, Axes::from_distinct(rank - self.n_dense..rank))
    }

    /// The positions of stored elements among all of a batch; those that there are not are `len`.
    fn positions(&self, cx: Cx<'_>, stored: &Value, n_batch: usize) -> Result<Value> {
        let shape = stored.shape();
        let len: usize = shape[n_batch..].iter().product();
        let batch = &shape[..n_batch];
        let flat: Shape = batch.iter().copied().chain([len]).collect();
        let stored = ops::reshape(cx, stored, &flat)?;
        let dtype = if i32::try_from(len).is_ok() { DType::I32 } else { DType::I64 };
        let number = running_sum(cx, &ops::convert(cx, &stored, dtype)?, n_batch)?;
        let number = ops::offset(cx, &number, -1.0)?;
        let nowhere = ops::scalar(dtype, self.nse as f64);
        let nowhere = ops::broadcast_in_dim(cx, &nowhere, &flat, [])?;
        let at = ops::select(cx, &stored, &number, &nowhere)?;
        let at = ops::expand_dim(cx, &at, n_batch + 1)?;
        let out = Type::new(dtype, batch.iter().copied().chain([self.nse]).collect::<Shape>());
        let none = ops::full(cx, &out, Scalar::Int(len as i64))?;
        let all = ops::iota(cx, dtype, &flat, n_batch)?;
        written(cx, ScatterKind::Set, &none, n_batch, &at, &all)
    }

    /// The indices, which are the sizes of the axes where there is no element.
    fn indices(&self, cx: Cx<'_>, stored: &Value, n_batch: usize) -> Result<Value> {
        let sizes = &stored.shape()[n_batch..];
        let batch = stored.shape()[..n_batch].iter().copied();
        if sizes.is_empty() {
            let none = Type::new(self.index_dtype, batch.chain([self.nse, 0]).collect::<Shape>());
            return ops::full(cx, &none, Scalar::Int(0));
        }
        let positions = self.positions(cx, stored, n_batch)?;
        let len = sizes.iter().product::<usize>();
        let mut inner = len.max(1);
        let mut columns = Vec::with_capacity(sizes.len());
        for &size in sizes {
            inner /= size.max(1);
            let step = ops::binary(
                cx,
                Binary::Div,
                &positions,
                &ops::scalar_like(&positions, inner as f64),
            )?;
            let size = ops::scalar_like(&positions, size.max(1) as f64);
            columns.push(ops::binary(cx, Binary::Rem, &step, &size)?);
        }
        let indices = ops::convert(cx, &stacked(cx, &columns)?, self.index_dtype)?;
        let there =
            ops::compare(cx, Cmp::Lt, &positions, &ops::scalar_like(&positions, len as f64))?;
        let there = ops::broadcast_in_dim(cx, &there, indices.shape(), 0..=n_batch)?;
        ops::select(cx, &there, &indices, &repeated(cx, indices.ty(), sizes)?)
    }

    /// Data and indices as `bcoo` has them.
    fn coordinates(&self, cx: Cx<'_>, x: &Value, n_batch: usize) -> Result<(Value, Value)> {
        let stored = self.is_stored(cx, x)?;
        let indices = self.indices(cx, &stored, n_batch)?;
        let data = extract(cx, &indices, x)?;
        if stored.ty().rank() > n_batch {
            return Ok((data, indices));
        }
        // Without sparse axes, only the first element may be there.
        let at = ops::iota(cx, DType::I32, data.shape(), n_batch)?;
        let first = ops::compare(cx, Cmp::Eq, &at, &ops::scalar(DType::I32, 0.0))?;
        let zero = ops::full(cx, data.ty(), Scalar::Int(0))?;
        Ok((ops::select(cx, &first, &data, &zero)?, indices))
    }

    /// As `compose`, with some batch axes.
    fn convert(&self, cx: Cx<'_>, x: &Value, n_batch: usize) -> Result<Outputs> {
        let (data, indices) = self.coordinates(cx, x, n_batch)?;
        if self.layout == SparseLayout::Bcoo {
            return Ok(smallvec![data, indices]);
        }
        let (rows, cols) = (component(cx, &indices, 0)?, component(cx, &indices, 1)?);
        let n_rows = x.shape()[n_batch];
        if self.layout == SparseLayout::Bcsr {
            let starts = row_starts(cx, &rows, n_rows)?;
            return Ok(smallvec![data, cols, starts]);
        }
        let limit = ops::scalar_like(&rows, n_rows as f64);
        let there = ops::compare(cx, Cmp::Lt, &rows, &limit)?;
        let zero = ops::full(cx, rows.ty(), Scalar::Int(0))?;
        let cols = ops::select(cx, &there, &cols, &zero)?;
        Ok(match self.layout {
            SparseLayout::Csr => smallvec![data, cols, row_starts(cx, &rows, n_rows)?],
            _ => smallvec![data, ops::select(cx, &there, &rows, &zero)?, cols],
        })
    }

    /// The elements of a tangent that are stored. Where fewer are than there is room for, those of `coo` and
    /// `csr` have tangent zero; in JAX they have that of some other element.
    fn tangent(&self, cx: Cx<'_>, x: &Value, outputs: &[Value], dx: &Value) -> Result<Value> {
        let indices = match self.layout {
            SparseLayout::Bcoo | SparseLayout::Bcsr => &outputs[1..],
            _ => &[self.indices(cx, &self.is_stored(cx, x)?, 0)?],
        };
        let layout = if indices.len() == 2 { SparseLayout::Bcsr } else { SparseLayout::Bcoo };
        let extract = SparseExtract { layout, assume_unique: true };
        let operands: Vec<Value> = indices.iter().chain([dx]).cloned().collect();
        ops::bind1(cx, extract, &operands)
    }
}

impl Primitive for SparseFromDense {
    fn name(&self) -> &'static str {
        match self.layout {
            SparseLayout::Bcsr => "bcsr_fromdense",
            SparseLayout::Coo => "coo_fromdense",
            SparseLayout::Csr => "csr_fromdense",
            SparseLayout::Bcoo | SparseLayout::Dense => "bcoo_fromdense",
        }
    }

    fn params(&self) -> Params {
        let mut params = vec![("index_dtype", Param::DType(self.index_dtype))];
        if matches!(self.layout, SparseLayout::Bcoo | SparseLayout::Bcsr) {
            params.push(("n_batch", Param::size(self.n_batch)));
            params.push(("n_dense", Param::size(self.n_dense)));
        }
        params.push(("nse", Param::size(self.nse)));
        params
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let layout = SparseLayout::from_name(name.strip_suffix("_fromdense")?)?;
        let read = ParamReader::new(name, params);
        let batched = matches!(layout, SparseLayout::Bcoo | SparseLayout::Bcsr);
        let number = |key| if batched { read.size(key) } else { Ok(0) };
        let parse = || {
            let (nse, index_dtype) = (read.size("nse")?, read.dtype("index_dtype")?);
            let (n_batch, n_dense) = (number("n_batch")?, number("n_dense")?);
            Ok(SparseFromDense { layout, nse, n_batch, n_dense, index_dtype })
        };
        Some(parse())
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        let name = self.name();
        nary::arity(name, inputs, 1)?;
        let x = &inputs[0];
        if x.dtype.is_key() || !self.index_dtype.is_integer() {
            bail!(Dtype, "{name} does not take {x} with indices of type {}", self.index_dtype);
        }
        let n_sparse = x.rank().checked_sub(self.n_batch + self.n_dense);
        let fits = self.layout == SparseLayout::Bcoo || n_sparse == Some(2);
        let Some(n_sparse) = n_sparse.filter(|_| fits) else {
            let (n_batch, n_dense) = (self.n_batch, self.n_dense);
            bail!(Shape, "{name} with {n_batch} batch and {n_dense} dense axes does not take {x}");
        };
        let (batch, rest) = x.shape.split_at(self.n_batch);
        let with = |more: &[usize]| -> Shape { batch.iter().chain(more).copied().collect() };
        let block = [&[self.nse][..], &rest[n_sparse..]].concat();
        let data = x.with_shape(with(&block));
        let index = |more: &[usize]| Type::new(self.index_dtype, with(more));
        Ok(match self.layout {
            SparseLayout::Bcoo | SparseLayout::Dense => {
                smallvec![data, index(&[self.nse, n_sparse])]
            }
            SparseLayout::Coo => smallvec![data, index(&[self.nse]), index(&[self.nse])],
            _ => smallvec![data, index(&[self.nse]), index(&[rest[0] + 1])],
        })
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        self.convert(cx, &inputs[0], self.n_batch)
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let outputs = cx.bind(&(*self).into(), primals)?;
        let mut out: SmallVec<[Tangent; 2]> =
            outputs.iter().map(|y| Tangent::Zero(y.ty().clone())).collect();
        out[0] =
            tangents[0].map(outputs[0].ty(), |dx| self.tangent(cx, &primals[0], &outputs, dx))?;
        Ok(Jvp { primals: outputs, tangents: out })
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        _size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (x, axis) = linear::example(inputs, axes)?;
        let x = ops::move_axis(cx, &x, axis, 0)?;
        let outputs = match self.layout {
            SparseLayout::Bcoo | SparseLayout::Bcsr => {
                let prim = SparseFromDense { n_batch: self.n_batch + 1, ..*self };
                cx.bind(&prim.into(), &[x])?
            }
            // These have no batches of their own.
            _ => self.convert(cx, &x, 1)?,
        };
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::from_dense()
    }
}

//! Sparse linear equations.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec};
use jaxrs_kernel::Compare as Cmp;

use super::coordinates::{component, row_starts, with_batch};
use super::to_dense::to_dense;
use super::{SparseInfo, SparseLayout, SparseMatmul, batched_first, cotangent_of, known};
use crate::lower::Lowering;
use crate::prims::{ArgReduce, Binary, Primitive, Scan, Sort, Unary, not_linear};
use crate::rules::{linear, nary};
use crate::{
    Batched, Cx, Jvp, Operand, Outputs, Param, ParamReader, Params, Tangent, Value, compose, ops,
};

/// `spsolve(data, indices, indptr, b)`: the solution of equations whose matrix has the layout `csr`. The matrix
/// is made dense and solved by Gauss–Jordan elimination with partial pivoting (Golub and Van Loan, Matrix
/// Computations, 3.4), which takes n³ operations where JAX's solver takes account of zeros.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Spsolve {
    /// From which size on a pivot counts as zero, and how columns are ordered; JAX's solvers on a CPU take no heed
    /// of them either.
    pub tol: Arc<str>,
    /// See `tol`.
    pub reorder: i64,
}

fn sum_where(cx: Cx<'_>, condition: &Value, x: &Value, axis: usize) -> Result<Value> {
    let zero = ops::full(cx, x.ty(), Scalar::Int(0))?;
    ops::reduce_sum(cx, &ops::select(cx, condition, x, &zero)?, [axis])
}

/// A step of the elimination: row `k` gets the largest pivot of the rows from `k` on, and the others a zero in
/// column `k`. Batches lie along the first axes of `m`.
fn eliminate(cx: Cx<'_>, m: &Value, k: &Value) -> Result<Value> {
    let rank = m.ty().rank();
    let (rows, cols) = (rank - 2, rank - 1);
    let positions = |shape: &Shape, axis| ops::iota(cx, DType::I32, shape, axis);
    let column_index = positions(m.shape(), cols)?;
    let is_column = ops::compare(cx, Cmp::Eq, &column_index, k)?;
    let column = sum_where(cx, &is_column, m, cols)?;
    let row = positions(column.shape(), rows)?;
    let below = ops::compare(cx, Cmp::Ge, &row, k)?;
    let size = ops::unary(cx, Unary::Abs, &column)?;
    let least = ops::full(cx, size.ty(), Scalar::Float(-1.0))?;
    let size = ops::select(cx, &below, &size, &least)?;
    let argmax = ArgReduce { is_max: true, axis: rows, index_dtype: DType::I32 };
    let pivot_row = ops::bind1(cx, argmax, &[size])?;
    let pivot_row = ops::broadcast_in_dim(cx, &pivot_row, column.shape(), 0..rows)?;
    let whole =
        |x: &Value, dims: &[usize]| ops::broadcast_in_dim(cx, x, m.shape(), dims.iter().copied());
    let by_row: Vec<usize> = (0..=rows).collect();
    let by_column: Vec<usize> = (0..rows).chain([cols]).collect();
    let is_pivot = whole(&ops::compare(cx, Cmp::Eq, &row, &pivot_row)?, &by_row)?;
    let is_row = whole(&ops::compare(cx, Cmp::Eq, &row, k)?, &by_row)?;
    let pivots = sum_where(cx, &is_pivot, m, rows)?;
    let replaced = whole(&sum_where(cx, &is_row, m, rows)?, &by_column)?;
    let pivots_everywhere = whole(&pivots, &by_column)?;
    let swapped = ops::select(cx, &is_pivot, &replaced, m)?;
    let swapped = ops::select(cx, &is_row, &pivots_everywhere, &swapped)?;
    let pivot_index = positions(pivots.shape(), rows)?;
    let pivot = sum_where(cx, &ops::compare(cx, Cmp::Eq, &pivot_index, k)?, &pivots, rows)?;
    let pivot = ops::broadcast_in_dim(cx, &pivot, column.shape(), 0..rows)?;
    let column = sum_where(cx, &is_column, &swapped, cols)?;
    let factors = ops::div(cx, &column, &pivot)?;
    let zero = ops::full(cx, factors.ty(), Scalar::Int(0))?;
    let own = ops::compare(cx, Cmp::Eq, &row, k)?;
    let factors = whole(&ops::select(cx, &own, &zero, &factors)?, &by_row)?;
    let taken = ops::mul(cx, &factors, &pivots_everywhere)?;
    ops::binary(cx, Binary::Sub, &swapped, &taken)
}

/// The solution of dense equations; batches lie along the first axes.
fn solve(cx: Cx<'_>, a: &Value, b: &Value) -> Result<Value> {
    let rank = a.ty().rank();
    let n = a.shape()[rank - 1];
    if n == 0 {
        return Ok(b.clone());
    }
    let m = ops::concatenate(cx, &[a.clone(), ops::expand_dim(cx, b, rank - 1)?], rank - 1)?;
    let types = [m.ty().clone(), Type::new(DType::I32, [])];
    let body =
        cx.stage(&types, &mut |cx, inputs| Ok(vec![eliminate(cx, &inputs[0], &inputs[1])?]))?;
    let scan =
        Scan { jaxpr: body, length: n, num_consts: 0, num_carry: 1, reverse: false, unroll: 1 };
    let steps = ops::iota(cx, DType::I32, &Shape::new(&[n]), 0)?;
    let m = ops::bind1(cx, scan, &[m, steps])?;
    let part = |start, limit| ops::slice_in_dim(cx, &m, rank - 1, start, limit);
    let (left, right) = (part(0, n)?, ops::squeeze(cx, &part(n, n + 1)?, [rank - 1])?);
    let rows = ops::iota(cx, DType::I32, left.shape(), rank - 2)?;
    let cols = ops::iota(cx, DType::I32, left.shape(), rank - 1)?;
    let diagonal = sum_where(cx, &ops::compare(cx, Cmp::Eq, &rows, &cols)?, &left, rank - 1)?;
    ops::div(cx, &right, &diagonal)
}

/// The transpose of a square matrix of the layout `csr`.
fn transposed(cx: Cx<'_>, arrays: &[Value]) -> Result<[Value; 3]> {
    let indices = SparseLayout::Csr.coordinates(cx, &arrays[1..])?;
    let (rows, cols) = (component(cx, &indices, 0)?, component(cx, &indices, 1)?);
    let sort = Sort { dimension: 0, num_keys: 2, is_stable: true };
    let sorted = cx.bind(&sort.into(), &[cols, rows, arrays[0].clone()])?;
    let starts = row_starts(cx, &sorted[0], arrays[2].shape()[0] - 1)?;
    Ok([sorted[2].clone(), sorted[1].clone(), starts])
}

impl Spsolve {
    fn bind(&self, cx: Cx<'_>, arrays: &[Value], b: &Value) -> Result<Value> {
        let operands: Vec<Value> = arrays.iter().chain([b]).cloned().collect();
        ops::bind1(cx, self.clone(), &operands)
    }
}

impl Primitive for Spsolve {
    fn name(&self) -> &'static str {
        "spsolve"
    }

    fn params(&self) -> Params {
        vec![("reorder", Param::Int(self.reorder)), ("tol", Param::Name(self.tol.to_string()))]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        let parse = || Ok(Spsolve { tol: read.name("tol")?.into(), reorder: read.int("reorder")? });
        (name == "spsolve").then(parse)
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity("spsolve", inputs, 4)?;
        let (data, b) = (&inputs[0], &inputs[3]);
        if data.dtype != b.dtype || !data.dtype.is_inexact() || data.dtype.bits() < 32 {
            bail!(
                Dtype,
                "spsolve needs f32, f64, c64 or c128 in both operands, got {data} and {b}"
            );
        }
        if b.rank() != 1 || !(0..4).contains(&self.reorder) {
            bail!(
                InvalidArgument,
                "spsolve needs a vector and reorder from 0 to 3, got {b} and {}",
                self.reorder
            );
        }
        let shape = [b.shape[0], b.shape[0]];
        SparseLayout::Csr.properties("spsolve", Some(data), &inputs[1..3], &shape)?;
        Ok(smallvec![b.with_weak(false)])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        compose::evaluate(self, inputs)
    }

    fn compose(&self, cx: Cx<'_>, inputs: &[Value]) -> Result<Outputs> {
        let n = inputs[3].shape()[0];
        let indices = SparseLayout::Csr.coordinates(cx, &inputs[1..3])?;
        let dense = to_dense(cx, &inputs[0], &indices, &[n, n])?;
        Ok(smallvec![solve(cx, &dense, &inputs[3])?])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let arrays = &primals[..3];
        let x = self.bind(cx, arrays, &primals[3])?;
        let of_b = tangents[3].map(x.ty(), |db| self.bind(cx, arrays, db))?;
        let of_data = tangents[0].map(x.ty(), |da| {
            let n = x.shape()[0];
            let product = SparseMatmul {
                layout: SparseLayout::Csr,
                matrix: false,
                transpose: false,
                info: SparseInfo::of(&[n, n]),
            };
            let operands = [da.clone(), arrays[1].clone(), arrays[2].clone(), x.clone()];
            let moved = ops::bind1(cx, product, &operands)?;
            ops::neg(cx, &self.bind(cx, arrays, &moved)?)
        })?;
        Ok(Jvp { tangents: smallvec![of_b.add(cx, &of_data)?], primals: smallvec![x] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        if !inputs[3].is_linear() {
            return Err(not_linear(self));
        }
        let arrays = transposed(cx, &known(&self.clone().into(), &inputs[..3])?)?;
        let b = self.bind(cx, &arrays, linear::cotangent(cotangents)?)?;
        Ok(cotangent_of(inputs, 3, b))
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let inputs = batched_first(cx, inputs, axes)?;
        let all = inputs.iter().map(|input| with_batch(cx, input, &[size]));
        let all = all.collect::<Result<Vec<Value>>>()?;
        let n = all[3].shape()[1];
        let indices = SparseLayout::Bcsr.coordinates(cx, &all[1..3])?;
        let dense = to_dense(cx, &all[0], &indices, &[size, n, n])?;
        Ok(linear::batched(solve(cx, &dense, &all[3])?, 0))
    }

    fn lowering(&self, _inputs: &[Type]) -> Lowering {
        Lowering::Composed
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        super::samples::solve()
    }
}

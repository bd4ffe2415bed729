//! Products of matrices and their kin.

mod matmul;
mod samples;
mod sides;
mod transform;

pub(super) use matmul::stride;
pub(super) use sides::multiply_add;

use jaxrs_data::{
    DType, DTypeKind, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec,
};
use jaxrs_kernel::{ReduceOp, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering, Steps};
use crate::prims::{Primitive, not_linear};
use crate::rules::axes::{self, AxisList};
use crate::rules::index;
use crate::rules::{linear, nary};
use crate::{Batched, Cx, Jvp, Operand, Param, ParamReader, Params, Tangent, Value, ops};

/// Sums products over contracted axes; batch axes come first in the result, then what is left of the left
/// operand, then of the right one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DotGeneral {
    /// Contracted axes of the left operand.
    pub lhs_contracting: SmallVec<[usize; 4]>,
    /// The axes of the right operand that they meet.
    pub rhs_contracting: SmallVec<[usize; 4]>,
    /// Batch axes of the left operand.
    pub lhs_batch: SmallVec<[usize; 4]>,
    /// The axes of the right operand that they go along with.
    pub rhs_batch: SmallVec<[usize; 4]>,
    /// The element type to accumulate in and give; the operands' own by default.
    pub preferred_element_type: Option<DType>,
}

/// Checks the element type to accumulate in, as JAX does.
pub(super) fn check_preferred(name: &str, from: DType, to: DType) -> Result<()> {
    if !DotGeneral::accumulates(from, to) {
        bail!(Dtype, "{name} cannot accumulate products of {from} in {to}");
    }
    Ok(())
}

impl DotGeneral {
    /// Whether products of one element type can be accumulated in another.
    pub fn accumulates(from: DType, to: DType) -> bool {
        let fits = match from.kind() {
            DTypeKind::Bool => true,
            DTypeKind::Signed => to.is_signed() || to.is_float(),
            DTypeKind::Unsigned => to.is_integer() || to.is_float(),
            DTypeKind::Float => to.is_float(),
            DTypeKind::Complex => to.is_complex(),
            DTypeKind::Key => false,
        };
        fits && to.bits() >= from.bits()
    }

    fn check_pairs(&self, what: &str, pairs: (&[usize], &[usize]), types: &[Type]) -> Result<()> {
        let (lhs, rhs) = pairs;
        if lhs.len() != rhs.len() {
            bail!(
                InvalidArgument,
                "dot_general {what} as many axes of one operand as of the other, got {lhs:?} and {rhs:?}"
            );
        }
        for (&i, &j) in lhs.iter().zip(rhs) {
            let (m, n) = (types[0].shape[i], types[1].shape[j]);
            if m != n {
                let (lhs, rhs) = (&types[0], &types[1]);
                bail!(
                    Shape,
                    "dot_general {what} axis {i} of {lhs} with axis {j} of {rhs}, but {m} != {n}"
                );
            }
        }
        Ok(())
    }
}

impl Primitive for DotGeneral {
    fn name(&self) -> &'static str {
        "dot_general"
    }

    fn params(&self) -> Params {
        let list = |axes: &[usize]| axes.iter().map(|&axis| axis as i64).collect();
        let numbers =
            [&self.lhs_contracting, &self.rhs_contracting, &self.lhs_batch, &self.rhs_batch];
        let numbers = numbers.map(|axes| list(axes)).into();
        vec![
            ("dimension_numbers", Param::IntLists(numbers)),
            (
                "preferred_element_type",
                self.preferred_element_type.map_or(Param::None, Param::DType),
            ),
        ]
    }

    fn parse(name: &str, params: &[(String, Param)]) -> Option<Result<Self>> {
        let read = ParamReader::new(name, params);
        (name == "dot_general").then(|| {
            let lists = read.int_lists("dimension_numbers")?;
            let lists: Vec<AxisList> = lists
                .iter()
                .map(|list| list.iter().filter_map(|&axis| usize::try_from(axis).ok()).collect())
                .collect();
            let Ok([lhs_contracting, rhs_contracting, lhs_batch, rhs_batch]) =
                <[AxisList; 4]>::try_from(lists)
            else {
                bail!(
                    InvalidArgument,
                    "dot_general needs contracted axes of both operands, then batch axes of both"
                );
            };
            let preferred = read.optional("preferred_element_type");
            let preferred_element_type =
                preferred.map(|_| read.dtype("preferred_element_type")).transpose()?;
            Ok(DotGeneral {
                lhs_contracting,
                rhs_contracting,
                lhs_batch,
                rhs_batch,
                preferred_element_type,
            })
        })
    }

    fn output_types(&self, inputs: &[Type]) -> Result<SmallVec<[Type; 2]>> {
        nary::arity(self.name(), inputs, 2)?;
        let dtype = nary::same_dtype(self.name(), inputs)?;
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        let all = |batch: &[usize], contracting: &[usize]| -> AxisList {
            batch.iter().chain(contracting).copied().collect()
        };
        let (l, r) = (
            all(&self.lhs_batch, &self.lhs_contracting),
            all(&self.rhs_batch, &self.rhs_contracting),
        );
        axes::check_distinct(self.name(), "batch and contracted axes on the left", &l, lhs.rank())?;
        axes::check_distinct(
            self.name(),
            "batch and contracted axes on the right",
            &r,
            rhs.rank(),
        )?;
        self.check_pairs("contracts", (&self.lhs_contracting, &self.rhs_contracting), inputs)?;
        self.check_pairs("batches", (&self.lhs_batch, &self.rhs_batch), inputs)?;
        let out = self.preferred_element_type.unwrap_or(dtype);
        check_preferred(self.name(), dtype, out)?;
        let (left, right) = self.sides(lhs.rank(), rhs.rank());
        let left = left.batch.iter().chain(&left.free).map(|&axis| lhs.shape[axis]);
        let shape: Shape = left.chain(right.free.iter().map(|&axis| rhs.shape[axis])).collect();
        axes::check_addressable(self.name(), &shape, out)?;
        Ok(smallvec![Type { dtype: out, weak: lhs.weak && rhs.weak, shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        let out = self.output_types(&[lhs.ty().clone(), rhs.ty().clone()])?.swap_remove(0);
        Ok(smallvec![self.sum_products(lhs, rhs, &out)])
    }

    fn jvp(&self, cx: Cx<'_>, primals: &[Value], tangents: &[Tangent]) -> Result<Jvp> {
        let (lhs, rhs) = (&primals[0], &primals[1]);
        let y = ops::dot_general(cx, self.clone(), lhs, rhs)?;
        let dl = tangents[0].map(y.ty(), |dl| ops::dot_general(cx, self.clone(), dl, rhs))?;
        let dr = tangents[1].map(y.ty(), |dr| ops::dot_general(cx, self.clone(), lhs, dr))?;
        Ok(Jvp { tangents: smallvec![dl.add(cx, &dr)?], primals: smallvec![y] })
    }

    fn transpose(
        &self,
        cx: Cx<'_>,
        inputs: &[Operand],
        cotangents: &[Tangent],
    ) -> Result<SmallVec<[Tangent; 4]>> {
        let ct = linear::cotangent(cotangents)?;
        match (&inputs[0], &inputs[1]) {
            (Operand::Linear(lhs), Operand::Known(rhs)) => {
                let lhs = self.operand_cotangent(cx, ct, lhs, rhs, false)?;
                Ok(smallvec![lhs.into(), Tangent::Zero(rhs.ty().clone())])
            }
            (Operand::Known(lhs), Operand::Linear(rhs)) => {
                let rhs = self.operand_cotangent(cx, ct, rhs, lhs, true)?;
                Ok(smallvec![Tangent::Zero(lhs.ty().clone()), rhs.into()])
            }
            _ => Err(not_linear(self)),
        }
    }

    fn batch(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let ranks = (inputs[0].ty().rank(), inputs[1].ty().rank());
        let (dot, axis, lhs, rhs) = match (axes[0], axes[1]) {
            (Some(axis), None) => {
                let (dot, axis) = self.batch_lhs(axis, ranks.0);
                (dot, axis, inputs[0].clone(), inputs[1].clone())
            }
            (None, Some(axis)) => {
                let (dot, axis) = self.batch_rhs(axis, ranks);
                (dot, axis, inputs[0].clone(), inputs[1].clone())
            }
            (lhs, rhs) => (
                self.batch_both(),
                0,
                axes::to_front(cx, size, &inputs[0], lhs)?,
                axes::to_front(cx, size, &inputs[1], rhs)?,
            ),
        };
        Ok(linear::batched(ops::dot_general(cx, dot, &lhs, &rhs)?, axis))
    }

    fn lowering(&self, inputs: &[Type]) -> Lowering {
        if self.is_for_library(inputs) { Lowering::Steps } else { Lowering::Reduction }
    }

    fn element(&self, cx: &mut dyn Elements, _output: usize, index: &[ValueId]) -> Result<ValueId> {
        let (lhs, rhs) = (cx.input_type(0).clone(), cx.input_type(1).clone());
        let (left, right) = self.sides(lhs.rank(), rhs.rank());
        let (batch, free) = index.split_at(left.batch.len());
        let (rows, cols) = free.split_at(left.free.len());
        let dtype = cx.output_type(0).dtype;
        let wide = index::wide(dtype);
        let (sum, times) = match wide {
            DType::Bool => (ReduceOp::Or, ScalarOp::And),
            _ => (ReduceOp::Add, ScalarOp::Mul),
        };
        let sizes: Shape = left.contracting.iter().map(|&axis| lhs.shape[axis]).collect();
        let zero = cx.builder().constant(wide, Scalar::zero(wide));
        let total = cx.reduce(sum, zero, &sizes, &mut |cx, k| {
            let l = cx.operand(0, &left.index(batch, rows, k))?;
            let r = cx.operand(1, &right.index(batch, cols, k))?;
            let b = cx.builder();
            let (l, r) = (b.cast(l, wide), b.cast(r, wide));
            Ok(b.op(times, &[l, r]))
        })?;
        Ok(cx.builder().cast(total, dtype))
    }

    fn steps(&self, cx: &mut dyn Steps) -> Result<()> {
        self.matmul_steps(cx)
    }

    fn cost(&self) -> u32 {
        2
    }

    #[cfg(any(test, feature = "testing"))]
    fn samples() -> Vec<crate::prims::Sample> {
        samples::samples()
    }
}

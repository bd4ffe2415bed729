//! Products of matrices and their kin.

mod matmul;
mod samples;

use jaxrs_data::{
    DType, DTypeKind, Literal, Result, Scalar, Shape, SmallVec, Type, bail, smallvec,
};
use jaxrs_kernel::{ReduceOp, ScalarOp, ValueId};

use crate::lower::{Elements, Lowering, Steps};
use crate::prims::{Primitive, not_linear};
use crate::rules::axes::{self, AxisList};
use crate::rules::index::{self, Index};
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

/// The axes of one operand by what they do.
struct Side<'a> {
    batch: &'a [usize],
    free: AxisList,
    contracting: &'a [usize],
}

impl Side<'_> {
    /// The element of this operand for a batch, free and contracted index.
    fn index(&self, batch: &[ValueId], free: &[ValueId], contracting: &[ValueId]) -> Index {
        let rank = self.batch.len() + self.free.len() + self.contracting.len();
        let axes = self.batch.iter().chain(&self.free).chain(self.contracting);
        let values = batch.iter().chain(free).chain(contracting);
        let mut index: SmallVec<[(usize, ValueId); 4]> =
            axes.copied().zip(values.copied()).collect();
        debug_assert_eq!(index.len(), rank, "an axis has no coordinate");
        index.sort_unstable_by_key(|&(axis, _)| axis);
        index.into_iter().map(|(_, value)| value).collect()
    }
}

/// The distances from the first element to every element along some axes, in row-major order.
fn offsets(shape: &Shape, axes: &[usize]) -> Vec<usize> {
    let strides = shape.strides();
    axes.iter().fold(vec![0], |offsets, &axis| {
        let step = |offset: usize| (0..shape[axis]).map(move |i| (offset, i));
        offsets.into_iter().flat_map(step).map(|(offset, i)| offset + i * strides[axis]).collect()
    })
}

/// Checks the element type to accumulate in, as JAX does.
fn check_preferred(from: DType, to: DType) -> Result<()> {
    let fits = match from.kind() {
        DTypeKind::Bool => true,
        DTypeKind::Signed => to.is_signed() || to.is_float(),
        DTypeKind::Unsigned => to.is_integer() || to.is_float(),
        DTypeKind::Float => to.is_float(),
        DTypeKind::Complex => to.is_complex(),
    };
    if !fits || to.bits() < from.bits() {
        bail!(Dtype, "dot_general cannot accumulate products of {from} in {to}");
    }
    Ok(())
}

impl DotGeneral {
    fn sides(&self, lhs_rank: usize, rhs_rank: usize) -> (Side<'_>, Side<'_>) {
        fn side<'a>(batch: &'a [usize], contracting: &'a [usize], rank: usize) -> Side<'a> {
            Side { batch, free: axes::others(rank, &[batch, contracting]), contracting }
        }
        (
            side(&self.lhs_batch, &self.lhs_contracting, lhs_rank),
            side(&self.rhs_batch, &self.rhs_contracting, rhs_rank),
        )
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

    /// The cotangent of one operand: the product of the result's with the other operand, its axes put in
    /// order. `swapped` says that the operand was the right one.
    fn operand_cotangent(
        &self,
        cx: Cx<'_>,
        ct: &Value,
        own: &Type,
        other: &Value,
        swapped: bool,
    ) -> Result<Value> {
        let (lhs, rhs) = match swapped {
            false => self.sides(own.rank(), other.ty().rank()),
            true => self.sides(other.ty().rank(), own.rank()),
        };
        let (x, y, y_start) = match swapped {
            false => (&lhs, &rhs, lhs.batch.len() + lhs.free.len()),
            true => (&rhs, &lhs, lhs.batch.len()),
        };
        let batch: AxisList = (0..x.batch.len()).collect();
        let product = DotGeneral {
            lhs_contracting: (y_start..y_start + y.free.len()).collect(),
            rhs_contracting: y.free.clone(),
            lhs_batch: batch,
            rhs_batch: y.batch.into(),
            preferred_element_type: self.preferred_element_type,
        };
        let product = ops::dot_general(cx, product, ct, other)?;
        // What is left of the other operand are the contracted axes, in the order that it has them.
        let mut pairs: Vec<(usize, usize)> =
            y.contracting.iter().copied().zip(x.contracting.iter().copied()).collect();
        pairs.sort_unstable();
        let order: AxisList =
            x.batch.iter().chain(&x.free).copied().chain(pairs.iter().map(|p| p.1)).collect();
        let ct = ops::transpose(cx, &product, &axes::inverse(&order))?;
        ops::convert(cx, &ct, own.dtype)
    }

    /// With the examples of both operands along axis 0: they become the first batch axis.
    fn batch_both(&self) -> DotGeneral {
        DotGeneral {
            lhs_contracting: axes::shifted(&self.lhs_contracting),
            rhs_contracting: axes::shifted(&self.rhs_contracting),
            lhs_batch: axes::with_front(0, &axes::shifted(&self.lhs_batch)),
            rhs_batch: axes::with_front(0, &axes::shifted(&self.rhs_batch)),
            preferred_element_type: self.preferred_element_type,
        }
    }

    /// With examples along an axis of the left operand: one more free axis. Gives where it lies then.
    fn batch_lhs(&self, axis: usize, lhs_rank: usize) -> (DotGeneral, usize) {
        let mut batched = self.clone();
        batched.lhs_batch = axes::bumped(&self.lhs_batch, axis);
        batched.lhs_contracting = axes::bumped(&self.lhs_contracting, axis);
        let free = axes::others(lhs_rank, &[&batched.lhs_batch, &batched.lhs_contracting]);
        (batched, self.lhs_batch.len() + free.iter().filter(|&&free| free < axis).count())
    }

    /// The same for the right operand.
    fn batch_rhs(&self, axis: usize, ranks: (usize, usize)) -> (DotGeneral, usize) {
        let mut batched = self.clone();
        batched.rhs_batch = axes::bumped(&self.rhs_batch, axis);
        batched.rhs_contracting = axes::bumped(&self.rhs_contracting, axis);
        let free = axes::others(ranks.1, &[&batched.rhs_batch, &batched.rhs_contracting]);
        let before = ranks.0 - self.lhs_contracting.len();
        (batched, before + free.iter().filter(|&&free| free < axis).count())
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
        check_preferred(dtype, out)?;
        let (left, right) = self.sides(lhs.rank(), rhs.rank());
        let left = left.batch.iter().chain(&left.free).map(|&axis| lhs.shape[axis]);
        let shape: Shape = left.chain(right.free.iter().map(|&axis| rhs.shape[axis])).collect();
        axes::check_addressable(self.name(), &shape, out)?;
        Ok(smallvec![Type { dtype: out, weak: lhs.weak && rhs.weak, shape }])
    }

    fn evaluate(&self, inputs: &[Literal]) -> Result<SmallVec<[Literal; 2]>> {
        let (lhs, rhs) = (&inputs[0], &inputs[1]);
        let out = self.output_types(&[lhs.ty().clone(), rhs.ty().clone()])?.swap_remove(0);
        let (left, right) = self.sides(lhs.ty().rank(), rhs.ty().rank());
        let at = |side: &Literal, axes: &[usize]| offsets(&side.ty().shape, axes);
        let (lhs_batch, rhs_batch) = (at(lhs, left.batch), at(rhs, right.batch));
        let (rows, cols) = (at(lhs, &left.free), at(rhs, &right.free));
        let (lhs_k, rhs_k) = (at(lhs, left.contracting), at(rhs, right.contracting));
        let dtype = out.dtype;
        Ok(smallvec![Literal::from_fn(out, |position| {
            let (batch, i, j) = (
                position / (rows.len() * cols.len()),
                position / cols.len() % rows.len(),
                position % cols.len(),
            );
            let (lhs_base, rhs_base) = (lhs_batch[batch] + rows[i], rhs_batch[batch] + cols[j]);
            let pairs = lhs_k.iter().zip(&rhs_k);
            pairs.fold(Scalar::zero(dtype), |sum, (l, r)| {
                let (l, r) = (lhs.get(lhs_base + l).cast(dtype), rhs.get(rhs_base + r).cast(dtype));
                multiply_add(sum, l, r)
            })
        })])
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

/// `sum + l · r` in the arithmetic of the three's type; floats are rounded at the end alone.
fn multiply_add(sum: Scalar, l: Scalar, r: Scalar) -> Scalar {
    match (sum, l, r) {
        (Scalar::Bool(sum), Scalar::Bool(l), Scalar::Bool(r)) => Scalar::Bool(sum | (l & r)),
        (Scalar::Int(sum), Scalar::Int(l), Scalar::Int(r)) => {
            Scalar::Int(sum.wrapping_add(l.wrapping_mul(r)))
        }
        (Scalar::Uint(sum), Scalar::Uint(l), Scalar::Uint(r)) => {
            Scalar::Uint(sum.wrapping_add(l.wrapping_mul(r)))
        }
        (Scalar::Complex(re, im), Scalar::Complex(a, b), Scalar::Complex(c, d)) => {
            Scalar::Complex(re + a * c - b * d, im + a * d + b * c)
        }
        _ => Scalar::Float(sum.as_f64() + l.as_f64() * r.as_f64()),
    }
}

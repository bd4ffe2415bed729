//! Products of groups of rows with matrices of their own, of scaled operands, and of a matrix with itself.

use jaxrs_data::{DType, Result, Shape, SmallVec, bail};
use jaxrs_ir::prims::{Binary, DotGeneral};
use jaxrs_ir::{Value, ops};
use jaxrs_kernel::{Compare, ReduceOp};
use jaxrs_transform::Scope;

use crate::operands::constant_like;

/// Which axes are what in a ragged product.
#[derive(Clone, Debug)]
pub struct RaggedDot {
    /// Contracted and batch axes, as of [`DotGeneral`].
    pub dot: DotGeneral,
    /// The axis of the left operand that groups lie along, one after another.
    pub lhs_ragged: usize,
    /// The axis of the right operand that has a matrix for each group; only where the ragged axis is neither
    /// contracted nor a batch axis.
    pub rhs_group: Option<usize>,
}

/// What the ragged axis is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Free,
    Contracting,
    Batch,
}

impl RaggedDot {
    fn mode(&self) -> Mode {
        match self.lhs_ragged {
            axis if self.dot.lhs_contracting.contains(&axis) => Mode::Contracting,
            axis if self.dot.lhs_batch.contains(&axis) => Mode::Batch,
            _ => Mode::Free,
        }
    }

    /// The axes that group sizes may differ along: batch axes, and those before the ragged one of its kind.
    fn prefix(&self, mode: Mode, rank: usize, ragged: usize, is_lhs: bool) -> Vec<usize> {
        let (batch, contracting) = match is_lhs {
            true => (&self.dot.lhs_batch, &self.dot.lhs_contracting),
            false => (&self.dot.rhs_batch, &self.dot.rhs_contracting),
        };
        let free: Vec<usize> =
            (0..rank).filter(|axis| !batch.contains(axis) && !contracting.contains(axis)).collect();
        let before = |axes: &[usize]| -> Vec<usize> {
            axes.iter().copied().take_while(|&axis| axis != ragged).collect()
        };
        match mode {
            Mode::Free => [batch.to_vec(), before(&free)].concat(),
            Mode::Contracting => [batch.to_vec(), before(contracting)].concat(),
            Mode::Batch => before(batch),
        }
    }

    fn check(&self, lhs: &Value, rhs: &Value, group_sizes: &Value) -> Result<()> {
        let (mode, rank) = (self.mode(), lhs.ty().rank());
        if self.lhs_ragged >= rank || !group_sizes.ty().dtype.is_integer() {
            bail!(
                InvalidArgument,
                "ragged_dot_general of {} needs a ragged axis below {rank} and integers as group sizes, got {} and {}",
                lhs.ty(),
                self.lhs_ragged,
                group_sizes.ty()
            );
        }
        let prefix = self.prefix(mode, rank, self.lhs_ragged, true);
        let mut needed: Shape = prefix.iter().map(|&axis| lhs.shape()[axis]).collect();
        let given = group_sizes.shape();
        let n_groups = given.last().copied().unwrap_or(0);
        needed = needed.with(needed.rank(), n_groups);
        if given.rank() == 0 || (given.rank() != 1 && *given != needed) {
            bail!(
                Shape,
                "ragged_dot_general needs group sizes for all, or of shape {needed}, got {}",
                group_sizes.ty()
            );
        }
        let fits = match (mode, self.rhs_group) {
            (Mode::Free, Some(axis)) => {
                rhs.shape().get(axis) == Some(&n_groups)
                    && !self.dot.rhs_batch.contains(&axis)
                    && !self.dot.rhs_contracting.contains(&axis)
            }
            (Mode::Free, None) => false,
            (_, group) => group.is_none(),
        };
        if !fits {
            bail!(
                Shape,
                "ragged_dot_general of {n_groups} groups needs an axis of {} for them just where the ragged axis is free, got {:?}",
                rhs.ty(),
                self.rhs_group
            );
        }
        Ok(())
    }
}

/// For each group, along a new first axis, the operand with zeros where others' elements are.
fn apart(
    cx: &Scope,
    x: &Value,
    ragged: usize,
    group_sizes: &Value,
    prefix: &[usize],
) -> Result<Value> {
    let rank = group_sizes.ty().rank();
    let ends = super::cumulative(cx, ReduceOp::Add, group_sizes, -1, false)?;
    let starts = ops::sub(cx, &ends, group_sizes)?;
    let shape = x.shape().with(0, group_sizes.shape()[rank - 1]);
    let sizes_only = if rank == 1 { &[][..] } else { prefix };
    let dims: Vec<usize> = sizes_only.iter().map(|axis| axis + 1).chain([0]).collect();
    let place = ops::iota(cx, group_sizes.ty().dtype, &shape, ragged + 1)?;
    // Axes of the sizes go to increasing axes.
    let spread = |value: &Value| -> Result<Value> {
        let mut order: Vec<usize> = (0..rank).collect();
        order.sort_by_key(|&axis| dims[axis]);
        let sorted = ops::transpose(cx, value, &order)?;
        ops::broadcast_in_dim(cx, &sorted, &shape, order.iter().map(|&axis| dims[axis]))
    };
    let begun = ops::compare(cx, Compare::Le, &spread(&starts)?, &place)?;
    let goes_on = ops::compare(cx, Compare::Lt, &place, &spread(&ends)?)?;
    let own = ops::binary(cx, Binary::And, &begun, &goes_on)?;
    let all = ops::broadcast_in_dim(cx, x, &shape, 1..shape.rank())?;
    ops::select(cx, &own, &all, &ops::full(cx, all.ty(), jaxrs_data::Scalar::Int(0))?)
}

/// A dot product in which rows of the left operand lie in groups along a ragged axis, of sizes that are data.
/// Where that axis is free each group meets a matrix of its own; where it is contracted each group gives a
/// result of its own, along a new first axis; where it is a batch axis groups change nothing.
pub fn ragged_dot_general(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    group_sizes: &Value,
    ragged: &RaggedDot,
) -> Result<Value> {
    ragged.check(lhs, rhs, group_sizes)?;
    let (mode, rank) = (ragged.mode(), lhs.ty().rank());
    let mut dot = ragged.dot.clone();
    let shifted = |axes: &[usize]| -> SmallVec<[usize; 4]> { axes.iter().map(|a| a + 1).collect() };
    if mode == Mode::Batch {
        return ops::dot_general(cx, dot, lhs, rhs);
    }
    let prefix = ragged.prefix(mode, rank, ragged.lhs_ragged, true);
    let left = apart(cx, lhs, ragged.lhs_ragged, group_sizes, &prefix)?;
    dot.lhs_batch = shifted(&dot.lhs_batch);
    dot.lhs_contracting = shifted(&dot.lhs_contracting);
    if let (Mode::Free, Some(group)) = (mode, ragged.rhs_group) {
        dot.lhs_contracting.push(0);
        dot.rhs_contracting.push(group);
        return ops::dot_general(cx, dot, &left, rhs);
    }
    let place = ragged.dot.lhs_contracting.iter().position(|&axis| axis == ragged.lhs_ragged);
    let right_ragged = place.and_then(|place| ragged.dot.rhs_contracting.get(place));
    let Some(&right_ragged) = right_ragged else {
        bail!(InvalidArgument, "ragged_dot_general contracts as many axes on both sides");
    };
    let prefix = ragged.prefix(mode, rhs.ty().rank(), right_ragged, false);
    let right = apart(cx, rhs, right_ragged, group_sizes, &prefix)?;
    dot.lhs_batch.insert(0, 0);
    dot.rhs_batch = shifted(&dot.rhs_batch);
    dot.rhs_batch.insert(0, 0);
    dot.rhs_contracting = shifted(&dot.rhs_contracting);
    ops::dot_general(cx, dot, &left, &right)
}

/// The product of groups of rows of `[m, k]` with a matrix for each group, of `[g, k, n]`.
pub fn ragged_dot(
    cx: &Scope,
    lhs: &Value,
    rhs: &Value,
    group_sizes: &Value,
    preferred_element_type: Option<DType>,
) -> Result<Value> {
    let axis = |axis| SmallVec::from_slice(&[axis]);
    let dot = DotGeneral {
        lhs_contracting: axis(1),
        rhs_contracting: axis(1),
        lhs_batch: SmallVec::new(),
        rhs_batch: SmallVec::new(),
        preferred_element_type,
    };
    let ragged = RaggedDot { dot, lhs_ragged: 0, rhs_group: Some(0) };
    ragged_dot_general(cx, lhs, rhs, group_sizes, &ragged)
}

/// A scale repeated along contracted axes until it fits its operand.
fn repeated(cx: &Scope, scale: &Value, operand: &Value, contracting: &[usize]) -> Result<Value> {
    if scale.ty().rank() != operand.ty().rank() {
        bail!(
            Shape,
            "scaled_dot needs a scale of as many axes as {}, got {}",
            operand.ty(),
            scale.ty()
        );
    }
    let mut scale = scale.clone();
    for (axis, &size) in operand.shape().iter().enumerate() {
        let own = scale.shape()[axis];
        let times = size.checked_div(own).unwrap_or(0);
        let may_repeat = contracting.contains(&axis) && times >= 2 && times * own == size;
        if own != size && !may_repeat {
            let (operand, scale) = (operand.ty(), scale.ty());
            bail!(
                Shape,
                "scaled_dot cannot repeat the scale {scale} along axis {axis} of {operand}"
            );
        }
        if own != size {
            let shape = scale.shape().with(axis + 1, times);
            let dims = (0..shape.rank()).filter(|&dim| dim != axis + 1);
            let spread = ops::broadcast_in_dim(cx, &scale, &shape, dims)?;
            scale = ops::reshape(cx, &spread, &shape.without(axis).without(axis).with(axis, size))?;
        }
    }
    Ok(scale)
}

/// The dot product of operands that are multiplied by scales first, in `bf16`. A scale may have fewer elements
/// along contracted axes: each stands for as many of the operand's.
pub fn scaled_dot(
    cx: &Scope,
    [lhs, rhs]: [&Value; 2],
    scales: [Option<&Value>; 2],
    dot: DotGeneral,
) -> Result<Value> {
    let brain = |x: &Value| ops::convert(cx, x, DType::BF16);
    let scaled = |x: &Value, scale: Option<&Value>, contracting: &[usize]| match scale {
        None => brain(x),
        Some(scale) => ops::mul(cx, &brain(x)?, &brain(&repeated(cx, scale, x, contracting)?)?),
    };
    let left = scaled(lhs, scales[0], &dot.lhs_contracting)?;
    let right = scaled(rhs, scales[1], &dot.rhs_contracting)?;
    ops::dot_general(cx, dot, &left, &right)
}

/// `α A Aᵀ + β C` over the last two axes; `C` is taken to be symmetric.
pub fn symmetric_product(cx: &Scope, a: &Value, c: &Value, alpha: f64, beta: f64) -> Result<Value> {
    let (rank, m) = (a.ty().rank(), a.shape().iter().rev().nth(1).copied());
    let fits = rank >= 2
        && c.ty().rank() == rank
        && c.shape()[..rank - 2] == a.shape()[..rank - 2]
        && c.shape()[rank - 2..].iter().all(|&size| Some(size) == m)
        && a.ty().dtype == c.ty().dtype
        && a.ty().dtype.is_float();
    if !fits {
        bail!(
            Shape,
            "symmetric_product needs real matrices of [m, n] and [m, m], got {} and {}",
            a.ty(),
            c.ty()
        );
    }
    let batch: SmallVec<[usize; 4]> = (0..rank - 2).collect();
    let dot = DotGeneral {
        lhs_contracting: SmallVec::from_slice(&[rank - 1]),
        rhs_contracting: SmallVec::from_slice(&[rank - 1]),
        lhs_batch: batch.clone(),
        rhs_batch: batch,
        preferred_element_type: None,
    };
    let product = ops::mul(cx, &ops::dot_general(cx, dot, a, a)?, &constant_like(a, alpha))?;
    ops::add(cx, &product, &ops::mul(cx, c, &constant_like(c, beta))?)
}

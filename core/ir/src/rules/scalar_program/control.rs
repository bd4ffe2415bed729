//! Branches and loops of scalars.

use std::sync::Arc;

use jaxrs_data::{DType, Result, Scalar, Type};
use jaxrs_kernel::{Compare, LoopKind, ValueId};

use super::{Scalars, emit};
use crate::lower::Elements;
use crate::prims::{Cond, Scan, While};
use crate::{Jaxpr, Prim};

/// The results of control flow, if the operation is any.
pub(super) fn apply(
    cx: &mut dyn Elements,
    prim: &Prim,
    operands: &[ValueId],
    out_types: &[Type],
) -> Option<Result<Scalars>> {
    match prim {
        Prim::Cond(cond) if cond.branches.iter().any(|branch| may_not_end(branch)) => {
            Some(branch_at_a_time(cx, cond, operands, out_types))
        }
        Prim::Cond(cond) => Some(all_branches(cx, cond, operands)),
        Prim::While(repeated) => Some(while_loop(cx, repeated, operands)),
        // A scan of scalars has none to go over.
        Prim::Scan(scan) => Some(counted_loop(cx, scan, operands)),
        _ => None,
    }
}

/// Whether a program has a loop in it that must not run where nobody asked for it.
fn may_not_end(jaxpr: &Jaxpr) -> bool {
    jaxpr.eqns.iter().any(|eqn| {
        matches!(eqn.prim, Prim::While(_)) || eqn.prim.programs().iter().any(|p| may_not_end(p))
    })
}

/// Whether a branch is the one that the index stands for, as `Cond::branch_of` says.
fn is_taken(cx: &mut dyn Elements, cond: &Cond, index: ValueId, branch: usize) -> ValueId {
    let last = cond.branches.len() - 1;
    let b = cx.builder();
    let number = |k: usize| Scalar::Int(k as i64);
    if branch < last {
        let k = b.constant(DType::I32, number(branch));
        return b.compare(Compare::Eq, index, k);
    }
    let (zero, last) = (b.constant(DType::I32, number(0)), b.constant(DType::I32, number(last)));
    let (below, above) = (b.compare(Compare::Lt, index, zero), b.compare(Compare::Ge, index, last));
    b.op(jaxrs_kernel::ScalarOp::Or, &[below, above])
}

/// All branches run, and results are selected.
fn all_branches(cx: &mut dyn Elements, cond: &Cond, operands: &[ValueId]) -> Result<Scalars> {
    let (index, operands) = (operands[0], &operands[1..]);
    let mut found: Option<Scalars> = None;
    for (k, branch) in cond.branches.iter().enumerate().rev() {
        let results = emit(cx, branch, operands)?;
        let Some(others) = found else {
            found = Some(results);
            continue;
        };
        let taken = is_taken(cx, cond, index, k);
        let chosen =
            |(&result, &other): (&ValueId, &ValueId)| cx.builder().select(taken, result, other);
        found = Some(results.iter().zip(&others).map(chosen).collect());
    }
    Ok(found.unwrap_or_default())
}

/// Each branch is a loop that runs once where it is taken, and not at all elsewhere.
fn branch_at_a_time(
    cx: &mut dyn Elements,
    cond: &Cond,
    operands: &[ValueId],
    out_types: &[Type],
) -> Result<Scalars> {
    let (index, operands) = (operands[0], &operands[1..]);
    let zero = |ty: &Type| cx.builder().constant(ty.dtype, Scalar::zero(ty.dtype));
    let mut results: Scalars = out_types.iter().map(zero).collect();
    for (k, branch) in cond.branches.iter().enumerate() {
        let taken = is_taken(cx, cond, index, k);
        let inits: Scalars = std::iter::once(taken).chain(results).collect();
        let open = cx.builder().begin_while(&inits);
        let is_left = open.params[0];
        let open = cx.builder().begin_while_body(open, is_left);
        let mut yields: Scalars = emit(cx, branch, operands)?;
        yields.insert(0, cx.builder().constant(DType::Bool, Scalar::Bool(false)));
        results = cx.builder().end_while(open, yields)[1..].into();
    }
    Ok(results)
}

fn while_loop(cx: &mut dyn Elements, repeated: &While, operands: &[ValueId]) -> Result<Scalars> {
    let (of_condition, rest) = operands.split_at(repeated.cond_nconsts);
    let (of_body, carry) = rest.split_at(repeated.body_nconsts);
    let open = cx.builder().begin_while(carry);
    let goes_on = emit(cx, &repeated.cond_jaxpr, &[of_condition, &open.params].concat())?[0];
    let open = cx.builder().begin_while_body(open, goes_on);
    let yields = emit(cx, &repeated.body_jaxpr, &[of_body, &open.params].concat())?;
    Ok(cx.builder().end_while(open, yields))
}

fn counted_loop(cx: &mut dyn Elements, scan: &Scan, operands: &[ValueId]) -> Result<Scalars> {
    let (consts, carry) = operands.split_at(scan.num_consts);
    let jaxpr: &Arc<Jaxpr> = &scan.jaxpr;
    cx.counted(LoopKind::Sequential, scan.length, carry, &mut |cx, _, params| {
        emit(cx, jaxpr, &[consts, params].concat())
    })
}

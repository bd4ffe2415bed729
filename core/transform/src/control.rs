//! Control flow over functions.

mod associative;
mod carry;
mod loops;
mod map;
mod platform;

pub use associative::{AssociativeScanOptions, associative_scan};
pub use loops::{ScanOptions, UNROLL_ALL, fori_loop, scan, while_loop};
pub use map::map;
pub use platform::platform_dependent;

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::{Clamp, Cond};
use jaxrs_ir::{Context as _, Jaxpr, Value, ops};
use jaxrs_kernel::Compare;

use crate::frame::during;
use crate::{ClosedJaxpr, Function, Scope};

/// `on_true` or `on_false` of the operands, by a boolean or integer scalar.
pub fn cond(
    scope: &Scope,
    predicate: &Value,
    on_true: &Function,
    on_false: &Function,
    operands: &[Value],
) -> Result<Vec<Value>> {
    let ty = predicate.ty();
    if ty.rank() != 0 || !(ty.dtype.is_bool() || ty.dtype.is_integer()) {
        bail!(Dtype, "cond needs a scalar of boolean or integer type to decide by, got {ty}");
    }
    let is_true = if ty.dtype.is_bool() {
        predicate.clone()
    } else {
        let zero = Value::literal(Literal::full(ty.clone(), Scalar::zero(ty.dtype)));
        ops::compare(scope, Compare::Ne, predicate, &zero)?
    };
    let index = ops::convert(scope, &is_true, DType::I32)?;
    choose("cond", scope, &index, &[on_false.clone(), on_true.clone()], operands)
}

/// One of several branches of the operands, by an integer scalar, clamped.
pub fn switch(
    scope: &Scope,
    index: &Value,
    branches: &[Function],
    operands: &[Value],
) -> Result<Vec<Value>> {
    let ty = index.ty();
    if ty.rank() != 0 || !ty.dtype.is_integer() {
        bail!(Dtype, "switch needs an integer scalar to choose by, got {ty}");
    }
    let Some(last) = branches.len().checked_sub(1) else {
        bail!(InvalidArgument, "switch needs at least one branch, got none");
    };
    if last == 0 {
        return branches[0].call(scope, operands);
    }
    // Clamped before the conversion, which would wrap.
    let last = if ty.dtype.size_bytes() == 1 { last.min(127) } else { last };
    let bound = |v: usize| Value::literal(Literal::full(ty.clone(), Scalar::Int(v as i64)));
    let clamped = ops::bind1(scope, Clamp, &[bound(0), index.clone(), bound(last)])?;
    let index = ops::convert(scope, &clamped, DType::I32)?;
    choose("switch", scope, &index, branches, operands)
}

fn choose(
    what: &str,
    scope: &Scope,
    index: &Value,
    branches: &[Function],
    operands: &[Value],
) -> Result<Vec<Value>> {
    let types: Vec<Type> = operands.iter().map(|value| value.ty().clone()).collect();
    let traced: Vec<ClosedJaxpr> = branches
        .iter()
        .map(|branch| scope.trace(branch, &types).map_err(during(what, branch.name())))
        .collect::<Result<_>>()?;
    let out_types = joined_types(what, branches, &traced)?;
    let n_consts: usize = traced.iter().map(|traced| traced.consts.len()).sum();
    let mut programs = Vec::with_capacity(traced.len());
    let mut consts: Vec<Value> = Vec::with_capacity(n_consts);
    for traced in &traced {
        let first = consts.len();
        consts.extend(traced.consts.iter().cloned());
        programs.push((first, traced));
    }
    let mut in_types: Vec<Type> = consts.iter().map(|value| value.ty().clone()).collect();
    in_types.extend(types);
    let branches = programs
        .into_iter()
        .map(|(first, traced)| widen(scope, traced, first, &in_types, n_consts, &out_types))
        .collect::<Result<_>>()?;
    let mut inputs = vec![index.clone()];
    inputs.extend(consts);
    inputs.extend(operands.iter().cloned());
    Ok(scope.bind(&Cond { branches }.into(), &inputs)?.into_vec())
}

/// The branch as a program of the constants of all branches and the operands.
fn widen(
    scope: &Scope,
    traced: &ClosedJaxpr,
    first: usize,
    in_types: &[Type],
    n_consts: usize,
    out_types: &[Type],
) -> Result<Arc<Jaxpr>> {
    let is_wide = traced.jaxpr.out_types().eq(out_types.iter());
    if traced.consts.len() == n_consts && is_wide {
        return Ok(carry::without_consts(&traced.jaxpr));
    }
    scope.stage(in_types, &mut |cx, inputs| {
        let mut operands = inputs[first..first + traced.consts.len()].to_vec();
        operands.extend_from_slice(&inputs[n_consts..]);
        let outputs = cx.eval_jaxpr(&traced.jaxpr, &operands)?;
        outputs.iter().zip(out_types).map(|(value, ty)| carry::as_type(cx, value, ty)).collect()
    })
}

/// The types that all branches give: equal but for weakness, and weak only where all are.
fn joined_types(what: &str, branches: &[Function], traced: &[ClosedJaxpr]) -> Result<Vec<Type>> {
    let mut joined: Vec<Type> = traced[0].jaxpr.out_types().cloned().collect();
    for (branch, traced) in branches.iter().zip(traced) {
        let n = traced.jaxpr.outputs.len();
        if n != joined.len() {
            let (first, other) = (branches[0].name(), branch.name());
            bail!(
                InvalidArgument,
                "{what} needs branches with equal numbers of outputs, but '{first}' gives {} and '{other}' {n}",
                joined.len()
            );
        }
        for (k, (ty, other)) in joined.iter_mut().zip(traced.jaxpr.out_types()).enumerate() {
            if !ty.same_ignoring_weak(other) {
                let (first, name) = (branches[0].name(), branch.name());
                bail!(
                    Dtype,
                    "{what} needs branches with outputs of equal types, but output {k} is {ty} in '{first}' and {other} in '{name}'"
                );
            }
            ty.weak &= other.weak;
        }
    }
    Ok(joined)
}

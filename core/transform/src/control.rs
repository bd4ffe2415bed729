//! Control flow over functions.

mod associative;
mod cache;
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

pub(crate) use cache::BodyCache;
pub(crate) use carry::as_type;

use crate::frame::during;
use crate::{ClosedJaxpr, Function, Ref, Scope, reference};

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
    let traced: Vec<(ClosedJaxpr, Vec<Ref>)> = branches
        .iter()
        .map(|branch| cache::trace(scope, branch, &types).map_err(during(what, branch.name())))
        .collect::<Result<_>>()?;
    let mut refs: Vec<Ref> = Vec::new();
    for used in traced.iter().flat_map(|(_, used)| used) {
        if !refs.iter().any(|known| known.is_same(used)) {
            refs.push(used.clone());
        }
    }
    let out_types = joined_types(what, branches, &traced)?;
    let n_consts: usize = traced.iter().map(|(traced, _)| traced.consts.len()).sum();
    let mut consts: Vec<Value> = Vec::with_capacity(n_consts);
    consts.extend(traced.iter().flat_map(|(traced, _)| traced.consts.iter().cloned()));
    let mut in_types: Vec<Type> = consts.iter().map(|value| value.ty().clone()).collect();
    in_types.extend(types);
    in_types.extend(refs.iter().map(|reference| reference.ty().clone()));
    let wide = Wide { n_consts, in_types, out_types, refs: &refs };
    let mut first = 0;
    let mut programs = Vec::with_capacity(traced.len());
    for (traced, used) in &traced {
        programs.push(wide.program(scope, traced, used, first)?);
        first += traced.consts.len();
    }
    let mut inputs = vec![index.clone()];
    inputs.extend(consts);
    inputs.extend(operands.iter().cloned());
    inputs.extend(reference::values(what, scope, &refs)?);
    let mut outputs = scope.bind(&Cond { branches: programs }.into(), &inputs)?.into_vec();
    let states = outputs.split_off(outputs.len() - refs.len());
    reference::write_back(what, scope, &refs, states)?;
    Ok(outputs)
}

/// What all branches take and give.
struct Wide<'a> {
    /// How many constants all branches have together.
    n_consts: usize,
    /// The constants of all branches, the operands, the values of references.
    in_types: Vec<Type>,
    /// The results; after them come the values of references.
    out_types: Vec<Type>,
    refs: &'a [Ref],
}

impl Wide<'_> {
    /// A branch as a program of all that branches take, whose own constants start at `first`.
    fn program(
        &self,
        scope: &Scope,
        traced: &ClosedJaxpr,
        used: &[Ref],
        first: usize,
    ) -> Result<Arc<Jaxpr>> {
        let n_outputs = self.out_types.len();
        let is_wide = traced.jaxpr.out_types().take(n_outputs).eq(self.out_types.iter());
        let uses_all =
            used.len() == self.refs.len() && used.iter().zip(self.refs).all(|(a, b)| a.is_same(b));
        if traced.consts.len() == self.n_consts && is_wide && uses_all {
            return Ok(carry::without_consts(&traced.jaxpr));
        }
        let place = |reference: &Ref| self.refs.iter().position(|known| known.is_same(reference));
        let places: Vec<usize> = used.iter().filter_map(place).collect();
        scope.stage(&self.in_types, &mut |cx, inputs| {
            let (inputs, states) = inputs.split_at(inputs.len() - self.refs.len());
            let mut operands = inputs[first..first + traced.consts.len()].to_vec();
            operands.extend_from_slice(&inputs[self.n_consts..]);
            operands.extend(places.iter().map(|&place| states[place].clone()));
            let mut outputs = cx.eval_jaxpr(&traced.jaxpr, &operands)?;
            let mut states = states.to_vec();
            for (&place, value) in places.iter().zip(outputs.split_off(n_outputs)) {
                states[place] = value;
            }
            let widened = outputs.iter().zip(&self.out_types);
            let widened = widened.map(|(value, ty)| carry::as_type(cx, value, ty));
            widened.chain(states.into_iter().map(Ok)).collect()
        })
    }
}

/// The types that all branches give: equal but for weakness, and weak only where all are.
fn joined_types(
    what: &str,
    branches: &[Function],
    traced: &[(ClosedJaxpr, Vec<Ref>)],
) -> Result<Vec<Type>> {
    let n_results =
        |(traced, refs): &(ClosedJaxpr, Vec<Ref>)| traced.jaxpr.outputs.len() - refs.len();
    let (first, n_first) = (&traced[0].0, n_results(&traced[0]));
    let mut joined: Vec<Type> = first.jaxpr.out_types().take(n_first).cloned().collect();
    for (branch, both) in branches.iter().zip(traced) {
        let (traced, n) = (&both.0, n_results(both));
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

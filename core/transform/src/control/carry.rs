//! What loops carry: programs and initial values whose types agree.

use std::sync::Arc;

use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::prims::ConvertElementType;
use jaxrs_ir::{Cx, Jaxpr, Value, ops};

use super::cache;
use crate::frame::during;
use crate::{ClosedJaxpr, Function, Ref, Scope, reference};

/// The value under a type that differs from its own in weakness, or in an element type that it promotes
/// to.
pub(crate) fn as_type(cx: Cx<'_>, value: &Value, ty: &Type) -> Result<Value> {
    if value.ty() == ty {
        return Ok(value.clone());
    }
    let convert = ConvertElementType { new_dtype: ty.dtype, weak_type: ty.weak };
    ops::bind1(cx, convert, std::slice::from_ref(value))
}

/// The program with its constants as plain inputs.
pub(super) fn without_consts(jaxpr: &Arc<Jaxpr>) -> Arc<Jaxpr> {
    if jaxpr.n_consts == 0 {
        return jaxpr.clone();
    }
    Arc::new(Jaxpr { n_consts: 0, ..(**jaxpr).clone() })
}

/// A loop's body, traced, and the initial carry in the types that the body gives.
pub(super) struct Body {
    /// `(consts…, carry…, x…) → (carry…, y…)`.
    pub(super) jaxpr: Arc<Jaxpr>,
    pub(super) consts: Vec<Value>,
    /// After the carry proper, the values of references.
    pub(super) init: Vec<Value>,
    /// The references that the body uses.
    pub(super) refs: Vec<Ref>,
}

impl Body {
    /// Traces a body. A weak initial value gives way to the element type that the body gives; whatever else
    /// differs is refused, but for weakness, which results have as the body gives it.
    pub(super) fn trace(
        what: &str,
        scope: &Scope,
        body: &Function,
        init: &[Value],
        x_types: &[Type],
    ) -> Result<Body> {
        let mut init = init.to_vec();
        loop {
            let carry_types: Vec<Type> = init.iter().map(|value| value.ty().clone()).collect();
            let in_types = [carry_types.as_slice(), x_types].concat();
            let (traced, refs) =
                cache::trace(scope, body, &in_types).map_err(during(what, body.name()))?;
            let n_outputs = traced.jaxpr.outputs.len() - refs.len();
            if n_outputs < init.len() {
                bail!(
                    InvalidArgument,
                    "{what} body '{}' must give {} carried values, got {n_outputs} outputs",
                    body.name(),
                    init.len()
                );
            }
            let out_types: Vec<Type> = traced.jaxpr.out_types().take(init.len()).cloned().collect();
            if !widen(scope, &mut init, &out_types)? {
                check(what, body, &carry_types, &out_types)?;
                let traced = with_states(traced, (init.len(), x_types.len()), refs.len());
                init.extend(reference::values(what, scope, &refs)?);
                let ClosedJaxpr { jaxpr, consts } = traced;
                return Ok(Body { jaxpr: without_consts(&jaxpr), consts, init, refs });
            }
        }
    }
}

/// The program with the values of references, which are last, right after the carry.
fn with_states(traced: ClosedJaxpr, (n_carry, n_xs): (usize, usize), n_refs: usize) -> ClosedJaxpr {
    if n_refs == 0 {
        return traced;
    }
    let mut jaxpr = Arc::unwrap_or_clone(traced.jaxpr);
    jaxpr.invars[traced.consts.len() + n_carry..].rotate_left(n_xs);
    jaxpr.outputs[n_carry..].rotate_right(n_refs);
    ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts: traced.consts }
}

/// Converts weak initial values to the element types that the body gives, if those are other ones; whether any
/// was.
fn widen(scope: &Scope, init: &mut [Value], out_types: &[Type]) -> Result<bool> {
    let mut changed = false;
    for (value, out) in init.iter_mut().zip(out_types) {
        let ty = value.ty().clone();
        if !ty.weak || ty.dtype == out.dtype || ty.shape != out.shape {
            continue;
        }
        let promoted = jaxrs_data::promote::promote([&ty, out], scope.defaults());
        if promoted.is_ok_and(|(dtype, _)| dtype == out.dtype) {
            *value = as_type(scope, value, &Type { weak: false, ..out.clone() })?;
            changed = true;
        }
    }
    Ok(changed)
}

fn check(what: &str, body: &Function, carry: &[Type], out: &[Type]) -> Result<()> {
    for (k, (ty, out)) in carry.iter().zip(out).enumerate() {
        if !ty.same_ignoring_weak(out) {
            bail!(
                Dtype,
                "{what} body '{}' must give the type of its carry, but carry {k} is {ty} and comes back as {out}",
                body.name()
            );
        }
    }
    Ok(())
}

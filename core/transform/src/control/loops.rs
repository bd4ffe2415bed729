//! Loops.

use std::sync::Arc;

use jaxrs_data::{DType, Literal, Result, Scalar, Type, bail};
use jaxrs_ir::prims::{Scan, While};
use jaxrs_ir::{Atom, Context as _, Jaxpr, Value, ops};
use jaxrs_kernel::Compare;

use super::cache;
use super::carry::{Body, without_consts};
use crate::frame::during;
use crate::{Function, Ref, Scope, reference, to_array};

/// Applies the body to the carried values while the condition holds.
pub fn while_loop(
    scope: &Scope,
    condition: &Function,
    body: &Function,
    init: &[Value],
) -> Result<Vec<Value>> {
    let Body { jaxpr, consts, init, refs } = Body::trace("while_loop", scope, body, init, &[])?;
    let n_carry = init.len() - refs.len();
    if jaxpr.outputs.len() != init.len() {
        bail!(
            InvalidArgument,
            "while_loop body '{}' must give {n_carry} carried values, got {}",
            body.name(),
            jaxpr.outputs.len() - refs.len()
        );
    }
    let types: Vec<Type> = init[..n_carry].iter().map(|value| value.ty().clone()).collect();
    let (traced, used) =
        cache::trace(scope, condition, &types).map_err(during("while_loop", condition.name()))?;
    reference::refuse(condition, &used)?;
    check_condition(condition, &traced.jaxpr.out_types().cloned().collect::<Vec<_>>())?;
    let prim = While {
        cond_nconsts: traced.consts.len(),
        cond_jaxpr: with_unused(without_consts(&traced.jaxpr), &refs),
        body_nconsts: consts.len(),
        body_jaxpr: jaxpr,
    };
    let inputs: Vec<Value> = traced.consts.into_iter().chain(consts).chain(init).collect();
    let mut outputs = scope.bind(&prim.into(), &inputs)?.into_vec();
    let states = outputs.split_off(n_carry);
    reference::write_back("while_loop", scope, &refs, states)?;
    Ok(outputs)
}

/// The program with the values of references after its inputs.
fn with_unused(jaxpr: Arc<Jaxpr>, refs: &[Ref]) -> Arc<Jaxpr> {
    if refs.is_empty() {
        return jaxpr;
    }
    let mut jaxpr = Arc::unwrap_or_clone(jaxpr);
    for reference in refs {
        jaxpr.add_invar(reference.ty().clone());
    }
    Arc::new(jaxpr)
}

fn check_condition(condition: &Function, out_types: &[Type]) -> Result<()> {
    match out_types {
        [ty] if ty.dtype.is_bool() && ty.rank() == 0 => Ok(()),
        _ => {
            let got: Vec<String> = out_types.iter().map(Type::to_string).collect();
            bail!(
                Dtype,
                "while_loop condition '{}' must give one bool[], got {}",
                condition.name(),
                if got.is_empty() { "nothing".to_owned() } else { got.join(", ") }
            )
        }
    }
}

/// How `scan` runs.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// How many iterations; needed only where nothing is scanned over.
    pub length: Option<usize>,
    /// Whether from the last slice to the first.
    pub reverse: bool,
    /// How many iterations the compiler may put into one, [`UNROLL_ALL`] for all of them.
    pub unroll: usize,
}

/// As many iterations as there are: JAX's `unroll=True`.
pub const UNROLL_ALL: usize = usize::MAX;

impl Default for ScanOptions {
    fn default() -> ScanOptions {
        ScanOptions { length: None, reverse: false, unroll: 1 }
    }
}

/// Runs `(carry…, x…) → (carry…, y…)` over the slices of `xs` along axis 0; gives the last carry and the
/// `y`s, stacked.
pub fn scan(
    scope: &Scope,
    body: &Function,
    carry: &[Value],
    xs: &[Value],
    options: ScanOptions,
) -> Result<Vec<Value>> {
    let length = scan_length("scan", xs, options.length)?;
    let x_types: Vec<Type> = xs.iter().map(|x| x.ty().with_shape(x.shape().without(0))).collect();
    let Body { jaxpr, consts, init, refs } = Body::trace("scan", scope, body, carry, &x_types)?;
    let stays: Vec<bool> =
        (0..carry.len()).map(|k| passes_on(&jaxpr, consts.len() + k, k, &init[k])).collect();
    let (still, moving): (Vec<usize>, Vec<usize>) =
        (0..init.len()).partition(|&k| stays.get(k) == Some(&true));
    let prim = Scan {
        jaxpr: if still.is_empty() {
            jaxpr
        } else {
            with_still(&jaxpr, consts.len(), &still, &moving)
        },
        length,
        num_consts: consts.len() + still.len(),
        num_carry: moving.len(),
        reverse: options.reverse,
        unroll: options.unroll.clamp(1, length.max(1)),
    };
    let carried = still.iter().chain(&moving).map(|&k| init[k].clone());
    let inputs: Vec<Value> = consts.into_iter().chain(carried).chain(xs.iter().cloned()).collect();
    let mut outputs = scope.bind(&prim.into(), &inputs)?.into_vec();
    for &k in &still {
        outputs.insert(k, init[k].clone());
    }
    let states: Vec<Value> = outputs.drain(carry.len()..carry.len() + refs.len()).collect();
    reference::write_back("scan", scope, &refs, states)?;
    Ok(outputs)
}

/// Whether a body only passes an input on as a result, which is this value then, as in JAX.
fn passes_on(jaxpr: &Jaxpr, input: usize, output: usize, value: &Value) -> bool {
    let var = jaxpr.invars[input];
    jaxpr.outputs.get(output) == Some(&Atom::Var(var)) && jaxpr.types[var.0 as usize] == *value.ty()
}

/// The body of a scan in which some carried values, which it passes on, are constants.
fn with_still(jaxpr: &Jaxpr, n_consts: usize, still: &[usize], moving: &[usize]) -> Arc<Jaxpr> {
    let n_carry = still.len() + moving.len();
    let carried = still.iter().chain(moving).map(|&k| jaxpr.invars[n_consts + k]);
    let (consts, xs) = (&jaxpr.invars[..n_consts], &jaxpr.invars[n_consts + n_carry..]);
    let invars = consts.iter().copied().chain(carried).chain(xs.iter().copied()).collect();
    let results = moving.iter().map(|&k| &jaxpr.outputs[k]).chain(&jaxpr.outputs[n_carry..]);
    Arc::new(Jaxpr { invars, outputs: results.cloned().collect(), ..jaxpr.clone() })
}

/// The number of slices of the inputs of a loop; all must have that many.
pub(super) fn scan_length(what: &str, xs: &[Value], given: Option<usize>) -> Result<usize> {
    let mut length = given.map(|length| (length, "length".to_owned()));
    for (k, x) in xs.iter().enumerate() {
        let Some(&size) = x.shape().first() else {
            bail!(Shape, "{what} needs an axis to run over, but x {k} is a scalar {}", x.ty());
        };
        match &length {
            Some((other, name)) if *other != size => bail!(
                Shape,
                "{what} needs inputs of one length, but {name} is {other} and x {k} ({}) has {size}",
                x.ty()
            ),
            Some(_) => {}
            None => length = Some((size, format!("x {k} ({})", x.ty()))),
        }
    }
    match length {
        Some((length, _)) => Ok(length),
        None => bail!(InvalidArgument, "{what} needs inputs to run over or a length, got neither"),
    }
}

/// Runs `(i, carry…) → carry…` for `i` from `lower` up to, not including, `upper`. Bounds that are known
/// now give a loop of fixed length, through which reverse mode goes; `unroll` is for those only.
pub fn fori_loop(
    scope: &Scope,
    lower: &Value,
    upper: &Value,
    body: &Function,
    init: &[Value],
    unroll: Option<usize>,
) -> Result<Vec<Value>> {
    for (name, bound) in [("lower", lower), ("upper", upper)] {
        if bound.ty().rank() != 0 || !bound.ty().dtype.is_integer() {
            bail!(Dtype, "fori_loop needs an integer scalar as {name} bound, got {}", bound.ty());
        }
    }
    let (dtype, weak) = jaxrs_data::promote::promote([lower.ty(), upper.ty()], scope.defaults())?;
    let as_index = |value: &Value| {
        let ty = Type { weak, ..Type::scalar(dtype) };
        super::carry::as_type(scope, value, &ty)
    };
    let carry: Vec<Value> = [as_index(lower)?].into_iter().chain(init.iter().cloned()).collect();
    if let (Some(first), Some(last)) = (known(lower), known(upper)) {
        let length = Some(usize::try_from(last.saturating_sub(first)).unwrap_or(0));
        let step = counted(body, dtype, 1);
        let options = ScanOptions { length, unroll: unroll.unwrap_or(1), ..ScanOptions::default() };
        let mut outputs = scan(scope, &step, &carry, &[], options)?;
        outputs.remove(0);
        return Ok(outputs);
    }
    if unroll.is_some() {
        bail!(InvalidArgument, "fori_loop can only be unrolled where its bounds are known");
    }
    let carry: Vec<Value> =
        [carry[0].clone(), as_index(upper)?].into_iter().chain(init.iter().cloned()).collect();
    let step = counted(body, dtype, 2);
    let condition = body.derived(("fori_loop condition", 2, dtype), |_| {
        Function::new("fori_loop", |scope: &Scope, inputs: &[Value]| {
            Ok(vec![ops::compare(scope, Compare::Lt, &inputs[0], &inputs[1])?])
        })
    });
    let mut outputs = while_loop(scope, &condition, &step, &carry)?;
    outputs.drain(..2);
    Ok(outputs)
}

/// The value of a bound, if it is known now.
fn known(bound: &Value) -> Option<i64> {
    let array = to_array(bound).ok()?;
    array.to_literal().ok()?.item().map(Scalar::as_i64)
}

/// A body that counts, with `n_bounds` values before the carry of which the first is the counter.
fn counted(body: &Function, dtype: DType, n_bounds: usize) -> Function {
    let name = body.name().clone();
    body.derived(("fori_loop body", n_bounds, dtype), |body| {
        Function::new(name, move |scope: &Scope, inputs: &[Value]| {
            let counter = &inputs[0];
            let ty = Type { weak: counter.ty().weak, ..Type::scalar(dtype) };
            let one = Value::literal(Literal::full(ty, Scalar::one(dtype)));
            let mut outputs = vec![ops::add(scope, counter, &one)?];
            outputs.extend_from_slice(&inputs[1..n_bounds]);
            let arguments: Vec<Value> =
                [counter.clone()].into_iter().chain(inputs[n_bounds..].iter().cloned()).collect();
            outputs.extend(body.upgrade()?.call(scope, &arguments)?);
            Ok(outputs)
        })
    })
}

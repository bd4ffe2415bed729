//! Transforms of programs: the same rules, run through a stage. Results are kept, so that a program that
//! is transformed again, as each call of `grad(jit(f))` does, gives the same program.

use std::sync::Arc;

use jaxrs_data::{Error, Result, SmallVec, Type};
use jaxrs_ir::{
    Context as _, Jaxpr, JvpJaxpr, LinearizedJaxpr, MappedAxis, Residual, Tangent, Value,
};
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use crate::Scope;
use crate::axis_env::AxisEnv;
use crate::backward::backward_pass;
use crate::batch::batched_first;
use crate::bind::is_differentiable;
use crate::frame::Kind;
use crate::jvp::typed_tangent;
use crate::linearize::without_dead_code;
use crate::residuals::{Split, move_again};
use crate::tracer::Origin;

/// What was done to which program.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Key {
    /// The address of the program, which the entry keeps alive.
    jaxpr: usize,
    transform: Transform,
    flags: SmallVec<[bool; 16]>,
    /// The named axes around, which rules that are called may speak of.
    axes: AxisEnv,
}

#[derive(Clone, PartialEq, Eq, Hash)]
enum Transform {
    Jvp,
    Batch(MappedAxis),
    Linearize,
    Transpose(usize),
}

#[derive(Clone)]
enum Transformed {
    Jvp(JvpJaxpr),
    Batch(Arc<Jaxpr>, Vec<bool>),
    Linearize(LinearizedJaxpr),
    Transpose(Arc<Jaxpr>),
}

/// Transformed programs. Forgets everything when it is full: what is in use comes back with one trace.
#[derive(Default)]
pub(crate) struct Memo(RwLock<FxHashMap<Key, (Arc<Jaxpr>, Transformed)>>);

const MEMO_SIZE: usize = 4096;

impl Memo {
    pub(crate) fn clear(&self) {
        let dropped = std::mem::take(&mut *self.0.write());
        drop(dropped);
    }

    fn get(&self, key: &Key) -> Option<Transformed> {
        self.0.read().get(key).map(|(_, transformed)| transformed.clone())
    }

    fn put(&self, key: Key, jaxpr: &Arc<Jaxpr>, transformed: Transformed) {
        let mut entries = self.0.write();
        let full = entries.len() >= MEMO_SIZE;
        let dropped = if full { std::mem::take(&mut *entries) } else { FxHashMap::default() };
        entries.insert(key, (jaxpr.clone(), transformed));
        drop(entries);
        drop(dropped);
    }
}

fn key(root: &Scope, jaxpr: &Arc<Jaxpr>, transform: Transform, flags: [&[bool]; 2]) -> Key {
    let flags = flags.concat().into();
    let axes = root.axes.clone();
    Key { jaxpr: Arc::as_ptr(jaxpr) as usize, transform, flags, axes }
}

/// The program of what `body` does to arguments of these types, without constants.
pub(crate) fn stage(
    root: &Scope,
    name: &str,
    in_types: &[Type],
    body: impl FnOnce(&Scope, &[Value]) -> Result<Vec<Value>>,
) -> Result<Arc<Jaxpr>> {
    let stage = root.enter_stage(&name.into());
    let arguments: Vec<Value> =
        in_types.iter().map(|ty| stage.add_argument(ty)).collect::<Result<_>>()?;
    let outputs = body(&stage, &arguments)?;
    let (jaxpr, consts) = stage.finish_stage(&outputs)?;
    if let Some(value) = consts.first() {
        return Err(Error::internal(format_args!("a rule uses {value:?} from outside")));
    }
    Ok(Arc::new(jaxpr))
}

fn types(jaxpr: &Jaxpr) -> Vec<Type> {
    jaxpr.in_types().cloned().collect()
}

/// See [`jaxrs_ir::Context::jvp_jaxpr`].
pub(crate) fn jvp(
    root: &Scope,
    jaxpr: &Arc<Jaxpr>,
    has_tangent: &[bool],
    instantiate: &[bool],
) -> Result<JvpJaxpr> {
    let memo = &root.frame.shared.memo;
    let key = key(root, jaxpr, Transform::Jvp, [has_tangent, instantiate]);
    if let Some(Transformed::Jvp(result)) = memo.get(&key) {
        return Ok(result);
    }
    let primal_types = types(jaxpr);
    let tangent_types = primal_types.iter().zip(has_tangent).filter(|&(_, &has)| has);
    let mut in_types = primal_types.clone();
    in_types.extend(tangent_types.map(|(ty, _)| ty.clone()));
    let mut out_has_tangent = Vec::new();
    let program = stage(root, "jvp", &in_types, |scope, inputs| {
        let (primals, tangents) = inputs.split_at(primal_types.len());
        let trace = scope.enter(Kind::Jvp, &scope.frame.name);
        let mut tangents = tangents.iter();
        let arguments: Vec<Value> = (primals.iter().zip(has_tangent))
            .map(|(primal, &has)| match if has { tangents.next() } else { None } {
                Some(tangent) => {
                    let tangent = Tangent::Value(tangent.clone());
                    trace.with_tangent(primal.clone(), tangent, Origin::Argument(0))
                }
                None => primal.clone(),
            })
            .collect();
        let results = trace.eval_jaxpr(jaxpr, &arguments)?;
        let (outputs, tangents) = split_duals(&trace, &results, instantiate)?;
        out_has_tangent = tangents.iter().map(|tangent| !tangent.is_zero()).collect();
        let mut outputs = outputs;
        outputs.extend(tangents.iter().filter_map(Tangent::value).cloned());
        Ok(outputs)
    })?;
    let result = JvpJaxpr { jaxpr: program, has_tangent: out_has_tangent };
    memo.put(key, jaxpr, Transformed::Jvp(result.clone()));
    Ok(result)
}

/// Results and tangents; those that `instantiate` asks for are there even where they are zero.
fn split_duals(
    trace: &Scope,
    results: &[Value],
    instantiate: &[bool],
) -> Result<(Vec<Value>, Vec<Tangent>)> {
    let mut primals = Vec::with_capacity(results.len());
    let mut tangents = Vec::with_capacity(results.len());
    for (k, value) in results.iter().enumerate() {
        let (primal, mut tangent) = typed_tangent(trace.dual("a result", value))?;
        let wanted = instantiate.get(k).copied().unwrap_or(false);
        if tangent.is_zero() && wanted && is_differentiable(primal.ty()) {
            tangent = Tangent::Value(tangent.instantiate(&trace.parent())?);
        }
        primals.push(primal);
        tangents.push(tangent);
    }
    Ok((primals, tangents))
}

/// See [`jaxrs_ir::Context::batch_jaxpr`].
pub(crate) fn batch(
    root: &Scope,
    jaxpr: &Arc<Jaxpr>,
    axis: &MappedAxis,
    batched: &[bool],
    force: &[bool],
) -> Result<(Arc<Jaxpr>, Vec<bool>)> {
    let memo = &root.frame.shared.memo;
    let key = key(root, jaxpr, Transform::Batch(axis.clone()), [batched, force]);
    if let Some(Transformed::Batch(program, flags)) = memo.get(&key) {
        return Ok((program, flags));
    }
    let in_types: Vec<Type> = (jaxpr.in_types().zip(batched))
        .map(|(ty, &batched)| match batched {
            true => ty.with_shape(ty.shape.with(0, axis.size)),
            false => ty.clone(),
        })
        .collect();
    let mut out_batched = Vec::new();
    let program = stage(root, "batched", &in_types, |scope, inputs| {
        let trace = scope.enter(Kind::Batch(axis.clone()), &scope.frame.name);
        let arguments: Vec<Value> = (inputs.iter().zip(batched))
            .map(|(value, &batched)| {
                trace.with_axis(value.clone(), batched.then_some(0), Origin::Argument(0))
            })
            .collect();
        let results = trace.eval_jaxpr(jaxpr, &arguments)?;
        let mut outputs = Vec::with_capacity(results.len());
        for (k, value) in results.iter().enumerate() {
            let (value, from) = trace.unbatch("a result", value)?;
            let is_batched = from.is_some() || force.get(k).copied().unwrap_or(false);
            out_batched.push(is_batched);
            outputs.push(match is_batched {
                true => batched_first(scope, axis.size, &value, from)?,
                false => value,
            });
        }
        Ok(outputs)
    })?;
    memo.put(key, jaxpr, Transformed::Batch(program.clone(), out_batched.clone()));
    Ok((program, out_batched))
}

/// See [`jaxrs_ir::Context::linearize_jaxpr`].
pub(crate) fn linearize(
    root: &Scope,
    jaxpr: &Arc<Jaxpr>,
    has_tangent: &[bool],
    instantiate: &[bool],
) -> Result<LinearizedJaxpr> {
    let memo = &root.frame.shared.memo;
    let key = key(root, jaxpr, Transform::Linearize, [has_tangent, instantiate]);
    if let Some(Transformed::Linearize(result)) = memo.get(&key) {
        return Ok(result);
    }
    let mut parts = None;
    let primal = stage(root, "linearized", &types(jaxpr), |scope, inputs| {
        let (outputs, split) = split_linear(scope, jaxpr, inputs, has_tangent, instantiate)?;
        parts = Some(split);
        Ok(outputs)
    })?;
    let (linear, residuals, has_tangent) =
        parts.ok_or_else(|| Error::internal("linearization staged nothing"))?;
    let (primal, linear) = (Arc::unwrap_or_clone(primal), Arc::unwrap_or_clone(linear));
    let Split { primal, linear, residuals } = move_again(Split { primal, linear, residuals });
    let (primal, linear) = (Arc::new(primal), Arc::new(linear));
    let result = LinearizedJaxpr { primal, linear, residuals, has_tangent };
    memo.put(key, jaxpr, Transformed::Linearize(result.clone()));
    Ok(result)
}

type LinearPart = (Arc<Jaxpr>, Vec<Residual>, Vec<bool>);

/// Does the primal work of a program in `scope`, the linear one in a program of its own. Gives results
/// and saved residuals, and that program.
fn split_linear(
    scope: &Scope,
    jaxpr: &Jaxpr,
    inputs: &[Value],
    has_tangent: &[bool],
    instantiate: &[bool],
) -> Result<(Vec<Value>, LinearPart)> {
    let linear = scope.enter_stage(&scope.frame.name);
    let trace = scope.enter(Kind::Linearize(linear.clone()), &scope.frame.name);
    let mut arguments = Vec::with_capacity(inputs.len());
    for (k, (value, &has)) in inputs.iter().zip(has_tangent).enumerate() {
        arguments.push(if has {
            let tangent = Tangent::Value(linear.add_argument(value.ty())?);
            trace.with_tangent(value.clone(), tangent, Origin::Argument(k))
        } else {
            value.clone()
        });
    }
    let results = trace.eval_jaxpr(jaxpr, &arguments)?;
    let (mut outputs, tangents) = split_duals(&trace, &results, instantiate)?;
    let kept: Vec<Value> = tangents.iter().filter_map(Tangent::value).cloned().collect();
    let (program, consts) = linear.finish_stage(&kept)?;
    let (mut program, consts) = without_dead_code(program, consts);
    program.n_consts = 0;
    let mut residuals = Vec::with_capacity(consts.len());
    let mut n_saved = 0;
    for value in consts {
        if let Some(k) = inputs.iter().position(|input| input.is_same(&value)) {
            residuals.push(Residual::Input(k));
        } else {
            outputs.push(value);
            residuals.push(Residual::Saved(n_saved));
            n_saved += 1;
        }
    }
    let flags = tangents.iter().map(|tangent| !tangent.is_zero()).collect();
    Ok((outputs, (Arc::new(program), residuals, flags)))
}

/// See [`jaxrs_ir::Context::transpose_jaxpr`].
pub(crate) fn transpose(
    root: &Scope,
    jaxpr: &Arc<Jaxpr>,
    n_residuals: usize,
) -> Result<Arc<Jaxpr>> {
    let memo = &root.frame.shared.memo;
    let key = key(root, jaxpr, Transform::Transpose(n_residuals), [&[], &[]]);
    if let Some(Transformed::Transpose(program)) = memo.get(&key) {
        return Ok(program);
    }
    let all_types = types(jaxpr);
    let mut in_types = all_types[..n_residuals].to_vec();
    in_types.extend(jaxpr.out_types().cloned());
    let program = stage(root, "transposed", &in_types, |scope, inputs| {
        let (known, cotangents) = inputs.split_at(n_residuals);
        let cotangents: Vec<Tangent> = cotangents.iter().cloned().map(Tangent::Value).collect();
        let results = backward_pass(scope, jaxpr, known, &cotangents)?;
        results.iter().map(|cotangent| cotangent.instantiate(scope)).collect()
    })?;
    memo.put(key, jaxpr, Transformed::Transpose(program.clone()));
    Ok(program)
}

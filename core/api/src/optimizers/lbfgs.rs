//! L-BFGS: an approximate Newton step from the last changes of parameters and gradients.

use jaxrs_data::{DType, Result, bail};
use jaxrs_ir::prims::{Binary, ScatterKind};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use super::{global_norm, no_steps, one_more_step, stepped};
use crate::formula::Term;
use crate::numpy;
use crate::numpy::index::{AtOptions, Index, at};
use crate::operands::{constant_like, convert};

/// The state: the count, weights of the changes that are kept, parameters and gradients of the last step, and the last
/// `memory_size` changes of either.
pub fn lbfgs_init(cx: &Scope, params: &[Value], memory_size: i64) -> Result<Vec<Value>> {
    let Some(m) = usize::try_from(memory_size).ok().filter(|&m| m > 0) else {
        bail!(InvalidArgument, "lbfgs_init needs a memory of at least 1 change, got {memory_size}");
    };
    let dtype = params.first().map_or(DType::F32, |param| param.ty().dtype.real_part());
    let mut state = vec![no_steps(), numpy::zeros(cx, &[m].into(), dtype)?];
    for _ in 0..2 {
        for param in params {
            state.push(numpy::full_like(cx, param, 0.0, None)?);
        }
    }
    for _ in 0..2 {
        for param in params {
            state.push(numpy::zeros(cx, &param.shape().with(0, m), param.ty().dtype)?);
        }
    }
    Ok(state)
}

/// What an update works with; lists are as long as the parameters.
struct Memory<'a> {
    count: &'a Value,
    weights: Value,
    /// Changes of parameters, the latest of which stands where the count says.
    param_changes: Vec<Value>,
    gradient_changes: Vec<Value>,
}

/// The real inner product of two lists.
fn inner(cx: &Scope, x: &[Value], y: &[Value]) -> Result<Value> {
    let mut sum: Option<Value> = None;
    for (x, y) in x.iter().zip(y) {
        let product = numpy::real(cx, &numpy::vdot(cx, x, y)?)?;
        sum = Some(match sum {
            Some(sum) => numpy::add(cx, &sum, &product)?,
            None => product,
        });
    }
    sum.ok_or_else(|| jaxrs_data::Error::internal("an inner product of nothing"))
}

fn differences(cx: &Scope, x: &[Value], y: &[Value]) -> Result<Vec<Value>> {
    x.iter().zip(y).map(|(x, y)| numpy::subtract(cx, x, y)).collect()
}

/// A step: new parameters and a new state. The direction is that of J. Nocedal, "Updating quasi-Newton matrices with
/// limited storage" (1980), its first matrix a multiple of the identity; there is no search along it.
pub fn lbfgs_update(cx: &Scope, rate: &Value, all: &[Value]) -> Result<Vec<Value>> {
    let n = all.len().saturating_sub(2) / 6;
    if n == 0 || all.len() != 6 * n + 2 {
        bail!(
            InvalidArgument,
            "lbfgs_update needs gradients, a state of lbfgs_init and parameters, got {} arrays",
            all.len()
        );
    }
    let (gradients, rest) = all.split_at(n);
    let (state, params) = rest.split_at(2 + 4 * n);
    let list = |k: usize| &state[2 + k * n..2 + (k + 1) * n];
    let (memory, scale) =
        remembered(cx, (gradients, params), state, [list(0), list(1), list(2), list(3)])?;
    let direction = two_loops(cx, gradients, &memory, &scale)?;
    let mut results = Vec::new();
    for (param, update) in params.iter().zip(&direction) {
        results.push(stepped(cx, param, update, rate)?);
    }
    results.push(one_more_step(cx, memory.count)?);
    results.push(memory.weights);
    results.extend(params.iter().chain(gradients).cloned());
    results.extend(memory.param_changes);
    results.extend(memory.gradient_changes);
    Ok(results)
}

/// The memory with the last change in it, and the scale of the first matrix.
fn remembered<'a>(
    cx: &Scope,
    (gradients, params): (&[Value], &[Value]),
    state: &'a [Value],
    [last_params, last_gradients, param_changes, gradient_changes]: [&[Value]; 4],
) -> Result<(Memory<'a>, Value)> {
    let count = &state[0];
    let is_first = ops::compare(cx, jaxrs_kernel::Compare::Eq, count, &constant_like(count, 0.0))?;
    let (dp, dg) =
        (differences(cx, params, last_params)?, differences(cx, gradients, last_gradients)?);
    let product = Term::new(cx, &inner(cx, &dg, &dp)?);
    let none = product.is(0.0);
    let weight = (1.0 / product.unless(&none, 1.0)).unless(&none, 0.0);
    let m = constant_like(count, state[1].shape()[0] as f64);
    let place = numpy::remainder(cx, &ops::offset(cx, count, -1.0)?, &m)?;
    let kept = |old: &Value, new: &Value| -> Result<Value> {
        let options = AtOptions { mode: None, unique_indices: false, size: None };
        let written = at(cx, ScatterKind::Set, old, &[Index::Array(place.clone())], new, options)?;
        numpy::select(cx, &is_first, old, &written)
    };
    let kept_all = |old: &[Value], new: &[Value]| {
        old.iter().zip(new).map(|(old, new)| kept(old, new)).collect::<Result<Vec<_>>>()
    };
    let memory = Memory {
        count,
        weights: kept(&state[1], &convert(cx, &weight.done()?, state[1].ty().dtype, false)?)?,
        param_changes: kept_all(param_changes, &dp)?,
        gradient_changes: kept_all(gradient_changes, &dg)?,
    };
    let square = Term::new(cx, &inner(cx, &dg, &dg)?);
    let flat = square.at_most(&square.constant(0.0));
    let later = (product / square.unless(&flat, 1.0)).unless(&flat, 1.0);
    let norm = Term::new(cx, &global_norm(cx, gradients)?);
    let first = (1.0 / norm).min(&later.constant(1.0));
    let scale = Term::new(cx, &is_first).choose(&first, &later).done()?;
    Ok((memory, scale))
}

/// The gradients times the approximate inverse of the second derivative.
fn two_loops(
    cx: &Scope,
    gradients: &[Value],
    memory: &Memory<'_>,
    scale: &Value,
) -> Result<Vec<Value>> {
    let m = memory.weights.shape()[0];
    let start = numpy::remainder(cx, memory.count, &constant_like(memory.count, m as f64))?;
    // From the oldest change to the latest.
    let place = |k: usize| {
        numpy::remainder(cx, &ops::offset(cx, &start, k as f64)?, &constant_like(&start, m as f64))
    };
    let read =
        |x: &Value, place: &Value| numpy::shapes::part(cx, x, &[Index::Array(place.clone())]);
    let read_all = |list: &[Value], place: &Value| {
        list.iter().map(|x| read(x, place)).collect::<Result<Vec<_>>>()
    };
    let moved = |x: &[Value], along: &[Value], by: &Value, op: Binary| -> Result<Vec<Value>> {
        let step = |(x, along): (&Value, &Value)| {
            let change = numpy::multiply(cx, along, by)?;
            ops::binary(cx, op, x, &change)
        };
        x.iter().zip(along).map(step).collect()
    };
    let mut vector = gradients.to_vec();
    let mut shares = Vec::new();
    for k in (0..m).rev() {
        let at = place(k)?;
        let (dp, dg) =
            (read_all(&memory.param_changes, &at)?, read_all(&memory.gradient_changes, &at)?);
        let share = numpy::multiply(cx, &read(&memory.weights, &at)?, &inner(cx, &dp, &vector)?)?;
        vector = moved(&vector, &dg, &share, Binary::Sub)?;
        shares.push((at, dp, dg, share));
    }
    vector = vector.iter().map(|x| numpy::multiply(cx, x, scale)).collect::<Result<_>>()?;
    for (at, dp, dg, share) in shares.into_iter().rev() {
        let back = numpy::multiply(cx, &read(&memory.weights, &at)?, &inner(cx, &dg, &vector)?)?;
        vector = moved(&vector, &dp, &numpy::subtract(cx, &share, &back)?, Binary::Add)?;
    }
    Ok(vector)
}

//! Optimisers, clipping of gradients, and schedules of learning rates, as users know them from Optax.
//!
//! An optimiser is two functions over lists of arrays: from parameters to a state, and from gradients, state and
//! parameters to new parameters and a new state. A state begins with the number of steps so far, an `i32`; then come
//! lists as long as the parameters.

mod largest;
mod lbfgs;
mod rules;
mod schedules;

pub use largest::*;
pub use lbfgs::*;
pub use rules::*;
pub use schedules::*;

use jaxrs_data::{DType, Literal, Result, Scalar, bail};
use jaxrs_ir::{Value, ops};
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy;
use crate::operands::convert;

/// The number of steps before the first.
fn no_steps() -> Value {
    Value::literal(Literal::scalar(DType::I32, Scalar::Int(0)))
}

/// One step more; the largest number stays.
fn one_more_step(cx: &Scope, count: &Value) -> Result<Value> {
    let last = crate::operands::constant_like(count, f64::from(i32::MAX - 1));
    ops::offset(cx, &numpy::minimum(cx, count, &last)?, 1.0)
}

/// Gradients, count, further lists of the state, and parameters: what an update takes, in this order.
struct Step<'a> {
    gradients: &'a [Value],
    count: &'a Value,
    /// Lists of the state after the count, each as long as the parameters.
    state: Vec<&'a [Value]>,
    params: &'a [Value],
}

impl<'a> Step<'a> {
    /// Takes a list apart where the state has `n_lists` lists after the count.
    fn new(name: &str, all: &'a [Value], n_lists: usize) -> Result<Step<'a>> {
        let n = all.len().saturating_sub(1) / (n_lists + 2);
        if all.len() != n * (n_lists + 2) + 1 {
            bail!(
                InvalidArgument,
                "{name} needs gradients, a state and parameters, which are 1 array and a multiple of {}, got {}",
                n_lists + 2,
                all.len()
            );
        }
        let (gradients, rest) = all.split_at(n);
        let (state, params) = rest.split_at(1 + n * n_lists);
        let fits = |x: &Value, y: &Value| x.shape() == y.shape();
        if let Some(i) = (0..n).find(|&i| !fits(&gradients[i], &params[i])) {
            bail!(
                Shape,
                "{name} needs a gradient for each parameter, got {} for {}",
                gradients[i].ty(),
                params[i].ty()
            );
        }
        let lists = (0..n_lists).map(|k| &state[1 + k * n..1 + (k + 1) * n]).collect();
        Ok(Step { gradients, count: &state[0], state: lists, params })
    }
}

/// A parameter less a rate times an update, at the parameter's element type.
fn stepped(cx: &Scope, param: &Value, update: &Value, rate: &Value) -> Result<Value> {
    let change = numpy::multiply(cx, &ops::neg(cx, rate)?, update)?;
    convert(cx, &numpy::add(cx, param, &change)?, param.ty().dtype, param.ty().weak)
}

/// The Euclidean norm of all elements of all arrays.
pub fn global_norm(cx: &Scope, arrays: &[Value]) -> Result<Value> {
    let mut sum = crate::operands::constant(DType::F32, 0.0);
    for (i, x) in arrays.iter().enumerate() {
        let squares = numpy::sum(cx, &numpy::complex::squared_magnitude(cx, x)?, &[], false)?;
        sum = if i == 0 { squares } else { numpy::add(cx, &sum, &squares)? };
    }
    numpy::sqrt(cx, &sum)
}

/// Gradients scaled down so that their [`global_norm`] is at most `max_norm`.
pub fn clip_by_global_norm(cx: &Scope, gradients: &[Value], max_norm: f64) -> Result<Vec<Value>> {
    let norm = Term::new(cx, &global_norm(cx, gradients)?);
    let small = norm.below(max_norm).done()?;
    let norm = norm.done()?;
    let clipped = |x: &Value| {
        let norm = convert(cx, &norm, x.ty().dtype.real_part(), false)?;
        let scaled = ops::scale(cx, &numpy::divide(cx, x, &norm)?, max_norm)?;
        numpy::select(cx, &small, x, &scaled)
    };
    gradients.iter().map(clipped).collect()
}

/// Gradients of which no element is larger than `max_delta`.
pub fn clip_gradients(cx: &Scope, gradients: &[Value], max_delta: f64) -> Result<Vec<Value>> {
    let clipped = |x: &Value| {
        let bound = |value: f64| crate::operands::constant_like(x, value);
        numpy::clip(cx, x, Some(&bound(-max_delta)), Some(&bound(max_delta)))
    };
    gradients.iter().map(clipped).collect()
}

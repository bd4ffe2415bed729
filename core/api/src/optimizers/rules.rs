//! Rules that follow each parameter for itself.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_ir::prims::Unary;
use jaxrs_transform::Scope;

use super::{Step, no_steps, one_more_step, stepped};
use crate::formula::Term;
use crate::numpy;
use crate::operands::convert;

/// A state of a count and lists of zeros like the parameters.
pub(super) fn zeros(cx: &Scope, params: &[Value], n_lists: usize) -> Result<Vec<Value>> {
    let mut state = vec![no_steps()];
    for _ in 0..n_lists {
        for param in params {
            state.push(numpy::full_like(cx, param, 0.0, None)?);
        }
    }
    Ok(state)
}

/// The state of [`sgd_update`]: nothing but the count.
pub fn sgd_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 0)
}

/// Against the gradient.
pub fn sgd_update(cx: &Scope, rate: &Value, all: &[Value]) -> Result<Vec<Value>> {
    let step = Step::new("sgd_update", all, 0)?;
    let mut results = Vec::new();
    for (gradient, param) in step.gradients.iter().zip(step.params) {
        results.push(stepped(cx, param, gradient, rate)?);
    }
    results.push(one_more_step(cx, step.count)?);
    Ok(results)
}

/// The state of [`momentum_update`]: running sums of gradients.
pub fn momentum_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 1)
}

/// Against a running sum of gradients that fades by `decay`; with `nesterov` a step further along it.
pub fn momentum_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    decay: f64,
    nesterov: bool,
) -> Result<Vec<Value>> {
    let step = Step::new("momentum_update", all, 1)?;
    let (mut params, mut sums) = (Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let gradient = Term::new(cx, &step.gradients[i]);
        let sum = &gradient + Term::new(cx, &step.state[0][i]) * decay;
        let update = if nesterov { gradient + &sum * decay } else { sum.clone() };
        params.push(stepped(cx, param, &update.done()?, rate)?);
        sums.push(sum.done()?);
    }
    Ok([params, vec![one_more_step(cx, step.count)?], sums].concat())
}

/// How Adam (Kingma, Ba 2014) and its kin average.
#[derive(Clone, Copy, Debug)]
pub struct AdamOptions {
    /// How the mean of gradients fades.
    pub b1: f64,
    /// How the mean of their squares fades.
    pub b2: f64,
    /// What is added to the root.
    pub eps: f64,
    /// What is added below the root.
    pub eps_root: f64,
    /// How much of the parameters is added to the update (AdamW).
    pub weight_decay: f64,
}

/// The state of [`adam_update`]: means of gradients and of their squares.
pub fn adam_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 2)
}

/// Against the mean of gradients by the root of the mean of their squares, both corrected for their start at 0.
pub fn adam_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    options: AdamOptions,
) -> Result<Vec<Value>> {
    let step = Step::new("adam_update", all, 2)?;
    let count = one_more_step(cx, step.count)?;
    let (mut params, mut means, mut squares) = (Vec::new(), Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let gradient = Term::new(cx, &step.gradients[i]);
        let real = step.gradients[i].ty().dtype.real_part();
        let n = Term::new(cx, &convert(cx, &count, real, false)?);
        let mean = &gradient * (1.0 - options.b1) + Term::new(cx, &step.state[0][i]) * options.b1;
        let square = gradient.map(numpy::complex::squared_magnitude);
        let square = square * (1.0 - options.b2) + Term::new(cx, &step.state[1][i]) * options.b2;
        let grown = |decay: f64| 1.0 - n.constant(decay).power(&n);
        let corrected = (&square / grown(options.b2)).done()?;
        let size = ((Term::new(cx, &corrected) + options.eps_root).sqrt() + options.eps).done()?;
        let update = numpy::divide(cx, &(&mean / grown(options.b1)).done()?, &size)?;
        let update = decayed(cx, &update, param, options.weight_decay)?;
        params.push(stepped(cx, param, &update, rate)?);
        means.push(mean.done()?);
        squares.push(square.done()?);
    }
    Ok([params, vec![count], means, squares].concat())
}

fn decayed(cx: &Scope, update: &Value, param: &Value, weight_decay: f64) -> Result<Value> {
    if weight_decay == 0.0 {
        return Ok(update.clone());
    }
    numpy::add(cx, update, &(Term::new(cx, param) * weight_decay).done()?)
}

/// The state of [`rmsprop_update`]: means of squares of gradients.
pub fn rmsprop_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 1)
}

/// Against the gradient by the root of the mean of its squares, which fades by `decay`.
pub fn rmsprop_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    decay: f64,
    eps: f64,
) -> Result<Vec<Value>> {
    let step = Step::new("rmsprop_update", all, 1)?;
    let (mut params, mut squares) = (Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let gradient = Term::new(cx, &step.gradients[i]);
        let square = gradient.map(numpy::complex::squared_magnitude);
        let square = square * (1.0 - decay) + Term::new(cx, &step.state[0][i]) * decay;
        let update = gradient * (&square + eps).unary(Unary::Rsqrt);
        params.push(stepped(cx, param, &update.done()?, rate)?);
        squares.push(square.done()?);
    }
    Ok([params, vec![one_more_step(cx, step.count)?], squares].concat())
}

/// The state of [`lion_update`]: means of gradients.
pub fn lion_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 1)
}

/// Against the sign of a mean of gradients (Chen et al. 2023); `b1` is that of the step, `b2` that of the state.
pub fn lion_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    (b1, b2, weight_decay): (f64, f64, f64),
) -> Result<Vec<Value>> {
    let step = Step::new("lion_update", all, 1)?;
    let (mut params, mut means) = (Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let (gradient, mean) =
            (Term::new(cx, &step.gradients[i]), Term::new(cx, &step.state[0][i]));
        let mixed = |share: f64| &gradient * (1.0 - share) + &mean * share;
        let update = decayed(cx, &mixed(b1).unary(Unary::Sign).done()?, param, weight_decay)?;
        params.push(stepped(cx, param, &update, rate)?);
        means.push(mixed(b2).done()?);
    }
    Ok([params, vec![one_more_step(cx, step.count)?], means].concat())
}

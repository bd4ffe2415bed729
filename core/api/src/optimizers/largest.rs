//! Rules that divide by sums or bounds of gradients, which do not fade or fade slowly.

use jaxrs_data::Result;
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use super::rules::zeros;
use super::{Step, one_more_step, stepped};
use crate::formula::Term;
use crate::operands::convert;

/// The state of [`adagrad_update`]: sums of squares of gradients, and means of updates.
pub fn adagrad_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 2)
}

/// Against a mean of gradients by the roots of the sums of their squares (Duchi, Hazan, Singer 2011).
pub fn adagrad_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    momentum: f64,
) -> Result<Vec<Value>> {
    let step = Step::new("adagrad_update", all, 2)?;
    let (mut params, mut squares, mut means) = (Vec::new(), Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let gradient = Term::new(cx, &step.gradients[i]);
        let square = Term::new(cx, &step.state[0][i]) + gradient.square();
        let scaled = gradient * (1.0 / square.sqrt()).unless(&square.above(0.0).not(), 0.0);
        let mean = scaled * (1.0 - momentum) + Term::new(cx, &step.state[1][i]) * momentum;
        let mean = mean.done()?;
        params.push(stepped(cx, param, &mean, rate)?);
        squares.push(square.done()?);
        means.push(mean);
    }
    Ok([params, vec![one_more_step(cx, step.count)?], squares, means].concat())
}

/// The state of [`adamax_update`]: means of gradients and bounds of their sizes.
pub fn adamax_init(cx: &Scope, params: &[Value]) -> Result<Vec<Value>> {
    zeros(cx, params, 2)
}

/// Against the mean of gradients by the fading bound of their sizes (Kingma, Ba 2014).
pub fn adamax_update(
    cx: &Scope,
    rate: &Value,
    all: &[Value],
    (b1, b2, eps): (f64, f64, f64),
) -> Result<Vec<Value>> {
    let step = Step::new("adamax_update", all, 2)?;
    let count = one_more_step(cx, step.count)?;
    let (mut params, mut means, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for (i, param) in step.params.iter().enumerate() {
        let gradient = Term::new(cx, &step.gradients[i]);
        let n = Term::new(cx, &convert(cx, &count, step.gradients[i].ty().dtype, false)?);
        let mean = &gradient * (1.0 - b1) + Term::new(cx, &step.state[0][i]) * b1;
        let bound = (Term::new(cx, &step.state[1][i]) * b2).max(&gradient.abs());
        let grown = 1.0 - n.constant(b1).power(&n);
        let update = &mean / grown / (&bound + eps);
        params.push(stepped(cx, param, &update.done()?, rate)?);
        means.push(mean.done()?);
        bounds.push(bound.done()?);
    }
    Ok([params, vec![count], means, bounds].concat())
}

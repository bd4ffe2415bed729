//! Learning rates that depend on the number of steps so far.

use jaxrs_data::{Result, bail};
use jaxrs_ir::Value;
use jaxrs_transform::Scope;

use crate::formula::Term;
use crate::numpy;
use crate::operands::convert;

fn steps<'a>(cx: &'a Scope, count: &Value) -> Result<Term<'a>> {
    if !count.ty().dtype.is_integer() && !count.ty().dtype.is_float() {
        bail!(Dtype, "a schedule needs a number of steps, got {}", count.ty());
    }
    Ok(Term::new(cx, &convert(cx, count, cx.defaults().float(), false)?))
}

fn clamped<'a>(x: &Term<'a>, low: f64, high: f64) -> Term<'a> {
    x.max(&x.constant(low)).min(&x.constant(high))
}

/// From `init_value` to `end_value` over `transition_steps` steps from `transition_begin` on, as a power of the way that
/// is left: a line for 1.
pub fn polynomial_schedule(
    cx: &Scope,
    count: &Value,
    (init_value, end_value): (f64, f64),
    power: f64,
    (transition_steps, transition_begin): (i64, i64),
) -> Result<Value> {
    let count = steps(cx, count)?;
    if transition_steps <= 0 {
        return count
            .constant(init_value)
            .map(|cx, x| numpy::broadcast_to(cx, x, &jaxrs_data::Shape::scalar()))
            .done();
    }
    let passed = clamped(&(count - transition_begin as f64), 0.0, transition_steps as f64);
    let left = 1.0 - passed / transition_steps as f64;
    (left.power(&left.constant(power)) * (init_value - end_value) + end_value).done()
}

/// How exponential decay goes.
#[derive(Clone, Copy, Debug)]
pub struct ExponentialDecay {
    /// Over how many steps `decay_rate` counts once.
    pub transition_steps: i64,
    /// The rate.
    pub decay_rate: f64,
    /// When it begins.
    pub transition_begin: i64,
    /// Whether only whole transitions count.
    pub staircase: bool,
    /// The bound, if there is one.
    pub end_value: Option<f64>,
}

/// `init_value` times a rate to the power of transitions passed.
pub fn exponential_decay(
    cx: &Scope,
    count: &Value,
    init_value: f64,
    options: ExponentialDecay,
) -> Result<Value> {
    let passed = steps(cx, count)? - options.transition_begin as f64;
    if options.transition_steps <= 0 {
        bail!(
            InvalidArgument,
            "exponential_decay needs at least 1 step, got {}",
            options.transition_steps
        );
    }
    let transitions = &passed / options.transition_steps as f64;
    let transitions = if options.staircase { transitions.floor() } else { transitions };
    let decayed = transitions.constant(options.decay_rate).power(&transitions) * init_value;
    let value = decayed.unless(&passed.at_most(&passed.constant(0.0)), init_value);
    match options.end_value {
        Some(end) if options.decay_rate < 1.0 => value.max(&value.constant(end)).done(),
        Some(end) => value.min(&value.constant(end)).done(),
        None => value.done(),
    }
}

/// Half a cosine from `init_value` to `alpha` times that, over `decay_steps` steps.
pub fn cosine_decay(
    cx: &Scope,
    count: &Value,
    (init_value, alpha, exponent): (f64, f64, f64),
    decay_steps: i64,
) -> Result<Value> {
    if decay_steps <= 0 {
        bail!(InvalidArgument, "cosine_decay needs at least 1 step, got {decay_steps}");
    }
    let count = steps(cx, count)?;
    let passed = count.min(&count.constant(decay_steps as f64)) / decay_steps as f64;
    let cosine = ((passed * std::f64::consts::PI).cos() + 1.0) * 0.5;
    let cosine = if exponent == 1.0 { cosine } else { cosine.power(&cosine.constant(exponent)) };
    ((cosine * (1.0 - alpha) + alpha) * init_value).done()
}

/// A line from `init_value` to `peak_value` over `warmup_steps`, then half a cosine to `end_value`, which is reached after
/// `decay_steps` in all.
pub fn warmup_cosine_decay(
    cx: &Scope,
    count: &Value,
    [init_value, peak_value, end_value]: [f64; 3],
    (warmup_steps, decay_steps): (i64, i64),
    exponent: f64,
) -> Result<Value> {
    let warm = polynomial_schedule(cx, count, (init_value, peak_value), 1.0, (warmup_steps, 0))?;
    let alpha = if peak_value == 0.0 { 0.0 } else { end_value / peak_value };
    let later = steps(cx, count)? - warmup_steps as f64;
    let cool = cosine_decay(
        cx,
        &later.clone().done()?,
        (peak_value, alpha, exponent),
        decay_steps - warmup_steps,
    )?;
    later.below(0.0).choose(&Term::new(cx, &warm), &Term::new(cx, &cool)).done()
}

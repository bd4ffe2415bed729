//! Optimisers, clipping, schedules.

use super::numbers::given;
use super::*;
use crate::optimizers::{self, AdamOptions, ExponentialDecay};

const B1: &str = "how the mean of gradients fades";
const B2: &str = "how the mean of their squares fades";
const STEPS: &str = "over how many steps";

macro_rules! init {
    ($name:literal, $function:path, $doc:literal) => {
        op!($name, $doc, ([params]) => list |cx| $function(cx, params))
    };
}

pub(super) static OPS: &[Op] = &[
    init!("sgd_init", optimizers::sgd_init, "The state of sgd_update for parameters."),
    op!("sgd_update", "A step against gradients. The list is gradients, state, parameters; results are new parameters and the new state.", (learning_rate [gradients_state_params])
        => list |cx| optimizers::sgd_update(cx, learning_rate, gradients_state_params)),
    init!(
        "momentum_init",
        optimizers::momentum_init,
        "The state of momentum_update for parameters."
    ),
    op!("momentum_update", "A step against a fading sum of gradients; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { momentum: F64 = 0.9, "how the sum fades"; nesterov: Bool = false, "whether to go a step further along it"; }
        => list |cx| optimizers::momentum_update(cx, learning_rate, gradients_state_params, momentum, nesterov)),
    init!(
        "adam_init",
        optimizers::adam_init,
        "The state of adam_update and adamw_update for parameters."
    ),
    op!("adam_update", "A step of Adam; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { b1: F64 = 0.9, B1; b2: F64 = 0.999, B2; eps: F64 = 1e-8, "what is added to the root"; eps_root: F64 = 0.0, "what is added below the root"; }
        => list |cx| optimizers::adam_update(cx, learning_rate, gradients_state_params, AdamOptions { b1, b2, eps, eps_root, weight_decay: 0.0 })),
    op!("adamw_update", "A step of Adam with weight decay; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { b1: F64 = 0.9, B1; b2: F64 = 0.999, B2; eps: F64 = 1e-8, "what is added to the root"; eps_root: F64 = 0.0, "what is added below the root";
          weight_decay: F64 = 1e-4, "how much of the parameters is taken away"; }
        => list |cx| optimizers::adam_update(cx, learning_rate, gradients_state_params, AdamOptions { b1, b2, eps, eps_root, weight_decay })),
    init!("rmsprop_init", optimizers::rmsprop_init, "The state of rmsprop_update for parameters."),
    op!("rmsprop_update", "A step against gradients by the root of their mean square; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { decay: F64 = 0.9, "how the mean fades"; eps: F64 = 1e-8, "what is added below the root"; }
        => list |cx| optimizers::rmsprop_update(cx, learning_rate, gradients_state_params, decay, eps)),
    init!("adagrad_init", optimizers::adagrad_init, "The state of adagrad_update for parameters."),
    op!("adagrad_update", "A step of AdaGrad with momentum; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { momentum: F64 = 0.9, "how the mean of updates fades"; }
        => list |cx| optimizers::adagrad_update(cx, learning_rate, gradients_state_params, momentum)),
    init!("adamax_init", optimizers::adamax_init, "The state of adamax_update for parameters."),
    op!("adamax_update", "A step of AdaMax; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { b1: F64 = 0.9, B1; b2: F64 = 0.999, "how the bound of their sizes fades"; eps: F64 = 1e-8, "what is added to the bound"; }
        => list |cx| optimizers::adamax_update(cx, learning_rate, gradients_state_params, (b1, b2, eps))),
    init!("lion_init", optimizers::lion_init, "The state of lion_update for parameters."),
    op!("lion_update", "A step against the sign of a mean of gradients; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        { b1: F64 = 0.9, "how the mean of the step fades"; b2: F64 = 0.99, "how the mean of the state fades"; weight_decay: F64 = 1e-3, "how much of the parameters is taken away"; }
        => list |cx| optimizers::lion_update(cx, learning_rate, gradients_state_params, (b1, b2, weight_decay))),
    op!("lbfgs_init", "The state of lbfgs_update for parameters.", ([params]) { memory_size: I64 = 10, "how many changes are kept"; }
        => list |cx| optimizers::lbfgs_init(cx, params, memory_size)),
    op!("lbfgs_update", "A step of L-BFGS, without a search along it; lists and results as of sgd_update.", (learning_rate [gradients_state_params])
        => list |cx| optimizers::lbfgs_update(cx, learning_rate, gradients_state_params)),
    op!("global_norm", "The Euclidean norm of all elements of all arrays.", ([arrays]) => |cx| optimizers::global_norm(cx, arrays)),
    op!("clip_by_global_norm", "Gradients scaled down so that their global norm is bounded.", ([gradients]) { max_norm: F64, "the bound"; }
        => list |cx| optimizers::clip_by_global_norm(cx, gradients, max_norm)),
    op!("clip_gradients", "Gradients of which no element is larger than a bound.", ([gradients]) { max_delta: F64, "the bound"; }
        => list |cx| optimizers::clip_gradients(cx, gradients, max_delta)),
    op!("polynomial_schedule", "A rate that goes to another as a power of the way that is left: a line for 1.", (count)
        { init_value: F64, "the first rate"; end_value: F64, "the last rate"; power: F64 = 1.0, "the power"; transition_steps: I64, STEPS; transition_begin: I64 = 0, "from which step on"; }
        => |cx| optimizers::polynomial_schedule(cx, count, (init_value, end_value), power, (transition_steps, transition_begin))),
    op!("exponential_decay", "A rate that is multiplied again and again.", (count)
        { init_value: F64, "the first rate"; transition_steps: I64, "over how many steps the factor counts once"; decay_rate: F64, "the factor"; transition_begin: I64 = 0, "from which step on";
          staircase: Bool = false, "whether only whole transitions count"; end_value: F64 = f64::NAN, "a bound, or NaN"; }
        => |cx| optimizers::exponential_decay(cx, count, init_value, ExponentialDecay { transition_steps, decay_rate, transition_begin, staircase, end_value: given(end_value) })),
    op!("cosine_decay_schedule", "A rate that goes down as half a cosine.", (count)
        { init_value: F64, "the first rate"; decay_steps: I64, STEPS; alpha: F64 = 0.0, "the last rate as a part of the first"; exponent: F64 = 1.0, "the power of the cosine"; }
        => |cx| optimizers::cosine_decay(cx, count, (init_value, alpha, exponent), decay_steps)),
    op!("warmup_cosine_decay_schedule", "A rate that goes up as a line and down as half a cosine.", (count)
        { init_value: F64, "the first rate"; peak_value: F64, "the largest rate"; warmup_steps: I64, "how many steps it goes up"; decay_steps: I64, "how many steps in all";
          end_value: F64 = 0.0, "the last rate"; exponent: F64 = 1.0, "the power of the cosine"; }
        => |cx| optimizers::warmup_cosine_decay(cx, count, [init_value, peak_value, end_value], (warmup_steps, decay_steps), exponent)),
];

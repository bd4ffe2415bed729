//! Transforms in all nestings, on programs that are evaluated by definition.

mod collective_transposes;
mod compiled;
mod complex_numbers;
mod composition;
mod control_flow;
mod custom_rules;
mod custom_vmap;
mod derivative_options;
mod effects;
mod errors;
mod events;
mod jacobians;
mod jets;
mod krylov;
mod linear_functions;
mod looking_on;
mod named_axes;
mod nesting;
mod options;
mod programs;
mod recomputation;
mod references;
mod setting;
mod spmd;
mod structured_loops;
mod vmap_corners;

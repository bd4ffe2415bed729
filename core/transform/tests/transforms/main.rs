//! Transforms in all nestings, on programs that are evaluated by definition.

mod errors;
mod jacobians;
mod nesting;
mod setting;

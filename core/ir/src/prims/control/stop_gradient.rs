//! The identity that has no derivative.

/// `stop_gradient(x)`: `x`, as if it depended on nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StopGradient;

unfinished!(StopGradient);

//! Choosing between operands, elementwise.

/// `select_n(which, cases…)`: element by element the case that `which` names: `false` or 0 the first. With
/// two cases `which` is `bool`, with more `i32` (clamped to the cases). `which` may be a scalar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SelectN;

/// `clamp(low, x, high)`: `min(max(x, low), high)`; the bounds may be scalars.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Clamp;

unfinished!(SelectN);
unfinished!(Clamp);

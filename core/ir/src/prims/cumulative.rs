//! Running reductions.

/// `cumsum`, `cumprod`, `cummax`, `cummin`: the reduction of all elements up to each one along an axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Cumulative {
    /// How elements are combined: `Add`, `Mul`, `Max` or `Min`.
    pub op: jaxrs_kernel::ReduceOp,
    /// Along which axis.
    pub axis: usize,
    /// Whether from the end.
    pub reverse: bool,
}

unfinished!(Cumulative);

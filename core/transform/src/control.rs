//! Control flow over functions.

use jaxrs_data::{Error, Result};
use jaxrs_ir::Value;

use crate::{Function, Scope};

fn unwritten<T>() -> Result<T> {
    Err(Error::internal("control flow is not written yet"))
}

/// `on_true` or `on_false` of the operands, by a boolean or integer scalar.
pub fn cond(
    _scope: &Scope,
    _predicate: &Value,
    _on_true: &Function,
    _on_false: &Function,
    _operands: &[Value],
) -> Result<Vec<Value>> {
    unwritten()
}

/// One of several branches of the operands, by an integer scalar, clamped.
pub fn switch(
    _scope: &Scope,
    _index: &Value,
    _branches: &[Function],
    _operands: &[Value],
) -> Result<Vec<Value>> {
    unwritten()
}

/// Applies the body to the carried values while the condition holds.
pub fn while_loop(
    _scope: &Scope,
    _condition: &Function,
    _body: &Function,
    _init: &[Value],
) -> Result<Vec<Value>> {
    unwritten()
}

/// How `scan` runs.
#[derive(Clone, Copy, Debug)]
pub struct ScanOptions {
    /// How many iterations; needed only where nothing is scanned over.
    pub length: Option<usize>,
    /// Whether from the last slice to the first.
    pub reverse: bool,
    /// How many iterations the compiler may put into one.
    pub unroll: usize,
}

impl Default for ScanOptions {
    fn default() -> ScanOptions {
        ScanOptions { length: None, reverse: false, unroll: 1 }
    }
}

/// Runs `(carry…, x…) → (carry…, y…)` over the slices of `xs` along axis 0; gives the last carry and the
/// `y`s, stacked.
pub fn scan(
    _scope: &Scope,
    _body: &Function,
    _carry: &[Value],
    _xs: &[Value],
    _options: ScanOptions,
) -> Result<Vec<Value>> {
    unwritten()
}

/// Runs `(i, carry…) → carry…` for `i` from `lower` up to, not including, `upper`.
pub fn fori_loop(
    _scope: &Scope,
    _lower: &Value,
    _upper: &Value,
    _body: &Function,
    _init: &[Value],
) -> Result<Vec<Value>> {
    unwritten()
}

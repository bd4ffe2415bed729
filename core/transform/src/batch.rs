//! Batching: one function call for many examples.

use jaxrs_data::{Error, Result};
use jaxrs_ir::Value;

use crate::{Function, Scope};

/// How `vmap` maps.
#[derive(Clone, Debug, Default)]
pub struct VmapOptions {
    /// For each input the axis that examples lie along; `None` for one that all share. A single entry
    /// stands for all inputs; no entry is axis 0 for all.
    pub in_axes: Vec<Option<i64>>,
    /// For each output the axis that examples are put along; `None` for one that must be the same for all.
    /// A single entry stands for all outputs; no entry is axis 0 for all.
    pub out_axes: Vec<Option<i64>>,
    /// The number of examples; needed only where no input is mapped.
    pub axis_size: Option<usize>,
}

/// The function for many examples at once.
pub fn vmap(function: &Function, _options: VmapOptions) -> Function {
    Function::new(format!("vmap({})", function.name()), |_: &Scope, _: &[Value]| -> Result<_> {
        Err(Error::internal("vmap is not written yet"))
    })
}

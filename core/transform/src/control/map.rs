//! A function of each slice, one after the other or some at a time.

use jaxrs_data::{Result, Shape, bail};
use jaxrs_ir::{Value, ops};

use super::loops::scan_length;
use super::{ScanOptions, scan};
use crate::{Function, Scope, VmapOptions, vmap};

/// Applies a function to each slice of `xs` along axis 0, and stacks what it gives. With a `batch_size`, as
/// many slices at a time as that, as `vmap` does; those left over come last, together.
pub fn map(
    scope: &Scope,
    function: &Function,
    xs: &[Value],
    batch_size: Option<usize>,
) -> Result<Vec<Value>> {
    let Some(batch) = batch_size else {
        return scan(scope, function, &[], xs, ScanOptions::default());
    };
    if batch == 0 {
        bail!(InvalidArgument, "map needs batches of at least one slice, got a batch size of 0");
    }
    let n = scan_length("map", xs, None)?;
    let n_rest = n % batch;
    let together = vmap(function, VmapOptions::default());
    let mut batches = Vec::with_capacity(xs.len());
    let mut rest = Vec::with_capacity(xs.len());
    for x in xs {
        let whole = ops::slice_in_dim(scope, x, 0, 0, n - n_rest)?;
        let shape = x.shape().without(0).with(0, batch).with(0, n / batch);
        batches.push(ops::reshape(scope, &whole, &shape)?);
        rest.push(ops::slice_in_dim(scope, x, 0, n - n_rest, n)?);
    }
    let outputs = scan(scope, &together, &[], &batches, ScanOptions::default())?;
    let rest = if n_rest > 0 { together.call(scope, &rest)? } else { Vec::new() };
    let flat = |(k, y): (usize, &Value)| {
        let shape = Shape::from(&y.shape()[2..]).with(0, n - n_rest);
        let y = ops::reshape(scope, y, &shape)?;
        match rest.get(k) {
            Some(rest) => ops::concatenate(scope, &[y, rest.clone()], 0),
            None => Ok(y),
        }
    };
    outputs.iter().enumerate().map(flat).collect()
}

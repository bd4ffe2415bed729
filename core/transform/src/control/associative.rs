//! All prefixes of an associative operation, in logarithmically many steps.

use jaxrs_data::{Result, bail, normalize_axis};
use jaxrs_ir::{Value, ops};

use crate::frame::during;
use crate::{Function, Scope};

/// How `associative_scan` runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct AssociativeScanOptions {
    /// Whether from the last element to the first.
    pub reverse: bool,
    /// The axis that elements lie along.
    pub axis: i64,
}

/// All prefixes of elements under an associative operation: `combine` takes `(a…, b…)`, many pairs at once
/// along the axis, and gives one value like each `a`. Neighbours are combined in pairs, the pairs scanned
/// the same way, and the elements between filled in: Blelloch, "Prefix Sums and Their Applications" (1990),
/// as in JAX, so that numbers are combined in the same order as there.
pub fn associative_scan(
    scope: &Scope,
    combine: &Function,
    elements: &[Value],
    options: AssociativeScanOptions,
) -> Result<Vec<Value>> {
    let Some(first) = elements.first() else { return Ok(Vec::new()) };
    let axis = normalize_axis("associative_scan", options.axis, first.ty().rank())?;
    for (k, value) in elements.iter().enumerate() {
        if value.shape().get(axis) != first.shape().get(axis) {
            bail!(
                Shape,
                "associative_scan needs elements of one number along axis {axis}, but input 0 is {} and input {k} {}",
                first.ty(),
                value.ty()
            );
        }
    }
    let flip = |values: Vec<Value>| match options.reverse {
        true => values.iter().map(|value| ops::rev(scope, value, [axis])).collect(),
        false => Ok(values),
    };
    let scan = Scan { scope, combine, axis };
    flip(scan.prefixes(&flip(elements.to_vec())?)?)
}

struct Scan<'a> {
    scope: &'a Scope,
    combine: &'a Function,
    axis: usize,
}

impl Scan<'_> {
    fn len(&self, values: &[Value]) -> usize {
        values[0].shape()[self.axis]
    }

    fn prefixes(&self, elements: &[Value]) -> Result<Vec<Value>> {
        let n = self.len(elements);
        if n < 2 {
            return Ok(elements.to_vec());
        }
        let pairs = self
            .combine(&self.every_other(elements, 0, n - 1)?, &self.every_other(elements, 1, n)?)?;
        let odd = self.prefixes(&pairs)?;
        let n_before = (n - 1) / 2;
        let first = self.part(elements, 0, 1)?;
        let even = match n_before {
            0 => first,
            _ => {
                let before = self.part(&odd, 0, n_before)?;
                let later = self.combine(&before, &self.every_other(elements, 2, n)?)?;
                let join = |(a, b): (&Value, &Value)| {
                    ops::concatenate(self.scope, &[a.clone(), b.clone()], self.axis)
                };
                first.iter().zip(&later).map(join).collect::<Result<_>>()?
            }
        };
        even.iter().zip(&odd).map(|(even, odd)| self.interleaved(even, odd)).collect()
    }

    fn combine(&self, a: &[Value], b: &[Value]) -> Result<Vec<Value>> {
        let name = self.combine.name();
        let outputs = self
            .combine
            .call(self.scope, &[a, b].concat())
            .map_err(during("associative_scan", name))?;
        if outputs.len() != a.len() {
            bail!(
                InvalidArgument,
                "associative_scan combines {} values, but '{name}' gives {}",
                a.len(),
                outputs.len()
            );
        }
        for (k, (output, a)) in outputs.iter().zip(a).enumerate() {
            if !output.ty().same_ignoring_weak(a.ty()) {
                bail!(
                    Dtype,
                    "associative_scan needs '{name}' to give what it takes, but value {k} is {} and comes back as {}",
                    a.ty(),
                    output.ty()
                );
            }
        }
        Ok(outputs)
    }

    fn part(&self, values: &[Value], start: usize, limit: usize) -> Result<Vec<Value>> {
        let part = |value| ops::slice_in_dim(self.scope, value, self.axis, start, limit);
        values.iter().map(part).collect()
    }

    fn every_other(&self, values: &[Value], start: usize, limit: usize) -> Result<Vec<Value>> {
        let slice = |value: &Value| {
            let rank = value.ty().rank();
            let (mut starts, mut limits) = (vec![0; rank], value.shape().to_vec());
            let mut strides = vec![1; rank];
            (starts[self.axis], limits[self.axis], strides[self.axis]) = (start, limit, 2);
            ops::slice(self.scope, value, &starts, &limits, &strides)
        };
        values.iter().map(slice).collect()
    }

    /// One of each in turn; `even` comes first, and may be longer by one.
    fn interleaved(&self, even: &Value, odd: &Value) -> Result<Value> {
        let (scope, axis) = (self.scope, self.axis);
        let (n_even, n_odd) = (even.shape()[axis], odd.shape()[axis]);
        let column = |value: &Value| ops::expand_dim(scope, value, axis + 1);
        let fitting = ops::slice_in_dim(scope, even, axis, 0, n_odd)?;
        let pairs = ops::concatenate(scope, &[column(&fitting)?, column(odd)?], axis + 1)?;
        let shape = even.shape().without(axis).with(axis, 2 * n_odd);
        let pairs = ops::reshape(scope, &pairs, &shape)?;
        if n_even == n_odd {
            return Ok(pairs);
        }
        let last = ops::slice_in_dim(scope, even, axis, n_odd, n_even)?;
        ops::concatenate(scope, &[pairs, last], axis)
    }
}

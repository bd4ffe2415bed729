//! Callbacks for many examples at once.

use jaxrs_data::{Result, SmallVec, Type, bail};

use super::{Callback, CallbackKind, VmapMethod};
use crate::prims::{Prim, Primitive, Scan};
use crate::rules::program;
use crate::{Batched, Cx, Outputs, Value, ops};

/// Up to this many examples get an operation each, where nothing else is asked for; more get a loop.
const UNROLLED: usize = 8;

impl Callback {
    pub(super) fn batch_calls(
        &self,
        cx: Cx<'_>,
        size: usize,
        inputs: &[Value],
        axes: &[Option<usize>],
    ) -> Result<Batched> {
        let (inputs, flags) = program::batched_first(cx, inputs, axes)?;
        let outputs = match (self.kind, self.vmap_method) {
            (CallbackKind::Io { ordered: true }, _) => {
                bail!(
                    InvalidArgument,
                    "vmap has no order for the examples of {} of {}, which is ordered",
                    self.name(),
                    self.host.name()
                )
            }
            // What looks on sees one example after another, which is an order.
            (CallbackKind::Debug { .. }, _) => {
                each(cx, &self.clone().into(), size, &inputs, &flags)?
            }
            (CallbackKind::Io { .. }, _) | (_, VmapMethod::Sequential) => {
                in_loop(cx, &self.clone().into(), size, &inputs, &flags)?
            }
            (_, VmapMethod::SequentialUnrolled) => {
                unrolled(cx, &self.clone().into(), size, &inputs, &flags)?
            }
            (_, VmapMethod::None) => bail!(
                Unimplemented,
                "{} of {} has no vmap_method, so that vmap cannot tell how to call it: choose sequential, \
                 sequential_unrolled, expand_dims, broadcast_all or legacy_vectorized",
                self.name(),
                self.host.name()
            ),
            (_, method) => self.at_once(cx, method, size, &inputs, &flags)?,
        };
        let axes = outputs.iter().map(|_| Some(0)).collect();
        Ok(Batched { outputs, axes })
    }

    /// One call for all examples.
    fn at_once(
        &self,
        cx: Cx<'_>,
        method: VmapMethod,
        size: usize,
        inputs: &[Value],
        flags: &[bool],
    ) -> Result<Outputs> {
        let mut operands: SmallVec<[Value; 4]> = SmallVec::new();
        for (value, &batched) in inputs.iter().zip(flags) {
            operands.push(match method {
                VmapMethod::ExpandDims if !batched => ops::expand_dim(cx, value, 0)?,
                VmapMethod::BroadcastAll if !batched => program::repeated(cx, size, value)?,
                _ => value.clone(),
            });
        }
        let many = |ty: &Type| ty.with_shape(ty.shape.with(0, size));
        let result_types = self.result_types.iter().map(many).collect();
        cx.bind(&Callback { result_types, ..self.clone() }.into(), &operands)
    }
}

/// One call for each example of an operation without results.
pub(crate) fn each(
    cx: Cx<'_>,
    prim: &Prim,
    size: usize,
    inputs: &[Value],
    flags: &[bool],
) -> Result<Outputs> {
    match size <= UNROLLED {
        true => unrolled(cx, prim, size, inputs, flags),
        false => in_loop(cx, prim, size, inputs, flags),
    }
}

/// One operation for each example, whose results are stacked.
fn unrolled(
    cx: Cx<'_>,
    prim: &Prim,
    size: usize,
    inputs: &[Value],
    flags: &[bool],
) -> Result<Outputs> {
    let mut results: Vec<Outputs> = Vec::with_capacity(size);
    for k in 0..size {
        let mut operands: SmallVec<[Value; 4]> = SmallVec::new();
        for (value, &batched) in inputs.iter().zip(flags) {
            operands.push(if batched {
                let slice = ops::slice_in_dim(cx, value, 0, k, k + 1)?;
                ops::squeeze(cx, &slice, [0])?
            } else {
                value.clone()
            });
        }
        results.push(cx.bind(prim, &operands)?);
    }
    let Some(first) = results.first() else {
        // Without examples nothing is called; the loop knows the types of no results.
        return in_loop(cx, prim, size, inputs, flags);
    };
    let mut outputs = Outputs::new();
    for k in 0..first.len() {
        let rows = results.iter().map(|row| ops::expand_dim(cx, &row[k], 0));
        outputs.push(ops::concatenate(cx, &rows.collect::<Result<Vec<_>>>()?, 0)?);
    }
    Ok(outputs)
}

/// A loop over the examples.
fn in_loop(
    cx: Cx<'_>,
    prim: &Prim,
    size: usize,
    inputs: &[Value],
    flags: &[bool],
) -> Result<Outputs> {
    let row = |value: &Value, batched| match batched {
        true => value.ty().with_shape(value.shape().without(0)),
        false => value.ty().clone(),
    };
    let types: Vec<Type> = inputs.iter().zip(flags).map(|(x, &flag)| row(x, flag)).collect();
    let in_types = [program::others(&types, flags), program::chosen(&types, flags)].concat();
    let n_shared = flags.iter().filter(|&&flag| !flag).count();
    let jaxpr = cx.stage(&in_types, &mut |cx, values| {
        let (shared, rows) = values.split_at(n_shared);
        Ok(cx.bind(prim, &program::interleaved(shared, rows, flags))?.into_vec())
    })?;
    let num_consts = n_shared;
    let scan = Scan { jaxpr, length: size, num_consts, num_carry: 0, reverse: false, unroll: 1 };
    let operands = [program::others(inputs, flags), program::chosen(inputs, flags)].concat();
    cx.bind(&scan.into(), &operands)
}

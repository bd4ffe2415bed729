//! Folds as kernels: for each element of the results one element after another.

use jaxrs_data::{DType, Result};
use jaxrs_kernel::{BodyBuilder, BufferId, Lanes, ValueId};

use crate::Jaxpr;
use crate::lower::Steps;
use crate::prims::reduce_window::each_tap;
use crate::rules::index::{self, Index};
use crate::rules::scalar_program::{self, Scalars};

/// Where the operands' element for a point and a tap lies; the mask tells whether there is one.
pub(super) type Place<'a> =
    &'a dyn Fn(&mut BodyBuilder, &[ValueId], &[ValueId]) -> (Index, Option<ValueId>);

/// Pushes the kernel of a fold over taps of the given sizes. Operands come first, then initial values.
pub(super) fn push(
    cx: &mut dyn Steps,
    name: &str,
    jaxpr: &Jaxpr,
    taps: &[usize],
    place: Place<'_>,
) -> Result<()> {
    let n = cx.n_outputs();
    let domain = cx.output_type(0).shape.clone();
    let dtypes: Vec<DType> = (0..n).map(|k| cx.output_type(k).dtype).collect();
    let outs: Vec<BufferId> = (0..n).map(|k| cx.output(k)).collect();
    cx.kernel(name, &domain, Lanes::Domain, &mut |cx, point| {
        let mut inits = Scalars::new();
        for k in 0..n {
            let init = cx.operand(n + k, &[])?;
            inits.push(widened(cx.builder(), init));
        }
        let results = each_tap(cx, taps, &mut Index::new(), &inits, &mut |cx, tap, carried| {
            let (at, mask) = place(cx.builder(), point, tap);
            let mut inputs: Scalars = carried.into();
            for (input, &dtype) in inputs.iter_mut().zip(&dtypes) {
                *input = cx.builder().cast(*input, dtype);
            }
            for k in 0..n {
                inputs.push(match mask {
                    Some(mask) => cx.operand_where(k, &at, mask)?,
                    None => cx.operand(k, &at)?,
                });
            }
            let mut next = scalar_program::emit(cx, jaxpr, &inputs)?;
            for (next, &so_far) in next.iter_mut().zip(carried) {
                let b = cx.builder();
                *next = widened(b, *next);
                if let Some(mask) = mask {
                    *next = b.select(mask, *next, so_far);
                }
            }
            Ok(next)
        })?;
        let b = cx.builder();
        let position = index::ravel(b, point, &domain);
        for ((&out, &result), &dtype) in outs.iter().zip(&results).zip(&dtypes) {
            let result = b.cast(result, dtype);
            b.store(out, position, result, None);
        }
        Ok(())
    })
}

/// Pushes kernels that copy operands to results.
pub(super) fn push_copies(cx: &mut dyn Steps, name: &str) -> Result<()> {
    for k in 0..cx.n_outputs() {
        let (out, shape) = (cx.output(k), cx.output_type(k).shape.clone());
        cx.kernel(name, &shape, Lanes::Domain, &mut |cx, point| {
            let value = cx.operand(k, point)?;
            let b = cx.builder();
            let position = index::ravel(b, point, &shape);
            b.store(out, position, value, None);
            Ok(())
        })?;
    }
    Ok(())
}

/// The value in a type that kernels compute with; conversion back gives the same value.
pub(super) fn widened(b: &mut BodyBuilder, value: ValueId) -> ValueId {
    let wide = index::wide(b.dtype(value));
    b.cast(value, wide)
}

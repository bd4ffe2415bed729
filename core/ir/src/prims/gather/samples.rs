//! Gathers to try every rule on.
#![cfg(any(test, feature = "testing"))]

use jaxrs_data::{DType, Literal, SmallVec};

use super::{Gather, IndexMode};
use crate::prims::Sample;
use crate::prims::sample::{exact, finite, hard, integers};

/// Offset, collapsed and indexed axes, and window sizes.
type Numbers<'a> = (&'a [usize], &'a [usize], &'a [usize], &'a [usize]);

fn gather((offset, collapsed, map, sizes): Numbers<'_>, mode: IndexMode) -> Gather {
    Gather {
        offset_dims: offset.into(),
        collapsed_slice_dims: collapsed.into(),
        start_index_map: map.into(),
        operand_batching_dims: SmallVec::new(),
        start_indices_batching_dims: SmallVec::new(),
        slice_sizes: sizes.into(),
        mode,
        fill_value: None,
    }
}

fn batching(gather: Gather, operand: &[usize], indices: &[usize]) -> Gather {
    Gather {
        operand_batching_dims: operand.into(),
        start_indices_batching_dims: indices.into(),
        ..gather
    }
}

/// `x[indices]` for a vector of row numbers.
const ROWS: Numbers<'static> = (&[1], &[0], &[0], &[1, 3]);

fn rows(dtype: DType, indices: Literal, mode: IndexMode) -> Sample {
    let sample = exact(gather(ROWS, mode), vec![hard(dtype, &[4, 3]), indices]);
    Sample { smooth: false, ..sample }
}

fn float(gather: Gather, shape: &[usize], indices: &[usize], values: &[i64]) -> Sample {
    let indices = integers(DType::I32, indices, values);
    exact(gather, vec![finite(DType::F32, shape), indices])
}

/// See [`crate::Primitive::samples`].
pub(super) fn samples() -> Vec<Sample> {
    use IndexMode::{Clip, FillOrDrop, PromiseInBounds};
    let wild = integers(DType::I32, [5, 1], &[2, 0, -1, 7, 2]);
    let tame = integers(DType::I32, [3, 1], &[3, 0, 3]);
    let mut samples = Vec::new();
    for dtype in DType::ALL {
        samples.push(rows(dtype, wild.clone(), FillOrDrop));
        samples.push(rows(dtype, wild.clone(), Clip));
    }
    samples.push(rows(DType::F32, tame, PromiseInBounds));
    for dtype in [DType::I8, DType::U8, DType::I64, DType::U64] {
        samples.push(rows(dtype, integers(dtype, [3, 1], &[2, 3, -2]), FillOrDrop));
    }
    samples.extend([
        // Windows larger than one along an indexed axis, next to another indexed axis.
        float(gather((&[1], &[1], &[1, 0], &[2, 1]), Clip), &[4, 5], &[3, 2], &[0, 1, 4, 9, -2, 2]),
        float(gather((&[0, 2], &[], &[0], &[2, 3]), FillOrDrop), &[4, 3], &[3, 1], &[0, 2, 3]),
        // A single window, all of the operand, none.
        float(gather((&[0], &[0], &[0], &[1, 2]), Clip), &[3, 2], &[1], &[1]),
        float(gather((&[0, 1], &[], &[], &[3, 2]), Clip), &[3, 2], &[0], &[]),
        float(gather((&[1], &[0], &[0], &[1, 2]), Clip), &[3, 2], &[0, 1], &[]),
        float(
            Gather { fill_value: Some(0), ..gather(ROWS, FillOrDrop) },
            &[4, 3],
            &[2, 1],
            &[1, 4],
        ),
        // One batch axis, and two in crossed order.
        float(
            batching(gather((&[], &[1], &[1], &[1, 1]), FillOrDrop), &[0], &[0]),
            &[2, 4],
            &[2, 3, 1],
            &[0, 3, 4, 2, -1, 2],
        ),
        float(
            batching(gather((&[2], &[], &[2], &[1, 1, 2]), Clip), &[0, 1], &[1, 0]),
            &[2, 3, 4],
            &[3, 2, 1],
            &[0, 1, 2, 3, 0, 1],
        ),
    ]);
    samples
}

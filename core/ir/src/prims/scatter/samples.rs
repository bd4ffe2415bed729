//! Scatters to try every rule on.
#![cfg(any(test, feature = "testing"))]

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, SmallVec};

use super::{Scatter, ScatterKind};
use crate::prims::sample::{exact, finite, hard, integers};
use crate::prims::{IndexMode, Sample};

/// Window, inserted and indexed axes.
type Numbers<'a> = (&'a [usize], &'a [usize], &'a [usize]);

fn scatter(kind: ScatterKind, (window, inserted, map): Numbers<'_>) -> Scatter {
    Scatter {
        kind,
        update_window_dims: window.into(),
        inserted_window_dims: inserted.into(),
        scatter_dims_to_operand_dims: map.into(),
        operand_batching_dims: SmallVec::new(),
        scatter_indices_batching_dims: SmallVec::new(),
        mode: IndexMode::FillOrDrop,
        unique_indices: false,
    }
}

fn batching(scatter: Scatter, operand: &[usize], indices: &[usize]) -> Scatter {
    Scatter {
        operand_batching_dims: operand.into(),
        scatter_indices_batching_dims: indices.into(),
        ..scatter
    }
}

/// `x.at[indices].set(updates)` for a vector of row numbers.
const ROWS: Numbers<'static> = (&[1], &[0], &[0]);

fn sample(scatter: Scatter, x: Literal, indices: Literal, updates: Literal) -> Sample {
    // Products of updates that meet have no derivative, as in JAX.
    let smooth = scatter.kind != ScatterKind::Mul || scatter.unique_indices;
    Sample { class: Class::Elementary, smooth, ..exact(scatter, vec![x, indices, updates]) }
}

fn float(
    scatter: Scatter,
    x: &[usize],
    (shape, values): (&[usize], &[i64]),
    updates: &[usize],
) -> Sample {
    let indices = integers(DType::I32, shape, values);
    sample(scatter, finite(DType::F32, x), indices, finite(DType::F32, updates))
}

/// See [`crate::Primitive::samples`].
pub(super) fn samples() -> Vec<Sample> {
    use ScatterKind::{Add, Mul, Set, Sub};
    // With a repeated row, one too large and one too small.
    let wild = integers(DType::I32, [5, 1], &[2, 0, -1, 7, 2]);
    let mut samples = Vec::new();
    for kind in ScatterKind::ALL {
        for dtype in DType::ALL.into_iter().filter(|&dtype| kind.takes(dtype)) {
            let (x, updates) = (finite(dtype, &[4, 2]), finite(dtype, &[5, 2]));
            samples.push(sample(scatter(kind, ROWS), x, wild.clone(), updates));
        }
        let (x, updates) = (hard(DType::F32, &[4, 2]), hard(DType::F32, &[5, 2]));
        let special = sample(scatter(kind, ROWS), x, wild.clone(), updates);
        samples.push(Sample { smooth: false, ..special });
    }
    let unique = |scatter: Scatter| Scatter { unique_indices: true, ..scatter };
    let clip = |scatter: Scatter| Scatter { mode: IndexMode::Clip, ..scatter };
    for kind in [Set, Add, Sub, Mul] {
        let rows: (&[usize], &[i64]) = (&[3, 1], &[3, 0, 9]);
        samples.push(float(unique(scatter(kind, ROWS)), &[4, 2], rows, &[3, 2]));
    }
    for kind in [Set, Add, Sub] {
        samples.extend([
            // Single elements; overlapping windows along an indexed axis; windows in front.
            float(scatter(kind, (&[], &[0], &[0])), &[5], (&[4, 1], &[1, 1, 4, 5]), &[4]),
            float(scatter(kind, (&[], &[0, 1], &[1, 0])), &[2, 3], (&[2, 2], &[2, 1, 0, 0]), &[2]),
            float(clip(scatter(kind, (&[1], &[], &[0]))), &[5], (&[3, 1], &[1, 2, 9]), &[3, 2]),
            float(scatter(kind, (&[0], &[1], &[1])), &[3, 4], (&[2, 1], &[3, 3]), &[3, 2]),
            float(scatter(kind, (&[0, 1], &[], &[])), &[2, 3], (&[0], &[]), &[2, 2]),
            float(scatter(kind, (&[], &[0], &[0])), &[5], (&[0, 1], &[]), &[0]),
            float(scatter(kind, (&[], &[0], &[0])), &[0], (&[2, 1], &[0, 1]), &[2]),
            // One batch axis, and two in crossed order.
            float(
                batching(scatter(kind, (&[], &[1], &[1])), &[0], &[0]),
                &[2, 4],
                (&[2, 3, 1], &[0, 3, 0, 2, -1, 2]),
                &[2, 3],
            ),
            float(
                clip(batching(scatter(kind, (&[2], &[], &[2])), &[0, 1], &[1, 0])),
                &[2, 3, 4],
                (&[3, 2, 1], &[0, 1, 2, 3, 0, 1]),
                &[3, 2, 2],
            ),
        ]);
    }
    samples
}

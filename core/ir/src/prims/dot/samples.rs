//! Dot products to try every rule on.
#![cfg(any(test, feature = "testing"))]

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal};

use super::DotGeneral;
use crate::prims::Sample;
use crate::prims::sample::{DTYPES, finite, hard};

type Numbers<'a> = [&'a [usize]; 4];

fn dot([lhs, rhs, lhs_batch, rhs_batch]: Numbers<'_>, preferred: Option<DType>) -> DotGeneral {
    DotGeneral {
        lhs_contracting: lhs.into(),
        rhs_contracting: rhs.into(),
        lhs_batch: lhs_batch.into(),
        rhs_batch: rhs_batch.into(),
        preferred_element_type: preferred,
    }
}

fn sample(dot: DotGeneral, lhs: Literal, rhs: Literal) -> Sample {
    Sample { prim: dot.into(), inputs: vec![lhs, rhs], class: Class::Accumulated, smooth: true }
}

const MATRIX: Numbers<'static> = [&[1], &[0], &[], &[]];

fn float(numbers: Numbers<'_>, lhs: &[usize], rhs: &[usize]) -> Sample {
    sample(dot(numbers, None), finite(DType::F32, lhs), finite(DType::F32, rhs))
}

/// See [`crate::Primitive::samples`].
pub(super) fn samples() -> Vec<Sample> {
    let every = |dtype| sample(dot(MATRIX, None), finite(dtype, &[2, 3]), finite(dtype, &[3, 4]));
    let mut samples: Vec<Sample> = DTYPES.into_iter().map(every).collect();
    let preferred =
        |from, to| sample(dot(MATRIX, Some(to)), finite(from, &[2, 3]), finite(from, &[3, 2]));
    samples.extend([
        // Vectors, matrices, more axes in any order.
        float([&[0], &[0], &[], &[]], &[5], &[5]),
        float([&[], &[], &[], &[]], &[2], &[3]),
        float([&[], &[], &[], &[]], &[], &[2, 3]),
        float([&[1], &[0], &[], &[]], &[4, 3], &[3]),
        float([&[0], &[1], &[], &[]], &[3, 2], &[4, 3]),
        float([&[2, 0], &[0, 1], &[], &[]], &[2, 3, 4], &[4, 2, 5]),
        float([&[2], &[1], &[0], &[0]], &[2, 3, 4], &[2, 4, 3]),
        float([&[0], &[1], &[2], &[0]], &[3, 4, 2], &[2, 3, 1]),
        float([&[3], &[3], &[0, 2], &[0, 2]], &[2, 3, 2, 4], &[2, 5, 2, 4]),
        float([&[], &[], &[1, 0], &[0, 1]], &[2, 3], &[3, 2]),
        // Nothing to sum over, nothing to give.
        float(MATRIX, &[2, 0], &[0, 3]),
        float(MATRIX, &[0, 2], &[2, 3]),
        // Large enough for the library, with one and several strides.
        float(MATRIX, &[18, 17], &[17, 20]),
        float([&[0], &[1], &[], &[]], &[17, 18], &[20, 17]),
        float([&[3], &[3], &[0, 2], &[0, 2]], &[2, 17, 2, 16], &[2, 18, 2, 16]),
        float([&[1, 3], &[0, 2], &[], &[]], &[9, 4, 8, 4], &[4, 20, 4]),
        sample(dot(MATRIX, None), finite(DType::F64, &[16, 24]), finite(DType::F64, &[24, 16])),
        sample(dot(MATRIX, None), finite(DType::C64, &[18, 17]), finite(DType::C64, &[17, 20])),
        sample(
            dot([&[3], &[3], &[0, 2], &[0, 2]], None),
            finite(DType::C128, &[2, 17, 2, 16]),
            finite(DType::C128, &[2, 18, 2, 16]),
        ),
        preferred(DType::C64, DType::C128),
        preferred(DType::BF16, DType::F32),
        preferred(DType::I8, DType::I32),
        preferred(DType::Bool, DType::I32),
        preferred(DType::F32, DType::F64),
        Sample {
            smooth: false,
            ..sample(dot(MATRIX, None), hard(DType::F32, &[3, 3]), finite(DType::F32, &[3, 2]))
        },
    ]);
    samples
}

//! Convolutions to try every rule on.
#![cfg(any(test, feature = "testing"))]

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal};

use super::{ConvDimensionNumbers, ConvGeneralDilated};
use crate::prims::Sample;
use crate::prims::sample::{DTYPES, finite, hard};

/// Windows next to one another, without groups, axes in order.
fn plain(spatial: usize) -> ConvGeneralDilated {
    ConvGeneralDilated {
        window_strides: vec![1; spatial],
        padding: vec![(0, 0); spatial],
        lhs_dilation: vec![1; spatial],
        rhs_dilation: vec![1; spatial],
        dimension_numbers: ConvDimensionNumbers::in_order(spatial + 2),
        feature_group_count: 1,
        batch_group_count: 1,
        preferred_element_type: None,
    }
}

fn sample(conv: ConvGeneralDilated, lhs: Literal, rhs: Literal) -> Sample {
    Sample { prim: conv.into(), inputs: vec![lhs, rhs], class: Class::Accumulated, smooth: true }
}

fn float(conv: ConvGeneralDilated, lhs: &[usize], rhs: &[usize]) -> Sample {
    sample(conv, finite(DType::F32, lhs), finite(DType::F32, rhs))
}

fn numbers(lhs: &[usize], rhs: &[usize], out: &[usize]) -> ConvDimensionNumbers {
    ConvDimensionNumbers { lhs_spec: lhs.into(), rhs_spec: rhs.into(), out_spec: out.into() }
}

/// Images with their features last.
fn features_last() -> ConvDimensionNumbers {
    numbers(&[0, 3, 1, 2], &[3, 2, 0, 1], &[0, 3, 1, 2])
}

fn shapes() -> Vec<Sample> {
    let line = plain(1);
    vec![
        float(line.clone(), &[2, 3, 6], &[4, 3, 3]),
        float(
            ConvGeneralDilated { window_strides: vec![2], ..line.clone() },
            &[1, 1, 7],
            &[2, 1, 3],
        ),
        float(ConvGeneralDilated { padding: vec![(2, 1)], ..line.clone() }, &[1, 2, 4], &[1, 2, 3]),
        float(
            ConvGeneralDilated { padding: vec![(-1, 2)], ..line.clone() },
            &[1, 2, 5],
            &[1, 2, 3],
        ),
        float(
            ConvGeneralDilated { padding: vec![(-1, -2)], ..line.clone() },
            &[1, 1, 6],
            &[1, 1, 2],
        ),
        float(ConvGeneralDilated { lhs_dilation: vec![2], ..line.clone() }, &[1, 2, 4], &[2, 2, 3]),
        float(ConvGeneralDilated { rhs_dilation: vec![2], ..line.clone() }, &[1, 2, 6], &[2, 2, 2]),
        float(
            ConvGeneralDilated {
                window_strides: vec![2],
                padding: vec![(3, 1)],
                lhs_dilation: vec![3],
                rhs_dilation: vec![2],
                ..line.clone()
            },
            &[2, 2, 4],
            &[3, 2, 3],
        ),
        float(
            ConvGeneralDilated { feature_group_count: 2, ..line.clone() },
            &[2, 4, 4],
            &[6, 2, 2],
        ),
        float(ConvGeneralDilated { batch_group_count: 2, ..line.clone() }, &[4, 2, 4], &[6, 2, 2]),
        float(
            ConvGeneralDilated {
                dimension_numbers: numbers(&[2, 0, 1], &[1, 2, 0], &[1, 2, 0]),
                ..line.clone()
            },
            &[2, 5, 3],
            &[2, 4, 2],
        ),
        // Nothing to sum, nothing to give, windows that do not fit, windows of one element.
        float(line.clone(), &[2, 0, 4], &[3, 0, 2]),
        float(line.clone(), &[0, 2, 4], &[3, 2, 2]),
        float(line.clone(), &[1, 2, 2], &[3, 2, 4]),
        float(line.clone(), &[2, 1, 1], &[1, 1, 1]),
        float(ConvGeneralDilated { padding: vec![(1, 1)], ..line }, &[1, 1, 0], &[1, 1, 2]),
        // Without space it is a product of matrices, in it are more axes.
        float(plain(0), &[2, 3], &[4, 3]),
        float(plain(3), &[1, 1, 2, 3, 2], &[2, 1, 2, 2, 1]),
    ]
}

/// Images that are large enough for the library.
fn images() -> Vec<Sample> {
    let image = |conv: ConvGeneralDilated, lhs: &[usize], rhs: &[usize]| {
        float(ConvGeneralDilated { padding: vec![(1, 1), (1, 0)], ..conv }, lhs, rhs)
    };
    let last = ConvGeneralDilated { dimension_numbers: features_last(), ..plain(2) };
    vec![
        image(last.clone(), &[2, 5, 6, 8], &[3, 3, 8, 8]),
        image(plain(2), &[2, 8, 5, 6], &[8, 8, 3, 3]),
        image(
            ConvGeneralDilated { window_strides: vec![2, 1], rhs_dilation: vec![1, 2], ..plain(2) },
            &[2, 8, 9, 6],
            &[8, 8, 3, 3],
        ),
        image(
            ConvGeneralDilated { lhs_dilation: vec![2, 2], feature_group_count: 2, ..last.clone() },
            &[2, 4, 4, 16],
            &[3, 2, 8, 16],
        ),
        image(
            ConvGeneralDilated { batch_group_count: 2, ..plain(2) },
            &[4, 8, 5, 6],
            &[16, 8, 3, 3],
        ),
        image(
            ConvGeneralDilated { feature_group_count: 4, ..plain(2) },
            &[2, 16, 6, 6],
            &[16, 4, 3, 3],
        ),
        // The features of the result come first, those of the kernel in the middle.
        image(
            ConvGeneralDilated {
                dimension_numbers: numbers(&[1, 0, 2, 3], &[1, 0, 2, 3], &[1, 0, 2, 3]),
                ..plain(2)
            },
            &[8, 2, 5, 6],
            &[8, 8, 3, 3],
        ),
        float(last, &[3, 8, 8, 16], &[1, 1, 16, 16]),
        sample(plain(1), finite(DType::C64, &[2, 8, 12]), finite(DType::C64, &[24, 8, 5])),
        sample(plain(1), finite(DType::F64, &[2, 8, 70]), finite(DType::F64, &[16, 8, 5])),
        // More windows than are laid out at a time.
        Sample {
            smooth: false,
            ..sample(plain(1), finite(DType::C128, &[60, 8, 36]), finite(DType::C128, &[4, 8, 32]))
        },
    ]
}

/// See [`crate::Primitive::samples`].
pub(super) fn samples() -> Vec<Sample> {
    let grouped = ConvGeneralDilated {
        padding: vec![(1, 0)],
        rhs_dilation: vec![2],
        feature_group_count: 2,
        ..plain(1)
    };
    let every =
        |dtype| sample(grouped.clone(), finite(dtype, &[2, 4, 4]), finite(dtype, &[2, 2, 2]));
    let preferred = |from, to| {
        let conv = ConvGeneralDilated { preferred_element_type: Some(to), ..plain(1) };
        sample(conv, finite(from, &[1, 2, 4]), finite(from, &[2, 2, 2]))
    };
    let padded = ConvGeneralDilated { padding: vec![(1, 1)], ..plain(1) };
    let hard_values =
        |lhs: Literal, rhs: Literal| Sample { smooth: false, ..sample(padded.clone(), lhs, rhs) };
    let mut samples: Vec<Sample> = DTYPES.into_iter().map(every).collect();
    samples.extend(shapes());
    samples.extend(images());
    samples.extend([
        preferred(DType::C64, DType::C128),
        preferred(DType::BF16, DType::F32),
        preferred(DType::I8, DType::I32),
        preferred(DType::F32, DType::F64),
        hard_values(hard(DType::F32, &[1, 2, 5]), finite(DType::F32, &[2, 2, 3])),
        hard_values(finite(DType::F32, &[1, 2, 5]), hard(DType::F32, &[2, 2, 3])),
    ]);
    samples
}

#[cfg(test)]
mod tests {
    use jaxrs_data::Type;

    use super::*;
    use crate::lower::Lowering;

    #[test]
    fn large_samples_go_to_the_library_and_small_ones_do_not() {
        let lowering = |sample: &Sample| {
            let types: Vec<Type> = sample.inputs.iter().map(|x| x.ty().clone()).collect();
            sample.prim.lowering(&types)
        };
        assert!(images().iter().all(|sample| lowering(sample) == Lowering::Steps));
        assert!(shapes().iter().all(|sample| lowering(sample) == Lowering::Reduction));
    }
}

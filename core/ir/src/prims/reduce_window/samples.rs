//! Windows to try every rule on.
#![cfg(any(test, feature = "testing"))]

use jaxrs_data::tolerance::Class;
use jaxrs_data::{DType, Literal, Shape, Type};
use jaxrs_kernel::ReduceOp;

use super::{OPS, ReduceWindow, SelectAndGatherAdd, SelectAndScatterAdd, takes};
use crate::prims::Sample;
use crate::prims::sample::{finite, hard};
use crate::rules::sliding::Window;

/// Windows next to one another, without padding and gaps.
fn plain(dimensions: &[usize]) -> Window {
    let rank = dimensions.len();
    Window {
        dimensions: dimensions.into(),
        strides: vec![1; rank],
        padding: vec![(0, 0); rank],
        base_dilation: vec![1; rank],
        window_dilation: vec![1; rank],
    }
}

/// Windows, and shapes of arrays that they slide over.
fn windows() -> Vec<(Window, Vec<usize>)> {
    let line = plain(&[3]);
    vec![
        (line.clone(), vec![6]),
        (Window { strides: vec![2], padding: vec![(1, 2)], ..line.clone() }, vec![5]),
        (Window { strides: vec![3], padding: vec![(-1, 2)], ..line.clone() }, vec![7]),
        (Window { padding: vec![(-2, -1)], ..line.clone() }, vec![7]),
        (Window { strides: vec![4], dimensions: vec![2], ..line.clone() }, vec![9]),
        (Window { base_dilation: vec![2], padding: vec![(1, 1)], ..line.clone() }, vec![4]),
        (
            Window { strides: vec![2, 1], padding: vec![(1, 0), (0, 1)], ..plain(&[2, 3]) },
            vec![4, 5],
        ),
        (plain(&[1, 1]), vec![2, 3]),
        (plain(&[2, 1]), vec![1, 3]),
        (Window { padding: vec![(2, 2), (0, 0)], ..plain(&[2, 1]) }, vec![0, 2]),
        (plain(&[]), vec![]),
    ]
}

/// As `windows`, with gaps between taps.
fn dilated_windows() -> Vec<(Window, Vec<usize>)> {
    vec![
        (Window { window_dilation: vec![2], padding: vec![(2, 1)], ..plain(&[3]) }, vec![6]),
        (
            Window {
                strides: vec![2, 1],
                padding: vec![(3, -1), (1, 2)],
                base_dilation: vec![3, 1],
                window_dilation: vec![2, 2],
                ..plain(&[2, 2])
            },
            vec![3, 4],
        ),
    ]
}

/// All windows, or those with gaps for an operation that is the mirror image of another.
fn some_windows(all: bool) -> Vec<(Window, Vec<usize>)> {
    let first = if all { windows() } else { Vec::new() };
    first.into_iter().chain(dilated_windows()).collect()
}

fn sample(prim: impl Into<crate::Prim>, inputs: Vec<Literal>, class: Class) -> Sample {
    Sample { prim: prim.into(), inputs, class, smooth: true }
}

fn not_smooth(sample: Sample) -> Sample {
    Sample { smooth: false, ..sample }
}

/// Whether each window lies over an element.
fn has_elements(window: &Window, shape: &[usize]) -> bool {
    let ty = Type::new(DType::F32, shape);
    let windows = window.checked_shape("windows", &ty).unwrap_or_default();
    let taps = Shape::new(&window.dimensions);
    let source = |at: &[usize], tap| window.source(shape, at, &taps.unravel(tap));
    let covers = |at: &[usize]| (0..taps.numel()).any(|tap| source(at, tap).is_some());
    (0..windows.numel()).all(|at| covers(&windows.unravel(at)))
}

/// Samples of sums and of largest and smallest elements.
pub(super) fn reductions() -> Vec<Sample> {
    let mut samples = Vec::new();
    let strided = Window { strides: vec![2], padding: vec![(1, 0)], ..plain(&[3]) };
    for op in OPS {
        let class = if op == ReduceOp::Add { Class::Accumulated } else { Class::Exact };
        for (window, shape) in some_windows(op != ReduceOp::Min) {
            // Windows of nothing but padding have infinite maxima, which do not differ.
            let smooth = op == ReduceOp::Add || has_elements(&window, &shape);
            let sample =
                sample(ReduceWindow { op, window }, vec![finite(DType::F32, &shape)], class);
            samples.push(Sample { smooth, ..sample });
        }
        for dtype in DType::ALL.into_iter().filter(|&dtype| takes(op, dtype)) {
            let prim = ReduceWindow { op, window: strided.clone() };
            samples.push(not_smooth(sample(prim, vec![hard(dtype, &[20])], class)));
        }
        let prim = ReduceWindow { op, window: strided.clone() };
        let complex = sample(prim, vec![finite(DType::C64, &[8])], class);
        samples.push(Sample { smooth: op == ReduceOp::Add, ..complex });
    }
    samples
}

/// The types with an order that is derived here.
fn real() -> impl Iterator<Item = DType> {
    DType::ALL.into_iter().filter(|dtype| dtype.is_ordered())
}

/// Samples of tangents of largest and smallest elements.
pub(super) fn gathers() -> Vec<Sample> {
    let mut samples = Vec::new();
    let strided = Window { strides: vec![2], padding: vec![(1, 0)], ..plain(&[3]) };
    for is_max in [true, false] {
        for (window, shape) in some_windows(is_max) {
            let operand = finite(DType::F32, &shape);
            let tangents = Literal::from_fn(operand.ty().clone(), |k| {
                jaxrs_data::Scalar::Float(0.5 + k as f64)
            });
            let prim = SelectAndGatherAdd { is_max, window };
            samples.push(sample(prim, vec![tangents, operand], Class::Exact));
        }
        for dtype in real() {
            let prim = SelectAndGatherAdd { is_max, window: strided.clone() };
            let inputs = vec![finite(dtype, &[18]), hard(dtype, &[18])];
            samples.push(not_smooth(sample(prim, inputs, Class::Exact)));
        }
    }
    samples
}

/// Samples of cotangents of largest and smallest elements.
pub(super) fn scatters() -> Vec<Sample> {
    let mut samples = Vec::new();
    let prim = |is_max, window| SelectAndScatterAdd { is_max, window };
    let strided = Window { strides: vec![2], padding: vec![(1, 0)], ..plain(&[3]) };
    let source = |window: &Window, operand: &Literal| {
        window.checked_shape("windows", operand.ty()).unwrap_or_default()
    };
    for is_max in [true, false] {
        for (window, shape) in some_windows(is_max) {
            let operand = finite(DType::F32, &shape);
            let given = finite(DType::F32, &source(&window, &operand));
            samples.push(sample(prim(is_max, window), vec![given, operand], Class::Accumulated));
        }
        for dtype in real() {
            let operand = hard(dtype, &[18]);
            let ty = Type::new(dtype, source(&strided, &operand));
            let given = finite(dtype, &ty.shape);
            let sample =
                sample(prim(is_max, strided.clone()), vec![given, operand], Class::Accumulated);
            samples.push(not_smooth(sample));
        }
    }
    samples
}

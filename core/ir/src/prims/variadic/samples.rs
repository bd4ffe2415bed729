//! Reductions by programs to try every rule on. None counts as smooth: what tells its derivative is the
//! derivative of a program, which these laws do not know.
#![cfg(any(test, feature = "testing"))]

use std::sync::Arc;

use jaxrs_data::tolerance::Class;
use jaxrs_data::{Axes, DType, Literal, Scalar, SmallVec, Type};
use jaxrs_kernel::Compare;

use super::decisions::{at_least, larger, sum_by_halves, sum_by_steps, sum_of_positive};
use super::{SelectAndScatter, VariadicReduce, VariadicReduceWindow};
use crate::prims::sample::{finite, hard};
use crate::prims::{Binary, Compare as ComparePrim, Sample, SelectN};
use crate::rules::sliding::Window;
use crate::{Atom, Eqn, Jaxpr, Prim, VarId};

fn apply(jaxpr: &mut Jaxpr, prim: impl Into<Prim>, inputs: &[VarId], out: DType) -> VarId {
    let output = jaxpr.fresh_var(Type::scalar(out));
    let inputs: SmallVec<[Atom; 4]> = inputs.iter().map(|&var| Atom::Var(var)).collect();
    let outputs = SmallVec::from_slice(&[output]);
    jaxpr.eqns.push(Eqn { prim: prim.into(), inputs, outputs, name_stack: None });
    output
}

/// `(a, b) → op(a, b)`.
fn binary(op: impl Into<Prim>, dtype: DType, out: DType) -> Arc<Jaxpr> {
    let mut jaxpr = Jaxpr::default();
    let inputs = [jaxpr.add_invar(Type::scalar(dtype)), jaxpr.add_invar(Type::scalar(dtype))];
    let result = apply(&mut jaxpr, op, &inputs, out);
    jaxpr.outputs = vec![Atom::Var(result)];
    Arc::new(jaxpr)
}

/// `(best, sum, x, y) → (max(best, x), sum + y)`, then the place of the largest: two results that belong
/// together.
fn largest_with(dtype: DType, other: DType) -> Arc<Jaxpr> {
    let mut jaxpr = Jaxpr::default();
    let types = [dtype, other, dtype, other];
    let [best, place, x, y] = types.map(|dtype| jaxpr.add_invar(Type::scalar(dtype)));
    let stays = apply(&mut jaxpr, ComparePrim(Compare::Ge), &[best, x], DType::Bool);
    let value = apply(&mut jaxpr, SelectN, &[stays, x, best], dtype);
    let place = apply(&mut jaxpr, SelectN, &[stays, y, place], other);
    jaxpr.outputs = vec![Atom::Var(value), Atom::Var(place)];
    Arc::new(jaxpr)
}

fn sample(prim: impl Into<Prim>, inputs: Vec<Literal>, class: Class) -> Sample {
    Sample { prim: prim.into(), inputs, class, smooth: false }
}

fn init(dtype: DType, value: i64) -> Literal {
    Literal::scalar(dtype, Scalar::Int(value).cast(dtype))
}

const DTYPES: [DType; 9] = [
    DType::Bool,
    DType::I8,
    DType::I32,
    DType::U16,
    DType::F16,
    DType::BF16,
    DType::F32,
    DType::F64,
    DType::C64,
];

/// A reducer that every type has, and how exact it is.
fn any(dtype: DType) -> (Arc<Jaxpr>, Class) {
    match dtype {
        DType::Bool => (binary(Binary::Or, dtype, dtype), Class::Exact),
        _ => (binary(Binary::Add, dtype, dtype), Class::Accumulated),
    }
}

/// Samples of reductions over axes.
pub(super) fn reductions() -> Vec<Sample> {
    let reduce = |jaxpr: Arc<Jaxpr>, axes: &[usize]| VariadicReduce {
        jaxpr,
        dimensions: Axes::from_distinct(axes.iter().copied()),
    };
    let mut samples = Vec::new();
    for dtype in DTYPES {
        let (jaxpr, class) = any(dtype);
        for x in [hard(dtype, &[2, 5]), finite(dtype, &[2, 5])] {
            samples.push(sample(reduce(jaxpr.clone(), &[1]), vec![x, init(dtype, 1)], class));
        }
    }
    let f32 = |shape: &[usize]| finite(DType::F32, shape);
    let product = binary(Binary::Mul, DType::F32, DType::F32);
    for (shape, axes) in [
        (&[3, 4][..], &[0, 1][..]),
        (&[2, 3, 4], &[0, 2]),
        (&[0, 3], &[0]),
        (&[3, 0], &[0]),
        (&[1, 2], &[0]),
        (&[2, 3], &[]),
        (&[], &[]),
    ] {
        let inputs = vec![f32(shape), init(DType::F32, 2)];
        samples.push(sample(reduce(product.clone(), axes), inputs, Class::Accumulated));
    }
    let pair = largest_with(DType::F32, DType::I32);
    let inputs =
        vec![f32(&[3, 4]), finite(DType::I32, &[3, 4]), init(DType::F32, -9), init(DType::I32, 0)];
    samples.push(sample(reduce(pair, &[1]), inputs, Class::Exact));
    for (jaxpr, class) in deciding() {
        let inputs = vec![f32(&[3, 4]), init(DType::F32, -1)];
        samples.push(sample(reduce(jaxpr, &[1]), inputs, class));
    }
    samples
}

fn deciding() -> [(Arc<Jaxpr>, Class); 4] {
    [
        (larger(), Class::Exact),
        (sum_by_halves(), Class::Accumulated),
        (sum_by_steps(), Class::Accumulated),
        (sum_of_positive(), Class::Accumulated),
    ]
}

fn sliding(dimensions: &[usize], strides: &[usize], padding: &[(i64, i64)]) -> Window {
    let ones = vec![1; dimensions.len()];
    Window {
        dimensions: dimensions.into(),
        strides: strides.into(),
        padding: padding.into(),
        base_dilation: ones.clone(),
        window_dilation: ones,
    }
}

/// Samples of reductions of windows.
pub(super) fn windows() -> Vec<Sample> {
    let reduce = |jaxpr: Arc<Jaxpr>, window: Window| VariadicReduceWindow { jaxpr, window };
    let line = sliding(&[3], &[2], &[(1, 1)]);
    let mut samples = Vec::new();
    for dtype in DTYPES {
        let (jaxpr, class) = any(dtype);
        let inputs = vec![hard(dtype, &[8]), init(dtype, 1)];
        samples.push(sample(reduce(jaxpr, line.clone()), inputs, class));
    }
    let product = binary(Binary::Mul, DType::F32, DType::F32);
    let dilated = Window { base_dilation: vec![2], window_dilation: vec![3], ..line.clone() };
    for (window, shape) in [
        (line.clone(), &[0][..]),
        (sliding(&[2, 2], &[1, 1], &[(0, 0), (-1, 1)]), &[3, 4]),
        (dilated, &[6]),
        (sliding(&[], &[], &[]), &[]),
    ] {
        let inputs = vec![finite(DType::F32, shape), init(DType::F32, 2)];
        samples.push(sample(reduce(product.clone(), window), inputs, Class::Accumulated));
    }
    let inputs = vec![
        finite(DType::F32, &[7]),
        finite(DType::I32, &[7]),
        init(DType::F32, -9),
        init(DType::I32, 0),
    ];
    let pair = reduce(largest_with(DType::F32, DType::I32), line.clone());
    samples.push(sample(pair, inputs, Class::Exact));
    for (jaxpr, class) in deciding() {
        let inputs = vec![finite(DType::F32, &[7]), init(DType::F32, -1)];
        samples.push(sample(reduce(jaxpr, line.clone()), inputs, class));
    }
    samples
}

/// Samples of selections that are scattered.
pub(super) fn scatters() -> Vec<Sample> {
    let mut samples = Vec::new();
    let line = sliding(&[3], &[2], &[(1, 1)]);
    for dtype in DTYPES.into_iter().filter(|dtype| !dtype.is_complex()) {
        let (scatter_jaxpr, class) = any(dtype);
        let select_jaxpr = binary(ComparePrim(Compare::Ge), dtype, DType::Bool);
        let prim = SelectAndScatter { select_jaxpr, scatter_jaxpr, window: line.clone() };
        let inputs = vec![hard(dtype, &[9]), finite(dtype, &[5]), init(dtype, 1)];
        samples.push(sample(prim, inputs, class));
    }
    let select_jaxpr = binary(ComparePrim(Compare::Lt), DType::F32, DType::Bool);
    let dilated = Window { base_dilation: vec![2], window_dilation: vec![2], ..line };
    for (window, shape, windows) in [
        (dilated, &[6][..], &[5][..]),
        (sliding(&[2, 3], &[1, 1], &[(0, 0), (-1, 1)]), &[3, 5], &[2, 3]),
        (sliding(&[2], &[1], &[(2, 1)]), &[0], &[2]),
        (sliding(&[4], &[2], &[(0, 0)]), &[8], &[3]),
    ] {
        // Not commutative: the order of windows shows.
        let scatter_jaxpr = binary(Binary::Sub, DType::F32, DType::F32);
        let prim = SelectAndScatter { select_jaxpr: select_jaxpr.clone(), scatter_jaxpr, window };
        let inputs =
            vec![finite(DType::F32, shape), finite(DType::F32, windows), init(DType::F32, 2)];
        samples.push(sample(prim, inputs, Class::Accumulated));
    }
    let prim = SelectAndScatter {
        select_jaxpr: at_least(),
        scatter_jaxpr: sum_by_steps(),
        window: sliding(&[3], &[2], &[(1, 1)]),
    };
    let inputs = vec![finite(DType::F32, &[9]), finite(DType::F32, &[5]), init(DType::F32, 1)];
    samples.push(sample(prim, inputs, Class::Accumulated));
    samples
}

//! Batching: several examples at once give what each gives alone.

use jaxrs_data::{Literal, Shape};

use super::{check, same};
use crate::Context;
use crate::eager::{Eager, literal, values};
use crate::prims::Sample;

/// Examples in a batch.
const SIZE: usize = 2;

/// The array of one example after another along an axis: the operand with its elements moved around, so
/// that examples differ.
fn stack(input: &Literal, axis: usize) -> Literal {
    let shape = input.ty().shape.with(axis, SIZE);
    Literal::from_fn(input.ty().with_shape(shape.clone()), |position| {
        let mut index = shape.unravel(position);
        let example = index.remove(axis);
        let position = input.ty().shape.ravel(&index);
        input.get((position + example) % input.len())
    })
}

fn example(stacked: &Literal, axis: usize, k: usize) -> Literal {
    let shape: Shape = stacked.ty().shape.without(axis);
    Literal::from_fn(stacked.ty().with_shape(shape.clone()), |position| {
        stacked.at(&Shape::from(&*shape.unravel(position)).with(axis, k))
    })
}

/// One way to batch: for each operand the axis of its examples, if it has some.
fn batch_one_way(sample: &Sample, axes: &[Option<usize>]) -> Result<(), String> {
    let stacked: Vec<Literal> = sample
        .inputs
        .iter()
        .zip(axes)
        .map(|(input, axis)| axis.map_or_else(|| input.clone(), |axis| stack(input, axis)))
        .collect();
    let batched = sample
        .prim
        .batch(&Eager, SIZE, &values(&stacked), axes)
        .map_err(|err| format!("axes {axes:?}: {err}"))?;
    for k in 0..SIZE {
        let alone: Vec<Literal> = stacked
            .iter()
            .zip(axes)
            .map(|(input, axis)| axis.map_or_else(|| input.clone(), |axis| example(input, axis, k)))
            .collect();
        let expected = Eager
            .bind(&sample.prim, &values(&alone))
            .map_err(|err| format!("example {k}: {err}"))?;
        for ((got, axis), expected) in batched.outputs.iter().zip(&batched.axes).zip(&expected) {
            let got = literal(got);
            let got = axis.map_or_else(|| got.clone(), |axis| example(got, axis, k));
            same(&got, literal(expected), sample.class)
                .map_err(|err| format!("axes {axes:?}, example {k}: {err}"))?;
        }
    }
    Ok(())
}

/// Each operand alone, and all, with examples along the first and the last axis.
fn ways(inputs: &[Literal]) -> Vec<Vec<Option<usize>>> {
    let last = |input: &Literal| input.ty().rank();
    let only = |k: usize, axis: usize| {
        let mut axes = vec![None; inputs.len()];
        axes[k] = Some(axis);
        axes
    };
    let mut ways: Vec<Vec<Option<usize>>> =
        (0..inputs.len()).flat_map(|k| [only(k, 0), only(k, last(&inputs[k]))]).collect();
    if !inputs.is_empty() {
        ways.push(vec![Some(0); inputs.len()]);
        ways.push(inputs.iter().map(|input| Some(last(input))).collect());
    }
    ways
}

#[test]
fn laws_of_batching_examples_together_give_what_they_give_alone() {
    check(|sample| {
        let types: Vec<_> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
        if sample.prim.mixes_examples(&types) {
            return Ok(());
        }
        // What is large is large for the compiler's sake, and need not be tried in every way.
        let large = sample.inputs.iter().map(Literal::len).sum::<usize>() > 100;
        let mut ways = ways(&sample.inputs);
        if large {
            ways.truncate(1);
        }
        ways.iter().try_for_each(|axes| batch_one_way(sample, axes))
    });
}

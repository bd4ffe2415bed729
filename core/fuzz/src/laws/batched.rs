//! Several examples at once give what each gives alone.

use jaxrs_data::{Literal, Result, Shape, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_transform::{VmapOptions, vmap};

use super::compiled::against;
use super::{Bench, Derived, Verdict, derive, function};
use crate::Case;
use crate::agree::{differ, evaluate};

/// Examples in a batch.
const SIZE: usize = 2;

/// The operand for several examples along an axis, with elements moved around, so that they differ.
fn stack(input: &Literal, axis: usize) -> Literal {
    let shape = input.ty().shape.with(axis, SIZE);
    Literal::from_fn(input.ty().with_shape(shape.clone()), |position| {
        let mut index = shape.unravel(position);
        let example = index.remove(axis);
        input.get((input.ty().shape.ravel(&index) + example) % input.len())
    })
}

fn example(stacked: &Literal, axis: usize, k: usize) -> Literal {
    let shape: Shape = stacked.ty().shape.without(axis);
    Literal::from_fn(stacked.ty().with_shape(shape.clone()), |position| {
        stacked.at(&Shape::from(&*shape.unravel(position)).with(axis, k))
    })
}

/// Inputs by turns mapped along the first axis, the last one, and not at all.
fn axes(case: &Case) -> Vec<Option<usize>> {
    let mut turn = case.jaxpr.eqns.len();
    let mut axis = |(input, fixed): (&Literal, &bool)| {
        turn += 1;
        match turn % 3 {
            _ if *fixed => None,
            0 => None,
            1 => Some(0),
            _ => Some(input.ty().rank()),
        }
    };
    let axes: Vec<_> = case.inputs.iter().zip(&case.fixed).map(&mut axis).collect();
    match axes.iter().any(Option::is_some) {
        true => axes,
        false => case.fixed.iter().map(|fixed| (!fixed).then_some(0)).collect(),
    }
}

/// The program for several examples with its inputs, and along which axes they lie; nothing where no input
/// may differ.
struct Together {
    axes: Vec<Option<usize>>,
    stacked: Vec<Literal>,
    derived: Derived,
}

/// Whether examples draw from one stream, so that together they get other numbers than alone.
fn mixes_examples(jaxpr: &Jaxpr) -> bool {
    jaxpr.eqns.iter().any(|eqn| {
        let types: Vec<Type> = eqn.inputs.iter().map(|x| jaxpr.atom_type(x).clone()).collect();
        let in_programs = || eqn.prim.programs().iter().any(|inner| mixes_examples(inner));
        eqn.prim.mixes_examples(&types) || in_programs()
    })
}

fn together(bench: &Bench, case: &Case) -> Result<Option<Together>> {
    let axes = axes(case);
    if axes.iter().all(Option::is_none) || mixes_examples(&case.jaxpr) {
        return Ok(None);
    }
    let pairs = || case.inputs.iter().zip(&axes);
    let stacked: Vec<Literal> =
        pairs().map(|(x, axis)| axis.map_or_else(|| x.clone(), |axis| stack(x, axis))).collect();
    let in_axes = axes.iter().map(|axis| axis.map(|axis| axis as i64)).collect();
    let mapped = vmap(&function(&case.jaxpr), VmapOptions { in_axes, ..VmapOptions::default() });
    let derived = derive(&bench.context.root(), &mapped, &stacked)?;
    Ok(Some(Together { axes, stacked, derived }))
}

pub(super) fn derived(bench: &Bench, case: &Case) -> Result<Option<Derived>> {
    Ok(together(bench, case)?.map(|together| together.derived))
}

pub(super) fn holds(bench: &Bench, case: &Case) -> Verdict {
    let Some(Together { axes, stacked, derived }) = together(bench, case)? else {
        return Ok(None);
    };
    let results = evaluate(&derived.jaxpr, &derived.inputs)?;
    for k in 0..SIZE {
        let alone = stacked.iter().zip(&axes);
        let alone =
            alone.map(|(x, axis)| axis.map_or_else(|| x.clone(), |axis| example(x, axis, k)));
        let alone: Vec<Literal> = alone.collect();
        if let Some(what) = one_differs(bench, case, &alone, &results, k)? {
            return Ok(Some(format!("axes {axes:?}, example {k}: {what}")));
        }
    }
    let broken = against(bench, &derived, &results)?;
    Ok(broken.map(|what| format!("axes {axes:?}, in machine code: {what}\n{}", derived.jaxpr)))
}

fn one_differs(
    bench: &Bench,
    case: &Case,
    alone: &[Literal],
    results: &[Literal],
    k: usize,
) -> Result<Option<String>> {
    let expected = evaluate(&case.jaxpr, alone)?;
    let got: Vec<Literal> = results.iter().map(|x| example(x, 0, k)).collect();
    Ok(differ(&bench.exactness, (&case.jaxpr, alone), &expected, &got))
}

//! Laws that every first-order primitive keeps, on all samples.

use jaxrs_data::tolerance::{self, Class};
use jaxrs_data::{DType, Error, ErrorKind, Literal, Scalar, Type};

use super::Sample;
use crate::eager::{Eager, example, literal, values};
use crate::lower::Lowering;
use crate::{Operand, Prim, Tangent, Value};

fn types(inputs: &[Literal]) -> Vec<Type> {
    inputs.iter().map(|input| input.ty().clone()).collect()
}

/// Calls a function on the samples of all primitives that hold no programs.
fn for_samples(mut law: impl FnMut(&Sample)) {
    let samples = Prim::samples();
    assert!(samples.len() > 1000, "only {} samples", samples.len());
    for sample in samples {
        match sample.prim.lowering(&types(&sample.inputs)) {
            Lowering::Control | Lowering::Inline => {}
            Lowering::Elements | Lowering::Reduction | Lowering::Steps | Lowering::Update => {
                law(&sample);
            }
        }
    }
}

/// What errors are about.
fn at(sample: &Sample) -> String {
    format!("{:?} of {:?}", sample.prim, sample.inputs)
}

#[test]
fn results_have_the_types_that_were_announced() {
    for_samples(|sample| {
        let announced = sample.prim.output_types(&types(&sample.inputs)).expect(&at(sample));
        let results = sample.prim.evaluate(&sample.inputs).expect(&at(sample));
        assert_eq!(announced.to_vec(), types(&results), "{}", at(sample));
    });
}

#[test]
fn names_and_parameters_read_back() {
    for_samples(|sample| {
        let params: Vec<_> =
            sample.prim.params().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let read = Prim::from_params(sample.prim.name(), &params).expect(&at(sample));
        assert_eq!(read, sample.prim);
    });
}

#[test]
fn no_operands_at_all_are_an_error_but_for_iota() {
    for_samples(|sample| {
        let types = sample.prim.output_types(&[]);
        assert_eq!(types.is_ok(), sample.inputs.is_empty(), "{}", at(sample));
    });
}

/// The examples of an operand: itself, and itself backwards.
fn two_examples(x: &Literal) -> [Literal; 2] {
    let last = x.len().wrapping_sub(1);
    [x.clone(), Literal::from_fn(x.ty().clone(), |position| x.get(last - position))]
}

/// Two examples along an axis.
fn stacked(examples: &[Literal; 2], axis: usize) -> Literal {
    let ty = examples[0].ty().with_shape(examples[0].ty().shape.with(axis, 2));
    Literal::from_fn(ty.clone(), |position| {
        let mut index = ty.shape.unravel(position);
        let i = index.remove(axis);
        examples[i].at(&index)
    })
}

fn check_batch(sample: &Sample, mask: usize, last: bool) {
    let examples: Vec<[Literal; 2]> = sample.inputs.iter().map(two_examples).collect();
    let axis = |k: usize| {
        let rank = sample.inputs[k].ty().rank();
        (mask >> k & 1 == 1).then_some(if last { rank } else { 0 })
    };
    let axes: Vec<Option<usize>> = (0..examples.len()).map(axis).collect();
    let operand = |k: usize| match axes[k] {
        Some(axis) => stacked(&examples[k], axis),
        None => examples[k][0].clone(),
    };
    let inputs: Vec<Literal> = (0..examples.len()).map(operand).collect();
    let batched = sample.prim.batch(&Eager, 2, &values(&inputs), &axes).expect(&at(sample));
    for i in 0..2 {
        let one = |k: usize| examples[k][if axes[k].is_some() { i } else { 0 }].clone();
        let inputs: Vec<Literal> = (0..examples.len()).map(one).collect();
        let expected = sample.prim.evaluate(&inputs).expect(&at(sample));
        for (output, expected) in expected.iter().enumerate() {
            let got = example(&batched, output, i);
            let difference = tolerance::difference(&got, expected, sample.class);
            assert_eq!(difference, None, "{} with examples along {axes:?}", at(sample));
        }
    }
}

#[test]
fn a_batch_is_its_examples_one_by_one() {
    for_samples(|sample| {
        let n = sample.inputs.len();
        let small = sample.inputs.iter().all(|input| input.len() <= 64);
        for mask in (1..1usize << n).filter(|_| small && n <= 4) {
            check_batch(sample, mask, false);
            check_batch(sample, mask, true);
        }
    });
}

/// A direction with elements of moderate size, the same for each call.
fn direction(ty: &Type, seed: usize) -> Literal {
    Literal::from_fn(ty.clone(), |position| {
        Scalar::Float(((position * 7 + seed * 3) % 11) as f64 / 8.0 - 0.6)
    })
}

fn shifted(x: &Literal, t: &Literal, step: f64) -> Literal {
    Literal::from_fn(x.ty().clone(), |i| {
        Scalar::Float(x.get(i).as_f64() + step * t.get(i).as_f64())
    })
}

fn is_real(x: &Literal) -> bool {
    matches!(x.ty().dtype, DType::F32 | DType::F64)
}

/// Whether anything is only as exact as `f32`.
fn is_narrow(sample: &Sample, results: &[Literal]) -> bool {
    sample.inputs.iter().chain(results).any(|x| x.ty().dtype == DType::F32)
}

/// Whether all elements are finite: fills with NaN, and maxima of nothing, have no slopes.
fn is_finite(results: &[Literal]) -> bool {
    results.iter().all(|result| result.iter().all(|x| x.as_f64().is_finite()))
}

fn check_jvp(sample: &Sample) {
    let wide = !is_narrow(sample, &sample.prim.evaluate(&sample.inputs).expect(&at(sample)));
    let (step, room) = if wide { (1e-5, 1e-5) } else { (1.0 / 64.0, 0.05) };
    let tangents: Vec<Option<Literal>> = (sample.inputs.iter().enumerate())
        .map(|(k, x)| is_real(x).then(|| direction(x.ty(), k)))
        .collect();
    let tangent = |(x, t): (&Literal, &Option<Literal>)| match t {
        Some(t) => Tangent::Value(Value::literal(t.clone())),
        None => Tangent::Zero(x.ty().clone()),
    };
    let given: Vec<Tangent> = sample.inputs.iter().zip(&tangents).map(tangent).collect();
    let jvp = sample.prim.jvp(&Eager, &values(&sample.inputs), &given).expect(&at(sample));
    let moved = |step: f64| {
        let moved = |(x, t): (&Literal, &Option<Literal>)| match t {
            Some(t) => shifted(x, t, step),
            None => x.clone(),
        };
        let inputs: Vec<Literal> = sample.inputs.iter().zip(&tangents).map(moved).collect();
        sample.prim.evaluate(&inputs).expect(&at(sample))
    };
    let (ahead, behind) = (moved(step), moved(-step));
    for (k, tangent) in jvp.tangents.iter().enumerate() {
        let Ok(tangent) = tangent.instantiate(&Eager) else { continue };
        let tangent = literal(&tangent);
        assert_eq!(tangent.ty(), ahead[k].ty(), "{}", at(sample));
        for i in (0..tangent.len()).filter(|_| is_real(tangent)) {
            let difference = ahead[k].get(i).as_f64() - behind[k].get(i).as_f64();
            let (slope, got) = (difference / (2.0 * step), tangent.get(i).as_f64());
            let close = (slope - got).abs() <= room * (1.0 + slope.abs());
            assert!(close, "{}: slope {slope}, tangent {got}", at(sample));
        }
    }
}

#[test]
fn tangents_are_the_slopes_of_differences() {
    let mut n_checked = 0;
    for_samples(|sample| {
        let results = sample.prim.evaluate(&sample.inputs).expect(&at(sample));
        if sample.smooth && sample.inputs.iter().any(is_real) && is_finite(&results) {
            check_jvp(sample);
            n_checked += 1;
        }
    });
    assert!(n_checked > 200, "only {n_checked} samples are smooth");
}

fn inner(a: &Literal, b: &Literal) -> f64 {
    a.iter().zip(b.iter()).map(|(a, b)| a.as_f64() * b.as_f64()).sum()
}

/// Whether the primitive knows how it is transposed by operand `k`, and then checks that it does.
fn check_transpose(sample: &Sample, k: usize, results: &[Literal]) -> bool {
    let ct = direction(results[0].ty(), 5);
    let operand = |(i, x): (usize, &Literal)| match i == k {
        true => Operand::Linear(x.ty().clone()),
        false => Operand::Known(Value::literal(x.clone())),
    };
    let operands: Vec<Operand> = sample.inputs.iter().enumerate().map(operand).collect();
    let cotangents = [Tangent::Value(Value::literal(ct.clone()))];
    let transposed = match sample.prim.transpose(&Eager, &operands, &cotangents) {
        Ok(transposed) => transposed,
        Err(err) if err.kind() == ErrorKind::Unimplemented => return false,
        Err(err) => panic!("{}: {err}", at(sample)),
    };
    let t = direction(sample.inputs[k].ty(), 9);
    let image = |t: Literal| {
        let mut inputs = sample.inputs.clone();
        inputs[k] = t;
        sample.prim.evaluate(&inputs).expect(&at(sample)).swap_remove(0)
    };
    // Sums are affine, so that the image of zero counts.
    let zero = Literal::full(t.ty().clone(), Scalar::Float(0.0));
    let forward = inner(&ct, &image(t.clone())) - inner(&ct, &image(zero));
    let back = transposed[k].instantiate(&Eager).expect(&at(sample));
    assert!(back.ty().same_ignoring_weak(t.ty()), "{}: {}", at(sample), back.ty());
    let backward = inner(literal(&back), &t);
    let dtype = if is_narrow(sample, results) { DType::F32 } else { DType::F64 };
    let room = tolerance::relative(dtype, Class::Accumulated) * 16.0;
    let close = (forward - backward).abs() <= room * (1.0 + forward.abs());
    assert!(close, "{} by operand {k}: {forward} and {backward}", at(sample));
    true
}

#[test]
fn transposes_move_the_inner_product_to_the_other_side() {
    let mut n_checked = 0;
    for_samples(|sample| {
        let results = sample.prim.evaluate(&sample.inputs).expect(&at(sample));
        if !sample.smooth || results.len() != 1 || !is_real(&results[0]) || !is_finite(&results) {
            return;
        }
        for k in (0..sample.inputs.len()).filter(|&k| is_real(&sample.inputs[k])) {
            n_checked += usize::from(check_transpose(sample, k, &results));
        }
    });
    assert!(n_checked > 50, "only {n_checked} transposes were checked");
}

#[test]
fn unknown_names_are_an_error() {
    let err: Error = Prim::from_params("sine", &[]).unwrap_err();
    assert_eq!(err.to_string(), "there is no primitive sine");
}

//! Derivatives: tangents against differences, transposes against tangents.

use jaxrs_data::{DType, ErrorKind, Literal, Scalar, SmallVec, Type};

use super::check;
use crate::eager::{Eager, literal, values};
use crate::prims::{Conj, Sample};
use crate::{Context, Operand, Prim, Tangent, Value};

/// Small enough for the curvature, large enough for the rounding of doubles.
const STEP: f64 = 1e-6;

/// What differences may be off by, relative to the size of what they differ.
const TOLERANCE: f64 = 1e-5;

/// The double precision of an element type that has derivatives.
fn double(dtype: DType) -> Option<DType> {
    match dtype {
        DType::F32 => Some(DType::F64),
        DType::C64 => Some(DType::C128),
        _ => None,
    }
}

fn is_double(ty: &Type) -> bool {
    matches!(ty.dtype, DType::F64 | DType::C128)
}

/// The sample in double precision, if it has derivatives there.
fn in_doubles(sample: &Sample) -> Option<Sample> {
    let wide = |input: &Literal| double(input.ty().dtype);
    if !sample.smooth || sample.inputs.iter().all(|input| wide(input).is_none()) {
        return None;
    }
    let convert = |input: &Literal| match wide(input) {
        Some(wide) => Literal::from_fn(input.ty().with_dtype(wide), |k| input.get(k)),
        None => input.clone(),
    };
    let prim = match &sample.prim {
        Prim::Conj(conj) => {
            let input_dtype = double(conj.input_dtype).unwrap_or(conj.input_dtype);
            Conj { input_dtype }.into()
        }
        other => other.clone(),
    };
    let inputs = sample.inputs.iter().map(convert).collect();
    let sample = Sample { prim, inputs, ..sample.clone() };
    let types: Vec<Type> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
    let outputs = sample.prim.output_types(&types).ok()?;
    outputs.iter().any(is_double).then_some(sample)
}

/// A direction with components of many sizes; complex numbers move along both parts.
fn direction(ty: &Type, seed: usize) -> Literal {
    Literal::from_fn(ty.clone(), |k| {
        let component = |k: usize| (((k + 7 * seed) * 29 % 53) as f64 - 26.0) / 16.0;
        match ty.dtype.is_complex() {
            true => Scalar::Complex(component(k), component(k + 3)),
            false => Scalar::Float(component(k)),
        }
    })
}

fn zero_or_direction(input: &Literal, moves: bool, seed: usize) -> Tangent {
    match moves {
        true => Tangent::Value(Value::literal(direction(input.ty(), seed))),
        false => Tangent::Zero(input.ty().clone()),
    }
}

/// The operands moved along the tangents.
fn moved(inputs: &[Literal], tangents: &[Tangent], by: f64) -> Vec<Literal> {
    let one = |(input, tangent): (&Literal, &Tangent)| match tangent.value() {
        Some(tangent) => {
            let tangent = literal(tangent);
            Literal::from_fn(input.ty().clone(), |k| {
                let (x, t) = (input.get(k), tangent.get(k).as_complex());
                match x {
                    Scalar::Complex(re, im) => Scalar::Complex(re + by * t.0, im + by * t.1),
                    real => Scalar::Float(real.as_f64() + by * t.0),
                }
            })
        }
        None => input.clone(),
    };
    inputs.iter().zip(tangents).map(one).collect()
}

fn tangents(sample: &Sample, moves: impl Fn(usize) -> bool) -> SmallVec<[Tangent; 4]> {
    let inputs = sample.inputs.iter().enumerate();
    inputs
        .map(|(k, input)| zero_or_direction(input, is_double(input.ty()) && moves(k), k))
        .collect()
}

/// The elements with their imaginary parts.
fn pairs(tangent: &Tangent) -> Vec<(f64, f64)> {
    let pairs = |x: &Literal| x.iter().map(Scalar::as_complex).collect();
    tangent.instantiate(&Eager).map(|value| pairs(literal(&value))).unwrap_or_default()
}

/// All parts of all elements, those of one element after another.
fn parts(x: &Literal) -> Vec<f64> {
    let of = |x: Scalar| match x {
        Scalar::Complex(re, im) => vec![re, im],
        real => vec![real.as_f64()],
    };
    x.iter().flat_map(of).collect()
}

fn jvp_agrees(sample: &Sample, tangents: &[Tangent]) -> Result<(), String> {
    let say = |err: jaxrs_data::Error| err.to_string();
    let jvp = match sample.prim.jvp(&Eager, &values(&sample.inputs), tangents) {
        Err(err) if err.kind() == ErrorKind::Unimplemented => return Ok(()),
        other => other.map_err(say)?,
    };
    let run = |by: f64| Eager.bind(&sample.prim, &values(&moved(&sample.inputs, tangents, by)));
    let (below, above) = (run(-STEP).map_err(say)?, run(STEP).map_err(say)?);
    for (k, tangent) in jvp.tangents.iter().enumerate() {
        if !is_double(below[k].ty()) {
            continue;
        }
        let (below, above) = (parts(literal(&below[k])), parts(literal(&above[k])));
        let tangent = tangent.instantiate(&Eager).map_err(say)?;
        for (i, got) in parts(literal(&tangent)).into_iter().enumerate() {
            let expected = (above[i] - below[i]) / (2.0 * STEP);
            // Where a fill value shows there is nothing to differ.
            if above[i].is_nan() && below[i].is_nan() {
                continue;
            }
            let size = 1.0 + above[i].abs() + got.abs();
            let close = (got - expected).abs() <= TOLERANCE * size;
            if !close {
                return Err(format!("tangent {k}[{i}] is {got}, by differences {expected}"));
            }
        }
    }
    Ok(())
}

#[test]
fn laws_of_derivatives_tangents_agree_with_differences() {
    check(|sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(()) };
        for k in (0..sample.inputs.len()).filter(|&k| is_double(sample.inputs[k].ty())) {
            jvp_agrees(&sample, &tangents(&sample, |i| i == k))?;
        }
        jvp_agrees(&sample, &tangents(&sample, |_| true))
    });
}

/// Re(a · b), without conjugation: what transposes of complex operations go by.
fn dot(a: &[(f64, f64)], b: &[(f64, f64)]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a.0 * b.0 - a.1 * b.1).sum()
}

/// With some operands linear: ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩.
fn transpose_agrees(sample: &Sample, linear: &[bool]) -> Result<(), String> {
    let say = |err: jaxrs_data::Error| err.to_string();
    let tangents = tangents(sample, |k| linear[k]);
    let operand = |(input, &linear): (&Literal, &bool)| match linear {
        true => Operand::Linear(input.ty().clone()),
        false => Operand::Known(Value::literal(input.clone())),
    };
    let operands: Vec<Operand> = sample.inputs.iter().zip(linear).map(operand).collect();
    let inputs = values(&sample.inputs);
    let outputs = Eager.bind(&sample.prim, &inputs).map_err(say)?;
    let cotangents: Vec<Tangent> = outputs
        .iter()
        .enumerate()
        .map(|(k, y)| Tangent::Value(Value::literal(direction(y.ty(), k + 3))))
        .collect();
    let transposed = match sample.prim.transpose(&Eager, &operands, &cotangents) {
        Err(err) if err.kind() == ErrorKind::Unimplemented => return Ok(()),
        other => other.map_err(say)?,
    };
    let jvp = sample.prim.jvp(&Eager, &inputs, &tangents).map_err(say)?;
    for (k, (ct, input)) in transposed.iter().zip(&sample.inputs).enumerate() {
        if linear[k] && ct.ty() != input.ty() {
            return Err(format!("cotangent {k} is {}, operand {}", ct.ty(), input.ty()));
        }
    }
    let sum = |a: &[Tangent], b: &[Tangent]| -> f64 {
        a.iter().zip(b).map(|(a, b)| dot(&pairs(a), &pairs(b))).sum()
    };
    let (forward, backward) = (sum(&jvp.tangents, &cotangents), sum(&tangents, &transposed));
    if (forward - backward).abs() > 1e-9 * (1.0 + forward.abs()) {
        return Err(format!("linear in {linear:?}: forward {forward}, backward {backward}"));
    }
    Ok(())
}

#[test]
fn laws_of_derivatives_transposes_are_adjoint_to_tangents() {
    check(|sample| {
        let Some(sample) = in_doubles(sample) else { return Ok(()) };
        let float: Vec<bool> = sample.inputs.iter().map(|input| is_double(input.ty())).collect();
        for k in (0..float.len()).filter(|&k| float[k]) {
            let alone: Vec<bool> = (0..float.len()).map(|i| i == k).collect();
            transpose_agrees(&sample, &alone)?;
        }
        transpose_agrees(&sample, &float)
    });
}

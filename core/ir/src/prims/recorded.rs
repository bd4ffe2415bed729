//! Values and derivatives at hard points, held against those that JAX 0.10.2 gave.

use jaxrs_data::{DType, Literal, Scalar, Type};

use crate::eager::{Eager, literal};
use crate::{Prim, Tangent, Value};

/// A number as the tables have it: `nan`, `-inf`, `0.5`; ten digits.
fn number(text: &str, dtype: DType) -> Scalar {
    match dtype {
        _ if dtype.is_float() => Scalar::Float(text.parse().unwrap()),
        _ if dtype.is_signed() => Scalar::Int(text.parse().unwrap()),
        _ => Scalar::Uint(text.parse().unwrap()),
    }
}

fn agrees(got: Scalar, expected: Scalar) -> bool {
    match (got, expected) {
        (Scalar::Float(a), Scalar::Float(b)) => {
            let close = a == b || (a - b).abs() <= 2e-9 * b.abs() || (a - b).abs() < 1e-14;
            (a.is_nan() && b.is_nan()) || (close && (b != 0.0 || a != b || same_sign(a, b)))
        }
        _ => got == expected,
    }
}

fn same_sign(a: f64, b: f64) -> bool {
    a.is_sign_negative() == b.is_sign_negative()
}

fn primitive(name: &str) -> Prim {
    Prim::from_params(name, &[]).unwrap()
}

/// Value and derivative by operand `k`.
fn derivative(prim: &Prim, inputs: &[Literal], k: usize) -> Scalar {
    let primals: Vec<Value> = inputs.iter().cloned().map(Value::literal).collect();
    let tangent = |(i, x): (usize, &Literal)| match i == k {
        true => Tangent::Value(Value::literal(Literal::full(x.ty().clone(), Scalar::Float(1.0)))),
        false => Tangent::Zero(x.ty().clone()),
    };
    let tangents: Vec<Tangent> = inputs.iter().enumerate().map(tangent).collect();
    let jvp = prim.jvp(&Eager, &primals, &tangents).unwrap();
    literal(&jvp.tangents[0].instantiate(&Eager).unwrap()).get(0)
}

/// Checks a row: operands, value, and the derivative by each operand or `none`.
fn check(name: &str, dtype: DType, numbers: &[&str], n: usize) -> Result<(), String> {
    let prim = primitive(name);
    let scalar = |text: &&str| Literal::full(Type::scalar(dtype), number(text, dtype));
    let inputs: Vec<Literal> = numbers[..n].iter().map(scalar).collect();
    let value = prim.evaluate(&inputs).unwrap()[0].get(0);
    if !agrees(value, number(numbers[n], dtype)) {
        return Err(format!("{name}{:?} = {value}, but JAX has {}", &numbers[..n], numbers[n]));
    }
    for (k, expected) in numbers[n + 1..].iter().enumerate().filter(|(_, text)| **text != "none") {
        let got = derivative(&prim, &inputs, k);
        // The sign of a zero derivative is nobody's business.
        if got != number(expected, dtype) && !agrees(got, number(expected, dtype)) {
            return Err(format!(
                "{name}{:?} by operand {k}: {got}, but JAX has {expected}",
                &numbers[..n]
            ));
        }
    }
    Ok(())
}

#[track_caller]
fn check_all(rows: impl Iterator<Item = Result<(), String>>) {
    let rows: Vec<Result<(), String>> = rows.collect();
    assert!(rows.len() > 400);
    let faults: Vec<String> = rows.into_iter().filter_map(Result::err).collect();
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}

#[test]
fn functions_of_one_operand_agree_with_jax_at_hard_points() {
    check_all(include_str!("../../tests/recorded/unary.tsv").lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        check(fields[0], DType::F64, &fields[1..], 1)
    }));
}

#[test]
fn functions_of_two_operands_agree_with_jax_at_hard_points() {
    check_all(include_str!("../../tests/recorded/binary.tsv").lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        check(fields[0], DType::from_name(fields[1]).unwrap(), &fields[2..], 2)
    }));
}

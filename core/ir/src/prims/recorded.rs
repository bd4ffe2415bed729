//! Values and derivatives at hard points, held against those that JAX 0.10.2 gave.

use jaxrs_data::{DType, Literal, Scalar, Type};

use crate::eager::{Eager, literal};
use crate::{Jaxpr, Prim, Tangent, Value};

/// A number as the tables have it: `nan`, `-inf`, `0.5`; ten digits.
fn number(text: &str, dtype: DType) -> Scalar {
    match dtype {
        DType::Bool => Scalar::Bool(text == "True"),
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
    assert!(rows.len() > 200);
    let faults: Vec<String> = rows.into_iter().filter_map(Result::err).collect();
    assert!(faults.is_empty(), "{} differ:\n{}", faults.len(), faults.join("\n"));
}

/// Compares the elements of an array; the sign of a slope that is zero does not matter.
fn same_elements(what: &str, got: &Literal, expected: &str, is_slope: bool) -> Result<(), String> {
    let expected: Vec<&str> = expected.split(' ').filter(|text| !text.is_empty()).collect();
    let dtype = got.ty().dtype;
    let agree = |(got, text): (Scalar, &&str)| {
        let expected = number(text, dtype);
        agrees(got, expected) || (is_slope && got == expected)
    };
    match got.len() == expected.len() && got.iter().zip(&expected).all(agree) {
        true => Ok(()),
        false => Err(format!("{what} = {got}, but JAX has {expected:?}")),
    }
}

/// The gradient of the sum of the results.
fn gradient(prim: &Prim, x: &Literal) -> Literal {
    let primals = [Value::literal(x.clone())];
    let along = |i: usize| {
        let unit = |k: usize| Scalar::Float(f64::from(u8::from(k == i)));
        let unit = Literal::from_fn(x.ty().clone(), unit);
        let jvp = prim.jvp(&Eager, &primals, &[Tangent::Value(Value::literal(unit))]).unwrap();
        let tangent = jvp.tangents[0].instantiate(&Eager).unwrap();
        Scalar::Float(literal(&tangent).iter().map(Scalar::as_f64).sum())
    };
    Literal::from_fn(x.ty().clone(), along)
}

/// Checks a row: operation, element type, operand, result, and the gradient of its sum or `none`.
fn check_array([name, dtype, x, y, slopes]: [&str; 5]) -> Result<(), String> {
    let program = format!("{{ lambda ; a:f64[]. let b:f64[] = {name} a in (b,) }}");
    let prim = program.parse::<Jaxpr>().unwrap().eqns[0].prim.clone();
    let dtype = DType::from_name(dtype).unwrap();
    let x: Vec<Scalar> = x.split(' ').map(|text| number(text, dtype)).collect();
    let x = Literal::from_scalars(Type::new(dtype, [x.len()]), &x);
    same_elements(
        &format!("{name} of {x}"),
        &prim.evaluate(std::slice::from_ref(&x)).unwrap()[0],
        y,
        false,
    )?;
    if slopes == "none" {
        return Ok(());
    }
    same_elements(&format!("the gradient of {name} at {x}"), &gradient(&prim, &x), slopes, true)
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

#[test]
fn clamping_agrees_with_jax_at_the_bounds() {
    check_all(include_str!("../../tests/recorded/ternary.tsv").lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        check(fields[0], DType::F64, &fields[1..], 3)
    }));
}

#[test]
fn reductions_and_conversions_agree_with_jax_at_hard_points() {
    check_all(include_str!("../../tests/recorded/arrays.tsv").lines().map(|line| {
        let fields: Vec<&str> = line.split('\t').collect();
        check_array(fields.try_into().unwrap())
    }));
}

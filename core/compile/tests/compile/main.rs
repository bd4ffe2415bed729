//! Compiled programs mean what their jaxprs mean.

mod complex;
mod control;
mod fixtures;
mod passes;
mod programs;
mod random;
mod samples;
mod undilate;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{DType, Literal, Scalar, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_kernel::Program;

/// Compiles a program and runs it beside its definition.
#[track_caller]
fn agree(jaxpr: &Jaxpr, inputs: &[Literal], class: Class) -> Result<Program, String> {
    let expected =
        jaxrs_ir::evaluate::evaluate(jaxpr, inputs).map_err(|err| format!("evaluation: {err}"))?;
    let program =
        compile(jaxpr, &CompileOptions::default()).map_err(|err| format!("compilation: {err}"))?;
    let got = jaxrs_kernel::interpret::interpret(&program, inputs)
        .map_err(|err| format!("interpretation: {err}"))?;
    for (k, (got, expected)) in got.iter().zip(&expected).enumerate() {
        // Programs know lengths only.
        let got =
            got.with_type(expected.ty().clone()).map_err(|err| format!("output {k}: {err}"))?;
        if let Some(difference) = difference(&got, expected, class) {
            return Err(format!("output {k}: {difference}\n{program}"));
        }
    }
    Ok(program)
}

/// Compiles a program given as text, and runs it on made-up inputs beside its definition.
#[track_caller]
fn check(text: &str) -> Program {
    let jaxpr: Jaxpr = text.parse().expect("the text is a jaxpr");
    jaxrs_ir::check::check(&jaxpr).expect("the jaxpr is well formed");
    let inputs: Vec<Literal> = jaxpr.in_types().enumerate().map(|(k, ty)| made_up(k, ty)).collect();
    match agree(&jaxpr, &inputs, Class::Accumulated) {
        Ok(program) => program,
        Err(message) => panic!("{message}\n{jaxpr}"),
    }
}

/// Values that differ from element to element: floats between −1 and 1, small integers.
fn made_up(seed: usize, ty: &Type) -> Literal {
    Literal::from_fn(ty.clone(), |position| {
        let hash = ((position * 2_654_435_761 + seed * 40_503 + 12_345) >> 7) % 1000;
        match ty.dtype {
            DType::Bool => Scalar::Bool(hash.is_multiple_of(2)),
            dtype if dtype.is_float() => Scalar::Float(hash as f64 / 500.0 - 1.0),
            dtype if dtype.is_complex() => {
                Scalar::Complex(hash as f64 / 500.0 - 1.0, (hash * 7 % 1000) as f64 / 500.0 - 1.0)
            }
            dtype => Scalar::Int((hash % 5) as i64).cast(dtype),
        }
    })
}

//! Every primitive on every sample: code for graphics processors, emulated, gives what the definition gives.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a failing test panics")]

mod emulator;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::tolerance::difference;
use jaxrs_data::{Literal, Scalar};
use jaxrs_ir::prims::Sample;
use jaxrs_nvptx::Processor;

/// Series with terms as large as the largest number, where the last bit of a digamma decides which overflows first,
/// and so the sign of the infinite sum.
const ON_THE_EDGE: [&str; 2] = ["hyp1f1_grad_a", "hyp1f1_grad_b"];

fn without_infinities(x: &Literal) -> Literal {
    Literal::from_fn(x.ty().clone(), |k| match x.get(k) {
        Scalar::Float(v) if v.is_infinite() => Scalar::Float(f64::NAN),
        other => other,
    })
}

/// The faults of the samples of one primitive.
fn faults(name: &str, samples: &[Sample]) -> Vec<String> {
    let jaxpr = Sample::program(samples).unwrap();
    let program = compile(&jaxpr, &CompileOptions::default()).unwrap();
    let inputs: Vec<_> = samples.iter().flat_map(|sample| sample.inputs.clone()).collect();
    let results = match emulator::run(&program, Processor::default(), &inputs) {
        Ok(results) => results,
        Err(err) => return vec![format!("{name}: {err}")],
    };
    let typed = results.iter().zip(jaxpr.out_types());
    let mut results = typed.map(|(result, ty)| result.with_type(ty.clone()).unwrap());
    let mut faults = Vec::new();
    for sample in samples {
        for expected in sample.prim.evaluate(&sample.inputs).unwrap() {
            let (mut got, mut expected) = (results.next().unwrap(), expected);
            if ON_THE_EDGE.contains(&name) {
                (got, expected) = (without_infinities(&got), without_infinities(&expected));
            }
            if let Some(difference) = difference(&got, &expected, sample.class) {
                faults.push(format!("{:?} of {:?}: {difference}", sample.prim, sample.types()));
            }
        }
    }
    faults
}

#[test]
fn every_primitive_runs_as_it_is_defined() {
    let by_name = Sample::compiled();
    assert!(by_name.len() > 80);
    let faults: Vec<String> =
        by_name.iter().flat_map(|(name, samples)| faults(name, samples)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

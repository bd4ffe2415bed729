//! Every primitive on every sample: machine code gives what the definition gives.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::tolerance::difference;
use jaxrs_data::{Literal, Result};
use jaxrs_ir::Jaxpr;
use jaxrs_ir::prims::Sample;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

fn run(backend: &LlvmBackend, jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let executable = backend.load(Arc::new(compile(jaxpr, &options)?))?;
    let mut outputs: Vec<Vec<u8>> = jaxpr.out_types().map(|ty| vec![0; ty.size_bytes()]).collect();
    let ins: Vec<*const u8> = inputs.iter().map(|input| input.bytes().as_ptr()).collect();
    let outs: Vec<*mut u8> = outputs.iter_mut().map(Vec::as_mut_ptr).collect();
    // SAFETY: the pointers are those of the program's inputs and outputs, of the bytes of their types.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs })? };
    jaxpr
        .out_types()
        .zip(outputs)
        .map(|(ty, bytes)| Literal::from_bytes(ty.clone(), bytes))
        .collect()
}

/// The faults of the samples of one primitive.
fn faults(backend: &LlvmBackend, name: &str, samples: &[Sample]) -> Vec<String> {
    let inputs: Vec<Literal> = samples.iter().flat_map(|sample| sample.inputs.clone()).collect();
    let results = match run(backend, &Sample::program(samples).unwrap(), &inputs) {
        Ok(results) => results,
        Err(err) => return vec![format!("{name}: {err:?}")],
    };
    let mut results = results.into_iter();
    let mut faults = Vec::new();
    for sample in samples {
        for expected in sample.prim.evaluate(&sample.inputs).unwrap() {
            let got = results.next().unwrap();
            if let Some(difference) = difference(&got, &expected, sample.class) {
                faults.push(format!("{:?} of {:?}: {difference}", sample.prim, sample.types()));
            }
        }
    }
    faults
}

#[test]
fn every_primitive_runs_as_it_is_defined() {
    let options = LlvmOptions { keep_denormals: true, ..LlvmOptions::default() };
    let backend = LlvmBackend::new(Pool::new(2), options).unwrap();
    let by_name = Sample::compiled();
    assert!(by_name.len() > 80);
    let faults: Vec<String> =
        by_name.iter().flat_map(|(name, samples)| faults(&backend, name, samples)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

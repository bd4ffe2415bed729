//! Every primitive on every sample: machine code gives what the definition gives.

#![expect(clippy::unwrap_used, reason = "a failing test panics")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::tolerance::difference;
use jaxrs_data::{Literal, Result, Type};
use jaxrs_ir::lower::Lowering;
use jaxrs_ir::prims::Sample;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

fn types(sample: &Sample) -> Vec<Type> {
    sample.inputs.iter().map(|input| input.ty().clone()).collect()
}

/// Whether it is compiled by itself, and not with the programs around it.
fn is_compiled(sample: &Sample) -> bool {
    !matches!(sample.prim.lowering(&types(sample)), Lowering::Control | Lowering::Inline)
}

/// One program that applies the primitives of all samples, to be compiled at once.
fn program(samples: &[Sample]) -> Jaxpr {
    let mut jaxpr = Jaxpr::default();
    for sample in samples {
        let inputs = types(sample).into_iter().map(|ty| Atom::Var(jaxpr.add_invar(ty))).collect();
        let results = sample.prim.output_types(&types(sample)).unwrap();
        let outputs: Vec<_> = results.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
        jaxpr.outputs.extend(outputs.iter().map(|&var| Atom::Var(var)));
        let (prim, outputs) = (sample.prim.clone(), outputs.into());
        jaxpr.eqns.push(Eqn { prim, inputs, outputs, name_stack: None });
    }
    jaxpr
}

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
    let results = match run(backend, &program(samples), &inputs) {
        Ok(results) => results,
        Err(err) => return vec![format!("{name}: {err:?}")],
    };
    let mut results = results.into_iter();
    let mut faults = Vec::new();
    for sample in samples {
        for expected in sample.prim.evaluate(&sample.inputs).unwrap() {
            let got = results.next().unwrap();
            if let Some(difference) = difference(&got, &expected, sample.class) {
                faults.push(format!("{:?} of {:?}: {difference}", sample.prim, types(sample)));
            }
        }
    }
    faults
}

#[test]
fn every_primitive_runs_as_it_is_defined() {
    let options = LlvmOptions { keep_denormals: true, ..LlvmOptions::default() };
    let backend = LlvmBackend::new(Pool::new(2), options).unwrap();
    let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
    for sample in Prim::samples().into_iter().filter(is_compiled) {
        by_name.entry(sample.prim.name()).or_default().push(sample);
    }
    assert!(by_name.len() > 80);
    let faults: Vec<String> =
        by_name.iter().flat_map(|(name, samples)| faults(&backend, name, samples)).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

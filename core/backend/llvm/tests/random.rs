//! Random programs, compiled and interpreted.
//!
//! `JAXRS_FUZZ_SECONDS=600 cargo test --release -p jaxrs-llvm --test random` goes on with new seeds for as
//! long; `JAXRS_FUZZ_SEED=7` starts elsewhere.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jaxrs_data::{Literal, Result, Type};
use jaxrs_kernel::interpret::interpret;
use jaxrs_kernel::testing::{Options, Sample, random_program};
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, LaunchArgs, Pool};

/// Runs the program of a sample.
fn run(backend: &LlvmBackend, sample: &Sample) -> Result<Vec<Literal>> {
    let program = &sample.program;
    let executable = backend.load(Arc::new(program.clone()))?;
    let mut outputs: Vec<Vec<u8>> =
        program.outputs.iter().map(|&id| vec![0xa5; program[id].size_bytes()]).collect();
    let mut ins: Vec<*const u8> =
        sample.inputs.iter().map(|input| input.bytes().as_ptr()).collect();
    for (output, shared) in outputs.iter_mut().zip(&program.shares_input) {
        if let Some(input) = *shared {
            output.copy_from_slice(sample.inputs[input].bytes());
            ins[input] = output.as_ptr();
        }
    }
    let outs: Vec<*mut u8> = outputs.iter_mut().map(|output| output.as_mut_ptr()).collect();
    // SAFETY: as many pointers as the program has inputs and outputs, of its buffers' sizes; a donated
    // input's is its output's.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }) }?;
    let types = program.outputs.iter().map(|&id| Type::new(program[id].dtype, [program[id].len]));
    types.zip(outputs).map(|(ty, bytes)| Literal::from_bytes(ty, bytes)).collect()
}

/// What is wrong with a program's results, if anything.
fn fault(backend: &LlvmBackend, sample: &Sample) -> Option<String> {
    match (run(backend, sample), interpret(&sample.program, &sample.inputs)) {
        (Ok(got), Ok(expected)) => sample.difference(&got, &expected),
        (Err(err), _) | (_, Err(err)) => Some(err.to_string()),
    }
}

#[test]
fn compiled_programs_compute_what_interpreted_ones_do() {
    let variable = |name| std::env::var(name).ok().and_then(|value| value.parse::<u64>().ok());
    let (first, seconds) =
        (variable("JAXRS_FUZZ_SEED").unwrap_or(0), variable("JAXRS_FUZZ_SECONDS").unwrap_or(0));
    let backend = LlvmBackend::new(Pool::new(2), LlvmOptions::default());
    let backend = backend.unwrap_or_else(|err| panic!("{err}"));
    let (start, least) = (Instant::now(), if cfg!(debug_assertions) { 30 } else { 300 });
    let goes_on =
        |seed: &u64| seed - first < least || start.elapsed() < Duration::from_secs(seconds);
    for seed in (first..).take_while(goes_on) {
        let options = Options { size: 5 + (seed % 30) as usize, ..Options::default() };
        let sample = random_program(seed, &options);
        if let Some(fault) = fault(&backend, &sample) {
            panic!("seed {seed}: {fault}\n{}", sample.program);
        }
    }
}

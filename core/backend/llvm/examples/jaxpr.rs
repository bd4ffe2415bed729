//! Compiles and times a jaxpr from a file: `cargo run --release -p jaxrs-llvm --example jaxpr FILE [-1]`.
//! `SHOW=program`, `ir` or `asm` prints what becomes of it instead.
#![allow(clippy::print_stdout, reason = "a command-line program")]
#![allow(missing_docs, clippy::unwrap_used, reason = "a measurement, not a library")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{DType, Scalar};
use jaxrs_ir::Jaxpr;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend, HostBuffer, LaunchArgs, Pool};

fn fill(buffer: &mut HostBuffer, dtype: DType) {
    let mut bytes = Vec::new();
    for i in 0..buffer.len_bytes() / dtype.size_bytes() {
        let v = if dtype.is_float() {
            Scalar::Float(0.1 + (i % 97) as f64 * 0.02)
        } else {
            Scalar::Int((i % 7) as i64)
        };
        v.write_bytes(dtype, &mut bytes);
    }
    buffer.as_bytes_mut().copy_from_slice(&bytes);
}

/// The processor time that the process has used.
fn cpu_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: fills the structure.
    unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let threads = if args.iter().any(|a| a == "-1") { 1 } else { 2 };
    let jaxpr: Jaxpr = std::fs::read_to_string(&args[0]).unwrap().parse().unwrap();
    let backend = LlvmBackend::new(Pool::new(threads), LlvmOptions::default()).unwrap();
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let start = Instant::now();
    let program = compile(&jaxpr, &options).unwrap();
    let lower = start.elapsed();
    match std::env::var("SHOW").as_deref() {
        Ok("program") => return println!("{program}"),
        Ok("ir") => return println!("{}", backend.instructions(&program).unwrap()),
        Ok("asm") => return println!("{}", backend.assembly(&program).unwrap()),
        _ => {}
    }
    let program = Arc::new(program);
    let start = Instant::now();
    let executable = backend.load(program.clone()).unwrap();
    let load = start.elapsed();
    let mut again = Duration::MAX;
    for _ in 0..10 {
        let start = cpu_time();
        backend.load(program.clone()).unwrap();
        again = again.min(cpu_time() - start);
    }
    let buffer = |id: &jaxrs_kernel::BufferId| HostBuffer::allocate(program[*id].size_bytes());
    let mut inputs: Vec<HostBuffer> = program.inputs.iter().map(|id| buffer(id).unwrap()).collect();
    inputs.iter_mut().zip(&program.inputs).for_each(|(b, &id)| fill(b, program[id].dtype));
    let outputs: Vec<HostBuffer> = program.outputs.iter().map(|id| buffer(id).unwrap()).collect();
    let ins: Vec<*const u8> = inputs.iter().map(|b| b.as_ptr().cast_const()).collect();
    let outs: Vec<*mut u8> = outputs.iter().map(HostBuffer::as_ptr).collect();
    let mut best = f64::INFINITY;
    let start = Instant::now();
    while start.elapsed().as_secs_f64() < 1.5 {
        let call = if threads == 1 { cpu_time() } else { start.elapsed() };
        // SAFETY: the buffers are those of the program.
        unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs }).unwrap() };
        let done = if threads == 1 { cpu_time() } else { start.elapsed() };
        best = best.min((done - call).as_secs_f64());
    }
    println!(
        "{:24} lower {lower:9.2?}  load {load:9.2?} again {again:9.2?}  call {:12.2} µs",
        args[0],
        best * 1e6
    );
}

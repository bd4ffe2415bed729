//! Programs through the back end's interface.

use std::sync::Arc;
use std::time::Instant;

use jaxrs_data::{DType, Result};
use jaxrs_kernel::{BodyBuilder, Kernel, Lanes, Place, Program, Step};
use jaxrs_reference::ReferenceBackend;
use jaxrs_runtime::{Backend, Executable, LaunchArgs};

fn add(len: usize) -> Result<Arc<dyn Executable>> {
    add_with(&ReferenceBackend::new(), len)
}

/// Adds two `f32[len]`.
fn add_with(backend: &ReferenceBackend, len: usize) -> Result<Arc<dyn Executable>> {
    let mut program = Program::default();
    let a = program.add_buffer(DType::F32, len, Place::Input(0));
    let b = program.add_buffer(DType::F32, len, Place::Input(1));
    let out = program.add_buffer(DType::F32, len, Place::Output(0));
    (program.inputs, program.outputs, program.shares_input) = (vec![a, b], vec![out], vec![None]);
    let mut builder = BodyBuilder::new();
    let i = builder.point(0);
    let (x, y) = (builder.load(a, DType::F32, i, None), builder.load(b, DType::F32, i, None));
    let sum = builder.add(x, y);
    builder.store(out, i, sum, None);
    let (values, body) = builder.finish();
    let (name, domain, lanes) = ("add".to_owned(), vec![len], Lanes::Domain);
    program.steps = vec![Step::Kernel(Kernel { name, domain, lanes, grain: 0, values, body })];
    backend.load(Arc::new(program))
}

fn run(executable: &dyn Executable, a: &[f32], b: &[f32], out: &mut [f32]) -> Result<()> {
    let inputs = [a.as_ptr().cast(), b.as_ptr().cast()];
    let outputs = [out.as_mut_ptr().cast()];
    // SAFETY: the program has these two inputs and this output, of one length.
    unsafe { executable.run(&LaunchArgs { inputs: &inputs, outputs: &outputs }) }
}

#[test]
fn a_program_runs_on_the_callers_memory() {
    for len in [0, 1, 10, 1000] {
        let a: Vec<f32> = (0..len).map(|i| i as f32).collect();
        let mut out = vec![0.0; len];
        let executable = add(len).unwrap();
        // The same input twice: nothing forbids it.
        run(&*executable, &a, &a, &mut out).unwrap();
        assert!(out.iter().zip(&a).all(|(&out, &a)| out == 2.0 * a));
    }
}

#[test]
fn denormal_numbers_count_as_zero_unless_they_are_kept() {
    let (tiny, zero) = ([f32::MIN_POSITIVE / 2.0], [0.0]);
    for (backend, expected) in [
        (ReferenceBackend::new(), 0.0),
        (ReferenceBackend::new().keeping_denormals(), f32::MIN_POSITIVE / 2.0),
    ] {
        let mut out = [1.0];
        run(&*add_with(&backend, 1).unwrap(), &tiny, &zero, &mut out).unwrap();
        assert_eq!(out, [expected]);
    }
}

#[test]
fn several_threads_may_run_one_executable() {
    let executable = add(1000).unwrap();
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let executable = &executable;
            scope.spawn(move || {
                let (a, mut out) = (vec![thread as f32; 1000], vec![0.0; 1000]);
                (0..50).for_each(|_| run(&**executable, &a, &a, &mut out).unwrap());
                assert!(out.iter().all(|&v| v == 2.0 * thread as f32));
            });
        }
    });
}

/// The time of a small call; `cargo test --release -p jaxrs-reference -- --nocapture` shows it.
#[test]
fn small_calls_take_well_under_a_microsecond() {
    let (a, b, mut out) = ([1.0; 10], [2.0; 10], [0.0; 10]);
    let executable = add(10).unwrap();
    let mut best = f64::INFINITY;
    for _ in 0..20 {
        let start = Instant::now();
        (0..1000).for_each(|_| run(&*executable, &a, &b, &mut out).unwrap());
        best = best.min(start.elapsed().as_nanos() as f64 / 1000.0);
    }
    println!("add f32[10]: {best:.0} ns");
    let limit = if cfg!(debug_assertions) { 100_000.0 } else { 1_000.0 };
    assert!(best < limit && out == [3.0; 10], "{best} ns");
}

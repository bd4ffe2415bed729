//! Kernel programs and machine code give what the definition gives.

use std::sync::Arc;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Literal, Result, Type};
use jaxrs_ir::Jaxpr;
use jaxrs_kernel::Program;
use jaxrs_runtime::{Backend, LaunchArgs};

use super::{Bench, Derived, Verdict};
use crate::agree::{differ, evaluate};

pub(super) fn lowered(bench: &Bench, jaxpr: &Jaxpr) -> Result<Program> {
    let target = bench.backend.target().clone();
    compile(jaxpr, &CompileOptions { target, ..CompileOptions::default() })
}

pub(super) fn interpreted(bench: &Bench, jaxpr: &Jaxpr, inputs: &[Literal]) -> Verdict {
    let expected = evaluate(jaxpr, inputs)?;
    let got = jaxrs_kernel::interpret::interpret(&lowered(bench, jaxpr)?, inputs)?;
    // Kernel programs know lengths only.
    let got = got.iter().zip(jaxpr.out_types()).map(|(got, ty)| got.with_type(ty.clone()));
    let got: Vec<Literal> = got.collect::<Result<_>>()?;
    Ok(differ(&bench.exactness, (jaxpr, inputs), &expected, &got))
}

pub(super) fn compiled(bench: &Bench, jaxpr: &Jaxpr, inputs: &[Literal]) -> Verdict {
    let expected = evaluate(jaxpr, inputs)?;
    let got = run(bench, jaxpr, inputs)?;
    Ok(differ(&bench.exactness, (jaxpr, inputs), &expected, &got))
}

/// As `compiled` for a program that comes of another, whose results are known.
pub(super) fn against(bench: &Bench, derived: &Derived, expected: &[Literal]) -> Verdict {
    let Derived { jaxpr, inputs } = derived;
    let got = run(bench, jaxpr, inputs).map_err(|err| err.context(format!("in {jaxpr}")))?;
    Ok(differ(&bench.exactness, (jaxpr, inputs), expected, &got))
}

/// Bytes behind each result, which must stay as they are.
const GUARD: [u8; 64] = [0xA5; 64];

fn run(bench: &Bench, jaxpr: &Jaxpr, inputs: &[Literal]) -> Result<Vec<Literal>> {
    let executable = bench.backend.load(Arc::new(lowered(bench, jaxpr)?))?;
    let guarded = |ty: &Type| [vec![0xA5; ty.size_bytes()], GUARD.to_vec()].concat();
    let mut outputs: Vec<Vec<u8>> = jaxpr.out_types().map(guarded).collect();
    let ins: Vec<*const u8> = inputs.iter().map(|input| input.bytes().as_ptr()).collect();
    let outs: Vec<*mut u8> = outputs.iter_mut().map(Vec::as_mut_ptr).collect();
    // SAFETY: the pointers are those of the program's inputs and outputs, of the bytes of their types.
    unsafe { executable.run(&LaunchArgs { inputs: &ins, outputs: &outs })? };
    let literal = |(ty, mut bytes): (&Type, Vec<u8>)| {
        let guard = bytes.split_off(ty.size_bytes());
        if guard != GUARD {
            return Err(jaxrs_data::Error::internal("machine code wrote behind a result"));
        }
        Literal::from_bytes(ty.clone(), bytes)
    };
    jaxpr.out_types().zip(outputs).map(literal).collect()
}

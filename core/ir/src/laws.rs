//! What must hold between the rules of each primitive, on all its samples.

mod batching;
mod derivatives;

use jaxrs_data::tolerance::{Class, difference};
use jaxrs_data::{Literal, Type};

use crate::Prim;
use crate::lower::Lowering;
use crate::prims::Sample;

/// Samples of primitives that hold no programs.
fn samples() -> impl Iterator<Item = Sample> {
    Prim::samples().into_iter().filter(|sample| {
        let types: Vec<Type> = sample.inputs.iter().map(|input| input.ty().clone()).collect();
        !matches!(sample.prim.lowering(&types), Lowering::Control | Lowering::Inline)
    })
}

/// Checks a law on all samples, and shows the first that break it.
#[track_caller]
fn check(law: impl Fn(&Sample) -> Result<(), String>) {
    let broken: Vec<String> = samples()
        .filter_map(|sample| {
            let inputs: Vec<String> =
                sample.inputs.iter().map(|input| input.ty().to_string()).collect();
            let message = law(&sample).err()?;
            Some(format!("{:?} of {}: {message}", sample.prim, inputs.join(", ")))
        })
        .collect();
    let shown: Vec<&String> = broken.iter().take(20).collect();
    assert!(broken.is_empty(), "{} samples break it, first: {shown:#?}", broken.len());
}

fn same(got: &Literal, expected: &Literal, class: Class) -> Result<(), String> {
    difference(got, expected, class).map_or(Ok(()), Err)
}

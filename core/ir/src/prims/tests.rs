//! What every first-order primitive says of itself, on all samples.

use jaxrs_data::{Error, Literal, Result, Type};

use super::Sample;
use crate::Prim;
use crate::lower::Lowering;

fn types(inputs: &[Literal]) -> Vec<Type> {
    inputs.iter().map(|input| input.ty().clone()).collect()
}

/// Calls a function on the samples of all primitives that hold no programs.
fn for_samples(mut law: impl FnMut(&Sample)) {
    let samples = Prim::samples();
    assert!(samples.len() > 1000, "only {} samples", samples.len());
    for sample in samples {
        match sample.prim.lowering(&types(&sample.inputs)) {
            Lowering::Control | Lowering::Inline => {}
            Lowering::Elements
            | Lowering::Reduction
            | Lowering::Steps
            | Lowering::Update
            | Lowering::Composed => {
                law(&sample);
            }
        }
    }
}

/// The result, or a failure that shows the sample.
#[track_caller]
fn succeeds<T>(sample: &Sample, result: Result<T>) -> T {
    result.unwrap_or_else(|err| panic!("{:?} of {:?}: {err}", sample.prim, sample.inputs))
}

#[test]
fn results_have_the_types_that_were_announced() {
    for_samples(|sample| {
        let announced = succeeds(sample, sample.prim.output_types(&types(&sample.inputs)));
        let results = succeeds(sample, sample.prim.evaluate(&sample.inputs));
        assert_eq!(announced.to_vec(), types(&results), "{:?}", sample.prim);
    });
}

#[test]
fn names_and_parameters_read_back() {
    for_samples(|sample| {
        let params: Vec<_> =
            sample.prim.params().into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let read = succeeds(sample, Prim::from_params(sample.prim.name(), &params));
        assert_eq!(read, sample.prim);
    });
}

#[test]
fn no_operands_at_all_are_an_error_but_for_iota() {
    for_samples(|sample| {
        let types = sample.prim.output_types(&[]);
        assert_eq!(types.is_ok(), sample.inputs.is_empty(), "{:?}", sample.prim);
    });
}

#[test]
fn unknown_names_are_an_error() {
    let err: Error = Prim::from_params("sine", &[]).unwrap_err();
    assert_eq!(err.to_string(), "there is no primitive sine");
}

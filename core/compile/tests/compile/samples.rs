//! Every primitive on every sample.

use jaxrs_ir::prims::Sample;
use jaxrs_ir::{Atom, Eqn, Jaxpr, Prim};

/// A program of one equation.
fn one_equation(sample: &Sample) -> Result<Jaxpr, String> {
    let mut jaxpr = Jaxpr::default();
    let vars: Vec<_> =
        sample.inputs.iter().map(|input| jaxpr.add_invar(input.ty().clone())).collect();
    let types: Vec<_> = jaxpr.in_types().cloned().collect();
    let types = sample.prim.output_types(&types).map_err(|err| err.to_string())?;
    let outputs: Vec<_> = types.into_iter().map(|ty| jaxpr.fresh_var(ty)).collect();
    jaxpr.outputs = outputs.iter().map(|&var| Atom::Var(var)).collect();
    jaxpr.eqns.push(Eqn {
        prim: sample.prim.clone(),
        inputs: vars.into_iter().map(Atom::Var).collect(),
        outputs: outputs.into(),
        name_stack: None,
    });
    Ok(jaxpr)
}

#[test]
fn every_primitive_compiles_to_what_it_evaluates_to() {
    let mut failures = Vec::new();
    let samples = Prim::samples();
    for sample in &samples {
        let agrees = one_equation(sample)
            .and_then(|jaxpr| crate::agree(&jaxpr, &sample.inputs, sample.class).map(|_| jaxpr));
        if let Err(message) = agrees {
            let inputs: Vec<String> =
                sample.inputs.iter().map(|input| input.ty().to_string()).collect();
            failures.push(format!("{:?} of {}: {message}", sample.prim, inputs.join(", ")));
        }
    }
    let shown = failures.iter().take(12).cloned().collect::<Vec<_>>().join("\n\n");
    assert!(failures.is_empty(), "{} of {} fail:\n{shown}", failures.len(), samples.len());
}

//! Which primitive has which rule: each is tried on a sample.

use std::collections::BTreeMap;
use std::sync::Arc;

use jaxrs_api::table;
use jaxrs_data::{ErrorKind, Literal};
use jaxrs_ir::coverage::ABSENT;
use jaxrs_ir::prims::{Prim, Sample};
use jaxrs_ir::{Context as _, Value};
use jaxrs_reference::ReferenceBackend;
use jaxrs_transform::{
    Context, ContextOptions, Function, JitOptions, Scope, VmapOptions, jit, jvp, vjp, vmap,
};

use crate::Result;

const RULES: [&str; 5] = ["evaluate", "jvp", "transpose", "batch", "lower"];

/// `cargo xtask coverage`.
pub(crate) fn print() -> Result {
    let compiler = Some(Arc::new(ReferenceBackend::new()) as _);
    let context = Context::new(ContextOptions { compiler, ..ContextOptions::default() });
    let mut rows: BTreeMap<String, [char; 5]> = BTreeMap::new();
    for sample in Prim::samples() {
        let row = rows.entry(sample.prim.name().to_owned()).or_insert([' '; 5]);
        for (mark, rule) in row.iter_mut().zip(RULES) {
            // Once a rule was seen to work there is nothing more to learn.
            if *mark != 'x' {
                *mark = tried(&context.root(), &sample, rule);
            }
        }
    }
    println!("{:26}{}", "primitive", RULES.map(|rule| format!("{rule:>10}")).concat());
    for (name, marks) in &rows {
        println!("{name:26}{}", marks.map(|mark| format!("{mark:>10}")).concat());
    }
    println!("\nx: there is a rule; -: there is none, and the error says so; !: it fails\n");
    println!("of JAX's primitives there are not:");
    for (name, reason) in ABSENT {
        println!("{name:26}{reason}");
    }
    println!();
    for (group, ops) in table::GROUPS {
        let names: Vec<&str> = ops.iter().map(|op| op.name).collect();
        println!("{group} ({}): {}", ops.len(), names.join(" "));
    }
    println!("{} primitives, {} operations", rows.len(), table::ops().count());
    Ok(())
}

fn tried(scope: &Scope, sample: &Sample, rule: &str) -> char {
    let prim = sample.prim.clone();
    let f = Function::new(prim.name(), move |cx, inputs| Ok(cx.bind(&prim, inputs)?.to_vec()));
    let inputs: Vec<Value> = sample.inputs.iter().cloned().map(Value::literal).collect();
    let result = match rule {
        "evaluate" => f.call(scope, &inputs),
        "jvp" => jvp(&f).call(scope, &[inputs.clone(), inputs].concat()),
        "transpose" => vjp(&f, scope, &inputs).and_then(|(y, pullback)| pullback.call(scope, &y)),
        // Without operands there is nothing to map over.
        "batch" if inputs.is_empty() => return '-',
        "batch" => vmap(&f, VmapOptions::default()).call(scope, &doubled(&sample.inputs)),
        _ => jit(&f, JitOptions::default()).call(scope, &inputs),
    };
    match result {
        Ok(_) => 'x',
        Err(error) if error.kind() == ErrorKind::Unimplemented => '-',
        // Integers have no tangents; another sample may.
        Err(error) if error.kind() == ErrorKind::Dtype => '-',
        Err(error) => {
            println!("{} of {}: {error}", rule, sample.prim.name());
            '!'
        }
    }
}

/// Each operand twice, along a new axis.
fn doubled(inputs: &[Literal]) -> Vec<Value> {
    let twice = |x: &Literal| {
        let ty = x.ty().with_shape(x.ty().shape.with(0, 2));
        Value::literal(Literal::from_fn(ty, |i| x.get(i % x.len().max(1))))
    };
    inputs.iter().map(twice).collect()
}

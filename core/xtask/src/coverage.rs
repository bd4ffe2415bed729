//! What works for which primitive and element type, what is recorded of it, and which operations there are.

use jaxrs_api::table;
use jaxrs_coverage::{ENOUGH, Matrix, few_cases, recorded};
use jaxrs_ir::coverage::ABSENT;

use crate::Result;

/// `cargo xtask coverage`.
pub(crate) fn print() -> Result {
    let matrix = Matrix::new();
    println!("{matrix}");
    println!("of JAX's primitives there are not:");
    for (name, reason) in ABSENT {
        println!("{name:26}{reason}");
    }
    println!();
    for (group, ops) in table::GROUPS {
        let names: Vec<&str> = ops.iter().map(|op| op.name).collect();
        println!("{group} ({}): {}", ops.len(), names.join(" "));
    }
    let names = matrix.names();
    let few = few_cases(&names, &recorded()?);
    for (name, n) in &few {
        println!("{name}: {n} cases of JAX's values, fewer than {ENOUGH}");
    }
    let holes = matrix.holes();
    for hole in &holes {
        println!("{hole}");
    }
    println!("{} primitives, {} operations", names.len(), table::ops().count());
    println!("holes: {}", holes.len() + few.len());
    Ok(())
}

//! Which operations there are, by group, and which rules primitives have.

use jaxrs_api::table;

use crate::Result;

pub(crate) fn print() -> Result {
    for (group, ops) in table::GROUPS {
        let names: Vec<&str> = ops.iter().map(|op| op.name).collect();
        println!("{group} ({}): {}", ops.len(), names.join(" "));
    }
    println!("{} operations\n", table::ops().count());
    println!("{}", jaxrs_ir::coverage::HEADER);
    jaxrs_ir::coverage::coverage().iter().for_each(|row| println!("{row}"));
    Ok(())
}

//! Which operations there are, by group.

use jaxrs_api::table;

use crate::Result;

pub(crate) fn print() -> Result {
    for (group, ops) in table::GROUPS {
        let names: Vec<&str> = ops.iter().map(|op| op.name).collect();
        println!("{group} ({}): {}", ops.len(), names.join(" "));
    }
    println!("{} operations", table::ops().count());
    Ok(())
}

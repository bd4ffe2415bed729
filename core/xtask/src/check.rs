//! Everything that has to hold before a change goes in, but for the tests.

use std::process::Command;

use crate::{Result, codegen, root, run, tidy};

pub(crate) fn run_all() -> Result {
    codegen::check()?;
    tidy::run()?;
    run(cargo().args(["fmt", "--all", "--check"]))?;
    run(cargo().args(["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

/// Cargo at the top of the tree.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new("cargo");
    command.current_dir(root());
    command
}

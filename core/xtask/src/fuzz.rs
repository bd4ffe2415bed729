//! Random programs, built with optimisation and checks.

use crate::{Result, check, run};

/// `cargo xtask fuzz`.
pub(crate) fn run_with(options: &[&str]) -> Result {
    let build = ["run", "--quiet", "--profile", "test-fast", "--package", "jaxrs-fuzz", "--"];
    run(check::cargo().args(build).args(options))
}

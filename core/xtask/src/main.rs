//! Development commands: `cargo xtask codegen [--check]`, `check`, `tidy`, `coverage`, `api-coverage`,
//! `fuzz [--seconds N] [--seed S] [--threads T] [FILE...]`, `install --prefix DIR`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "these are commands for people")]

mod api_coverage;
mod check;
mod codegen;
mod conformance;
mod coverage;
mod cpp;
mod fuzz;
mod go;
mod header;
mod install;
mod json;
mod julia;
mod node;
mod operations;
mod reference;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What commands give: nothing, or what is wrong.
pub(crate) type Result<T = ()> = std::result::Result<T, String>;

/// The top of the source tree.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Reads a file of the source tree.
pub(crate) fn read(path: impl AsRef<Path>) -> Result<String> {
    let path = root().join(path);
    std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Result {
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?} does not start: {error}")),
    }
}

/// Runs a command and gives what it prints.
pub(crate) fn output(command: &mut Command) -> Result<String> {
    let output =
        command.output().map_err(|error| format!("{command:?} does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

const USAGE: &str = "usage: cargo xtask codegen [--check] | check | tidy | coverage | api-coverage \
     | fuzz [--seconds N] [--seed S] [--threads T] [FILE...] | install --prefix DIR";

fn dispatch(args: &[&str]) -> Result {
    match args {
        ["codegen"] => codegen::write(),
        ["codegen", "--check"] => codegen::check(),
        ["check"] => check::run_all(),
        ["tidy"] => tidy::run(),
        ["coverage"] => coverage::print(),
        ["api-coverage"] => api_coverage::print(),
        ["fuzz", options @ ..] => fuzz::run_with(options),
        ["install", "--prefix", prefix] => install::install(Path::new(prefix)),
        _ => Err(USAGE.to_owned()),
    }
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match dispatch(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

//! `jaxrs`: programs in files.

mod answer;
mod aot;
mod arguments;
mod arrays;
mod bench;
mod commands;
mod completions;
mod engine;
mod environment;
mod json;
mod manual;
mod program;
mod progress;
mod run;
mod show;

use std::process::ExitCode;

use jaxrs_data::ErrorKind;

use crate::answer::one_line;
use crate::arguments::Arguments;
use crate::commands::{Command, find, help, usage};

/// The exit status for commands that are not understood.
const NOT_UNDERSTOOD: u8 = 2;
/// The exit status for programs that use what is not supported.
const UNSUPPORTED: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) => (name.as_str(), rest),
        None => ("help", &[][..]),
    };
    if matches!(name, "help" | "--help" | "-h") {
        return explain(rest.first().map(String::as_str));
    }
    match find(name) {
        Some(command) if rest.iter().any(|word| word == "--help" || word == "-h") => {
            explain(Some(command.name))
        }
        Some(command) => execute(command, rest),
        None => {
            complain(format_args!("jaxrs has no command '{name}'\n\n{}", usage()));
            ExitCode::from(NOT_UNDERSTOOD)
        }
    }
}

/// What there is to know, of a command or of all.
fn explain(name: Option<&str>) -> ExitCode {
    match name.map(|name| (name, find(name))) {
        None => say(usage()),
        Some((_, Some(command))) => say(help(command)),
        Some((name, None)) => {
            complain(format_args!("jaxrs has no command '{name}'\n\n{}", usage()));
            return ExitCode::from(NOT_UNDERSTOOD);
        }
    }
    ExitCode::SUCCESS
}

fn execute(command: &'static Command, rest: &[String]) -> ExitCode {
    let json = rest.iter().any(|word| word == "--json");
    let arguments = match Arguments::read(command, rest) {
        Ok(arguments) => arguments,
        Err(error) => return failed(&error, json, NOT_UNDERSTOOD),
    };
    match (command.run)(&arguments) {
        Ok(answer) if json => say(format_args!("{}\n", answer.json)),
        Ok(answer) => say(answer.text),
        Err(error) => {
            let unsupported = error.kind() == ErrorKind::Unimplemented;
            return failed(&error, json, if unsupported { UNSUPPORTED } else { 1 });
        }
    }
    ExitCode::SUCCESS
}

fn failed(error: &jaxrs_data::Error, json: bool, status: u8) -> ExitCode {
    if json {
        say(format_args!("{}\n", answer::error(error)));
    } else {
        complain(one_line(error));
    }
    ExitCode::from(status)
}

/// What was asked for.
#[allow(clippy::print_stdout, reason = "a program for terminals")]
fn say(text: impl std::fmt::Display) {
    print!("{text}");
}

/// What went wrong.
#[allow(clippy::print_stderr, reason = "a program for terminals")]
fn complain(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

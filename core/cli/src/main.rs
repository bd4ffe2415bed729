//! `jaxrs`: programs in files.

mod arguments;
mod bench;
mod engine;
mod npy;
mod program;
mod run;
mod show;

use std::process::ExitCode;

use jaxrs_data::{Error, ErrorKind, Result};

const USAGE: &str = "\
jaxrs: programs in files. A PROGRAM is StableHLO, as text or as a portable artifact, or a jaxpr as it is printed.

  jaxrs run PROGRAM [IN.npy ...] --out DIR   runs it; writes DIR/out0.npy, DIR/out1.npy, ...
  jaxrs run --batch LIST                     runs many: each line of LIST is PROGRAM, DIR and inputs, with tabs between;
                                             writes DIR/status: ok, unsupported REASON or error REASON
  jaxrs show PROGRAM [--as STAGE]            prints it as jaxpr (by default), graph (DOT), kernel, llvm or assembly
  jaxrs grad PROGRAM [--argnums 0,1]         prints its derivative, a program again
  jaxrs vmap PROGRAM --size N                prints it for N examples, a program again
  jaxrs bench PROGRAM [IN.npy ...]           measures tracing, compiling and running
  jaxrs env                                  prints versions and the machine

Options: --out FILE for what is printed; --threads N for how many threads run programs, all cores by default.
Exit status: 0, 1 for an error, 2 for a command that is not understood, 3 for a program that is not supported.
";

/// The exit status for programs that use what is not supported.
const UNSUPPORTED: u8 = 3;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let done = match command {
        "run" => run::command(rest),
        "show" => show::show(rest),
        "grad" => show::gradient(rest),
        "vmap" => show::batched(rest),
        "bench" => bench::command(rest),
        "env" => environment(),
        "help" | "--help" | "-h" => {
            say(USAGE);
            Ok(())
        }
        other => {
            complain(format_args!("jaxrs has no command '{other}'\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(one_line(&error));
            let unsupported = error.kind() == ErrorKind::Unimplemented;
            ExitCode::from(if unsupported { UNSUPPORTED } else { 1 })
        }
    }
}

/// Versions and the machine, a line each.
fn environment() -> Result<()> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let version = env!("CARGO_PKG_VERSION");
    let target = engine::target()?;
    say(format_args!(
        "jaxrs {version}\nthreads {threads}\nvectors {} bytes\n",
        target.vector_bytes
    ));
    Ok(())
}

/// What an error says, without line breaks.
fn one_line(error: &Error) -> String {
    error.message().replace('\n', " ")
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

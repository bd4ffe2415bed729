//! `jaxrs bench`: how long a program takes to compile and to run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jaxrs_data::Result;
use jaxrs_transform::{JitOptions, compile};

use crate::arguments::Arguments;
use crate::program::Program;
use crate::{engine, run, say};

/// How long runs are repeated.
const BUDGET: Duration = Duration::from_secs(1);

/// Measures a program on some inputs.
pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::read("bench", arguments, &["threads"])?;
    let threads = arguments.numbers("threads", &[0])?;
    let context = engine::context(threads.first().copied().unwrap_or(0))?;
    let mut files = arguments.words().iter().map(PathBuf::from);
    let path = files.next().unwrap_or_default();
    let program = Program::read(Path::new(&path))?;
    let inputs = run::inputs(&program, &files.collect::<Vec<_>>())?;
    let start = Instant::now();
    let traced = program.trace(&context)?;
    let traced_at = Instant::now();
    let scope = context.root();
    let executable = compile("main", &traced, &scope, &JitOptions::default())?;
    let (tracing, compiling) = (traced_at - start, traced_at.elapsed());
    let mut times = Vec::new();
    let begin = Instant::now();
    while begin.elapsed() < BUDGET {
        let start = Instant::now();
        executable.call(&scope, &inputs)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let (fastest, median) = (times[0], times[times.len() / 2]);
    say(format_args!(
        "trace {tracing:.1?}  compile {compiling:.1?}  run {median:.1?} (fastest {fastest:.1?}, {} runs)\n",
        times.len()
    ));
    Ok(())
}

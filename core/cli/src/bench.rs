//! `jaxrs bench`: how long a program takes to compile and to run.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jaxrs_data::{Result, Type, bail};
use jaxrs_transform::{JitOptions, compile};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::json::Json;
use crate::program::Program;
use crate::progress::Progress;
use crate::{engine, run};

/// How long runs are repeated.
const BUDGET: Duration = Duration::from_secs(1);

/// Measures a program on some inputs.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    let context = engine::context(arguments.threads()?, arguments.json())?;
    let mut files = arguments.words().iter().map(PathBuf::from);
    let Some(path) = files.next() else {
        bail!(InvalidArgument, "jaxrs bench needs PROGRAM [INPUT ...]");
    };
    let mut progress = Progress::new(1, arguments.json());
    progress.step(format_args!("compiling {}", path.display()));
    let program = Program::read(Path::new(&path))?;
    let inputs = run::inputs(&program, &files.collect::<Vec<_>>())?;
    let start = Instant::now();
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let traced = program.trace(&context, &types)?;
    let tracing = start.elapsed();
    let scope = context.root();
    let start = Instant::now();
    let executable = compile("main", &traced, &scope, &JitOptions::default())?;
    let compiling = start.elapsed();
    progress.step(format_args!("running {}", path.display()));
    let mut times = Vec::new();
    let begin = Instant::now();
    while times.is_empty() || begin.elapsed() < BUDGET {
        let start = Instant::now();
        executable.call(&scope, &inputs)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    drop(progress);
    Ok(answer(tracing, compiling, &times))
}

fn answer(tracing: Duration, compiling: Duration, times: &[Duration]) -> Answer {
    let (fastest, median, runs) = (times[0], times[times.len() / 2], times.len());
    let text = format!(
        "trace {tracing:.1?}  compile {compiling:.1?}  run {median:.1?} (fastest {fastest:.1?}, {runs} runs)\n"
    );
    let json = Json::Object(vec![
        ("trace_seconds", tracing.as_secs_f64().into()),
        ("compile_seconds", compiling.as_secs_f64().into()),
        ("run_seconds", median.as_secs_f64().into()),
        ("fastest_seconds", fastest.as_secs_f64().into()),
        ("runs", runs.into()),
    ]);
    Answer { text, json }
}

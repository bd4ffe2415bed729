//! `jaxrs run`.

use std::path::{Path, PathBuf};

use jaxrs_data::{Error, ErrorKind, Result, bail};
use jaxrs_ir::Value;
use jaxrs_runtime::Array;
use jaxrs_transform::{Context, JitOptions, jit, to_array, value_from_array};

use crate::arguments::Arguments;
use crate::program::{Program, read, write};
use crate::{engine, npy, one_line};

struct Job {
    program: PathBuf,
    out: PathBuf,
    inputs: Vec<PathBuf>,
}

/// Runs what the arguments say.
pub(crate) fn command(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::read("run", arguments, &["out", "batch", "threads"])?;
    let threads = arguments.numbers("threads", &[0])?;
    let context = engine::context(threads.first().copied().unwrap_or(0))?;
    if let Some(list) = arguments.option("batch") {
        return batch(&context, Path::new(list));
    }
    let mut files = arguments.words().iter().map(PathBuf::from);
    let (Some(program), Some(out)) = (files.next(), arguments.option("out")) else {
        bail!(InvalidArgument, "jaxrs run needs PROGRAM [IN.npy ...] --out DIR");
    };
    run(&context, &Job { program, out: out.into(), inputs: files.collect() })
}

/// Runs a list of programs. What happened to each stands in a file of its own, written last.
fn batch(context: &Context, list: &Path) -> Result<()> {
    for line in String::from_utf8_lossy(&read(list)?).lines() {
        let mut fields = line.split('\t').map(PathBuf::from);
        let (Some(program), Some(out)) = (fields.next(), fields.next()) else { continue };
        let job = Job { program, out, inputs: fields.collect() };
        let status = match run(context, &job) {
            Ok(()) => "ok".to_owned(),
            Err(error) if error.kind() == ErrorKind::Unimplemented => {
                format!("unsupported {}", one_line(&error))
            }
            Err(error) => format!("error {}", one_line(&error)),
        };
        write(&job.out.join("status"), status.as_bytes())?;
    }
    Ok(())
}

fn run(context: &Context, job: &Job) -> Result<()> {
    let program = Program::read(&job.program)?;
    let inputs = inputs(&program, &job.inputs)?;
    let main = jit(&program.function, JitOptions::default());
    let outputs = main.call(&context.root(), &inputs)?;
    for (k, output) in outputs.iter().enumerate() {
        let literal = to_array(output)?.to_literal()?;
        write(&job.out.join(format!("out{k}.npy")), &npy::write(&literal))?;
    }
    Ok(())
}

/// The arrays of these files, as the program takes them.
pub(crate) fn inputs(program: &Program, files: &[PathBuf]) -> Result<Vec<Value>> {
    if program.types.len() != files.len() {
        let (need, got) = (program.types.len(), files.len());
        bail!(InvalidArgument, "the program takes {need} arrays, got {got} files");
    }
    let load = |(path, ty): (&PathBuf, &jaxrs_data::Type)| {
        let named = |error: Error| {
            Error::new(error.kind(), format_args!("{} {}", path.display(), error.message()))
        };
        let literal = npy::read(&read(path)?, ty.dtype).map_err(named)?;
        Ok(value_from_array(Array::from_literal(&literal)?))
    };
    files.iter().zip(&program.types).map(load).collect()
}

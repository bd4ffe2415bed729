//! `jaxrs run`.

use std::path::{Path, PathBuf};

use jaxrs_data::{DType, ErrorKind, Literal, Result, bail};
use jaxrs_ir::Value;
use jaxrs_runtime::Array;
use jaxrs_transform::{Context, JitOptions, jit, to_array, value_from_array};

use crate::answer::{Answer, one_line};
use crate::arguments::Arguments;
use crate::json::Json;
use crate::program::{Program, read, write};
use crate::progress::Progress;
use crate::{arrays, engine};

struct Job {
    program: PathBuf,
    out: PathBuf,
    inputs: Vec<PathBuf>,
}

/// Runs what the arguments say.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    let context = engine::context(arguments.threads()?)?;
    if let Some(list) = arguments.option("batch") {
        return batch(&context, Path::new(list), arguments.json());
    }
    let mut files = arguments.words().iter().map(PathBuf::from);
    let (Some(program), Some(out)) = (files.next(), arguments.option("out")) else {
        bail!(InvalidArgument, "jaxrs run needs PROGRAM [INPUT ...] --out DIR");
    };
    let job = Job { program, out: out.into(), inputs: files.collect() };
    let mut progress = Progress::new(1, arguments.json());
    progress.step(format_args!("running {}", job.program.display()));
    Ok(Answer::files(run(&context, &job)?))
}

/// Runs a list of programs. What happened to each stands in a file of its own, written last.
fn batch(context: &Context, list: &Path, quiet: bool) -> Result<Answer> {
    let list = read(list)?;
    let list = String::from_utf8_lossy(&list);
    let mut progress = Progress::new(list.lines().count(), quiet);
    let mut answers = Vec::new();
    for line in list.lines() {
        let mut fields = line.split('\t').map(PathBuf::from);
        let (Some(program), Some(out)) = (fields.next(), fields.next()) else { continue };
        progress.step(program.display());
        let job = Job { program, out, inputs: fields.collect() };
        let status = match run(context, &job) {
            Ok(_) => "ok".to_owned(),
            Err(error) if error.kind() == ErrorKind::Unimplemented => {
                format!("unsupported {}", one_line(&error))
            }
            Err(error) => format!("error {}", one_line(&error)),
        };
        write(&job.out.join("status"), status.as_bytes())?;
        let program = job.program.display().to_string();
        answers.push(Json::Object(vec![("program", program.into()), ("status", status.into())]));
    }
    let json = Json::Object(vec![("programs", Json::List(answers))]);
    Ok(Answer { text: String::new(), json })
}

/// Runs a program, and says which files have the results.
fn run(context: &Context, job: &Job) -> Result<Vec<Json>> {
    let program = Program::read(&job.program)?;
    let inputs = inputs(&program, &job.inputs)?;
    let main = jit(&program.function, JitOptions::default());
    let outputs = main.call(&context.root(), &inputs)?;
    let outputs: Vec<Literal> =
        outputs.iter().map(|output| to_array(output)?.to_literal()).collect::<Result<_>>()?;
    let paths = arrays::save(&job.out, &outputs)?;
    let types: Vec<Json> = outputs.iter().map(|y| y.ty().to_string().into()).collect();
    let path = |path: &PathBuf| Json::from(path.display().to_string());
    if paths.len() != types.len() {
        let file = vec![("path", path(&paths[0])), ("types", Json::List(types))];
        return Ok(vec![Json::Object(file)]);
    }
    let file = |(at, ty)| Json::Object(vec![("path", path(at)), ("type", ty)]);
    Ok(paths.iter().zip(types).map(file).collect())
}

/// The arrays of these files, as the program takes them.
pub(crate) fn inputs(program: &Program, files: &[PathBuf]) -> Result<Vec<Value>> {
    let dtypes: Vec<DType> = program.types.iter().map(|ty| ty.dtype).collect();
    let literals = arrays::load(files, &dtypes)?;
    let value = |literal: &Literal| Array::from_literal(literal).map(value_from_array);
    literals.iter().map(value).collect()
}

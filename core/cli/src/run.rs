//! `jaxrs run`.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jaxrs_data::{ErrorKind, Literal, Result, Type, bail};
use jaxrs_ir::Value;
use jaxrs_runtime::Array;
use jaxrs_transform::{Context, JitOptions, compile, to_array, value_from_array};

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
    let context = engine::context(arguments.threads()?, arguments.json())?;
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
    Ok(Answer::files(run(&context, &job)?.0))
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
        let mut times = None;
        let status = match run(context, &job) {
            Ok((_, spent)) => {
                times = Some(spent.json());
                "ok".to_owned()
            }
            Err(error) if error.kind() == ErrorKind::Unimplemented => {
                format!("unsupported {}", one_line(&error))
            }
            Err(error) => format!("error {}", one_line(&error)),
        };
        write(&job.out.join("status"), status.as_bytes())?;
        let program = job.program.display().to_string();
        let mut fields = vec![("program", program.into()), ("status", status.into())];
        fields.extend(times.map(|times| ("seconds", times)));
        answers.push(Json::Object(fields));
    }
    let json = Json::Object(vec![("programs", Json::List(answers))]);
    Ok(Answer { text: String::new(), json })
}

/// What the parts of a run took.
struct Times {
    read: Duration,
    trace: Duration,
    compile: Duration,
    run: Duration,
}

impl Times {
    fn json(&self) -> Json {
        let part = |time: Duration| Json::from(time.as_secs_f64());
        Json::Object(vec![
            ("read", part(self.read)),
            ("trace", part(self.trace)),
            ("compile", part(self.compile)),
            ("run", part(self.run)),
        ])
    }
}

/// What is done, and how long it takes.
fn timed<T>(work: impl FnOnce() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    Ok((work()?, start.elapsed()))
}

/// Runs a program, and says which files have the results, and what it took.
fn run(context: &Context, job: &Job) -> Result<(Vec<Json>, Times)> {
    let (program, read) = timed(|| Program::read(&job.program))?;
    let inputs = inputs(&program, &job.inputs)?;
    let types: Vec<Type> = inputs.iter().map(|input| input.ty().clone()).collect();
    let (traced, trace) = timed(|| program.trace(context, &types))?;
    let scope = context.root();
    let (executable, compile) =
        timed(|| compile(&program.name, &traced, &scope, &JitOptions::default()))?;
    let (outputs, run) = timed(|| {
        let outputs = executable.call(&scope, &inputs)?;
        outputs
            .iter()
            .map(|output| to_array(output)?.to_literal())
            .collect::<Result<Vec<Literal>>>()
    })?;
    let times = Times { read, trace, compile, run };
    Ok((files(job, &outputs)?, times))
}

/// Writes the results, and says where they are.
fn files(job: &Job, outputs: &[Literal]) -> Result<Vec<Json>> {
    let paths = arrays::save(&job.out, outputs)?;
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
    let literals = arrays::load(files, &program.dtypes())?;
    let value = |literal: &Literal| Array::from_literal(literal).map(value_from_array);
    literals.iter().map(value).collect()
}

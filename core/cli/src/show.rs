//! `jaxrs show`, `jaxrs grad`, `jaxrs vmap` and `jaxrs save`: programs from programs.

use std::path::Path;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Result, Type, bail};
use jaxrs_ir::Jaxpr;
use jaxrs_nvptx::Processor;
use jaxrs_runtime::Backend as _;
use jaxrs_stablehlo as stablehlo;
use jaxrs_transform::{
    ClosedJaxpr, Context, DiffOptions, Function, VmapOptions, grad, make_jaxpr, portable, vmap,
};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::commands::STAGES;
use crate::engine;
use crate::json::Json;
use crate::program::{Program, write};
use crate::progress::Progress;

/// Prints a program, at some stage.
pub(crate) fn show(arguments: &Arguments) -> Result<Answer> {
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let stage = arguments.option("as").unwrap_or("jaxpr");
    let mut progress = Progress::new(1, arguments.json());
    progress.step("compiling");
    if let ("export", Some(exported)) = (stage, &program.exported) {
        return give(arguments, stage, &exported.to_string());
    }
    let types = program.types(arguments)?;
    let traced = program.trace(&engine::context(1, arguments.json())?, &types)?;
    let text = match stage {
        "export" => bail!(InvalidArgument, "{} is no file of jax.export", program.name),
        "jaxpr" => traced.jaxpr.to_string(),
        "stablehlo" => stablehlo::export(&traced)?.to_string(),
        "graph" => traced.jaxpr.to_dot("main"),
        "kernels" | "kernel" | "llvm" | "assembly" => compiled(&traced.jaxpr, stage)?,
        "ptx" => device_code(&traced.jaxpr, arguments.option("processor"))?,
        other => {
            bail!(InvalidArgument, "jaxrs show takes --as {}, got {other}", STAGES.join(", "))
        }
    };
    drop(progress);
    give(arguments, stage, &text)
}

/// The kernels for a graphics processor, which need not be there.
fn device_code(jaxpr: &Jaxpr, processor: Option<&str>) -> Result<String> {
    let processor = processor.map_or(Ok(Processor::default()), Processor::named)?;
    let program = compile(jaxpr, &CompileOptions::default())?;
    jaxrs_nvptx::ptx(&program, processor)
}

fn compiled(jaxpr: &Jaxpr, stage: &str) -> Result<String> {
    let backend = engine::compiler()?;
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let program = compile(jaxpr, &options)?;
    match stage {
        "llvm" => backend.instructions(&program),
        "assembly" => backend.assembly(&program),
        _ => Ok(program.to_string()),
    }
}

/// To a file, or to the terminal.
fn give(arguments: &Arguments, stage: &str, text: &str) -> Result<Answer> {
    let line = format!("{}\n", text.trim_end());
    let Some(path) = arguments.option("out") else {
        let json = Json::Object(vec![("stage", stage.into()), ("text", line.as_str().into())]);
        return Ok(Answer { text: line, json });
    };
    write(Path::new(path), line.as_bytes())?;
    Ok(Answer::files(vec![path.into()]))
}

/// A program's derivative, as a program.
pub(crate) fn gradient(arguments: &Arguments) -> Result<Answer> {
    let argnums = arguments.numbers("argnums", &[0])?;
    let options = DiffOptions { argnums, ..DiffOptions::default() };
    transformed(arguments, |function, types| (grad(function, options), types))
}

/// A program for many examples, as a program.
pub(crate) fn batched(arguments: &Arguments) -> Result<Answer> {
    let Some(&size) = arguments.numbers("size", &[])?.first() else {
        bail!(InvalidArgument, "jaxrs vmap needs the number of examples after --size");
    };
    transformed(arguments, |function, mut types| {
        for ty in &mut types {
            let dims = [&[size], &ty.shape[..]].concat();
            *ty = ty.with_shape(dims.as_slice());
        }
        (vmap(function, VmapOptions::default()), types)
    })
}

fn transformed(
    arguments: &Arguments,
    transform: impl FnOnce(&Function, Vec<Type>) -> (Function, Vec<Type>),
) -> Result<Answer> {
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let (function, types) = transform(&program.function, program.types(arguments)?);
    let context = engine::context(1, arguments.json())?;
    let traced = make_jaxpr(&function, &context.root(), &types)?;
    match arguments.option("out").filter(|path| FORMS.iter().any(|end| path.ends_with(end))) {
        Some(path) => saved(&program.name, &traced, &context, path, 0),
        None => give(arguments, "jaxpr", &traced.jaxpr.to_string()),
    }
}

/// A program in the portable format; as StableHLO where the file's name ends so.
pub(crate) fn save(arguments: &Arguments) -> Result<Answer> {
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let Some(path) = arguments.option("out") else {
        bail!(InvalidArgument, "jaxrs save needs a file after --out");
    };
    let context = engine::context(1, arguments.json())?;
    let traced = program.trace(&context, &program.types(arguments)?)?;
    saved(&program.name, &traced, &context, path, vjp_order(arguments)?)
}

/// How many derivatives a file of jax.export is to have.
fn vjp_order(arguments: &Arguments) -> Result<usize> {
    Ok(arguments.numbers("vjp-order", &[0])?.first().copied().unwrap_or(0))
}

/// The endings of files that hold programs.
const FORMS: [&str; 4] = [".jaxrs", ".mlir", ".mlirbc", ".jaxexport"];

fn saved(
    name: &str,
    program: &ClosedJaxpr,
    context: &Context,
    path: &str,
    vjp_order: usize,
) -> Result<Answer> {
    let extension = Path::new(path).extension().and_then(|extension| extension.to_str());
    let bytes = match extension {
        Some("mlir") => stablehlo::export(program)?.to_string().into_bytes(),
        Some("mlirbc") => stablehlo::write(&stablehlo::export(program)?)?,
        Some("jaxexport") => {
            stablehlo::write_differentiable(program, name, &context.root(), vjp_order)?
        }
        _ => portable::save(name, program, &context.root())?,
    };
    write(Path::new(path), &bytes)?;
    Ok(Answer::files(vec![path.into()]))
}

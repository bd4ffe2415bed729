//! `jaxrs show`, `jaxrs grad` and `jaxrs vmap`: programs as text.

use std::path::Path;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Result, bail};
use jaxrs_ir::Jaxpr;
use jaxrs_llvm::{LlvmBackend, LlvmOptions};
use jaxrs_runtime::{Backend as _, Pool};
use jaxrs_transform::{DiffOptions, Function, VmapOptions, grad, vmap};

use crate::arguments::Arguments;
use crate::program::{Program, write};
use crate::{engine, say};

/// Prints a program, at some stage.
pub(crate) fn show(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::read("show", arguments, &["as", "out"])?;
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let traced = program.trace(&engine::context(1)?)?;
    let text = match arguments.option("as").unwrap_or("jaxpr") {
        "jaxpr" => traced.jaxpr.to_string(),
        "graph" => traced.jaxpr.to_dot("main"),
        stage @ ("kernel" | "llvm" | "assembly") => compiled(&traced.jaxpr, stage)?,
        other => bail!(
            InvalidArgument,
            "jaxrs show takes --as jaxpr, graph, kernel, llvm or assembly, got {other}"
        ),
    };
    give(&arguments, &text)
}

fn compiled(jaxpr: &Jaxpr, stage: &str) -> Result<String> {
    let backend = LlvmBackend::new(Pool::new(1), LlvmOptions::default())?;
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let program = compile(jaxpr, &options)?;
    match stage {
        "kernel" => Ok(program.to_string()),
        "llvm" => backend.instructions(&program),
        _ => backend.assembly(&program),
    }
}

/// To a file, or to the terminal.
fn give(arguments: &Arguments, text: &str) -> Result<()> {
    let line = format!("{}\n", text.trim_end());
    match arguments.option("out") {
        Some(path) => write(Path::new(path), line.as_bytes()),
        None => {
            say(line);
            Ok(())
        }
    }
}

/// A program's derivative, as a program.
pub(crate) fn gradient(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::read("grad", arguments, &["argnums", "out"])?;
    let argnums = arguments.numbers("argnums", &[0])?;
    let options = DiffOptions { argnums, ..DiffOptions::default() };
    transformed(&arguments, |function, types| Ok((grad(function, options.clone()), types)))
}

/// A program for many examples, as a program.
pub(crate) fn batched(arguments: &[String]) -> Result<()> {
    let arguments = Arguments::read("vmap", arguments, &["size", "out"])?;
    let Some(&size) = arguments.numbers("size", &[])?.first() else {
        bail!(InvalidArgument, "jaxrs vmap needs the number of examples after --size");
    };
    transformed(&arguments, |function, mut types| {
        for ty in &mut types {
            let dims = [&[size], &ty.shape[..]].concat();
            *ty = ty.with_shape(dims.as_slice());
        }
        Ok((vmap(function, VmapOptions::default()), types))
    })
}

fn transformed(
    arguments: &Arguments,
    transform: impl FnOnce(
        &Function,
        Vec<jaxrs_data::Type>,
    ) -> Result<(Function, Vec<jaxrs_data::Type>)>,
) -> Result<()> {
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let (function, types) = transform(&program.function, program.types)?;
    let traced = Program { function, types }.trace(&engine::context(1)?)?;
    give(arguments, &traced.jaxpr.to_string())
}

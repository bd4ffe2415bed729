//! `jaxrs aot`: an object file and a header, which need no library.

use std::path::{Path, PathBuf};
use std::process::Command;

use jaxrs_compile::{CompileOptions, compile};
use jaxrs_data::{Error, ErrorKind, Literal, Result, bail};
use jaxrs_llvm::Standalone;
use jaxrs_runtime::Backend as _;
use jaxrs_transform::{header, to_array};

use crate::answer::Answer;
use crate::arguments::Arguments;
use crate::engine;
use crate::program::{Program, write};
use crate::progress::Progress;

/// The archive of routines that programs may need.
const ARCHIVE: &str = "libjaxrs_standalone.a";

/// Compiles a program to files.
pub(crate) fn command(arguments: &Arguments) -> Result<Answer> {
    let program = Program::read(Path::new(arguments.only("PROGRAM")?))?;
    let Some(out) = arguments.option("out") else {
        bail!(InvalidArgument, "jaxrs aot needs a name for the files after --out");
    };
    let symbol = symbol(out)?;
    let mut progress = Progress::new(1, arguments.json());
    progress.step("compiling");
    let traced =
        program.trace(&engine::context(1, arguments.json())?, &program.types(arguments)?)?;
    let consts = traced.consts.iter().map(|value| to_array(value)?.to_literal());
    let consts = consts.collect::<Result<Vec<Literal>>>()?;
    let backend = engine::compiler()?;
    let options = CompileOptions { target: backend.target().clone(), ..CompileOptions::default() };
    let kernels = compile(&traced.jaxpr, &options)?;
    let standalone = backend.standalone(&kernels, &consts, symbol)?;
    let (object, text) = (format!("{out}.o"), format!("{out}.h"));
    write(Path::new(&object), &standalone.object)?;
    if !standalone.routines.is_empty() {
        bring_along(&standalone, Path::new(&object), symbol, arguments.option("runtime"))?;
    }
    let machine = backend.machine();
    let header =
        header(symbol, &traced, kernels.arena_bytes, &machine.processor, &machine.features);
    write(Path::new(&text), header.as_bytes())?;
    Ok(Answer::files(vec![object.into(), text.into()]))
}

/// The name of the function: the last part of the files' name, which has to be one in C.
fn symbol(out: &str) -> Result<&str> {
    let name = Path::new(out).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if !name.is_empty()
        && name.chars().all(is_part)
        && !name.starts_with(|c: char| c.is_ascii_digit())
    {
        return Ok(name);
    }
    bail!(
        InvalidArgument,
        "jaxrs aot names a function of C after the files, which '{name}' cannot be"
    );
}

/// Where the archive is: as it was said, beside this command, or in the folder of libraries.
fn archive(given: Option<&str>) -> Result<PathBuf> {
    if let Some(path) = given {
        return Ok(path.into());
    }
    let own = std::env::current_exe().unwrap_or_default();
    let folder = own.parent().unwrap_or(Path::new("."));
    let places = [folder.join(ARCHIVE), folder.join("../lib").join(ARCHIVE)];
    let found = places.iter().find(|place| place.exists());
    match found {
        Some(place) => Ok(place.clone()),
        None => bail!(
            Io,
            "the program needs routines of {ARCHIVE}, which is not in {}; --runtime says where it is",
            folder.display()
        ),
    }
}

/// Links the routines into the object, and hides all names but the function's.
fn bring_along(
    standalone: &Standalone,
    object: &Path,
    symbol: &str,
    given: Option<&str>,
) -> Result<()> {
    let archive = archive(given)?;
    let alone = object.with_extension("alone.o");
    std::fs::rename(object, &alone).map_err(|error| failed("move", &error))?;
    let linked = tool(
        Command::new("ld")
            .args(["-r", "--gc-sections", "--entry", symbol, "-o"])
            .args([object, &alone, &archive]),
    );
    // What is left of it is of no use.
    let _ = std::fs::remove_file(&alone);
    linked.map_err(|error| {
        let routines = standalone.routines.join(", ");
        Error::new(error.kind(), format_args!("cannot link {routines}: {}", error.message()))
    })?;
    let keep = format!("--keep-global-symbol={symbol}");
    // Rust's own library holds bitcode, which is not code and which binutils stumble over.
    let sections = ["--remove-section=.llvmbc", "--remove-section=.llvmcmd", "--strip-debug"];
    let mut hide = Command::new("objcopy");
    hide.args([&keep, "--strip-unneeded"]).args(sections).arg(object);
    tool(&mut hide)
}

fn failed(what: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format_args!("cannot {what}: {error}"))
}

/// Runs a program of the system's.
fn tool(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| failed(&format!("run {name}"), &error))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr).lines().next().unwrap_or("").to_owned();
    bail!(Io, "{name} failed: {message}")
}

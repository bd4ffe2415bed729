//! Programs in files: ours, and those of others.

use std::ffi::c_void;
use std::path::Path;
use std::sync::Arc;

use jaxrs_data::{Error, ErrorKind, Result, bail};
use jaxrs_ir::portable::is_portable;
use jaxrs_stablehlo as stablehlo;
use jaxrs_transform::{ClosedJaxpr, Executable, function_from_jaxpr, make_jaxpr, portable};

use crate::args::{In, List, Out, Shared, Text};
use crate::bytes::{BytesBody, BytesHandle};
use crate::context::{ContextBody, Engine};
use crate::gate::{Status, gate};
use crate::handle::Owned;
use crate::program::{Aval, ExecBody, ExecHandle, ProgramBody, ProgramHandle, types};

/// The program of a file, whichever of the formats it has.
fn read(data: &[u8], engine: &Arc<Engine>) -> Result<Owned<ProgramBody>> {
    let (name, program) =
        if is_portable(data) { portable::load(data)? } else { exported(data, engine)? };
    Ok(ProgramBody::handle(program, &name, engine))
}

fn exported(data: &[u8], engine: &Arc<Engine>) -> Result<(String, ClosedJaxpr)> {
    let program = stablehlo::Program::read(data)?;
    let types = program.types().map_err(|error| {
        Error::new(
            error.kind(),
            format_args!("{}; jaxrs_program_load_at takes them", error.message()),
        )
    })?;
    let traced = make_jaxpr(&program.function(), &engine.root(), &types)?;
    Ok((program.name, traced))
}

/// Reads a program: one that jaxrs_program_save wrote, or one that JAX or another front end exported, as StableHLO in
/// text (pretty or generic form) or as a portable artifact (bytecode), whose function `@main` becomes the program, or as
/// a file of `jax.export` (`Exported.serialize`). The `n` bytes say themselves which it is.
///
/// A program of `jax.export` has the name and takes all arguments of its function in Python, leaf by leaf, also those that
/// it does not use; it has to be for one device and, among others, for `cpu`. What takes arrays of any size (symbolic
/// shapes) gives JAXRS_ERR_UNIMPLEMENTED with the arguments that do: jaxrs_program_load_at is told their shapes.
///
/// The program can be called, differentiated, batched and compiled as one that was traced here (jaxrs_fn_from_program).
/// A saved program of a later format, or with what this version does not know, gives JAXRS_ERR_INCOMPATIBLE, and a
/// damaged one JAXRS_ERR_INVALID_ARGUMENT. In StableHLO loops that count to a known number become loops of fixed length,
/// through which reverse mode goes; several devices and custom calls other than LAPACK's give JAXRS_ERR_UNIMPLEMENTED;
/// errors name the place. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_load(
    ctx: Shared<ContextBody>,
    data: List<c_void>,
    n: usize,
    out: Out<*mut ProgramHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        let data = List::<u8>::new(data.as_ptr().cast()).get(n, "data")?;
        if data.is_empty() {
            bail!(InvalidArgument, "data has no bytes, but a program is needed");
        }
        out.set(read(data, engine)?.into_raw());
        Ok(())
    })
}

/// Reads a program as jaxrs_program_load does, for arguments of these types.
///
/// A program that takes arrays of any size, as JAX exports them with symbolic shapes, becomes one of these sizes: all that
/// it computes of sizes is done here, and so are its assertions of them, which give JAXRS_ERR_INVALID_ARGUMENT in JAX's
/// words. For any other program they have to be the types of its arguments; `n_avals` is 0 for a program without
/// arguments. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_load_at(
    ctx: Shared<ContextBody>,
    data: List<c_void>,
    n: usize,
    avals: List<Aval>,
    n_avals: usize,
    out: Out<*mut ProgramHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        let data = List::<u8>::new(data.as_ptr().cast()).get(n, "data")?;
        let types = types(&avals, n_avals, "avals")?;
        let function = if is_portable(data) {
            let (name, program) = portable::load(data)?;
            function_from_jaxpr(&name, program)
        } else {
            stablehlo::Program::read(data)?.function()
        };
        let program = make_jaxpr(&function, &engine.root(), &types)?;
        out.set(ProgramBody::handle(program, function.name(), engine).into_raw());
        Ok(())
    })
}

/// Saves a compiled program, with its machine code: for this version of the library and this kind of processor only
/// (jaxrs_program_save has no such limits). The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_save(e: In<ExecBody>, out: Out<*mut BytesHandle>) -> Status {
    gate(|| {
        let out = out.null("out")?;
        out.set(BytesBody::data(e.get("e")?.saved()?).into_raw());
        Ok(())
    })
}

/// Reads a compiled program that jaxrs_exec_save wrote, without compiling it again.
///
/// One of another version of the library, or made for a processor with features that this one lacks, gives
/// JAXRS_ERR_INCOMPATIBLE and says what; a damaged one JAXRS_ERR_INVALID_ARGUMENT. What is read is run as it is: it has
/// to come from where programs are trusted. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_load(
    ctx: Shared<ContextBody>,
    data: List<c_void>,
    n: usize,
    out: Out<*mut ExecHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        let data = List::<u8>::new(data.as_ptr().cast()).get(n, "data")?;
        out.set(ExecBody::handle(Executable::load(data, &engine.root())?, engine).into_raw());
        Ok(())
    })
}

/// Makes an object file and a header of a compiled program: a C function of the name `symbol`, which is called without this
/// library, at link time and at run time.
///
/// The header says what the function takes and gives, how much working memory a call needs, and which features of the
/// processor. It runs on the caller's thread and gives the bits that the executable gives. Programs that call routines of
/// the library give JAXRS_ERR_UNIMPLEMENTED, which names them; the command `jaxrs aot` makes objects of these, too. The
/// caller owns `*obj` and `*header`. Any thread; takes as long as compiling does.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_exec_emit_object(
    e: In<ExecBody>,
    symbol: Text,
    symbol_len: usize,
    obj: Out<*mut BytesHandle>,
    header: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let (obj, header) = (obj.null("obj")?, header.null("header")?);
        let e = e.get("e")?;
        let symbol = symbol.required(symbol_len, "symbol")?;
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !symbol.starts_with(|c: char| is_part(c) && !c.is_ascii_digit())
            || !symbol.chars().all(is_part)
        {
            bail!(InvalidArgument, "symbol is '{symbol}', which no function of C can be called");
        }
        let (object, text) = e.object(symbol)?;
        obj.set(BytesBody::data(object).into_raw());
        header.set(BytesBody::text(&text).into_raw());
        Ok(())
    })
}

fn io(action: &str, path: &str, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format_args!("cannot {action} {path}: {error}"))
}

/// Reads a program from a file, as jaxrs_program_load does from memory. `path` is UTF-8. A file that cannot be read
/// gives JAXRS_ERR_IO. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_load_file(
    ctx: Shared<ContextBody>,
    path: Text,
    path_len: usize,
    out: Out<*mut ProgramHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let engine = ctx.get("ctx")?.engine()?;
        let path = path.required(path_len, "path")?;
        let data = std::fs::read(path).map_err(|error| io("read", path, &error))?;
        let program = read(&data, engine).map_err(|error| {
            Error::new(error.kind(), format_args!("{path}: {}", error.message()))
        })?;
        out.set(program.into_raw());
        Ok(())
    })
}

/// Saves a program with the values of its constants, in a format that depends on neither machine nor language and that
/// later versions read (jaxrs_program_load, `jaxrs run`).
///
/// Programs with callbacks give JAXRS_ERR_UNIMPLEMENTED, with the name of the primitive: they are code of one process.
/// Derivative rules of the caller's are traced, which calls them, and saved with what they do, up to the third derivative;
/// those that close over arrays are saved by name only. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_save(p: In<ProgramBody>, out: Out<*mut BytesHandle>) -> Status {
    gate(|| {
        let out = out.null("out")?;
        out.set(BytesBody::data(p.get("p")?.saved()?).into_raw());
        Ok(())
    })
}

/// Saves a program to a file, as jaxrs_program_save does to memory. `path` is UTF-8; a file that is there is replaced,
/// and stays as it is where saving fails. A file that cannot be written gives JAXRS_ERR_IO. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_save_file(
    p: In<ProgramBody>,
    path: Text,
    path_len: usize,
) -> Status {
    gate(|| {
        let p = p.get("p")?;
        let path = path.required(path_len, "path")?;
        write_whole(path, &p.saved()?)
    })
}

/// Writes a file under another name and renames it, so that nobody sees half of it.
fn write_whole(path: &str, bytes: &[u8]) -> Result<()> {
    let draft = format!("{path}.{}.draft", std::process::id());
    let written =
        std::fs::write(&draft, bytes).and_then(|()| std::fs::rename(&draft, Path::new(path)));
    written.map_err(|error| {
        // Half a draft is of no use; that it cannot be removed either is no matter.
        let _ = std::fs::remove_file(&draft);
        io("write", path, &error)
    })
}

/// A program for others: StableHLO as a portable artifact (MLIR bytecode), which JAX, XLA and others read, as
/// jaxrs_program_load does. JAXRS_TEXT_STABLEHLO is the same as text (jaxrs_program_text).
///
/// Keys of random number generators become `ui32` arrays with their words along a new last axis; linear algebra becomes
/// calls of LAPACK as jaxlib has it on a CPU. Callbacks and other effects give JAXRS_ERR_UNIMPLEMENTED, with the name of
/// the primitive. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_export(p: In<ProgramBody>, out: Out<*mut BytesHandle>) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let bytes = stablehlo::write(&p.get("p")?.exported()?)?;
        out.set(BytesBody::data(bytes).into_raw());
        Ok(())
    })
}

/// A program for JAX: a file of `jax.export`, which `jax.export.deserialize` reads and whose `call` runs it. In
/// Python it is a function of the program's name, with its arguments, that gives an array, or a tuple of several. It brings
/// `vjp_order` derivatives along, by which JAX differentiates it in reverse mode as many times.
///
/// The module in it is what jaxrs_program_export gives, under the same rules. The caller owns `*out`. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_program_export_jax(
    p: In<ProgramBody>,
    vjp_order: usize,
    out: Out<*mut BytesHandle>,
) -> Status {
    gate(|| {
        let out = out.null("out")?;
        let bytes = p.get("p")?.exported_file(vjp_order)?;
        out.set(BytesBody::data(bytes).into_raw());
        Ok(())
    })
}

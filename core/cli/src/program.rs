//! Programs in files: StableHLO as text or bytecode, saved ones, or jaxprs as they are printed.

use std::path::Path;
use std::sync::Arc;
use std::{fs, str};

use jaxrs_data::{Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::Jaxpr;
use jaxrs_ir::portable::is_portable;
use jaxrs_stablehlo as stablehlo;
use jaxrs_transform::{ClosedJaxpr, Context, Function, function_from_jaxpr, make_jaxpr, portable};

/// A program, and the types of its arguments.
pub(crate) struct Program {
    pub(crate) function: Function,
    pub(crate) types: Vec<Type>,
}

impl Program {
    /// Reads a file. Errors of jaxprs name it; those of StableHLO name the line.
    pub(crate) fn read(path: &Path) -> Result<Program> {
        let named = |error: Error| {
            Error::new(error.kind(), format_args!("{}: {}", path.display(), error.message()))
        };
        let bytes = read(path)?;
        if is_portable(&bytes) {
            return saved(&bytes).map_err(named);
        }
        match str::from_utf8(&bytes) {
            Ok(text) if text.trim_start().starts_with("{ lambda") => jaxpr(text).map_err(named),
            _ => module(&bytes),
        }
    }

    /// What is computed, as a jaxpr.
    pub(crate) fn trace(&self, context: &Context) -> Result<ClosedJaxpr> {
        make_jaxpr(&self.function, &context.root(), &self.types)
    }
}

fn module(bytes: &[u8]) -> Result<Program> {
    let module = Arc::new(stablehlo::read(bytes)?);
    let types = stablehlo::argument_types(module.function("main")?)?;
    Ok(Program { function: stablehlo::function(&module, "main")?, types })
}

fn saved(bytes: &[u8]) -> Result<Program> {
    let (name, program) = portable::load(bytes)?;
    let types = program.jaxpr.in_types().skip(program.consts.len()).cloned().collect();
    Ok(Program { function: function_from_jaxpr(&name, program), types })
}

fn jaxpr(text: &str) -> Result<Program> {
    let jaxpr: Jaxpr = text.parse()?;
    if jaxpr.n_consts > 0 {
        bail!(
            InvalidArgument,
            "has {} constants, whose values a jaxpr does not hold",
            jaxpr.n_consts
        );
    }
    let types = jaxpr.in_types().cloned().collect();
    let program = ClosedJaxpr { jaxpr: Arc::new(jaxpr), consts: Vec::new() };
    Ok(Program { function: function_from_jaxpr("main", program), types })
}

fn io(action: &str, path: &Path, error: &std::io::Error) -> Error {
    Error::new(ErrorKind::Io, format_args!("cannot {action} {}: {error}", path.display()))
}

/// A whole file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).map_err(|error| io("read", path, &error))
}

/// Makes or replaces a file, and the folder that it is in.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| io("create", folder, &error))?;
    }
    fs::write(path, bytes).map_err(|error| io("write", path, &error))
}

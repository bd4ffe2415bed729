//! Programs in files: StableHLO as text or bytecode, saved ones, or jaxprs as they are printed.

use std::path::Path;
use std::sync::Arc;
use std::{fs, str};

use jaxrs_data::{DType, Error, ErrorKind, Result, Type, bail};
use jaxrs_ir::Jaxpr;
use jaxrs_ir::portable::is_portable;
use jaxrs_stablehlo as stablehlo;
use jaxrs_stablehlo::Exported;
use jaxrs_transform::{ClosedJaxpr, Context, Function, function_from_jaxpr, make_jaxpr, portable};

use crate::arguments::Arguments;

/// A program, and the types of its arguments.
pub(crate) struct Program {
    /// How it is called.
    pub(crate) name: String,
    pub(crate) function: Function,
    /// What a file of jax.export says about it.
    pub(crate) exported: Option<Arc<Exported>>,
    types: Types,
}

/// The types of a program's arguments.
enum Types {
    /// They are these.
    Known(Vec<Type>),
    /// They may depend on the caller.
    Open(Box<stablehlo::Program>),
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

    fn known(name: &str, function: Function, types: Vec<Type>) -> Program {
        Program { name: name.to_owned(), function, exported: None, types: Types::Known(types) }
    }

    /// The types of the elements of its arguments.
    pub(crate) fn dtypes(&self) -> Vec<DType> {
        match &self.types {
            Types::Known(types) => types.iter().map(|ty| ty.dtype).collect(),
            Types::Open(program) => program.dtypes(),
        }
    }

    /// The types of its arguments, with the shapes that --shapes says where that is given.
    pub(crate) fn types(&self, arguments: &Arguments) -> Result<Vec<Type>> {
        match (&self.types, arguments.shapes()?) {
            (Types::Known(types), None) => Ok(types.clone()),
            (Types::Known(_), Some(_)) => {
                bail!(
                    InvalidArgument,
                    "{} has shapes of its own; --shapes is none of it",
                    self.name
                )
            }
            (Types::Open(program), Some(shapes)) => program.types_at(&shapes),
            (Types::Open(program), None) => program.types().map_err(|error| {
                Error::new(error.kind(), format_args!("{}; --shapes says them", error.message()))
            }),
        }
    }

    /// What is computed, as a jaxpr, for arguments of these types.
    pub(crate) fn trace(&self, context: &Context, types: &[Type]) -> Result<ClosedJaxpr> {
        make_jaxpr(&self.function, &context.root(), types)
    }
}

fn module(bytes: &[u8]) -> Result<Program> {
    let program = stablehlo::Program::read(bytes)?;
    let (name, function) = (program.name.clone(), program.function());
    let exported = program.exported.clone();
    Ok(Program { name, function, exported, types: Types::Open(Box::new(program)) })
}

fn saved(bytes: &[u8]) -> Result<Program> {
    let (name, program) = portable::load(bytes)?;
    let types = program.jaxpr.in_types().skip(program.consts.len()).cloned().collect();
    Ok(Program::known(&name, function_from_jaxpr(&name, program), types))
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
    Ok(Program::known("main", function_from_jaxpr("main", program), types))
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

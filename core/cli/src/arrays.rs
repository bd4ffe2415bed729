//! Arrays in files: `.npy`, `.npz` and `.safetensors`, told apart by their first bytes when read and by their ending when
//! written.

mod inflate;
mod npy;
mod npz;
mod safetensors;
mod zip;

use std::path::{Path, PathBuf};

use jaxrs_data::{DType, Error, Literal, Result, bail};

use crate::program::{read, write};

/// An array that is in a file, whose element type the file may not say.
pub(crate) enum Stored {
    /// The content of a `.npy` file.
    Npy(Vec<u8>),
    /// An array with its type.
    Typed(Literal),
}

impl Stored {
    /// The array, as one of an element type that it has to have.
    fn of(&self, dtype: DType) -> Result<Literal> {
        match self {
            Stored::Npy(bytes) => npy::read(bytes, dtype),
            Stored::Typed(literal) if literal.ty().dtype == dtype => Ok(literal.clone()),
            Stored::Typed(literal) => {
                bail!(Dtype, "holds {}, but elements of {dtype} are needed", literal.ty())
            }
        }
    }
}

/// An array of a file, and how to call it.
struct Named {
    name: String,
    array: Stored,
}

/// The arrays of files, of these element types.
pub(crate) fn load(files: &[PathBuf], dtypes: &[DType]) -> Result<Vec<Literal>> {
    let mut found = Vec::new();
    for path in files {
        let arrays = contents(path).map_err(|error| about(path, &error))?;
        found.extend(arrays);
    }
    if found.len() != dtypes.len() {
        let (need, got) = (dtypes.len(), found.len());
        bail!(
            InvalidArgument,
            "the program takes {need} arrays, got {got} in {} files",
            files.len()
        );
    }
    let array = |(named, &dtype): (&Named, &DType)| {
        named.array.of(dtype).map_err(|error| about(Path::new(&named.name), &error))
    };
    found.iter().zip(dtypes).map(array).collect()
}

/// The error with the name of what it is about.
fn about(path: &Path, error: &Error) -> Error {
    let message = error.message();
    match message.starts_with("cannot ") {
        true => Error::new(error.kind(), message),
        false => Error::new(error.kind(), format_args!("{} {message}", path.display())),
    }
}

fn contents(path: &Path) -> Result<Vec<Named>> {
    let bytes = read(path)?;
    let named = |(name, array): (String, Stored)| Named {
        name: format!("{}: {name}", path.display()),
        array,
    };
    if zip::is_zip(&bytes) {
        return Ok(npz::read(&bytes)?.into_iter().map(named).collect());
    }
    if path.extension().is_some_and(|extension| extension == "safetensors") {
        return Ok(safetensors::read(&bytes)?.into_iter().map(named).collect());
    }
    Ok(vec![Named { name: path.display().to_string(), array: Stored::Npy(bytes) }])
}

/// Writes arrays: to one file, or to a folder of `.npy` files. Gives the paths.
pub(crate) fn save(out: &Path, arrays: &[Literal]) -> Result<Vec<PathBuf>> {
    let names: Vec<String> = (0..arrays.len()).map(|k| format!("out{k}")).collect();
    let one = match out.extension().and_then(|extension| extension.to_str()) {
        Some("npz") => npz::write(&names, arrays)?,
        Some("safetensors") => safetensors::write(&names, arrays)?,
        _ => {
            let mut paths = Vec::new();
            for (name, array) in names.iter().zip(arrays) {
                let path = out.join(format!("{name}.npy"));
                write(&path, &npy::write(array))?;
                paths.push(path);
            }
            return Ok(paths);
        }
    };
    write(out, &one)?;
    Ok(vec![out.to_owned()])
}

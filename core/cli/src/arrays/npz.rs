//! NumPy's `.npz`: a zip archive of `.npy` files. What is written is stored, not compressed, as by `numpy.savez`.

use jaxrs_data::{Literal, Result};

use super::{Stored, npy, zip};

/// The arrays of an archive and their names, in its order.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<(String, Stored)>> {
    let files = zip::read(bytes)?;
    let array = |(name, content): (String, Vec<u8>)| {
        let name = name.strip_suffix(".npy").unwrap_or(&name).to_owned();
        (name, Stored::Npy(content))
    };
    Ok(files.into_iter().map(array).collect())
}

/// The archive of some arrays.
pub(super) fn write(names: &[String], arrays: &[Literal]) -> Result<Vec<u8>> {
    let files =
        names.iter().zip(arrays).map(|(name, array)| (format!("{name}.npy"), npy::write(array)));
    zip::write(&files.collect::<Vec<_>>())
}

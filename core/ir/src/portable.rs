//! Programs in files: the portable format.
//!
//! A file holds a program and the values of its constants. It depends on no machine: numbers are little-endian or
//! LEB128, and what stands in it are operations by name, with parameters by name, as in the printed form.
//!
//! ```text
//! magic      8 bytes, 89 'JAXRS' 0D 0A (a file that was moved as text does not begin so)
//! version    major and minor, 2 bytes each
//! sections   in any order: tag (4 letters), length, content
//! checksum   8 bytes: FNV-1a of all before
//! ```
//!
//! | section | content |
//! | --- | --- |
//! | `TEXT` | all names: count, then length and UTF-8 of each |
//! | `TYPE` | all types: count, then element type, weakness, rank and sizes of each |
//! | `PROG` | all programs: count, then each; one refers to those before it; the last is the file's |
//! | `DATA` | constants of the last program: count, then type and elements of each |
//! | `MAIN` | the program's name, and the version of the library that wrote the file |
//!
//! A program is its constants, inputs (types), equations and results. Variables are numbered in the order of their
//! definition. An equation is the name of its primitive, parameters, operands, the types of its results, and its name
//! stack. An operand is a variable `2 n`, or a scalar `2 t + 1` of type `t` with its bytes.
//!
//! # Compatibility
//!
//! - *Backward*: this version reads every file of the same major version, from 1.0 on. Files of each version are kept
//!   in `tests/programs` and are read, run and compared in the tests. A major version is not given up before another
//!   two minor releases of the library have read and written both.
//! - *Forward*: a file of a later minor version is read, as long as it uses nothing that this library does not know.
//!   Later minor versions may add primitives, parameters, and sections whose tag begins with a small letter, which are
//!   passed over. A primitive, a parameter or a section with a large letter that is not known is an error that names
//!   it; nothing is ever left out silently. A later major version is an error that says so.
//!
//! # What cannot be saved
//!
//! - Callbacks (`pure_callback`, `io_callback`, `debug_callback`, `ffi_call`): they are code of one process.
//!   Saving them is an error that names the primitive and the function.
//! - Rules of functions with derivatives of their own, beyond the third order: a file holds the function, and what its
//!   rules do to operands of the types that are there. Rules that close over arrays, or are told which arguments move,
//!   and rules for batching are saved by name; what would call them says that they are known by their name only.
//! - Where `debug_print` prints to: what calls a loaded program says so.

mod bytes;
mod read;
mod write;

use std::sync::Arc;

use jaxrs_data::{ErrorKind, Literal, Result, bail};

use crate::Jaxpr;

const MAGIC: &[u8; 8] = b"\x89JAXRS\r\n";
const MAJOR: u16 = 1;
const MINOR: u16 = 0;

/// Deeper nesting than any real program has; what walks programs must not exhaust the stack.
const MAX_DEPTH: usize = 100;

/// The tags of sections.
mod tag {
    pub(super) const TEXT: &[u8; 4] = b"TEXT";
    pub(super) const TYPE: &[u8; 4] = b"TYPE";
    pub(super) const PROG: &[u8; 4] = b"PROG";
    pub(super) const DATA: &[u8; 4] = b"DATA";
    pub(super) const MAIN: &[u8; 4] = b"MAIN";
}

/// What tells the kinds of a parameter's values apart.
mod kind {
    pub(super) const NONE: u8 = 0;
    pub(super) const FALSE: u8 = 1;
    pub(super) const TRUE: u8 = 2;
    pub(super) const INT: u8 = 3;
    pub(super) const INTS: u8 = 4;
    pub(super) const INT_LISTS: u8 = 5;
    pub(super) const DTYPE: u8 = 6;
    pub(super) const NAME: u8 = 7;
    pub(super) const JAXPR: u8 = 8;
    pub(super) const JAXPRS: u8 = 9;
}

/// A program as a file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct PortableProgram {
    /// The name of the function.
    pub name: String,
    /// The program.
    pub jaxpr: Arc<Jaxpr>,
    /// The values of its constants.
    pub consts: Vec<Literal>,
}

/// Whether a file is a program in this format, of any version.
pub fn is_portable(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}

impl PortableProgram {
    /// The program's file. Equal programs give equal files.
    pub fn to_bytes(&self) -> Result<Vec<u8>> {
        self.check_consts()?;
        write::file(self)
    }

    /// Reads a file. Every fault in it is an error; a program that is given keeps all invariants.
    pub fn from_bytes(bytes: &[u8]) -> Result<PortableProgram> {
        let program = read::file(bytes)?;
        program.check_consts()?;
        crate::check::check(&program.jaxpr).map_err(|error| {
            let message = format_args!("a saved program is not well formed: {}", error.message());
            jaxrs_data::Error::new(ErrorKind::InvalidArgument, message)
        })?;
        Ok(program)
    }

    fn check_consts(&self) -> Result<()> {
        let (needed, got) = (self.jaxpr.n_consts, self.consts.len());
        if needed != got {
            bail!(InvalidArgument, "a program has {needed} constants, but values for {got}");
        }
        for (k, (ty, value)) in self.jaxpr.in_types().zip(&self.consts).enumerate() {
            if !ty.same_ignoring_weak(value.ty()) {
                bail!(InvalidArgument, "constant {k} of a program is {ty}, got {}", value.ty());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Portable artifacts: VHLO, the versioned form of StableHLO, in MLIR's bytecode.
//!
//! Source of the format: MLIR's "Bytecode Format" page (versions 0 to 6), and StableHLO's VHLO dialect.

mod attributes;
mod bytes;
mod ops;
pub(crate) mod properties;

use jaxrs_data::{Error, ErrorKind, Result};

pub(crate) use attributes::vhlo_code;

use crate::tree::Module;
use bytes::Bytes;

/// The first bytes of a file.
pub(crate) const MAGIC: &[u8] = b"ML\xEFR";

/// The sections of a file by number.
const SECTIONS: [&str; 9] = [
    "string",
    "dialect",
    "attribute and type",
    "attribute and type offset",
    "IR",
    "resource",
    "resource offset",
    "dialect version",
    "property",
];

/// An attribute or a type, where its bytes lie.
struct Entry<'a> {
    dialect: usize,
    is_encoded: bool,
    bytes: Bytes<'a>,
}

/// What operations refer to by number.
struct Tables<'a> {
    strings: Vec<&'a str>,
    dialects: Vec<&'a str>,
    op_names: Vec<String>,
    attributes: Vec<Entry<'a>>,
    types: Vec<Entry<'a>>,
    properties: Vec<Bytes<'a>>,
    /// The length of the file, which bounds the number of anything in it.
    n_bytes: usize,
}

/// Reads a module.
pub(crate) fn parse(data: &[u8]) -> Result<Module> {
    let mut bytes = Bytes::new(data);
    if bytes.take(4).ok() != Some(MAGIC) {
        return Err(bytes.error("does not begin with MLIR's mark"));
    }
    let version = bytes.varint()?;
    if version > 6 {
        let text = format_args!("the bytecode has version {version}; 0 to 6 are supported");
        return Err(Error::new(ErrorKind::Unimplemented, text));
    }
    bytes.c_string()?;
    let mut sections = [None; SECTIONS.len()];
    while !bytes.is_empty() {
        let (number, contents) = bytes.section()?;
        match sections.get_mut(usize::from(number)) {
            Some(section) => *section = Some(contents),
            None => return Err(bytes.error(format_args!("has a section of number {number}"))),
        }
    }
    let section = |k: usize| {
        sections[k].ok_or_else(|| bytes.error(format_args!("has no {} section", SECTIONS[k])))
    };
    let strings = strings(section(0)?)?;
    let (dialects, op_names) = dialects(section(1)?, version, &strings)?;
    let (attributes, types) = offsets(section(3)?, section(2)?)?;
    let properties = sections[8].map_or(Ok(Vec::new()), properties)?;
    let tables =
        Tables { strings, dialects, op_names, attributes, types, properties, n_bytes: data.len() };
    ops::module(&tables, section(4)?, version)
}

impl<'a> Tables<'a> {
    fn string(&self, index: usize) -> Result<&'a str> {
        lookup(&self.strings, index, "text").copied()
    }

    fn dialect(&self, index: usize) -> Result<&'a str> {
        lookup(&self.dialects, index, "dialect").copied()
    }

    fn op_name(&self, index: usize) -> Result<&str> {
        lookup(&self.op_names, index, "operation name").map(String::as_str)
    }
}

fn lookup<'t, T>(table: &'t [T], index: usize, what: &str) -> Result<&'t T> {
    table.get(index).ok_or_else(|| {
        let n = table.len();
        let text = format_args!("the bytecode names {what} {index} of {n}");
        Error::new(ErrorKind::InvalidArgument, text)
    })
}

/// The texts: their lengths, last first, then all of them.
fn strings(mut bytes: Bytes<'_>) -> Result<Vec<&str>> {
    let mut sizes: Vec<usize> =
        (0..bytes.count()?).map(|_| bytes.index()).collect::<Result<_>>()?;
    sizes.reverse();
    let mut strings = Vec::new();
    for size in sizes {
        let text = bytes.take(size)?;
        let text = text.strip_suffix(b"\0").unwrap_or(text);
        let text = std::str::from_utf8(text);
        // Texts that are no UTF-8 are data of custom calls, which nothing here reads.
        strings.push(text.unwrap_or_default());
    }
    Ok(strings)
}

/// The dialects, and the names of operations, which refer to them.
fn dialects<'a>(
    mut bytes: Bytes<'a>,
    version: u64,
    strings: &[&'a str],
) -> Result<(Vec<&'a str>, Vec<String>)> {
    let mut dialects = Vec::new();
    for _ in 0..bytes.count()? {
        let (name, has_version) =
            if version >= 1 { bytes.flagged()? } else { (bytes.index()?, false) };
        if has_version {
            bytes.section()?;
        }
        dialects.push(*lookup(strings, name, "text")?);
    }
    let expected = if version >= 4 { bytes.index()? } else { 0 };
    let mut op_names = Vec::with_capacity(expected.min(1 << 16));
    while !bytes.is_empty() {
        let dialect = *lookup(&dialects, bytes.index()?, "dialect")?;
        for _ in 0..bytes.count()? {
            let name = if version >= 5 { bytes.flagged()?.0 } else { bytes.index()? };
            op_names.push(format!("{dialect}.{}", lookup(strings, name, "text")?));
        }
    }
    Ok((dialects, op_names))
}

/// Where attributes and types lie: groups of one dialect, back to back.
fn offsets<'a>(
    mut bytes: Bytes<'a>,
    mut data: Bytes<'a>,
) -> Result<(Vec<Entry<'a>>, Vec<Entry<'a>>)> {
    let (n_attributes, n_types) = (bytes.count()?, bytes.count()?);
    let mut group = |n: usize| -> Result<Vec<Entry<'a>>> {
        let mut entries = Vec::new();
        while entries.len() < n {
            let dialect = bytes.index()?;
            for _ in 0..bytes.count()? {
                let (size, is_encoded) = bytes.flagged()?;
                entries.push(Entry { dialect, is_encoded, bytes: data.part(size)? });
            }
        }
        Ok(entries)
    };
    Ok((group(n_attributes)?, group(n_types)?))
}

fn properties(mut bytes: Bytes<'_>) -> Result<Vec<Bytes<'_>>> {
    (0..bytes.count()?)
        .map(|_| {
            let size = bytes.index()?;
            bytes.part(size)
        })
        .collect()
}

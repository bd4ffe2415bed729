//! Reading. Every position is checked, as files come from anywhere.

use std::cell::Cell;

use jaxrs_data::{Error, ErrorKind, Result};

/// How deep tables may lie in each other.
const MAX_DEPTH: usize = 64;

/// A file, and how many more tables of it may be read: tables may share others, so a small file could say a lot.
struct File<'a> {
    data: &'a [u8],
    left: &'a Cell<usize>,
}

impl Clone for File<'_> {
    fn clone(&self) -> Self {
        *self
    }
}

impl Copy for File<'_> {}

/// A table.
#[derive(Clone, Copy)]
pub(crate) struct Table<'a> {
    file: File<'a>,
    at: usize,
    /// The places of its fields, two bytes each.
    fields: &'a [u8],
    size: usize,
    depth: usize,
}

/// What is wrong at some place.
fn error(at: usize, text: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::InvalidArgument, format_args!("the exported file at byte {at} {text}"))
}

impl<'a> File<'a> {
    fn take(self, at: usize, n: usize) -> Result<&'a [u8]> {
        let end = at.checked_add(n).filter(|&end| end <= self.data.len());
        let end = end.ok_or_else(|| error(at, format_args!("needs {n} bytes, and ends")))?;
        Ok(&self.data[at..end])
    }

    fn number<const N: usize>(self, at: usize) -> Result<usize> {
        let mut bytes = [0; 8];
        bytes[..N].copy_from_slice(self.take(at, N)?);
        Ok(usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX))
    }

    /// Where a reference leads.
    fn follow(self, at: usize) -> Result<usize> {
        let target = at.checked_add(self.number::<4>(at)?).filter(|&t| t < self.data.len());
        target.ok_or_else(|| error(at, "refers to what lies behind its end"))
    }

    fn table(self, at: usize, depth: usize) -> Result<Table<'a>> {
        if depth > MAX_DEPTH {
            return Err(error(at, format_args!("nests tables deeper than {MAX_DEPTH}")));
        }
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(error(at, "has more tables than bytes"));
        };
        self.left.set(left);
        // The distance is signed: the list of fields may stand on either side.
        let back = self.number::<4>(at)? as u32 as i32;
        let list = i64::try_from(at).ok().map(|at| at - i64::from(back));
        let Some(list) = list.and_then(|list| usize::try_from(list).ok()) else {
            return Err(error(at, "has a table whose list of fields lies before its beginning"));
        };
        let (n, size) = (self.number::<2>(list)?, self.number::<2>(list.saturating_add(2))?);
        if n < 4 || n % 2 != 0 || size < 4 {
            return Err(error(list, format_args!("has a list of fields of {n} bytes")));
        }
        self.take(at, size)?;
        Ok(Table { file: self, at, fields: &self.take(list, n)?[4..], size, depth })
    }

    /// Where the elements of a list begin, and their number.
    fn list(self, at: usize, element: usize) -> Result<(usize, usize)> {
        let (start, n) = (at.saturating_add(4), self.number::<4>(at)?);
        self.take(start, n.saturating_mul(element))?;
        Ok((start, n))
    }
}

/// The table that a file is. `left` is a count of the caller's.
pub(crate) fn root<'a>(data: &'a [u8], left: &'a Cell<usize>) -> Result<Table<'a>> {
    left.set(data.len());
    let file = File { data, left };
    file.table(file.follow(0)?, 0)
}

impl<'a> Table<'a> {
    /// Where a field stands, if it is there, and has this many bytes.
    fn place(&self, field: usize, size: usize) -> Result<Option<usize>> {
        let Some([low, high]) = self.fields.get(2 * field..2 * field + 2) else { return Ok(None) };
        match usize::from(u16::from_le_bytes([*low, *high])) {
            0 => Ok(None),
            offset if offset >= 4 && offset + size <= self.size => Ok(Some(self.at + offset)),
            offset => Err(error(self.at, format_args!("has field {field} at {offset} of a table"))),
        }
    }

    /// A number of `N` bytes; 0 by default.
    pub(crate) fn number<const N: usize>(&self, field: usize) -> Result<usize> {
        self.place(field, N)?.map_or(Ok(0), |at| self.file.number::<N>(at))
    }

    fn reference(&self, field: usize) -> Result<Option<usize>> {
        self.place(field, 4)?.map(|at| self.file.follow(at)).transpose()
    }

    /// A table in this one.
    pub(crate) fn table(&self, field: usize) -> Result<Option<Table<'a>>> {
        let target = self.reference(field)?;
        target.map(|at| self.file.table(at, self.depth + 1)).transpose()
    }

    /// The bytes of a list of them; none by default.
    pub(crate) fn bytes(&self, field: usize) -> Result<&'a [u8]> {
        let Some(at) = self.reference(field)? else { return Ok(&[]) };
        let (start, n) = self.file.list(at, 1)?;
        self.file.take(start, n)
    }

    /// Text; empty by default.
    pub(crate) fn text(&self, field: usize) -> Result<String> {
        text(self.at, self.bytes(field)?)
    }

    /// A list of numbers of `N` bytes; empty by default.
    pub(crate) fn numbers<const N: usize>(&self, field: usize) -> Result<Vec<usize>> {
        let Some(at) = self.reference(field)? else { return Ok(Vec::new()) };
        let (start, n) = self.file.list(at, N)?;
        (0..n).map(|k| self.file.number::<N>(start + k * N)).collect()
    }

    /// Where the elements of a list of references lie.
    fn targets(&self, field: usize) -> Result<Vec<usize>> {
        let Some(at) = self.reference(field)? else { return Ok(Vec::new()) };
        let (start, n) = self.file.list(at, 4)?;
        (0..n).map(|k| self.file.follow(start + 4 * k)).collect()
    }

    /// A list of tables; empty by default.
    pub(crate) fn tables(&self, field: usize) -> Result<Vec<Table<'a>>> {
        let depth = self.depth + 1;
        self.targets(field)?.into_iter().map(|at| self.file.table(at, depth)).collect()
    }

    /// A list of texts; empty by default.
    pub(crate) fn texts(&self, field: usize) -> Result<Vec<String>> {
        let read = |at: usize| {
            let (start, n) = self.file.list(at, 1)?;
            text(at, self.file.take(start, n)?)
        };
        self.targets(field)?.into_iter().map(read).collect()
    }

    /// What is wrong with what this table says.
    pub(crate) fn error(&self, text: impl std::fmt::Display) -> Error {
        error(self.at, text)
    }
}

fn text(at: usize, bytes: &[u8]) -> Result<String> {
    let text = std::str::from_utf8(bytes).map_err(|_| error(at, "has text that is not UTF-8"))?;
    Ok(text.to_owned())
}

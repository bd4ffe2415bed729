//! Bytes of MLIR's bytecode: numbers of variable length, and sections.

use std::fmt;

use jaxrs_data::{Error, ErrorKind, Result};

use crate::tree::Place;

/// A place in some bytes; offsets count from the file's beginning, for errors.
#[derive(Clone, Copy)]
pub(super) struct Bytes<'a> {
    data: &'a [u8],
    at: usize,
    offset: usize,
}

impl<'a> Bytes<'a> {
    pub(super) fn new(data: &'a [u8]) -> Bytes<'a> {
        Bytes { data, at: 0, offset: 0 }
    }

    pub(super) fn place(&self) -> Place {
        Place { line: 0, column: self.offset + self.at }
    }

    pub(super) fn error(&self, text: impl fmt::Display) -> Error {
        let place = self.place();
        Error::new(ErrorKind::InvalidArgument, format_args!("{place}: the bytecode {text}"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.at == self.data.len()
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        let found = self.data[self.at..].get(..n);
        let found =
            found.ok_or_else(|| self.error(format_args!("ends where {n} bytes are needed")))?;
        self.at += n;
        Ok(found)
    }

    /// The next `n` bytes, to be read on their own.
    pub(super) fn part(&mut self, n: usize) -> Result<Bytes<'a>> {
        let offset = self.offset + self.at;
        Ok(Bytes { data: self.take(n)?, at: 0, offset })
    }

    /// A number: the low bits of the first byte tell how many follow.
    pub(super) fn varint(&mut self) -> Result<u64> {
        let first = self.byte()?;
        if first == 0 {
            let eight = self.take(8)?;
            return Ok(little_endian(eight));
        }
        let more = first.trailing_zeros() as usize;
        let rest = little_endian(self.take(more)?);
        // With 7 bytes more, the first has no bits of its own.
        Ok((u64::from(first) | rest << 8) >> (more + 1))
    }

    pub(super) fn signed(&mut self) -> Result<i64> {
        self.varint().map(zigzag)
    }

    /// A number that counts or names something in memory.
    pub(super) fn index(&mut self) -> Result<usize> {
        let number = self.varint()?;
        usize::try_from(number).map_err(|_| self.error(format_args!("has the number {number}")))
    }

    /// The number of things that follow, each of at least one byte.
    pub(super) fn count(&mut self) -> Result<usize> {
        let n = self.index()?;
        if n > self.data.len() - self.at {
            return Err(self.error(format_args!("says that {n} things follow, but is shorter")));
        }
        Ok(n)
    }

    /// A number with a flag in its lowest bit.
    pub(super) fn flagged(&mut self) -> Result<(usize, bool)> {
        let number = self.index()?;
        Ok((number >> 1, number & 1 == 1))
    }

    /// Text up to a zero byte.
    pub(super) fn c_string(&mut self) -> Result<&'a str> {
        let rest = &self.data[self.at..];
        let Some(len) = rest.iter().position(|&byte| byte == 0) else {
            return Err(self.error("has a text without its end"));
        };
        self.at += len + 1;
        std::str::from_utf8(&rest[..len]).map_err(|_| self.error("has a text that is no UTF-8"))
    }

    /// A section: its number and contents.
    pub(super) fn section(&mut self) -> Result<(u8, Bytes<'a>)> {
        let head = self.byte()?;
        let length = self.index()?;
        if head & 0x80 != 0 {
            let alignment = self.index()?;
            if !alignment.is_power_of_two() {
                return Err(self.error(format_args!("aligns a section to {alignment}")));
            }
            while !(self.offset + self.at).is_multiple_of(alignment) {
                self.byte()?;
            }
        }
        Ok((head & 0x7F, self.part(length)?))
    }
}

fn little_endian(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte))
}

/// The signed number that a zigzag is: 0, −1, 1, −2, …
pub(super) fn zigzag(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}

//! Numbers and runs of bytes. Numbers are LEB128 (seven bits a byte, lowest first; a set top bit means that more
//! follow), signed ones with the sign in the lowest bit.

use jaxrs_data::{Error, ErrorKind, Result};

/// What is written.
#[derive(Default)]
pub(super) struct Writer(pub(super) Vec<u8>);

impl Writer {
    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn number(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.byte(number as u8 | 0x80);
            number >>= 7;
        }
        self.byte(number as u8);
    }

    pub(super) fn size(&mut self, size: usize) {
        self.number(size as u64);
    }

    pub(super) fn signed(&mut self, number: i64) {
        self.number((number << 1 ^ number >> 63) as u64);
    }

    pub(super) fn signed_list(&mut self, numbers: &[i64]) {
        self.size(numbers.len());
        numbers.iter().for_each(|&number| self.signed(number));
    }

    /// Bytes after their number.
    pub(super) fn run(&mut self, bytes: &[u8]) {
        self.size(bytes.len());
        self.0.extend_from_slice(bytes);
    }
}

/// What is left to read, and where in the file it begins.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Reader<'a> {
        Reader { bytes, at }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    #[cold]
    pub(super) fn error(&self, message: impl std::fmt::Display) -> Error {
        let message = format_args!("a saved program is damaged at byte {}: {message}", self.at);
        Error::new(ErrorKind::InvalidArgument, message)
    }

    pub(super) fn take(&mut self, n: usize) -> Result<Reader<'a>> {
        let Some((taken, rest)) = self.bytes.split_at_checked(n) else {
            let left = self.bytes.len();
            return Err(self.error(format_args!("{n} bytes are needed, and {left} left")));
        };
        let taken = Reader { bytes: taken, at: self.at };
        (self.bytes, self.at) = (rest, self.at + n);
        Ok(taken)
    }

    pub(super) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?.bytes);
        Ok(array)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn number(&mut self) -> Result<u64> {
        let start = *self;
        let mut number = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                break;
            }
            number |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(start.error("a number has more than 64 bits"))
    }

    pub(super) fn signed(&mut self) -> Result<i64> {
        let number = self.number()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// A size or position.
    pub(super) fn size(&mut self) -> Result<usize> {
        let start = *self;
        usize::try_from(self.number()?).map_err(|_| start.error("a size is too large"))
    }

    /// How many items follow; each takes a byte or more, so that nothing is allocated for more than there can be.
    pub(super) fn count(&mut self) -> Result<usize> {
        let start = *self;
        let count = self.size()?;
        if count > self.bytes.len() {
            return Err(start.error(format_args!("{count} items do not fit into the rest")));
        }
        Ok(count)
    }

    /// Items after their number.
    pub(super) fn list<T>(
        &mut self,
        mut item: impl FnMut(&mut Reader<'a>) -> Result<T>,
    ) -> Result<Vec<T>> {
        (0..self.count()?).map(|_| item(self)).collect()
    }

    /// Bytes after their number.
    pub(super) fn run(&mut self) -> Result<Reader<'a>> {
        let n = self.count()?;
        self.take(n)
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Result<()> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(self.error("a section has more than its content"))
        }
    }
}

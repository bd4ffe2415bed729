//! DEFLATE (RFC 1951), the way back. Codes are decoded bit by bit by counting how many there are of each length, after
//! Mark Adler's description of canonical Huffman codes: short, and quick enough for the arrays of a program.

use jaxrs_data::{Result, bail};

/// The longest code.
const MAX_BITS: usize = 15;

/// What is unpacked of some bytes, which is to be `size` bytes long.
pub(super) fn inflate(packed: &[u8], size: usize) -> Result<Vec<u8>> {
    // What is packed can become about a thousand times as much, and no more.
    let room = size.min(packed.len().saturating_mul(1032));
    let mut state =
        Inflate { bits: Bits { bytes: packed, at: 0 }, out: Vec::with_capacity(room), size };
    loop {
        let is_last = state.bits.take(1)? == 1;
        match state.bits.take(2)? {
            0 => state.stored()?,
            1 => state.coded(&Code::new(&fixed_lengths()), &Code::new(&[5; 30]))?,
            2 => {
                let (literals, distances) = state.dynamic_codes()?;
                state.coded(&literals, &distances)?;
            }
            _ => return damaged("a block of an unknown kind"),
        }
        if is_last {
            return Ok(state.out);
        }
    }
}

#[cold]
fn damaged<T>(what: &str) -> Result<T> {
    bail!(InvalidArgument, "is a damaged zip archive: {what}")
}

/// Bits, lowest first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn bit(&mut self) -> Result<usize> {
        let Some(&byte) = self.bytes.get(self.at / 8) else {
            return damaged("its data breaks off");
        };
        let bit = byte >> (self.at % 8) & 1;
        self.at += 1;
        Ok(bit.into())
    }

    fn take(&mut self, n: usize) -> Result<usize> {
        let mut value = 0;
        for k in 0..n {
            value |= self.bit()? << k;
        }
        Ok(value)
    }
}

/// A canonical Huffman code: how many codes there are of each length, and the symbols by code.
struct Code {
    counts: [usize; MAX_BITS + 1],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Code {
        let mut counts = [0; MAX_BITS + 1];
        lengths.iter().for_each(|&length| counts[length] += 1);
        counts[0] = 0;
        let mut symbols: Vec<usize> = (0..lengths.len()).filter(|&k| lengths[k] > 0).collect();
        symbols.sort_by_key(|&symbol| lengths[symbol]);
        Code { counts, symbols }
    }

    fn read(&self, bits: &mut Bits<'_>) -> Result<usize> {
        let (mut code, mut first, mut index) = (0usize, 0usize, 0usize);
        for count in &self.counts[1..] {
            code |= bits.bit()?;
            if code < first + count {
                return match self.symbols.get(index + code - first) {
                    Some(&symbol) => Ok(symbol),
                    None => damaged("a code that means nothing"),
                };
            }
            index += count;
            first = (first + count) << 1;
            code <<= 1;
        }
        damaged("a code that means nothing")
    }
}

fn fixed_lengths() -> [usize; 288] {
    std::array::from_fn(|symbol| match symbol {
        0..144 => 8,
        144..256 => 9,
        256..280 => 7,
        _ => 8,
    })
}

struct Inflate<'a> {
    bits: Bits<'a>,
    out: Vec<u8>,
    size: usize,
}

impl Inflate<'_> {
    fn push(&mut self, byte: u8) -> Result<()> {
        if self.out.len() == self.size {
            return damaged("a file is longer than it says");
        }
        self.out.push(byte);
        Ok(())
    }

    fn stored(&mut self) -> Result<()> {
        self.bits.at = self.bits.at.next_multiple_of(8);
        let (len, complement) = (self.bits.take(16)?, self.bits.take(16)?);
        if len != !complement & 0xffff {
            return damaged("a block whose length is damaged");
        }
        for _ in 0..len {
            let byte = self.bits.take(8)? as u8;
            self.push(byte)?;
        }
        Ok(())
    }

    /// The codes of a block that brings its own, which are coded themselves.
    fn dynamic_codes(&mut self) -> Result<(Code, Code)> {
        const ORDER: [usize; 19] =
            [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
        let n_literals = self.bits.take(5)? + 257;
        let n_distances = self.bits.take(5)? + 1;
        let n_lengths = self.bits.take(4)? + 4;
        let mut lengths = [0; 19];
        for &symbol in &ORDER[..n_lengths] {
            lengths[symbol] = self.bits.take(3)?;
        }
        let code = Code::new(&lengths);
        let mut lengths = Vec::new();
        while lengths.len() < n_literals + n_distances {
            let (length, times) = match code.read(&mut self.bits)? {
                16 => match lengths.last() {
                    Some(&last) => (last, 3 + self.bits.take(2)?),
                    None => return damaged("a repetition of nothing"),
                },
                17 => (0, 3 + self.bits.take(3)?),
                18 => (0, 11 + self.bits.take(7)?),
                length => (length, 1),
            };
            lengths.extend(std::iter::repeat_n(length, times));
        }
        if lengths.len() != n_literals + n_distances {
            return damaged("more codes than there are");
        }
        Ok((Code::new(&lengths[..n_literals]), Code::new(&lengths[n_literals..])))
    }

    fn coded(&mut self, literals: &Code, distances: &Code) -> Result<()> {
        loop {
            let symbol = literals.read(&mut self.bits)?;
            match symbol {
                0..256 => self.push(symbol as u8)?,
                256 => return Ok(()),
                _ => self.copy(symbol - 257, distances)?,
            }
        }
    }

    /// Repeats what was there before.
    fn copy(&mut self, length: usize, distances: &Code) -> Result<()> {
        let length = match length {
            0..8 => 3 + length,
            8..28 => {
                let extra = length / 4 - 1;
                3 + ((4 + length % 4) << extra) + self.bits.take(extra)?
            }
            28 => 258,
            _ => return damaged("a length that means nothing"),
        };
        let symbol = distances.read(&mut self.bits)?;
        let distance = match symbol {
            0..4 => 1 + symbol,
            4..30 => {
                let extra = symbol / 2 - 1;
                1 + ((2 + symbol % 2) << extra) + self.bits.take(extra)?
            }
            _ => return damaged("a distance that means nothing"),
        };
        for _ in 0..length {
            let Some(&byte) = self.out.len().checked_sub(distance).and_then(|at| self.out.get(at))
            else {
                return damaged("a repetition of what is not there");
            };
            self.push(byte)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a failing test panics")]

    use super::inflate;

    /// Packed by zlib 1.2.13 with a window of −15 bits, of text, of repetitions, and of nothing.
    #[test]
    fn what_zlib_packed_is_unpacked() {
        let text = b"a man a plan a canal panama a man a plan a canal panama".to_vec();
        assert_eq!(inflate(&FIXED, 55).unwrap(), text);
        let squares: Vec<u8> = (0..2000u32).map(|k| (k * k / 7) as u8 & 31).collect();
        assert_eq!(inflate(DYNAMIC, 2000).unwrap(), squares);
        assert_eq!(inflate(&[1, 2, 0, 253, 255, 7, 8], 2).unwrap(), [7, 8]);
        assert_eq!(inflate(&[3, 0], 0).unwrap(), []);
    }

    #[test]
    fn damage_is_an_error_or_other_bytes_and_never_a_panic() {
        for packed in [&FIXED[..], DYNAMIC] {
            for len in 0..packed.len() {
                assert!(inflate(&packed[..len], 2000).is_err(), "{len} bytes");
            }
            for at in 0..packed.len() {
                for bit in 0..8 {
                    let mut damaged = packed.to_vec();
                    damaged[at] ^= 1 << bit;
                    let _ = inflate(&damaged, 2000);
                }
            }
        }
    }

    include!("inflate/packed.rs");
}

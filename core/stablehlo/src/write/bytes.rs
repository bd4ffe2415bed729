//! Bytes of MLIR's bytecode that are being written.

/// Bytes so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.0
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn raw(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    pub(super) fn append(&mut self, other: &Bytes) {
        self.raw(&other.0);
    }

    /// A number: as many bytes as it needs, and in the low bits of the first how many follow.
    pub(super) fn varint(&mut self, number: u64) {
        let bits = 64 - number.leading_zeros();
        let n = bits.div_ceil(7).max(1);
        if n > 8 {
            self.byte(0);
            return self.raw(&number.to_le_bytes());
        }
        let coded = (number << 1 | 1) << (n - 1);
        self.raw(&coded.to_le_bytes()[..n as usize]);
    }

    /// A number with a sign.
    pub(super) fn signed(&mut self, number: i64) {
        self.varint((number << 1 ^ number >> 63) as u64);
    }

    /// A number with a flag in its lowest bit.
    pub(super) fn flagged(&mut self, number: usize, flag: bool) {
        self.varint((number as u64) << 1 | u64::from(flag));
    }

    /// A section: its number, its length, what is in it.
    pub(super) fn section(&mut self, number: u8, contents: &Bytes) {
        self.byte(number);
        self.varint(contents.len() as u64);
        self.append(contents);
    }
}

#[cfg(test)]
mod tests {
    use super::Bytes;

    #[test]
    fn numbers_take_the_bytes_that_they_need() {
        let of = |number: u64| {
            let mut bytes = Bytes::default();
            bytes.varint(number);
            bytes.into_bytes()
        };
        assert_eq!(of(0), [1]);
        assert_eq!(of(127), [255]);
        assert_eq!(of(128), [2, 2]);
        assert_eq!(of(u64::from(u32::MAX)).len(), 5);
        assert_eq!(of((1 << 56) - 1).len(), 8);
        assert_eq!(of(1 << 56), [0, 0, 0, 0, 0, 0, 0, 0, 1]);
    }
}

//! The device's memory: regions, and addresses that tell which.

/// The bits of an address that count bytes of a region; the region's number stands above, from 1 on.
const OFFSET_BITS: u32 = 40;

/// Regions of bytes.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    regions: Vec<Vec<u8>>,
}

impl Memory {
    /// A region of these bytes: its address.
    pub(crate) fn add(&mut self, bytes: Vec<u8>) -> u64 {
        self.regions.push(bytes);
        (self.regions.len() as u64) << OFFSET_BITS
    }

    /// So many bytes from an address.
    pub(crate) fn bytes(&mut self, address: u64, n: usize) -> Result<&mut [u8], String> {
        let region = (address >> OFFSET_BITS) as usize;
        let offset = (address & ((1 << OFFSET_BITS) - 1)) as usize;
        let bytes = region.checked_sub(1).and_then(|region| self.regions.get_mut(region));
        let bytes = bytes.and_then(|bytes| bytes.get_mut(offset..offset + n));
        bytes.ok_or_else(|| format!("{n} bytes at {offset} of region {region} are not there"))
    }

    /// An access of a power of two of bytes, which lie at a multiple of their number.
    pub(crate) fn access(&mut self, address: u64, n: usize) -> Result<&mut [u8], String> {
        match address.is_multiple_of(n as u64) {
            true => self.bytes(address, n),
            false => Err(format!("{n} bytes at {address:#x} are not aligned")),
        }
    }
}

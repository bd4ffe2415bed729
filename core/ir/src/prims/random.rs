//! Counter-based random bits: Threefry-2x32 (Salmon et al., SC 2011), with JAX's partitionable counters.

use jaxrs_data::Shape;

/// `threefry2x32(k0, k1, c0, c1)`: the cipher, elementwise on `u32` operands of one shape; two results.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Threefry2x32;

/// `random_bits(key)`: for each key along the leading axes of a `u32[…,2]` array an array of random unsigned
/// integers. Element `i` (row-major) comes from the counter `(i >> 32, i)`: 32 bits are the exclusive or of
/// the two words, fewer the low bits of that, 64 both words.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RandomBits {
    /// 8, 16, 32 or 64.
    pub bit_width: u32,
    /// The shape for each key.
    pub shape: Shape,
}

unfinished!(Threefry2x32);
unfinished!(RandomBits);

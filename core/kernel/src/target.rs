//! What the compiler may assume about a device.

/// A device, described in data. The compiler gets it as an argument and never asks the device.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// The bytes of one vector register.
    pub vector_bytes: usize,
    /// The bytes of the fastest cache that one thread has.
    pub l1_bytes: usize,
    /// The bytes of the next larger cache that one thread has.
    pub l2_bytes: usize,
}

impl Target {
    /// A middling CPU: for tests, and where nothing is known.
    pub const GENERIC: Target = Target { vector_bytes: 32, l1_bytes: 32 << 10, l2_bytes: 1 << 20 };

    /// How many elements of a size one vector holds.
    pub fn lanes(&self, elem_bytes: usize) -> usize {
        (self.vector_bytes / elem_bytes).max(1)
    }
}

//! The processor's floating-point control word.

/// Bits of MXCSR: denormal results become zero, and denormal operands count as zero.
#[cfg(target_arch = "x86_64")]
const FLUSH: u32 = 1 << 15 | 1 << 6;

/// A floating-point mode of this thread; the mode before it comes back on drop.
#[derive(Debug)]
pub struct FloatMode {
    before: u32,
}

impl FloatMode {
    /// Denormal numbers count as zero, as in JAX on CPUs.
    pub fn flush_denormals() -> FloatMode {
        let before = read();
        write(before | flush_bits());
        FloatMode { before }
    }

    /// Denormal numbers count as what they are.
    pub fn keep_denormals() -> FloatMode {
        let before = read();
        write(before & !flush_bits());
        FloatMode { before }
    }

    /// The mode that another thread has, by [`current`](FloatMode::current).
    pub fn set(mode: u32) -> FloatMode {
        let before = read();
        if before != mode {
            write(mode);
        }
        FloatMode { before }
    }

    /// This thread's mode, to be set on another.
    pub fn current() -> u32 {
        read()
    }
}

impl Drop for FloatMode {
    fn drop(&mut self) {
        write(self.before);
    }
}

#[cfg(target_arch = "x86_64")]
fn flush_bits() -> u32 {
    FLUSH
}

#[cfg(target_arch = "x86_64")]
fn read() -> u32 {
    let mut mode = 0u32;
    // SAFETY: stores four bytes to `mode`.
    unsafe {
        std::arch::asm!("stmxcsr [{}]", in(reg) &mut mode, options(nostack, preserves_flags))
    };
    mode
}

#[cfg(target_arch = "x86_64")]
fn write(mode: u32) {
    // SAFETY: loads four bytes that came from the register, with two defined bits more at most.
    unsafe { std::arch::asm!("ldmxcsr [{}]", in(reg) &mode, options(nostack, readonly)) };
}

#[cfg(not(target_arch = "x86_64"))]
fn flush_bits() -> u32 {
    0
}

#[cfg(not(target_arch = "x86_64"))]
fn read() -> u32 {
    0
}

#[cfg(not(target_arch = "x86_64"))]
fn write(_mode: u32) {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    #[test]
    fn denormals_flush_only_while_the_mode_lives() {
        let tiny = black_box(f32::MIN_POSITIVE);
        let half = || black_box(black_box(tiny) * black_box(0.5));
        {
            let _mode = FloatMode::flush_denormals();
            assert_eq!(half().to_bits(), 0);
        }
        assert_ne!(half().to_bits(), 0);
    }
}

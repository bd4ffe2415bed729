//! Knowing that this process is a forked child, in which threads and locks of the parent are gone.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many forks lie between this process and the one that loaded the library.
static GENERATION: AtomicU64 = AtomicU64::new(0);

extern "C" fn in_child() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

/// The process's generation; the first call starts counting.
pub(crate) fn generation() -> u64 {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // SAFETY: the hook only changes an atomic number, which is allowed in a forked child.
        unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
    });
    current()
}

/// As [`generation`], once counting has started.
pub(crate) fn current() -> u64 {
    GENERATION.load(Ordering::Relaxed)
}

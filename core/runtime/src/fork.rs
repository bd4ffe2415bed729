//! Whether this process is a forked child of the one that things were made in.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

/// How often the process has been forked into a child since the library was first used. State that was
/// made under another number belongs to a parent process: its threads don't exist here.
///
/// The counter and its hook are per process because forking is.
pub fn fork_generation() -> u64 {
    static GENERATION: AtomicU64 = AtomicU64::new(0);
    static HOOK: Once = Once::new();
    extern "C" fn in_child() {
        GENERATION.fetch_add(1, Ordering::Relaxed);
    }
    if !HOOK.is_completed() {
        HOOK.call_once(|| {
            // SAFETY: the hook only adds to an atomic, which is allowed after a fork; the library is
            // never unloaded.
            unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
        });
    }
    GENERATION.load(Ordering::Relaxed)
}

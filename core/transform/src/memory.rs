//! What is done when memory grows short.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jaxrs_data::{ErrorKind, Result};
use jaxrs_runtime::{memory_statistics, trim_memory};

/// Asks whoever holds arrays to let go of some: gets the number of bytes that are needed.
pub type Pressure = Arc<dyn Fn(u64) + Send + Sync>;

/// How much memory arrays may take before somebody is asked to let go of some.
#[derive(Clone, Default)]
pub struct MemoryLimit {
    /// So many bytes of arrays of all contexts, which are exceeded only where asking did not help; 0 stands for
    /// as many as there are.
    pub soft_bytes: u64,
    /// Who is asked, by the thread that needs the memory, once each time.
    pub pressure: Option<Pressure>,
}

impl fmt::Debug for MemoryLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryLimit({})", self.soft_bytes)
    }
}

/// The limit of a context.
#[derive(Default)]
pub(crate) struct Room {
    limit: MemoryLimit,
    /// Whether somebody is being asked now: what they do to let go asks nobody again.
    is_asking: AtomicBool,
}

impl Room {
    pub(crate) fn new(limit: MemoryLimit) -> Room {
        Room { limit, is_asking: AtomicBool::new(false) }
    }

    fn ask(&self, needed: u64) -> bool {
        let Some(pressure) = &self.limit.pressure else { return false };
        if self.is_asking.swap(true, Ordering::Acquire) {
            return false;
        }
        pressure(needed);
        self.is_asking.store(false, Ordering::Release);
        true
    }

    /// Does what needs so many bytes. If the system does not have them, asks, and tries a second time, unless it
    /// must not be done twice.
    pub(crate) fn with<T>(
        &self,
        needed: u64,
        again: bool,
        run: impl Fn() -> Result<T>,
    ) -> Result<T> {
        let limit = self.limit.soft_bytes;
        if limit > 0 && memory_statistics().in_use as u64 + needed > limit && self.ask(needed) {
            // What is kept for arrays to come counts as memory of ours too.
            trim_memory();
        }
        match run() {
            Err(err) if err.kind() == ErrorKind::OutOfMemory && again && self.ask(needed) => {
                trim_memory();
                run()
            }
            result => result,
        }
    }
}

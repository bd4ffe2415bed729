//! What is going on, while it takes long: a line on a terminal, which goes away again.

use std::io::{IsTerminal, Write, stderr};
use std::time::{Duration, Instant};

/// What takes less is not worth a line.
const PATIENCE: Duration = Duration::from_millis(200);

/// Work under way. Only a terminal hears of it; files and pipes do not.
pub(crate) struct Progress {
    start: Instant,
    total: usize,
    done: usize,
    is_wanted: bool,
    is_shown: bool,
}

impl Progress {
    /// Work of some steps.
    pub(crate) fn new(total: usize, quiet: bool) -> Progress {
        let is_wanted = !quiet && stderr().is_terminal();
        Progress { start: Instant::now(), total, done: 0, is_wanted, is_shown: false }
    }

    /// The next step begins.
    pub(crate) fn step(&mut self, what: impl std::fmt::Display) {
        self.done += 1;
        if self.is_wanted && (self.total == 1 || self.start.elapsed() >= PATIENCE) {
            let count = if self.total > 1 {
                format!("[{}/{}] ", self.done, self.total)
            } else {
                String::new()
            };
            // Nobody is told that nobody could be told.
            let _ = write!(stderr(), "\r\x1b[K{count}{what}");
            let _ = stderr().flush();
            self.is_shown = true;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if self.is_shown {
            let _ = write!(stderr(), "\r\x1b[K");
        }
    }
}

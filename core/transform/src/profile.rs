//! What takes time: a record of traces, compilations and runs, as profile viewers read it.

use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use parking_lot::Mutex;

use crate::Context;

/// A record of what a context does, while it is wanted.
#[derive(Default)]
pub(crate) struct Profile {
    is_on: AtomicBool,
    events: Mutex<Vec<Event>>,
}

/// Something that took time.
struct Event {
    /// `trace`, `lower`, `codegen`, `run` or `operation`.
    category: &'static str,
    name: String,
    start: Instant,
    nanoseconds: u128,
    thread: String,
}

/// The number of events that a record has room for; later ones are left out.
const EVENTS: usize = 1 << 20;

impl Profile {
    /// Does something, and records how long it took.
    pub(crate) fn of<T>(&self, category: &'static str, name: &str, run: impl FnOnce() -> T) -> T {
        if !self.is_on.load(Ordering::Relaxed) {
            return run();
        }
        let start = Instant::now();
        let result = run();
        let nanoseconds = start.elapsed().as_nanos();
        let thread = std::thread::current().id();
        let thread = format!("{thread:?}").chars().filter(char::is_ascii_digit).collect();
        let event = Event { category, name: name.to_owned(), start, nanoseconds, thread };
        let mut events = self.events.lock();
        if events.len() < EVENTS {
            events.push(event);
        }
        drop(events);
        result
    }
}

impl Context {
    /// Begins a record of traces, compilations, runs of programs and single operations, anew.
    pub fn start_profile(&self) {
        let profile = &self.shared().counters.profile;
        drop(std::mem::take(&mut *profile.events.lock()));
        profile.is_on.store(true, Ordering::Relaxed);
    }

    /// Ends the record, and gives it in Chrome's trace event format, which chrome://tracing and Perfetto show:
    /// complete events in microseconds, with categories `trace`, `lower`, `codegen`, `run` and `operation`.
    pub fn stop_profile(&self) -> String {
        let profile = &self.shared().counters.profile;
        profile.is_on.store(false, Ordering::Relaxed);
        let events = std::mem::take(&mut *profile.events.lock());
        let first = events.iter().map(|event| event.start).min();
        let mut text = String::from("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[");
        for (k, event) in events.iter().enumerate() {
            let since = first.map_or(0, |first| event.start.duration_since(first).as_nanos());
            let (comma, name) = (if k == 0 { "" } else { "," }, json(&event.name));
            let (start, length) = (since as f64 / 1e3, event.nanoseconds as f64 / 1e3);
            // Writing to a string does not fail.
            let _ = write!(
                text,
                "{comma}\n{{\"ph\":\"X\",\"cat\":\"{}\",\"name\":{name},\"ts\":{start:.3},\"dur\":{length:.3},\
                 \"pid\":1,\"tid\":{}}}",
                event.category, event.thread
            );
        }
        text + "\n]}\n"
    }
}

/// A text as JSON has it.
fn json(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c < ' ' => quoted += &format!("\\u{:04x}", c as u32),
            c => quoted.push(c),
        }
    }
    quoted + "\""
}

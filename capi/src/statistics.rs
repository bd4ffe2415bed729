//! What a context has done and holds.

use crate::args::{Out, Shared};
use crate::context::{ContextBody, count};
use crate::error::live_errors;
use crate::gate::{Status, gate};
use crate::options::{self, Options};

/// `jaxrs_stats`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct Stats {
    struct_size: u32,
    reserved: u32,
    bytes_in_use: u64,
    peak_bytes: u64,
    live_arrays: u64,
    live_tracers: u64,
    live_fns: u64,
    live_errors: u64,
    traces: u64,
    compiles: u64,
    compile_ns: u64,
    cache_hits: u64,
}

// SAFETY: numbers, the first of them a `u32`.
unsafe impl Options for Stats {}

/// Fills in statistics of a context; the caller sets `out->struct_size`.
///
/// Bytes and live errors are those of the whole process, as buffers cross between contexts and errors can be made
/// without one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_stats(c: Shared<ContextBody>, out: Out<Stats>) -> Status {
    gate(|| {
        let engine = c.get("c")?.engine()?;
        let done = engine.context().stats();
        let memory = jaxrs_runtime::memory_statistics();
        options::write(&out, "out", |struct_size| Stats {
            struct_size,
            bytes_in_use: memory.in_use as u64,
            peak_bytes: memory.peak as u64,
            live_arrays: count(&engine.live_arrays),
            live_tracers: done.live_tracers,
            live_fns: count(&engine.live_fns),
            live_errors: live_errors(),
            traces: done.traces,
            compiles: done.compiles,
            compile_ns: done.compile_ns,
            cache_hits: done.cache_hits,
            reserved: 0,
        })
    })
}

//! What a context has done and holds.

use jaxrs_data::bail;

use crate::args::{Out, Shared};
use crate::context::{ContextBody, count};
use crate::error::live_errors;
use crate::gate::{Status, gate};

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

/// Fills in statistics of a context; the caller sets `out->struct_size`.
///
/// Bytes and live errors are those of the whole process, as buffers cross between contexts and errors can be made
/// without one. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_context_stats(c: Shared<ContextBody>, out: Out<Stats>) -> Status {
    gate(|| {
        if out.as_ptr().is_null() {
            bail!(InvalidArgument, "out is NULL, but a place for the result is needed");
        }
        let engine = c.get("c")?.engine()?;
        // SAFETY: the caller promises a struct that starts with its size.
        let theirs = unsafe { out.as_ptr().cast::<u32>().read() };
        if !(size_of::<u32>()..=1 << 16).contains(&(theirs as usize)) {
            bail!(InvalidArgument, "out->struct_size is {theirs}, which is no size of that struct");
        }
        let done = engine.context().stats();
        let memory = jaxrs_runtime::memory_statistics();
        let stats = Stats {
            struct_size: theirs,
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
        };
        let known = (theirs as usize).min(size_of::<Stats>());
        let from = (&raw const stats).cast::<u8>();
        // SAFETY: both hold `known` bytes, by their sizes, and do not overlap.
        unsafe { out.as_ptr().cast::<u8>().copy_from_nonoverlapping(from, known) };
        Ok(())
    })
}

//! Loops that the host runs on threads of its own.

use std::any::Any;
use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use parking_lot::Mutex;

use super::Task;
use crate::FloatMode;

/// A host's own way of running loops on several threads, in place of ours.
#[derive(Clone, Copy, Debug)]
pub struct HostParallelFor {
    /// Calls `task(argument, i)` for each `i` under `n`, in any order, on any threads, and returns when
    /// all are done.
    pub run: unsafe extern "C" fn(
        userdata: *mut c_void,
        n: usize,
        task: unsafe extern "C" fn(argument: *mut c_void, i: usize),
        argument: *mut c_void,
    ),
    /// Passed to `run`.
    pub userdata: *mut c_void,
    /// How many threads the host uses.
    pub threads: usize,
}

// SAFETY: the host promises that `run` may be called with `userdata` from any thread.
unsafe impl Send for HostParallelFor {}
// SAFETY: as above.
unsafe impl Sync for HostParallelFor {}

/// Has the host run a loop, a chunk at a time.
pub(super) fn host_run(host: HostParallelFor, n: usize, chunk: usize, task: &Task<'_>) {
    struct Loop<'a> {
        task: &'a Task<'a>,
        n: usize,
        chunk: usize,
        float_mode: u32,
        panic: Mutex<Option<Box<dyn Any + Send>>>,
    }
    unsafe extern "C" fn one(argument: *mut c_void, i: usize) {
        // SAFETY: the argument is the loop below, which outlives the host's call.
        let this = unsafe { &*argument.cast::<Loop<'_>>() };
        let begin = i * this.chunk;
        let _mode = FloatMode::set(this.float_mode);
        let run = || (this.task)(begin, (begin + this.chunk).min(this.n));
        if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
            *this.panic.lock() = Some(panic);
        }
    }
    let panic = Mutex::new(None);
    let mut argument = Loop { task, n, chunk, float_mode: FloatMode::current(), panic };
    let pointer = (&raw mut argument).cast();
    // SAFETY: the host's function takes these arguments; `argument` lives until it returns.
    unsafe { (host.run)(host.userdata, n.div_ceil(chunk), one, pointer) };
    if let Some(panic) = argument.panic.lock().take() {
        resume_unwind(panic);
    }
}

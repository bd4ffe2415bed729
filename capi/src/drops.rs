//! Destructors of the caller's objects: each runs exactly once, or is queued for the caller to collect.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::args::Opaque;

/// A destructor of the caller's.
pub type DropFn = unsafe extern "C" fn(userdata: *mut c_void);

/// Objects whose time is over, where the caller asked to collect them on a thread of its choice.
#[derive(Default)]
pub(crate) struct DropQueue {
    is_polled: bool,
    waiting: Mutex<VecDeque<Opaque>>,
}

impl DropQueue {
    pub(crate) fn new(is_polled: bool) -> DropQueue {
        DropQueue { is_polled, waiting: Mutex::default() }
    }

    /// The next object that waits.
    pub(crate) fn pop(&self) -> Option<Opaque> {
        self.waiting.lock().pop_front()
    }
}

/// An object of the caller's with its destructor.
pub(crate) struct Userdata {
    object: Opaque,
    drop: Option<DropFn>,
    queue: Option<Arc<DropQueue>>,
}

impl Userdata {
    /// Takes over an object. Without a queue its destructor runs at the end.
    pub(crate) fn new(object: Opaque, drop: Option<DropFn>) -> Userdata {
        Userdata { object, drop, queue: None }
    }

    /// The same, collected by the caller where the context says so.
    pub(crate) fn queued(mut self, queue: &Arc<DropQueue>) -> Userdata {
        self.queue = queue.is_polled.then(|| queue.clone());
        self
    }

    pub(crate) fn object(&self) -> *mut c_void {
        self.object.0
    }
}

impl Drop for Userdata {
    fn drop(&mut self) {
        match (&self.queue, self.drop) {
            (Some(queue), Some(_)) => queue.waiting.lock().push_back(self.object),
            // SAFETY: the caller promised that the destructor takes this object; it is called once.
            (None, Some(drop)) => unsafe { drop(self.object.0) },
            (_, None) => {}
        }
    }
}

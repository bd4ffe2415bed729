//! Handles: what C holds. Reference-counted, with a tag that tells a handle from anything else.

use std::ops::Deref;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};

/// What a kind of handle holds.
pub trait Body: 'static {
    /// What every handle of the kind starts with.
    const TAG: u64;
    /// The kind's name in C.
    const NAME: &'static str;
}

/// The tag of a handle that was released by its last owner.
const DEAD: u64 = u64::from_le_bytes(*b"released");

/// A reference-counted object that C sees through pointers only.
#[repr(C)]
pub struct Handle<B: Body> {
    tag: AtomicU64,
    refs: AtomicUsize,
    body: B,
}

impl<B: Body> Handle<B> {
    /// Whether the memory holds a live handle of this kind.
    pub fn is_live(&self) -> bool {
        self.tag.load(Ordering::Relaxed) == B::TAG
    }
}

impl<B: Body> Deref for Handle<B> {
    type Target = B;
    fn deref(&self) -> &B {
        &self.body
    }
}

/// One reference to a handle: given up on drop.
pub struct Owned<B: Body>(NonNull<Handle<B>>);

// SAFETY: handles are counted atomically, and their bodies are shared between threads only if they may be.
unsafe impl<B: Body + Send + Sync> Send for Owned<B> {}
// SAFETY: as above.
unsafe impl<B: Body + Send + Sync> Sync for Owned<B> {}

impl<B: Body> Owned<B> {
    /// A new handle.
    pub fn new(body: B) -> Owned<B> {
        let handle = Handle { tag: AtomicU64::new(B::TAG), refs: AtomicUsize::new(1), body };
        Owned(NonNull::from(Box::leak(Box::new(handle))))
    }

    /// One more reference to a handle.
    pub fn retain(handle: &Handle<B>) -> Owned<B> {
        handle.refs.fetch_add(1, Ordering::Relaxed);
        Owned(NonNull::from(handle))
    }

    /// The reference as a pointer, to be given to C.
    pub fn into_raw(self) -> *mut Handle<B> {
        let raw = self.0.as_ptr();
        std::mem::forget(self);
        raw
    }

    /// The pointer that C knows the handle by.
    pub fn as_ptr(&self) -> *mut Handle<B> {
        self.0.as_ptr()
    }

    /// Takes back a reference that C gives up; nothing if it is no live handle of this kind.
    ///
    /// # Safety
    ///
    /// `raw` is null, or was given out by this library and not released more often than retained.
    pub unsafe fn from_raw(raw: *mut Handle<B>) -> Option<Owned<B>> {
        let raw = NonNull::new(raw)?;
        // SAFETY: by this function's contract the memory is a handle's.
        let is_live = unsafe { raw.as_ref() }.is_live();
        is_live.then_some(Owned(raw))
    }
}

impl<B: Body> Clone for Owned<B> {
    fn clone(&self) -> Owned<B> {
        Owned::retain(self)
    }
}

impl<B: Body> Deref for Owned<B> {
    type Target = Handle<B>;
    fn deref(&self) -> &Handle<B> {
        // SAFETY: a reference keeps its handle alive.
        unsafe { self.0.as_ref() }
    }
}

impl<B: Body> Drop for Owned<B> {
    fn drop(&mut self) {
        if self.refs.fetch_sub(1, Ordering::Release) != 1 {
            return;
        }
        fence(Ordering::Acquire);
        self.tag.store(DEAD, Ordering::Relaxed);
        // SAFETY: this was the last reference, and the memory came from a box.
        drop(unsafe { Box::from_raw(self.0.as_ptr()) });
    }
}

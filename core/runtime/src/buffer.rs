//! Host memory.

use std::alloc::{Layout, alloc, dealloc};
use std::any::Any;
use std::ptr::NonNull;

use jaxrs_data::{Result, bail};

use crate::memory;

/// The alignment of every buffer that we allocate: a cache line, and the widest vector.
pub(crate) const ALIGNMENT: usize = 64;

/// Up to this size, a few unused bytes cost less than an aligned allocation.
const SMALL_BYTES: usize = 4096;

/// Host memory of a fixed size that is freed, or given back to its lender, on drop.
pub struct HostBuffer {
    ptr: NonNull<u8>,
    len_bytes: usize,
    owner: Owner,
}

enum Owner {
    /// Ours: where the allocation starts, and its layout.
    Allocated(NonNull<u8>, Layout),
    /// Ours, and used again later.
    Kept,
    /// Somebody else's, who learns of the end when this is dropped.
    Lender { _lender: Box<dyn Any + Send + Sync> },
}

// SAFETY: the memory is plain bytes; who shares a buffer reads it only, and whoever writes to it holds
// it alone (executables are given pointers to buffers that nobody else has yet).
unsafe impl Send for HostBuffer {}
// SAFETY: as above.
unsafe impl Sync for HostBuffer {}

impl HostBuffer {
    /// Memory whose content is not yet defined in meaning (any bytes).
    pub fn allocate(len_bytes: usize) -> Result<HostBuffer> {
        if len_bytes >= memory::LARGE_BYTES && len_bytes <= isize::MAX as usize / 2 {
            let Some(ptr) = memory::take(len_bytes) else {
                bail!(
                    OutOfMemory,
                    "an array needs {len_bytes} bytes, which the system does not have"
                );
            };
            memory::count(len_bytes);
            return Ok(HostBuffer { ptr, len_bytes, owner: Owner::Kept });
        }
        // Allocators are slow at giving aligned memory: small pieces are made a little larger and
        // aligned here.
        let is_small = len_bytes <= SMALL_BYTES;
        let layout = if is_small {
            Layout::from_size_align(len_bytes + ALIGNMENT, size_of::<usize>())
        } else {
            Layout::from_size_align(len_bytes, ALIGNMENT)
        };
        let Ok(layout) = layout else {
            bail!(OutOfMemory, "an array of {len_bytes} bytes is larger than memory can be");
        };
        // SAFETY: the layout's size is not zero.
        let start = unsafe { alloc(layout) };
        let Some(start) = NonNull::new(start) else {
            bail!(OutOfMemory, "an array needs {len_bytes} bytes, which the system does not have");
        };
        let skipped = if is_small { start.align_offset(ALIGNMENT) } else { 0 };
        // SAFETY: less than `ALIGNMENT` bytes are skipped, and a small piece has as many more.
        let ptr = unsafe { start.add(skipped) };
        memory::count(len_bytes);
        Ok(HostBuffer { ptr, len_bytes, owner: Owner::Allocated(start, layout) })
    }

    /// A copy of some bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<HostBuffer> {
        let buffer = HostBuffer::allocate(bytes.len())?;
        // SAFETY: the new buffer holds `bytes.len()` bytes and overlaps nothing.
        unsafe { buffer.ptr.as_ptr().copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(buffer)
    }

    /// Somebody else's memory; dropping `lender` tells them that it is no longer used.
    ///
    /// # Safety
    ///
    /// The `len_bytes` bytes from `ptr` stay valid and unchanged until `lender` is dropped.
    pub unsafe fn borrow(
        ptr: NonNull<u8>,
        len_bytes: usize,
        lender: Box<dyn Any + Send + Sync>,
    ) -> HostBuffer {
        HostBuffer { ptr, len_bytes, owner: Owner::Lender { _lender: lender } }
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        // SAFETY: `ptr` is the start of `len_bytes` bytes that live as long as `self`, and nobody
        // writes to them while they are shared.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.len_bytes) }
    }

    /// The bytes, to write to.
    pub fn as_bytes_mut(&mut self) -> &mut [u8] {
        // SAFETY: as for `as_bytes`, and `self` is held alone.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len_bytes) }
    }

    /// Where the memory starts.
    pub fn as_ptr(&self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// The number of bytes.
    pub fn len_bytes(&self) -> usize {
        self.len_bytes
    }

    /// Whether the memory is ours, so that it may be written to once nobody else holds it.
    pub fn is_owned(&self) -> bool {
        matches!(self.owner, Owner::Allocated(..) | Owner::Kept)
    }
}

impl Drop for HostBuffer {
    fn drop(&mut self) {
        match self.owner {
            Owner::Allocated(start, layout) => {
                memory::discount(self.len_bytes);
                // SAFETY: `start` came from `alloc` with this layout and is dropped once.
                unsafe { dealloc(start.as_ptr(), layout) };
            }
            Owner::Kept => {
                memory::discount(self.len_bytes);
                memory::give_back(self.ptr, self.len_bytes);
            }
            Owner::Lender { .. } => {}
        }
    }
}

//! Memory of the library's own: its large pieces come from where buffers come from.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::NonNull;

use super::{LARGE_BYTES, PAGE, give_back, piece_bytes, take, take_zeroed};

/// The system's allocator, but for large pieces, which are kept and used again. What a factorisation or a sort
/// works in takes longer to be mapped and unmapped than it does to be worked in.
#[derive(Clone, Copy, Debug)]
pub struct Allocator;

fn is_large(layout: Layout) -> bool {
    layout.size() >= LARGE_BYTES && layout.align() <= PAGE
}

fn pointer(piece: Option<NonNull<u8>>) -> *mut u8 {
    piece.map_or(std::ptr::null_mut(), NonNull::as_ptr)
}

// SAFETY: a piece has the size that was asked for and begins at a page; where it came from is seen from its layout.
// Nothing here panics, and what the list of kept pieces takes is too small to come from it.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return pointer(take(layout.size()));
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if is_large(layout) {
            return pointer(take_zeroed(layout.size()));
        }
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, start: *mut u8, layout: Layout) {
        match NonNull::new(start) {
            Some(start) if is_large(layout) => give_back(start, layout.size()),
            // SAFETY: the caller's promise.
            _ => unsafe { System.dealloc(start, layout) },
        }
    }

    unsafe fn realloc(&self, start: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller promises a size that does not overflow.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        match (is_large(layout), is_large(wanted)) {
            // SAFETY: the caller's promise.
            (false, false) => return unsafe { System.realloc(start, layout, size) },
            (true, true) if piece_bytes(layout.size()) == piece_bytes(size) => return start,
            _ => {}
        }
        // SAFETY: the caller promises that the size is not zero.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            let bytes = layout.size().min(size);
            // SAFETY: both have so many bytes, and they do not overlap.
            unsafe { std::ptr::copy_nonoverlapping(start, moved, bytes) };
            // SAFETY: the caller's promise.
            unsafe { self.dealloc(start, layout) };
        }
        moved
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A size that no other test uses.
    const BYTES: usize = 3 * LARGE_BYTES + 4321;

    fn layout(bytes: usize) -> Layout {
        Layout::from_size_align(bytes, 64).unwrap()
    }

    #[test]
    fn large_pieces_are_used_again_and_zeroed() {
        // SAFETY: the size is not zero.
        let first = unsafe { Allocator.alloc(layout(BYTES)) };
        assert_eq!(first.align_offset(PAGE), 0);
        // SAFETY: the piece is ours.
        unsafe { first.write_bytes(0xff, BYTES) };
        // SAFETY: it has this layout.
        unsafe { Allocator.dealloc(first, layout(BYTES)) };
        // SAFETY: the size is not zero.
        let second = unsafe { Allocator.alloc_zeroed(layout(BYTES)) };
        assert_eq!(second, first);
        // SAFETY: the piece is ours, and all of it is written to.
        let bytes = unsafe { std::slice::from_raw_parts(second, BYTES) };
        assert!(bytes.iter().all(|&byte| byte == 0));
        // SAFETY: it has this layout.
        unsafe { Allocator.dealloc(second, layout(BYTES)) };
    }

    #[test]
    fn pieces_that_grow_and_shrink_keep_their_bytes() {
        let mut size = 100;
        // SAFETY: the size is not zero.
        let mut start = unsafe { Allocator.alloc(layout(size)) };
        // SAFETY: the piece is ours.
        unsafe { start.write_bytes(7, size) };
        for next in [LARGE_BYTES - 1, LARGE_BYTES, LARGE_BYTES + 5, BYTES, LARGE_BYTES + 9, 100] {
            // SAFETY: the piece has this layout, and the size is not zero.
            start = unsafe { Allocator.realloc(start, layout(size), next) };
            size = next;
            // SAFETY: so many bytes were written.
            let bytes = unsafe { std::slice::from_raw_parts(start, 100) };
            assert!(bytes.iter().all(|&byte| byte == 7));
        }
        // SAFETY: the piece has this layout.
        unsafe { Allocator.dealloc(start, layout(size)) };
    }
}

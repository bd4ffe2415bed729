//! Where large buffers come from: pieces that were given back are used again, because fresh pages cost
//! more than most computations on them. Pieces of 2 MiB and more lie on huge pages.
//!
//! The cache is per process, as the system's allocator is: buffers outlive contexts and cross between
//! them.

mod allocator;

use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use parking_lot::{Mutex, MutexGuard};

use crate::fork_generation;

pub use allocator::Allocator;

/// From this size on, pieces are kept.
pub(crate) const LARGE_BYTES: usize = 64 << 10;
const PAGE: usize = 4 << 10;
const HUGE_PAGE: usize = 2 << 20;
/// Pieces that are kept for use, in bytes, beside as many as are in use.
const KEPT_BYTES: usize = 256 << 20;
/// The most pieces that are kept: few enough for their list not to be a piece itself, which would be taken while
/// the list is held.
const KEPT_PIECES: usize = 2048;

/// What buffers take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryStatistics {
    /// Bytes of buffers that live.
    pub in_use: usize,
    /// The most that `in_use` ever was.
    pub peak: usize,
    /// Bytes that are kept for buffers to come.
    pub kept: usize,
}

/// Pieces of memory that were given back, the latest last.
struct Kept {
    pieces: Vec<(usize, Piece)>,
    bytes: usize,
}

struct Piece(NonNull<u8>);

// SAFETY: a piece that was given back is nobody's; it is plain memory.
unsafe impl Send for Piece {}

static IN_USE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);
static KEPT: Mutex<Kept> = Mutex::new(Kept { pieces: Vec::new(), bytes: 0 });

/// The pieces. In a forked child another thread of the parent may hold them for ever, as it is not there to let go:
/// then nothing is kept.
fn kept() -> Option<MutexGuard<'static, Kept>> {
    if fork_generation() == 0 { Some(KEPT.lock()) } else { KEPT.try_lock() }
}

/// The bytes that buffers take now.
pub fn memory_statistics() -> MemoryStatistics {
    let kept = kept().map_or(0, |kept| kept.bytes);
    MemoryStatistics { in_use: IN_USE.load(Relaxed), peak: PEAK.load(Relaxed), kept }
}

/// Gives all memory that is kept for buffers to come back to the system.
pub fn trim_memory() {
    let Some(mut kept) = kept() else { return };
    kept.bytes = 0;
    let pieces = std::mem::take(&mut kept.pieces);
    drop(kept);
    pieces.into_iter().for_each(|(bytes, piece)| unmap(piece.0, bytes));
}

/// Counts a buffer.
pub(crate) fn count(bytes: usize) {
    let now = IN_USE.fetch_add(bytes, Relaxed) + bytes;
    if now > PEAK.load(Relaxed) {
        PEAK.fetch_max(now, Relaxed);
    }
}

/// Counts a buffer no longer.
pub(crate) fn discount(bytes: usize) {
    IN_USE.fetch_sub(bytes, Relaxed);
}

/// The size of the piece that holds so many bytes: at most an eighth larger, so that sizes that are
/// nearly the same share pieces.
fn piece_bytes(bytes: usize) -> usize {
    let eighth = (bytes + 1).next_power_of_two() / 16;
    bytes.next_multiple_of(eighth.max(PAGE))
}

/// A piece of at least so many bytes, at least [`LARGE_BYTES`]; none where the system has no more.
pub(crate) fn take(bytes: usize) -> Option<NonNull<u8>> {
    let bytes = piece_bytes(bytes);
    take_kept(bytes).or_else(|| map_or_trim(bytes))
}

/// The same, of zeros, which memory is when it is fresh.
fn take_zeroed(bytes: usize) -> Option<NonNull<u8>> {
    let whole = piece_bytes(bytes);
    let Some(piece) = take_kept(whole) else { return map_or_trim(whole) };
    // SAFETY: the piece is at least so large, and nobody's.
    unsafe { piece.write_bytes(0, bytes) };
    Some(piece)
}

/// A piece of exactly this size that was given back.
fn take_kept(bytes: usize) -> Option<NonNull<u8>> {
    let mut kept = kept()?;
    let i = kept.pieces.iter().rposition(|(size, _)| *size == bytes)?;
    kept.bytes -= bytes;
    Some(kept.pieces.remove(i).1.0)
}

fn map_or_trim(bytes: usize) -> Option<NonNull<u8>> {
    map(bytes).or_else(|| {
        trim_memory();
        map(bytes)
    })
}

/// Gives a piece back that was taken for so many bytes.
pub(crate) fn give_back(start: NonNull<u8>, bytes: usize) {
    let bytes = piece_bytes(bytes);
    let limit = KEPT_BYTES + IN_USE.load(Relaxed);
    if bytes > limit {
        return unmap(start, bytes);
    }
    let Some(mut kept) = kept() else { return unmap(start, bytes) };
    let mut surplus = Vec::new();
    kept.pieces.push((bytes, Piece(start)));
    kept.bytes += bytes;
    while kept.bytes > limit || kept.pieces.len() > KEPT_PIECES {
        let (bytes, piece) = kept.pieces.remove(0);
        kept.bytes -= bytes;
        surplus.push((bytes, piece));
    }
    drop(kept);
    surplus.into_iter().for_each(|(bytes, piece)| unmap(piece.0, bytes));
}

fn map(bytes: usize) -> Option<NonNull<u8>> {
    if bytes < HUGE_PAGE {
        return map_pages(bytes);
    }
    // One huge page more, so that an aligned range lies inside; the rest goes back.
    let all = map_pages(bytes.checked_add(HUGE_PAGE)?)?;
    let before = all.as_ptr().align_offset(HUGE_PAGE);
    // SAFETY: less than a huge page is skipped, and there is one more than needed.
    let start = unsafe { all.add(before) };
    // SAFETY: `bytes` more lie in the mapping.
    let end = unsafe { start.add(bytes) };
    if before > 0 {
        unmap(all, before);
    }
    if before < HUGE_PAGE {
        unmap(end, HUGE_PAGE - before);
    }
    // SAFETY: the range is ours. Where the system has no huge pages this fails and does no harm.
    unsafe { libc::madvise(start.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE) };
    Some(start)
}

fn map_pages(bytes: usize) -> Option<NonNull<u8>> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    // SAFETY: a new private mapping, wherever the system likes.
    let start = unsafe { libc::mmap(std::ptr::null_mut(), bytes, protection, flags, -1, 0) };
    NonNull::new(start.cast::<u8>()).filter(|_| start != libc::MAP_FAILED)
}

fn unmap(start: NonNull<u8>, bytes: usize) {
    // SAFETY: the range is one that we mapped, and nothing refers to it any more.
    unsafe { libc::munmap(start.as_ptr().cast(), bytes) };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::HostBuffer;

    #[test]
    fn pieces_are_at_most_an_eighth_too_large() {
        for bytes in
            [LARGE_BYTES, LARGE_BYTES + 1, 100_000, 1 << 20, (1 << 20) + 1, 64 << 20, 77_777_777]
        {
            let piece = piece_bytes(bytes);
            assert!(piece >= bytes && piece <= bytes + bytes / 8 + PAGE, "{bytes} {piece}");
        }
    }

    #[test]
    fn memory_is_used_again_and_large_pieces_lie_on_huge_pages() {
        // A size that no other test uses.
        let bytes = 5 * HUGE_PAGE + 12345;
        let first = HostBuffer::allocate(bytes).unwrap();
        let start = first.as_ptr();
        assert_eq!(start.align_offset(HUGE_PAGE), 0);
        assert!(memory_statistics().in_use >= bytes);
        drop(first);
        assert!(memory_statistics().peak >= bytes);
        let mut second = HostBuffer::allocate(bytes).unwrap();
        assert_eq!(second.as_ptr(), start);
        second.as_bytes_mut().fill(1);
    }
}

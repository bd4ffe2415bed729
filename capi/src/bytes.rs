//! Text and data that come out of the library.

use std::ffi::c_void;

use crate::args::{In, Shared};
use crate::gate::guard;
use crate::handle::{Body, Handle, Owned};

/// Bytes in C.
pub type BytesHandle = Handle<BytesBody>;

/// What a bytes handle holds: the bytes and a NUL after them.
pub struct BytesBody(Vec<u8>);

impl Body for BytesBody {
    const TAG: u64 = u64::from_le_bytes(*b"jx bytes");
    const NAME: &'static str = "jaxrs_bytes";
}

impl BytesBody {
    pub(crate) fn text(text: &str) -> Owned<BytesBody> {
        BytesBody::data(text.as_bytes().to_vec())
    }

    pub(crate) fn data(mut bytes: Vec<u8>) -> Owned<BytesBody> {
        bytes.push(0);
        Owned::new(BytesBody(bytes))
    }
}

/// The bytes, and a NUL after them. Borrowed from `b`; NULL for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_bytes_data(b: In<BytesBody>) -> *const c_void {
    guard(std::ptr::null(), || b.live().map_or(std::ptr::null(), |b| b.0.as_ptr().cast()))
}

/// The number of bytes, without the NUL; 0 for NULL. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_bytes_len(b: In<BytesBody>) -> usize {
    guard(0, || b.live().map_or(0, |b| b.0.len().saturating_sub(1)))
}

/// Gives up bytes. NULL is allowed. Any thread.
#[unsafe(no_mangle)]
pub extern "C" fn jaxrs_bytes_release(b: Shared<BytesBody>) {
    guard((), || drop(b.take()));
}
